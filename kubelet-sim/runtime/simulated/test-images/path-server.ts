import type { HttpResponse } from '../../cri.ts';
import { commandLineOption } from '../command-line.ts';
import { serveHttpStream } from '../network/http-stream.ts';
import type { Listener, ServedRequest } from '../network/listener.ts';
import { TlsListener } from '../network/tls-listener.ts';
import { fatalCode, type ProcessContext, type Program, type RunningProgram } from '../program.ts';

/** What Go's runtime ends with when a signal does not: the first process of a namespace is not killed by one. */
const EXIT_SIGNALLED = 2;
const EXIT_FATAL = 255;

/** Answers one request to a path. */
export type Answer = (request: ServedRequest, context: ProcessContext) => Promise<HttpResponse>;

export interface PathServerOptions {
  readonly argv: readonly string[];
  /** Unless `--port` names another. */
  readonly port: number;
  readonly paths: Readonly<Record<string, Answer>>;
  /** Any other path; 404 unless given. */
  readonly otherwise?: Answer | undefined;
}

/** What listens, and how it ends. */
type OpenListener = Pick<Listener, 'http' | 'stream'> & { close(): void };
type Opening = (answer: Listener['http']) => Promise<OpenListener>;

/** A server of paths over HTTP. */
export const httpServer = (options: PathServerOptions): Program => ({
  start: (context) => new PathServer(context, options, (http) => Promise.resolve(plainListener(http))),
});

const plainListener = (http: Listener['http']): OpenListener => ({
  http,
  stream: (connection) => serveHttpStream(http, connection),
  close: () => undefined,
});

/** A server of paths over HTTPS, with the certificate that `--tls-cert-file` and `--tls-private-key-file` name. */
export const tlsServer = (options: PathServerOptions): Program => ({
  start: (context) =>
    new PathServer(context, options, async (answer) => {
      const files = await context.files();
      const read = (name: string) => files.readFile(commandLineOption(options.argv, name));
      const [cert, key] = await Promise.all([read('tls-cert-file'), read('tls-private-key-file')]);
      return new TlsListener({ cert, key }, answer);
    }),
});

class PathServer implements RunningProgram {
  readonly #context: ProcessContext;
  readonly #options: PathServerOptions;
  #listener: OpenListener | undefined;
  #isDone = false;

  constructor(context: ProcessContext, options: PathServerOptions, open: Opening) {
    this.#context = context;
    this.#options = options;
    this.#listen(open).catch((error: unknown) => this.#end(EXIT_FATAL, error instanceof Error ? error.message : String(error)));
  }

  async #listen(open: Opening): Promise<void> {
    const { argv, port } = this.#options;
    const listener = await open((request) => this.#answer(request));
    if (this.#isDone) return;
    this.#listener = listener;
    const number = Number(commandLineOption(argv, 'port') || port);
    if (!this.#context.listen(number, listener)) throw new Error(`panic: listen tcp :${number}: bind: address already in use`);
  }

  #answer(request: ServedRequest): Promise<HttpResponse> {
    const { pathname } = new URL(request.path, 'https://server');
    const answer = this.#options.paths[pathname] ?? this.#options.otherwise;
    return answer ? answer(request, this.#context) : Promise.resolve(text(404, '404 page not found\n'));
  }

  #end(code: number, message?: string): void {
    if (this.#isDone) return;
    this.#isDone = true;
    if (message !== undefined) this.#context.output('stderr', `${message}\n`);
    this.#context.exit(code);
  }

  signal(name: string): void {
    if (fatalCode(name) !== undefined) this.#end(EXIT_SIGNALLED);
  }

  dispose(): void {
    this.#isDone = true;
    this.#listener?.close();
  }
}

export const text = (status: number, body: string): HttpResponse => ({
  status,
  headers: { 'content-type': 'text/plain; charset=utf-8' },
  body,
});

/** JSON as an answer; bodies are byte strings. */
export const json = (object: object, status = 200): HttpResponse => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from(JSON.stringify(object)).toString('latin1'),
});

/** A request's body as an object. @throws SyntaxError */
export function bodyOf({ body = '' }: ServedRequest): unknown {
  return JSON.parse(Buffer.from(body, 'latin1').toString());
}

export const readyz: Answer = () => Promise.resolve(text(200, 'ok'));
