// Who owns which fields of an object: the entries of metadata.managedFields as they are worked with.
import type { ManagedFieldsEntry } from '../meta/v1/object-meta.ts';
import { EMPTY, equalSets, type FieldSet, parseFieldSet, union } from './field-set.ts';
import { ApplyTypeError } from './path-element.ts';

/** What tells entries of managedFields apart; appliers have one entry, whatever version they applied in. */
export interface ManagerInfo {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource?: string | undefined;
}

export interface ManagedEntry extends ManagerInfo {
  readonly time?: string | undefined;
  readonly set: FieldSet;
}

/** Entries by {@link idOf}. */
export type Managed = Map<string, ManagedEntry>;

/** An entry as it is written in metadata. */
export type EncodedEntry = ManagedFieldsEntry;

/** What identifies an entry, in upstream's spelling: entries are sorted by it in places. */
export function idOf({ manager, operation, apiVersion, subresource }: ManagerInfo): string {
  const version = operation === 'Apply' || apiVersion === '' ? '' : `,"apiVersion":${JSON.stringify(apiVersion)}`;
  const rest = subresource ? `,"subresource":${JSON.stringify(subresource)}` : '';
  const name = manager === '' ? '' : `"manager":${JSON.stringify(manager)},`;
  return `{${name}"operation":"${operation}"${version}${rest}}`;
}

/** Whether a client asks for the entries to be forgotten: by an empty list, or one with an empty entry. */
export function isReset(entries: readonly EncodedEntry[] | null | undefined): boolean {
  if (!entries) return false;
  const [first] = entries;
  return first === undefined || (entries.length === 1 && Object.values(first).every((value) => value === undefined));
}

/** Reads entries that this server wrote. */
export function decodeStored(entries: readonly EncodedEntry[] | null | undefined): Managed {
  const managed: Managed = new Map();
  for (const entry of entries ?? []) {
    const { manager = '', operation, apiVersion = '', time, fieldsV1, subresource } = entry;
    const decoded: ManagedEntry = {
      manager,
      operation: operation === 'Apply' ? 'Apply' : 'Update',
      apiVersion,
      subresource,
      time,
      set: (fieldsV1 ?? EMPTY) as FieldSet, // checked when it was written
    };
    managed.set(idOf(decoded), decoded);
  }
  return managed;
}

/** Reads entries that a client sent. @throws ApplyTypeError when they are none. */
export function decodeSent(entries: readonly EncodedEntry[]): Managed {
  for (const [index, { operation, apiVersion, fieldsType }] of entries.entries()) {
    if (operation !== 'Apply' && operation !== 'Update') throw new ApplyTypeError('operation must be `Apply` or `Update`');
    if (!apiVersion) throw new ApplyTypeError('apiVersion must not be empty');
    if (!fieldsType) throw new ApplyTypeError(`missing fieldsType in managed fields entry ${index}`);
    if (fieldsType !== 'FieldsV1') {
      throw new ApplyTypeError(`invalid fieldsType ${JSON.stringify(fieldsType)} in managed fields entry ${index}`);
    }
  }
  return decodeStored(entries.map((entry) => ({ ...entry, fieldsV1: parseFieldSet(entry.fieldsV1) })));
}

/** Writes entries, in upstream's order; undefined when there are none. */
export function encode(managed: Managed): EncodedEntry[] | undefined {
  if (managed.size === 0) return undefined;
  const entries = [...managed.values()];
  return (entries.length > 1 ? entries.sort(inOrder) : entries).map(encodeEntry);
}

function encodeEntry({ manager, operation, apiVersion, subresource, time, set }: ManagedEntry): EncodedEntry {
  const entry: EncodedEntry = {};
  if (manager !== '') entry.manager = manager;
  entry.operation = operation;
  entry.apiVersion = apiVersion;
  if (time !== undefined) entry.time = time;
  entry.fieldsType = 'FieldsV1';
  entry.fieldsV1 = set;
  if (subresource) entry.subresource = subresource;
  return entry;
}

function inOrder(a: ManagedEntry, b: ManagedEntry): number {
  return (
    order(a.operation, b.operation) ||
    order(a.time ?? '', b.time ?? '') ||
    order(a.manager, b.manager) ||
    order(a.apiVersion, b.apiVersion) ||
    order(a.subresource ?? '', b.subresource ?? '')
  );
}

const order = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);

/** Whether two lists of entries say the same, but for the times. */
export function sameButTimes(a: readonly EncodedEntry[], b: readonly EncodedEntry[]): boolean {
  return a.length === b.length && a.every((entry, index) => sameEntry(entry, b[index]));
}

const sameEntry = (a: EncodedEntry, b: EncodedEntry | undefined): boolean =>
  b !== undefined &&
  a.manager === b.manager &&
  a.operation === b.operation &&
  a.apiVersion === b.apiVersion &&
  a.subresource === b.subresource &&
  equalSets((a.fieldsV1 ?? EMPTY) as FieldSet, (b.fieldsV1 ?? EMPTY) as FieldSet);

/** Most managers of updates an object keeps; the oldest are put together. */
const UPDATE_MANAGERS_MAX = 10;
const ANCIENT = 'ancient-changes';

/** Puts the oldest updates together, per version, until there are few enough. Changes `managed`. */
export function capUpdates(managed: Managed): void {
  const updates = [...managed].filter(([, { operation }]) => operation === 'Update');
  let excess = updates.length - UPDATE_MANAGERS_MAX;
  if (excess <= 0) return;
  updates.sort(([idA, a], [idB, b]) => order(a.time ?? '', b.time ?? '') || order(idA, idB));
  const firsts = new Map<string, string>();
  for (const [id, entry] of updates) {
    if (excess <= 0) return;
    const { apiVersion } = entry;
    const first = firsts.get(apiVersion);
    if (first === undefined) {
      firsts.set(apiVersion, id);
      continue;
    }
    putTogether(managed, first, id);
    excess--;
  }
}

function putTogether(managed: Managed, first: string, id: string): void {
  const entry = managed.get(id);
  if (!entry) return;
  const bucket: ManagerInfo = { manager: ANCIENT, operation: 'Update', apiVersion: entry.apiVersion };
  const bucketId = idOf(bucket);
  const base = managed.get(bucketId) ?? managed.get(first);
  if (!managed.has(bucketId)) managed.delete(first);
  managed.delete(id);
  managed.set(bucketId, { ...bucket, time: entry.time, set: union(entry.set, base?.set ?? EMPTY) });
}
