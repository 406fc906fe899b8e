import type { HttpResponse } from '../../../cri.ts';
import type { StreamProtocol } from '../../network/container-sockets.ts';
import { serveHttpStream } from '../../network/http-stream.ts';
import { BadAnswer, type DatagramListener, type Listener, type ServedRequest } from '../../network/listener.ts';
import type { CommandContext } from '../shell-context.ts';

/** What a program of Go ends with when a signal ends it that it does not handle: as PID 1 the signal itself does nothing. */
const EXIT_SIGNALLED = 2;
const EXIT_FATAL = 1;

export type HttpHandler = (request: ServedRequest) => Promise<HttpResponse> | HttpResponse;

const HTML = /^\s*<(?:!doctype html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p|!--)[\s>]/i;

/** An answer whose type is told from how it begins, as Go does it (`net/http` DetectContentType). */
export const plain = (body: string, status = 200): HttpResponse => ({
  status,
  headers: { 'content-type': `text/${HTML.test(body) ? 'html' : 'plain'}; charset=utf-8` },
  body,
});

/** JSON as Go writes it: members in order of their names, `<`, `>` and `&` escaped. */
export const goJson = (value: Readonly<Record<string, unknown>>): string =>
  JSON.stringify(Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))).replace(
    /[<>&]/g,
    (char) => `\\u00${char.charCodeAt(0).toString(16)}`,
  );

/** A long-running program in Go: its log, its sockets, and its end. */
export class GoProgram {
  readonly #context: CommandContext;
  readonly #sockets: { close(): void }[] = [];
  #end: (code: number) => void = () => undefined;
  readonly #ended = new Promise<number>((resolve) => {
    this.#end = resolve;
  });

  /** @param onTerm what it does when it is asked to end; it dies of it unless given */
  constructor(context: CommandContext, onTerm?: () => void) {
    this.#context = context;
    context.host.enter({
      trap: (signal) => {
        if (signal === 'SIGTERM' && onTerm) onTerm();
        else if (signal === 'SIGTERM' || signal === 'SIGINT' || signal === 'SIGHUP') this.exit(EXIT_SIGNALLED);
        else return false;
        return true;
      },
    });
  }

  /** A line of Go's `log` package, which goes to standard error. */
  log(text: string): void {
    const now = new Date(this.#context.host.process.clock.now()).toISOString();
    this.#context.host.process.output('stderr', `${now.slice(0, 10).replaceAll('-', '/')} ${now.slice(11, 19)} ${text}\n`);
  }

  exit(code: number): void {
    this.#end(code);
  }

  /** It is gone in the midst of an answer, of which the client sees no more than the end. */
  die(code: number): never {
    this.exit(code);
    throw new BadAnswer('EOF');
  }

  /** Serves HTTP on a port; over TLS, it does so only there. */
  listenHttp(port: number, handler: HttpHandler, { tls = false }: { readonly tls?: boolean } = {}): void {
    const http = async (request: ServedRequest): Promise<HttpResponse> => {
      if (request.tls && !tls) throw new BadAnswer('http: server gave HTTP response to HTTPS client');
      if (!request.tls && tls) return plain('Client sent an HTTP request to an HTTPS server.\n', 400);
      const answer = await handler(request);
      const date = new Date(this.#context.host.process.clock.now()).toUTCString();
      return { ...answer, headers: { date, ...answer.headers } };
    };
    this.listen(port, { http, stream: (connection) => serveHttpStream(http, connection) }, 'TCP');
  }

  listen(port: number, listener: Listener, protocol: StreamProtocol): void {
    this.#keep(this.#context.host.process.listen(port, listener, protocol), `listen ${protocol.toLowerCase()} :${port}`);
  }

  listenForDatagrams(port: number, listener: DatagramListener): void {
    this.#keep(this.#context.host.process.listenForDatagrams(port, listener), `listen udp :${port}`);
  }

  #keep(socket: { close(): void } | undefined, what: string): void {
    if (socket) this.#sockets.push(socket);
    else {
      this.log(`${what}: bind: address already in use`);
      this.exit(EXIT_FATAL);
    }
  }

  /** Runs until it ends; answers its exit code. */
  async run(): Promise<number> {
    const { signal } = this.#context.host;
    try {
      return await Promise.race([
        this.#ended,
        new Promise<never>((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason), { once: true });
        }),
      ]);
    } finally {
      for (const socket of this.#sockets) socket.close();
    }
  }
}

/** The parameters of a request: of its URL, and of a form in its body. */
export function formOf({ path, headers, body = '' }: ServedRequest): URLSearchParams {
  const form = new URLSearchParams(new URL(path, 'http://x').search);
  const type = Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? '';
  if (type.startsWith('application/x-www-form-urlencoded')) for (const [name, value] of new URLSearchParams(body)) form.append(name, value);
  return form;
}

/** The path of a request, without its query. */
export const pathOf = ({ path }: Pick<ServedRequest, 'path'>): string => new URL(path, 'http://x').pathname;

/** Milliseconds of a duration as Go reads it (`1m30s`, `500ms`, `0`); undefined when it is none. */
export function goDuration(text: string): number | undefined {
  if (text === '0') return 0;
  if (!/^(?:\d+(?:\.\d+)?(?:ms|h|m|s))+$/.test(text)) return undefined;
  const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
  return [...text.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)].reduce(
    (sum, [, count, unit = '']) => sum + Number(count) * (units[unit] ?? 0),
    0,
  );
}

/** A duration as Go prints it: `1m5.5s`. */
export function goDurationText(ms: number): string {
  if (ms < 1000) return ms === 0 ? '0s' : `${ms}ms`;
  const minutes = Math.floor(ms / 60_000);
  const hours = Math.floor(minutes / 60);
  const seconds = `${(ms % 60_000) / 1000}s`;
  return hours > 0 ? `${hours}h${minutes % 60}m${seconds}` : minutes > 0 ? `${minutes}m${seconds}` : seconds;
}
