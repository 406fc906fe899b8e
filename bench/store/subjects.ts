/** The stores that are compared, each with its data on the same disk and every write synced. */
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { delimiter, join, resolve } from 'node:path';
import { openEtcdStore, openLevelStore, type Store } from '../../store/index.ts';

export interface Subject {
  readonly name: string;
  readonly store: Store;
  /** The process that writes to the disk. */
  readonly pid: number;
  close(): Promise<void>;
}

export async function openEmbedded(directory: string): Promise<Subject> {
  const store = await openLevelStore({ directory: join(directory, 'embedded') });
  return { name: 'embedded', store, pid: process.pid, close: () => store.close() };
}

/** The first etcd on the PATH. */
export function findEtcd(): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'etcd'))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A real etcd of one member, with its defaults: it syncs. Without the limit on its size, which a long run would meet. */
export async function openEtcd(directory: string, binary: string): Promise<Subject> {
  const path = join(directory, 'etcd');
  await mkdir(path, { mode: 0o700 });
  const [client, peer] = [await freePort(), await freePort()].map((port) => `http://127.0.0.1:${port}`);
  const args = ['--data-dir', path, '--listen-client-urls', client, '--advertise-client-urls', client, '--listen-peer-urls', peer];
  const quota = ['--quota-backend-bytes', String(8 * 2 ** 30), '--log-level', 'error', '--logger', 'zap'];
  const cluster = ['--initial-advertise-peer-urls', peer, '--initial-cluster', `default=${peer}`];
  return openServer('etcd', client ?? '', spawn(binary, [...args, ...cluster, ...quota].map(String), { stdio: 'ignore' }));
}

/** The embedded store behind etcd's API, in a process of its own. */
export async function openEndpoint(directory: string): Promise<Subject> {
  const url = `http://127.0.0.1:${await freePort()}`;
  const cli = resolve(import.meta.dirname, '../../cli/main.js');
  const args = [cli, 'store', '--data-dir', join(directory, 'endpoint'), '--listen-client-urls', url, '--quota-backend-bytes', '-1'];
  return openServer('endpoint', url, spawn(process.execPath, args, { stdio: 'ignore' }));
}

async function openServer(name: string, endpoint: string, child: ChildProcess): Promise<Subject> {
  const ended = new AbortController();
  const exited = new Promise<void>((done) => {
    child.once('error', (error) => ended.abort(error));
    child.once('close', () => {
      ended.abort(new Error(`${name} has ended`));
      done();
    });
  });
  const store = await openEtcdStore({ endpoints: [endpoint], signal: ended.signal, requestTimeoutMs: 120_000 });
  const close = async () => {
    await store.close();
    child.kill('SIGTERM');
    await exited;
  };
  return { name, store, pid: child.pid ?? 0, close };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done, fail) => server.once('error', fail).listen(0, '127.0.0.1', done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  return typeof address === 'object' && address ? address.port : 0;
}
