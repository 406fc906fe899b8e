// Who owns which fields of an object: keeps metadata.managedFields, and applies configurations (server-side apply).
//
//     create, update, patch ──▶ track ──▶ compare before and after ──▶ the writer owns what it changed, others lose it
//     apply ──────────────────▶ apply ──▶ merge, prune, conflicts  ──▶ the applier owns what it names
import { type ApiError, apiError, type KubeObject, toTime } from '../../api/index.ts';
import { ConversionError, convertMap, DecodeError, type ObjectType, ownership, withEmpties } from '../../api/schema.ts';
import { plainError } from '../registry/store-errors.ts';
import { conflictError } from './conflict.ts';
import { LAST_APPLIED, lastAppliedOf, withLastApplied } from './last-applied.ts';

/** Whose name a plain write has that gives none. */
const UNKNOWN = 'unknown';
/** Who owns what was there before anybody was tracked. */
const BEFORE_FIRST_APPLY = 'before-first-apply';
/** The manager that takes over what kubectl applied on the client's side. */
const KUBECTL = 'kubectl';

/** Who writes, and where. */
export interface Writer {
  /** Field manager; `''` for nobody in particular. */
  readonly manager: string;
  /** `''` for the object itself. */
  readonly subresource: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface Tracking extends Writer {
  /** The object as it is stored; undefined when it is created. */
  readonly live: KubeObject | undefined;
  /** The object as it is written; it is given its managedFields. */
  readonly next: KubeObject;
}

export interface Application extends Writer {
  readonly live: KubeObject | undefined;
  /** The configuration as it was sent, parsed. */
  readonly config: unknown;
  readonly force: boolean;
  /** Completes what the configuration changed; an object that stays as it was stays without defaults that came later, as upstream's does. */
  setDefaults?(object: KubeObject): void;
}

export interface FieldManagerOptions {
  readonly apiVersion: string;
  readonly kind: string;
  readonly type: ObjectType;
  /** Other versions of the kind, which entries may be in; none unless given. */
  otherVersion?(apiVersion: string): ownership.Version | undefined;
  /** An object as the internal version gives it back, where that is not what it was; upstream compares what was written by way of that. */
  byInternal?(object: KubeObject): KubeObject;
  /** Why upstream cannot bring its objects into this version; absent where it can. */
  readonly cannotConvert?: string | undefined;
  /** What writers through a subresource (`''` for the object itself) cannot own. */
  resetFields?(subresource: string): ownership.FieldSet;
}

/** Tracks the owners of one kind's fields. */
export class FieldManager {
  readonly #apiVersion: string;
  readonly #kind: string;
  readonly #type: ObjectType;
  readonly #cannotConvert: string | undefined;
  readonly #otherVersion: (apiVersion: string) => ownership.Version | undefined;
  readonly #byInternal: (object: KubeObject) => KubeObject;
  readonly #resetFields: (subresource: string) => ownership.FieldSet;
  /** Where writes go, by subresource. */
  readonly #targets = new Map<string, ownership.Target>();
  #zero: KubeObject | undefined;

  constructor({ apiVersion, kind, type, otherVersion, byInternal, cannotConvert, resetFields }: FieldManagerOptions) {
    this.#apiVersion = apiVersion;
    this.#kind = kind;
    this.#type = type;
    this.#cannotConvert = cannotConvert;
    this.#otherVersion = otherVersion ?? (() => undefined);
    this.#byInternal = byInternal ?? ((object) => object);
    this.#resetFields = resetFields ?? (() => ownership.EMPTY);
  }

  /** Notes what a plain write changes. Entries that the client sent count, unless they are none. */
  track(tracking: Tracking): void {
    const { live, next } = tracking;
    const { managed, asStored } = entriesOf(tracking);
    next.metadata.managedFields = undefined;
    // An object whose entries were given up is not tracked before somebody applies.
    if (managed.size === 0 && live?.metadata.uid) return;
    try {
      if (live && this.#type.hasChanged) ownership.validateStored(this.#type.applyType, live);
      // What a struct is decoded into is of its type; of other objects a part that is dropped later may not be.
      if (!this.#type.message) ownership.validateStored(this.#type.applyType, next);
      const changed = this.#trackUpdate(managed, tracking, { live: live ?? this.#zeroObject(), next: withEmpties(this.#byInternal(next)) });
      // What another subresource left twice is there once when it is read.
      if (!changed && asStored?.length === managed.size) {
        next.metadata.managedFields = asStored;
        return;
      }
    } catch (error) {
      // Upstream does not fail either: what cannot be compared has no owners, and is refused by validation.
      if (error instanceof ownership.ApplyTypeError) return;
      throw error;
    }
    ownership.capUpdates(managed);
    next.metadata.managedFields = ownership.encode(managed);
  }

  /**
   * Applies a configuration.
   *
   * @returns the object to store, in its normal form.
   * @throws ApiError (400, 409, 500)
   */
  apply(application: Application): KubeObject {
    const { live, config, manager } = application;
    const patch = this.#checkConfig(config);
    const stored = live ?? this.#zeroObject();
    const managed = ownership.decodeStored(stored.metadata.managedFields);
    const before = withoutManaged(stored);
    this.#fit(patch, before, managed.size > 0);
    if (managed.size === 0) {
      this.#convert(`failed to create manager for existing fields: failed to convert live object (/; ${groupVersionKind(patch)})`);
      this.#trackUpdate(managed, { ...application, manager: BEFORE_FIRST_APPLY }, { live: this.#zeroObject(), next: before });
    }
    const applied = this.#applyOrTakeOver(managed, before, { ...application, config: patch });
    if (applied.object !== undefined) this.#convert(`failed to convert new object (${nameOf(patch)})`);
    const object = this.#normal(applied.object ?? before, patch);
    if (applied.object !== undefined) this.#complete(object, patch, application);
    if (manager === KUBECTL && object.metadata.annotations?.[LAST_APPLIED]) {
      object.metadata.annotations = withLastApplied(object.metadata.annotations, patch);
    }
    object.metadata.managedFields = ownership.encode(applied.managed);
    return object;
  }

  /** @throws ApiError (500) where there is no way into this version. */
  #convert(failed: string): void {
    if (this.#cannotConvert !== undefined) throw plainError(`${failed} to proper version: ${this.#cannotConvert}`);
  }

  #trackUpdate(managed: ownership.Managed, writer: Writer, step: { live: KubeObject; next: KubeObject }): boolean {
    const { manager, subresource, now } = writer;
    return ownership.trackUpdate(this.#target(writer), managed, step, {
      manager: manager || UNKNOWN,
      operation: 'Update',
      apiVersion: this.#apiVersion,
      subresource,
      time: toTime(now),
    });
  }

  #target({ subresource }: Writer): ownership.Target {
    let target = this.#targets.get(subresource);
    if (!target) {
      const reset = this.#resetFields(subresource);
      target = { apiVersion: this.#apiVersion, type: this.#type.applyType, otherVersion: this.#otherVersion, reset };
      this.#targets.set(subresource, target);
    }
    return target;
  }

  /** @throws ApiError for what cannot be a configuration of this kind. */
  #checkConfig(config: unknown): Record<string, unknown> {
    const patch = isRecord(config) ? config : {};
    const kind = groupVersionKind(patch);
    if (kind !== groupVersionKind({ apiVersion: this.#apiVersion, kind: this.#kind })) {
      throw apiError.badRequest(`invalid object type: ${kind}`);
    }
    const metadata = isRecord(patch.metadata) ? patch.metadata : {};
    if (Array.isArray(metadata.managedFields) && this.#areReadable(metadata.managedFields)) {
      throw apiError.badRequest('metadata.managedFields must be nil');
    }
    return patch;
  }

  /** Whether they are what they should be: what is not is not seen here (upstream: `unstructured.GetManagedFields`). */
  #areReadable(managedFields: readonly unknown[]): boolean {
    try {
      convertMap(this.#type, { metadata: { managedFields } });
      return managedFields.every(isRecord);
    } catch (error) {
      if (error instanceof DecodeError) return false;
      throw error;
    }
  }

  /** Sees that what is stored and what is applied are of the type; what is stored may be older than the type. @throws ApiError */
  #fit(patch: Record<string, unknown>, live: KubeObject, isManaged: boolean): void {
    const type = this.#type.applyType;
    const nameOfLive = (): string => nameOf({ ...live, apiVersion: this.#apiVersion, kind: this.#kind });
    const checkLive = (what: (name: string) => string): void =>
      ofType(
        () => ownership.validateStored(type, live),
        () => what(nameOfLive()),
      );
    if (!isManaged)
      checkLive((name) => `failed to create manager for existing fields: failed to convert new object (${name}) to smd typed`);
    ofType(
      () => ownership.validate(type, patch),
      () => `failed to create typed patch object (${nameOf(patch)})`,
    );
    if (isManaged) checkLive((name) => `failed to create typed live object (${name})`);
  }

  /** Applies; for kubectl, again with force when the conflicts are only with what it applied before on the client's side. */
  #applyOrTakeOver(managed: ownership.Managed, live: KubeObject, application: Application): ApplyResult {
    try {
      return this.#apply(new Map(managed), live, application);
    } catch (error) {
      // An object that does not fit the version that one of its owners wrote.
      if (error instanceof ownership.ApplyTypeError) throw plainError(error.message);
      if (!(error instanceof ownership.ConflictsError)) throw error;
      const allowed = application.manager === KUBECTL ? this.#appliedByClient(live) : undefined;
      const conflicts = allowed ? error.conflicts.filter(({ path }) => !ownership.has(allowed, path)) : error.conflicts;
      if (conflicts.length > 0) throw conflictError(conflicts);
    }
    return this.#apply(new Map(managed), live, { ...application, force: true });
  }

  #apply(managed: ownership.Managed, live: KubeObject, application: Application): ApplyResult {
    const { manager, subresource, now, config, force } = application;
    const applier = { manager, operation: 'Apply', apiVersion: this.#apiVersion, subresource, time: toTime(now), force } as const;
    const { object } = ownership.apply(this.#target(application), managed, { live, config }, applier);
    return { object, managed };
  }

  /** What the object's last client-side apply says that is still so. */
  #appliedByClient(live: KubeObject): ownership.FieldSet | undefined {
    const config = lastAppliedOf(live);
    if (!config || config.apiVersion !== this.#apiVersion || config.kind !== this.#kind) return undefined;
    try {
      ownership.validate(this.#type.applyType, live);
      ownership.validate(this.#type.applyType, config);
      return ownership.unchangedFieldsOf(this.#type.applyType, config, live);
    } catch (error) {
      if (error instanceof ownership.ApplyTypeError) return undefined; // says nothing that could be taken over
      throw error;
    }
  }

  #normal(object: unknown, patch: Record<string, unknown>): KubeObject {
    try {
      return convertMap(this.#type, object).object;
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      throw this.#misfit(patch, error);
    }
  }

  #complete(object: KubeObject, patch: Record<string, unknown>, { setDefaults }: Application): void {
    try {
      setDefaults?.(object);
    } catch (error) {
      if (error instanceof ConversionError) throw plainError(`failed to convert to unversioned (${nameOf(patch)}): ${error.message}`);
      throw error instanceof DecodeError ? this.#misfit(patch, error) : error;
    }
  }

  #misfit(patch: Record<string, unknown>, error: DecodeError): ApiError {
    const kind = groupVersionKind(patch);
    return plainError(
      `failed to convert new object (${nameOf(patch)}) to proper version: unable to convert unstructured object to ${kind}: ${error.message}`,
    );
  }

  /** An object of the kind that says nothing. */
  #zeroObject(): KubeObject {
    this.#zero ??= this.#type.decode({}).object;
    return this.#zero;
  }
}

/** Tells that something is not of its type. @throws ApiError */
function ofType(check: () => void, what: () => string): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof ownership.ApplyTypeError)) throw error;
    throw plainError(`${what()}: ${error.message}`);
  }
}

interface ApplyResult {
  /** Undefined when the object stays as it was. */
  readonly object: unknown;
  readonly managed: ownership.Managed;
}

type Entries = NonNullable<KubeObject['metadata']['managedFields']>;

/** The entries a write begins with, and the stored ones when they are those. */
function entriesOf({ live, next, subresource }: Tracking): { managed: ownership.Managed; asStored?: Entries | undefined } {
  const stored = live?.metadata.managedFields;
  const fromStored = () => ({ managed: ownership.decodeStored(stored), asStored: stored });
  if (subresource !== '') return fromStored();
  const sent = next.metadata.managedFields;
  if (ownership.isReset(sent)) return { managed: new Map() };
  if (!sent || ownership.equalValues(sent, stored)) return fromStored();
  try {
    return { managed: ownership.decodeSent(sent) };
  } catch (error) {
    if (error instanceof ownership.ApplyTypeError) return fromStored();
    throw error;
  }
}

function withoutManaged(object: KubeObject): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

const asText = (value: unknown): string => (typeof value === 'string' ? value : '');

/** `group/version, Kind=kind`, as Go prints it. */
function groupVersionKind(object: { readonly apiVersion?: unknown; readonly kind?: unknown }): string {
  const version = asText(object.apiVersion);
  const slashes = version.split('/').length - 1;
  if (slashes > 1) return '/, Kind=';
  return `${slashes === 0 ? '/' : ''}${version}, Kind=${asText(object.kind)}`;
}

/** How messages name a configuration. */
function nameOf(config: Record<string, unknown>): string {
  const metadata = isRecord(config.metadata) ? config.metadata : {};
  return `${asText(metadata.namespace)}/${asText(metadata.name)}; ${groupVersionKind(config)}`;
}
