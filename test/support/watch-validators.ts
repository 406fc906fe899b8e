/** What every watch promises, checked on what it recorded. Each returns what is wrong, or undefined. */
import type { Revision, StoreEvent, WatchBatch } from '../../store/index.ts';

export interface History {
  /** First revision the watch asked for. */
  readonly from: Revision;
  readonly batches: readonly WatchBatch[];
  /** The events there really were in its range, from that revision on. */
  readonly truth: readonly StoreEvent[];
}

type Validator = (history: History) => string | undefined;

const eventsOf = (batches: readonly WatchBatch[]): StoreEvent[] =>
  batches.flatMap((batch) => (batch.type === 'events' ? batch.events : []));

/** Revisions never go back, within a batch and from one to the next, and none is above its batch's. */
const ordered: Validator = ({ batches, from }) => {
  let last = from - 1;
  for (const batch of batches) {
    for (const { kv } of batch.type === 'events' ? batch.events : []) {
      if (kv.modRevision < last) return `revision ${kv.modRevision} after ${last}`;
      if (kv.modRevision > batch.revision) return `revision ${kv.modRevision} in a batch up to ${batch.revision}`;
      last = kv.modRevision;
    }
    if (batch.revision < last) return `a ${batch.type} batch up to ${batch.revision} after ${last}`;
    last = batch.revision;
  }
  return undefined;
};

/** No change is told twice. */
const unique: Validator = ({ batches }) => {
  const seen = new Set<string>();
  for (const { kv } of eventsOf(batches)) {
    const name = `${kv.key} at ${kv.modRevision}`;
    if (seen.has(name)) return `${name} told twice`;
    seen.add(name);
  }
  return undefined;
};

/** A revision is in one batch. */
const atomic: Validator = ({ batches }) => {
  const batchOf = new Map<Revision, number>();
  for (const [at, batch] of batches.entries()) {
    for (const { kv } of batch.type === 'events' ? batch.events : []) {
      if ((batchOf.get(kv.modRevision) ?? at) !== at) return `revision ${kv.modRevision} split over batches`;
      batchOf.set(kv.modRevision, at);
    }
  }
  return undefined;
};

/** Nothing is left out up to the last revision told of, and nothing is made up. */
const reliable: Validator = ({ batches, truth }) => {
  const upTo = batches.at(-1)?.revision ?? 0;
  const told = eventsOf(batches).map(describe);
  const happened = truth.filter(({ kv }) => kv.modRevision <= upTo).map(describe);
  const at = happened.findIndex((text, index) => told[index] !== text);
  if (at >= 0) return `event ${at} is ${told[at]} instead of ${happened[at]}`;
  return told.length > happened.length ? `${told[happened.length]} never happened` : undefined;
};

/** Progress is told only when everything up to it has been. */
const bookmarkable: Validator = ({ batches, truth }) => {
  let told = 0;
  for (const batch of batches) {
    if (batch.type === 'events') told += batch.events.length;
    else if (told < truth.filter(({ kv }) => kv.modRevision <= batch.revision).length) return `progress ${batch.revision} came too early`;
  }
  return undefined;
};

function describe({ type, kv, prev }: StoreEvent): string {
  const state = (of: typeof kv) => `${of.key}@${of.createRevision}/${of.modRevision} v${of.version} ${of.value.toString('latin1')}`;
  return `${type} ${state(kv)}${prev ? ` was ${state(prev)}` : ''}`;
}

const VALIDATORS: Readonly<Record<string, Validator>> = { ordered, unique, atomic, reliable, bookmarkable };

/** Everything that is wrong with a recorded watch. */
export function violations(history: History): string[] {
  return Object.entries(VALIDATORS).flatMap(([name, validator]) => {
    const wrong = validator(history);
    return wrong === undefined ? [] : [`not ${name}: ${wrong}`];
  });
}
