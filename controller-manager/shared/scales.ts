import { basePathOf, goQuote, type KindInfo, type Live, parseLabelSelector, type Scale } from '../../api/index.ts';
import type { ApiClient } from '../../client/index.ts';
import { discover } from './discovery.ts';

/** A scale that was read or written. */
export type LiveScale = Live<Scale>;

/** The scale subresource of objects of any kind, custom ones included. Upstream: client-go's `scale` package with its REST mapper. */
export class Scales {
  readonly #client: ApiClient;
  #kinds: ReadonlyMap<string, KindInfo> = new Map();

  constructor(client: ApiClient) {
    this.#client = client;
  }

  /** The kind of this group, at the version the server prefers; undefined when it serves none. Asks the server for what it has not told yet. */
  async kindOf(group: string, kind: string): Promise<KindInfo | undefined> {
    const key = `${kind}.${group}`;
    const known = this.#kinds.get(key);
    if (known) return known;
    const { kinds } = await discover(this.#client);
    this.#kinds = new Map(kinds.map((found) => [`${found.kind}.${found.group}`, found]));
    return this.#kinds.get(key);
  }

  /** Whether objects of the kind can be scaled at all. */
  async isScalable({ group, version, resource }: KindInfo): Promise<boolean> {
    const { body } = await this.#client.request('GET', group === '' ? `/api/${version}` : `/apis/${group}/${version}`);
    const list: { resources?: { name?: string }[] } = JSON.parse(body.toString());
    return list.resources?.some(({ name }) => name === `${resource}/scale`) === true;
  }

  /**
   * The scale of an object.
   *
   * @throws Error when the selector that its status tells is none: custom resources may say anything there.
   */
  async get(kind: KindInfo, namespace: string, name: string): Promise<LiveScale> {
    const { body } = await this.#client.request('GET', pathOf(kind, namespace, name));
    const scale: LiveScale = JSON.parse(body.toString());
    assertSelector(scale.status.selector ?? '');
    return scale;
  }

  async update(kind: KindInfo, scale: LiveScale): Promise<LiveScale> {
    const { namespace = '', name } = scale.metadata;
    const path = pathOf(kind, namespace, name);
    const { body } = await this.#client.request('PUT', path, { body: scale, contentType: 'application/json' });
    return JSON.parse(body.toString());
  }
}

function assertSelector(text: string): void {
  try {
    parseLabelSelector(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(
      `received an object from a /scale endpoint which was not convertible to autoscaling Scale: failed to parse target selector: couldn't parse the selector string ${goQuote(text)}: ${why}`,
      { cause: error },
    );
  }
}

const pathOf = (kind: KindInfo, namespace: string, name: string): string =>
  `${basePathOf(kind)}/namespaces/${encodeURIComponent(namespace)}/${kind.resource}/${encodeURIComponent(name)}/scale`;

/** `apps/v1` without its version. */
export const groupOf = (apiVersion: string): string => (apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '');
