/** `nanokube apiserver` as a process of its own, from the compiled files, with a client that may do everything. */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ReadyMessage } from '../../runtime/index.ts';
import { ROOT } from './sources.ts';

const TOKEN = 'admintoken';
const OUTPUT_CHARACTERS_MAX = 20_000;

export interface ApiAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever JSON came
  readonly body: any;
  readonly tookMs: number;
}

/** One frame of a watch, in short: `ADDED a 17`. */
export interface ApiWatch extends Disposable {
  readonly frames: readonly string[];
  readonly ended: boolean;
}

export interface ApiServerProcess extends AsyncDisposable {
  readonly url: string;
  readonly directory: string;
  /** What it logged last. */
  output(): string;
  call(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<ApiAnswer>;
  watch(path: string): Promise<ApiWatch>;
  kill(signal: NodeJS.Signals): Promise<number | null>;
}

export interface ApiServerStart {
  readonly args: readonly string[];
  /** Default one of its own, removed at the end. */
  readonly directory?: string | undefined;
  /** Users beside the administrator, in no group; each one's token is the name. */
  readonly users?: readonly string[] | undefined;
}

/** Starts one, and waits until it is ready. */
export async function startApiServer({ args, directory, users = [] }: ApiServerStart): Promise<ApiServerProcess> {
  const data = directory ?? mkdtempSync(join(tmpdir(), 'nanokube-test-'));
  const tokens = join(data, 'test-tokens.csv');
  writeFileSync(tokens, [`${TOKEN},admin,admin,"system:masters"`, ...users.map((name) => `${name},${name},${name}`), ''].join('\n'));
  const argv = ['apiserver', `--data-dir=${data}`, '--secure-port=0', `--token-auth-file=${tokens}`, ...args];
  const child = fork(join(ROOT, 'dist/cli/main.js'), argv, { silent: true });
  let output = '';
  const take = (text: string) => {
    output = (output + text).slice(-OUTPUT_CHARACTERS_MAX);
  };
  child.stdout?.setEncoding('utf8').on('data', take);
  child.stderr?.setEncoding('utf8').on('data', take);
  const exited = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  const clear = () => {
    if (directory === undefined) rmSync(data, { recursive: true, force: true });
  };
  const url = await new Promise<string>((resolve, reject) => {
    child.on('message', (message) => isReady(message) && resolve(message.url ?? ''));
    child.once('close', (code) => reject(new Error(`nanokube apiserver ended with ${code}:\n${output}`)));
  }).catch((error: unknown) => {
    clear(); // what did not come up is not disposed of
    throw error;
  });
  const agent = new Agent({ keepAlive: true, rejectUnauthorized: false });
  const kill = (signal: NodeJS.Signals) => {
    if (isRunning(child)) child.kill(signal);
    return exited;
  };
  return {
    url,
    directory: data,
    output: () => output,
    kill,
    call: (method, path, body, headers = {}) => call({ agent, url, method, path, body, headers }),
    watch: (path) => watch(agent, url, path),
    [Symbol.asyncDispose]: async () => {
      agent.destroy();
      await kill('SIGKILL');
      clear();
    },
  };
}

const isReady = (message: unknown): message is ReadyMessage =>
  typeof message === 'object' && message !== null && 'type' in message && message.type === 'ready';

const isRunning = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null;

interface Call {
  readonly agent: Agent;
  readonly url: string;
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

async function call({ agent, url, method, path, body, headers }: Call): Promise<ApiAnswer> {
  const start = performance.now();
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = { authorization: `Bearer ${TOKEN}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers };
    const outgoing = request(`${url}${path}`, { agent, method, headers: sent }, resolve);
    outgoing.on('error', reject);
    outgoing.end(body === undefined || typeof body === 'string' ? body : JSON.stringify(body));
  });
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += String(chunk);
  const tookMs = performance.now() - start;
  return { status: response.statusCode ?? 0, headers: response.headers, text, body: parsed(text), tookMs };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function watch(agent: Agent, url: string, path: string): Promise<ApiWatch> {
  const frames: string[] = [];
  let ended = false;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request(`${url}${path}`, { agent, headers: { authorization: `Bearer ${TOKEN}` } }, resolve)
      .on('error', reject)
      .end();
  });
  let rest = '';
  response.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines.filter(Boolean)) frames.push(inShort(line));
  });
  const end = () => {
    ended = true;
  };
  response.on('close', end).on('error', end);
  return {
    frames,
    get ended() {
      return ended;
    },
    [Symbol.dispose]: () => response.destroy(),
  };
}

function inShort(line: string): string {
  const { type, object } = JSON.parse(line) as {
    type: string;
    object: { code?: number; metadata?: { name?: string; resourceVersion?: string } };
  };
  return type === 'ERROR' ? `ERROR ${object.code}` : `${type} ${object.metadata?.name} ${object.metadata?.resourceVersion}`;
}
