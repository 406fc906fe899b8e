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
    const without = new Search(workOf(ofKey)).run();
    return without === undefined ? [] : [`key ${key} has ${without}`];
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
/** A value that nobody has read, whichever: no operation can tell it from another such. */
const UNREAD = '\0';

/** The state after an operation; nothing when it cannot have had this answer in that state. */
function step(state: State, { operation, answer }: Done): { readonly next: State } | undefined {
  switch (operation.type) {
    case 'get':
      return answer?.value === state ? { next: state } : undefined;
    case 'put':
      return { next: operation.value };
    case 'delete':
      return answer?.done === (state !== undefined) ? { next: undefined } : undefined;
    case 'swap': {
      const holds = state === operation.expected;
      return answer?.done === holds ? { next: holds ? operation.value : state } : undefined;
    }
  }
}

/** Operations that were never answered and that cannot be told apart: they are taken in the order of their calls, so that there is one way to take some. */
interface Spare {
  readonly name: string;
  /** Of swaps: the state without which they do nothing. */
  readonly needs: readonly [State] | undefined;
  readonly next: State;
  readonly operations: readonly Done[];
}

/** What must have happened to a key, and what may have. */
interface Work {
  /** Answered, or seen by somebody who was: by the time of that answer. In the order of calls. */
  readonly due: readonly Done[];
  /** Nobody was answered and nobody saw it: it is taken only where it explains something. */
  readonly spare: readonly Spare[];
}

function workOf(operations: readonly Done[]): Work {
  const seen = seenValues(operations);
  const named = new Set(operations.map(({ operation }) => (operation.type === 'swap' ? operation.expected : undefined)));
  const due: Done[] = [];
  const spare = new Map<string, Spare>();
  for (const done of operations) {
    const value = writtenBy(done.operation);
    const seenAt = value === undefined ? undefined : seen.get(value);
    if (done.answer) due.push(done);
    else if (seenAt !== undefined) due.push({ ...done, answer: { revision: 0, done: true }, answeredAt: seenAt });
    else if (done.operation.type !== 'get') {
      const effect = effectOf(done.operation, named);
      const name = JSON.stringify(effect);
      spare.set(name, { name, ...effect, operations: [...(spare.get(name)?.operations ?? []), done] });
    }
  }
  return { due, spare: [...spare.values()] };
}

/** @param named values that some swap was to replace, which can be told from others though nobody has read them. */
function effectOf(operation: Operation, named: ReadonlySet<State>): Pick<Spare, 'needs' | 'next'> {
  const value = writtenBy(operation);
  return {
    needs: operation.type === 'swap' ? [operation.expected] : undefined,
    next: value === undefined || named.has(value) ? value : UNREAD,
  };
}

const writtenBy = (operation: Operation): string | undefined =>
  operation.type === 'put' || operation.type === 'swap' ? operation.value : undefined;

/** The values that were there, each with the first answer that says so. */
function seenValues(operations: readonly Done[]): ReadonlyMap<string, number> {
  const seen = new Map<string, number>();
  const writers = new Map(operations.map((done) => [writtenBy(done.operation), done]));
  const see = (value: State, at: number): void => {
    if (value === undefined || at >= (seen.get(value) ?? Number.POSITIVE_INFINITY)) return;
    seen.set(value, at);
    const writer = writers.get(value);
    if (writer?.operation.type === 'swap') see(writer.operation.expected, at);
  };
  for (const { operation, answer, answeredAt } of operations) {
    if (operation.type === 'get') see(answer?.value, answeredAt);
    else if (operation.type === 'swap' && answer?.done) see(operation.expected, answeredAt);
  }
  return seen;
}

/** Steps of a search after which it is given up: an order is usually found at once, and that there is none may take for ever to know. */
const STEPS_MAX = 1_000_000;

/** What comes next: one that is due, by its place, or a spare one, by the name of those like it. */
interface Move {
  readonly what: number | string;
  readonly next: State;
}

/** The order of the operations of one key, as far as it is built. */
class Search {
  readonly #work: Work;
  readonly #taken: Uint8Array;
  readonly #used = new Map<string, number>();
  /** What was tried: by the state and what was taken of what is due, how many spare ones were used. */
  readonly #tried = new Map<string, ReadonlyMap<string, number>[]>();
  readonly #chosen: { readonly what: Move['what']; readonly before: State }[] = [];
  #state: State;
  #left: number;

  constructor(work: Work) {
    this.#work = work;
    this.#taken = new Uint8Array(work.due.length);
    this.#left = work.due.length;
  }

  /** @returns undefined when there is an order; else in words what there is none for. */
  run(): string | undefined {
    let fewest = Number.POSITIVE_INFINITY;
    let stuck: Done | undefined;
    for (let steps = 0; this.#left > 0; steps++) {
      if (steps === STEPS_MAX) return `no order that was found in ${STEPS_MAX} steps`;
      const first = this.#firstAnswer();
      const move = this.#move(first?.answeredAt ?? Number.POSITIVE_INFINITY);
      if (move) {
        this.#take(move);
        continue;
      }
      if (this.#left < fewest) {
        fewest = this.#left;
        stuck = first;
      }
      if (!this.#takeBack()) return `no order that explains ${stuck && describe(stuck)}`;
    }
    return undefined;
  }

  /** Of the operations that are due and not taken, the one that was answered first: what comes next was called before that. */
  #firstAnswer(): Done | undefined {
    let first: Done | undefined;
    for (const [at, done] of this.#work.due.entries()) {
      if (first && done.calledAt > first.answeredAt) break;
      if (this.#taken[at] === 0 && (first === undefined || done.answeredAt < first.answeredAt)) first = done;
    }
    return first;
  }

  /** Something that can come now and leads to where the search has not been: what is due first, before what is spare. */
  #move(deadline: number): Move | undefined {
    return this.#dueMove(deadline) ?? this.#spareMove(deadline);
  }

  #dueMove(deadline: number): Move | undefined {
    const { due } = this.#work;
    const open: number[] = [];
    for (const [at, { calledAt }] of due.entries()) {
      if (calledAt > deadline) break;
      if (this.#taken[at] === 0) open.push(at);
    }
    open.sort((a, b) => (due[a]?.answeredAt ?? 0) - (due[b]?.answeredAt ?? 0));
    for (const what of open) {
      const stepped = due[what] && step(this.#state, due[what]);
      if (stepped && this.#isNew(what, stepped.next)) return { what, next: stepped.next };
    }
    return undefined;
  }

  #spareMove(deadline: number): Move | undefined {
    const moves = this.#work.spare.filter(({ needs, next }) => next !== this.#state && (!needs || needs[0] === this.#state));
    const move = moves.find(({ name, next, operations }) => {
      const done = operations[this.#used.get(name) ?? 0];
      return done && done.calledAt < deadline && this.#isNew(name, next);
    });
    return move && { what: move.name, next: move.next };
  }

  /** Who has used no fewer spare ones than another in the same place gets no further. */
  #isNew(what: Move['what'], next: State): boolean {
    this.#mark(what, 1);
    const name = `${next ?? ''} ${nameOf(this.#taken)}`;
    const used = new Map(this.#used);
    this.#mark(what, -1);
    const before = this.#tried.get(name) ?? [];
    if (before.some((one) => [...one].every(([kind, count]) => count <= (used.get(kind) ?? 0)))) return false;
    this.#tried.set(name, [...before, used]);
    return true;
  }

  #mark(what: Move['what'], by: 1 | -1): void {
    if (typeof what === 'number') {
      this.#taken[what] = by === 1 ? 1 : 0;
      return;
    }
    const used = (this.#used.get(what) ?? 0) + by;
    if (used === 0) this.#used.delete(what);
    else this.#used.set(what, used);
  }

  #take({ what, next }: Move): void {
    this.#chosen.push({ what, before: this.#state });
    this.#mark(what, 1);
    if (typeof what === 'number') this.#left--;
    this.#state = next;
  }

  #takeBack(): boolean {
    const last = this.#chosen.pop();
    if (!last) return false;
    this.#mark(last.what, -1);
    if (typeof last.what === 'number') this.#left++;
    this.#state = last.before;
    return true;
  }
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
