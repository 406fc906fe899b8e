import { unbracketed } from '../../../host-port.ts';
import { nameOf, normalizePath } from '../../files/tree.ts';
import { BadAnswer, ConnectError, isNameFailure } from '../../network/listener.ts';
import { portOf, TimedOut } from '../http-client.ts';
import { patiently } from '../resolving.ts';
import { complain } from '../shell-context.ts';
import type { Body } from './body.ts';
import { bytesOf, factsOf, MISTRUST } from './facts.ts';
import type { CurlOptions } from './options.ts';
import { makeParents, readOf, writeTo } from './output-file.ts';
import { ProgressMeter } from './progress.ts';
import { type AskedUrl, BadUrl, readUrl } from './request.ts';
import { type Hop, headLines, type Session, transfer } from './transfer.ts';
import { writtenOut } from './write-out.ts';

const HTTP_ERROR = 22;
const TIMEOUT = 28;
const NO_NAME = 6;
/** Answers after which `--retry` tries again. */
const PASSING: readonly number[] = [408, 429, 500, 502, 503, 504];
const RETRY_MS_MAX = 600_000;
const MISTRUST_TEXT = `SSL certificate problem: unable to get local issuer certificate
More details here: https://curl.se/docs/sslcerts.html

curl failed to verify the legitimacy of the server and therefore could not
establish a secure connection to it. To learn more about this situation and
how to fix it, please visit the webpage mentioned above.`;

/** One URL of a command line. */
export interface UrlTask {
  readonly text: string;
  readonly query: string;
  readonly body: Body | undefined;
  /** The file that its answer goes to; undefined for standard output. */
  readonly name: string | undefined;
  /** Whether the file is called as the URL says. */
  readonly isNamed: boolean;
  /** How many URLs came before it. */
  readonly number: number;
}

/** How a try ended. */
interface Outcome {
  readonly code: number;
  /** `''` when nothing went wrong. */
  readonly message: string;
  readonly isRefused: boolean;
  readonly retries: number;
}

/** Asks for one URL, as often as it takes, and tells of it. */
export class UrlRun {
  readonly #session: Session;
  readonly #task: UrlTask;
  readonly #meter: ProgressMeter | undefined;
  #hops: Hop[] = [];
  #url: AskedUrl | undefined;
  #file: string | undefined;
  /** Whether the file holds something of this transfer. */
  #isWritten = false;

  constructor(session: Session, task: UrlTask) {
    const { context, options } = session;
    this.#session = session;
    this.#task = task;
    this.#file = task.name;
    // A terminal shows the answer itself.
    const isShown = !context.host.process.tty || task.name !== undefined || task.isNamed || options.is('progress-bar');
    const isQuiet = options.is('silent') || options.isOff('progress-meter') || !isShown;
    this.#meter = isQuiet ? undefined : new ProgressMeter(context.stderr, context.host.process.clock, options.is('progress-bar'));
  }

  async run(): Promise<number> {
    const { context, options } = this.#session;
    const { clock } = context.host.process;
    const started = clock.monotonic();
    const limitMs = options.number('retry-max-time') * 1000 || Number.POSITIVE_INFINITY;
    const most = Math.trunc(options.number('retry'));
    for (let retries = 0; ; retries++) {
      const outcome = await this.#attempt(retries);
      const mayRetry = retries < most && clock.monotonic() - started < limitMs;
      const why = mayRetry ? this.#passing(outcome) : undefined;
      if (why === undefined) return await this.#finish(outcome);
      await this.#rest(outcome, why, most - retries);
    }
  }

  /** Waits before the next try, twice as long each time unless it was told how long; or for as long as the server wishes. */
  async #rest({ code, message, retries }: Outcome, why: string, left: number): Promise<void> {
    const { context, options } = this.#session;
    const own = options.number('retry-delay') * 1000 || Math.min(1000 * 2 ** retries, RETRY_MS_MAX);
    const wished = Number(this.#hops.at(-1)?.response.headers['retry-after'] ?? 0) * 1000 || 0;
    const seconds = Math.trunc(Math.max(own, wished) / 1000);
    if (code !== 0) await failing(this.#session, code, message);
    const rest = `Will retry in ${seconds} second${seconds === 1 ? '' : 's'}. ${left} retr${left > 1 ? 'ies' : 'y'} left.`;
    if (!options.is('silent')) await context.stderr.write(`Warning: Problem ${why}. ${rest}\n`);
    await context.host.sleep(Math.max(own, wished));
  }

  /** Why it may be different the next time; undefined when it will not. Upstream: `retrycheck` in `src/tool_operate.c`. */
  #passing({ code, isRefused }: Outcome): string | undefined {
    const { options } = this.#session;
    const status = this.#hops.at(-1)?.response.status ?? 0;
    if (code === TIMEOUT || code === NO_NAME) return ': timeout';
    if (isRefused && options.is('retry-connrefused')) return ': connection refused';
    if ((code === 0 || code === HTTP_ERROR) && PASSING.includes(status)) return ': HTTP error';
    return code !== 0 && options.is('retry-all-errors') ? '(retrying all errors)' : undefined;
  }

  async #attempt(retries: number): Promise<Outcome> {
    this.#hops = [];
    this.#isWritten = false;
    let outcome: Outcome;
    try {
      this.#url = this.#asked();
      await this.#meter?.begin();
      if (this.#url.url.protocol === 'https:' && !(await this.#isTrusting())) {
        await patiently(this.#session.context.host, this.#dial(this.#url.url));
        outcome = { code: MISTRUST, message: MISTRUST_TEXT, isRefused: false, retries };
      } else {
        await this.#transfer();
        outcome = { ...this.#judged(), isRefused: false, retries };
      }
    } catch (error) {
      const [code, message] = this.#complaint(error);
      outcome = { code, message, isRefused: error instanceof ConnectError && error.failure === 'refused', retries };
    }
    // What has not even found its server has nothing more to show.
    if (this.#url && outcome.code !== NO_NAME) {
      const { received, sent } = bytesOf(this.#hops.at(-1));
      await this.#meter?.end({ received, receivedOf: received || undefined, sent }, outcome.code !== 0);
    }
    return outcome;
  }

  #asked(): AskedUrl {
    const { text, query, body } = this.#task;
    const asked = readUrl(text, query);
    if (body?.fileName === undefined || !asked.url.pathname.endsWith('/')) return asked;
    return readUrl(`${asked.url.href}${encodeURIComponent(body.fileName)}`, '');
  }

  #dial(url: URL): Promise<unknown> {
    return this.#session.context.host.process.network.dial(url.hostname, portOf(url));
  }

  /** Without `-k` or an authority that is named there is nobody to vouch for a certificate of the cluster. @throws BadUrl */
  async #isTrusting(): Promise<boolean> {
    const { context, options, variables } = this.#session;
    if (options.is('insecure')) return true;
    const file = options.value('cacert') ?? variables.get('CURL_CA_BUNDLE') ?? variables.get('SSL_CERT_FILE');
    if (file === undefined) return false;
    if (await (await context.host.files()).exists(normalizePath(file, context.state.cwd))) return true;
    throw new BadUrl(`error adding trust anchors from file: ${file}`, 77);
  }

  async #transfer(): Promise<void> {
    const { context, options } = this.#session;
    const isVerbose = options.is('verbose');
    const isPlain = this.#target() === undefined && !this.#showsHead() && !isVerbose;
    await transfer(this.#session, {
      asked: this.#url ?? this.#asked(),
      body: this.#task.body,
      onBody: isPlain ? (piece) => void context.stdout.write(piece) : undefined,
      onHop: (hop, isLast) => this.#show(hop, isLast),
      say: async (text) => (isVerbose ? await context.stderr.write(text) : undefined),
    });
  }

  /** The file that the answer goes to. */
  #target(): string | undefined {
    const { options } = this.#session;
    const name = this.#task.isNamed ? this.#remoteName() : this.#task.name;
    const directory = options.value('output-dir');
    return name === undefined || name === '-' || directory === undefined ? (name === '-' ? undefined : name) : `${directory}/${name}`;
  }

  #remoteName(): string {
    const header = this.#session.options.is('remote-header-name') ? this.#hops.at(-1)?.response.headers['content-disposition'] : undefined;
    const [, quoted, plain] = /filename=(?:"([^"]*)"|([^;\s]+))/i.exec(header ?? '') ?? [];
    return nameOf(quoted ?? plain ?? '') || nameOf(this.#url?.url.pathname ?? '') || 'curl_response';
  }

  #showsHead(): boolean {
    const { options } = this.#session;
    return options.is('head') || options.is('show-headers');
  }

  async #show(hop: Hop, isLast: boolean): Promise<void> {
    const { context, options } = this.#session;
    this.#hops.push(hop);
    const { response } = hop;
    const head = `${headLines(response).join('\r\n')}\r\n\r\n`;
    if (options.is('verbose')) await this.#tellAnswer(hop, head, isLast);
    const isRefused = options.is('fail') && response.status >= 400;
    const body = isLast && !isRefused && hop.method !== 'HEAD' ? response.body : '';
    const heads = options.value('dump-header');
    if (heads !== undefined) await writeTo(context, heads, head, this.#hops.length > 1);
    const target = this.#target();
    this.#file = target;
    const text = `${this.#showsHead() && !isRefused ? head : ''}${body}`;
    if (target === undefined) return await context.stdout.write(text);
    if (isLast && options.is('create-dirs')) await makeParents(context, target);
    if (!isLast && text === '') return;
    await writeTo(context, target, text, this.#isWritten);
    this.#isWritten = true;
  }

  async #tellAnswer({ url, response, method }: Hop, head: string, isLast: boolean): Promise<void> {
    const { context, connections } = this.#session;
    const lines = head.replace(/^(?=.)/gm, '< ').replace(/^\r\n$/m, '< \r\n');
    const ignored = isLast ? '' : '* Ignoring the response-body\n';
    const bytes = method === 'HEAD' || response.body.length === 0 ? '' : `{ [${response.body.length} bytes data]\n`;
    const isClosed = response.headers.connection === 'close';
    if (isClosed) connections.clear();
    const end = isClosed ? '* shutting down connection #0\n' : `* Connection #0 to host ${url.hostname}:${portOf(url)} left intact\n`;
    await context.stderr.write(`${lines}${ignored}${bytes}${end}`);
  }

  /** Whether an answer that came is one to fail at. */
  #judged(): Pick<Outcome, 'code' | 'message'> {
    const { options } = this.#session;
    const status = this.#hops.at(-1)?.response.status ?? 0;
    const isError = status >= 400 && (options.is('fail') || options.is('fail-with-body'));
    return isError ? { code: HTTP_ERROR, message: `The requested URL returned error: ${status}` } : { code: 0, message: '' };
  }

  #complaint(error: unknown): [number, string] {
    const { options, context } = this.#session;
    if (error instanceof BadUrl) return [error.code, error.message];
    const { url } = this.#url ?? this.#asked();
    const host = unbracketed(url.hostname);
    if (error instanceof TimedOut) return [TIMEOUT, timeoutText(error, options)];
    if (error instanceof BadAnswer)
      return error.message === 'EOF' ? [52, 'Empty reply from server'] : [1, 'Received HTTP/0.9 when not allowed'];
    if (!(error instanceof ConnectError)) throw error;
    context.host.signal.throwIfAborted();
    if (isNameFailure(error.failure)) return [NO_NAME, `Could not resolve host: ${host}`];
    return [7, `Failed to connect to ${host} port ${portOf(url)} after 0 ms: Could not connect to server`];
  }

  async #finish({ code, message, retries }: Outcome): Promise<number> {
    const { context, options } = this.#session;
    if (code !== 0) await failing(this.#session, code, message);
    if (code !== 0 && options.is('remove-on-error') && this.#file !== undefined)
      await (await context.host.files()).rm(normalizePath(this.#file, context.state.cwd), { force: true });
    const format = options.value('write-out');
    if (format === undefined) return code;
    const text = format.startsWith('@') ? await readOf(context, format.slice(1)) : format;
    const { ip } = context.host.process;
    const facts = factsOf(this.#url, this.#task, this.#hops, {
      ip,
      code,
      message,
      retries,
      file: this.#file,
      referer: options.value('referer'),
    });
    for (const piece of writtenOut(text, facts, code !== 0))
      await (piece.stream === 'stderr' ? context.stderr : context.stdout).write(piece.text);
    return code;
  }
}

function timeoutText({ phase }: TimedOut, options: CurlOptions): string {
  const ofConnection = options.number('connect-timeout') * 1000;
  const ms = (phase === 'answer' ? 0 : ofConnection) || options.number('max-time') * 1000 || 130_000;
  if (phase === 'answer') return `Operation timed out after ${ms} milliseconds with 0 bytes received`;
  return `${phase === 'name' ? 'Resolving' : 'Connection'} timed out after ${ms} milliseconds`;
}

/** `-s` says nothing, but with `-S`. */
export async function failing({ context, options }: Session, code: number, message: string): Promise<number> {
  if (options.is('silent') && !options.is('show-error')) return code;
  return await complain(context, `curl: (${code}) ${message}`, code);
}
