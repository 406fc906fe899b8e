import type { HttpResponse } from '../../../cri.ts';
import { hostPort } from '../../../host-port.ts';
import { CLIENT_PORT, type ServedRequest } from '../../network/listener.ts';
import { readOptions } from '../command-options.ts';
import { Capture, withOutput } from '../io.ts';
import { rawListener } from '../nc.ts';
import type { CommandContext, CommandFunction } from '../shell-context.ts';
import { dial } from './dial.ts';
import { formOf, GoProgram, goDuration, goJson, type HttpHandler, pathOf, plain } from './go-program.ts';

const VALUES: ReadonlySet<string> = new Set([
  'http-port',
  'udp-port',
  'sctp-port',
  'udp-listen-addresses',
  'tls-cert-file',
  'tls-private-key-file',
  'http-override',
  'delay-shutdown',
]);

/**
 * `agnhost netexec`: HTTP, UDP and SCTP servers that say who they are and whom they see, and dial others (upstream
 * `test/images/agnhost/netexec/netexec.go`).
 */
export const netexec: CommandFunction = async (context) => {
  const { values } = readOptions(context.args, VALUES);
  const port = (name: string, usual: number) => Number(values.get(name) ?? usual);
  const delayMs = Number(values.get('delay-shutdown') ?? 0) * 1000;
  const program: GoProgram = new GoProgram(context, () => handler.end(delayMs));
  const httpPort = port('http-port', 8080);
  const handler: Netexec = new Netexec(context, program, httpPort);
  const override = values.get('http-override');
  const http: HttpHandler =
    override === undefined
      ? (request) => handler.answer(request)
      : (request) => handler.answer({ ...request, method: 'GET', path: override });
  const udpPort = port('udp-port', 8081);
  if (udpPort !== -1) {
    program.log(`Started UDP server on port  ${udpPort}`);
    program.listenForDatagrams(udpPort, ({ from, payload }) => handler.command('UDP', payload, { from, port: udpPort }));
  }
  const sctpPort = port('sctp-port', -1);
  if (sctpPort !== -1) {
    program.log('Started SCTP server');
    program.listen(
      sctpPort,
      rawListener((stream) => serveOnce(handler, sctpPort, stream)),
      'SCTP',
    );
  }
  program.log(`Started HTTP server on port ${httpPort}`);
  program.listenHttp(httpPort, http, { tls: (values.get('tls-cert-file') ?? '') !== '' });
  return await program.run();
};

/** One command and its answer, then the connection is closed. */
async function serveOnce(
  handler: Netexec,
  port: number,
  { input, output, from }: Parameters<Parameters<typeof rawListener>[0]>[0],
): Promise<void> {
  for await (const piece of input) {
    const answer = handler.command('SCTP', piece, { from, port });
    if (answer !== undefined) output(answer);
    return;
  }
}

class Netexec {
  readonly #context: CommandContext;
  readonly #program: GoProgram;
  readonly #port: number;
  /** Whether it was asked to end. */
  #isEnding = false;

  constructor(context: CommandContext, program: GoProgram, port: number) {
    this.#context = context;
    this.#program = program;
    this.#port = port;
  }

  get #hostname(): string {
    return this.#context.host.process.hostname;
  }

  /** It has been asked to end, which it does after so long; until then it is alive, but not ready. */
  end(delayMs: number): void {
    this.#isEnding = true;
    if (delayMs <= 0) {
      this.#program.exit(0);
      return;
    }
    this.#program.log(`Sleeping ${delayMs / 1000} seconds before terminating...`);
    this.#context.host.sleep(delayMs).then(
      () => this.#program.exit(0),
      () => undefined, // it was killed meanwhile
    );
  }

  /** What its UDP and SCTP servers do, which listen on a port of their own. */
  command(protocol: string, payload: string, { from, port }: { readonly from: string; readonly port: number }): string | undefined {
    const text = payload.trim().toLowerCase();
    const client = hostPort(from, CLIENT_PORT);
    if (text === 'hostname') {
      this.#program.log(`Sending ${protocol === 'UDP' ? 'udp' : protocol} hostName response`);
      return this.#hostname;
    }
    if (text.startsWith('echo ')) {
      this.#program.log(`Echoing ${text.slice(5)} to ${protocol} client ${client}`);
      return text.slice(5);
    }
    if (text === 'clientip') {
      this.#program.log(`Sending clientip back to ${protocol} client ${client}`);
      return client;
    }
    if (text === 'serverport') {
      this.#program.log(`Sending server port to ${protocol} client ${port}`);
      return String(port);
    }
    if (text !== '') this.#program.log(`Unknown ${protocol} command received from ${client}: ${text}`);
    return undefined;
  }

  async answer(request: ServedRequest): Promise<HttpResponse> {
    const path = pathOf(request);
    const handler = this.#handlers[path];
    if (handler) return await handler(request, formOf(request));
    this.#program.log('GET /');
    return plain(`NOW: ${new Date(this.#context.host.process.clock.now()).toISOString().replace('T', ' ').replace('Z', '')} +0000 UTC`);
  }

  readonly #handlers: Readonly<Record<string, (request: ServedRequest, form: URLSearchParams) => Promise<HttpResponse> | HttpResponse>> = {
    '/clientip': ({ from }) => this.#said('GET /clientip', hostPort(from, CLIENT_PORT)),
    '/serverport': () => this.#said('GET /serverport', String(this.#port)),
    '/hostname': () => this.#said('GET /hostname', this.#hostname),
    '/hostName': () => this.#said('GET /hostName', this.#hostname),
    '/healthz': () => this.#said('GET /healthz', ''),
    '/readyz': () => {
      this.#program.log('GET /readyz');
      return this.#isEnding ? plain('shutting down', 503) : plain('ok');
    },
    '/header': ({ headers }, form) => this.#header(headers, form.get('key') ?? ''),
    '/echo': (_, form) => this.#echo(form),
    '/exit': (_, form) => this.#exit(form),
    '/shutdown': () => {
      this.#program.log('GET /shutdown');
      return this.#program.die(0);
    },
    '/dial': (_, form) => dial(this.#context.host, form, (text) => this.#program.log(text)),
    '/redirect': ({ method }, form) => this.#redirect(method, form),
    '/shell': (_, form) => this.#shell(form.get('shellCommand') || (form.get('cmd') ?? '')),
    '/upload': (request) => this.#upload(request),
  };

  #said(line: string, body: string): HttpResponse {
    this.#program.log(line);
    return plain(body);
  }

  #header(headers: ServedRequest['headers'], key: string): HttpResponse {
    this.#program.log(`GET /header?key=${key}`);
    const known = Object.entries(headers).map(([name, value]) => [canonical(name), [value]] as const);
    if (key !== '') return plain(known.find(([name]) => name === canonical(key))?.[1][0] ?? '');
    return plain(goJson(Object.fromEntries(known)));
  }

  #echo(form: URLSearchParams): HttpResponse {
    const message = form.get('msg') ?? '';
    const code = form.get('code') ?? '';
    this.#program.log(`GET /echo?msg=${message}&code=${code}`);
    if (code !== '' && !/^[-+]?\d+$/.test(code)) return plain(`argument 'code' must be an integer or empty, got "${code}"\n`);
    return plain(Buffer.from(message).toString('latin1'), code === '' ? 200 : Number(code));
  }

  async #exit(form: URLSearchParams): Promise<HttpResponse> {
    const [wait = '', timeout = '', code = ''] = ['wait', 'timeout', 'code'].map((name) => form.get(name) ?? '');
    this.#program.log(`GET /exit?code=${code}&timeout=${timeout}&wait=${wait}`);
    for (const [name, text] of [
      ['timeout', timeout],
      ['wait', wait],
    ])
      if (text !== '' && goDuration(text ?? '') === undefined)
        return plain(`argument '${name}' must be a valid golang duration or empty, got "${text}"\n`);
    if (code !== '' && !/^\d+$/.test(code)) return plain(`argument 'code' must be an integer [0-127] or empty, got "${code}"\n`);
    await this.#context.host.sleep(goDuration(wait) ?? 0);
    if ((goDuration(timeout) ?? 0) === 0) return this.#program.die(Number(code));
    this.#program.log('Graceful shutdown completed with: <nil>');
    this.#program.exit(Number(code));
    return plain('');
  }

  #redirect(method: string, form: URLSearchParams): HttpResponse {
    const location = form.get('location') ?? '';
    const code = form.get('code') ?? '';
    this.#program.log(`${method} /redirect?msg=${location}&code=${code}`);
    if (code !== '' && !/^\d+$/.test(code)) return plain(`argument 'code' must be an integer or empty, got "${code}"\n`);
    const body = method === 'GET' ? `<a href="${location}">Found</a>.\n\n` : '';
    return { status: Number(code || 302), headers: { 'content-type': 'text/html; charset=utf-8', location }, body };
  }

  async #shell(command: string): Promise<HttpResponse> {
    this.#program.log(`GET /shell?cmd=${command}`);
    const output = new Capture();
    const fds = withOutput(withOutput(this.#context.fds, 1, output), 2, output);
    const code = await this.#context.run(['sh', '-c', Buffer.from(command).toString('latin1')], { fds });
    const text = Buffer.from(output.text, 'latin1').toString();
    const result = { ...(text === '' ? {} : { output: text }), ...(code === 0 ? {} : { error: `exit status ${code}` }) };
    this.#program.log(`Output: ${JSON.stringify(result)}`);
    return plain(Buffer.from(goJson(result)).toString('latin1'));
  }

  /** A file of a form, kept under `/uploads`. */
  async #upload({ headers, body = '' }: ServedRequest): Promise<HttpResponse> {
    this.#program.log('GET /upload');
    const type = Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? '';
    const boundary = /^multipart\/form-data;.*boundary="?([^";]+)"?/.exec(type)?.[1];
    const part = boundary === undefined ? undefined : body.split(`--${boundary}`).find((one) => /name="?file"?[;\r\n]/.test(one));
    const start = part?.indexOf('\r\n\r\n') ?? -1;
    if (!part || start < 0) return plain(goJson({ error: 'Unable to upload file.' }));
    const path = `/uploads/upload${this.#context.host.process.random.integer(1_000_000_000)}`;
    const files = await this.#context.host.files();
    await files.mkdir('/uploads', { recursive: true });
    await files.writeFile(path, Buffer.from(part.slice(start + 4).replace(/\r\n$/, ''), 'latin1'));
    await files.chmod(path, 0o700);
    this.#program.log(`Wrote upload to ${path}`);
    return plain(goJson({ output: path }), 201);
  }
}

/** A header's name as Go writes it. */
const canonical = (name: string): string => name.toLowerCase().replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
