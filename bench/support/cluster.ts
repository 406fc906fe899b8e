import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const COMMAND = join(import.meta.dirname, '../../cli/main.js');
const JIFFY_MS = 10;

/** A cluster under test, each process its own. */
export interface BenchCluster {
  readonly readyMs: number;
  readonly directory: string;
  /** Of all processes, or of those whose command line has this word. */
  rssMb(word?: string): number;
  /** Processor time of the processes whose command line has this word. */
  cpuMs(word: string): number;
  /** kill -9 of the processes whose command line has this word; the command starts them again. */
  kill(word: string): void;
  stop(): Promise<void>;
}

/** Starts a cluster as a user does, and waits for its last line. */
export async function up(directory: string, nodes: number, more: readonly string[] = []): Promise<BenchCluster> {
  const begin = performance.now();
  const flags = [`--nodes=${nodes}`, `--data-dir=${directory}`, '--secure-port=0', ...more];
  const child = spawn(process.execPath, [COMMAND, 'up', ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise<void>((resolve, reject) => {
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.includes('\nnanokube is ready')) resolve();
    });
    child.once('close', () => reject(new Error('the cluster did not start')));
  });
  const readyMs = performance.now() - begin;
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const { pid = 0 } = child;
  const matching = (word?: string) => [pid, ...childrenOf(pid)].filter((each) => word === undefined || commandOf(each).includes(word));
  const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);
  return {
    readyMs,
    directory,
    rssMb: (word) => sum(matching(word).map(rssKb)) / 1024,
    cpuMs: (word) => sum(matching(word).map(cpuMs)),
    kill: (word) => {
      for (const each of matching(word)) process.kill(each, 'SIGKILL');
    },
    stop: () => {
      child.kill('SIGTERM');
      return closed;
    },
  };
}

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
const commandOf = (pid: number): string[] => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
const rssKb = (pid: number): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);

function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * JIFFY_MS;
}

export const row = (name: string, text: string): void => console.log(`${name.padEnd(34)}${text}`);
