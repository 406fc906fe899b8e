import { ApiError } from '../api/index.ts';
import { ConnectionError } from '../client/index.ts';
import { EXIT, OptionError, UserError } from '../runtime/index.ts';
import { StoreError } from '../store/index.ts';

/** Codes of errors of the file system whose text says enough. */
const FILE_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space is left on the device',
  EDQUOT: 'the disk quota is used up',
  ENOTDIR: 'a part of the path is not a directory',
  EISDIR: 'it is a directory',
};

/** Runs a command that does one thing and ends: what goes wrong is one line on standard error, and the exit code. */
export async function runCommand(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    process.exitCode = error instanceof OptionError ? EXIT.usage : EXIT.failure;
    process.stderr.write(`nanokube: ${lineOf(error)}\n`);
  }
}

function lineOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const known = [OptionError, UserError, StoreError, ApiError, ConnectionError].some((kind) => error instanceof kind);
  if (known) return error.message;
  const code = 'code' in error && typeof error.code === 'string' ? FILE_ERRORS[error.code] : undefined;
  const path = 'path' in error && typeof error.path === 'string' ? `${error.path}: ` : '';
  return code === undefined ? (error.stack ?? error.message) : `${path}${code}`;
}
