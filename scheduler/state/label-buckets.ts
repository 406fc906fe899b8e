import type { LabelSelectorQuery } from '../../api/index.ts';
import type { PodInfo } from './pod-info.ts';

/** Labels that everything has that a selector selects, each once: selectors of a Service and of a ReplicaSet say mostly the same. */
function labelsOf({ requirements }: LabelSelectorQuery): Iterable<readonly [key: string, value: string]> {
  const labels = new Map<string, readonly [string, string]>();
  for (const {
    key,
    operator,
    values: [value = '', ...more],
  } of requirements) {
    // A key has no equals sign.
    if ((operator === '=' || operator === 'in') && more.length === 0) labels.set(`${key}=${value}`, [key, value]);
  }
  return labels.values();
}

/** The placed pods of a namespace that have a value of a label, and who asks about them. */
export interface Bucket<T> {
  readonly uids: Set<string>;
  readonly asked: Set<T>;
  /** Where it is, and by which name, to be gone when it is empty. */
  readonly home: Buckets<T>;
  readonly name: string;
}

type Buckets<T> = Map<string, Bucket<T>>;

/** Placed pods by namespace and label, of the labels that were asked for. */
export class LabelBuckets<T> {
  readonly #placed: () => Iterable<readonly [PodInfo, number]>;
  /** By the label's key, and then by namespace and value. */
  readonly #byKey = new Map<string, Buckets<T>>();

  constructor(placed: () => Iterable<readonly [PodInfo, number]>) {
    this.#placed = placed;
  }

  /**
   * Where the pods are that a selector selects, among as few pods as can be: a bucket for each namespace, for who asks to enter. Undefined when it
   * asks for no label's value.
   */
  of(namespaces: ReadonlySet<string>, selector: LabelSelectorQuery): readonly Bucket<T>[] | undefined {
    const places = Array.from(labelsOf(selector), ([key, value]) => {
      const buckets = this.#keyed(key);
      return Array.from(namespaces, (namespace) => bucketOf(buckets, namespace, value));
    });
    const podsIn = (place: readonly Bucket<T>[]) => place.reduce((sum, { uids }) => sum + uids.size, 0);
    const [best, ...others] = places.sort((a, b) => podsIn(a) - podsIn(b));
    for (const bucket of others.flat()) dropEmpty(bucket);
    return best;
  }

  /** A pod comes or goes. @returns who asks about such. */
  change({ uid, namespace, pod }: PodInfo, by: 1 | -1): T[] {
    const asked: T[] = [];
    const { labels = {} } = pod.metadata;
    for (const key in labels) {
      const buckets = this.#byKey.get(key);
      if (!buckets) continue;
      const bucket = bucketOf(buckets, namespace, labels[key] ?? '');
      if (by === 1) bucket.uids.add(uid);
      else bucket.uids.delete(uid);
      asked.push(...bucket.asked);
      dropEmpty(bucket);
    }
    return asked;
  }

  /** Somebody asks no more. */
  release(place: readonly Bucket<T>[], who: T): void {
    for (const bucket of place) {
      bucket.asked.delete(who);
      dropEmpty(bucket);
    }
  }

  #keyed(key: string): Buckets<T> {
    const known = this.#byKey.get(key);
    if (known) return known;
    const buckets: Buckets<T> = new Map();
    for (const [{ uid, namespace, pod }] of this.#placed()) {
      const value = pod.metadata.labels?.[key];
      if (value !== undefined) bucketOf(buckets, namespace, value).uids.add(uid);
    }
    this.#byKey.set(key, buckets);
    return buckets;
  }
}

function bucketOf<T>(home: Buckets<T>, namespace: string, value: string): Bucket<T> {
  // A namespace's name has no slash.
  const name = `${namespace}/${value}`;
  let bucket = home.get(name);
  if (!bucket) {
    bucket = { uids: new Set(), asked: new Set(), home, name };
    home.set(name, bucket);
  }
  return bucket;
}

function dropEmpty<T>({ uids, asked, home, name }: Bucket<T>): void {
  if (uids.size === 0 && asked.size === 0) home.delete(name);
}
