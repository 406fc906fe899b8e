import { type KeyObject, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { keyFromPem, makePrivateDirectory, UserError } from '../../runtime/index.ts';

/** Readable by the owner alone. */
export const MODE_SECRET = 0o600;
export const MODE_PUBLIC = 0o644;

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : 'unknown error');

/** @returns the file's text; undefined when there is none. @throws UserError when it cannot be read. */
export function readIfThere(path: string): string | undefined {
  try {
    // Synchronous: for a dozen small files at start it takes a tenth of the time that the thread pool does.
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw new UserError(`cannot read ${path} (${codeOf(error)}): make it readable for this user`, { cause: error });
  }
}

/**
 * Writes a file that is not there yet, whole or not at all.
 *
 * @returns what the file now holds: another text when another process, at the same time, was faster.
 * @throws UserError
 */
export async function createFile(path: string, text: string, mode: number): Promise<string> {
  let present = text;
  await writeWhole(path, text, mode, async (temporary) => {
    await link(temporary, path).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error;
      present = readIfThere(path) ?? text;
    });
    await unlink(temporary);
  });
  return present;
}

/** Writes a file, over an older one, whole or not at all. @throws UserError */
export async function replaceFile(path: string, text: string, mode: number): Promise<void> {
  await writeWhole(path, text, mode, (temporary) => rename(temporary, path));
}

async function writeWhole(path: string, text: string, mode: number, publish: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = `${path}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    makePrivateDirectory(dirname(path));
    await writeFile(temporary, text, { mode });
    await publish(temporary);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw new UserError(`cannot write ${path} (${codeOf(error)}): check the directory's owner and free space`, { cause: error });
  }
}

/** @throws UserError when the text is no private key. */
export function readKey(path: string, pem: string): KeyObject {
  try {
    return keyFromPem(pem);
  } catch (error) {
    throw new UserError(`${path} is not a private key in PEM form: restore it, or remove it to have a new one made`, { cause: error });
  }
}
