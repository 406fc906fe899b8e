/** How the driver learns revisions that etcd tells of only on the side. */
import { expect, test } from 'vitest';
import { StoreError } from '../store.ts';
import type { Cluster } from './cluster.ts';
import { CompactRevision } from './compact-revision.ts';
import { NewestRevision } from './newest-revision.ts';
import { Translator } from './translate.ts';

interface RangeAsked {
  readonly revision?: number | undefined;
}

/** A cluster of which only ranges are asked. */
function clusterOf(answer: (asked: RangeAsked) => Promise<number>): Pick<Cluster, 'read'> {
  const read = async (_method: unknown, request: unknown) => ({ header: { revision: await answer(request as RangeAsked) } });
  return { read: read as unknown as Cluster['read'] };
}

const translator = new Translator('');

test('who asks for the newest revision while a question is under way shares the next one', async () => {
  const answers: ((revision: number) => void)[] = [];
  const newest = new NewestRevision(
    clusterOf(() => new Promise((resolve) => answers.push(resolve))),
    translator,
  );
  const first = newest.ask();
  const others = Array.from({ length: 100 }, () => newest.ask());
  expect(answers).toHaveLength(1);
  answers[0]?.(5);
  expect(await first).toBe(5);
  await Promise.resolve();
  expect(answers).toHaveLength(2);
  const late = newest.ask();
  answers[1]?.(7);
  expect(new Set(await Promise.all(others))).toEqual(new Set([7]));
  await Promise.resolve();
  answers[2]?.(9);
  expect(await late).toBe(9);
  expect(answers).toHaveLength(3);
});

test('a question that fails is what those who shared it get, and nobody later', async () => {
  let asked = 0;
  const newest = new NewestRevision(
    clusterOf(() => (++asked === 1 ? Promise.reject(new StoreError('Unavailable', 'gone')) : Promise.resolve(3))),
    translator,
  );
  const both = await Promise.allSettled([newest.ask(), newest.ask()]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await newest.ask()).toBe(3);
});

test('the compact revision is found in few reads, and in one when it is still the same', async () => {
  let compacted = 0;
  let reads = 0;
  const isCompacted = (revision: number) => revision < compacted;
  const cluster = clusterOf(({ revision = 0 }) => {
    reads++;
    return isCompacted(revision) ? Promise.reject(new StoreError('Compacted', 'it is')) : Promise.resolve(0);
  });
  const search = new CompactRevision(cluster, translator);
  const newest = 1_000_000_000;
  expect(await search.find(newest)).toBe(0);
  for (compacted of [2, 3, 77, 1_000_000, 999_999_999, newest]) {
    reads = 0;
    expect(await search.find(newest)).toBe(compacted);
    expect(reads).toBeLessThan(34);
    reads = 0;
    expect(await search.find(newest)).toBe(compacted);
    expect(reads).toBe(1);
  }
});
