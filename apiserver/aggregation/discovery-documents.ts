// Reads the documents of other servers, which may say anything.
import type { RankedVersion } from '../discovery/index.ts';
import type { JsonObject } from '../openapi/index.ts';

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
const listAt = (value: unknown, name: string): readonly Fields[] => {
  const list = isFields(value) ? value[name] : undefined;
  return Array.isArray(list) ? list.filter(isFields) : [];
};
const textAt = (value: Fields, name: string): string => (typeof value[name] === 'string' ? value[name] : '');

/** Clients of 1.26 fail on an entry that does not say what it answers. */
const withResponseKind = (entry: Fields): Fields => (isFields(entry.responseKind) ? entry : { ...entry, responseKind: NOBODY });
const NOBODY = { group: '', version: '', kind: '' };

/** The resources of a version in an APIGroupDiscoveryList. */
export function readAggregated(document: unknown, { group, version }: Pick<RankedVersion, 'group' | 'version'>): Fields[] {
  const found = listAt(document, 'items')
    .filter(({ metadata }) => (isFields(metadata) ? textAt(metadata, 'name') : '') === group)
    .flatMap((item) => listAt(item, 'versions'))
    .find((each) => textAt(each, 'version') === version);
  return listAt(found, 'resources').map((resource) => {
    const subresources = listAt(resource, 'subresources').map(withResponseKind);
    return { ...withResponseKind(resource), ...(subresources.length > 0 ? { subresources } : {}) };
  });
}

/** The same from an APIResourceList. Upstream: apiserver, `ConvertGroupVersionIntoToDiscovery`. @throws Error when scopes contradict each other. */
export function readResourceList(document: unknown): Fields[] {
  const entries = listAt(document, 'resources');
  const resources = new Map<string, { scope: string; entry: Fields; subresources: Fields[] }>();
  for (const entry of entries) {
    const name = textAt(entry, 'name');
    if (!name.includes('/')) resources.set(name, { scope: scopeOf(entry), entry: resourceOf(entry), subresources: [] });
  }
  for (const entry of entries) {
    const [parent = '', ...rest] = textAt(entry, 'name').split('/');
    if (rest.length === 0) continue;
    const scope = scopeOf(entry);
    const found = resources.get(parent) ?? {
      scope,
      entry: { resource: parent, scope, responseKind: NOBODY, verbs: null },
      subresources: [],
    };
    resources.set(parent, found);
    if (found.scope !== scope) {
      throw new Error(
        `Error: Parent ${parent} (scope: ${found.scope}) and subresource ${rest.join('/')} (scope: ${scope}) scope do not match`,
      );
    }
    const responseKind = textAt(entry, 'kind') === '' ? NOBODY : kindOf(entry);
    found.subresources.push({ subresource: rest.join('/'), responseKind, verbs: entry.verbs ?? null });
  }
  return [...resources.values()].map(({ entry, subresources }) => (subresources.length > 0 ? { ...entry, subresources } : entry));
}

const scopeOf = ({ namespaced }: Fields): string => (namespaced === true ? 'Namespaced' : 'Cluster');
const kindOf = (entry: Fields) => ({ group: textAt(entry, 'group'), version: textAt(entry, 'version'), kind: textAt(entry, 'kind') });

function resourceOf(entry: Fields): Fields {
  const optional = Object.entries({ shortNames: entry.shortNames, categories: entry.categories }).filter(([, value]) =>
    Array.isArray(value),
  );
  return {
    resource: textAt(entry, 'name'),
    responseKind: kindOf(entry),
    scope: scopeOf(entry),
    singularResource: textAt(entry, 'singularName'),
    verbs: entry.verbs ?? null,
    ...Object.fromEntries(optional),
  };
}

/** Where an index of OpenAPI 3 says that a document is. Only paths of the API are led on. */
export function readSpecUrl(index: unknown, name: string): string | undefined {
  const paths = isFields(index) ? index.paths : undefined;
  const entry = isFields(paths) ? paths[name] : undefined;
  const url = isFields(entry) ? textAt(entry, 'serverRelativeURL') : '';
  return url.startsWith(`/openapi/v3/${name}`) ? url : undefined;
}

/** An OpenAPI 2 document: whatever came from JSON is one. */
export const readSpec = (document: unknown): JsonObject | undefined => (isFields(document) ? (document as JsonObject) : undefined);
