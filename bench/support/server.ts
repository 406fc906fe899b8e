import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ReadyMessage } from '../../runtime/index.ts';

const TOKEN = 'bench';

/** An API server under test, in a process of its own, on a durable store in a temporary directory. */
export interface BenchServer {
  readonly url: string;
  /** From the start of the process. */
  readonly readyMs: number;
  /** What makes a request one of a cluster administrator's. */
  readonly headers: Readonly<Record<string, string>>;
  /** Resolves with the status once the answer was read. Rejects when that is not a good one. */
  request(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<number>;
  /** Processor time the server has used, in microseconds. */
  cpuUs(): Promise<number>;
  residentMb(): Promise<number>;
  /** Sum of a metric's series. */
  metric(name: string): Promise<number>;
  stop(): Promise<void>;
}

/** What a server is started with beside the usual. */
export interface ServerExtras {
  /** Users who have their names as tokens, and no groups. */
  readonly users?: readonly string[] | undefined;
  readonly flags?: readonly string[] | undefined;
}

/** @param connections how many requests can be on their way at a time. */
export async function startServer(connections = 32, { users = [], flags: extra = [] }: ServerExtras = {}): Promise<BenchServer> {
  const directory = await mkdtemp(join(tmpdir(), 'nanokube-bench-'));
  const tokens = join(directory, 'tokens.csv');
  await writeFile(tokens, [`${TOKEN},bench,bench,"system:masters"`, ...users.map((user) => `${user},${user},${user}`), ''].join('\n'));
  const command = join(import.meta.dirname, '..', '..', 'cli', 'main.js');
  const flags = ['--data-dir', directory, '--secure-port', '0', '--bind-address', '127.0.0.1', '--token-auth-file', tokens, ...extra];
  const started = performance.now();
  const child = fork(command, ['apiserver', ...flags, '--log-level', 'error'], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const url = await new Promise<string>((resolve, reject) => {
    child.once('message', (message: ReadyMessage) => resolve(message.url ?? ''));
    child.once('exit', (code) => reject(new Error(`the API server ended with code ${code}`)));
  });
  const readyMs = Math.round(performance.now() - started);
  const agent = new https.Agent({ keepAlive: true, maxSockets: connections, rejectUnauthorized: false });
  const headers = { authorization: `Bearer ${TOKEN}`, accept: 'application/json' };
  const send = (method: string, path: string, body?: unknown, more: Readonly<Record<string, string>> = {}) =>
    sendTo({ agent, url: new URL(path, url), headers: { ...headers, ...more } }, method, body);
  return {
    url,
    readyMs,
    headers,
    request: async (method, path, body, more) => (await send(method, path, body, more)).status,
    cpuUs: async () => {
      const fields = (await readFile(`/proc/${child.pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
      return (Number(fields[11]) + Number(fields[12])) * 10_000;
    },
    residentMb: async () => {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
      return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024);
    },
    metric: async (name) => {
      const lines = (await send('GET', '/metrics')).text().split('\n');
      const series = lines.filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
      return series.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
    },
    stop: async () => {
      child.kill('SIGTERM');
      agent.destroy();
      if (child.exitCode === null) await once(child, 'exit');
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Does `work` for 0, 1, … `total`-1, so many at a time. */
export async function parallel(total: number, atOnce: number, work: (i: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const loop = async () => {
    for (let i = next++; i < total; i = next++) await work(i);
  };
  await Promise.all(Array.from({ length: atOnce }, loop));
}

interface Answer {
  readonly status: number;
  text(): string;
}

interface Target {
  readonly agent: https.Agent;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
}

function sendTo({ agent, url, headers }: Target, method: string, body: unknown): Promise<Answer> {
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  const ofBody = payload === undefined ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(payload) };
  return new Promise((resolve, reject) => {
    const sent = https.request(url, { agent, method, headers: { ...headers, ...ofBody } }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.once('end', () => {
        const { statusCode = 0 } = answer;
        if (statusCode < 300) resolve({ status: statusCode, text: () => Buffer.concat(chunks).toString() });
        else reject(new Error(`${method} ${url.pathname} was answered ${statusCode}: ${Buffer.concat(chunks)}`));
      });
    });
    sent.once('error', reject);
    sent.end(payload);
  });
}
