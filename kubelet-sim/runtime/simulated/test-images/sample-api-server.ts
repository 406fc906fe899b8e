// Kubernetes' sample API server (`registry.k8s.io/e2e-test-images/sample-apiserver`): flunders and fischers, aggregated by APIServices. Its objects
// live as long as it does, wherever its etcd is said to be; it has no watches.
import type { KubeObject } from '../../../../api/index.ts';
import { apiError } from '../../../../api/index.ts';
import type { HttpResponse } from '../../cri.ts';
import type { ServedRequest } from '../network/listener.ts';
import type { ProcessContext, Program } from '../program.ts';
import { bodyOf, json, readyz, tlsServer } from './path-server.ts';
import { type Place, SampleObjects, statusOf } from './sample-objects.ts';
import { OPENAPI_DOCUMENTS } from './sample-openapi.ts';
import { GROUP, kept, kindsOf, shown, VERSIONS } from './sample-versions.ts';

const PORT = 443;
const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update'];
const SERVED = VERSIONS.map((version) => ({ groupVersion: `${GROUP}/${version}`, version }));
const API_GROUP = { name: GROUP, versions: SERVED, preferredVersion: SERVED[0] };

const DOCUMENTS: Readonly<Record<string, object>> = {
  '/apis': { kind: 'APIGroupList', apiVersion: 'v1', groups: [API_GROUP] },
  [`/apis/${GROUP}`]: { kind: 'APIGroup', apiVersion: 'v1', ...API_GROUP },
  ...Object.fromEntries(VERSIONS.map((version) => [`/apis/${GROUP}/${version}`, resourceList(version)])),
  ...OPENAPI_DOCUMENTS,
};

function resourceList(version: string): object {
  const resources = kindsOf(version).map(({ resource, kind, namespaced }) => ({
    name: resource,
    singularName: kind.toLowerCase(),
    namespaced,
    kind,
    verbs: VERBS,
  }));
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: `${GROUP}/${version}`, resources };
}

export const sampleApiServer = (argv: readonly string[]): Program => {
  const servers = new WeakMap<ProcessContext, SampleObjects>();
  return tlsServer({
    argv,
    port: PORT,
    paths: { '/readyz': readyz, '/healthz': readyz, '/livez': readyz },
    otherwise: async (request, context) => {
      const objects = servers.get(context) ?? new SampleObjects(context);
      servers.set(context, objects);
      return await answer(objects, request);
    },
  });
};

async function answer(objects: SampleObjects, request: ServedRequest): Promise<HttpResponse> {
  const url = new URL(request.path, 'https://server');
  const document = DOCUMENTS[url.pathname.replace(/(.)\/$/, '$1')];
  if (document) return json(document);
  try {
    const place = placeOf(url.pathname);
    if (!place || url.searchParams.has('watch')) throw noSuchPath();
    return await act(url.searchParams.has('dryRun') ? objects.copy() : objects, place, { request, query: url.searchParams });
  } catch (error) {
    const status = statusOf(error);
    return json(status, status.code);
  }
}

const noSuchPath = () =>
  apiError.custom({ code: 404, reason: 'NotFound', message: 'the server could not find the requested resource', details: {} });

const OBJECTS = new RegExp(`^/apis/${GROUP.replaceAll('.', '\\.')}/([^/]+)(?:/namespaces/([^/]+))?/([a-z]+)(?:/([^/]+))?$`);

/** Where a request goes, in a version of what is there. */
interface VersionedPlace extends Place {
  readonly version: string;
}

function placeOf(path: string): VersionedPlace | undefined {
  const [, version = '', namespace = '', resource = '', name = ''] = OBJECTS.exec(path) ?? [];
  const kind = kindsOf(version).find((each) => each.resource === resource);
  return kind && { kind, namespace, name, version };
}

interface Asked {
  readonly request: ServedRequest;
  readonly query: URLSearchParams;
}

/** @throws ApiError */
async function act(objects: SampleObjects, place: VersionedPlace, { request, query }: Asked): Promise<HttpResponse> {
  const { version, kind } = place;
  const selector = query.get('labelSelector') ?? '';
  const isOne = place.name !== '';
  const taken = (object: unknown) => kept(version, { ...(object as KubeObject), kind: kind.kind });
  switch (`${request.method} ${isOne ? 'one' : 'all'}`) {
    case 'GET one':
      return json(shown(version, objects.get(place)));
    case 'GET all':
      return json(listOf(objects, place, selector));
    case 'POST all':
      return json(shown(version, objects.create(place, taken(sentIn(request)))), 201);
    case 'PUT one':
      return json(shown(version, objects.update(place, taken(sentIn(request)))));
    case 'PATCH one':
      return json(shown(version, objects.update(place, taken(await patched(shown(version, objects.get(place)), request)))));
    case 'DELETE one':
      return json(deleted(place, shown(version, objects.delete(place))));
    case 'DELETE all':
      objects.deleteAll(place, selector);
      return json(listOf(objects, place, selector));
    default:
      throw apiError.methodNotSupported({ group: GROUP, resource: place.kind.resource }, request.method.toLowerCase());
  }
}

function listOf(objects: SampleObjects, place: VersionedPlace, selector: string): object {
  const { resourceVersion, items } = objects.list(place, selector);
  return {
    kind: `${place.kind.kind}List`,
    apiVersion: `${GROUP}/${place.version}`,
    metadata: { resourceVersion },
    items: items.map((item) => shown(place.version, item)),
  };
}

/** What goes at once is answered with a Status, as upstream's stores do. */
const deleted = ({ kind, name }: Place, object: KubeObject): object =>
  object.metadata.deletionTimestamp === undefined
    ? {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Success',
        details: { name, group: GROUP, kind: kind.resource, uid: object.metadata.uid },
      }
    : object;

const JSON_TYPE = 'application/json';

/** What a request sends, in the one format that is read. @throws ApiError (415) */
function sentIn(request: ServedRequest): unknown {
  const contentType = (request.headers['content-type'] ?? JSON_TYPE).replace(/\s*;.*$/, '');
  if (contentType !== JSON_TYPE) throw unknownFormat([JSON_TYPE]);
  return bodyOf(request);
}

const unknownFormat = (known: readonly string[]) =>
  apiError.unsupportedMediaType(`the body of the request was in an unknown format - accepted media types include: ${known.join(', ')}`);

const JSON_PATCH = 'application/json-patch+json';
const MERGE_PATCHES: ReadonlySet<string> = new Set(['application/merge-patch+json', 'application/strategic-merge-patch+json']);

/** @throws ApiError (415) for patches of another sort, (400) for those that do not apply. */
async function patched(current: KubeObject, request: ServedRequest): Promise<KubeObject> {
  const contentType = request.headers['content-type'] ?? '';
  const isMerge = MERGE_PATCHES.has(contentType);
  if (!isMerge && contentType !== JSON_PATCH) throw unknownFormat([JSON_PATCH, ...MERGE_PATCHES]);
  // A patch is rare, and what applies it is large.
  const { applyJsonPatch, applyMergePatch } = await import('../../../../api/schema.ts');
  try {
    return (isMerge ? applyMergePatch : applyJsonPatch)(structuredClone(current), bodyOf(request)) as KubeObject;
  } catch (error) {
    throw apiError.badRequest(error instanceof Error ? error.message : String(error));
  }
}
