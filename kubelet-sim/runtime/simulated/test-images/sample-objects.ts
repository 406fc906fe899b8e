import { ApiError, apiError, type KubeObject, parseLabelSelector, toTime } from '../../../../api/index.ts';
import type { ProcessContext } from '../program.ts';
import { GROUP, type SampleKind } from './sample-versions.ts';

/** Characters of a name that the server makes up, as upstream. */
const SUFFIX = 'bcdfghjklmnpqrstvwxz2456789';
const SUFFIX_LENGTH = 5;

/** Where a request goes: an object, or all of a namespace. */
export interface Place {
  readonly kind: SampleKind;
  /** `''` for all. */
  readonly namespace: string;
  readonly name: string;
}

/** The objects of one sample API server, for as long as it runs. */
export class SampleObjects {
  readonly #context: ProcessContext;
  readonly #objects = new Map<string, KubeObject>();
  #revision = 1;

  constructor(context: ProcessContext) {
    this.#context = context;
  }

  /** The same objects, for what is to change nothing (dry runs). */
  copy(): SampleObjects {
    const copy = new SampleObjects(this.#context);
    for (const [key, object] of this.#objects) copy.#objects.set(key, object);
    copy.#revision = this.#revision;
    return copy;
  }

  /** @throws ApiError (404) */
  get(place: Place): KubeObject {
    const found = this.#objects.get(keyOf(place));
    if (found) return found;
    throw apiError.notFound({ group: GROUP, resource: place.kind.resource }, place.name);
  }

  list(place: Place, labelSelector: string): { readonly resourceVersion: string; readonly items: readonly KubeObject[] } {
    return { resourceVersion: String(this.#revision), items: this.#select(place, labelSelector) };
  }

  /** @throws ApiError (400, 409) */
  create({ kind, namespace }: Place, given: KubeObject): KubeObject {
    const { metadata } = given;
    if (kind.namespaced && (metadata.namespace ?? namespace) !== namespace)
      throw apiError.badRequest('the namespace of the provided object does not match the namespace sent on the request');
    const name = metadata.name || `${metadata.generateName ?? ''}${this.#suffix()}`;
    const place = { kind, namespace, name };
    if (this.#objects.has(keyOf(place))) throw apiError.alreadyExists({ group: GROUP, resource: kind.resource }, name);
    const { clock, random } = this.#context;
    const own = { uid: random.uuid(), creationTimestamp: toTime(clock.now()), ...(kind.namespaced ? { namespace } : {}) };
    return this.#store(place, { ...given, metadata: { ...metadata, name, ...own } });
  }

  /** @throws ApiError (404, 409) */
  update(place: Place, given: KubeObject): KubeObject {
    const { metadata } = this.get(place);
    const { resourceVersion = '', ...wanted } = given.metadata;
    if (resourceVersion !== '' && resourceVersion !== metadata.resourceVersion)
      throw apiError.modified({ group: GROUP, resource: place.kind.resource }, place.name);
    const { name, namespace, uid, creationTimestamp, deletionTimestamp } = metadata;
    const kept = Object.fromEntries(
      Object.entries({ name, namespace, uid, creationTimestamp, deletionTimestamp }).filter(([, value]) => value !== undefined),
    );
    const next = { ...given, metadata: { ...wanted, ...kept } };
    if (deletionTimestamp === undefined || (wanted.finalizers ?? []).length > 0) return this.#store(place, next);
    this.#objects.delete(keyOf(place));
    return next;
  }

  /** What has finalizers stays until they are gone. @throws ApiError (404) */
  delete(place: Place): KubeObject {
    const found = this.get(place);
    if ((found.metadata.finalizers ?? []).length > 0)
      return this.#store(place, { ...found, metadata: { ...found.metadata, deletionTimestamp: toTime(this.#context.clock.now()) } });
    this.#objects.delete(keyOf(place));
    return found;
  }

  deleteAll(place: Place, labelSelector: string): void {
    for (const { metadata } of this.#select(place, labelSelector))
      this.delete({ ...place, namespace: metadata.namespace ?? '', name: metadata.name ?? '' });
  }

  #select({ kind, namespace }: Place, labelSelector: string): KubeObject[] {
    const selector = parseLabelSelector(labelSelector);
    return [...this.#objects.entries()]
      .filter(([key]) => key.startsWith(`${kind.resource}/${namespace === '' ? '' : `${namespace}/`}`))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, object]) => object)
      .filter(({ metadata }) => selector.matches(metadata.labels ?? {}));
  }

  #store(place: Place, object: KubeObject): KubeObject {
    const metadata = { ...object.metadata, resourceVersion: String(++this.#revision) };
    const stored = { ...object, kind: place.kind.kind, metadata };
    this.#objects.set(keyOf(place), stored);
    return stored;
  }

  #suffix(): string {
    return Array.from({ length: SUFFIX_LENGTH }, () => SUFFIX[this.#context.random.integer(SUFFIX.length)]).join('');
  }
}

const keyOf = ({ kind, namespace, name }: Place): string => `${kind.resource}/${kind.namespaced ? namespace : ''}/${name}`;

/** The Status of an error. */
export const statusOf = (error: unknown) => (error instanceof ApiError ? error : apiError.internal(String(error))).status;
