/**
 * A commit in the making: the transactions of one synced batch, done one after the other on top of the committed state, which stays as it
 * is until the batch is durable.
 */
import { type KeyRange, type Lease, type LeaseId, type Revision, StoreError } from '../store.ts';
import { type KeyState, keyHash, type LogRecord, leaseHash, recordOverhead, SUB_MAX, stateHash } from './log-codec.ts';
import type { Committed } from './state.ts';

/** One change of a transaction: the key's state before and after, and the record that goes to the log. */
export interface Change {
  readonly record: LogRecord;
  readonly before: KeyState | undefined;
  /** Undefined for a delete. */
  readonly after: KeyState | undefined;
}

const NO_VALUE: Buffer = Buffer.alloc(0);

export class Draft {
  readonly #committed: Committed;
  readonly #changed = new Map<string, Change>();
  readonly #values = new Map<KeyState, Buffer>();
  readonly #changes: Change[] = [];
  readonly #leases = new Map<LeaseId, Lease | undefined>();
  #revision: Revision;
  #sub = 0;
  #bytes = 0;
  #checksum: number;
  #liveKeys: number;

  constructor(committed: Committed) {
    this.#committed = committed;
    this.#revision = committed.revision;
    this.#checksum = committed.checksum;
    this.#liveKeys = committed.index.size;
  }

  /** The revision of the last transaction that changed something. */
  get revision(): Revision {
    return this.#revision;
  }

  /** All changes, in order of revision and sub-index. */
  get changes(): readonly Change[] {
    return this.#changes;
  }

  /** Values of states that are not on the disk yet. */
  get values(): ReadonlyMap<KeyState, Buffer> {
    return this.#values;
  }

  /** Leases that are granted, and (undefined) those that are revoked. */
  get leases(): ReadonlyMap<LeaseId, Lease | undefined> {
    return this.#leases;
  }

  /** Whether there is nothing to write. */
  get empty(): boolean {
    return this.#changes.length === 0 && this.#leases.size === 0;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get checksum(): number {
    return this.#checksum;
  }

  get liveKeys(): number {
    return this.#liveKeys;
  }

  /** Ends a transaction: what it changed, if anything, has taken a revision. */
  endTransaction(): void {
    if (this.#sub > 0) this.#revision++;
    this.#sub = 0;
  }

  get(key: string): KeyState | undefined {
    const change = this.#changed.get(key);
    return change ? change.after : this.#committed.index.get(key);
  }

  lease(id: LeaseId): Lease | undefined {
    return this.#leases.has(id) ? this.#leases.get(id) : this.#committed.leases.get(id);
  }

  /** The states of the keys attached to a lease, in order. */
  attached(id: LeaseId): KeyState[] {
    const keys = new Set(this.#committed.leases.get(id)?.keys);
    for (const { record, after } of this.#changed.values()) if (after?.lease === id) keys.add(record.key);
    return [...keys].sort().flatMap((key) => {
      const state = this.get(key);
      return state?.lease === id ? [state] : [];
    });
  }

  grant(lease: Lease): void {
    this.#leases.set(lease.id, lease);
    this.#checksum = (this.#checksum + leaseHash(lease)) >>> 0;
  }

  /** Deletes a lease with all that is attached to it. */
  revoke(lease: Lease): void {
    for (const state of this.attached(lease.id)) this.delete(state);
    this.#leases.set(lease.id, undefined);
    this.#checksum = (this.#checksum - leaseHash(lease)) >>> 0;
  }

  collect(range: KeyRange, limit?: number): KeyState[] {
    if (range.end === undefined) {
      const state = this.get(range.key);
      return state ? [state] : [];
    }
    const { end } = range;
    const fresh = [...this.#changed.values()].filter((change) => change.record.key >= range.key && change.record.key < end);
    if (fresh.length === 0) return this.#committed.index.collect(range, { limit });
    const states = this.#committed.index.collect(range).filter((state) => !this.#changed.has(state.key));
    for (const { after } of fresh) if (after) states.push(after);
    states.sort((a, b) => (a.key < b.key ? -1 : 1));
    return limit === undefined ? states : states.slice(0, limit);
  }

  put(key: string, value: Buffer, lease?: LeaseId): KeyState | undefined {
    const before = this.get(key);
    const at = this.#nextPosition();
    const after: KeyState = {
      key,
      ...at,
      createRevision: before?.createRevision ?? at.modRevision,
      version: (before?.version ?? 0) + 1,
      lease,
    };
    this.#values.set(after, value);
    this.#record({ record: { type: 'put', ...after, previous: before, value }, before, after });
    return before;
  }

  delete(before: KeyState): void {
    const { key } = before;
    const record: LogRecord = {
      type: 'delete',
      key,
      ...this.#nextPosition(),
      createRevision: before.createRevision,
      version: before.version,
      previous: before,
      value: NO_VALUE,
    };
    this.#record({ record, before, after: undefined });
  }

  #nextPosition(): { modRevision: Revision; sub: number } {
    if (this.#sub > SUB_MAX) throw new StoreError('ValueTooLarge', `a transaction may make ${SUB_MAX + 1} changes`);
    return { modRevision: this.#revision + 1, sub: this.#sub++ };
  }

  #record(change: Change): void {
    const { record, before, after } = change;
    this.#changes.push(change);
    this.#changed.set(record.key, change);
    this.#bytes += recordOverhead(record.key) + record.value.length;
    const hash = keyHash(record.key);
    const gained = after ? stateHash(hash, after) : 0;
    const lost = before ? stateHash(hash, before) : 0;
    this.#checksum = (this.#checksum + gained - lost) >>> 0;
    this.#liveKeys += (after ? 1 : 0) - (before ? 1 : 0);
  }
}
