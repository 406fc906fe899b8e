/**
 * A process that writes to a store until it is killed: `node store-child.js DIRECTORY FIRST MODE`.
 *
 * It prints one line for each fact once it is acknowledged: `opened`, `put KEY REVISION VALUE`, `deleted KEY REVISION`, `granted LEASE`,
 * `attached LEASE`, `revoking LEASE`, `revoked LEASE`, `compacting REVISION`, `compacted REVISION`, or `refused CODE MESSAGE`. What it printed must be there when the store is opened again.
 */
import { writeSync } from 'node:fs';
import { openLevelStore, type Store, StoreError } from '../../store/index.ts';

const WRITERS = 8;
const KEYS = 40;

/** By a synchronous write to the pipe: a line that is out was true, and a line that is cut was not yet promised. */
const print = (line: string) => {
  writeSync(1, `${line}\n`);
};

async function write(store: Store, writer: number, first: number): Promise<void> {
  for (let i = first; ; i++) {
    const key = `/writer-${writer}/key-${i % KEYS}`;
    if (i % 7 === 3) {
      const { revision, results } = await store.txn({ compare: [], success: [{ op: 'delete', range: { key } }] });
      if (results[0]?.op === 'delete' && results[0].deleted > 0) print(`deleted ${key} ${revision}`);
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
    print(`put ${key} ${revision} ${i}`);
  }
}

/** Grants leases, attaches two keys to each, and revokes some. */
async function lend(store: Store, first: number): Promise<void> {
  for (let i = 1; ; i++) {
    const id = BigInt(first) * 1_000_000n + BigInt(i);
    await store.leases.grant({ ttlSeconds: 3600, id });
    print(`granted ${id}`);
    const success = ['a', 'b'].map((name) => ({ op: 'put' as const, key: `/leased/${id}/${name}`, value: Buffer.from(`${i}`), lease: id }));
    await store.txn({ compare: [], success });
    print(`attached ${id}`);
    if (i % 3 === 0) continue;
    print(`revoking ${id}`);
    await store.leases.revoke(id);
    print(`revoked ${id}`);
  }
}

async function compact(store: Store): Promise<void> {
  for (;;) {
    const revision = store.revision - 20;
    const { compactRevision } = await store.status();
    if (revision > compactRevision + 100) {
      print(`compacting ${revision}`);
      await store.compact(revision);
      print(`compacted ${revision}`);
    }
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

async function run([directory = '', first = '0', mode = 'write']: readonly string[]): Promise<void> {
  try {
    const store = await openLevelStore({ directory });
    print('opened');
    if (mode === 'hold') await new Promise((resolve) => process.stdin.resume().on('end', resolve));
    const writers = Array.from({ length: mode === 'hold' ? 0 : WRITERS }, (_, writer) => write(store, writer, Number(first)));
    if (mode !== 'hold') writers.push(lend(store, Number(first)));
    if (mode === 'compact') writers.push(compact(store));
    await Promise.all(writers);
    await store.close();
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    print(`refused ${error.code} ${error.message}`);
  }
}

await run(process.argv.slice(2));
