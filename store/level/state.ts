import type { Revision } from '../store.ts';
import type { KeyIndex } from './key-index.ts';
import type { KeyState } from './log-codec.ts';

/**
 * What the parts of the driver share: the committed state. The writer moves `revision` and `index` on, both at once, after a commit is
 * durable; the compactor moves `compactRevision`, before it deletes anything.
 */
export interface Committed {
  revision: Revision;
  compactRevision: Revision;
  /** The checksum over the live keys. */
  checksum: number;
  readonly index: KeyIndex<KeyState>;
}
