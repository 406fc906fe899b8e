import type { HealthAnswer, HttpResponse } from '../../cri.ts';
import { hostPort } from '../../host-port.ts';
import { commandLineOption } from '../command-line.ts';
import type { SimulatedContainer } from '../container.ts';
import type { HttpReply, ServerFacts } from '../image-catalog.ts';
import { serveRedis } from '../redis/redis-server.ts';
import { serveHttpStream } from './http-stream.ts';
import { BadAnswer, type ByteStream, CLIENT_PORT, type Listener, type ServedRequest } from './listener.ts';
import { serveFile } from './served-files.ts';

/** A server that an image's description makes: what it answers is data. */
export class ImageListener implements Listener {
  readonly #container: SimulatedContainer;
  readonly #facts: ServerFacts;
  readonly #port: number;

  constructor(container: SimulatedContainer, facts: ServerFacts, port: number) {
    this.#container = container;
    this.#facts = facts;
    this.#port = port;
  }

  get health(): ((service: string) => HealthAnswer) | undefined {
    if (this.#facts.protocol !== 'grpc') return undefined;
    return (service) => (service === '' || this.#facts.healthServices.includes(service) ? 'SERVING' : 'NOT_FOUND');
  }

  async http(request: ServedRequest): Promise<HttpResponse> {
    const { protocol, tls } = this.#facts;
    if (protocol === 'tcp' || protocol === 'redis')
      throw new BadAnswer(this.#facts.greeting === '' ? 'EOF' : malformed(this.#facts.greeting));
    if (protocol === 'grpc') throw new BadAnswer(malformed('\\x00\\x00\\x06\\x04\\x00\\x00\\x00\\x00\\x00\\x00\\x05\\x00\\x00@\\x00'));
    if (request.tls && !tls) throw new BadAnswer('http: server gave HTTP response to HTTPS client');
    if (!request.tls && tls) return { status: 400, headers: TEXT, body: 'Client sent an HTTP request to an HTTPS server.\n' };
    const { requestCpuMs } = this.#facts;
    if (requestCpuMs > 0) await this.#work(requestCpuMs, request);
    const answer = await this.#answer(request);
    if (this.#facts.accessLog) this.#container.writeLog(accessLine(request, answer, this.#container.now()));
    return answer;
  }

  async #work(costMs: number, { signal }: ServedRequest): Promise<void> {
    await this.#container.clock.sleep(costMs, signal);
    this.#container.sockets.worked(costMs);
  }

  async #answer(request: ServedRequest): Promise<HttpResponse> {
    const { clock } = this.#container;
    const reply = this.#facts.replies.find((one) => matches(one, request) && this.#isDue(one));
    if (reply?.delayMs) await clock.sleep(reply.delayMs, request.signal);
    if (reply) {
      const headers = { ...this.#headers(TEXT), ...reply.headers };
      if (reply.exitCode !== undefined) this.#container.exitSoon(reply.exitCode);
      return { status: reply.status ?? 200, headers, body: fill(reply.body ?? '', this.#words(request)) };
    }
    if (this.#facts.docroot === '')
      return { status: 200, headers: this.#headers(TEXT), body: fill(this.#facts.body, this.#words(request)) };
    const { status, type, body } = await serveFile(this.#container, this.#facts, request.path);
    return { status, headers: this.#headers({ 'content-type': type }), body };
  }

  #isDue({ afterMs = 0 }: HttpReply): boolean {
    return this.#container.now() - this.#container.startedAt >= afterMs;
  }

  #headers(own: Readonly<Record<string, string>>): Record<string, string> {
    const date = { date: new Date(this.#container.now()).toUTCString() };
    return this.#facts.serverName === '' ? { ...date, ...own } : { server: this.#facts.serverName, ...date, ...own };
  }

  #words(request: ServedRequest): Words {
    const { sandbox, config } = this.#container;
    const url = new URL(request.path, 'http://x');
    return {
      hostname: sandbox.config.hostname,
      pod: sandbox.config.name,
      namespace: sandbox.config.namespace,
      ip: sandbox.ip,
      client: request.from,
      peer: hostPort(request.from, CLIENT_PORT),
      port: String(this.#port),
      method: request.method,
      path: url.pathname,
      query: url.search.slice(1),
      url: request.path,
      host: request.host,
      headers: Object.entries(request.headers)
        .map(([name, value]) => `${name}: ${value}\n`)
        .join(''),
      body: request.body ?? '',
      time: new Date(this.#container.now()).toISOString(),
      args: config.args.join(' '),
      option: (name) => commandLineOption([...config.command, ...config.args], name),
      parameter: (name) => url.searchParams.get(name) ?? '',
    };
  }

  async stream(connection: ByteStream): Promise<void> {
    const { protocol, greeting, talks } = this.#facts;
    if (protocol === 'redis') return await serveRedis(this.#container, connection);
    if (greeting !== '') connection.output(greeting);
    if (protocol === 'http') return await serveHttpStream((request) => this.http(request), connection);
    let text = '';
    for await (const piece of connection.input) {
      text += piece;
      const lines = text.split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) {
        const talk = talks.find(({ match }) => new RegExp(match, 'i').test(line.trim()));
        if (talk) connection.output(fill(talk.reply, { line: line.trim() }));
      }
    }
  }
}

const TEXT = { 'content-type': 'text/plain' };

const malformed = (text: string): string => `net/http: HTTP/1.x transport connection broken: malformed HTTP response "${text.trimEnd()}"`;

function matches({ path, method }: HttpReply, request: ServedRequest): boolean {
  if (method !== undefined && method !== request.method) return false;
  const asked = request.path.replace(/[?#].*$/, '');
  return path.endsWith('*') ? asked.startsWith(path.slice(0, -1)) : asked === path;
}

type Words = Readonly<Record<string, string | ((name: string) => string)>>;

/** Puts words where a text has `{{word}}`; `{{option:name}}` is a flag of the command line, `{{parameter:name}}` one of the query. */
function fill(text: string, words: Words): string {
  if (!text.includes('{{')) return text;
  return text.replace(/\{\{(\w+)(?::([\w-]+)(?:\|([^}]*))?)?\}\}/g, (whole, word: string, name = '', otherwise = '') => {
    const value = words[word];
    return typeof value === 'function' ? value(name) || otherwise : (value ?? whole);
  });
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** A line of the combined log format. */
function accessLine({ from, method, path, headers }: ServedRequest, { status, body }: HttpResponse, now: number): string {
  const [date = '', time = ''] = new Date(now).toISOString().split('T');
  const [year, month, day] = date.split('-');
  const stamp = `${day}/${MONTHS[Number(month) - 1]}/${year}:${time.slice(0, 8)} +0000`;
  const agent = headers['user-agent'] ?? headers['User-Agent'] ?? '-';
  return `${from} - - [${stamp}] "${method} ${path} HTTP/1.1" ${status} ${body.length} "-" "${agent}" "-"\n`;
}
