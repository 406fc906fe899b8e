import { createHash } from 'node:crypto';
import type { KindInfo } from '../../api/index.ts';
import { type AnyMessage, bodies } from '../../api/schema.ts';
import { encodeAs } from '../rest/encoder.ts';
import { MEDIA_TYPE } from '../rest/negotiation.ts';
import { type AcceptedDocument, acceptedDocument } from './accept.ts';
import { aggregated, apiGroup, apiGroupList, apiResourceList, coreVersions, type RemoteVersion } from './documents.ts';
import { type GroupEntry, groupsOf, type RankedGroup, type RankedVersion, rankedGroups, rankedVersionsOf } from './groups.ts';
import { OWN_GROUP } from './priorities.ts';
import { versionInfo } from './version.ts';

export interface DiscoveryOptions {
  /** The kinds that are served now: the same array as long as nothing changes. */
  readonly kinds: () => readonly KindInfo[];
  /** `host:port` at which clients reach the server. */
  readonly serverAddress: () => string;
  /** Who serves which version; absent where there is nobody else. */
  readonly services?: VersionOwners | undefined;
}

/** Who serves which version of which group, as APIServices have it. */
export interface VersionOwners {
  /** Everything that is served, wherever: the same array as long as nothing changes. */
  versions(): readonly RankedVersion[];
  /** What others serve: likewise. */
  remotes(): readonly RemoteVersion[];
}

/** An answer, ready to be sent. */
export interface DocumentResponse {
  readonly status: number;
  readonly contentType: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** When it was made, of what may be had in parts, or only if it has changed. */
  readonly modifiedMs?: number | undefined;
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
/** A document of its own; what tells of the version is of no kind, and what the core group answers of no version. */
interface Legacy {
  readonly kind?: string;
  readonly apiVersion?: string;
  readonly gitVersion?: string;
}

interface Found {
  readonly legacy: () => Legacy;
  readonly aggregates?: 'core' | 'others';
}

/** What the documents are made of. */
interface Known {
  readonly kinds: readonly KindInfo[];
  readonly versions: readonly RankedVersion[] | undefined;
  readonly remotes: readonly RemoteVersion[];
  /** What is served here. */
  readonly groups: readonly GroupEntry[];
  /** What is told of, the core group not among it. */
  readonly named: readonly RankedGroup[];
}

const NOBODY: readonly RemoteVersion[] = [];
/** What kube-aggregator answers, which has no router: the list of groups, and each group. */
const AGGREGATED = /^\/apis(?:\/[^/]+)?$/;

/** Documents are built when they are first asked for, and kept until the kinds change. */
export const createDiscovery = (options: DiscoveryOptions): Discovery => new DocumentServer(options);

class DocumentServer implements Discovery {
  readonly #options: DiscoveryOptions;
  #known: Known | undefined;
  readonly #answers = new Map<string, DocumentResponse>();

  constructor(options: DiscoveryOptions) {
    this.#options = options;
  }

  respond(url: string, accept: string | undefined, ifNoneMatch?: string): DocumentResponse | undefined {
    const [path = ''] = url.split('?', 1);
    const known = this.#refresh();
    const clean = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
    const found = find(clean, known, this.#options.serverAddress);
    if (!found) return undefined;
    const accepted = acceptedDocument(accept, { aggregates: found.aggregates !== undefined, routed: !AGGREGATED.test(clean) });
    const key = `${clean} ${accepted.encoding} ${accepted.aggregated}`;
    const answer = this.#answers.get(key) ?? build(found, known, accepted);
    this.#answers.set(key, answer);
    const unchanged = ifNoneMatch !== undefined && ifNoneMatch === answer.headers.etag;
    return unchanged ? { ...answer, status: 304, body: Buffer.alloc(0) } : answer;
  }

  #refresh(): Known {
    const kinds = this.#options.kinds();
    const versions = this.#options.services?.versions();
    const remotes = this.#options.services?.remotes() ?? NOBODY;
    const before = this.#known;
    if (before && kinds === before.kinds && versions === before.versions && remotes === before.remotes) return before;
    this.#answers.clear();
    const groups = before?.kinds === kinds ? before.groups : groupsOf(kinds);
    this.#known = { kinds, versions, remotes, groups, named: namedGroups(kinds, versions) };
    return this.#known;
  }
}

/** The groups that `/apis` lists: that of APIServices, then those which these name. */
function namedGroups(kinds: readonly KindInfo[], versions: readonly RankedVersion[] | undefined): RankedGroup[] {
  const local = rankedVersionsOf(kinds);
  const all = versions ? [...local.filter(({ group }) => group === OWN_GROUP), ...versions] : local;
  return rankedGroups(all.filter(({ group }) => group !== ''));
}

function build({ legacy, aggregates }: Found, known: Known, { encoding, aggregated: isAggregated }: AcceptedDocument): DocumentResponse {
  const mediaType = MEDIA_TYPE[encoding];
  if (!isAggregated || !aggregates) {
    const value = legacy();
    const { kind = '', apiVersion = '' } = value;
    const body = encodeAs(encoding, { value, kind, apiVersion, message: MESSAGES.get(kind) });
    return { status: 200, contentType: mediaType, headers: {}, body };
  }
  const value = aggregatedDocument(known, aggregates);
  const body = encodeAs(encoding, { value, kind: value.kind, apiVersion: value.apiVersion, message: bodies.apiGroupDiscoveryList });
  const { metadata, items } = value;
  const contentType = `${mediaType};g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList`;
  return { status: 200, contentType, headers: cacheHeaders(JSON.stringify({ metadata, items })), body };
}

/** What documents are in protobuf, by their kinds. */
const MESSAGES: ReadonlyMap<string, AnyMessage> = new Map<string, AnyMessage>([
  ['APIVersions', bodies.apiVersions],
  ['APIGroupList', bodies.apiGroupList],
  ['APIGroup', bodies.apiGroup],
  ['APIResourceList', bodies.apiResourceList],
]);

function aggregatedDocument({ kinds, groups, remotes }: Known, part: 'core' | 'others') {
  const isPart = (group: string) => (group === '') === (part === 'core');
  const own = groups.filter(({ name }) => isPart(name));
  const ranks = rankedVersionsOf(kinds).filter(({ group }) => isPart(group));
  return aggregated(own, { ranks, remotes: remotes.filter(({ group }) => isPart(group)) });
}

/** @param text of the document, whatever the encoding of the answer, without its kind: upstream's `calculateETag` (apiserver, pkg/endpoints/discovery). */
const cacheHeaders = (text: string): Record<string, string> => ({
  etag: `"${createHash('sha512').update(text).digest('hex').toUpperCase()}"`,
  vary: 'Accept',
  'cache-control': 'public',
});

function find(path: string, { kinds, groups, named }: Known, serverAddress: () => string): Found | undefined {
  const [, root = '', ...rest] = path.split('/');
  if (root === 'version' && rest.length === 0) return { legacy: versionInfo };
  if (root === 'api') return findInCore(rest, groups, serverAddress);
  if (root !== 'apis' || rest.length > 2) return undefined;
  const [groupName, versionName] = rest;
  if (groupName === undefined) return { legacy: () => apiGroupList(named), aggregates: 'others' };
  const group = groups.find(({ name }) => name === groupName && name !== '');
  if (versionName !== undefined) return group && !isAdded(kinds, groupName, versionName) ? findVersion(group, versionName) : undefined;
  const told = named.find(({ name }) => name === groupName) ?? (group && rankedGroup(group));
  return told && { legacy: () => apiGroup(told) };
}

/** Whether others have defined the version in a group of the server's own: it is told of with the group, and is nowhere to be asked for. */
function isAdded(kinds: readonly KindInfo[], group: string, version: string): boolean {
  const own = kinds.filter((kind) => kind.group === group && kind.storageVersion === undefined);
  return own.length > 0 && own.every((kind) => kind.version !== version);
}

/** A group that is served here though nobody tells of it. */
const rankedGroup = ({ name, versions }: GroupEntry): RankedGroup => ({ name, versions: versions.map(({ version }) => version) });

function findInCore(rest: readonly string[], groups: readonly GroupEntry[], serverAddress: () => string): Found | undefined {
  const core = groups.find(({ name }) => name === '');
  if (rest.length === 0) return { legacy: () => coreVersions(core, serverAddress()), aggregates: 'core' };
  return core && rest.length === 1 ? findVersion(core, rest[0] ?? '') : undefined;
}

function findVersion(group: GroupEntry, versionName: string): Found | undefined {
  const entry = group.versions.find(({ version }) => version === versionName);
  return entry && { legacy: () => apiResourceList(group.name, entry) };
}
