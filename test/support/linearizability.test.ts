/** The checker finds what is wrong, and nothing in what is right. */
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../runtime/index.ts';
import { openMemoryStore, type Store, StoreError } from '../../store/index.ts';
import { runClients } from './history-clients.ts';
import { type Answer, type HistoryEvent, type Operation, violations } from './linearizability.ts';

/** Writes histories: `call` begins an operation, and gives what answers it. */
class Script {
  readonly events: HistoryEvent[] = [];
  #next = 0;

  call(operation: Operation, key = 'k'): (answer: Answer) => void {
    const id = this.#next++;
    this.events.push({ type: 'call', id, key, operation });
    return (answer) => this.events.push({ type: 'answer', id, answer });
  }

  /** An operation that is answered before anything else happens. */
  step(operation: Operation, answer: Answer, key = 'k'): void {
    this.call(operation, key)(answer);
  }
}

const GET: Operation = { type: 'get' };
const DELETE: Operation = { type: 'delete' };
const put = (value: string): Operation => ({ type: 'put', value });
const swap = (expected: string | undefined, value: string): Operation => ({ type: 'swap', expected, value });

function judge(write: (script: Script) => void): string[] {
  const script = new Script();
  write(script);
  return violations(script.events);
}

describe('right', () => {
  test.each<[string, (script: Script) => void]>([
    [
      'one after the other',
      (s) => {
        s.step(GET, { revision: 1 });
        s.step(put('a'), { revision: 2 });
        s.step(GET, { revision: 2, value: 'a' });
        s.step(swap('a', 'b'), { revision: 3, done: true });
        s.step(swap('a', 'c'), { revision: 3, done: false });
        s.step(DELETE, { revision: 4, done: true });
        s.step(DELETE, { revision: 4, done: false });
        s.step(GET, { revision: 4 });
      },
    ],
    [
      'of two at once either comes first',
      (s) => {
        const first = s.call(put('a'));
        const second = s.call(put('b'));
        second({ revision: 2 });
        s.step(GET, { revision: 3, value: 'a' });
        first({ revision: 3 });
      },
    ],
    [
      'what was never answered happened',
      (s) => {
        s.call(put('a'));
        s.step(GET, { revision: 1 });
        s.step(GET, { revision: 2, value: 'a' });
      },
    ],
    [
      'what was never answered did not happen',
      (s) => {
        s.call(put('a'));
        s.call(DELETE);
        s.call(swap(undefined, 'c'));
        s.step(put('b'), { revision: 2 });
        s.step(GET, { revision: 2, value: 'b' });
      },
    ],
    [
      'a read while a write is under way sees it or not',
      (s) => {
        const writing = s.call(put('a'));
        const early = s.call(GET);
        s.step(GET, { revision: 2, value: 'a' });
        early({ revision: 1 });
        writing({ revision: 2 });
      },
    ],
  ])('%s', (_, write) => {
    expect(judge(write)).toEqual([]);
  });
});

describe('wrong', () => {
  test.each<[string, (script: Script) => void, string]>([
    [
      'a write is lost',
      (s) => {
        s.step(put('a'), { revision: 2 });
        s.step(GET, { revision: 2 });
      },
      'key k has no order',
    ],
    [
      'a read is stale',
      (s) => {
        s.step(put('a'), { revision: 2 });
        s.step(put('b'), { revision: 3 });
        s.step(GET, { revision: 3, value: 'a' });
      },
      'operation 2',
    ],
    ['what nobody wrote is read', (s) => s.step(GET, { revision: 2, value: 'x' }), 'operation 0'],
    [
      'what was seen is gone again',
      (s) => {
        s.call(put('a'));
        s.step(GET, { revision: 2, value: 'a' });
        s.step(GET, { revision: 2 });
      },
      'operation 2',
    ],
    [
      'two swaps of the same state are done',
      (s) => {
        s.step(put('a'), { revision: 2 });
        const first = s.call(swap('a', 'b'));
        const second = s.call(swap('a', 'c'));
        first({ revision: 3, done: true });
        second({ revision: 4, done: true });
      },
      'key k has no order',
    ],
    [
      'a swap is refused that held',
      (s) => {
        s.step(put('a'), { revision: 2 });
        s.step(swap('a', 'b'), { revision: 2, done: false });
      },
      'operation 1',
    ],
    [
      'a refused swap is done all the same',
      (s) => {
        s.step(put('a'), { revision: 2 });
        s.step(swap('x', 'b'), { revision: 2, done: false });
        s.step(GET, { revision: 3, value: 'b' });
      },
      'operation 2',
    ],
    [
      'two readers see two writes in different orders',
      (s) => {
        const one = s.call(put('a'));
        const two = s.call(put('b'));
        s.step(GET, { revision: 2, value: 'a' });
        s.step(GET, { revision: 3, value: 'b' });
        s.step(GET, { revision: 3, value: 'a' });
        one({ revision: 2 });
        two({ revision: 3 });
      },
      'key k has no order',
    ],
    [
      'a deleted key comes back',
      (s) => {
        s.step(put('a'), { revision: 2 });
        s.step(DELETE, { revision: 3, done: true });
        s.step(GET, { revision: 3, value: 'a' });
      },
      'operation 2',
    ],
    [
      'revisions go back between keys',
      (s) => {
        s.step(put('a'), { revision: 3 }, 'one');
        s.step(put('b'), { revision: 2 }, 'two');
      },
      'no later revision',
    ],
    [
      'a read is of an old revision',
      (s) => {
        s.step(put('a'), { revision: 3 }, 'one');
        s.step(GET, { revision: 2 }, 'two');
      },
      'no later revision',
    ],
    [
      'two changes have one revision',
      (s) => {
        const first = s.call(put('a'), 'one');
        const second = s.call(put('b'), 'two');
        first({ revision: 2 });
        second({ revision: 2 });
      },
      'has the revision of',
    ],
  ])('%s', (_, write, text) => {
    expect(judge(write).join('\n')).toContain(text);
  });
});

type Txn = Store['txn'];
type Range = Store['range'];

/** The history of clients on a store that is a new one but for what `spoil` makes of it. */
async function historyOf(spoil: (store: Store) => Partial<Store>): Promise<HistoryEvent[]> {
  const store = await openMemoryStore();
  const spoilt: Store = Object.assign(Object.create(store), spoil(store));
  const events: HistoryEvent[] = [];
  const random = seededRandom(20_261_123);
  await runClients({ store: spoilt, random, clients: 6, operations: 80, keys: 3, onEvent: (event) => events.push(event) });
  await store.close();
  return events;
}

const asItIs = (store: Store): Partial<Store> => ({ range: store.range.bind(store), txn: store.txn.bind(store) });

test('a store that is right', async () => {
  const history = await historyOf(asItIs);
  expect(history.length).toBe(2 * 6 * 80);
  expect(violations(history)).toEqual([]);
});

test.each<[string, (store: Store) => Partial<Store>]>([
  [
    'reads are late',
    (store) => ({
      txn: store.txn.bind(store),
      range: async (...[range]: Parameters<Range>) => {
        const { revision } = await store.range(range);
        return { ...(await store.range(range, { revision: Math.max(1, revision - 8) })), revision };
      },
    }),
  ],
  [
    'some writes are lost',
    (store) => {
      let count = 0;
      const txn: Txn = (transaction) => {
        const isLost = transaction.success[0]?.op === 'put' && ++count % 10 === 0;
        return store.txn(isLost ? { ...transaction, success: [{ op: 'put', key: '/elsewhere', value: Buffer.alloc(0) }] } : transaction);
      };
      return { ...asItIs(store), txn };
    },
  ],
  [
    'conditions are not looked at',
    (store) => ({ ...asItIs(store), txn: (transaction: Parameters<Txn>[0]) => store.txn({ ...transaction, compare: [] }) }),
  ],
  [
    'writes are answered before they are done',
    (store) => {
      const txn: Txn = (transaction) => {
        const done = store.txn(transaction);
        const isPut = transaction.compare.length === 0 && transaction.success[0]?.op === 'put';
        return isPut ? Promise.resolve({ succeeded: true, revision: store.revision + 1, results: [] }) : done;
      };
      return { ...asItIs(store), txn };
    },
  ],
])('a store of which %s', async (_, spoil) => {
  expect(violations(await historyOf(spoil))).not.toEqual([]);
});

/** What clients see of a store of which every now and then a thousand requests in a row fail, a tenth of them behind their work. */
async function historyWithOutages(): Promise<HistoryEvent[]> {
  const store = await openMemoryStore();
  const random = seededRandom(20_261_123);
  let requests = 0;
  let failing = 0;
  const unreliable =
    <A extends unknown[], R>(ask: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      for (let turns = random.integer(3); turns > 0; turns--) await new Promise(setImmediate);
      if (++requests % 1500 === 0) failing = 1000;
      const fails = failing-- > 0;
      if (fails && random.integer(10) > 0) throw new StoreError('Unavailable', 'not done');
      const answer = await ask(...args);
      if (fails) throw new StoreError('Unavailable', 'done, but who knows');
      return answer;
    };
  const spoilt = Object.assign(Object.create(store), {
    range: unreliable((...args: Parameters<Range>) => store.range(...args)),
    txn: unreliable((...args: Parameters<Txn>) => store.txn(...args)),
  });
  const events: HistoryEvent[] = [];
  const onEvent = (event: HistoryEvent) => events.push(event);
  await runClients({ store: spoilt, random, clients: 12, operations: 700, keys: 12, onEvent, onError: () => 'go on' });
  await store.close();
  return events;
}

test('thousands of operations that were never answered: every set of them was tried, for hours', async () => {
  const history = await historyWithOutages();
  const answers = history.filter(({ type }) => type === 'answer').length;
  expect(history.length - 2 * answers).toBeGreaterThan(3000);
  expect(violations(history)).toEqual([]);
  const early = history.findIndex((event) => event.type === 'answer' && event.answer.value !== undefined);
  const late = history.findLastIndex((event) => event.type === 'answer' && event.answer.value !== undefined);
  expect(
    violations(history.with(late, { ...history[late], answer: (history[early] as { answer: Answer }).answer } as HistoryEvent)),
  ).not.toEqual([]);
});
