import { createHash } from 'node:crypto';
import type { KindInfo } from '../../api/index.ts';
import { formatYaml } from '../../api/schema.ts';
import { type AcceptedDocument, acceptedDocument } from './accept.ts';
import { aggregated, apiGroup, apiGroupList, apiResourceList, coreVersions } from './documents.ts';
import { type GroupEntry, groupsOf } from './groups.ts';
import { versionInfo } from './version.ts';

export interface DiscoveryOptions {
  /** The kinds that are served now: the same array as long as nothing changes. */
  readonly kinds: () => readonly KindInfo[];
  /** `host:port` at which clients reach the server. */
  readonly serverAddress: () => string;
}

/** An answer, ready to be sent. */
export interface DocumentResponse {
  readonly status: number;
  readonly contentType: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface Discovery {
  /**
   * Answers a GET.
   *
   * @param url path; a query is ignored.
   * @param accept the Accept header.
   * @param ifNoneMatch the If-None-Match header.
   * @returns undefined when the path is no discovery document, or one of a group or version that is not served.
   * @throws ApiError (406)
   */
  respond(url: string, accept: string | undefined, ifNoneMatch?: string | undefined): DocumentResponse | undefined;
}

/** A document that can be asked for: how it is made, and of what when it is asked for in aggregated form. */
interface Found {
  readonly legacy: () => unknown;
  readonly aggregates?: readonly GroupEntry[];
}

/** Documents are built when they are first asked for, and kept until the kinds change. */
export const createDiscovery = (options: DiscoveryOptions): Discovery => new DocumentServer(options);

class DocumentServer implements Discovery {
  readonly #options: DiscoveryOptions;
  #kinds: readonly KindInfo[] | undefined;
  #groups: readonly GroupEntry[] = [];
  readonly #answers = new Map<string, DocumentResponse>();

  constructor(options: DiscoveryOptions) {
    this.#options = options;
  }

  respond(url: string, accept: string | undefined, ifNoneMatch?: string): DocumentResponse | undefined {
    const [path = ''] = url.split('?', 1);
    this.#refresh();
    const clean = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
    const found = find(clean, this.#groups, this.#options.serverAddress);
    if (!found) return undefined;
    const accepted = acceptedDocument(accept, found.aggregates !== undefined);
    const key = `${clean} ${accepted.encoding} ${accepted.aggregated ?? ''}`;
    const answer = this.#answers.get(key) ?? this.#build(found, accepted);
    this.#answers.set(key, answer);
    const unchanged = ifNoneMatch !== undefined && ifNoneMatch === answer.headers.etag;
    return unchanged ? { ...answer, status: 304, body: Buffer.alloc(0) } : answer;
  }

  #refresh(): void {
    const kinds = this.#options.kinds();
    if (kinds === this.#kinds) return;
    this.#kinds = kinds;
    this.#groups = groupsOf(kinds);
    this.#answers.clear();
  }

  #build({ legacy, aggregates }: Found, { encoding, aggregated: version }: AcceptedDocument): DocumentResponse {
    const value = version && aggregates ? aggregated(aggregates, version) : legacy();
    const inYaml = encoding === 'yaml';
    const body = Buffer.from(inYaml ? formatYaml(value) : `${JSON.stringify(value)}\n`);
    const mediaType = inYaml ? 'application/yaml' : 'application/json';
    if (!version) return { status: 200, contentType: mediaType, headers: {}, body };
    const contentType = `${mediaType};g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
    return { status: 200, contentType, headers: cacheHeaders(body), body };
  }
}

const cacheHeaders = (body: Buffer): Record<string, string> => ({
  etag: `"${createHash('sha512').update(body).digest('hex').toUpperCase()}"`,
  vary: 'Accept',
  'cache-control': 'public',
});

function find(path: string, groups: readonly GroupEntry[], serverAddress: () => string): Found | undefined {
  const [, root = '', ...rest] = path.split('/');
  if (root === 'version' && rest.length === 0) return { legacy: versionInfo };
  if (root === 'api') return findInCore(rest, groups, serverAddress);
  if (root !== 'apis' || rest.length > 2) return undefined;
  const named = groups.filter(({ name }) => name !== '');
  const [groupName, versionName] = rest;
  if (groupName === undefined) return { legacy: () => apiGroupList(named), aggregates: named };
  const group = named.find(({ name }) => name === groupName);
  return group && findInGroup(group, versionName);
}

function findInCore(rest: readonly string[], groups: readonly GroupEntry[], serverAddress: () => string): Found | undefined {
  const core = groups.find(({ name }) => name === '');
  if (rest.length === 0) return { legacy: () => coreVersions(core, serverAddress()), aggregates: core ? [core] : [] };
  return core && rest.length === 1 ? findInGroup(core, rest[0]) : undefined;
}

function findInGroup(group: GroupEntry, versionName: string | undefined): Found | undefined {
  if (versionName === undefined) return { legacy: () => apiGroup(group) };
  const entry = group.versions.find(({ version }) => version === versionName);
  return entry && { legacy: () => apiResourceList(group.name, entry) };
}
