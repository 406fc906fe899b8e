import { expect, test } from 'vitest';
import { Attachments } from './attachments.ts';
import { StdinPipe } from './stdin-pipe.ts';

const signal = new AbortController().signal;

async function* typed(text: string): AsyncGenerator<Buffer> {
  yield await Promise.resolve(Buffer.from(text));
}

test.each([
  ['whose input then ends is followed until it ends', true, 'following'],
  ['that reads on is left when the typing ends', false, 'left'],
])('a process %s', async (_name, stdinOnce, wanted) => {
  const input = new StdinPipe();
  const attachments = new Attachments({ input, stdinOnce, terminal: undefined, output: () => undefined, signal: () => undefined });
  let state = 'following';
  const left = attachments.follow({ stdin: typed('hi'), output: () => undefined }, signal).then(() => {
    state = 'left';
  });
  let read = '';
  for await (const text of input) {
    read += text;
    if (!stdinOnce) break;
  }
  expect(read).toBe('hi');
  for (let i = 0; i < 10; i += 1) await Promise.resolve();
  expect(state).toBe(wanted);
  attachments.end();
  await left;
});
