import { apiError, type KindInfo, type KubeObject, type Live } from '../../api/index.ts';
import { cloneJson } from '../../api/schema.ts';
import { StoreError } from '../../store/index.ts';
import type { Writer } from '../apply/field-manager.ts';
import type { UserInfo } from '../auth/types.ts';
import type { Entry } from '../watch-cache/entry.ts';
import { Selection } from '../watch-cache/selection.ts';
import { noAdmission } from './admission-chain.ts';
import type { ObjectRegistry } from './object-registry.ts';
import type { Change, ObjectChange, ObjectReader, ObjectWriter } from './objects.ts';
import { type RequestContext, strategyKey, updateStrategy } from './strategy.ts';

/** Finds the registry of a kind that is served now. */
export type FindRegistry = (kind: Pick<KindInfo, 'group' | 'resource'>) => ObjectRegistry | undefined;

/** The API server, as the author of its own writes. */
const ITSELF: UserInfo = { name: 'system:apiserver', groups: ['system:authenticated', 'system:masters'] };

interface Options {
  now(): number;
  fresh(): Promise<void> | undefined;
}

/**
 * Reads and writes objects for the API server's own parts. It exists before the kinds do (strategies and authorizers are given it); until
 * {@link bind} there is nothing to read.
 */
export class InProcessObjects implements ObjectReader, ObjectWriter {
  readonly #options: Options;
  readonly #manager: string;
  readonly #found: { find: FindRegistry };

  constructor(options: Options, manager = USUAL_MANAGER, found: { find: FindRegistry } = { find: () => undefined }) {
    this.#options = options;
    this.#manager = manager;
    this.#found = found;
  }

  as(manager: string): InProcessObjects {
    return new InProcessObjects(this.#options, manager, this.#found);
  }

  fresh(): Promise<void> | undefined {
    return this.#options.fresh();
  }

  /** Says who writes the objects of which kind. */
  bind(find: FindRegistry): void {
    this.#found.find = find;
  }

  get<T extends KubeObject>(kind: KindInfo, namespace: string, name: string): Live<T> | undefined {
    const entry = this.#found.find(kind)?.resource.cache.get(kind.namespaced ? namespace : '', name);
    return readable(entry) ? live<T>(entry) : undefined;
  }

  list<T extends KubeObject>(kind: KindInfo, namespace = ''): readonly Live<T>[] {
    const cache = this.#found.find(kind)?.resource.cache;
    if (!cache || cache.size === 0) return [];
    return cache
      .select(new Selection(kind.namespaced ? namespace : ''))
      .filter(readable)
      .map((entry) => live<T>(entry));
  }

  onChange<T extends KubeObject>(kind: KindInfo, listener: (change: ObjectChange<T>) => void): Disposable {
    return this.#registry(kind).resource.cache.listen((event) => {
      const { entry, previous } = event;
      if (readable(entry)) listener({ type: previous ? 'MODIFIED' : 'ADDED', object: live<T>(entry) });
      else if (readable(previous)) listener({ type: 'DELETED', object: live<T>(previous.at(event.revision)) });
    });
  }

  async create<T extends KubeObject>(kind: KindInfo, object: T): Promise<Live<T>> {
    const registry = this.#registry(kind);
    const draft = this.#normal(registry, object);
    const context = this.#context(object.metadata.namespace ?? '');
    registry.resource.fields.track({ ...this.#writer(context, ''), live: undefined, next: draft });
    const stored = await registry.create({ context, admission: noAdmission, object: draft });
    return stored.object as Live<T>;
  }

  update<T extends KubeObject>(kind: KindInfo, namespace: string, name: string, change: Change<T>): Promise<Live<T>> {
    return this.#update(this.#registry(kind), { namespace, name, subresource: '' }, change);
  }

  updateStatus<T extends KubeObject>(kind: KindInfo, namespace: string, name: string, change: Change<T>): Promise<Live<T>> {
    return this.#update(this.#registry(kind), { namespace, name, subresource: 'status' }, change);
  }

  async #update<T extends KubeObject>(
    registry: ObjectRegistry,
    { namespace, name, subresource }: { namespace: string; name: string; subresource: string },
    change: Change<T>,
  ): Promise<Live<T>> {
    const context = this.#context(namespace);
    const updated = await registry.update({
      context,
      admission: noAdmission,
      name,
      subresource,
      strategy: updateStrategy(registry.resource, subresource),
      uidIsPrecondition: false,
      mayCreate: false,
      next: (_current, old) => {
        if (!old) throw apiError.notFound(registry.resource.subject, name);
        const changed = change(cloneJson(old) as Live<T>);
        if (!changed) return undefined;
        const next = this.#normal(registry, changed);
        registry.resource.fields.track({ ...this.#writer(context, subresource), live: old, next });
        return next;
      },
    });
    return updated.object as Live<T>;
  }

  async applyStatus<T extends KubeObject>(kind: KindInfo, name: string, config: KubeObject): Promise<Live<T>> {
    const registry = this.#registry(kind);
    const { resource } = registry;
    const context = this.#context(config.metadata.namespace ?? '');
    const updated = await registry.update({
      context,
      admission: noAdmission,
      name,
      subresource: 'status',
      strategy: updateStrategy(resource, 'status'),
      uidIsPrecondition: false,
      mayCreate: false,
      next: (current, live) => {
        if (!current) throw apiError.notFound(resource.subject, name);
        return this.#normal(registry, resource.fields.apply({ ...this.#writer(context, 'status'), live, config, force: true }));
      },
    });
    return updated.object as Live<T>;
  }

  #writer({ now }: RequestContext, subresource: string): Writer {
    return { manager: this.#manager, subresource, now };
  }

  async delete(kind: KindInfo, namespace: string, name: string): Promise<void> {
    await this.#registry(kind).delete({ context: this.#context(namespace), admission: noAdmission, name, options: {} });
  }

  /** The object as the decoder would have it, with defaults: what a client's body goes through as well. */
  #normal({ resource }: ObjectRegistry, object: KubeObject): KubeObject {
    const { kind, apiVersion } = resource.wire;
    const normal = resource.type.decode(cloneJson({ ...object, kind, apiVersion })).object;
    resource.strategy.setDefaults(normal);
    return normal;
  }

  #context(namespace: string): RequestContext {
    const now = this.#options.now();
    return { user: ITSELF, namespace, now, dryRun: false, objects: this, warn: nothing, warnAnyway: nothing, annotate: nothing };
  }

  #registry(kind: KindInfo): ObjectRegistry {
    const registry = this.#found.find(kind);
    if (!registry) throw new Error(`${strategyKey(kind)} is not served`);
    return registry;
  }
}

const nothing = () => undefined;

/** What cannot be read (encrypted with a key that is not known) is not there for the server's own parts; who asks for it is told why. */
function readable(entry: Entry | undefined): entry is Entry {
  try {
    return entry?.bytes !== undefined;
  } catch (error) {
    if (error instanceof StoreError) return false;
    throw error;
  }
}

/** How the API server's own writes are signed. */
const USUAL_MANAGER = 'kube-apiserver';

/** What is in the cache was stored: it has a name, a uid and a resourceVersion. */
const live = <T extends KubeObject>(entry: Entry): Live<T> => entry.object as Live<T>;
