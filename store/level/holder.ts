/**
 * Who has a database open: a small file beside it, so that a refusal can say whose process is in the way. It is a hint for people; the lock
 * is LevelDB's own.
 */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

const HOLDER_FILE = 'holder';

export const isHolderFile = (name: string): boolean => name === HOLDER_FILE;

/** @param now milliseconds since the epoch. */
export async function writeHolder(directory: string, now: number): Promise<void> {
  const holder = { pid: process.pid, host: hostname(), since: new Date(now).toISOString() };
  await writeFile(join(directory, HOLDER_FILE), `${JSON.stringify(holder)}\n`);
}

export async function removeHolder(directory: string): Promise<void> {
  await rm(join(directory, HOLDER_FILE), { force: true });
}

/** Who holds the database, in words. */
export async function describeHolder(directory: string): Promise<string> {
  try {
    const holder: unknown = JSON.parse(await readFile(join(directory, HOLDER_FILE), 'utf8'));
    if (typeof holder !== 'object' || holder === null) return 'another process';
    const { pid, host, since } = { pid: '?', host: '?', since: '?', ...holder };
    return `process ${pid} on ${host} (since ${since})`;
  } catch (error) {
    if (error instanceof SyntaxError || (error instanceof Error && 'code' in error)) return 'another process';
    throw error;
  }
}
