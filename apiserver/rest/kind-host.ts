import { apiVersionOf, type KindInfo, type KubeObject, type ServedKind } from '../../api/index.ts';
import type { Random } from '../../runtime/index.ts';
import type { PublishedKind } from '../openapi/index.ts';
import type { ComparisonMetrics } from '../registry/comparison-metrics.ts';
import { ObjectRegistry } from '../registry/object-registry.ts';
import { ObjectStore } from '../registry/object-store.ts';
import { createResource, type KindDefinition, type Resource, type ResourcePlace } from '../registry/resource.ts';
import type { Shards } from '../shards.ts';
import type { CacheHub } from '../watch-cache/cache-hub.ts';
import type { CreateOnly, Kinds } from './kinds.ts';
import type { Endpoint } from './rest.ts';

interface Parts {
  readonly kinds: Kinds;
  readonly shards: Shards;
  readonly random: Random;
  readonly place: ResourcePlace;
  readonly comparisons: ComparisonMetrics;
  /** Kinds that are served from the start to the end. */
  readonly builtIn: readonly ServedKind[];
}

type ResourceName = Pick<KindInfo, 'group' | 'resource'>;

/**
 * Makes of definitions what is served, before the server starts and while it runs, and keeps the list of kinds that discovery and OpenAPI
 * tell of.
 */
export class KindHost {
  readonly #parts: Parts;
  #builtIn: readonly PublishedKind[];
  #published: readonly PublishedKind[];
  #infos: readonly KindInfo[];

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#builtIn = parts.builtIn;
    this.#published = parts.builtIn;
    this.#infos = parts.builtIn.map(({ info }) => info);
  }

  /** What is told of: the same array as long as nothing changes. */
  published(): readonly PublishedKind[] {
    return this.#published;
  }

  /** The facts of what is told of: the same array as long as nothing changes. */
  infos(): readonly KindInfo[] {
    return this.#infos;
  }

  /** Serves a kind from the server's start. */
  add(definition: KindDefinition): void {
    const endpoint = this.#endpoint(definition);
    const { deleteReturnsObject, deleteTellsStatus } = definition.strategy;
    if (deleteReturnsObject && !deleteTellsStatus) this.#tellOf(definition.info, { deleteReturnsObject });
    this.#hubOf(endpoint.resource).add(endpoint.resource.cache);
    this.#parts.kinds.addEndpoint(endpoint);
  }

  /** Serves a kind whose objects are made when they are asked for. */
  addComputed(definition: KindDefinition, handlers: NonNullable<Endpoint['handlers']>): void {
    this.#parts.kinds.addEndpoint({ ...this.#endpoint(definition), handlers });
  }

  addCreateOnly(info: KindInfo, create: CreateOnly): void {
    this.#parts.kinds.addCreateOnly(info, create);
  }

  /** Tells more of a kind that is there from the start. */
  #tellOf(info: KindInfo, more: Partial<PublishedKind>): void {
    this.#builtIn = this.#builtIn.map((kind) => (kind.info === info ? { ...kind, ...more } : kind));
    this.#published = this.#builtIn;
  }

  /** Whether a group is one of the server's own: nothing that others define can be asked for there. */
  isOwn(group: string): boolean {
    return this.#parts.kinds.hasGroup(group);
  }

  /** Tells of these kinds beside the built-in ones, whose versions they do not join. */
  publish(kinds: readonly PublishedKind[]): void {
    const own = new Set(this.#builtIn.map(({ info }) => apiVersionOf(info)));
    this.#published = [...this.#builtIn, ...kinds.filter(({ info }) => !own.has(apiVersionOf(info)))];
    this.#infos = this.#published.map(({ info }) => info);
  }

  /**
   * Serves these versions of a resource instead of those before, whose watchers are sent away. The first is the one that the server's own
   * parts read and write. Resolves once they are served; rejects, with everything as it was, when their objects cannot be read.
   */
  async serve(name: ResourceName, definitions: readonly KindDefinition[]): Promise<void> {
    const { kinds } = this.#parts;
    const endpoints = definitions.map((definition) => this.#endpoint(definition));
    try {
      await Promise.all(endpoints.map(({ resource }) => this.#hubOf(resource).join(resource.cache)));
    } catch (error) {
      for (const { resource } of endpoints) this.#hubOf(resource).remove(resource.cache);
      throw error;
    }
    const before = kinds.endpointsOf(name);
    kinds.replace(name, endpoints);
    for (const { resource } of before) this.#hubOf(resource).remove(resource.cache);
  }

  /** Calls a function for each new object of a kind, before its creator hears of it. */
  afterCreate(name: ResourceName, follow: (object: KubeObject) => Promise<void>): void {
    for (const { registry } of this.#parts.kinds.endpointsOf(name)) registry.afterCreate = follow;
  }

  /** Serves a resource no longer. */
  withdraw(name: ResourceName): void {
    const { kinds } = this.#parts;
    const before = kinds.endpointsOf(name);
    kinds.replace(name, []);
    for (const { resource } of before) this.#hubOf(resource).remove(resource.cache);
  }

  #hubOf(resource: Resource): CacheHub {
    return this.#parts.shards.of(resource).hub;
  }

  #endpoint(definition: KindDefinition): Endpoint {
    const { shards, random, place, comparisons } = this.#parts;
    const resource = createResource(definition, place);
    const { store, leases, hub } = shards.of(resource);
    const objects = new ObjectStore({ resource, store, leases });
    return { resource, registry: new ObjectRegistry({ resource, store: objects, hub, random, comparisons }) };
  }
}
