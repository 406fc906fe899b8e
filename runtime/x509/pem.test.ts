import { describe, expect, it } from 'vitest';
import { decodePem } from './pem.ts';

const block = (type: string, body: string, end = type): string => `-----BEGIN ${type}-----\n${body}\n-----END ${end}-----\n`;

it('finds the first block, and leaves what comes after it', () => {
  const found = decodePem(`some text\n${block('A B', 'aGVs\nbG8=')}${block('C', '')}`);
  expect(found).toMatchObject({ type: 'A B', hasHeaders: false, rest: block('C', '') });
  expect(found?.bytes.toString()).toBe('hello');
});

it('takes headers, empty blocks, and lines that end in a carriage return or in blanks', () => {
  expect(decodePem(block('A', 'X: 1\nY: 2\n\naGVsbG8='))).toMatchObject({ hasHeaders: true, bytes: Buffer.from('hello') });
  expect(decodePem('-----BEGIN A-----\n-----END A-----')).toMatchObject({ type: 'A', bytes: Buffer.alloc(0), rest: '' });
  expect(decodePem('-----BEGIN A----- \r\naGVs bG8=\r\n-----END A-----\t\r\n')?.bytes.toString()).toBe('hello');
});

describe('what is no block', () => {
  it.each([
    ['nothing', ''],
    ['text before its beginning on the line', `x${block('A', 'aGVsbG8=')}`],
    ['another end', block('A', 'aGVsbG8=', 'B')],
    ['no end', '-----BEGIN A-----\naGVsbG8=\n'],
    ['text after the end on its line', block('A', 'aGVsbG8=').replace('END A-----', 'END A-----x')],
    ['no base64', block('A', 'aGVsbG8')],
    ['a beginning without dashes', block('A', 'aGVsbG8=').replace('BEGIN A-----', 'BEGIN A')],
  ])('%s', (_what, text) => {
    expect(decodePem(text)).toBeUndefined();
    expect(decodePem(`${text}\n${block('Z', 'aGVsbG8=')}`)?.type).toBe('Z');
  });
});
