import { formatPrintf } from './printf.ts';
import { unescapeBackslashes } from './word-parser.ts';

/** What one `-e` of hexdump gives: what is written of each block, and what once at the end (`%_A`). */
export interface HexFormat {
  readonly units: readonly Unit[];
  readonly ending: readonly Unit[];
  /** How much of a block it looks at. */
  readonly bytes: number;
}

/** `[TIMES][/BYTES] "FORMAT"` */
interface Unit {
  readonly times: number;
  /** Whether TIMES was given: a last unit without is repeated until the block is done. */
  readonly isCounted: boolean;
  readonly pieces: readonly Piece[];
  readonly bytes: number;
}

/** A text, and what comes after it of the data. */
interface Piece {
  readonly text: string;
  readonly conversion?: Conversion | undefined;
}

interface Conversion {
  /** Flags, width and precision, as printf has them. */
  readonly layout: string;
  readonly width: number;
  readonly kind: string;
  readonly bytes: number;
}

/** A format that cannot be read. */
export class BadFormat extends Error {
  override readonly name = 'BadFormat';
}

const UNIT = /\s*(\d+)?(?:\/(\d+))?\s*"((?:[^"\\]|\\.)*)"\s*/y;
const PIECE = /([^%]*)%(?:([-+ #0]*(\d*)(?:\.(\d+))?)(_[aA][dox]|_[pcu]|[diouxXcseEfgG])|(%))/y;
/** Bytes that a conversion may be of; the first unless others are asked for. */
const SIZES: readonly [RegExp, readonly number[]][] = [
  [/^_[aA]/, [0]],
  [/^[diouxX]$/, [4, 1, 2]],
  [/^[eEfgG]$/, [8, 4]],
  [/^(?:c|_[pcu])$/, [1]],
];

/** @throws BadFormat */
export function readHexFormat(text: string): HexFormat {
  const all: Unit[] = [];
  for (UNIT.lastIndex = 0; UNIT.lastIndex < text.length; ) {
    const [whole, times, bytes, format = ''] = UNIT.exec(text) ?? [];
    if (whole === undefined) throw new BadFormat(`bad format {${text}}`);
    const pieces = readPieces(unescapeBackslashes(format), bytes === undefined ? undefined : Number(bytes));
    const sum = pieces.reduce((total, { conversion }) => total + (conversion?.bytes ?? 0), 0);
    all.push({ times: Number(times ?? 1), isCounted: times !== undefined, pieces, bytes: sum });
  }
  const isEnding = ({ pieces }: Unit) => pieces.some(({ conversion }) => conversion?.kind.startsWith('_A'));
  const units = all.filter((unit) => !isEnding(unit));
  return { units, ending: all.filter(isEnding), bytes: units.reduce((total, unit) => total + unit.times * unit.bytes, 0) };
}

function readPieces(format: string, asked: number | undefined): Piece[] {
  const pieces: Piece[] = [];
  let text = '';
  let end = 0;
  for (PIECE.lastIndex = 0; PIECE.lastIndex < format.length; end = PIECE.lastIndex) {
    const [whole, before = '', layout = '', width, precision, kind = '', percent] = PIECE.exec(format) ?? [];
    if (whole === undefined) break;
    text += before + (percent ?? '');
    if (percent !== undefined) continue;
    const bytes = sizeOf(kind, asked, precision);
    pieces.push({ text, conversion: { layout, width: Number(width || 0), kind, bytes } });
    text = '';
  }
  const rest = text + format.slice(end);
  if (/%./.test(rest)) throw new BadFormat(`bad conversion character %${/%(.)/.exec(rest)?.[1]}`);
  return rest === '' ? pieces : [...pieces, { text: rest }];
}

function sizeOf(kind: string, asked: number | undefined, precision: string | undefined): number {
  if (kind === 's') {
    const bytes = asked ?? Number(precision);
    if (Number.isNaN(bytes)) throw new BadFormat('%s requires a precision or a byte count');
    return bytes;
  }
  const sizes = SIZES.find(([pattern]) => pattern.test(kind))?.[1] ?? [];
  const bytes = sizes[0] === 0 ? 0 : (asked ?? sizes[0] ?? 1);
  if (!sizes.includes(bytes)) throw new BadFormat(`bad byte count for conversion character ${kind}`);
  return bytes;
}

/** What a dump is made of, and how it goes on where lines are alike. */
export interface Dump {
  readonly formats: readonly HexFormat[];
  readonly data: Buffer;
  /** Where the data was in the file. */
  readonly skipped: number;
  /** Whether lines that are as the one before are written too, rather than one `*` for all of them. */
  readonly isVerbose: boolean;
}

/** The dump, block by block. */
export function* dumpText({ formats, data, skipped, isVerbose }: Dump): Generator<string> {
  const blockBytes = Math.max(...formats.map(({ bytes }) => bytes));
  const rows = formats.map((format) => stretched(format, blockBytes));
  let before: Buffer | undefined;
  let isSqueezing = false;
  for (let at = 0; blockBytes > 0 && at < data.length; at += blockBytes) {
    const block = data.subarray(at, at + blockBytes);
    const isAlike = !isVerbose && before?.equals(block) === true;
    if (!isAlike) for (const units of rows) yield blockText(units, block, skipped + at);
    else if (!isSqueezing) yield '*\n';
    isSqueezing = isAlike;
    before = block;
  }
  if (data.length > 0) for (const { ending } of formats) yield blockText(ending, Buffer.alloc(0), skipped + data.length);
}

/** The units of a format that looks at less than a block, with the last of them again and again. */
function stretched({ units, bytes }: HexFormat, blockBytes: number): readonly Unit[] {
  const last = units.at(-1);
  if (last === undefined || last.isCounted || last.bytes === 0) return units;
  return [...units.slice(0, -1), { ...last, times: last.times + Math.floor((blockBytes - bytes) / last.bytes) }];
}

/** What a format writes of a block; beyond the block's end its fields are empty. */
function blockText(units: readonly Unit[], block: Buffer, offset: number): string {
  let text = '';
  let at = 0;
  for (const { times, pieces, bytes } of units)
    for (let time = 1; time <= times; time++, at += bytes) {
      const written = piecesText(pieces, block, at, offset);
      const isLastOfMany = times > 1 && time === times && pieces.at(-1)?.conversion === undefined;
      text += isLastOfMany ? written.replace(/\s$/, '') : written;
    }
  return text;
}

function piecesText(pieces: readonly Piece[], block: Buffer, begin: number, offset: number): string {
  let text = '';
  let at = begin;
  for (const { text: before, conversion } of pieces) {
    text += before;
    if (conversion === undefined) continue;
    text += conversion.bytes === 0 || at < block.length ? converted(conversion, block, at, offset) : ' '.repeat(conversion.width);
    at += conversion.bytes;
  }
  return text;
}

const ESCAPES: ReadonlyMap<number, string> = new Map([
  [0, '\\0'],
  [7, '\\a'],
  [8, '\\b'],
  [9, '\\t'],
  [10, '\\n'],
  [11, '\\v'],
  [12, '\\f'],
  [13, '\\r'],
]);
const CONTROL_NAMES =
  'nul soh stx etx eot enq ack bel bs ht lf vt ff cr so si dle dc1 dc2 dc3 dc4 nak syn etb can em sub esc fs gs rs us'.split(' ');
const DELETE = 0x7f;

function converted({ layout, kind, bytes }: Conversion, block: Buffer, at: number, offset: number): string {
  const print = (letter: string, value: string | number) => formatPrintf(`%${layout}${letter}`, [String(value)]);
  if (/^_[aA]/.test(kind)) return print(kind.charAt(2), offset + at);
  if (kind === 's') return print('s', block.toString('latin1', at, at + bytes));
  if (/[diouxXeEfgG]/.test(kind) && !kind.startsWith('_')) return print(kind, numberOf(kind, bytes, block, at));
  return print('s', characterOf(kind, block[at] ?? 0));
}

/** What is beyond the block's end is zero. */
function numberOf(kind: string, bytes: number, block: Buffer, at: number): number {
  const whole = Buffer.alloc(bytes);
  block.copy(whole, 0, at, at + bytes);
  if (/[eEfgG]/.test(kind)) return bytes === 4 ? whole.readFloatLE() : whole.readDoubleLE();
  return /[di]/.test(kind) ? whole.readIntLE(0, bytes) : whole.readUIntLE(0, bytes);
}

function characterOf(kind: string, byte: number): string {
  const isPrintable = byte >= 0x20 && byte < DELETE;
  if (kind === 'c' || isPrintable) return String.fromCharCode(byte);
  if (kind === '_p') return '.';
  if (kind === '_c') return ESCAPES.get(byte) ?? byte.toString(8).padStart(3, '0');
  return byte === DELETE ? 'del' : (CONTROL_NAMES[byte] ?? byte.toString(16));
}
