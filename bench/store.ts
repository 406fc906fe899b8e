/**
 * The store alone: `npm run build && node dist/bench/store.js [--quick]`. Prints a table; numbers are for comparing runs on one machine.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLevelStore, prefixRange, type Store } from '../store/index.ts';

const VALUE_BYTES = 1000;
const quick = process.argv.includes('--quick');
/** Objects compress to about half: half of a value is text that repeats, half is not. */
const noise = randomBytes(1 << 16).toString('base64');
const value = (seed: number): Buffer => {
  const from = (seed * 127) % (noise.length - VALUE_BYTES);
  return Buffer.from(
    `{"seed":${seed},"text":"${'abcdefghij'.repeat(VALUE_BYTES / 20)}","data":"${noise.slice(from, from + VALUE_BYTES / 2)}"}`,
  );
};
const pod = (i: number): string => `/registry/pods/default/pod-${String(i).padStart(7, '0')}`;

interface Row {
  readonly row: string;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const rows: Row[] = [];

function note(row: string, count: number, totalMs: number, times: number[]): void {
  times.sort((a, b) => a - b);
  const at = (share: number) => Number((times[Math.floor((times.length - 1) * share)] ?? 0).toFixed(2));
  rows.push({ row, perSecond: Math.round((count * 1000) / totalMs), p50Ms: at(0.5), p99Ms: at(0.99) });
}

const put = (store: Store, key: string, bytes: Buffer) => store.txn({ compare: [], success: [{ op: 'put', key, value: bytes }] });

/** `writers` loops that each put and wait for the answer. */
async function writers(row: string, store: Store, { count, total, key }: { count: number; total: number; key: (i: number) => string }) {
  const times: number[] = [];
  let next = 0;
  const started = performance.now();
  const loop = async () => {
    for (let i = next++; i < total; i = next++) {
      const begun = performance.now();
      await put(store, key(i), value(i));
      times.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: count }, loop));
  note(row, total, performance.now() - started, times);
}

async function repeat(row: string, times: number, work: () => Promise<unknown>): Promise<void> {
  const taken: number[] = [];
  const started = performance.now();
  for (let i = 0; i < times; i++) {
    const begun = performance.now();
    await work();
    taken.push(performance.now() - begun);
  }
  note(row, times, performance.now() - started, taken);
}

async function fill(store: Store, keys: number, revisions: number): Promise<void> {
  const step = 2000;
  for (let at = 0; at < revisions; at += step) {
    await Promise.all(Array.from({ length: step }, (_, i) => put(store, pod((at + i) % keys), value(at + i))));
  }
}

const megabytes = () => Math.round(process.memoryUsage.rss() / 1e6);

async function run(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'nanokube-bench-'));
  try {
    await small(join(directory, 'small'));
    await large(join(directory, 'large'));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  console.table(rows);
  console.log(`node ${process.version}, load ${loadavg()[0]?.toFixed(2)}`);
}

async function small(directory: string): Promise<void> {
  const store = await openLevelStore({ directory });
  const scale = quick ? 0.2 : 1;
  await writers('put, warm-up', store, { count: 32, total: 5000, key: (i) => `/warm/${i}` });
  await writers('put, 1 writer', store, { count: 1, total: 2000 * scale, key: (i) => `/one/${i}` });
  await writers('put, 32 writers', store, { count: 32, total: 40_000 * scale, key: pod });
  await writers('put, 1000 writers', store, { count: 1000, total: 100_000 * scale, key: (i) => pod(i % 10_000) });
  await repeat('range 10,000 keys', 20, () => store.range(prefixRange('/registry/pods/'), { limit: 10_000 }));
  await repeat('range 10,000 keys at a revision', 5, () =>
    store.range(prefixRange('/registry/pods/'), { limit: 10_000, revision: store.revision - 1 }),
  );
  await repeat('range 10,000 keys, keys only', 20, () => store.range(prefixRange('/registry/pods/'), { limit: 10_000, keysOnly: true }));
  await repeat('get', 5000, () => store.range({ key: pod(77) }));
  await repeat('compare and put', 1000, () =>
    store.txn({
      compare: [{ key: pod(5), target: 'version', is: '>', than: 0 }],
      success: [{ op: 'put', key: pod(5), value: value(5), prevKv: true }],
    }),
  );
  await store.close();
}

async function large(directory: string): Promise<void> {
  const keys = quick ? 20_000 : 150_000;
  const revisions = quick ? 100_000 : 1_000_000;
  let store = await openLevelStore({ directory });
  await repeat(`fill ${keys} keys, ${revisions} revisions`, 1, () => fill(store, keys, revisions));
  console.log('resident after filling', megabytes(), 'MB; status', await store.status());
  await store.close();
  await repeat('open it', 1, async () => {
    store = await openLevelStore({ directory });
  });
  console.log('resident after opening', megabytes(), 'MB');
  await repeat('range all', 1, () => store.range(prefixRange('/registry/pods/')));
  let done = false;
  const compacting = store.compact(store.revision - 1000).then(() => {
    done = true;
  });
  const times: number[] = [];
  const started = performance.now();
  for (let i = 0; !done; i++) {
    const begun = performance.now();
    await put(store, pod(i), value(i));
    times.push(performance.now() - begun);
  }
  await compacting;
  note('put, 1 writer, while compacting', times.length, performance.now() - started, times);
  console.log('compacted in', Math.round(performance.now() - started), 'ms; status', await store.status());
  await store.close();
}

await run();
