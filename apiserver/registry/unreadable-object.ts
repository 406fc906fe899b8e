import { StoreError } from '../../store/index.ts';

/** What is wrong with an object in the store. */
interface Reason {
  readonly key: string;
  /** Upstream's words. */
  readonly why: string;
  /** It could not be opened, so that nobody knows what it says; otherwise it says what is no object of its kind. */
  readonly sealed: boolean;
}

/**
 * An object in the store that cannot be read. Who asks for it alone is told why and no more; lists say which one it is, where it could not be
 * opened. Upstream: `Get` and `getList` of apiserver, `pkg/storage/etcd3/store.go`.
 */
export class UnreadableObject extends StoreError {
  readonly why: string;
  readonly sealed: boolean;

  constructor({ key, why, sealed }: Reason, options?: ErrorOptions) {
    super(
      'Corrupt',
      sealed ? `unable to transform key ${JSON.stringify(key)}: ${why}` : `${key} in the store cannot be read: ${why}`,
      options,
    );
    this.why = why;
    this.sealed = sealed;
  }
}
