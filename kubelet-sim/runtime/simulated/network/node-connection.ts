import type { Connection, HealthAnswer, HttpRequest, HttpResponse } from '../../cri.ts';
import { BadAnswer, type Listener } from './listener.ts';

/** A connection from the node: of a probe, a hook, or a forwarded port. Policies do not hold it up. */
export class NodeConnection implements Connection {
  readonly #listener: Listener;
  readonly #ends: { readonly from: string; readonly host: string };

  constructor(listener: Listener, ends: { readonly from: string; readonly host: string }) {
    this.#listener = listener;
    this.#ends = ends;
  }

  http(request: HttpRequest): Promise<HttpResponse> {
    return this.#listener.http({ ...request, ...this.#ends });
  }

  health(service: string): Promise<HealthAnswer> {
    if (!this.#listener.health) return Promise.reject(new BadAnswer('error reading server preface: http2: frame too large'));
    return Promise.resolve(this.#listener.health(service));
  }

  async pipe(input: AsyncIterable<Buffer>, output: (chunk: Buffer) => void): Promise<void> {
    const abort = new AbortController();
    try {
      await this.#listener.stream({
        from: '127.0.0.1',
        input: asText(input),
        output: (text) => output(Buffer.from(text, 'latin1')),
        signal: abort.signal,
      });
    } finally {
      abort.abort();
    }
  }
}

async function* asText(input: AsyncIterable<Buffer>): AsyncGenerator<string> {
  for await (const chunk of input) yield chunk.toString('latin1');
}
