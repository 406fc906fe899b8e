import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import { EXPORT } from '../../apiserver/tracing/otlp.ts';

type Request = ReturnType<typeof EXPORT.requestDeserialize>;
/** A span as it came. */
export type ToldSpan = Request['resourceSpans'][number]['scopeSpans'][number]['spans'][number];

/** Takes spans as an OpenTelemetry collector does. */
export class Collector implements AsyncDisposable {
  readonly #server = new Server();
  readonly requests: Request[] = [];
  #port = 0;

  static async open(): Promise<Collector> {
    const collector = new Collector();
    const take = (call: ServerUnaryCall<Request, object>, answer: sendUnaryData<object>) => {
      collector.requests.push(call.request);
      answer(null, {});
    };
    collector.#server.addService({ export: EXPORT }, { export: take });
    collector.#port = await new Promise<number>((resolve, reject) =>
      collector.#server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
        error ? reject(error) : resolve(port),
      ),
    );
    return collector;
  }

  get endpoint(): string {
    return `127.0.0.1:${this.#port}`;
  }

  get spans(): ToldSpan[] {
    return this.requests.flatMap(({ resourceSpans }) =>
      resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#server.forceShutdown();
    return Promise.resolve();
  }
}

export const attributesOf = ({ attributes }: Pick<ToldSpan, 'attributes'>) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, value?.text ?? value?.integer]));

export function named(spans: readonly ToldSpan[], name: string): ToldSpan {
  const found = spans.find((span) => span.name === name);
  if (!found) throw new Error(`no span ${name} among ${spans.map((span) => span.name).join(', ')}`);
  return found;
}
