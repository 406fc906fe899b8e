// Built-in kinds that are served in several versions, of which one is stored. Objects of the others are views: converted when they are read and
// written, and judged as what they are stored as. Upstream: conversion functions and the internal version (`runtime.Scheme`).
import { apiVersionOf, type KubeObject, type ServedKind } from '../../api/index.ts';
import { type ObjectType, type ownership, typeOfMessage } from '../../api/schema.ts';
import { become } from './become.ts';
import type { KindDefinition } from './resource.ts';
import { storedObject } from './stored-object.ts';
import { type Strategy, strategyKey, type UpdateStrategy, type VersionView } from './strategy.ts';
import { WireForm } from './wire-form.ts';

/** One version of a kind, as it is to be served: itself when it is the only one. @param kinds all there are. */
export function inItsVersion(definition: KindDefinition, kinds: readonly ServedKind[]): KindDefinition {
  const { info, strategy } = definition;
  const { views } = strategy;
  if (!views) return definition;
  const versions = kinds.filter((kind) => strategyKey(kind.info) === strategyKey(info));
  const view = views[info.version];
  if (!view) return withViews(definition, versions, views);
  const stored = versions.find((kind) => views[kind.info.version] === undefined);
  if (!stored) throw new Error(`${strategyKey(info)} is served in ${info.version} only, which is not stored`);
  return {
    ...viewOf(definition, stored, view),
    convertFrom: (object) => view.fromStored(storedOf(object, versions, views)),
  };
}

/** The stored version knows what owners wrote through the others. */
function withViews(
  definition: KindDefinition,
  versions: readonly ServedKind[],
  views: Readonly<Record<string, VersionView>>,
): KindDefinition {
  return {
    ...definition,
    otherVersion: (apiVersion) => {
      const other = versions.find(({ info }) => apiVersionOf(info) === apiVersion);
      const view = other && views[other.info.version];
      return view && versionOf(other, view.fromStored, view.toStored);
    },
    convertFrom: (object) => storedOf(object, versions, views),
  };
}

/** An object of any version as the stored one. */
function storedOf(object: KubeObject, versions: readonly ServedKind[], views: Readonly<Record<string, VersionView>>): KubeObject {
  const from = versions.find(({ info }) => apiVersionOf(info) === object.apiVersion);
  const view = from && views[from.info.version];
  return view ? view.toStored(object) : object;
}

function viewOf(definition: KindDefinition, stored: ServedKind, view: VersionView): KindDefinition {
  const storedWire = new WireForm(stored.info);
  return {
    ...definition,
    strategy: viewStrategy(definition.strategy, view),
    form: (wire) => ({
      store: (_encoded, object) => storedWire.encode(view.toStored(object)),
      isEncoded: () => false,
      read: (pair) => wire.encode(view.fromStored(storedObject(pair, stored.message, storedWire))),
      isLazy: true,
    }),
    otherVersion: (apiVersion) =>
      apiVersion === apiVersionOf(stored.info) ? versionOf(stored, view.toStored, view.fromStored) : undefined,
  };
}

type Convert = (object: KubeObject) => KubeObject;

/** A version as owners of fields see it. What is converted is an object of the version in use: whoever tracks owners has read it as one. */
const versionOf = ({ message }: ServedKind, convert: Convert, restore: Convert): ownership.Version => ({
  type: (typeOfMessage(message) as ObjectType).applyType,
  convert: (object) => convert(object as KubeObject),
  restore: (object) => restore(object as KubeObject),
});

/** The rules of the stored version, for objects of another. */
function viewStrategy(strategy: Strategy, view: VersionView): Strategy {
  const { tableRow, subresources = {} } = strategy;
  return {
    ...strategy,
    ...viewUpdate(strategy, view),
    setDefaults: (object) => view.setDefaults(object),
    prepareForCreate: (context, object) => {
      const stored = view.toStored(object);
      strategy.prepareForCreate(context, stored);
      become(object, view.fromStored(stored));
    },
    validateCreate: (context, object) => strategy.validateCreate(context, view.toStored(object)),
    ...(tableRow ? { tableRow: (object: KubeObject, now: number) => tableRow(shownBy(view, object), now) } : {}),
    subresources: Object.fromEntries(Object.entries(subresources).map(([name, update]) => [name, viewUpdate(update, view)])),
  };
}

const shownBy = (view: VersionView, object: KubeObject): KubeObject => view.toShown?.(object) ?? view.toStored(object);

const viewUpdate = (strategy: UpdateStrategy<KubeObject>, view: VersionView): UpdateStrategy<KubeObject> => ({
  resetFields: strategy.resetFields,
  prepareForUpdate: (context, object, old) => {
    const stored = view.toStored(object);
    strategy.prepareForUpdate(context, stored, view.toStored(old));
    become(object, view.fromStored(stored));
  },
  validateUpdate: (context, object, old) => strategy.validateUpdate(context, view.toStored(object), view.toStored(old)),
});
