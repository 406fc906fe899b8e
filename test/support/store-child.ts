/**
 * A process that writes to a store until it is killed: `node store-child.js DIRECTORY FIRST MODE`.
 *
 * It prints one line for each fact once it is acknowledged: `opened`, `put KEY REVISION VALUE`, `deleted KEY REVISION`, `granted LEASE`,
 * `attached LEASE`, `revoking LEASE`, `revoked LEASE`, `compacting REVISION`, `compacted REVISION`, or `refused CODE MESSAGE`. What it printed must be there when the store is opened again.
 */
import { openLevelStore, type Store, StoreError } from '../../store/index.ts';
import { printNow } from './print-now.ts';

const WRITERS = 8;
const KEYS = 40;

async function write(store: Store, writer: number, first: number): Promise<void> {
  for (let i = first; ; i++) {
    const key = `/writer-${writer}/key-${i % KEYS}`;
    if (i % 7 === 3) {
      const { revision, results } = await store.txn({ compare: [], success: [{ op: 'delete', range: { key } }] });
      if (results[0]?.op === 'delete' && results[0].deleted > 0) printNow(`deleted ${key} ${revision}`);
      continue;
    }
    // Both or none: the second key tells whether a transaction was applied by halves.
    const value = `${i}-${'x'.repeat((i * 37) % 2000)}`;
    const twin = `/twins${key}`;
    const { revision } = await store.txn({
      compare: [],
      success: [
        { op: 'put', key, value: Buffer.from(value) },
        { op: 'put', key: twin, value: Buffer.from(`${i}`) },
      ],
    });
    printNow(`put ${key} ${revision} ${i}`);
  }
}

/** Grants leases, attaches two keys to each, and revokes some. */
async function lend(store: Store, first: number): Promise<void> {
  for (let i = 1; ; i++) {
    const id = BigInt(first) * 1_000_000n + BigInt(i);
    await store.leases.grant({ ttlSeconds: 3600, id });
    printNow(`granted ${id}`);
    const success = ['a', 'b'].map((name) => ({ op: 'put' as const, key: `/leased/${id}/${name}`, value: Buffer.from(`${i}`), lease: id }));
    await store.txn({ compare: [], success });
    printNow(`attached ${id}`);
    if (i % 3 === 0) continue;
    printNow(`revoking ${id}`);
    await store.leases.revoke(id);
    printNow(`revoked ${id}`);
  }
}

async function compact(store: Store): Promise<void> {
  for (;;) {
    const revision = store.revision - 20;
    const { compactRevision } = await store.status();
    if (revision > compactRevision + 100) {
      printNow(`compacting ${revision}`);
      await store.compact(revision);
      printNow(`compacted ${revision}`);
    }
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

async function run([directory = '', first = '0', mode = 'write']: readonly string[]): Promise<void> {
  try {
    const store = await openLevelStore({ directory });
    printNow('opened');
    if (mode === 'hold') await new Promise((resolve) => process.stdin.resume().on('end', resolve));
    const writers = Array.from({ length: mode === 'hold' ? 0 : WRITERS }, (_, writer) => write(store, writer, Number(first)));
    if (mode !== 'hold') writers.push(lend(store, Number(first)));
    if (mode === 'compact') writers.push(compact(store));
    await Promise.all(writers);
    await store.close();
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    printNow(`refused ${error.code} ${error.message}`);
  }
}

await run(process.argv.slice(2));
