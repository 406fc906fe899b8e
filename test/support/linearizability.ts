/**
 * Whether what concurrent clients saw of a store can have come from one that does one thing after the other, each between its call and its answer
 * (Herlihy and Wing). Any `Store` will do: {@link runClients} makes a history of one, {@link violations} judges it.
 *
 * A key is a register: read, put, deleted, and put on condition that it is as it was read. Keys are judged one by one, which is enough for
 * operations of one key; that the store's revisions agree with the order in real time is looked at across keys. The search is Wing and Gong's, with
 * Lowe's memory of what was tried: an order of the operations is built step by step, taking back what leads nowhere.
 *
 * An operation that was never answered may have happened at any time after its call, or not at all.
 */
export type Operation =
  | { readonly type: 'get' }
  | { readonly type: 'put'; readonly value: string }
  | { readonly type: 'delete' }
  /** Puts when the key still has the value that was read; undefined when there was none. No value is put twice. */
  | { readonly type: 'swap'; readonly expected: string | undefined; readonly value: string };

export interface Answer {
  /** The store's revision after a change, or the one a read was of. */
  readonly revision: number;
  /** Of a get: what was found. */
  readonly value?: string | undefined;
  /** Of a swap: whether it was done. Of a delete: whether there was something. */
  readonly done?: boolean | undefined;
}

/** What happened, in the order in which it did. */
export type HistoryEvent =
  | { readonly type: 'call'; readonly id: number; readonly key: string; readonly operation: Operation }
  | { readonly type: 'answer'; readonly id: number; readonly answer: Answer };

/** An operation with the places of its call and its answer in the history. */
interface Done {
  readonly id: number;
  readonly key: string;
  readonly operation: Operation;
  readonly answer: Answer | undefined;
  readonly calledAt: number;
  readonly answeredAt: number;
}

/** What is wrong with a history, in words; nothing when it is linearizable. */
export function violations(history: readonly HistoryEvent[]): string[] {
  const operations = pairUp(history);
  const keys = new Map<string, Done[]>();
  for (const done of operations) keys.set(done.key, [...(keys.get(done.key) ?? []), done]);
  const unordered = [...keys].flatMap(([key, ofKey]) => {
    const stuck = search(ofKey);
    return stuck === undefined ? [] : [`key ${key} has no order that explains ${describe(stuck)}`];
  });
  return [...unordered, ...revisionViolations(operations)];
}

function pairUp(history: readonly HistoryEvent[]): Done[] {
  const answers = new Map<number, { answer: Answer; at: number }>();
  for (const [at, event] of history.entries()) if (event.type === 'answer') answers.set(event.id, { answer: event.answer, at });
  return history.flatMap((event, calledAt) => {
    if (event.type === 'answer') return [];
    const { id, key, operation } = event;
    const found = answers.get(id);
    return { id, key, operation, answer: found?.answer, calledAt, answeredAt: found?.at ?? Number.POSITIVE_INFINITY };
  });
}

const describe = ({ id, operation, answer }: Done): string =>
  `operation ${id}, ${JSON.stringify(operation)} answered by ${JSON.stringify(answer)}`;

/** The value of a key; undefined when it is not there. */
type State = string | undefined;

/** The state after an operation; nothing when it cannot have had this answer in that state. */
function step(state: State, { operation, answer }: Done): { readonly next: State } | undefined {
  switch (operation.type) {
    case 'get':
      return answer === undefined || answer.value === state ? { next: state } : undefined;
    case 'put':
      return { next: operation.value };
    case 'delete':
      return answer === undefined || answer.done === (state !== undefined) ? { next: undefined } : undefined;
    case 'swap': {
      const holds = state === operation.expected;
      if (answer !== undefined && answer.done !== holds) return undefined;
      return { next: holds ? operation.value : state };
    }
  }
}

/** A choice of the search: the operation that comes next, and the state before it. */
interface Choice {
  readonly operation: number;
  readonly state: State;
}

/**
 * Looks for an order of the operations of one key.
 *
 * @param operations in the order of their calls.
 * @returns undefined when there is one; else the operation that was to be next and could not, where the search got furthest.
 */
function search(operations: readonly Done[]): Done | undefined {
  const chosen: Choice[] = [];
  const taken = new Uint8Array(operations.length);
  const tried = new Set<string>();
  let state: State;
  let furthest = -1;
  let stuck: Done | undefined;
  for (let from = 0; chosen.length < operations.length; ) {
    const deadline = firstAnswer(operations, taken);
    const at = candidate(operations, { taken, tried, state, from, deadline: deadline?.answeredAt ?? Number.POSITIVE_INFINITY });
    const done = at === undefined ? undefined : operations[at];
    const stepped = done && step(state, done);
    if (at !== undefined && stepped) {
      chosen.push({ operation: at, state });
      taken[at] = 1;
      state = stepped.next;
      from = 0;
      continue;
    }
    if (chosen.length > furthest) {
      furthest = chosen.length;
      stuck = deadline;
    }
    const back = chosen.pop();
    if (!back) return stuck;
    taken[back.operation] = 0;
    ({ state } = back);
    from = back.operation + 1;
  }
  return undefined;
}

/** Of the operations not taken yet, the one that was answered first: what comes next was called before that. */
function firstAnswer(operations: readonly Done[], taken: Uint8Array): Done | undefined {
  let first: Done | undefined;
  for (const [at, done] of operations.entries()) {
    if (first && done.calledAt > first.answeredAt) break;
    if (taken[at] === 0 && (first === undefined || done.answeredAt < first.answeredAt)) first = done;
  }
  return first;
}

interface Candidates {
  readonly taken: Uint8Array;
  readonly tried: Set<string>;
  readonly state: State;
  readonly from: number;
  /** What comes next was called before. */
  readonly deadline: number;
}

/** The next operation, from one on, that can come now, and has not been tried with the same others before it and the same state after. */
function candidate(operations: readonly Done[], { taken, tried, state, from, deadline }: Candidates): number | undefined {
  for (let at = from; at < operations.length; at++) {
    const done = operations[at];
    if (!done || done.calledAt > deadline) return undefined;
    const stepped = taken[at] === 0 ? step(state, done) : undefined;
    if (!stepped) continue;
    taken[at] = 1;
    const name = `${stepped.next ?? '\0'} ${nameOf(taken)}`;
    taken[at] = 0;
    if (tried.has(name)) continue;
    tried.add(name);
    return at;
  }
  return undefined;
}

/** Which are taken, without the beginning that all are of. */
function nameOf(taken: Uint8Array): string {
  const first = taken.indexOf(0);
  const last = taken.lastIndexOf(1);
  return first < 0 ? 'all' : `${first}:${taken.subarray(first, last + 1).join('')}`;
}

/** Whether an operation has taken a revision. */
const changed = ({ operation, answer }: Done): boolean => operation.type === 'put' || (operation.type !== 'get' && answer?.done === true);

/** Each change has a revision of its own, above all that was answered before it was called; a read is of no older one. */
function revisionViolations(operations: readonly Done[]): string[] {
  const found: string[] = [];
  const byRevision = new Map<number, Done>();
  for (const { done, newest } of withNewestBefore(operations.filter(({ answer }) => answer !== undefined))) {
    const revision = revisionOf(done);
    const changes = changed(done);
    if (newest && (changes ? revision <= revisionOf(newest) : revision < revisionOf(newest))) {
      found.push(`${describe(done)} came after ${describe(newest)}, and has no later revision`);
    }
    const twin = changes ? byRevision.get(revision) : undefined;
    if (twin) found.push(`${describe(done)} has the revision of ${describe(twin)}`);
    if (changes) byRevision.set(revision, done);
  }
  return found;
}

/** Each operation, with the one of the highest revision that was answered before it was called. */
function* withNewestBefore(answered: readonly Done[]): Generator<{ done: Done; newest: Done | undefined }> {
  const byAnswer = [...answered].sort((a, b) => a.answeredAt - b.answeredAt);
  let newest: Done | undefined;
  let next = 0;
  for (const done of answered) {
    for (let before = byAnswer[next]; before && before.answeredAt < done.calledAt; before = byAnswer[++next]) {
      if (!newest || revisionOf(before) > revisionOf(newest)) newest = before;
    }
    yield { done, newest };
  }
}

const revisionOf = ({ answer }: Done): number => answer?.revision ?? 0;
