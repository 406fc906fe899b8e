import type { KindInfo, Verb } from '../../api/index.ts';
import type { ApiClient } from '../../client/index.ts';

/** Everything the API server serves at its preferred versions, and what could not be found out. */
export interface Discovered {
  readonly kinds: readonly KindInfo[];
  /** At which versions each kind is served, by group and kind. */
  readonly versions: ReadonlyMap<string, ReadonlySet<string>>;
  /** Groups that did not answer, each with why. */
  readonly errors: readonly string[];
  /** Their versions, as `group/version`; of these nothing is known now. */
  readonly stale: ReadonlySet<string>;
}

/** A resource in aggregated discovery. */
interface AggregatedResource {
  readonly resource?: string;
  readonly responseKind?: { readonly kind?: string };
  readonly scope?: string;
  readonly singularResource?: string;
  readonly verbs?: readonly string[];
}

interface AggregatedVersion {
  readonly version?: string;
  readonly resources?: readonly AggregatedResource[];
  readonly freshness?: string;
}

interface AggregatedGroup {
  readonly metadata?: { readonly name?: string };
  readonly versions?: readonly AggregatedVersion[];
}

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
const VERBS: ReadonlySet<string> = new Set<Verb>(['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']);

/** Asks the API server what it serves, in two requests. */
export async function discover(client: ApiClient): Promise<Discovered> {
  const groups = (await Promise.all([groupsAt(client, '/api'), groupsAt(client, '/apis')])).flat();
  const stale = groups.flatMap(({ metadata, versions = [] }) =>
    versions.filter(isStale).map(({ version }) => `${metadata?.name ?? ''}/${version}`),
  );
  const kinds: KindInfo[] = [];
  const versions = new Map<string, Set<string>>();
  for (const group of groups) {
    const taken = new Set<string>();
    for (const kind of kindsOf(group)) {
      versions.set(kindKey(kind), (versions.get(kindKey(kind)) ?? new Set()).add(kind.version));
      if (!taken.has(kind.resource)) kinds.push(kind);
      taken.add(kind.resource);
    }
  }
  return { kinds, versions, errors: stale.map((name) => `${name}: stale GroupVersion discovery: ${name}`), stale: new Set(stale) };
}

/** What is listed may be out of date. */
const isStale = ({ freshness }: AggregatedVersion): boolean => freshness === 'Stale';

/** The kinds of a group in order of preference: the first that has a resource is the one to use. */
const kindsOf = ({ metadata, versions = [] }: AggregatedGroup): KindInfo[] =>
  versions.flatMap((from) => {
    const { version = '', resources = [] } = from;
    return isStale(from) ? [] : resources.flatMap((resource) => kindOf(metadata?.name ?? '', version, resource) ?? []);
  });

/** A kind in a group, at whatever version. */
export const kindKey = ({ group, kind }: Pick<KindInfo, 'group' | 'kind'>): string => `${kind}.${group}`;

async function groupsAt(client: ApiClient, path: string): Promise<readonly AggregatedGroup[]> {
  const { body } = await client.request('GET', path, { accept: AGGREGATED });
  const parsed: unknown = JSON.parse(body.toString());
  return isGroupList(parsed) ? parsed.items : [];
}

function isGroupList(value: unknown): value is { items: readonly AggregatedGroup[] } {
  return typeof value === 'object' && value !== null && 'items' in value && Array.isArray(value.items);
}

function kindOf(group: string, version: string, from: AggregatedResource): KindInfo | undefined {
  const { resource, responseKind, scope, singularResource = '', verbs = [] } = from;
  if (!resource || !responseKind?.kind) return undefined;
  return {
    group,
    version,
    kind: responseKind.kind,
    resource,
    singular: singularResource,
    namespaced: scope === 'Namespaced',
    verbs: verbs.filter(isVerb),
    subresources: [],
  };
}

const isVerb = (text: string): text is Verb => VERBS.has(text);
