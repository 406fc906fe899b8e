import { apiError, type SubresourceInfo, type Verb } from '../../api/index.ts';
import { type Exchange, SERVED_RESOURCE } from '../pipeline/exchange.ts';
import type { RequestInfo } from '../pipeline/request-info.ts';
import { sendNotFound } from '../pipeline/respond.ts';
import { bindPod } from './binding.ts';
import { createObject } from './create.ts';
import { deleteCollection, deleteObject } from './delete.ts';
import { evictPod } from './eviction.ts';
import { type Kinds, methodNotAllowed, unknownResource } from './kinds.ts';
import { connectToKubelet, podLog, proxyToNode, proxyToPod } from './kubelet.ts';
import { perform } from './operation-span.ts';
import { patchObject, patchType } from './patch.ts';
import { getObject, listObjects } from './read.ts';
import type { Endpoint, Handler, Rest } from './rest.ts';
import { getScale, patchScale, updateScale } from './scale.ts';
import { proxyToService } from './service-proxy.ts';
import { requestToken } from './token.ts';
import { updateObject } from './update.ts';
import { watchObjects } from './watch.ts';

/** By verb; `''` for OPTIONS, which has none. */
type Handlers = Readonly<Partial<Record<Verb | '', Handler>>>;

const COLLECTION: Handlers = { create: createObject, list: listObjects, watch: watchObjects, deletecollection: deleteCollection };
const OBJECT: Handlers = { get: getObject, update: updateObject, patch: patchObject, delete: deleteObject, watch: watchObjects };
/** Subresources that are views of the whole object. */
const VIEW: Handlers = { get: getObject, update: updateObject, patch: patchObject };

const every = (handler: Handler): Handlers => ({
  get: handler,
  create: handler,
  update: handler,
  patch: handler,
  delete: handler,
  '': handler,
});

/** The subresource that takes what follows it in the path. */
const PROXY = 'proxy';

/** Subresources that are something else, by resource and name, or by name alone. */
const SUBRESOURCES: Readonly<Record<string, Handlers>> = {
  scale: { get: getScale, update: updateScale, patch: patchScale },
  'pods/binding': { create: bindPod },
  'pods/eviction': { create: evictPod },
  'pods/log': { get: podLog },
  'pods/exec': { get: connectToKubelet, create: connectToKubelet },
  'pods/attach': { get: connectToKubelet, create: connectToKubelet },
  'pods/portforward': { get: connectToKubelet, create: connectToKubelet },
  'pods/proxy': every(proxyToPod),
  'nodes/proxy': every(proxyToNode),
  'services/proxy': every(proxyToService),
  'serviceaccounts/token': { create: requestToken },
};

/**
 * Finds who answers a request of the API, and lets it.
 *
 * @throws ApiError (404, 405) when there is nobody.
 */
export function route(rest: Rest, kinds: Kinds, exchange: Exchange): Promise<void> | void {
  const { info } = exchange;
  const target = isRooted(info.path) ? kinds.find(info) : undefined;
  if (!target) {
    if (!isRooted(info.path)) return sendNotFound(exchange);
    if (kinds.hasGroup(info.group)) throw unknownResource();
    sendNotFound(exchange);
    return;
  }
  if (target.create) {
    if (info.name !== '' || target.info.namespaced !== (info.namespace !== '')) throw unknownResource();
    if (info.verb !== 'create') throw methodNotAllowed();
    exchange.served = SERVED_RESOURCE;
    return target.create(rest, exchange);
  }
  const { endpoint } = target;
  const { wording, strategy } = endpoint.resource;
  if (wording.routesByVerb) return routeByVerb(rest, exchange, endpoint);
  checkScope(endpoint, exchange);
  const handler = handlerOf(endpoint, exchange);
  if (strategy.deprecation !== undefined) exchange.deprecate(strategy.deprecation); // nobody is warned of what is not there
  exchange.served = SERVED_RESOURCE;
  return perform(handler, rest, exchange, endpoint);
}

/** apiextensions-apiserver, `pkg/apiserver/customresource_handler.go`: what is of another scope is nobody's. */
function routeByVerb(rest: Rest, exchange: Exchange, endpoint: Endpoint): Promise<void> | void {
  const { resource } = endpoint;
  const { namespace, verb, name, subresource } = exchange.info;
  const inScope = resource.info.namespaced ? namespace !== '' || verb === 'list' || verb === 'watch' : namespace === '';
  if (!inScope) return sendNotFound(exchange);
  const { deprecation } = resource.strategy;
  if (deprecation !== undefined) exchange.deprecate(deprecation);
  const isDeclared = subresource === '' || resource.info.subresources.some((each) => each.name === subresource);
  if (!isDeclared) throw apiError.notFound(resource.subject, name);
  const handlers: Handlers = subresource === '' ? { ...OBJECT, ...COLLECTION } : (SUBRESOURCES[subresource] ?? VIEW);
  const handler = new Map<string, Handler>(Object.entries(handlers)).get(verb);
  if (!handler) throw apiError.methodNotSupported(resource.subject, verb);
  exchange.served = SERVED_RESOURCE;
  if (name === '' && (verb === 'update' || verb === 'patch')) {
    if (verb === 'patch') patchType(exchange, resource);
    throw apiError.badRequest('name must be provided');
  }
  return perform(handler, rest, exchange, endpoint);
}

/** What has more slashes in front is told apart from nothing when it is authorized, but nobody serves it. */
const isRooted = (path: string): boolean => !path.startsWith('//') && !path.startsWith('/apis//');

/** @throws ApiError (404) for a namespace on a kind that has none, and for a name without the namespace it needs. */
function checkScope({ resource: { info: kind } }: Endpoint, { info, request }: Exchange): void {
  const { namespace, name, verb, verbInPath = false } = info;
  if (verb === 'proxy') throw unknownResource(); // a path of long ago
  // A namespace is addressed as its own namespace.
  if (!kind.namespaced && namespace !== '' && namespace !== name) throw unknownResource();
  // Lists and watches are told by a selector which name they are about.
  const isNamed = name !== '' && (verbInPath || (verb !== 'list' && verb !== 'watch'));
  const lacksNamespace = kind.namespaced && namespace === '';
  if (lacksNamespace && isNamed) throw unknownResource();
  if (lacksNamespace && (verb === 'create' || verb === 'deletecollection')) throw methodNotAllowed();
  if (verbInPath && request.method !== 'GET') throw methodNotAllowed();
}

function handlerOf(endpoint: Endpoint, { info, request }: Exchange): Handler {
  const kind = endpoint.resource.info;
  const { verb, name, subresource } = info;
  if (subresource !== '') return subresourceHandler(endpoint, info, request.method);
  const handlers = endpoint.handlers ?? (isCollection(verb) || name === '' ? COLLECTION : OBJECT);
  const declared = kind.verbs.find((each) => each === verb);
  const handler = declared && handlers[declared];
  if (!handler && verb === 'watch' && kind.verbs.includes('list')) return refuseToWatch;
  if (!handler || isUnknownHead(request.method)) throw methodNotAllowed();
  return handler;
}

/** Who lists, and is asked to watch, is found, and says that it cannot. */
const refuseToWatch: Handler = (_rest, { info }, { resource }) => {
  throw apiError.methodNotSupported(resource.subject, info.verb);
};

const isCollection = (verb: string): boolean => verb === 'list' || verb === 'deletecollection';

/** Upstream: go-restful's `RouterJSR311.detectRoute`, which answers 405 where no route has the method; none is registered for HEAD. */
const isUnknownHead = (method: string | undefined): boolean => method === 'HEAD';

function subresourceHandler(endpoint: Endpoint, info: RequestInfo, method: string | undefined): Handler {
  const { resource } = endpoint;
  const { subresource: name, verb } = info;
  const declared: SubresourceInfo | undefined = resource.info.subresources.find((each) => each.name === name);
  if (!declared) throw unknownResource();
  if (info.rest.length > 1 && name !== PROXY) throw unknownResource();
  const own = resource.info.group === '' ? SUBRESOURCES[`${resource.info.resource}/${name}`] : undefined;
  const handlers = own ?? SUBRESOURCES[name] ?? (resource.strategy.subresources?.[name] ? VIEW : undefined);
  if (!handlers) throw unknownResource();
  const allowed = method === 'OPTIONS' ? '' : declared.verbs.find((each) => each === verb);
  const handler = allowed === undefined ? undefined : handlers[allowed];
  // What takes every method, as a proxy does, takes this one.
  const isUnknown = handlers[''] === undefined && isUnknownHead(method);
  if (!handler || isUnknown) throw methodNotAllowed();
  return handler;
}
