import { normalizePath } from '../files/tree.ts';
import { readOptions } from './command-options.ts';
import { stdinOf } from './io.ts';
import type { CommandFunction } from './shell-context.ts';

const ROW = 16;
const VALUES: ReadonlySet<string> = new Set(['n', 's']);

/** `hexdump [-C] [-n BYTES] [-s SKIP] [FILE…]`: bytes in hexadecimal, with `-C` one by one and as text, else in words of two. */
export const hexdump: CommandFunction = async ({ args, host, state, fds, stdout }) => {
  const { values, operands } = readOptions(args, VALUES);
  const files = await host.files();
  const pieces = await Promise.all(operands.map(async (name) => (await files.readFile(normalizePath(name, state.cwd))).toString('latin1')));
  const all = operands.length > 0 ? pieces.join('') : await stdinOf(fds).readAll();
  const skip = Number(values.get('s') ?? 0);
  const bytes = Buffer.from(values.has('n') ? all.slice(skip, skip + Number(values.get('n'))) : all.slice(skip), 'latin1');
  const width = values.has('C') ? 8 : 7;
  const offset = (at: number) => (at + skip).toString(16).padStart(width, '0');
  const row = values.has('C') ? canonical : words;
  for (let at = 0; at < bytes.length; at += ROW) await stdout.write(`${offset(at)} ${row(bytes.subarray(at, at + ROW))}\n`);
  if (bytes.length > 0) await stdout.write(`${offset(bytes.length)}\n`);
  return 0;
};

const hex = (byte: number): string => byte.toString(16).padStart(2, '0');

function canonical(bytes: Buffer): string {
  const half = (from: number) => [...bytes.subarray(from, from + ROW / 2)].map(hex).join(' ');
  const text = [...bytes].map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
  return ` ${`${half(0).padEnd(23)}  ${half(ROW / 2)}`.padEnd(49)} |${text}|`;
}

function words(bytes: Buffer): string {
  const pairs: string[] = [];
  for (let i = 0; i < bytes.length; i += 2) pairs.push(hex(bytes[i + 1] ?? 0) + hex(bytes[i] ?? 0));
  return pairs.join(' ');
}
