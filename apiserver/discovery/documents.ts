import {
  type GroupEntry,
  type RankedGroup,
  type RankedVersion,
  type ResourceEntry,
  rankedGroups,
  serviceName,
  type VersionEntry,
} from './groups.ts';

const groupVersion = (group: string, version: string): string => (group === '' ? version : `${group}/${version}`);

/** `/api`: the versions of the core group. */
export const coreVersions = (core: GroupEntry | undefined, serverAddress: string) => ({
  kind: 'APIVersions',
  versions: core?.versions.map(({ version }) => version) ?? [],
  serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
});

function groupBody({ name, versions }: RankedGroup) {
  const entries = versions.map((version) => ({ groupVersion: groupVersion(name, version), version }));
  return { name, versions: entries, preferredVersion: entries[0] };
}

/** `/apis/<group>` */
export const apiGroup = (group: RankedGroup) => ({ kind: 'APIGroup', apiVersion: 'v1', ...groupBody(group) });

/** `/apis` */
export const apiGroupList = (groups: readonly RankedGroup[]) => ({ kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(groupBody) });

/** `/apis/<group>/<version>`, `/api/v1`: what the core group answers has no apiVersion. */
export const apiResourceList = (group: string, { version, resources }: VersionEntry) => ({
  kind: 'APIResourceList',
  ...(group === '' ? {} : { apiVersion: 'v1' }),
  groupVersion: groupVersion(group, version),
  resources,
});

/** A version that another server serves, as it tells of it in the aggregated form. */
export interface RemoteVersion extends RankedVersion {
  readonly resources: readonly unknown[];
  /** Stale when it could not be asked. */
  readonly freshness: 'Current' | 'Stale';
}

/** All groups and resources in one document, for clients that ask for it. What others serve is put in its place. */
export function aggregated(groups: readonly GroupEntry[], others: { ranks: readonly RankedVersion[]; remotes: readonly RemoteVersion[] }) {
  const versions = new Map<string, unknown>();
  for (const { name, versions: own } of groups) {
    for (const entry of own) {
      const value = { version: entry.version, resources: aggregatedResources(name, entry), freshness: 'Current' };
      versions.set(serviceName({ group: name, version: entry.version }), value);
    }
  }
  for (const { resources, freshness, ...remote } of others.remotes) {
    const value = { version: remote.version, ...(resources.length > 0 ? { resources } : {}), freshness };
    versions.set(serviceName(remote), value);
  }
  const ranks = new Map([...others.ranks, ...others.remotes].map((rank) => [serviceName(rank), rank]));
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/v2`,
    metadata: {},
    items: rankedGroups([...ranks.values()]).map(({ name, versions: own }) => ({
      metadata: name === '' ? {} : { name },
      versions: own.map((each) => versions.get(serviceName({ group: name, version: each }))),
    })),
  };
}

/** What an entry answers with. */
const responseKind = ({ group, version, kind }: ResourceEntry, own: { readonly group: string; readonly version: string }) => ({
  group: group ?? own.group,
  version: version ?? own.version,
  kind,
});

/** The group and version of built-in resources are left empty. */
const BUILT_IN = { group: '', version: '' };

function aggregatedResources(group: string, { version, resources: entries, defined }: VersionEntry) {
  const ownOf = (resource: string) => (defined.has(resource) ? { group, version } : BUILT_IN);
  return entries
    .filter(({ name }) => !name.includes('/'))
    .map((entry) => {
      const subresources = entries
        .filter(({ name }) => name.startsWith(`${entry.name}/`))
        .map((below) => ({
          subresource: below.name.slice(entry.name.length + 1),
          responseKind: responseKind(below, ownOf(entry.name)),
          verbs: below.verbs,
        }));
      return {
        resource: entry.name,
        responseKind: responseKind(entry, ownOf(entry.name)),
        scope: entry.namespaced ? 'Namespaced' : 'Cluster',
        singularResource: entry.singularName,
        verbs: entry.verbs,
        ...(entry.shortNames ? { shortNames: entry.shortNames } : {}),
        ...(entry.categories ? { categories: entry.categories } : {}),
        ...(subresources.length > 0 ? { subresources } : {}),
      };
    });
}
