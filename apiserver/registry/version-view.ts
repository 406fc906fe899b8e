// Built-in kinds that are served in several versions, of which one is stored. Objects of the others are views: converted when they are read and
// written, and judged as what they are stored as. Upstream: conversion functions and the internal version (`runtime.Scheme`).
import { apiVersionOf, type KindInfo, type KindLifecycle, type KubeObject, type ServedKind } from '../../api/index.ts';
import { type ObjectType, type ownership, typeOfMessage } from '../../api/schema.ts';
import { become } from './become.ts';
import { kindPlace } from './keys.ts';
import type { KindDefinition } from './resource.ts';
import { plainForm } from './stored-form.ts';
import { type StoredVersion, type StoredVersions, storedObject } from './stored-object.ts';
import type { Strategy, UpdateStrategy, VersionView } from './strategy.ts';
import { WireForm, writtenWire } from './wire-form.ts';

/** The version that a kind's objects are stored in: mostly its own. @param kinds all there are, served or not. */
export function storedKindOf(info: KindInfo, kinds: readonly ServedKind[]): KindInfo {
  if (info.storedAs === undefined) return info;
  const stored = kinds.find(({ info: other }) => other.kind === info.kind && apiVersionOf(other) === info.storedAs);
  if (!stored) throw new Error(`${apiVersionOf(info)} ${info.kind} is stored as ${info.storedAs}, which there is not`);
  return stored.info;
}

/**
 * One version of a kind, as it is to be served: itself when it is the only one.
 *
 * @param definition with the strategy of the version that is stored.
 * @param kinds all there are, served or not.
 */
export function inItsVersion(definition: KindDefinition, kinds: readonly ServedKind[]): KindDefinition {
  const { info, strategy } = definition;
  if (!strategy.views) return definition;
  const stored = storedKindOf(info, kinds);
  const family = kinds.filter((kind) => storedKindOf(kind.info, kinds) === stored);
  const { views } = strategy;
  const own = views[apiVersionOf(info)];
  const storedOther = (apiVersion: string): StoredVersion | undefined => {
    const message = family.find((kind) => apiVersionOf(kind.info) === apiVersion)?.message;
    const view = views[apiVersion];
    return message && view && { message, toStored: view.toStored };
  };
  const withOthers: KindDefinition = {
    ...definition,
    // Owners go by way of the internal version in the group of the object, which leads to no other group (managedfields, `versionconverter.go`).
    otherVersion: (apiVersion) => {
      const other = family.find((kind) => apiVersionOf(kind.info) === apiVersion && kind.info !== info && kind.info.group === info.group);
      return other && versionOf(other, own, views[apiVersion]);
    },
    convertFrom: between(views, own),
    form: (wire) => plainForm(wire, { message: definition.type.message, other: storedOther, setDefaults: strategy.setDefaults }),
  };
  const kept = family.find((kind) => kind.info === stored);
  return own && kept ? viewOf(withOthers, kept, own, storedOther) : withOthers;
}

function viewOf(definition: KindDefinition, stored: ServedKind, view: VersionView, other: StoredVersions['other']): KindDefinition {
  const storedWire = new WireForm(stored.info);
  const written = writtenWire(stored.info);
  const versions = { wire: storedWire, message: stored.message, other, setDefaults: definition.strategy.setDefaults };
  return {
    ...definition,
    place: kindPlace(stored.info),
    byInternal: (object) => view.fromStored(view.toStored(object)),
    strategy: viewStrategy(definition.strategy, view, definition.info),
    form: (wire) => ({
      store: (_encoded, object) => {
        const stored = view.toStored(object);
        definition.strategy.setDefaults(stored); // as it is read by other versions
        const bytes = storedWire.encode(stored);
        return written ? written.renamed(bytes, storedWire) : bytes;
      },
      isEncoded: () => false,
      read: (pair) => wire.encode(view.fromStored(storedObject(pair, versions))),
      isOutdated: written && (({ value }) => storedWire.isStored(value)),
      isReadLater: true,
      isView: true,
    }),
  };
}

/**
 * Another version as owners of fields see it, from the version in use; without a view that is the stored one. What is converted is an
 * object of the version in use: whoever tracks owners has read it as one.
 */
function versionOf({ message }: ServedKind, own: VersionView | undefined, other: VersionView | undefined): ownership.Version {
  return {
    type: (typeOfMessage(message) as ObjectType).applyType,
    convert: (object) => converted(object as KubeObject, own, other),
    restore: (object) => converted(object as KubeObject, other, own),
  };
}

/** Makes an object of any version one of another. */
const between =
  (views: NonNullable<Strategy['views']>, to: VersionView | undefined) =>
  (object: KubeObject): KubeObject =>
    converted(object, views[object.apiVersion ?? ''], to);

/** An object of a version in another, by the views of the two; the stored version has none. */
function converted(object: KubeObject, from: VersionView | undefined, to: VersionView | undefined): KubeObject {
  const stored = from ? from.toStored(object) : object;
  return to ? to.fromStored(stored) : stored;
}

/** The rules of the stored version, for objects of another. */
function viewStrategy(stored: Strategy, view: VersionView, { lifecycle, ...info }: KindInfo): Strategy {
  const strategy = { ...stored, ...view.rules };
  const { tableRow, subresources = {} } = strategy;
  return {
    ...strategy,
    ...viewUpdate(strategy, view),
    deprecation: lifecycle ? deprecationOf(info, lifecycle) : undefined,
    setDefaults: (object) => (view.setDefaults ? view.setDefaults(object) : stored.setDefaults(object)),
    prepareForCreate: (context, object) => {
      const asStored = view.toStored(object);
      strategy.prepareForCreate(context, asStored);
      become(object, view.fromStored(asStored));
    },
    validateCreate: (context, object) => strategy.validateCreate(context, view.toStored(object)),
    fieldSelectors: viewSelectors(stored.fieldSelectors, view),
    ...(tableRow ? { tableRow: (object: KubeObject, now: number) => tableRow(shownBy(view, object), now) } : {}),
    subresources: Object.fromEntries(Object.entries(subresources).map(([name, update]) => [name, viewUpdate(update, view)])),
  };
}

/** Upstream: apiserver, `pkg/endpoints/deprecation`. */
function deprecationOf(kind: Pick<KindInfo, 'group' | 'version' | 'kind'>, { deprecated, removed, replacement }: KindLifecycle): string {
  const going = `${apiVersionOf(kind)} ${kind.kind} is deprecated in v${deprecated}+, unavailable in v${removed}+`;
  return replacement === undefined ? going : `${going}; use ${replacement}`;
}

function viewSelectors(stored: Strategy['fieldSelectors'], view: VersionView): Strategy['fieldSelectors'] {
  if (!stored) return undefined;
  const names = view.fieldSelectors ?? Object.fromEntries(Object.keys(stored).map((name) => [name, name]));
  return Object.fromEntries(
    Object.entries(names).map(([name, storedName]) => [name, (object: KubeObject) => stored[storedName]?.(view.toStored(object)) ?? '']),
  );
}

const shownBy = (view: VersionView, object: KubeObject): KubeObject => view.toShown?.(object) ?? view.toStored(object);

const viewUpdate = (strategy: UpdateStrategy<KubeObject>, view: VersionView): UpdateStrategy<KubeObject> => ({
  resetFields: strategy.resetFields,
  metadataLooks: strategy.metadataLooks,
  prepareForUpdate: (context, object, old) => {
    const stored = view.toStored(object);
    strategy.prepareForUpdate(context, stored, view.toStored(old));
    become(object, view.fromStored(stored));
  },
  validateUpdate: (context, object, old) => strategy.validateUpdate(context, view.toStored(object), view.toStored(old)),
});
