import { isNotFound, type KindInfo } from '../../../api/index.ts';
import type { ApiClient } from '../../../client/index.ts';

/** What of discovery's answer is read. */
interface ResourceList {
  readonly resources?: readonly {
    readonly name: string;
    readonly singularName: string;
    readonly namespaced: boolean;
    readonly kind: string;
    readonly verbs: readonly string[];
  }[];
}

/** Finds what the API server serves a kind as; asked once for each that is there. */
export class KindFinder {
  readonly #client: Pick<ApiClient, 'request'>;
  readonly #found = new Map<string, KindInfo>();

  constructor(client: Pick<ApiClient, 'request'>) {
    this.#client = client;
  }

  /** Undefined when the kind is not served (yet). @param apiVersion `v1` or `GROUP/VERSION` */
  async find(apiVersion: string, kind: string): Promise<KindInfo | undefined> {
    const key = `${apiVersion} ${kind}`;
    const found = this.#found.get(key) ?? (await this.#ask(apiVersion, kind));
    if (found) this.#found.set(key, found);
    return found;
  }

  async #ask(apiVersion: string, kind: string): Promise<KindInfo | undefined> {
    const [version = '', group = ''] = apiVersion.split('/').toReversed();
    const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
    const answer = await this.#client.request('GET', path).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
    if (!answer) return undefined;
    const { resources = [] }: ResourceList = JSON.parse(answer.body.toString());
    const found = resources.find((one) => one.kind === kind && !one.name.includes('/'));
    if (!found) return undefined;
    const { name: resource, singularName: singular, namespaced } = found;
    return { group, version, kind, resource, singular, namespaced, verbs: [...found.verbs] as KindInfo['verbs'], subresources: [] };
  }
}
