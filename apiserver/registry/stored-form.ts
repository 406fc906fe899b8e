import type { KubeObject } from '../../api/index.ts';
import { type KeyValue, StoreError } from '../../store/index.ts';
import { type StoredVersions, storedObject } from './stored-object.ts';
import type { WireForm } from './wire-form.ts';

/**
 * What lies between an object's encoded form ({@link WireForm}) and the bytes in the store. For most kinds there is nothing between them;
 * kinds whose objects are stored in another version, or by another schema, are brought into form.
 */
export interface StoredForm {
  /** What is written for an object, which `encoded` is the encoded form of: the same bytes where there is nothing to convert. */
  store(encoded: Buffer, object: KubeObject): Buffer | Promise<Buffer>;
  /** Whether bytes from the store, whoever wrote them, are an encoded form as they lie. */
  isEncoded(stored: Buffer): boolean;
  /** The encoded form of a pair whose value is none. Only called for what {@link convert} need not be asked about. */
  read(stored: StoredPair): Buffer;
  /** Whether objects are brought into form when they are first looked at. Otherwise at once, so that what cannot be read is known at once. */
  readonly isReadLater?: boolean | undefined;
  /** Whether what is written reads back as it was encoded, though other bytes lie there. */
  readonly isExact?: boolean | undefined;
  /** Whether this is another version than the one that is stored, and {@link read} takes that one's served form as well. */
  readonly isView?: boolean | undefined;
  /**
   * Whether what lies there is not what a write that changes nothing would write, as it is of another version than is stored now, or of
   * another schema: it is written then. Absent where that cannot be.
   */
  readonly isOutdated?: ((stored: StoredPair, next: Buffer) => boolean) | undefined;
  /** For forms that somebody else has to be asked for. */
  readonly converter?: StoredConverter | undefined;
  /** What stands between all of this and the store: encryption at rest. {@link store} is before it, everything else behind. */
  readonly sealing?: Sealing | undefined;
}

/** A pair of the store, as far as forms look at it. */
export type StoredPair = Pick<KeyValue, 'key' | 'value'>;

/** Seals what is written and opens what is read: upstream's `value.Transformer` (apiserver, pkg/storage/value). */
export interface Sealing {
  /** Whether objects are sealed now: otherwise what is not sealed may be read as it lies. */
  readonly isOn: boolean;
  seal(key: string, bytes: Buffer): Buffer;
  /** @throws StoreError `Corrupt` when it cannot be opened. */
  open(pair: StoredPair): Buffer;
  /** Whether what lies there is to be written again, even if it says the same. @throws StoreError as {@link open}. */
  isStale(pair: StoredPair): boolean;
  /** Whether somebody has to be asked before it can be opened: a key management plugin. */
  isLocked(pair: StoredPair): boolean;
  /** Asks. Never rejects: what stays locked says why when it is opened. */
  unlock(pairs: readonly StoredPair[]): Promise<void>;
  /** Calls a function when it is worth asking again. */
  later(work: () => void): void;
  /** How often what values are sealed with was another: what could be opened may be locked now. */
  readonly changes: number;
}

/** Brings bytes into the encoded form that only somebody else can convert: a conversion webhook. */
export interface StoredConverter {
  /** Whether it is to be asked about these bytes. */
  isNeeded(stored: StoredPair): boolean;
  /** The encoded forms of several; undefined for one that can be read now, or never. Rejects when one of them cannot be had. */
  convert(stored: readonly StoredPair[]): Promise<readonly (Buffer | undefined)[]>;
  /** Calls a function when it is worth asking again. */
  later(work: () => void): void;
}

/** The form of kinds that are stored as they are served; another API server may have laid them out differently, or as protobuf. */
export const plainForm = (wire: WireForm, versions: Omit<StoredVersions, 'wire'> = {}): StoredForm => ({
  store: (encoded) => encoded,
  isEncoded: (stored) => wire.isStored(stored),
  read: (stored) => wire.encode(storedObject(stored, { ...versions, wire })),
});

/**
 * The same form in a store that has another version's name on its objects: kube-apiserver stores some kinds in an older version of the same
 * fields, so that the release before can read them (`pkg/kubeapiserver/default_storage_factory_builder.go`).
 *
 * @param form lays objects out as `wire` does.
 * @param stored the name that they lie there by.
 */
export const renamedForm = (form: StoredForm, wire: WireForm, stored: WireForm): StoredForm => ({
  ...form,
  store: async (encoded, object) => stored.renamed(await form.store(encoded, object), wire),
  isEncoded: () => false,
  read: (pair) => {
    const { value } = pair;
    if (stored.isStored(value)) return wire.renamed(value, stored);
    return form.isEncoded(value) ? value : form.read(pair);
  },
  isOutdated: ({ value }) => wire.isStored(value),
  isExact: true,
});

/** The same where the older version has other fields. @param convert makes an object one of that version. */
export const convertedForm = (
  form: StoredForm,
  wire: WireForm,
  older: { wire: WireForm; convert(object: KubeObject): KubeObject },
): StoredForm => ({
  ...form,
  store: (_encoded, object) => older.wire.encode(older.convert(object)),
  isEncoded: () => false,
  read: (pair) => (wire.isStored(pair.value) ? pair.value : form.read(pair)),
  isOutdated: ({ value }) => wire.isStored(value),
});

/**
 * The same form behind a seal. What is sealed is opened when it is first looked at: one object that cannot be is an error for those who ask
 * for it, and for nobody else.
 */
export function sealedForm(form: StoredForm, sealing: Sealing): StoredForm {
  const { converter } = form;
  const opened = (pair: StoredPair): StoredPair => ({ key: pair.key, value: sealing.open(pair) });
  /** What cannot be opened is not sent to be converted: whoever reads it is told why. */
  const isOpened = (pair: StoredPair): boolean => {
    try {
      sealing.open(pair);
      return true;
    } catch (error) {
      if (error instanceof StoreError) return false;
      throw error;
    }
  };
  const isConverted = (pair: StoredPair): boolean => converter !== undefined && isOpened(pair) && converter.isNeeded(opened(pair));
  return {
    store: (encoded, object) => form.store(encoded, object),
    isEncoded: (stored) => !sealing.isOn && form.isEncoded(stored),
    read: (pair) => {
      const plain = opened(pair);
      return form.isEncoded(plain.value) ? plain.value : form.read(plain);
    },
    isReadLater: true,
    ...(form.isOutdated ? { isOutdated: form.isOutdated } : {}),
    isExact: form.isExact,
    sealing,
    converter: {
      isNeeded: (pair) => sealing.isLocked(pair) || isConverted(pair),
      convert: async (pairs) => {
        const locked = pairs.filter((pair) => sealing.isLocked(pair));
        if (locked.length > 0) await sealing.unlock(locked);
        const asked = pairs.filter(isConverted);
        const converted = asked.length > 0 ? await converter?.convert(asked.map(opened)) : undefined;
        const found = new Map(asked.map((pair, index) => [pair, converted?.[index]]));
        return pairs.map((pair) => found.get(pair));
      },
      later: (work) => (converter ?? sealing).later(work),
    },
  };
}
