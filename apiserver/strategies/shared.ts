import {
  type FieldError,
  fieldError,
  humanDuration,
  isQualifiedName,
  isValidLabelValue,
  type KubeObject,
  type ObjectMeta,
  parseTime,
} from '../../api/index.ts';
import { emptyAt } from '../../api/schema.ts';
import type { Strategy, UpdateStrategy } from '../registry/strategy.ts';
import { semanticEqual } from '../validation/semantic-equal.ts';

/** The age cell of a Table, as upstream's `translateTimestampSince`. */
export function ageOf(timestamp: string | null | undefined, now: number): string {
  return timestamp ? humanDuration(now - parseTime(timestamp)) : '<unknown>';
}

/** What most kinds without a status have: nothing to prepare, nothing more to check. */
export const PLAIN = {
  setDefaults: (): void => undefined,
  prepareForCreate: (): void => undefined,
  prepareForUpdate: (): void => undefined,
  validateCreate: (): FieldError[] => [],
  validateUpdate: (): FieldError[] => [],
  allowUnconditionalUpdate: true,
} as const;

/** A strategy from what differs from {@link PLAIN}. */
export const strategyOf = <T extends KubeObject>(own: Partial<Strategy<T>>): Strategy<T> => ({ ...PLAIN, ...own });

/** An update strategy of a subresource. */
export const updateOf = <T extends KubeObject>(own: Partial<UpdateStrategy<T>>): UpdateStrategy<T> => ({
  prepareForUpdate: PLAIN.prepareForUpdate,
  validateUpdate: PLAIN.validateUpdate,
  ...own,
});

/** Whether two JSON values are the same, key order aside. */
export function sameJson(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b);
}

/** Whether a field is as it was, to Go's `reflect.DeepEqual`: a list or a map that is given as empty is another one than none. */
export const keepsField = <T extends KubeObject>(object: T, old: T, field: keyof T & string): boolean =>
  !((object[field] ?? undefined) === undefined && emptyAt(object, field) !== undefined) && sameJson(object[field], old[field]);

const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  ) ?? 'null';

/** Checks a map of labels: upstream's `ValidateLabels`. */
export function validateLabels(labels: Readonly<Record<string, string>> | undefined, path: string): FieldError[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...isQualifiedName(key).map((detail) => fieldError.invalid(path, key, detail)),
    ...isValidLabelValue(value).map((detail) => fieldError.invalid(path, value, detail)),
  ]);
}

/** A map in its normal form: by key, as Go writes it. */
export const sortedMap = <T>(map: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));

/** An error for each text. */
export const invalidEach = (path: string, value: unknown, details: readonly string[]): FieldError[] =>
  details.map((detail) => fieldError.invalid(path, value, detail));

interface Specified {
  readonly metadata: ObjectMeta;
  readonly spec: unknown;
}

/** What of the metadata no status subresource changes. Upstream: `metav1.ResetObjectMetaForStatus`. */
const KEPT_METADATA = ['labels', 'annotations', 'finalizers', 'ownerReferences', 'deletionTimestamp', 'generation', 'selfLink'] as const;

/** Restores what a status subresource that leaves the metadata alone must not change of it. */
export function keepMetadata({ metadata }: KubeObject, { metadata: old }: KubeObject): void {
  for (const field of KEPT_METADATA) Object.assign(metadata, { [field]: old[field] });
}

/** Every change of the spec is a generation. */
export function raiseGeneration({ metadata, spec }: Specified, old: Specified): void {
  const generation = old.metadata.generation ?? 0;
  metadata.generation = semanticEqual(spec, old.spec) ? generation : generation + 1;
}
