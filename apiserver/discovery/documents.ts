import type { GroupEntry, ResourceEntry, VersionEntry } from './groups.ts';

const groupVersion = (group: string, version: string): string => (group === '' ? version : `${group}/${version}`);

/** `/api`: the versions of the core group. */
export const coreVersions = (core: GroupEntry | undefined, serverAddress: string) => ({
  kind: 'APIVersions',
  versions: core?.versions.map(({ version }) => version) ?? [],
  serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
});

function groupBody({ name, versions }: GroupEntry) {
  const entries = versions.map(({ version }) => ({ groupVersion: groupVersion(name, version), version }));
  return { name, versions: entries, preferredVersion: entries[0] };
}

/** `/apis/<group>` */
export const apiGroup = (group: GroupEntry) => ({ kind: 'APIGroup', apiVersion: 'v1', ...groupBody(group) });

/** `/apis` */
export const apiGroupList = (groups: readonly GroupEntry[]) => ({ kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(groupBody) });

/** `/apis/<group>/<version>`, `/api/v1`: what the core group answers has no apiVersion. */
export const apiResourceList = (group: string, { version, resources }: VersionEntry) => ({
  kind: 'APIResourceList',
  ...(group === '' ? {} : { apiVersion: 'v1' }),
  groupVersion: groupVersion(group, version),
  resources,
});

export type AggregatedVersion = 'v2' | 'v2beta1';

/** All groups and resources in one document, for clients that ask for it. */
export const aggregated = (groups: readonly GroupEntry[], version: AggregatedVersion) => ({
  kind: 'APIGroupDiscoveryList',
  apiVersion: `apidiscovery.k8s.io/${version}`,
  metadata: {},
  items: groups.map(({ name, versions }) => ({
    metadata: name === '' ? {} : { name },
    versions: versions.map((entry) => ({ version: entry.version, resources: aggregatedResources(name, entry), freshness: 'Current' })),
  })),
});

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
