import type { ErrorSubject, KindInfo, KubeObject } from '../../api/index.ts';
import type { ObjectType, ownership } from '../../api/schema.ts';
import { SharedTexts } from '../../runtime/index.ts';
import { FieldManager } from '../apply/field-manager.ts';
import { resetFieldsOf } from '../apply/reset-fields.ts';
import { KindCache } from '../watch-cache/kind-cache.ts';
import { kindPrefix, REGISTRY_ROOT } from './keys.ts';
import { convertedForm, plainForm, renamedForm, type Sealing, type StoredForm, sealedForm } from './stored-form.ts';
import type { StoredVersion } from './stored-object.ts';
import type { Strategy } from './strategy.ts';
import { WireForm, writtenWire } from './wire-form.ts';
import { STANDARD_WORDING, type Wording } from './wording.ts';

/** A kind as it is to be served. */
export interface KindDefinition {
  readonly info: KindInfo;
  readonly type: ObjectType;
  readonly strategy: Strategy;
  readonly wording?: Wording | undefined;
  /** Stored, and there for the server's own parts, but not served. */
  readonly isHidden?: boolean | undefined;
  /** Where in the store they are, under the root; by its resource unless given. */
  readonly place?: string | undefined;
  /** How its objects lie in the store; as they are served unless given. */
  form?(wire: WireForm): StoredForm;
  /** Other versions of it, which owners of fields may have written; none unless given. */
  otherVersion?(apiVersion: string): ownership.Version | undefined;
  /** An object as upstream's internal version gives it back; as it is unless given. Leaves the object as it is. */
  byInternal?(object: KubeObject): KubeObject;
  /** An object of another version as one of this; there is no other version unless given. Leaves the object as it is. */
  convertFrom?(object: KubeObject): KubeObject | Promise<KubeObject>;
}

/** A kind as the API server serves it: its facts, its behaviour, and where its objects are. */
export interface Resource {
  readonly info: KindInfo;
  readonly type: ObjectType;
  readonly strategy: Strategy;
  readonly wording: Wording;
  /** How errors name it: `deployments.apps`. */
  readonly subject: ErrorSubject;
  /** What the keys of all kinds begin with, without the last slash. */
  readonly root: string;
  /** What its keys in the store begin with. */
  readonly prefix: string;
  readonly wire: WireForm;
  readonly form: StoredForm;
  /** Keeps track of who owns which fields of its objects. */
  readonly fields: FieldManager;
  readonly cache: KindCache;
  readonly isHidden: boolean;
  /** Whether upstream reads it from a watch cache where any state will do; else from the store. */
  readonly isCached: boolean;
  /** As {@link KindDefinition.convertFrom}. */
  readonly convertFrom: ((object: KubeObject) => KubeObject | Promise<KubeObject>) | undefined;
  /** Fields a field selector may name, by index. */
  readonly selectable: readonly string[];
  /** Whether a namespace is among them that a client may name. */
  readonly selectsByNamespace: boolean;
}

/** How a kind's objects are kept. */
export interface ResourcePlace {
  /** What all keys begin with; `/registry` unless given. */
  readonly root?: string | undefined;
  /** Changes remembered for watchers from the past. */
  readonly eventsMax?: number | undefined;
  /** {@link Resource.isCached}; all are unless given. */
  readonly isCached?: ((kind: Pick<KindInfo, 'group' | 'resource'>) => boolean) | undefined;
  /** What objects of a kind are sealed with in the store; nothing is unless given. */
  readonly sealing?: ((kind: Pick<KindInfo, 'group' | 'resource'>) => Sealing) | undefined;
  /** Told why watchers were sent away: an object that changed cannot be read. */
  onUnreadable?(error: unknown, key: string): void;
}

const formerVersions =
  ({ formerVersions: former, formerNames }: Strategy, { message }: ObjectType, wire: WireForm) =>
  (apiVersion: string): StoredVersion | undefined => {
    if (formerNames?.includes(apiVersion)) return { message, toStored: (object) => ({ ...object, apiVersion: wire.apiVersion }) };
    const toStored = former?.[apiVersion];
    return toStored && { toStored };
  };

/** What is to be filled in in an object that another server stored. */
const storedDefaults = (strategy: Strategy) => (object: KubeObject) => {
  strategy.setDefaults?.(object);
  strategy.defaultOnRead?.(object);
};

/** Views write the version that they are views of. */
function inWrittenVersion(form: StoredForm, { info, strategy, wire }: Pick<Resource, 'info' | 'strategy' | 'wire'>): StoredForm {
  const written = form.isView ? undefined : writtenWire(info);
  if (!written) return form;
  const { toWrittenVersion: convert } = strategy;
  return convert ? convertedForm(form, wire, { wire: written, convert: (object) => convert(object) }) : renamedForm(form, wire, written);
}

/** Makes of a definition what serves it. */
export function createResource(definition: KindDefinition, place: ResourcePlace = {}): Resource {
  const { info, type, strategy, wording = STANDARD_WORDING } = definition;
  const fields = Object.entries(strategy.fieldSelectors ?? {}).map(([name, read]) => ({
    name,
    valueOf: (object: KubeObject) => read(object),
  }));
  const wire = new WireForm(info, wording.isUnstructured);
  const { root = REGISTRY_ROOT, eventsMax, sealing, isCached } = place;
  const open =
    definition.form?.(wire) ??
    plainForm(wire, { message: type.message, other: formerVersions(strategy, type, wire), setDefaults: storedDefaults(strategy) });
  const laidOut = inWrittenVersion(open, { info, strategy, wire });
  const form = sealing ? sealedForm(laidOut, sealing(info)) : laidOut;
  const prefix = kindPrefix(info, root, definition.place);
  return {
    info,
    type,
    strategy,
    wording,
    isHidden: definition.isHidden ?? false,
    isCached: isCached?.(info) ?? true,
    convertFrom: definition.convertFrom?.bind(definition),
    subject: { group: info.group, resource: info.resource },
    root,
    prefix,
    wire,
    form,
    fields: new FieldManager({
      apiVersion: wire.apiVersion,
      kind: info.kind,
      type,
      ...(definition.otherVersion ? { otherVersion: definition.otherVersion } : {}),
      ...(definition.byInternal ? { byInternal: definition.byInternal } : {}),
      resetFields: (subresource) => resetFieldsOf(info, strategy, subresource),
    }),
    cache: new KindCache(
      { info, wire, form, prefix, namespaced: info.namespaced, fields, texts: new SharedTexts() },
      { eventsMax, onUnreadable: place.onUnreadable?.bind(place) },
    ),
    selectable: ['metadata.name', 'metadata.namespace', ...fields.map(({ name }) => name)],
    // What has words of its own for what it can be selected by leaves out the namespace that it has not.
    selectsByNamespace: info.namespaced || (fields.length === 0 && !wording.isUnstructured),
  };
}
