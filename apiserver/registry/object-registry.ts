import { ApiError, apiError, type FieldError, fieldError, isAlreadyExists, type KubeObject, toTime } from '../../api/index.ts';
import { cloneJson } from '../../api/schema.ts';
import { type Random, randomSuffix } from '../../runtime/index.ts';
import { admissionAttributes } from '../admission/plugin.ts';
import { isUnchanged } from '../apply/keep-times.ts';
import type { CacheHub } from '../watch-cache/cache-hub.ts';
import type { Entry } from '../watch-cache/entry.ts';
import type { Admission } from './admission-chain.ts';
import { admitObject } from './admitted-object.ts';
import type { Allocation } from './claims.ts';
import type { ComparisonMetrics } from './comparison-metrics.ts';
import { checkPreconditions, type DeleteRequest, isReadyToGo, planDeletion, type SettledOptions, settledOptions } from './deletion.ts';
import { invalidObject } from './invalid-object.ts';
import { objectKey } from './keys.ts';
import { writeSmaller } from './large-objects.ts';
import { matchNamespace } from './match-namespace.ts';
import {
  checkPathName,
  dnsSubdomainName,
  type NameRule,
  pathSegmentName,
  validateCommonUpdate,
  validateKnownFinalizers,
  validateMetadataUpdate,
  validateObjectMeta,
} from './metadata-validation.ts';
import type { ObjectStore, Stored } from './object-store.ts';
import { checkStored } from './preconditions.ts';
import type { Resource } from './resource.ts';
import { isRevision, parseVersion } from './revision-text.ts';
import { plainError } from './store-errors.ts';
import type { RequestContext, UpdateStrategy } from './strategy.ts';
import { UnreadableObject } from './unreadable-object.ts';

/** Names tried for an object with generateName. */
const GENERATED_NAMES_MAX = 8;
/** Characters of generateName that are kept, so that the name fits 63. */
const GENERATE_NAME_LENGTH_MAX = 58;
/** How often a write that lost a race is made again. */
const RACES_MAX = 100;

export interface CreateRequest {
  readonly context: RequestContext;
  readonly admission: Admission;
  readonly object: KubeObject;
  /** Whether it is stored without its managed fields when it is too large with them. */
  readonly withoutFieldsIfTooLarge?: boolean | undefined;
  /** Made by a PUT or an apply: no resourceVersion is asked about, whoever set it. */
  readonly isByUpdate?: boolean | undefined;
  /** Made by a write to this: it claims nothing then, for upstream's allocators belong to the store of the object itself. */
  readonly subresource?: string | undefined;
}

export interface UpdateRequest {
  readonly context: RequestContext;
  readonly admission: Admission;
  readonly name: string;
  /** `''` for the object itself. */
  readonly subresource: string;
  readonly strategy: UpdateStrategy<KubeObject>;
  /**
   * Makes the new object of the present one, anew on each call; `undefined` in is for a name that is not there, out for no change.
   * `old` is the present one parsed, not to be changed.
   */
  next(current: Entry | undefined, old: KubeObject | undefined): KubeObject | undefined | Promise<KubeObject | undefined>;
  /** A uid in the object must be the present one's (PUT). */
  readonly uidIsPrecondition: boolean;
  readonly mayCreate: boolean;
}

/** What admission is asked about. */
interface Asked {
  readonly object: KubeObject | undefined;
  readonly old: KubeObject | undefined;
  readonly subresource?: string | undefined;
  readonly isNameless?: boolean | undefined;
  /** What was settled of the request's options. */
  readonly settled?: SettledOptions | undefined;
}

/** An object as it is stored, and parsed. */
interface Present {
  readonly current: Entry;
  readonly old: KubeObject;
  /** What was chosen for its next state. */
  readonly allocation?: Allocation | undefined;
}

export interface DeleteOneRequest {
  readonly context: RequestContext;
  readonly admission: Admission;
  readonly name: string;
  readonly options: DeleteRequest;
  /** The request names no object: admission is told no name. */
  readonly isOneOfMany?: boolean | undefined;
  /** Changes the object as it is marked (an evicted pod's condition). */
  change?(object: KubeObject): KubeObject;
}

export interface Updated extends Stored {
  readonly created: boolean;
}

export interface Deleted {
  /** The last state, or the present one when the object is not gone yet. */
  readonly entry: Entry;
  readonly gone: boolean;
}

interface Parts {
  readonly resource: Resource;
  readonly store: ObjectStore;
  readonly hub: CacheHub;
  readonly random: Random;
  readonly comparisons: ComparisonMetrics;
}

/**
 * The writes of one kind: upstream's generic registry. Each is one transaction that compares the object's revision; who loses a race
 * looks again.
 */
export class ObjectRegistry {
  readonly resource: Resource;
  /** Called for each new object that was stored, before its creator hears of it. */
  afterCreate: ((object: KubeObject) => Promise<void>) | undefined;
  readonly #store: ObjectStore;
  readonly #hub: CacheHub;
  readonly #random: Random;
  readonly #comparisons: ComparisonMetrics;

  constructor({ resource, store, hub, random, comparisons }: Parts) {
    this.resource = resource;
    this.#store = store;
    this.#hub = hub;
    this.#random = random;
    this.#comparisons = comparisons;
  }

  /** The present state of an object; undefined when there is none. @throws ApiError (400) for what can be no name. */
  async current(namespace: string, name: string): Promise<Entry | undefined> {
    checkPathName(name);
    await this.#hub.fresh();
    await this.resource.cache.settled();
    return this.resource.cache.get(namespace, name);
  }

  /** @throws ApiError (404) when there is none. */
  async existing(namespace: string, name: string): Promise<Entry> {
    const entry = await this.current(namespace, name);
    if (!entry) throw apiError.notFound(this.resource.subject, name);
    return entry;
  }

  async create(request: CreateRequest): Promise<Stored> {
    const { context, admission, object, subresource } = request;
    this.#matchNamespace(context, object);
    object.metadata.uid = undefined;
    object.metadata.creationTimestamp = undefined;
    object.metadata.selfLink = undefined; // but what a PUT or an apply makes may be on its way out already
    await admitObject(admission, context, this.#attributes(context, 'CREATE', { object, old: undefined, subresource }));
    this.#matchNamespace(context, object);
    if (request.isByUpdate) object.metadata.resourceVersion = undefined; // a webhook may have set it
    const { name, generateName } = object.metadata;
    const write = (withFields: boolean): Promise<Stored> => {
      if (!withFields) object.metadata.managedFields = undefined;
      return !name && generateName ? this.#createNamed(request, generateName) : this.#create(request, object);
    };
    const stored = await (request.withoutFieldsIfTooLarge ? writeSmaller(write) : write(true));
    if (this.resource.strategy.takesEffectAtOnce) await this.#seen();
    return stored;
  }

  /** Changes an object: the whole of it or a subresource. */
  async update(request: UpdateRequest): Promise<Updated> {
    const { context, name } = request;
    let current = await this.current(this.#namespace(context), name);
    for (let attempt = 0; attempt < RACES_MAX; attempt++) {
      const outcome = current ? await this.#replace(request, current) : await this.#createByUpdate(request);
      if (outcome !== 'lost') {
        if (this.resource.strategy.takesEffectAtOnce) await this.#seen();
        return outcome;
      }
      current = await this.#store.read(this.#keyOf(context, name));
    }
    throw apiError.modified(this.resource.subject, name);
  }

  async delete(request: DeleteOneRequest): Promise<Deleted> {
    const { context, name } = request;
    let current = await this.existing(this.#namespace(context), name);
    for (let attempt = 0; attempt < RACES_MAX; attempt++) {
      const outcome = await this.#deleteOnce(request, current);
      if (outcome !== 'lost') {
        if (this.resource.strategy.takesEffectAtOnce) await this.#seen();
        return outcome;
      }
      const again = await this.#store.read(this.#keyOf(context, name));
      if (!again) throw apiError.notFound(this.resource.subject, name);
      current = again;
    }
    throw apiError.modified(this.resource.subject, name);
  }

  /** Waits until the caches hold what was written; with a store of our own they already do. The write is done, whatever keeps them from it. */
  async #seen(): Promise<void> {
    await this.#hub.fresh()?.catch(() => undefined);
  }

  #namespace(context: RequestContext): string {
    return this.resource.info.namespaced ? context.namespace : '';
  }

  #keyOf(context: RequestContext, name: string): string {
    return objectKey(this.resource.prefix, this.#namespace(context), name);
  }

  /** Tries generated names until one is free: plugins that change objects see none of them, those that look at them each. */
  async #createNamed(request: CreateRequest, generateName: string): Promise<Stored> {
    const { keepsGivenName } = this.resource.strategy;
    let name = '';
    for (let attempt = 0; attempt < GENERATED_NAMES_MAX; attempt++) {
      name = keepsGivenName ? generateName : generateName.slice(0, GENERATE_NAME_LENGTH_MAX) + randomSuffix(this.#random);
      const draft = cloneJson(request.object);
      draft.metadata.name = name;
      try {
        return await this.#create(request, draft);
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
      }
    }
    throw apiError.generateNameConflict(this.resource.subject, name, 1);
  }

  async #create({ context, admission, subresource = '' }: CreateRequest, object: KubeObject): Promise<Stored> {
    const { strategy } = this.resource;
    const { metadata } = object;
    metadata.uid = this.#random.uuid();
    metadata.creationTimestamp = toTime(context.now);
    strategy.prepareForCreate(context, object);
    for (let attempt = 0; attempt < RACES_MAX; attempt++) {
      // What is chosen for an object is looked at with the rest of it: upstream's BeginCreate.
      const allocation = subresource === '' ? strategy.claims?.allocate(object, undefined, context.dryRun) : undefined;
      if (attempt === 0) this.#validateNew(context, object);
      await admission.validate(context, this.#attributes(context, 'CREATE', { object, old: undefined, subresource }));
      strategy.setStoredDefaults?.(object);
      if (isRevision(metadata.resourceVersion) && !context.dryRun)
        throw plainError('resourceVersion should not be set on objects to be created');
      const stored = await this.#insert(context, object, allocation);
      if (stored !== 'taken') {
        if (!context.dryRun) await this.afterCreate?.(stored.object);
        return stored;
      }
      allocation?.undo();
    }
    throw apiError.modified(this.resource.subject, metadata.name ?? '');
  }

  get #nameRule(): NameRule {
    const { strategy } = this.resource;
    return strategy.validateName?.bind(strategy) ?? dnsSubdomainName;
  }

  #validateNew(context: RequestContext, object: KubeObject): void {
    const { info, strategy } = this.resource;
    const { metadata } = object;
    const ofMetadata = strategy.validatesMetadata
      ? []
      : [...validateObjectMeta(metadata, info.namespaced, this.#nameRule), ...this.#finalizerErrors(object)];
    const advice: string[] = [];
    this.#refuse(object, [...ofMetadata, ...strategy.validateCreate(withHeldAdvice(context, advice), object)]);
    // Whatever a kind allows, its names stand in paths; of the rest of the metadata, kinds that leave it to others are told here.
    const inPaths = strategy.validatesMetadata
      ? validateObjectMeta(metadata, info.namespaced, pathSegmentName)
      : pathSegmentName(metadata.name ?? '', false).map((why) => fieldError.invalid('metadata.name', metadata.name, why));
    this.#refuse(object, inPaths);
    for (const text of advice) context.warn(text);
  }

  async #insert(context: RequestContext, object: KubeObject, allocation: Allocation | undefined): Promise<Stored | 'taken'> {
    const name = object.metadata.name ?? '';
    const key = this.#keyOf(context, name);
    const encoded = this.resource.wire.encode(object);
    if (context.dryRun) {
      const present = await this.current(this.#namespace(context), name);
      if (present) throw this.#alreadyExists(present, name);
      await this.#store.lookForClaims(allocation);
      return this.#store.rehearse({ key, object, encoded });
    }
    const draft = await this.#store.draft({ key, object, encoded, allocation, span: context.span, isNew: true });
    const written = await this.#store.create(draft);
    if (written === 'lost') throw this.#alreadyExists(await this.#store.read(key), name);
    return written === 'taken' ? written : this.#store.readBack(draft, written);
  }

  #alreadyExists(present: Entry | undefined, name: string): ApiError {
    const error = apiError.alreadyExists(this.resource.subject, name);
    if (!isGoing(present)) return error;
    return new ApiError({ ...error.status, message: `object is being deleted: ${error.status.message}` });
  }

  async #createByUpdate(request: UpdateRequest): Promise<Updated | 'lost'> {
    const { context, admission, name, subresource } = request;
    const object = request.mayCreate ? await request.next(undefined, undefined) : undefined;
    if (!object) throw apiError.notFound(this.resource.subject, name);
    parseVersion(object.metadata.resourceVersion); // one that is no number is told of; of others none can be right
    object.metadata.resourceVersion = undefined;
    try {
      return { ...(await this.create({ context, admission, object, isByUpdate: true, subresource })), created: true };
    } catch (error) {
      if (isAlreadyExists(error)) return 'lost';
      throw error;
    }
  }

  async #replace(request: UpdateRequest, current: Entry): Promise<Updated | 'lost'> {
    const { context, admission, subresource, strategy } = request;
    const old = current.parse();
    const object = await request.next(current, old);
    if (!object) return { object: old, bytes: current.bytes, created: false };
    this.#matchNamespace(context, object);
    await admitObject(admission, context, this.#attributes(context, 'UPDATE', { object, old, subresource }));
    this.#matchNamespace(context, object);
    this.#checkVersion(request, object, current, old);
    this.#carryOver(object, old, () => strategy.prepareForUpdate(context, object, old));
    if (!context.dryRun) object.metadata.selfLink = undefined; // what is stored has none
    const allocation = subresource === '' ? this.resource.strategy.claims?.allocate(object, old, context.dryRun) : undefined;
    const advice: string[] = [];
    const own = strategy.validateUpdate(withHeldAdvice(context, advice), object, old);
    this.#refuse(object, this.#updateErrors(object, old, strategy, own));
    for (const text of advice) context.warn(text);
    await admission.validate(context, this.#attributes(context, 'UPDATE', { object, old, subresource }));
    const outcome = isReadyToGo(this.resource, object)
      ? await this.#removeByUpdate(context, object, { current, old })
      : await this.#put(context, object, { current, old, allocation });
    if (outcome === 'lost') return outcome;
    if (!context.dryRun) strategy.afterUpdate?.(object, old);
    return { created: false, ...outcome };
  }

  #updateErrors(
    { metadata }: KubeObject,
    { metadata: old }: KubeObject,
    { metadataLooks: again }: UpdateStrategy<KubeObject>,
    own: readonly FieldError[],
  ): FieldError[] {
    const { info, strategy } = this.resource;
    if (strategy.validatesMetadata) return [...validateCommonUpdate(metadata, old, info.namespaced), ...own];
    return validateMetadataUpdate(metadata, old, {
      namespaced: info.namespaced,
      again,
      plainFinalizers: strategy.allowsPlainFinalizers === true,
      nameRule: this.#nameRule,
      own,
    });
  }

  #finalizerErrors({ metadata }: KubeObject): FieldError[] {
    return this.resource.strategy.allowsPlainFinalizers ? [] : validateKnownFinalizers(metadata.finalizers);
  }

  /** Restores what no update changes; `prepare` is the strategy's turn, which comes after the generation is back. */
  #carryOver(object: KubeObject, { metadata: old }: KubeObject, prepare: () => void): void {
    object.metadata.generation = old.generation;
    prepare();
    const { metadata } = object; // a view of another version is made anew by its strategy
    metadata.uid ||= old.uid;
    metadata.creationTimestamp = old.creationTimestamp;
    if (old.deletionTimestamp) metadata.deletionTimestamp = old.deletionTimestamp;
    metadata.deletionGracePeriodSeconds ??= old.deletionGracePeriodSeconds;
  }

  /** Optimistic concurrency, and the identity the client means. */
  #checkVersion({ context, name, uidIsPrecondition }: UpdateRequest, { metadata }: KubeObject, current: Entry, old: KubeObject): void {
    const { subject, strategy } = this.resource;
    if (uidIsPrecondition) checkStored(subject, current, old, { uid: metadata.uid, dryRun: context.dryRun });
    const version = parseVersion(metadata.resourceVersion);
    if (version === 0 && strategy.allowUnconditionalUpdate) {
      metadata.resourceVersion = String(current.revision);
    } else if (version === 0) {
      const error = fieldError.invalid('metadata.resourceVersion', 0, 'must be specified for an update');
      throw apiError.invalid(subject, name, [error]);
    } else if (version !== current.revision) {
      throw apiError.modified(subject, name);
    }
  }

  async #put(context: RequestContext, object: KubeObject, { current, old, allocation }: Present): Promise<Stored | 'lost'> {
    const { wire } = this.resource;
    this.#comparisons.keepTimes(object, old);
    if (isUnchanged(object, old)) {
      const standing = await this.#store.standing(current, object);
      if (standing === 'lost') return standing;
      if (standing === 'good') return { object, bytes: current.bytes };
    }
    const encoded = wire.encode(object);
    if (context.dryRun) {
      await this.#store.lookForClaims(allocation);
      return this.#store.rehearse({ key: current.key, object, encoded }, current.revision);
    }
    const draft = await this.#store.draft({ key: current.key, object, encoded, allocation, span: context.span });
    const written = await this.#store.update(draft, current.revision);
    return typeof written === 'number' ? this.#store.readBack(draft, written) : 'lost';
  }

  /** The last finalizer went: so does the object. */
  async #removeByUpdate(context: RequestContext, object: KubeObject, { current, old }: Present): Promise<Stored | 'lost'> {
    const bytes = this.resource.wire.serve(this.resource.wire.encode(object), current.revision);
    if (!context.dryRun && (await this.#store.remove(current.key, current.revision, old, context.span)) === 'lost') return 'lost';
    return { object, bytes };
  }

  async #deleteOnce(request: DeleteOneRequest, current: Entry): Promise<Deleted | 'lost'> {
    const { resource } = this;
    const { context, admission, options } = request;
    const old = current.object;
    const object = cloneJson(old);
    checkPreconditions(resource, object, options);
    const plan = planDeletion(resource, { gracePeriodSeconds: options.gracePeriodSeconds, ...context }, object, options);
    if (plan.type === 'pending') {
      if (!request.change) return { entry: current, gone: false };
      return this.#mark(context, current, { object: request.change(object), remove: false });
    }
    const attributes = this.#attributes(context, 'DELETE', {
      object: undefined,
      old,
      isNameless: request.isOneOfMany,
      settled: settledOptions(resource, old, plan, options),
    });
    await admission.admit(context, attributes);
    await admission.validate(context, attributes);
    if (plan.type === 'remove' && !request.change) return this.#remove(context, current);
    const planned = plan.type === 'mark' ? plan.object : object;
    return this.#mark(context, current, { object: request.change?.(planned) ?? planned, remove: plan.type === 'remove' || plan.remove });
  }

  async #remove(context: RequestContext, current: Entry): Promise<Deleted | 'lost'> {
    if (context.dryRun) return { entry: current, gone: true };
    const result = await this.#store.remove(current.key, current.revision, current.object, context.span);
    return result === 'lost' ? 'lost' : { entry: current.at(result), gone: true };
  }

  /**
   * Stores the object as terminating and, with `remove`, deletes it right behind: watchers see both. One that waits for its finalizers and is
   * deleted again is left as it is. Upstream: `GuaranteedUpdate`, which writes nothing new.
   */
  async #mark(context: RequestContext, current: Entry, plan: { object: KubeObject; remove: boolean }): Promise<Deleted | 'lost'> {
    const { wire, cache } = this.resource;
    const { key } = current;
    const { object, remove } = plan;
    if (!remove && isUnchanged(object, current.object)) {
      const standing = await this.#store.standing(current, object);
      if (standing === 'lost') return standing;
      if (standing === 'good') return { entry: current, gone: false };
    }
    const encoded = wire.encode(object);
    const entry = (revision: number) => cache.entryFrom({ key, revision }, encoded);
    if (context.dryRun) return { entry: entry(current.revision), gone: remove };
    const draft = await this.#store.draft({ key, object, encoded, span: context.span });
    const marked = await this.#store.update(draft, current.revision);
    if (typeof marked !== 'number') return 'lost';
    if (!remove) return { entry: entry(marked), gone: false };
    const removed = await this.#store.remove(key, marked, object, context.span);
    return { entry: entry(removed === 'lost' ? marked : removed), gone: true };
  }

  #attributes(context: RequestContext, operation: 'CREATE' | 'UPDATE' | 'DELETE', asked: Asked) {
    const { object, old, subresource = '', isNameless, settled } = asked;
    const { namespace = '', name = '' } = (object ?? old)?.metadata ?? {};
    const kind = this.resource.info;
    return admissionAttributes(context, { operation, kind, namespace, name: isNameless ? '' : name, subresource, object, old, settled });
  }

  #matchNamespace(context: RequestContext, object: KubeObject): void {
    matchNamespace(object, this.#namespace(context));
  }

  /** Errors name the kind that the object says it is. */
  #refuse(object: KubeObject, errors: readonly FieldError[]): void {
    if (errors.length > 0) throw invalidObject(this.resource.info, object, errors);
  }
}

/** Whether an object is being deleted; of what cannot be read that is not known (upstream: `Create` of `pkg/registry/generic/registry/store.go`). */
function isGoing(present: Entry | undefined): boolean {
  try {
    return present?.object.metadata.deletionTimestamp !== undefined;
  } catch (error) {
    if (error instanceof UnreadableObject) return false;
    throw error;
  }
}

/**
 * The request as validation sees it. Advice is for objects that are accepted: of refused ones clients hear the errors alone (upstream:
 * `rest.BeforeCreate`, `rest.BeforeUpdate`).
 */
const withHeldAdvice = (context: RequestContext, advice: string[]): RequestContext => ({
  ...context,
  warn: (text) => advice.push(text),
});
