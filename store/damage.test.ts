/**
 * Damaged files: whatever bit of LevelDB's files is flipped, and wherever one of them is cut off, the store either has all that was acknowledged, or
 * says that it is damaged, when it is opened or when it is read. It never shows less in silence.
 */
import { createHash } from 'node:crypto';
import { cp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Random, seededRandom } from '../runtime/index.ts';
import { seedOf, times } from '../test/support/long-run.ts';
import { record } from '../test/support/store-recorder.ts';
import { ALL, plain, put, remove } from '../test/support/store-steps.ts';
import { type TempDirectory, tempDirectory } from '../test/support/temp-directory.ts';
import { openLevelStore, type Store, StoreError } from './index.ts';
import { readManifest } from './level/files/manifest.ts';

const SEED = seedOf(20_261_122);
const TRIALS = times(30, 600);
const KEYS = 60;
const COMPACTED_AT = 200;

/** All that can be read of a store. */
interface Content {
  readonly revision: number;
  /** Of the states at some revisions. */
  readonly hashes: readonly string[];
  /** Of all events, with the states before them. */
  readonly events: string;
  readonly leases: readonly bigint[];
}

let original: TempDirectory;
let content: Content;
/** The files that count: a process that ends leaves others too, which nobody needs any more. */
let files: readonly string[];
beforeAll(async () => {
  original = await tempDirectory();
  content = await fill(original.path);
  files = await filesInUse(original.path);
});
afterAll(() => original[Symbol.asyncDispose]());

/** Makes a store with tables of several ages, a manifest of several edits, and a log. */
async function fill(directory: string): Promise<Content> {
  const random = seededRandom(SEED);
  const churn = async (store: Store, count: number) => {
    for (let i = 0; i < count; i++) {
      const key = `/registry/things/${random.integer(KEYS)}`;
      // Half of it can be packed, half cannot.
      const noise = Array.from({ length: 60 }, () => random.integer(2 ** 32).toString(36)).join('');
      await store.txn(plain(random.integer(6) === 0 ? remove(key) : put(key, `${'text '.repeat(80)}${noise}`)));
    }
  };
  const first = await openLevelStore({ directory });
  await first.leases.grant({ ttlSeconds: 1000, id: 5n });
  await churn(first, 400);
  await first.compact(COMPACTED_AT);
  await churn(first, 200);
  await first.close();
  const second = await openLevelStore({ directory });
  await churn(second, 200);
  await second.close();
  const third = await openLevelStore({ directory });
  await churn(third, 200);
  const all = await read(third);
  await third.close();
  return all;
}

async function filesInUse(directory: string): Promise<string[]> {
  const current = (await readFile(join(directory, 'CURRENT'), 'utf8')).trim();
  const { tables, logNumber } = readManifest(await readFile(join(directory, current)));
  const isUsed = (name: string) => {
    if (name.endsWith('.ldb')) return tables.has(Number.parseInt(name, 10));
    if (name.endsWith('.log')) return Number.parseInt(name, 10) >= logNumber;
    return /^(CURRENT|acknowledged)$/.test(name) || name === current;
  };
  return (await readdir(directory)).filter(isUsed).sort();
}

async function read(store: Store): Promise<Content> {
  const hashes: string[] = [];
  for (let at = COMPACTED_AT; at <= store.revision; at += 25) hashes.push((await store.hash(at)).digest.toString('hex'));
  using watch = record(store, ALL, { fromRevision: COMPACTED_AT, prevKv: true });
  await watch.caughtUp(store.revision);
  const events = createHash('sha256').update(JSON.stringify(watch.events())).digest('hex');
  return { revision: store.revision, hashes, events, leases: await store.leases.list() };
}

type Outcome = 'whole' | 'refused';

/** @throws when the store is read, and shows something else than what was there. */
async function outcomeOf(damage: (directory: string) => Promise<string>): Promise<Outcome> {
  await using copy = await tempDirectory();
  await cp(original.path, copy.path, { recursive: true });
  const what = await damage(copy.path);
  let store: Store | undefined;
  try {
    store = await openLevelStore({ directory: copy.path });
    const found = await read(store);
    expect(found, `seed ${SEED}, ${what}`).toEqual(content);
    return 'whole';
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    expect(error.code, `seed ${SEED}, ${what}: ${error.message}`).toBe('Corrupt');
    return 'refused';
  } finally {
    await store?.close();
  }
}

/** Damages one of the files of a kind, at a place that the dice say. */
async function throwDice(kind: RegExp, random: Random, damage: (file: string, at: number) => Promise<void>): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (let trial = 0; trial < TRIALS; trial++) {
    const outcome = await outcomeOf(async (directory) => {
      const names = files.filter((name) => kind.test(name));
      const name = names[random.integer(names.length)] ?? '';
      const file = join(directory, name);
      const at = random.integer((await readFile(file)).length);
      await damage(file, at);
      return `trial ${trial}, ${name} at ${at}`;
    });
    outcomes.push(outcome);
  }
  return outcomes;
}

const flip = (random: Random) => async (file: string, at: number) => {
  const bytes = await readFile(file);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << random.integer(8));
  await writeFile(file, bytes);
};

const refusedShare = (outcomes: readonly Outcome[]): number => outcomes.filter((outcome) => outcome === 'refused').length / outcomes.length;

// The last bytes of a table's footer that hold nothing, and of a log's block that are too few for a record, are of no importance; nor is the end
// of a manifest as long as the files from before it are still there.
describe.each([
  { name: 'tables', kind: /\.ldb$/, flipped: 0.9, cut: 1 },
  { name: 'write-ahead log', kind: /\.log$/, flipped: 0.9, cut: 0.9 },
  { name: 'manifest', kind: /^MANIFEST-/, flipped: 0.9, cut: 0.3 },
  { name: 'CURRENT', kind: /^CURRENT$/, flipped: 1, cut: 1 },
  { name: 'note of what was acknowledged', kind: /^acknowledged$/, flipped: 0, cut: 0 },
])('$name', ({ kind, flipped, cut }) => {
  test('a bit is wrong', { timeout: 600_000 }, async () => {
    const random = seededRandom(SEED + 1);
    expect(refusedShare(await throwDice(kind, random, flip(random)))).toBeGreaterThanOrEqual(flipped);
  });

  test('it is cut off', { timeout: 600_000 }, async () => {
    const random = seededRandom(SEED + 2);
    expect(refusedShare(await throwDice(kind, random, (file, at) => truncate(file, at)))).toBeGreaterThanOrEqual(cut);
  });
});

test.each([
  ['a table', /\.ldb$/],
  ['the log', /\.log$/],
  ['the manifest', /^MANIFEST-/],
])('%s is gone, and nothing is touched', async (_, kind) => {
  await using copy = await tempDirectory();
  await cp(original.path, copy.path, { recursive: true });
  const name = files.find((each) => kind.test(each)) ?? '';
  await rm(join(copy.path, name));
  const before = (await readdir(copy.path)).sort();
  await expect(openLevelStore({ directory: copy.path })).rejects.toMatchObject({
    code: 'Corrupt',
    message: expect.stringContaining(name.split('.')[0] ?? ''),
  });
  const after = (await readdir(copy.path)).sort();
  expect(after.filter((each) => !each.startsWith('LOG'))).toEqual(before.filter((each) => !each.startsWith('LOG')));
});
