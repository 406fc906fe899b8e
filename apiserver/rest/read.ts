import { apiError } from '../../api/index.ts';
import { isTrue } from '../pipeline/request-info.ts';
import { checkPathName } from '../registry/metadata-validation.ts';
import { ofList } from '../registry/store-errors.ts';
import { readListOptions, readPlainVersion } from './list-options.ts';
import { fresh, readList } from './list-reader.ts';
import { sendList } from './list-writer.ts';
import type { Handler } from './rest.ts';

/** GET of one object: its bytes as they lie in the cache, once that holds all that is committed. */
export const getObject: Handler = (rest, exchange, endpoint) => {
  if (isTrue(exchange.parameter('export') ?? null)) {
    throw apiError.badRequest('the export parameter, deprecated since v1.14, is no longer supported');
  }
  rest.negotiator.object(exchange.accept, endpoint.resource.type);
  checkPathName(exchange.info.name);
  const version = exchange.parameter('resourceVersion') ?? '';
  readPlainVersion(version);
  const pending = version === '' ? rest.source.hub.fresh() : fresh(rest.source, version);
  return pending ? pending.then(() => settled(rest, exchange, endpoint)) : settled(rest, exchange, endpoint);
};

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

/** GET of a collection. */
export const listObjects: Handler = async (rest, exchange, { resource }) => {
  rest.negotiator.routeList(exchange.accept, resource.type);
  const options = readListOptions(exchange, resource, false);
  const accepted = rest.negotiator.list(exchange.accept, resource.type);
  try {
    const page = await readList(rest.source, resource, options);
    await sendList(rest, exchange, resource, { accepted, page });
  } catch (error) {
    throw ofList(error);
  }
};
