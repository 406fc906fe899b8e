import type { ErrorSubject, KindInfo, KubeObject, ServedKind } from '../../api/index.ts';
import type { Message } from '../../api/schema.ts';
import { FieldManager } from '../apply/field-manager.ts';
import { resetFieldsOf } from '../apply/reset-fields.ts';
import { KindCache } from '../watch-cache/kind-cache.ts';
import { kindPrefix, REGISTRY_ROOT } from './keys.ts';
import { storedObject } from './stored-object.ts';
import { type Strategy, type StrategyTable, strategyKey } from './strategy.ts';
import { WireForm } from './wire-form.ts';

/** A kind as the API server serves it: its facts, its behaviour, and where its objects are. */
export interface Resource {
  readonly info: KindInfo;
  readonly message: Message<KubeObject>;
  readonly strategy: Strategy;
  /** How errors name it: `deployments.apps`. */
  readonly subject: ErrorSubject;
  /** How errors about invalid objects name it: `Deployment.apps`. */
  readonly kindSubject: ErrorSubject;
  /** What the keys of all kinds begin with, without the last slash. */
  readonly root: string;
  /** What its keys in the store begin with. */
  readonly prefix: string;
  readonly wire: WireForm;
  /** Keeps track of who owns which fields of its objects. */
  readonly fields: FieldManager;
  readonly cache: KindCache;
  /** Fields a field selector may name, by index. */
  readonly selectable: readonly string[];
}

/** How a kind's objects are kept. */
export interface ResourcePlace {
  /** What all keys begin with; `/registry` unless given. */
  readonly root?: string | undefined;
  /** Changes remembered for watchers from the past. */
  readonly eventsMax?: number | undefined;
}

/**
 * Joins a kind with its strategy.
 *
 * @throws when there is no strategy: a kind that is stored must have one.
 */
export function createResource(kind: ServedKind, strategies: StrategyTable, place: ResourcePlace = {}): Resource {
  const { info } = kind;
  const found = strategies.get(strategyKey(info));
  if (!found) throw new Error(`no strategy for ${strategyKey(info)}`);
  const strategy = found as unknown as Strategy; // a strategy only ever meets objects of its own kind
  const fields = Object.entries(strategy.fieldSelectors ?? {}).map(([name, read]) => ({ name, valueOf: read }));
  const wire = new WireForm(info);
  const message = kind.message as Message<KubeObject>;
  const { root = REGISTRY_ROOT, eventsMax } = place;
  const prefix = kindPrefix(info, root);
  return {
    info,
    message,
    strategy,
    subject: { group: info.group, resource: info.resource },
    kindSubject: { group: info.group, resource: info.kind },
    root,
    prefix,
    wire,
    fields: new FieldManager({
      apiVersion: wire.apiVersion,
      kind: info.kind,
      message: kind.message,
      resetFields: (subresource) => resetFieldsOf(info, strategy, subresource),
    }),
    cache: new KindCache(
      { info, wire, prefix, namespaced: info.namespaced, fields, decode: (stored) => storedObject(stored, message, wire) },
      { eventsMax },
    ),
    selectable: ['metadata.name', 'metadata.namespace', ...fields.map(({ name }) => name)],
  };
}
