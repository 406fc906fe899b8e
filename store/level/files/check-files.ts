/**
 * Before LevelDB opens a directory: whether its files are as it wrote them. LevelDB passes over damage in its logs, reads tables without looking at
 * their checksums, and deletes what its manifest does not name; so whatever is wrong is to be found first, and nothing be touched.
 *
 * What a crash leaves is none of it: logs that end within a record, files that no manifest names yet or any more.
 */
import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { corrupt, SELF_CHECKED } from '../log-codec.ts';
import { DamagedFile, readLogFile } from './log-file.ts';
import { type Manifest, readManifest } from './manifest.ts';
import { checkTableFile } from './table-file.ts';

const FIRST_MANIFEST = 'MANIFEST-000001';

/** @throws StoreError `Corrupt` with the file and the place; others as the file system says. */
export async function checkFiles(directory: string): Promise<void> {
  const names = await namesIn(directory);
  if (!names.includes('CURRENT')) {
    checkNew(directory, names);
    return;
  }
  const manifest = await checkFile(directory, await currentManifest(directory, names), readManifest);
  await checkLogs(directory, names, manifest);
  await checkTables(directory, names, manifest);
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

/**
 * LevelDB would make a new, empty database where it does not find its CURRENT file. It is rightly missing only where LevelDB was stopped
 * while it made its first files: then there is its first manifest and nothing else.
 */
function checkNew(directory: string, names: readonly string[]): void {
  const data = names.filter((name) => /^MANIFEST-|\.(ldb|sst|log)$/.test(name) && name !== FIRST_MANIFEST);
  if (data.length > 0) throw corrupt(`${directory} has ${data[0]} but no file CURRENT`);
}

async function currentManifest(directory: string, names: readonly string[]): Promise<string> {
  const text = await readFile(join(directory, 'CURRENT'), 'latin1');
  const name = text.slice(0, -1);
  if (!/^MANIFEST-\d{6,}\n$/.test(text) || !names.includes(name)) {
    throw corrupt(`${join(directory, 'CURRENT')} names ${JSON.stringify(text.slice(0, 40))}, which is no manifest there is`);
  }
  return name;
}

async function checkLogs(directory: string, names: readonly string[], { logNumber }: Manifest): Promise<void> {
  const numbers = names.flatMap((name) => (/^\d+\.log$/.test(name) ? [Number.parseInt(name, 10)] : []));
  if (logNumber > 0 && !numbers.includes(logNumber)) throw corrupt(`${directory} has no log ${fileName(logNumber)}.log any more`);
  for (const number of numbers) {
    if (number >= logNumber) await checkFile(directory, `${fileName(number)}.log`, goThrough);
  }
}

async function checkTables(directory: string, names: readonly string[], { tables }: Manifest): Promise<void> {
  for (const [number, bytes] of tables) {
    const name = ['ldb', 'sst'].map((extension) => `${fileName(number)}.${extension}`).find((each) => names.includes(each));
    if (name === undefined) throw corrupt(`${directory} has no table ${fileName(number)}.ldb any more`);
    await checkTable(join(directory, name), bytes);
  }
}

async function checkTable(path: string, bytes: number): Promise<void> {
  await using file = await open(path);
  const { size } = await file.stat();
  const read = async (offset: number, length: number): Promise<Buffer> => {
    const buffer = Buffer.allocUnsafe(Math.min(length, size));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, offset);
    if (bytesRead < length) throw new DamagedFile(`there is no block of ${length} bytes at byte ${offset}`);
    return buffer;
  };
  try {
    if (size !== bytes) throw new DamagedFile(`it has ${size} bytes instead of ${bytes}`);
    await checkTableFile({ size, read }, SELF_CHECKED);
  } catch (error) {
    throw asCorrupt(path, error);
  }
}

function goThrough(file: Buffer): void {
  for (const record of readLogFile(file)) if (record.length === 0) throw new DamagedFile('there is an empty record');
}

const fileName = (number: number): string => String(number).padStart(6, '0');

async function checkFile<T>(directory: string, name: string, check: (file: Buffer) => T): Promise<T> {
  const path = join(directory, name);
  const file = await readFile(path);
  try {
    return check(file);
  } catch (error) {
    throw asCorrupt(path, error);
  }
}

const asCorrupt = (path: string, error: unknown): unknown =>
  error instanceof DamagedFile || error instanceof RangeError ? corrupt(`${path}: ${error.message}`, error) : error;
