import { createHash } from 'node:crypto';
import type { KindInfo, SubresourceInfo } from '../../api/index.ts';
import { builtInPriority, CUSTOM_PRIORITY, type Priority } from './priorities.ts';

/** A resource as the legacy documents list it: subresources are entries of their own, named `pods/log`. */
export interface ResourceEntry {
  readonly name: string;
  readonly singularName: string;
  readonly namespaced: boolean;
  readonly group?: string;
  readonly version?: string;
  readonly kind: string;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly storageVersionHash?: string;
}

export interface VersionEntry {
  readonly version: string;
  readonly resources: readonly ResourceEntry[];
  /** Names of the resources that custom resources define. */
  readonly defined: ReadonlySet<string>;
}

/** A group with its versions, the preferred one first. */
export interface GroupEntry {
  readonly name: string;
  readonly versions: readonly VersionEntry[];
}

/** A version of a group and its rank: what an APIService says. */
export interface RankedVersion {
  readonly group: string;
  readonly version: string;
  readonly groupPriority: number;
  readonly versionPriority: number;
}

/** A group and its versions, the preferred one first. */
export interface RankedGroup {
  readonly name: string;
  readonly versions: readonly string[];
}

/** Groups and versions in their order. Upstream: kube-aggregator, `SortedByGroupAndVersion`. */
export function rankedGroups(versions: readonly RankedVersion[]): RankedGroup[] {
  const sorted = [...versions].sort((a, b) => b.groupPriority - a.groupPriority || compare(serviceName(a), serviceName(b)));
  const groups = new Map<string, RankedVersion[]>();
  for (const each of sorted) groups.set(each.group, [...(groups.get(each.group) ?? []), each]);
  return [...groups].map(([name, own]) => ({ name, versions: own.sort(byVersion).map(({ version }) => version) }));
}

const byVersion = (a: RankedVersion, b: RankedVersion): number =>
  b.versionPriority - a.versionPriority || compareVersions(a.version, b.version);

/** The name of the APIService of a version. */
export const serviceName = ({ group, version }: Pick<RankedVersion, 'group' | 'version'>): string => `${version}.${group}`;

/** The ranks of the versions of these kinds. */
export function rankedVersionsOf(kinds: readonly KindInfo[]): RankedVersion[] {
  const byName = new Map(kinds.map((kind) => [serviceName(kind), kind]));
  return [...byName.values()].map((kind) => {
    const { group, version } = kind;
    const { group: groupPriority, version: versionPriority } = priorityOf(kind);
    return { group, version, groupPriority, versionPriority };
  });
}

const priorityOf = ({ group, version, storageVersion }: KindInfo): Priority =>
  (storageVersion === undefined ? builtInPriority(group, version) : undefined) ?? CUSTOM_PRIORITY;

/** The groups of these kinds, in the order in which they are answered. */
export function groupsOf(kinds: readonly KindInfo[]): GroupEntry[] {
  return rankedGroups(rankedVersionsOf(kinds)).map(({ name, versions }) => {
    const own = kinds.filter(({ group }) => group === name);
    return {
      name,
      versions: versions.map((version) => ({ version, resources: resourcesOf(own, version), defined: definedIn(own, version) })),
    };
  });
}

const definedIn = (own: readonly KindInfo[], version: string): ReadonlySet<string> =>
  new Set(own.filter((kind) => kind.version === version && kind.storageVersion !== undefined).map(({ resource }) => resource));

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function resourcesOf(own: readonly KindInfo[], version: string): ResourceEntry[] {
  return own
    .filter((kind) => kind.version === version)
    .sort((a, b) => compare(a.resource, b.resource))
    .flatMap((kind) => [resourceEntry(kind), ...subresourcesOf(kind).map((subresource) => subresourceEntry(kind, subresource))]);
}

/** By name; of what is defined by a client in the order that apiextensions-apiserver lists them in. */
const subresourcesOf = ({ subresources, storageVersion }: KindInfo): readonly SubresourceInfo[] =>
  storageVersion === undefined ? [...subresources].sort((a, b) => compare(a.name, b.name)) : subresources;

const resourceEntry = (kind: KindInfo): ResourceEntry => ({
  name: kind.resource,
  singularName: kind.singular,
  namespaced: kind.namespaced,
  kind: kind.kind,
  verbs: kind.verbs,
  ...(kind.shortNames?.length ? { shortNames: kind.shortNames } : {}),
  ...(kind.categories?.length ? { categories: kind.categories } : {}),
  // What can be watched is stored; of a version that nobody is served upstream tells nothing.
  ...(kind.verbs.includes('watch') && kind.storageVersion !== '' ? { storageVersionHash: storageVersionHash(kind) } : {}),
});

const subresourceEntry = (kind: KindInfo, { name, kind: body, group, version, verbs }: SubresourceInfo): ResourceEntry => ({
  name: `${kind.resource}/${name}`,
  singularName: '',
  namespaced: kind.namespaced,
  ...(group === undefined ? {} : { group }),
  ...(version === undefined ? {} : { version }),
  kind: body,
  verbs,
});

/** Changes when objects come to be stored in another version: what storage migrators watch. */
function storageVersionHash({ group, version, kind, storageVersion = version, ...info }: KindInfo): string {
  const { storedAs = `${group}/${storageVersion}`, writtenAs: from = storedAs.includes('/') ? storedAs : `/${storedAs}` } = info;
  return createHash('sha256').update(`${from}/${kind}`).digest().subarray(0, 8).toString('base64');
}

const VERSION = /^v(\d+)(?:(alpha|beta)(\d+))?$/;
const STABILITY = ['alpha', 'beta', undefined];

/** Kubernetes' order: stable before beta before alpha, newer before older; other names after, by name. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [VERSION.exec(a), VERSION.exec(b)];
  if (!left || !right) return left ? -1 : right ? 1 : compare(a, b);
  return (
    STABILITY.indexOf(right[2]) - STABILITY.indexOf(left[2]) ||
    Number(right[1]) - Number(left[1]) ||
    Number(right[3]) - Number(left[3]) ||
    0
  );
}
