import type { SimulatedContainer } from '../container.ts';
import { FileError } from '../files/tree.ts';
import type { ByteStream } from '../network/listener.ts';
import { RedisData, type RedisReply, settingOf } from './redis-data.ts';
import { takeCommand, wordsOf, writeReply } from './redis-protocol.ts';

/** What each container that is a Redis has in memory: it is gone with the container. */
const dataOf = new WeakMap<SimulatedContainer, Promise<RedisData>>();

/** Commands that wait for a list to have something, with the place of their timeout; 0 seconds are for ever. */
const WAITING: ReadonlySet<string> = new Set(['blpop', 'brpop', 'brpoplpush']);

/** Serves a connection to the Redis of a container. */
export async function serveRedis(container: SimulatedContainer, { input, output, signal }: ByteStream): Promise<void> {
  let data = dataOf.get(container);
  if (!data) {
    data = configOf(container).then((config) => new RedisData(config));
    dataOf.set(container, data);
  }
  const redis = await data;
  let text = '';
  for await (const piece of input) {
    text += piece;
    for (let taken = takeCommand(text); taken; taken = takeCommand(text)) {
      text = taken.rest;
      if (taken.value.length === 0) continue;
      output(writeReply(await reply(redis, taken.value, container, signal)));
      if (taken.value[0]?.toLowerCase() === 'quit') return;
    }
  }
}

async function reply(redis: RedisData, words: readonly string[], { clock }: SimulatedContainer, signal: AbortSignal): Promise<RedisReply> {
  const first = redis.run(words);
  if (first !== null || !WAITING.has(words[0]?.toLowerCase() ?? '')) return first;
  const end = new AbortController();
  const over = AbortSignal.any([signal, end.signal]);
  const seconds = Number(words.at(-1));
  const ended = seconds > 0 ? clock.sleep(seconds * 1000, over).catch(() => undefined) : aborted(over);
  let isOver = false;
  const late = Promise.race([ended, aborted(over)]).then(() => {
    isOver = true;
  });
  try {
    for (;;) {
      await Promise.race([late, new Promise<void>((resolve) => redis.onPush(resolve))]);
      const popped = isOver ? null : redis.run(words);
      if (popped !== null || isOver) return popped;
    }
  } finally {
    end.abort();
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

/** Settings of the command line: a file, and options beside it. */
async function configOf(container: SimulatedContainer): Promise<ReadonlyMap<string, string>> {
  const config = new Map<string, string>();
  const set = (name = '', value = '') => config.set(name, settingOf(name, value));
  const { argv } = container;
  const file = argv.find((arg) => arg.endsWith('.conf'));
  for (const line of file === undefined ? [] : await linesOf(container, file)) {
    const [name, ...values] = wordsOf(line);
    if (name !== undefined && !name.startsWith('#')) set(name.toLowerCase(), values.join(' '));
  }
  for (const [i, arg] of argv.entries()) if (/^--\w/.test(arg)) set(arg.slice(2), argv[i + 1]);
  return config;
}

/** A file that cannot be read is one that nothing is known of. */
async function linesOf(container: SimulatedContainer, file: string): Promise<readonly string[]> {
  try {
    return (await (await container.files()).readFile(file)).toString('latin1').split('\n');
  } catch (error) {
    if (error instanceof FileError) return [];
    throw error;
  }
}
