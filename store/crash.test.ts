/** A store whose process is killed at any moment opens again, with everything that was acknowledged and nothing by halves. */
import { spawn } from 'node:child_process';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { seededRandom, systemClock } from '../runtime/index.ts';
import { type CompiledScript, compileScript } from '../test/support/compile.ts';
import { seedOf, times } from '../test/support/long-run.ts';
import { ALL } from '../test/support/store-steps.ts';
import { tempDirectory } from '../test/support/temp-directory.ts';
import {
  hashState,
  type Operation,
  openLevelStore,
  openMemoryStore,
  prefixRange,
  type Store,
  type StoreEvent,
  type WatchBatch,
} from './index.ts';

/** Of one database, and databases of each way of writing. */
const KILLS = 15;
const DATABASES = times(1, 14);
const SEED = seedOf(20_260_101);
/** Lines after which a process is killed at the latest: most of them early, where it still opens. */
const LINES_MAX = 1500;
/** A process needs so long, more or less, before it opens the store. */
const START_MS = 60;

let script: CompiledScript;
beforeAll(async () => {
  script = await compileScript('test/support/store-child.ts');
});
afterAll(() => script[Symbol.asyncDispose]());

/** Runs the child until it has printed `lines` whole lines or some time has gone by, and kills it there. */
async function runAndKill(args: readonly string[], { lines, afterMs }: { lines: number; afterMs: number | undefined }): Promise<string[]> {
  const child = spawn(process.execPath, [script.path, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  const timer = afterMs === undefined ? undefined : systemClock.setTimer(afterMs, () => child.kill('SIGKILL'));
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (output.split('\n').length > lines) child.kill('SIGKILL');
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const signal = await new Promise((resolve) => child.on('close', (_, by) => resolve(by)));
  timer?.cancel();
  expect({ signal, errors }).toEqual({ signal: 'SIGKILL', errors: '' });
  return output.split('\n').slice(0, -1);
}

/** What acknowledged lines say the newest acknowledged state of each key is. */
class Promised {
  readonly keys = new Map<string, { revision: number; value: string | undefined }>();
  /** What was last said of each lease. */
  readonly leases = new Map<bigint, string>();
  revision = 1;
  compacting = 0;
  compacted = 0;

  add(lines: readonly string[]): void {
    for (const line of lines) {
      const [what = '', name = '', revision = '', value] = line.split(' ');
      if (what === 'compacting') this.compacting = Number(name);
      else if (what === 'compacted') this.compacted = Number(name);
      else if (/^(granted|attached|revoking|revoked)$/.test(what)) this.leases.set(BigInt(name), what);
      else if (what === 'put' || what === 'deleted') {
        this.keys.set(name, { revision: Number(revision), value });
        this.revision = Math.max(this.revision, Number(revision));
      }
    }
  }
}

/**
 * What was durable without having been acknowledged is a fact once it was seen: a later run may compact its record away, and then only
 * the state is left to compare with.
 */
function absorb(promised: Promised, log: readonly StoreEvent[]): void {
  for (const { type, kv } of log) {
    const known = promised.keys.get(kv.key);
    if (!kv.key.startsWith('/writer') || (known && known.revision >= kv.modRevision)) continue;
    promised.keys.set(kv.key, { revision: kv.modRevision, value: type === 'put' ? kv.value.toString().split('-')[0] : undefined });
  }
}

async function checkPromises(store: Store, promised: Promised, log: readonly StoreEvent[]): Promise<void> {
  expect(store.revision).toBeGreaterThanOrEqual(promised.revision);
  const { kvs } = await store.range(ALL);
  const found = new Map(kvs.map((kv) => [kv.key, kv]));
  const changed = new Map(log.map(({ kv }) => [kv.key, kv.modRevision]));
  for (const [key, { revision, value }] of promised.keys) {
    // What was written after it may be durable without having been acknowledged.
    if ((changed.get(key) ?? 0) > revision) continue;
    const kv = found.get(key);
    if (value === undefined) expect(kv, `${key} was deleted at ${revision}`).toBeUndefined();
    else expect(kv?.value.toString().split('-')[0], `${key} was put at ${revision}`).toBe(value);
  }
  for (const [key, kv] of found) {
    if (!key.startsWith('/writer')) continue;
    expect(found.get(`/twins${key}`)?.modRevision, `${key} and its twin`).toBe(kv.modRevision);
  }
}

/** A lease is there unless it was to be revoked; its two keys are there with it, or neither is. */
async function checkLeases(store: Store, promised: Promised): Promise<void> {
  const there = new Set(await store.leases.list());
  for (const [id, said] of promised.leases) {
    if (said !== 'revoking') expect(there.has(id), `lease ${id}, ${said}`).toBe(said !== 'revoked');
    const both = [`/leased/${id}/a`, `/leased/${id}/b`];
    const { kvs } = await store.range(prefixRange(`/leased/${id}/`));
    const found = kvs.map((kv) => kv.key);
    if (said === 'attached' || found.length > 0) expect(found).toEqual(both);
    if (there.has(id)) expect((await store.leases.timeToLive(id, { keys: true })).keys).toEqual(found);
    else expect(found).toEqual([]);
  }
}

/** The whole log done again on an empty store makes the same store. */
async function checkReplay(store: Store, log: readonly StoreEvent[]): Promise<void> {
  const replayed = await openMemoryStore();
  const leases = new Set(log.flatMap(({ kv }) => kv.lease ?? []));
  for (const id of leases) await replayed.leases.grant({ ttlSeconds: 3600, id });
  const revisions = new Map<number, Operation[]>();
  for (const event of log) revisions.set(event.kv.modRevision, [...(revisions.get(event.kv.modRevision) ?? []), asOperation(event)]);
  const work = [...revisions.values()].map((success) => replayed.txn({ compare: [], success }));
  await Promise.all(work);
  expect((await replayed.hash()).digest.toString('hex')).toBe((await store.hash()).digest.toString('hex'));
  await replayed.close();
}

/** The state at the compaction, changed as the log says, is the state there is. */
async function checkFold(store: Store, log: readonly StoreEvent[]): Promise<void> {
  const { compactRevision } = await store.status();
  const base = compactRevision === 0 ? [] : (await store.range(ALL, { revision: compactRevision })).kvs;
  const state = new Map(base.map((kv) => [kv.key, kv]));
  for (const { type, kv } of log) {
    if (kv.modRevision <= compactRevision) continue;
    if (type === 'delete') state.delete(kv.key);
    else state.set(kv.key, kv);
  }
  const page = [...state.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  const folded = await hashState({ revision: store.revision, compactRevision }, Readable.from([page]));
  expect(folded.digest.toString('hex')).toBe((await store.hash()).digest.toString('hex'));
}

const asOperation = ({ type, kv: { key, value, lease } }: StoreEvent): Operation =>
  type === 'put' ? { op: 'put', key, value, lease } : { op: 'delete', range: { key } };

/** Reads the log above the compaction: every revision is in it. */
async function readLog(store: Store): Promise<readonly StoreEvent[]> {
  const { compactRevision } = await store.status();
  const from = Math.max(compactRevision, 2);
  const log: StoreEvent[] = [];
  await new Promise<void>((resolve, reject) => {
    const onBatch = (batch: WatchBatch) => {
      if (batch.type === 'events') log.push(...batch.events);
      if (batch.revision >= store.revision) resolve();
    };
    const onEnd = (error: Error | undefined) => reject(error ?? new Error('the watch has ended'));
    store.watch(ALL, { fromRevision: from, prevKv: true }, { onBatch, onEnd }).requestProgress();
  });
  const revisions = [...new Set(log.map(({ kv }) => kv.modRevision))];
  expect(revisions).toEqual(Array.from({ length: store.revision - from + 1 }, (_, i) => from + i));
  return log;
}

test.each(['write', 'compact'])('killed again and again (%s)', { timeout: 3_600_000 }, async (mode) => {
  for (let database = 0; database < DATABASES; database++) await killAgainAndAgain(mode, SEED + database);
});

async function killAgainAndAgain(mode: string, seed: number): Promise<void> {
  await using directory = await tempDirectory();
  const random = seededRandom(seed);
  const promised = new Promised();
  for (let kill = 0; kill < KILLS; kill++) {
    const lines = 1 + Math.floor(LINES_MAX * (random.integer(1000) / 1000) ** 2);
    // Some by the clock: while it starts, or opens the store.
    const afterMs = kill % 3 === 2 ? START_MS + random.integer(3 * START_MS) : undefined;
    promised.add(await runAndKill([directory.path, String(kill * 1000), mode], { lines, afterMs }));
    const store = await openLevelStore({ directory: directory.path });
    const context = `seed ${seed}, kill ${kill} after ${lines} lines`;
    await readLog(store)
      .then(async (log) => {
        await checkPromises(store, promised, log);
        await checkLeases(store, promised);
        if (mode === 'write') await checkReplay(store, log);
        await checkFold(store, log);
        absorb(promised, log);
      })
      .catch((error: unknown) => {
        throw new Error(`${context}: ${error}`, { cause: error });
      });
    const { compactRevision } = await store.status();
    expect(compactRevision).toBeGreaterThanOrEqual(promised.compacted);
    expect(compactRevision).toBeLessThanOrEqual(Math.max(promised.compacting, promised.compacted));
    await store.close();
  }
}

test('a database that another process has open is refused, and who has it is said', async () => {
  await using directory = await tempDirectory();
  const child = spawn(process.execPath, [script.path, directory.path, '0', 'hold'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const closed = new Promise((resolve) => child.on('close', resolve));
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const failure = await openLevelStore({ directory: directory.path }).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'Locked', message: expect.stringContaining(`in use by process ${child.pid} on `) });
  child.stdin.end();
  expect(await closed).toBe(0);
  const store = await openLevelStore({ directory: directory.path });
  await store.close();
});
