// How owners change when an object does: structured merge's updater. Pure; the managers' entries are given and changed in place.
import { type ApplyType, trackedTypeOf } from './apply-type.ts';
import { compare, type Difference } from './compare.ts';
import { equalValues } from './equal.ts';
import { difference, EMPTY, type FieldSet, intersection, isEmpty, pathsOf, recursiveDifference, showPath, union } from './field-set.ts';
import { idOf, type Managed, type ManagedEntry, type ManagerInfo } from './managed.ts';
import { merge } from './merge.ts';
import { ApplyTypeError } from './path-element.ts';
import { reconcileSet } from './reconcile.ts';
import { removeFields, withNamedFields } from './remove.ts';
import { fieldSetOf } from './to-field-set.ts';

/** A version of a kind: its type, and how an object of the version in use becomes one of it. */
export interface Version {
  readonly type: ApplyType;
  convert(object: unknown): unknown;
  /** And back. */
  restore(object: unknown): unknown;
  /** What the endpoint lets nobody own in this version, where that is not what it is in the version that is written. */
  readonly reset?: FieldSet | undefined;
}

export interface Target {
  /** The version that is written. */
  readonly apiVersion: string;
  readonly type: ApplyType;
  /** Other versions of the kind; undefined for one that is not (or no longer) served. @throws ApplyTypeError where upstream cannot do without it. */
  otherVersion(apiVersion: string): Version | undefined;
  /** What the endpoint lets nobody own. */
  readonly reset: FieldSet;
}

/** A field that an apply would take from another manager. */
export interface Conflict {
  readonly manager: ManagerInfo;
  readonly path: readonly string[];
}

/** An apply meets fields of others. */
export class ConflictsError extends Error {
  override readonly name = 'ConflictsError';
  readonly conflicts: readonly Conflict[];

  constructor(conflicts: readonly Conflict[]) {
    super(conflicts.map(({ manager, path }) => `conflict with ${idOf(manager)}: ${showPath(path)}`).join('\n'));
    this.conflicts = conflicts;
  }
}

/** What an update changes, as far as it may be owned. */
export function changesOf({ type, reset }: Target, live: unknown, next: unknown): Difference {
  const { changed, removed } = compare(trackedTypeOf(type), live, next);
  return { changed: recursiveDifference(changed, reset), removed: recursiveDifference(removed, reset) };
}

/** Objects before and after a write, and what is between them in the version that is written. */
interface Step {
  readonly live: unknown;
  readonly next: unknown;
  readonly changes: Difference;
}

interface TakeOptions {
  /** The manager that keeps what it has. */
  readonly self?: string | undefined;
  readonly force: boolean;
}

/**
 * Takes from all managers but one what a write changes or removes. Managers of versions that are gone go too.
 *
 * @throws ConflictsError when it takes something and is not forced to.
 */
function take(target: Target, managed: Managed, step: Step, { self, force }: TakeOptions): void {
  const versions: Versions = new Map([[target.apiVersion, step.changes]]);
  const others = [...managed].filter(([id]) => id !== self);
  const taken = new Map<string, FieldSet>();
  for (const [id, { apiVersion, set }] of others) {
    const changes = changesIn(target, versions, apiVersion, step);
    if (changes) taken.set(id, intersection(set, changes.changed));
  }
  if (!force) refuse(managed, taken);
  for (const [id, entry] of others) {
    const left = difference(difference(entry.set, taken.get(id) ?? entry.set), versions.get(entry.apiVersion)?.removed ?? EMPTY);
    if (isEmpty(left)) managed.delete(id);
    else if (left !== entry.set) managed.set(id, { ...entry, set: left });
  }
}

type Versions = Map<string, Difference | undefined>;

function changesIn(target: Target, versions: Versions, apiVersion: string, step: Step): Difference | undefined {
  if (versions.has(apiVersion)) return versions.get(apiVersion);
  const version = target.otherVersion(apiVersion);
  const live = version?.convert(step.live); // which upstream finds out first, and tells as it is
  const next = version && told('failed to convert new object', () => version.convert(step.next));
  const changes = version && changesOf({ ...target, type: version.type, reset: version.reset ?? target.reset }, live, next);
  versions.set(apiVersion, changes);
  return changes;
}

/** Does a step of a write; what an object does not fit is told behind the step's name. @throws ApplyTypeError */
function told<T>(step: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof ApplyTypeError ? new ApplyTypeError(`${step}: ${error.message}`) : error;
  }
}

/** @throws ConflictsError when something is taken from somebody. */
function refuse(managed: Managed, taken: ReadonlyMap<string, FieldSet>): void {
  const conflicts = [...taken]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([id, set]) => {
      const manager = managed.get(id);
      return manager ? pathsOf(set).map((path) => ({ manager, path })) : [];
    });
  if (conflicts.length > 0) throw new ConflictsError(conflicts);
}

/**
 * Tells the owners of a plain write: its writer owns what it changed. Its entry has the time of its last change.
 *
 * @returns whether an entry changed.
 */
export function trackUpdate(
  target: Target,
  managed: Managed,
  step: { live: unknown; next: unknown },
  writer: ManagerInfo & { time: string },
): boolean {
  const isReconciled = reconcile(target, managed, step.live);
  const changes = changesOf(target, step.live, step.next);
  const { changed, removed } = changes;
  if (isEmpty(changed) && isEmpty(removed) && !isReconciled && isUpToDate(target, managed)) return false;
  const id = idOf(writer);
  take(target, managed, { changes, ...step }, { self: id, force: true });
  const own = managed.get(id);
  const set = union(difference(own?.set ?? EMPTY, removed), changed);
  if (isEmpty(set)) managed.delete(id);
  else if (!isEmpty(changed)) managed.set(id, { set, ...writer });
  else if (own) managed.set(id, { ...own, set });
  return true;
}

/**
 * Brings the entries up to their types, which may have changed since they were written; returns whether one was behind.
 *
 * @throws ApplyTypeError where the object is not of the type of a version that an entry is in.
 */
function reconcile(target: Target, managed: Managed, live: unknown): boolean {
  const types = new Map<string, ApplyType | undefined>([[target.apiVersion, target.type]]);
  let isChanged = false;
  for (const [id, entry] of managed) {
    if (!types.has(entry.apiVersion)) types.set(entry.apiVersion, typeIn(target.otherVersion(entry.apiVersion), live));
    const type = types.get(entry.apiVersion);
    const set = type ? reconcileSet(type, entry.set) : entry.set;
    if (set === entry.set) continue;
    managed.set(id, { ...entry, set });
    isChanged = true;
  }
  return isChanged;
}

function typeIn(version: Version | undefined, live: unknown): ApplyType | undefined {
  version?.convert(live);
  return version?.type;
}

/** Whether all entries are of the version that is written, and own something. */
function isUpToDate({ apiVersion }: Target, managed: Managed): boolean {
  for (const entry of managed.values()) if (entry.apiVersion !== apiVersion || isEmpty(entry.set)) return false;
  return true;
}

export interface Applied {
  /** The merged object; undefined when it is what it was. */
  readonly object: unknown;
}

/**
 * Applies a configuration: merges it, takes away what the manager applied before and no longer does, unless others own it too.
 * Changes `managed`.
 *
 * @throws ConflictsError, ApplyTypeError
 */
export function apply(
  target: Target,
  managed: Managed,
  step: { readonly live: unknown; readonly config: unknown },
  applier: ManagerInfo & { readonly time: string; readonly force: boolean },
): Applied {
  const { type } = target;
  const { live, config } = step;
  const { force, time, ...info } = applier;
  const id = idOf(info);
  reconcile(target, managed, live);
  const last = managed.get(id);
  const merged = merge(type, live, config);
  // While it prunes, the configuration also holds on to what nobody owns: the name, the metadata as such.
  managed.set(id, { ...info, set: recursiveDifference(fieldSetOf(type, config), target.reset) });
  const next = last && !isEmpty(last.set) ? told('failed to prune fields', () => prune(target, managed, merged, last)) : merged;
  take(target, managed, { live, next, changes: changesOf(target, live, next) }, { self: id, force });
  const set = withoutBareMetadata(recursiveDifference(fieldSetOf(trackedTypeOf(type), config), target.reset));
  const entry: ManagedEntry = { ...info, time: last?.time, set };
  const isSame = equalValues(live, next);
  if (isEmpty(set)) managed.delete(id);
  else managed.set(id, isSame ? entry : { ...entry, time });
  return { object: isSame ? undefined : next };
}

/** Metadata that says nothing is nobody's; what is in it has owners. */
function withoutBareMetadata(set: FieldSet): FieldSet {
  const { [METADATA]: metadata, ...rest } = set;
  return metadata && isEmpty(metadata) ? rest : set;
}

const METADATA = 'f:metadata';

/** Takes out what was applied last time and is not now, and is nobody else's. */
function prune(target: Target, managed: Managed, merged: unknown, last: ManagedEntry): unknown {
  const version = versionOf(target, last.apiVersion);
  if (!version) return merged;
  const { type } = version;
  const before = told('failed to convert merged object to last applied version', () => version.convert(merged));
  const named = (set: FieldSet) => withNamedFields(type, set);
  const bare = removeFields(type, before, named(last.set));
  const pruning = { version, apiVersion: last.apiVersion, before, pruned: bare };
  const owned = told('failed add back owned items', () => addBackOwned(target, managed, pruning));
  // Only what was applied last time may go.
  const left = named(fieldSetOf(type, owned));
  const all = named(fieldSetOf(type, before));
  return version.restore(removeFields(type, before, intersection(difference(all, left), named(last.set))));
}

interface Pruning {
  readonly version: Version;
  readonly apiVersion: string;
  readonly before: unknown;
  readonly pruned: unknown;
}

/** Gives back what managers still own, version by version. */
function addBackOwned(target: Target, managed: Managed, { version, apiVersion, before, pruned }: Pruning): unknown {
  const sets = new Map<string, FieldSet>([[apiVersion, EMPTY]]);
  for (const entry of managed.values()) sets.set(entry.apiVersion, union(sets.get(entry.apiVersion) ?? EMPTY, entry.set));
  let result = pruned;
  for (const [each, set] of sets) {
    if (isEmpty(set)) continue;
    const other = versionOf(target, each);
    if (!other) continue;
    const isSame = each === apiVersion;
    const as = (what: string, object: unknown): unknown =>
      isSame ? object : told(`failed to convert ${what} object at version ${each}`, () => other.convert(version.restore(object)));
    const merged = as('merged', before);
    const left = as('pruned', result);
    const named = (fields: FieldSet) => withNamedFields(other.type, fields);
    const gone = difference(named(fieldSetOf(other.type, merged)), union(named(fieldSetOf(other.type, left)), named(set)));
    const restored = removeFields(other.type, merged, gone);
    result = isSame ? restored : version.convert(other.restore(restored));
  }
  return result;
}

const asItIs = (object: unknown): unknown => object;

function versionOf(target: Target, apiVersion: string): Version | undefined {
  if (apiVersion === target.apiVersion) return { type: target.type, convert: asItIs, restore: asItIs };
  return target.otherVersion(apiVersion);
}

/** The fields of a configuration that the object still has as it says. */
export function unchangedFieldsOf(type: ApplyType, config: unknown, live: unknown): FieldSet {
  const { changed, removed } = compare(type, config, live);
  return difference(difference(fieldSetOf(type, config), changed), removed);
}
