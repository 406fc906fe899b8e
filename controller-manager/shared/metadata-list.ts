import { basePathOf, type KindInfo, type KubeObject, type Live } from '../../api/index.ts';
import type { ApiClient, ListOptions } from '../../client/index.ts';

/** Objects asked for in one request. */
const PAGE = 500;
const ACCEPT = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json';

interface Page {
  readonly metadata?: { readonly continue?: string };
  /** Null when there are none. */
  readonly items: Live<KubeObject>[] | null;
}

/** Lists the metadata of a kind's objects: the same whatever the kind, and cheap. */
export async function listMetadata(
  client: ApiClient,
  kind: KindInfo,
  { namespace, signal }: Pick<ListOptions, 'namespace' | 'signal'>,
): Promise<Live<KubeObject>[]> {
  const path = `${basePathOf(kind)}${namespace ? `/namespaces/${encodeURIComponent(namespace)}` : ''}/${kind.resource}`;
  const all: Live<KubeObject>[] = [];
  let token: string | undefined;
  do {
    const { body } = await client.request('GET', path, { query: { limit: PAGE, continue: token }, accept: ACCEPT, signal });
    const page: unknown = JSON.parse(body.toString());
    if (!isPage(page)) throw new Error(`the answer to a list of ${kind.resource} is no list`);
    all.push(...(page.items ?? []));
    token = page.metadata?.continue || undefined;
  } while (token !== undefined);
  return all;
}

function isPage(value: unknown): value is Page {
  return typeof value === 'object' && value !== null && 'items' in value && (value.items === null || Array.isArray(value.items));
}
