/**
 * The API server's request types: `npm run build && npm run bench -- api [--pods 5000] [--watchers 100]`. It runs in a process of its own, on a
 * durable store in a temporary directory. Prints a table; numbers are for comparing runs on one machine.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import https from 'node:https';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { ReadyMessage } from '../runtime/index.ts';

const { values: arguments_ } = parseArgs({
  options: { pods: { type: 'string', default: '5000' }, watchers: { type: 'string', default: '100' } },
});
const pods = Number(arguments_.pods);
const watchers = Number(arguments_.watchers);
const CONNECTIONS = 32;
const UPDATES = 1000;
const LISTS = 9;
const TOKEN = 'bench';
const BASE = '/api/v1/namespaces/bench/pods';

interface Row {
  readonly row: string;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuUs: number;
}

const directory = await mkdtemp(join(tmpdir(), 'nanokube-bench-'));
const started = performance.now();
const { child, url } = await startServer();
const readyMs = Math.round(performance.now() - started);
const agent = new https.Agent({ keepAlive: true, maxSockets: CONNECTIONS, rejectUnauthorized: false });
const rows: Row[] = [];

try {
  await run();
} finally {
  child.kill('SIGTERM');
  agent.destroy();
  await rm(directory, { recursive: true, force: true });
}

async function run(): Promise<void> {
  await request('POST', '/api/v1/namespaces', { metadata: { name: 'bench' } });
  await request('POST', '/api/v1/namespaces/bench/serviceaccounts', { metadata: { name: 'default' }, automountServiceAccountToken: false });
  await measure('warm up', Math.min(500, pods), (i) => request('POST', BASE, pod(`warm-${i}`)));
  rows.length = 0;
  await measure('create pod', pods, (i) => request('POST', BASE, pod(`p-${i}`)));
  await measure('get pod', pods * 2, (i) => request('GET', `${BASE}/p-${(i * 7919) % pods}`));
  await measure('patch pod status', pods, (i) => patchStatus(i, 1));
  await measure('list, consistent', LISTS, () => request('GET', BASE), 1);
  await measure('list, cached', LISTS, () => request('GET', `${BASE}?resourceVersion=0`), 1);
  await measure('list, one label in 64', LISTS, () => request('GET', `${BASE}?resourceVersion=0&labelSelector=shard%3D7`), 1);
  await measureWatch();
  await measure('delete pod', pods, (i) => request('DELETE', `${BASE}/p-${i}`));
  console.table(rows);
  console.log(
    `ready after ${readyMs} ms, ${await residentMb()} MB resident, load ${loadavg()
      .map((load) => load.toFixed(2))
      .join(' ')}`,
  );
}

async function startServer(): Promise<{ child: ChildProcess; url: string }> {
  const tokens = join(directory, 'tokens.csv');
  await writeFile(tokens, `${TOKEN},bench,bench,"system:masters"\n`);
  const command = join(import.meta.dirname, '..', 'cli', 'main.js');
  const flags = ['--data-dir', directory, '--secure-port', '0', '--bind-address', '127.0.0.1', '--token-auth-file', tokens];
  const server = fork(command, ['apiserver', ...flags, '--log-level', 'error'], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  return new Promise((resolve, reject) => {
    server.once('message', (message: ReadyMessage) => resolve({ child: server, url: message.url ?? '' }));
    server.once('exit', (code) => reject(new Error(`the API server ended with code ${code}`)));
  });
}

function pod(name: string) {
  const resources = { requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu: '200m', memory: '128Mi' } };
  const container = {
    name: 'web',
    image: 'registry.example/web:1.2.3',
    command: ['/bin/web'],
    env: [{ name: 'A', value: '1' }],
    resources,
  };
  const labels = { app: 'bench', shard: String(Number(name.split('-')[1]) % 64) };
  return { metadata: { name, labels }, spec: { terminationGracePeriodSeconds: 0, nodeName: 'n1', containers: [container] } };
}

function patchStatus(i: number, round: number): Promise<number> {
  const podIP = `10.${round}.${(i >> 8) & 255}.${i & 255}`;
  return request('PATCH', `${BASE}/p-${i % pods}/status`, { status: { phase: 'Running', podIP } });
}

function request(method: string, path: string, body?: unknown): Promise<number> {
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  const headers = {
    authorization: `Bearer ${TOKEN}`,
    accept: 'application/json',
    ...(payload === undefined ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(payload) }),
  };
  return new Promise((resolve, reject) => {
    const sent = https.request(new URL(path, url), { agent, method, headers }, (answer) => {
      answer.resume();
      answer.once('end', () => {
        const { statusCode = 0 } = answer;
        if (statusCode < 300) resolve(statusCode);
        else reject(new Error(`${method} ${path} was answered ${statusCode}`));
      });
    });
    sent.once('error', reject);
    sent.end(payload);
  });
}

/** Processor time the server has used, in microseconds. */
async function cpuUs(): Promise<number> {
  const fields = (await readFile(`/proc/${child.pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

async function residentMb(): Promise<number> {
  const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024);
}

async function measure(
  row: string,
  total: number,
  work: (i: number) => Promise<unknown>,
  connections: number = CONNECTIONS,
): Promise<void> {
  const times: number[] = [];
  let next = 0;
  const cpuBefore = await cpuUs();
  const begun = performance.now();
  const loop = async () => {
    for (let i = next++; i < total; i = next++) {
      const from = performance.now();
      await work(i);
      times.push(performance.now() - from);
    }
  };
  await Promise.all(Array.from({ length: connections }, loop));
  await note(row, { total, times, tookMs: performance.now() - begun, cpuBefore });
}

async function note(row: string, run: { total: number; times: number[]; tookMs: number; cpuBefore: number }): Promise<void> {
  run.times.sort((a, b) => a - b);
  const at = (share: number) => Number((run.times[Math.floor((run.times.length - 1) * share)] ?? 0).toFixed(2));
  const used = Math.round(((await cpuUs()) - run.cpuBefore) / run.total);
  rows.push({ row, perSecond: Math.round((run.total * 1000) / run.tookMs), p50Ms: at(0.5), p99Ms: at(0.99), cpuUs: used });
}

/** Every watcher gets every update: a row of delivered events. */
async function measureWatch(): Promise<void> {
  const total = watchers * UPDATES;
  let seen = 0;
  let finish = (): void => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const own = new https.Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY, rejectUnauthorized: false });
  const options = { agent: own, headers: { authorization: `Bearer ${TOKEN}` } };
  const open = () =>
    new Promise<void>((resolve) => {
      https.get(new URL(`${BASE}?watch=1&sendInitialEvents=false&resourceVersionMatch=NotOlderThan`, url), options, (answer) => {
        answer.on('data', (chunk: Buffer) => {
          for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) seen++;
          if (seen >= total) finish();
        });
        resolve();
      });
    });
  await Promise.all(Array.from({ length: watchers }, open));
  const cpuBefore = await cpuUs();
  const begun = performance.now();
  let next = 0;
  const loop = async () => {
    for (let i = next++; i < UPDATES; i = next++) await patchStatus(i, 2);
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, loop));
  await finished;
  await note(`events to ${watchers} watchers`, { total, times: [], tookMs: performance.now() - begun, cpuBefore });
  own.destroy();
}
