// The life of a reflector, as data. The shell (reflector.ts) does what a state says and reports how it went.
//
//            ┌──────────── 410 ─────────────┐
//            v                              │
//   idle ─> listing ─── listed ──────> watching <──┐ clean end: watch on from the last version
//            │  ^  └ 410 half-way ─┐     │    └────┘
//     failed │  │ elapsed          v     ├─ failed (connection, 429) ──> waitingToWatch ── elapsed ─> watching
//            v  │              listingWhole
//       waitingToList <──────────────────┴─ rejected, or 410 without any progress
//
// Every way back to a request, what is different the next time, and what bounds it:
//   watching → watching       another version; a watch that ends at once without an event counts as failed
//   watching → listing        a new list; a 410 to the first watch from a list, before any progress, counts as stale and waits
//   listing → listingWhole    no pages, so that no token can expire; a 410 there waits
//   waiting… → …              time has passed; delays grow to a cap, and start over after a watch that lived for 5 s

/** What a reflector is doing. */
export type ReflectorState = 'idle' | 'listing' | 'listingWhole' | 'watching' | 'waitingToList' | 'waitingToWatch' | 'stopped';

/**
 * How it went: `listed` all is in the cache; `ended` the server ended the watch cleanly; `expired` 410; `stale` 410 at once; `rejected` an
 * answer that says no; `failed` no answer; `elapsed` the wait is over; `start` and `stop` are told from outside.
 */
export type ReflectorEvent = 'start' | 'listed' | 'ended' | 'expired' | 'stale' | 'rejected' | 'failed' | 'elapsed' | 'stop';

/** A cell of the table; `never` where the event cannot happen. */
export type ReflectorNext = ReflectorState | 'never';

const NEVER = {
  start: 'never',
  listed: 'never',
  ended: 'never',
  expired: 'never',
  stale: 'never',
  rejected: 'never',
  failed: 'never',
  elapsed: 'never',
  stop: 'stopped',
} as const satisfies Record<ReflectorEvent, ReflectorNext>;

/** Where each event leads from each state. */
export const REFLECTOR_TRANSITIONS: Readonly<Record<ReflectorState, Readonly<Record<ReflectorEvent, ReflectorNext>>>> = {
  idle: { ...NEVER, start: 'listing' },
  listing: {
    start: 'never',
    listed: 'watching',
    ended: 'never',
    expired: 'listingWhole',
    stale: 'listingWhole',
    rejected: 'waitingToList',
    failed: 'waitingToList',
    elapsed: 'never',
    stop: 'stopped',
  },
  listingWhole: {
    start: 'never',
    listed: 'watching',
    ended: 'never',
    expired: 'waitingToList',
    stale: 'waitingToList',
    rejected: 'waitingToList',
    failed: 'waitingToList',
    elapsed: 'never',
    stop: 'stopped',
  },
  watching: {
    start: 'never',
    listed: 'never',
    ended: 'watching',
    expired: 'listing',
    stale: 'waitingToList',
    rejected: 'waitingToList',
    failed: 'waitingToWatch',
    elapsed: 'never',
    stop: 'stopped',
  },
  waitingToList: { ...NEVER, elapsed: 'listing' },
  waitingToWatch: { ...NEVER, elapsed: 'watching' },
  stopped: NEVER,
};
