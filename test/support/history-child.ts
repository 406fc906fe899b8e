/**
 * A process with a store and clients of it, to be killed: `node history-child.js DIRECTORY SEED FIRST_ID`. It prints each event of their history as a
 * line of JSON, in the turn in which it happens; `end` once all is done.
 */
import { seededRandom } from '../../runtime/index.ts';
import { openLevelStore, type Store } from '../../store/index.ts';
import { runClients } from './history-clients.ts';
import { printNow } from './print-now.ts';

const CLIENTS = 12;
const OPERATIONS = 100_000;
const KEYS = 24;

/** Compacts all the time, so that some kills come in the middle of it. */
async function compact(store: Store, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const { compactRevision } = await store.status();
    if (store.revision > compactRevision + 60) await store.compact(store.revision - 10);
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

const [directory = '', seed = '1', firstId = '0'] = process.argv.slice(2);
const store = await openLevelStore({ directory });
const ended = new AbortController();
const compacting = compact(store, ended.signal);
await runClients({
  store,
  random: seededRandom(Number(seed)),
  clients: CLIENTS,
  operations: OPERATIONS,
  keys: KEYS,
  firstId: Number(firstId),
  onEvent: (event) => printNow(JSON.stringify(event)),
  onError: (error) => {
    throw error;
  },
});
ended.abort();
await compacting;
await store.close();
printNow('end');
