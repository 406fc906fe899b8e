import { apiError, type KindInfo } from '../../api/index.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { strategyKey } from '../registry/strategy.ts';
import type { Endpoint, Rest } from './rest.ts';

/** Answers the creation of a kind that is never stored: a review, a binding. */
export type CreateOnly = (rest: Rest, exchange: Exchange) => Promise<void>;

/** What a path of the API leads to. */
export type Target =
  | { readonly endpoint: Endpoint; readonly create?: undefined }
  | { readonly endpoint?: undefined; readonly create: CreateOnly; readonly info: KindInfo };

/**
 * The kinds that are served, by their place in the URL. Kinds may come and go while requests are served: each request finds its endpoint
 * once, and keeps it to its end.
 */
export class Kinds {
  readonly #targets = new Map<string, Target>();
  readonly #ownGroups = new Set<string>();
  /** All versions by `group/resource`; the first is the one that the server's own parts read and write. */
  readonly #endpoints = new Map<string, readonly Endpoint[]>();
  /** What {@link endpointsBeside} found, until kinds come or go. */
  readonly #beside = new Map<string, readonly Endpoint[]>();

  /** Serves a kind from the start to the end of the server. */
  addEndpoint(endpoint: Endpoint): void {
    const { info } = endpoint.resource;
    this.#ownGroups.add(info.group);
    if (!endpoint.resource.isHidden) this.#targets.set(placeOf(info), { endpoint });
    this.#beside.clear();
    const key = strategyKey(info);
    this.#endpoints.set(key, [...(this.#endpoints.get(key) ?? []), endpoint]);
  }

  addCreateOnly(info: KindInfo, create: CreateOnly): void {
    this.#ownGroups.add(info.group);
    this.#targets.set(placeOf(info), { create, info });
  }

  /** Serves these versions of a resource instead of those before; the first is the one to be found by {@link endpointOf}. None ends it. */
  replace(kind: Pick<KindInfo, 'group' | 'resource'>, endpoints: readonly Endpoint[]): void {
    this.#beside.clear();
    const key = strategyKey(kind);
    for (const { resource } of this.endpointsOf(kind)) this.#targets.delete(placeOf(resource.info));
    if (endpoints.length > 0) this.#endpoints.set(key, endpoints);
    else this.#endpoints.delete(key);
    for (const endpoint of endpoints) if (!endpoint.resource.isHidden) this.#targets.set(placeOf(endpoint.resource.info), { endpoint });
  }

  endpointOf(kind: Pick<KindInfo, 'group' | 'resource'>): Endpoint | undefined {
    return this.#endpoints.get(strategyKey(kind))?.[0];
  }

  /** All versions of a resource. */
  endpointsOf(kind: Pick<KindInfo, 'group' | 'resource'>): readonly Endpoint[] {
    return this.#endpoints.get(strategyKey(kind)) ?? [];
  }

  /** All versions of a resource, with those of other groups whose objects are the same: they lie in the same place. */
  endpointsBeside(kind: Pick<KindInfo, 'group' | 'resource'>): readonly Endpoint[] {
    const key = strategyKey(kind);
    const known = this.#beside.get(key);
    if (known) return known;
    const prefix = this.#endpoints.get(key)?.[0]?.resource.prefix;
    const found = [...this.endpoints()].filter(({ resource }) => resource.prefix === prefix);
    this.#beside.set(key, found);
    return found;
  }

  endpoints(): Iterable<Endpoint> {
    return [...this.#endpoints.values()].flat();
  }

  /** Whether a group is the server's own, whose unknown paths are answered in the API's words; all others are nobody's. */
  hasGroup(group: string): boolean {
    return this.#ownGroups.has(group);
  }

  find(kind: Pick<KindInfo, 'group' | 'version' | 'resource'>): Target | undefined {
    return this.#targets.get(placeOf(kind));
  }
}

const placeOf = ({ group, version, resource }: Pick<KindInfo, 'group' | 'version' | 'resource'>): string =>
  `${group}/${version}/${resource}`;

/** A path of the API that leads nowhere. */
export const unknownResource = () =>
  apiError.custom({ code: 404, reason: 'NotFound', message: 'the server could not find the requested resource', details: {} });

/** A method that the path does not have. */
export const methodNotAllowed = () =>
  apiError.custom({
    code: 405,
    reason: 'MethodNotAllowed',
    message: 'the server does not allow this method on the requested resource',
    details: {},
  });
