import { apiError, groupResourceOf } from '../../api/index.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { isTrue } from '../pipeline/request-info.ts';
import { objectKey } from '../registry/keys.ts';
import { checkPathName } from '../registry/metadata-validation.ts';
import type { Resource } from '../registry/resource.ts';
import { ofList } from '../registry/store-errors.ts';
import { tracedCall } from '../registry/store-spans.ts';
import { type ListOptions, readListOptions, readPlainVersion } from './list-options.ts';
import { fresh, type ListPage, readList } from './list-reader.ts';
import { sendList } from './list-writer.ts';
import type { Endpoint, Handler, Rest } from './rest.ts';

/** GET of one object: its bytes as they lie in the cache, once that holds all that is committed. */
export const getObject: Handler = (rest, exchange, endpoint) => {
  if (isTrue(exchange.parameter('export') ?? null)) {
    throw apiError.badRequest('the export parameter, deprecated since v1.14, is no longer supported');
  }
  rest.negotiator.object(exchange.accept, endpoint.resource.type);
  checkPathName(exchange.info.name);
  const version = exchange.parameter('resourceVersion') ?? '';
  readPlainVersion(version);
  if (exchange.span) return getTraced(rest, exchange, endpoint, version);
  const source = rest.sourceOf(endpoint.resource);
  const pending = version === '' ? source.hub.fresh() : fresh(source, endpoint.resource, version);
  return pending ? pending.then(() => settled(rest, exchange, endpoint)) : settled(rest, exchange, endpoint);
};

/**
 * The same as a trace tells it. Where the newest state is asked for, the store is asked how far it is, which upstream does by reading the
 * object there.
 */
async function getTraced(rest: Rest, exchange: Exchange, endpoint: Endpoint, version: string): Promise<void> {
  const { span, auditId, info } = exchange;
  const { resource } = endpoint;
  const source = rest.sourceOf(resource);
  span?.event('About to Get from storage');
  const key = objectKey(resource.prefix, resource.info.namespaced ? info.namespace : '', info.name).slice(resource.root.length);
  const reading = span?.child('cacher.Get', { 'audit-id': auditId, key, 'resource-version': version });
  reading?.event(version === '' ? 'About to Get from underlying storage' : 'About to fetch object from cache');
  try {
    await tracedCall(version === '' ? reading : undefined, 'Range', async () => {
      await (version === '' ? source.hub.fresh() : fresh(source, resource, version));
    });
    await resource.cache.settled();
  } finally {
    reading?.end();
  }
  await answer(rest, exchange, endpoint);
}

const settled: Handler = (rest, exchange, endpoint) => {
  const pending = endpoint.resource.cache.settled();
  return pending ? pending.then(() => answer(rest, exchange, endpoint)) : answer(rest, exchange, endpoint);
};

const answer: Handler = (rest, exchange, { resource }) => {
  const { namespace, name } = exchange.info;
  const entry = resource.cache.get(resource.info.namespaced ? namespace : '', name);
  if (!entry) throw apiError.notFound(resource.subject, name);
  rest.encoder.object(exchange, resource, 200, entry.bytes);
};

/** As a trace tells it: where the newest state is asked for, the store is asked how far it is. */
async function readListTraced(rest: Rest, exchange: Exchange, resource: Resource, options: ListOptions): Promise<ListPage> {
  const type = groupResourceOf(resource.info);
  const reading = exchange.span?.child('cacher.GetList', { 'audit-id': exchange.auditId, type });
  try {
    const isNewest = options.resourceVersion === '' && options.continue === '';
    const page = await tracedCall(isNewest ? reading : undefined, 'Range', () => readList(rest.sourceOf(resource), resource, options));
    reading?.event('Listed items from cache', { count: page.entries.length });
    reading?.event('Filtered items', { count: page.entries.length });
    return page;
  } finally {
    reading?.end();
  }
}

/** GET of a collection. */
export const listObjects: Handler = async (rest, exchange, { resource }) => {
  rest.negotiator.routeList(exchange.accept, resource.type);
  const options = readListOptions(exchange, resource, false);
  const accepted = rest.negotiator.list(exchange.accept, resource.type);
  const { span } = exchange;
  try {
    span?.event('About to List from storage');
    const page = span
      ? await readListTraced(rest, exchange, resource, options)
      : await readList(rest.sourceOf(resource), resource, options);
    span?.event('Listing from storage done');
    await sendList(rest, exchange, resource, { accepted, page });
  } catch (error) {
    throw ofList(error);
  }
};
