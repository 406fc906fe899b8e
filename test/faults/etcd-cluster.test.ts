/**
 * A cluster of three real etcd members whose members are killed, paused and brought back while clients of several stores work on it: no
 * acknowledged write is lost, everything looks like one thing after the other, and the watches go on exactly where they were.
 */
import { expect, test } from 'vitest';
import { seededRandom, systemClock } from '../../runtime/index.ts';
import { openEtcdStore, type Store, StoreError } from '../../store/index.ts';
import { describeOnEtcd, type EtcdCluster, startEtcdCluster } from '../support/etcd.ts';
import { runClients } from '../support/history-clients.ts';
import { type HistoryEvent, violations } from '../support/linearizability.ts';
import { seedOf } from '../support/long-run.ts';
import { type Recording, record } from '../support/store-recorder.ts';
import { ALL } from '../support/store-steps.ts';
import { violations as watchViolations } from '../support/watch-validators.ts';

const SEED = seedOf(20_261_121);
const STORES = 2;
const CLIENTS = 6;
const KEYS = 12;
/** Short, so that a member that hangs is soon left. */
const REQUEST_TIMEOUT_MS = 1500;
/** How much must have been done before the next misfortune, and how long it may take. */
const ANSWERS_BETWEEN = 400;
const PROGRESS_MS_MAX = 60_000;

/** Clients that work on some stores until they are told to stop. */
class Load {
  readonly history: HistoryEvent[] = [];
  readonly failures = new Map<string, number>();
  readonly #running: Promise<unknown>;
  #stopped = false;

  constructor(stores: readonly Store[]) {
    const onEvent = (event: HistoryEvent) => this.history.push(event);
    const clients = stores.map((store, at) =>
      runClients({
        store: this.#stoppable(store),
        random: seededRandom(SEED + at),
        clients: CLIENTS,
        operations: Number.POSITIVE_INFINITY,
        keys: KEYS,
        firstId: at * 1_000_000,
        onEvent,
        onError: (error) => this.#failed(error),
      }),
    );
    this.#running = Promise.all(clients);
  }

  #stoppable(store: Store): Store {
    const check = () => {
      if (this.#stopped) throw new StoreError('Closed', 'the load is over');
    };
    const range: Store['range'] = async (...args) => {
      check();
      return await store.range(...args);
    };
    const txn: Store['txn'] = async (transaction) => {
      check();
      return await store.txn(transaction);
    };
    return { ...store, range, txn, revision: store.revision, leases: store.leases };
  }

  #failed(error: unknown): 'stop' | 'go on' {
    if (this.#stopped) return 'stop';
    if (!(error instanceof StoreError)) throw error;
    this.failures.set(error.code, (this.failures.get(error.code) ?? 0) + 1);
    return 'go on';
  }

  get answers(): number {
    return this.history.reduce((count, { type }) => count + (type === 'answer' ? 1 : 0), 0);
  }

  /** Waits until so much more has been done. */
  async goesOn(what: string): Promise<void> {
    const wanted = this.answers + ANSWERS_BETWEEN;
    for (const end = systemClock.monotonic() + PROGRESS_MS_MAX; this.answers < wanted; await systemClock.sleep(20)) {
      if (systemClock.monotonic() > end) throw new Error(`nothing goes on ${what}: ${JSON.stringify([...this.failures])}`);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }
}

async function checkWatches(cluster: EtcdCluster, recordings: readonly Recording[]): Promise<void> {
  const fresh = await openEtcdStore({ endpoints: cluster.clientUrls });
  const newest = await fresh.newestRevision();
  using truth = record(fresh, ALL, { fromRevision: 1 });
  await truth.caughtUp(newest);
  const revisions = new Set(truth.events().map(({ kv }) => kv.modRevision));
  expect([...revisions], 'every revision is told of').toEqual(Array.from({ length: newest - 1 }, (_, i) => i + 2));
  for (const recording of recordings) {
    await recording.caughtUp(newest);
    expect(watchViolations({ from: recording.from, batches: recording.batches, truth: truth.events() }), `seed ${SEED}`).toEqual([]);
    expect(recording.events()).toHaveLength(truth.events().length);
  }
  await fresh.close();
}

describeOnEtcd('a cluster of real etcd members', () => {
  test('members killed and brought back, the leader paused: nothing is lost and the watches go on', { timeout: 600_000 }, async () => {
    await using cluster = await startEtcdCluster(3);
    const options = { endpoints: cluster.clientUrls, requestTimeoutMs: REQUEST_TIMEOUT_MS };
    const stores = await Promise.all(Array.from({ length: STORES }, () => openEtcdStore(options)));
    const recordings = stores.map((store) => record(store, ALL, { fromRevision: 2 }));
    // Waits for an election, as those who work do not.
    const patient = await openEtcdStore({ endpoints: cluster.clientUrls });
    const lease = await patient.leases.grant({ ttlSeconds: 600 });
    const load = new Load(stores);

    for (const member of cluster.members) {
      await load.goesOn('before a kill');
      await member.kill();
      await load.goesOn(`with ${member.name} dead`);
      await member.restart();
      expect(await patient.leases.keepAlive(lease.id)).toEqual(lease);
    }
    const leader = await cluster.leader();
    await leader.pause();
    await load.goesOn(`with the leader ${leader.name} paused`);
    leader.resume();
    await load.goesOn('after all of it');
    await load.stop();

    expect(violations(load.history), `seed ${SEED}`).toEqual([]);
    await checkWatches(cluster, recordings);
    expect([...load.failures.keys()].filter((code) => code !== 'Unavailable')).toEqual([]);
    for (const each of [patient, ...stores]) await each.close();
  });
});
