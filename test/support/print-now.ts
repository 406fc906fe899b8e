import { writeSync } from 'node:fs';

/**
 * Prints a line before it returns: so a line that is out was true, and one that is cut was not yet promised. The reader may be behind: then it is
 * tried until there is room.
 */
export function printNow(line: string): void {
  const bytes = Buffer.from(`${line}\n`);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(1, bytes, at);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
    }
  }
}
