import type { KindInfo, Verb } from '../../api/index.ts';
import type { ApiClient } from '../../client/index.ts';

/** Everything the API server serves at its preferred versions, and what could not be found out. */
export interface Discovered {
  readonly kinds: readonly KindInfo[];
  /** Groups that did not answer, each with why. */
  readonly errors: readonly string[];
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
  const lists = await Promise.all([groupsAt(client, '/api'), groupsAt(client, '/apis')]);
  const kinds: KindInfo[] = [];
  const errors: string[] = [];
  for (const { metadata, versions = [] } of lists.flat()) {
    const group = metadata?.name ?? '';
    const taken = new Set<string>();
    for (const { version = '', resources = [], freshness } of versions) {
      if (freshness === 'Stale') errors.push(`${group}/${version}: stale GroupVersion discovery: ${group}/${version}`);
      // Versions come in order of preference: the first that has a resource is the one to use.
      for (const resource of resources) {
        const kind = kindOf(group, version, resource);
        if (!kind || taken.has(kind.resource)) continue;
        taken.add(kind.resource);
        kinds.push(kind);
      }
    }
  }
  return { kinds, errors };
}

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
