import type { KeyIndex } from '../../runtime/index.ts';
import type { Lease, LeaseId, Revision } from '../store.ts';
import type { KeyState } from './log-codec.ts';

/** A lease and the keys that are attached to it. */
export interface HeldLease extends Lease {
  readonly keys: Set<string>;
  /** On the clock that only goes forward; set by the lessor, which alone looks at it. */
  endsAtMs: number | undefined;
}

/**
 * What the parts of the driver share: the committed state. The writer moves `revision`, `index` and `leases` on, all at once, after a commit
 * is durable; the compactor moves `compactRevision`, before it deletes anything.
 */
export interface Committed {
  revision: Revision;
  compactRevision: Revision;
  /** The checksum over the live keys and the leases. */
  checksum: number;
  readonly index: KeyIndex<KeyState>;
  readonly leases: Map<LeaseId, HeldLease>;
}
