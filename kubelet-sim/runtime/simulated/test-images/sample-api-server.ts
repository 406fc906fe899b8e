// Kubernetes' sample API server (`registry.k8s.io/e2e-test-images/sample-apiserver`): flunders and fischers, aggregated by an APIService. Its objects
// live as long as it does, wherever its etcd is said to be; it has no watches.
import type { KubeObject } from '../../../../api/index.ts';
import { apiError } from '../../../../api/index.ts';
import type { HttpResponse } from '../../cri.ts';
import type { ServedRequest } from '../network/listener.ts';
import type { ProcessContext, Program } from '../program.ts';
import { bodyOf, json, readyz, tlsServer } from './path-server.ts';
import { API_VERSION, type Place, SAMPLE_KINDS, SampleObjects, statusOf } from './sample-objects.ts';

const PORT = 443;
const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update'];
const [GROUP = '', VERSION = ''] = API_VERSION.split('/');
const PREFERRED = { groupVersion: API_VERSION, version: VERSION };
const API_GROUP = { name: GROUP, versions: [PREFERRED], preferredVersion: PREFERRED };

const DOCUMENTS: Readonly<Record<string, object>> = {
  '/apis': { kind: 'APIGroupList', apiVersion: 'v1', groups: [API_GROUP] },
  [`/apis/${GROUP}`]: { kind: 'APIGroup', apiVersion: 'v1', ...API_GROUP },
  [`/apis/${API_VERSION}`]: {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: API_VERSION,
    resources: SAMPLE_KINDS.map(({ resource, kind, namespaced }) => ({
      name: resource,
      singularName: kind.toLowerCase(),
      namespaced,
      kind,
      verbs: VERBS,
    })),
  },
};

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
    return await act(objects, place, { request, query: url.searchParams });
  } catch (error) {
    const status = statusOf(error);
    return json(status, status.code);
  }
}

const noSuchPath = () =>
  apiError.custom({ code: 404, reason: 'NotFound', message: 'the server could not find the requested resource', details: {} });

const OBJECTS = new RegExp(`^/apis/${API_VERSION.replaceAll('.', '\\.')}(?:/namespaces/([^/]+))?/([a-z]+)(?:/([^/]+))?$`);

function placeOf(path: string): Place | undefined {
  const [, namespace = '', resource = '', name = ''] = OBJECTS.exec(path) ?? [];
  const kind = SAMPLE_KINDS.find((each) => each.resource === resource);
  return kind && { kind, namespace, name };
}

interface Asked {
  readonly request: ServedRequest;
  readonly query: URLSearchParams;
}

/** @throws ApiError */
async function act(objects: SampleObjects, place: Place, { request, query }: Asked): Promise<HttpResponse> {
  const selector = query.get('labelSelector') ?? '';
  const isOne = place.name !== '';
  switch (`${request.method} ${isOne ? 'one' : 'all'}`) {
    case 'GET one':
      return json(objects.get(place));
    case 'GET all':
      return json(objects.list(place, selector));
    case 'POST all':
      return json(objects.create(place, bodyOf(request) as KubeObject), 201);
    case 'PUT one':
      return json(objects.update(place, bodyOf(request) as KubeObject));
    case 'PATCH one':
      return json(objects.update(place, await patched(objects.get(place), request)));
    case 'DELETE one':
      return json(deleted(place, objects.delete(place)));
    case 'DELETE all':
      objects.deleteAll(place, selector);
      return json(objects.list(place, selector));
    default:
      throw apiError.methodNotSupported({ group: GROUP, resource: place.kind.resource }, request.method.toLowerCase());
  }
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

const JSON_PATCH = 'application/json-patch+json';
const MERGE_PATCHES: ReadonlySet<string> = new Set(['application/merge-patch+json', 'application/strategic-merge-patch+json']);

/** @throws ApiError (415) for patches of another sort, (400) for those that do not apply. */
async function patched(current: KubeObject, request: ServedRequest): Promise<KubeObject> {
  const contentType = request.headers['content-type'] ?? '';
  const isMerge = MERGE_PATCHES.has(contentType);
  if (!isMerge && contentType !== JSON_PATCH)
    throw apiError.unsupportedMediaType(
      `the body of the request was in an unknown format - accepted media types include: ${[JSON_PATCH, ...MERGE_PATCHES].join(', ')}`,
    );
  // A patch is rare, and what applies it is large.
  const { applyJsonPatch, applyMergePatch } = await import('../../../../api/schema.ts');
  try {
    return (isMerge ? applyMergePatch : applyJsonPatch)(structuredClone(current), bodyOf(request)) as KubeObject;
  } catch (error) {
    throw apiError.badRequest(error instanceof Error ? error.message : String(error));
  }
}
