/** Concurrent clients of a store, and the history of what they did. */
import type { Random } from '../../runtime/index.ts';
import type { Store, TransactionResult } from '../../store/index.ts';
import type { Answer, HistoryEvent, Operation } from './linearizability.ts';

export interface ClientsOptions {
  readonly store: Store;
  readonly random: Random;
  readonly clients: number;
  /** Operations of each client, at most. */
  readonly operations: number;
  /** So many keys are worked on: few, so that clients meet. */
  readonly keys: number;
  /** The first id; ids of all histories that are put together differ. */
  readonly firstId?: number | undefined;
  /** Is told of each event, in the turn in which it happens. */
  onEvent(event: HistoryEvent): void;
  /** What to do when an operation fails: it is left without an answer. Default: that client stops. */
  onError?(error: unknown): 'stop' | 'go on';
}

/** Runs clients to their end. */
export async function runClients(options: ClientsOptions): Promise<void> {
  const ids = { next: options.firstId ?? 0 };
  await Promise.all(Array.from({ length: options.clients }, () => runClient(options, ids)));
}

async function runClient({ store, random, operations, keys, onEvent, onError }: ClientsOptions, ids: { next: number }): Promise<void> {
  /** What this client has last read of each key, with the revision that the key had. */
  const known = new Map<string, Seen>();
  for (let i = 0; i < operations; i++) {
    const id = ids.next++;
    const key = `/registers/${random.integer(keys)}`;
    const seen = known.get(key);
    const operation = choose(random, `value ${id}`, seen);
    onEvent({ type: 'call', id, key, operation });
    try {
      const { answer, seen: now } = await perform(store, { key, operation, seen });
      onEvent({ type: 'answer', id, answer });
      if (now) known.set(key, now);
      else known.delete(key);
    } catch (error) {
      if (onError?.(error) !== 'go on') return;
    }
  }
}

interface Seen {
  readonly value: string | undefined;
  readonly modRevision: number;
}

function choose(random: Random, value: string, seen: Seen | undefined): Operation {
  const dice = random.integer(10);
  if (dice < 4) return { type: 'get' };
  if (dice < 6) return { type: 'put', value };
  if (dice < 7 || !seen) return { type: 'delete' };
  return { type: 'swap', expected: seen.value, value };
}

interface Step {
  readonly key: string;
  readonly operation: Operation;
  readonly seen: Seen | undefined;
}

async function perform(store: Store, { key, operation, seen }: Step): Promise<{ answer: Answer; seen?: Seen | undefined }> {
  switch (operation.type) {
    case 'get': {
      const { revision, kvs } = await store.range({ key });
      const value = kvs[0]?.value.toString();
      return { answer: { revision, value }, seen: { value, modRevision: kvs[0]?.modRevision ?? 0 } };
    }
    case 'put': {
      const { revision } = await store.txn({ compare: [], success: [{ op: 'put', key, value: Buffer.from(operation.value) }] });
      return { answer: { revision }, seen: { value: operation.value, modRevision: revision } };
    }
    case 'delete': {
      const { revision, results } = await store.txn({ compare: [], success: [{ op: 'delete', range: { key } }] });
      return { answer: { revision, done: results[0]?.op === 'delete' && results[0].deleted > 0 } };
    }
    case 'swap': {
      const { revision, succeeded } = await swap(store, { key, value: operation.value, than: seen?.modRevision ?? 0 });
      const now = succeeded ? { value: operation.value, modRevision: revision } : undefined;
      return { answer: { revision, done: succeeded }, seen: now };
    }
  }
}

/** As the API server updates: on condition that the key's revision is the one that was read. */
function swap(store: Store, { key, value, than }: { key: string; value: string; than: number }): Promise<TransactionResult> {
  return store.txn({ compare: [{ key, target: 'mod', is: '=', than }], success: [{ op: 'put', key, value: Buffer.from(value) }] });
}
