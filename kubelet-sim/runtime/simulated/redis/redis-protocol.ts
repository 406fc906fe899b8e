import type { RedisReply } from './redis-data.ts';

/** What was read of a stream, and what is left of it. */
export interface Taken<T> {
  readonly value: T;
  readonly rest: string;
}

/** A reply on the wire (RESP 2); texts are byte strings. */
export function writeReply(reply: RedisReply): string {
  if (reply === null) return '$-1\r\n';
  if (typeof reply === 'number') return `:${reply}\r\n`;
  if (typeof reply === 'string') return `$${reply.length}\r\n${reply}\r\n`;
  if ('status' in reply) return `+${reply.status}\r\n`;
  if ('error' in reply) return `-${reply.error}\r\n`;
  return `*${reply.length}\r\n${reply.map(writeReply).join('')}`;
}

/** A command on the wire. */
export const writeCommand = (words: readonly string[]): string => writeReply(words);

/** The next command of a stream, written as an array or as a line; undefined until it is whole. */
export function takeCommand(text: string): Taken<readonly string[]> | undefined {
  if (text.startsWith('*')) {
    const taken = takeReply(text);
    return taken && { value: Array.isArray(taken.value) ? taken.value.map(String) : [], rest: taken.rest };
  }
  const end = text.indexOf('\n');
  return end < 0 ? undefined : { value: wordsOf(text.slice(0, end)), rest: text.slice(end + 1) };
}

/** The next reply of a stream; undefined until it is whole. */
export function takeReply(text: string): Taken<RedisReply> | undefined {
  const end = text.indexOf('\r\n');
  if (end < 0) return undefined;
  const [mark, head, rest] = [text.charAt(0), text.slice(1, end), text.slice(end + 2)];
  if (mark === '+') return { value: { status: head }, rest };
  if (mark === '-') return { value: { error: head }, rest };
  if (mark === ':') return { value: Number(head), rest };
  const count = Number(head);
  if (mark === '*') return takeMany(count, rest);
  if (count < 0) return { value: null, rest };
  return rest.length < count + 2 ? undefined : { value: rest.slice(0, count), rest: rest.slice(count + 2) };
}

function takeMany(count: number, text: string): Taken<RedisReply> | undefined {
  const value: RedisReply[] = [];
  let rest = text;
  for (let i = 0; i < count; i++) {
    const taken = takeReply(rest);
    if (!taken) return undefined;
    value.push(taken.value);
    ({ rest } = taken);
  }
  return { value, rest };
}

/** The words of a line, with quotes around what has spaces. */
export const wordsOf = (line: string): readonly string[] =>
  [...line.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S+)/g)].map(([, double, single, bare]) =>
    double === undefined ? (single ?? bare ?? '') : double.replace(/\\(.)/g, '$1'),
  );
