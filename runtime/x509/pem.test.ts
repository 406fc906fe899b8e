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

describe('a text that would keep a careless reader busy for minutes', () => {
  const MANY = 100_000;
  it.each([
    ['beginnings', '-----BEGIN A-----\n'.repeat(MANY)],
    ['beginnings and one other end', `${'-----BEGIN A-----\n'.repeat(MANY)}-----END B-----`],
    ['beginnings that are headers too', `${'-----BEGIN A:-----\n'.repeat(MANY)}\n${'A'.repeat(MANY * 10 + 1)}\n-----END A:-----`],
    ['ends of others', '-----BEGIN A-----\n-----END B-----\n'.repeat(MANY)],
    ['an end without end', `${'-----BEGIN A-----\n'.repeat(MANY)}\n-----END ${'A'.repeat(MANY * 10)}`],
    ['blanks', `-----BEGIN A-----${' '.repeat(MANY * 10)}x\n-----END A-----`],
  ])('%s', (_what, text) => {
    expect(decodePem(text)).toBeUndefined();
  });
});
