/** A store whose process is killed at any moment opens again, with everything that was acknowledged and nothing by halves. */
import { spawn } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { seededRandom } from '../runtime/index.ts';
import { type CompiledScript, compileScript } from '../test/support/compile.ts';
import { record } from '../test/support/store-recorder.ts';
import { ALL } from '../test/support/store-steps.ts';
import { tempDirectory } from '../test/support/temp-directory.ts';
import { openLevelStore, type Store, type StoreEvent } from './index.ts';

const KILLS = 6;
const SEED = 20_260_101;

let script: CompiledScript;
beforeAll(async () => {
  script = await compileScript('test/support/store-child.ts');
});
afterAll(() => script[Symbol.asyncDispose]());

/** Runs the child until it has printed `lines` whole lines, and kills it there. */
async function runAndKill(args: readonly string[], lines: number): Promise<string[]> {
  const child = spawn(process.execPath, [script.path, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (output.split('\n').length > lines) child.kill('SIGKILL');
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const signal = await new Promise((resolve) => child.on('close', (_, by) => resolve(by)));
  expect({ signal, errors }).toEqual({ signal: 'SIGKILL', errors: '' });
  return output.split('\n').slice(0, -1);
}

/** What acknowledged lines say the newest acknowledged state of each key is. */
class Promised {
  readonly keys = new Map<string, { revision: number; value: string | undefined }>();
  revision = 1;
  compacting = 0;
  compacted = 0;

  add(lines: readonly string[]): void {
    for (const line of lines) {
      const [what = '', name = '', revision = '', value] = line.split(' ');
      if (what === 'compacting') this.compacting = Number(name);
      else if (what === 'compacted') this.compacted = Number(name);
      else if (what === 'put' || what === 'deleted') {
        this.keys.set(name, { revision: Number(revision), value });
        this.revision = Math.max(this.revision, Number(revision));
      }
    }
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
    if (key.startsWith('/twins')) continue;
    expect(found.get(`/twins${key}`)?.modRevision, `${key} and its twin`).toBe(kv.modRevision);
  }
}

/** Reads the log above the compaction: every revision is in it. */
async function readLog(store: Store): Promise<readonly StoreEvent[]> {
  const { compactRevision } = await store.status();
  const from = Math.max(compactRevision, 2);
  using watch = record(store, ALL, { fromRevision: from, prevKv: true });
  await watch.caughtUp(store.revision);
  const revisions = [...new Set(watch.events().map(({ kv }) => kv.modRevision))];
  expect(revisions).toEqual(Array.from({ length: store.revision - from + 1 }, (_, i) => from + i));
  return watch.events();
}

test.each(['write', 'compact'])('killed again and again (%s)', async (mode) => {
  await using directory = await tempDirectory();
  const random = seededRandom(SEED);
  const promised = new Promised();
  for (let kill = 0; kill < KILLS; kill++) {
    const lines = 1 + random.integer(1500);
    promised.add(await runAndKill([directory.path, String(kill * 1000), mode], lines));
    const store = await openLevelStore({ directory: directory.path });
    const context = `seed ${SEED}, kill ${kill} after ${lines} lines`;
    await readLog(store)
      .then((log) => checkPromises(store, promised, log))
      .catch((error: unknown) => {
        throw new Error(`${context}: ${error}`, { cause: error });
      });
    const { compactRevision } = await store.status();
    expect(compactRevision).toBeGreaterThanOrEqual(promised.compacted);
    expect(compactRevision).toBeLessThanOrEqual(Math.max(promised.compacting, promised.compacted));
    await store.close();
  }
});

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
