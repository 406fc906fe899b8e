import type { HttpResponse } from '../../../cri.ts';
import { BadAnswer, ConnectError } from '../../network/listener.ts';
import { readOptions } from '../command-options.ts';
import { askFollowing, TimedOut } from '../http-client.ts';
import type { CommandContext, CommandFunction } from '../shell-context.ts';
import { formOf, GoProgram, goJson, pathOf, plain } from './go-program.ts';

const VALUES: ReadonlySet<string> = new Set(['http-port', 'backend-port', 'replicaof']);
const ANSWER_MS = 5000;
/** A replica tries to register again and again. */
const REGISTER_RETRY_MS = 1000;

/**
 * `agnhost guestbook`: a primary that keeps values, replicas that it tells of them, and a front end that asks both (upstream
 * `test/images/agnhost/guestbook/guestbook.go`).
 */
export const guestbook: CommandFunction = async (context) => {
  const { values } = readOptions(context.args, VALUES);
  const book = new Guestbook(context, values.get('backend-port') ?? '6379');
  book.program.listenHttp(Number(values.get('http-port') ?? 80), (request) => book.answer(pathOf(request), formOf(request)));
  const primary = values.get('replicaof');
  if (primary !== undefined && primary !== '')
    book.register(primary).catch((error: unknown) => {
      if (!context.host.signal.aborted) book.program.log(`Failed to register to primary: ${String(error)}`);
    });
  return await book.program.run();
};

class Guestbook {
  readonly program: GoProgram;
  readonly #context: CommandContext;
  readonly #port: string;
  readonly #store = new Map<string, string>();
  readonly #replicas: string[] = [];

  constructor(context: CommandContext, port: string) {
    this.#context = context;
    this.#port = port;
    this.program = new GoProgram(context);
  }

  async answer(path: string, form: URLSearchParams): Promise<HttpResponse> {
    const [key, value] = [form.get('key') ?? '', form.get('value') ?? ''];
    if (path === '/register') return this.#note(form.get('host') ?? '');
    if (path === '/get') {
      this.program.log(`GET /get?key=${key}`);
      return plain(goJson({ data: key === '' ? Object.fromEntries(this.#store) : (this.#store.get(key) ?? '') }));
    }
    if (path === '/set') return await this.#set(key, value);
    if (path === '/guestbook') return await this.#ask((form.get('cmd') ?? '').toLowerCase(), key, value);
    return plain('404 page not found\n', 404);
  }

  /** Notes a replica, and tells it all there is. */
  #note(replica: string): HttpResponse {
    this.program.log(`GET /register?host=${replica}`);
    this.#replicas.push(replica);
    this.program.log(`Node '${replica}' registered.`);
    return plain(goJson({ data: Object.fromEntries(this.#store) }));
  }

  async #set(key: string, value: string): Promise<HttpResponse> {
    this.program.log(`GET /set?key=${key}&value=${value}`);
    if (key === '') return plain('cannot set with empty key.\n', 400);
    this.#store.set(key, value);
    const query = new URLSearchParams({ key, value }).toString();
    for (const replica of this.#replicas) {
      const told = await this.#get(`http://${replica}:${this.#port}/set?${query}`);
      if (!told) return plain(`encountered error while propagating to replica '${replica}'\n`, 417);
    }
    return plain(goJson({ message: 'Updated' }));
  }

  /** As the front end: writes go to the primary, the rest to a replica. */
  async #ask(command: string, key: string, value: string): Promise<HttpResponse> {
    this.program.log(`GET /guestbook?cmd=${command}&key=${key}&value=${value}`);
    if (command !== 'get' && command !== 'set') return plain(`unsupported cmd: '${command}'\n`, 400);
    if (command === 'set' && key === '') return plain('cannot set with empty key.\n', 400);
    const query = new URLSearchParams({ key, value }).toString();
    const host = `agnhost-${command === 'set' ? 'primary' : 'replica'}:${this.#port}`;
    const answer = await this.#get(`http://${host}/${command}?${query}`);
    return answer ? plain(answer.body) : plain(`encountered error: no answer of ${host}\n`, 417);
  }

  /** Tells the primary of this replica until it listens; takes over what it has. */
  async register(primary: string): Promise<void> {
    const { host } = this.#context;
    for (;;) {
      this.program.log(`Registering to primary: ${primary}:${this.#port}/register?host=${host.process.ip}`);
      const answer = await this.#get(`http://${primary}:${this.#port}/register?host=${host.process.ip}`);
      if (answer?.status === 200) {
        const known: { readonly data: Readonly<Record<string, string>> } = JSON.parse(answer.body);
        for (const [key, value] of Object.entries(known.data)) this.#store.set(key, value);
        this.program.log(`Registered to node: ${primary}`);
        return;
      }
      await host.sleep(REGISTER_RETRY_MS);
    }
  }

  async #get(url: string): Promise<HttpResponse | undefined> {
    try {
      const call = { method: 'GET', headers: {}, timeoutMs: ANSWER_MS };
      return (await askFollowing(this.#context.host, new URL(url), call, false)).response;
    } catch (error) {
      if (!(error instanceof ConnectError || error instanceof BadAnswer || error instanceof TimedOut)) throw error;
      this.program.log(`Get "${url}": ${error.message}`);
      return undefined;
    }
  }
}
