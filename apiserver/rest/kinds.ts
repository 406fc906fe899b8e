import { apiError, type KindInfo } from '../../api/index.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { strategyKey } from '../registry/strategy.ts';
import type { Endpoint, Rest } from './rest.ts';

/** Answers the creation of a kind that is never stored: a review, a binding. */
export type CreateOnly = (rest: Rest, exchange: Exchange) => Promise<void>;

/** What a path of the API leads to. */
export type Target =
  | { readonly endpoint: Endpoint; readonly create?: undefined }
  | { readonly endpoint?: undefined; readonly create: CreateOnly };

/** The kinds that are served, by their place in the URL. */
export class Kinds {
  readonly #targets = new Map<string, Target>();
  readonly #groups = new Set<string>();
  readonly #endpoints = new Map<string, Endpoint>();

  addEndpoint(endpoint: Endpoint): void {
    this.#add(endpoint.resource.info, { endpoint });
    this.#endpoints.set(strategyKey(endpoint.resource.info), endpoint);
  }

  addCreateOnly(info: KindInfo, create: CreateOnly): void {
    this.#add(info, { create });
  }

  endpointOf(kind: Pick<KindInfo, 'group' | 'resource'>): Endpoint | undefined {
    return this.#endpoints.get(strategyKey(kind));
  }

  endpoints(): Iterable<Endpoint> {
    return this.#endpoints.values();
  }

  /** Whether any version of a group is served; where none is, the path is not the API's. */
  hasGroup(group: string): boolean {
    return this.#groups.has(group);
  }

  /** @throws ApiError (404) */
  find({ group, version, resource }: Pick<KindInfo, 'group' | 'version' | 'resource'>): Target {
    const target = this.#targets.get(`${group}/${version}/${resource}`);
    if (!target) throw unknownResource();
    return target;
  }

  #add(info: KindInfo, target: Target): void {
    this.#targets.set(`${info.group}/${info.version}/${info.resource}`, target);
    this.#groups.add(info.group);
  }
}

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
