import { parseFieldSelector } from '../../api/index.ts';

/** What a path and a method ask for: upstream's RequestInfo. */
export interface RequestInfo {
  /** False for paths outside `/api/VERSION/…` and `/apis/GROUP/VERSION/…`. */
  readonly isResource: boolean;
  /** Decoded path, without the query. */
  readonly path: string;
  /** API verb; for non-resource paths the method in lower case. */
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly resource: string;
  readonly name: string;
  readonly subresource: string;
  /** Whether the verb stands in the path (`/api/v1/watch/pods`), rather than follows from the method. */
  readonly verbInPath?: boolean | undefined;
  /** What follows the subresource (`/proxy/a/b` → `/a/b`), still percent-encoded, with its leading slash; `''` when nothing does. */
  readonly rest: string;
  /** Field selector of a request for many, as it was sent. */
  readonly fieldSelector?: string | undefined;
  /** Label selector, likewise. */
  readonly labelSelector?: string | undefined;
}

const VERB_OF: Readonly<Record<string, string>> = {
  POST: 'create',
  GET: 'get',
  HEAD: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** Verbs that stand in the path: ways to watch and to proxy that are older than the parameters. */
const SPECIAL_VERBS: ReadonlySet<string> = new Set(['watch', 'proxy']);

/** Path segments after a namespace's name that belong to the namespace itself. */
const NAMESPACE_SUBRESOURCES: ReadonlySet<string> = new Set(['status', 'finalize']);

/** A path that cannot be read (`/api/v1/watch`); answered as upstream does, by a plain 500. */
export class RequestInfoError extends Error {
  override readonly name = 'RequestInfoError';
}

/**
 * Reads a request line.
 *
 * @param method HTTP method.
 * @param path percent-encoded path, without the query.
 * @param query the query's parameters; undefined when there is none.
 */
export function requestInfo(method: string, path: string, query: URLSearchParams | undefined): RequestInfo {
  const decoded = path.includes('%') ? decodePath(path) : path;
  const parts = splitPath(decoded);
  const grouped = parts[0] === 'apis';
  const versionAt = grouped ? 2 : 1;
  if ((!grouped && parts[0] !== 'api') || parts.length <= versionAt + 1) return nonResource(method, decoded);
  return resourceInfo({ method, path, decoded, query, parts, at: versionAt });
}

/** Slashes before and after it are no parts of a path, within it they are: what is between two is an empty part. */
const splitPath = (path: string): string[] => path.replace(/^\/+|\/+$/g, '').split('/');

interface Reading {
  readonly method: string;
  /** Percent-encoded. */
  readonly path: string;
  readonly decoded: string;
  readonly query: URLSearchParams | undefined;
  /** Of the decoded path. */
  readonly parts: readonly string[];
  /** Index of the version. */
  readonly at: number;
}

function resourceInfo(reading: Reading): RequestInfo {
  const { method, path, decoded, query, parts, at: versionAt } = reading;
  const special = SPECIAL_VERBS.has(parts[versionAt + 1] ?? '') ? parts[versionAt + 1] : undefined;
  const scopeAt = versionAt + (special ? 2 : 1);
  if (scopeAt >= parts.length) throw new RequestInfoError(`unable to determine kind and namespace from url, ${path}`);
  const { namespace, at } = namespaceAt(parts, scopeAt);
  const verb = special ?? VERB_OF[method] ?? '';
  const [resource = '', name = '', subresource = ''] = parts.slice(at);
  const collection = name === '' && special === undefined;
  return {
    isResource: true,
    path: decoded,
    verb: collection ? collectionVerb(verb, query) : verb,
    group: versionAt === 2 ? (parts[1] ?? '') : '',
    version: parts[versionAt] ?? '',
    namespace,
    resource,
    name: collection && verb === 'get' ? selectedName(query) : name,
    subresource: special === 'proxy' ? '' : subresource,
    rest: restOf(reading, at + 3),
    verbInPath: special !== undefined,
    ...(collection && verb !== 'create' && query ? selectorsOf(query) : {}),
  };
}

function selectorsOf(query: URLSearchParams): Pick<RequestInfo, 'fieldSelector' | 'labelSelector'> {
  const [fieldSelector, labelSelector] = [query.get('fieldSelector'), query.get('labelSelector')];
  return { ...(fieldSelector ? { fieldSelector } : {}), ...(labelSelector ? { labelSelector } : {}) };
}

/** The namespace a path is in, and where its resource stands: a namespace's own subresources belong to the namespace. */
function namespaceAt(parts: readonly string[], at: number): { namespace: string; at: number } {
  if (parts[at] !== 'namespaces' || parts.length <= at + 1) return { namespace: '', at };
  const next = parts[at + 2];
  const isItself = next === undefined || NAMESPACE_SUBRESOURCES.has(next);
  return { namespace: parts[at + 1] ?? '', at: isItself ? at : at + 2 };
}

function restOf({ path, parts }: Reading, at: number): string {
  const slash = path.endsWith('/') && parts.length >= at ? '/' : '';
  if (parts.length <= at) return slash;
  const encoded = splitPath(path);
  // A slash that was encoded before them moves what follows.
  const rest = encoded.length === parts.length ? encoded.slice(at) : parts.slice(at).map(encodeURIComponent);
  return `/${rest.filter((part) => part !== '').join('/')}${slash}`;
}

function collectionVerb(verb: string, query: URLSearchParams | undefined): string {
  if (verb === 'delete') return 'deletecollection';
  if (verb !== 'get') return verb;
  return isTrue(query?.get('watch') ?? null) ? 'watch' : 'list';
}

/** Upstream's reading of a boolean parameter: there, and neither `false` nor `0`. */
export const isTrue = (value: string | null): boolean => value !== null && value.toLowerCase() !== 'false' && value !== '0';

/** The name a collection request is confined to by `fieldSelector=metadata.name=x`. */
function selectedName(query: URLSearchParams | undefined): string {
  const text = query?.get('fieldSelector');
  if (!text?.includes('metadata.name')) return '';
  try {
    const found = parseFieldSelector(text).find(({ field, operator }) => field === 'metadata.name' && operator === '=');
    return found && !/[/%]/.test(found.value) && found.value !== '.' && found.value !== '..' ? found.value : '';
  } catch {
    return ''; // the selector is refused later, where its error is answered
  }
}

const nonResource = (method: string, path: string): RequestInfo => ({
  isResource: false,
  path,
  verb: method.toLowerCase(),
  group: '',
  version: '',
  namespace: '',
  resource: '',
  name: '',
  subresource: '',
  rest: '',
});

/** Paths that are no UTF-8 stay as they are. */
function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
