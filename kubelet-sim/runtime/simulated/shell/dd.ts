import { normalizePath } from '../files/tree.ts';
import { stdinOf } from './io.ts';
import { type CommandContext, type CommandFunction, complain } from './shell-context.ts';

const BLOCK_BYTES = 512;
/** Bytes that `dd` makes of nothing at most: they are kept in memory. */
const ENDLESS_BYTES_MAX = 256 * 1024 * 1024;
const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  c: 1,
  w: 2,
  b: 512,
  k: 1024,
  kb: 1000,
  m: 1024 ** 2,
  mb: 1000 ** 2,
  g: 1024 ** 3,
  gb: 1000 ** 3,
};
const ENDLESS = /^\/dev\/(?:zero|u?random)$/;

/** A number with its unit, as `dd` reads it: `4k`, `1M`, `2x512`. */
function sizeOf(text: string): number {
  return text.split('x').reduce((product, factor) => {
    const [, digits, unit = ''] = /^(\d+)([a-zA-Z]*)$/.exec(factor) ?? [];
    const scale = UNITS[unit.toLowerCase()];
    return digits === undefined || scale === undefined ? Number.NaN : product * Number(digits) * scale;
  }, 1);
}

/** What is copied: from where, and how many blocks of which size. */
interface Copy {
  readonly source: string | undefined;
  readonly target: string | undefined;
  readonly blockBytes: number;
  /** All there are when it is not given. */
  readonly count: number | undefined;
  readonly skip: number;
  readonly seek: number;
  readonly keepsRest: boolean;
  readonly isQuiet: boolean;
}

function copyOf(args: readonly string[]): Copy | undefined {
  const given = new Map(args.map((arg) => [arg.slice(0, arg.indexOf('=')), arg.slice(arg.indexOf('=') + 1)]));
  const number = (name: string) => (given.has(name) ? sizeOf(given.get(name) ?? '') : undefined);
  const copy = {
    source: given.get('if'),
    target: given.get('of'),
    blockBytes: number('bs') ?? number('ibs') ?? BLOCK_BYTES,
    count: number('count'),
    skip: number('skip') ?? 0,
    seek: number('seek') ?? 0,
    keepsRest: (given.get('conv') ?? '').split(',').includes('notrunc'),
    isQuiet: given.get('status') === 'none',
  };
  const numbers = [copy.blockBytes, copy.count ?? 0, copy.skip, copy.seek];
  return copy.blockBytes < 1 || numbers.some(Number.isNaN) ? undefined : copy;
}

/** The first bytes of the input: no more is read than is asked for, since it may never end. */
async function piped(context: CommandContext, bytes: number): Promise<Buffer> {
  const input = stdinOf(context.fds);
  let text = '';
  while (text.length < bytes) {
    const piece = await input.read();
    if (piece === undefined) break;
    text += piece;
  }
  return Buffer.from(text, 'latin1');
}

async function bytesOf(context: CommandContext, { source, blockBytes, count, skip }: Copy): Promise<Buffer> {
  const [from, length] = [blockBytes * skip, blockBytes * (count ?? Number.POSITIVE_INFINITY)];
  if (source !== undefined && ENDLESS.test(source)) return Buffer.alloc(Math.min(length, ENDLESS_BYTES_MAX));
  const whole =
    source === undefined
      ? await piped(context, from + length)
      : Buffer.from(await (await context.host.files()).readFile(normalizePath(source, context.state.cwd)));
  return whole.subarray(from, from + length);
}

async function put(context: CommandContext, { target, blockBytes, seek, keepsRest }: Copy, bytes: Buffer): Promise<void> {
  if (target === undefined) return await context.stdout.write(bytes.toString('latin1'));
  const files = await context.host.files();
  const path = normalizePath(target, context.state.cwd);
  const at = seek * blockBytes;
  if (at === 0 && !keepsRest) return await files.writeFile(path, bytes);
  const before = Buffer.from(await files.readFile(path).catch(() => new Uint8Array()));
  const end = at + bytes.length;
  const whole = Buffer.alloc(keepsRest ? Math.max(before.length, end) : end);
  before.copy(whole);
  bytes.copy(whole, at);
  await files.writeFile(path, whole);
}

/** `dd [if=FILE] [of=FILE] [bs=N] [count=N] [skip=N] [seek=N] [conv=notrunc,fsync] [status=none]`: copies blocks, of its input unless told otherwise. */
export const dd: CommandFunction = async (context) => {
  const copy = copyOf(context.args);
  if (!copy) return await complain(context, 'dd: invalid number');
  const bytes = await bytesOf(context, copy);
  await put(context, copy, bytes);
  const whole = Math.floor(bytes.length / copy.blockBytes);
  const blocks = `${whole}+${bytes.length % copy.blockBytes === 0 ? 0 : 1}`;
  return copy.isQuiet ? 0 : await complain(context, `${blocks} records in\n${blocks} records out`, 0);
};
