import { expect, test } from 'vitest';
import { duplexPair } from './duplex-pair.ts';

test('what is written to one end is read from the other, until it ends', async () => {
  const [a, b] = duplexPair();
  a.write('one');
  a.end('two');
  const read: string[] = [];
  for await (const chunk of b) read.push(String(chunk));
  expect(read.join('')).toBe('onetwo');
});

test('who lets go of a connection ends it for the other side, who still reads what was sent', async () => {
  const [a, b] = duplexPair();
  a.write('last words');
  const read: string[] = [];
  b.on('data', (chunk) => read.push(String(chunk)));
  const closed = new Promise((resolve) => b.once('close', resolve));
  await new Promise((resolve) => setImmediate(resolve));
  a.destroy();
  await closed;
  expect(read.join('')).toBe('last words');
});

test('a writer waits for its reader', async () => {
  const [a, b] = duplexPair();
  const large = Buffer.alloc(1_000_000);
  expect(a.write(large)).toBe(false);
  let bytes = 0;
  b.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  await new Promise((resolve) => a.once('drain', resolve));
  expect(bytes).toBe(large.length);
});
