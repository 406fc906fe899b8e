// What a trace tells of how a request was worked on. Upstream: the `tracing.Start` and `AddEvent` of apiserver, `pkg/endpoints/handlers`.
import type { Exchange } from '../pipeline/exchange.ts';
import { isLongRunning } from '../pipeline/flow-control.ts';
import { scopeOf, verbOf } from '../pipeline/request-metrics.ts';
import type { Attributes, Span } from '../tracing/span.ts';
import type { Endpoint, Handler, Rest } from './rest.ts';

/** What verbs are called. */
const OPERATIONS: Readonly<Record<string, string>> = {
  get: 'Get',
  list: 'List',
  watch: 'List',
  create: 'Create',
  update: 'Update',
  patch: 'Patch',
  delete: 'Delete',
  deletecollection: 'Delete',
};

const USER_AGENT_LENGTH_MAX = 1024;
const MAPPED_V4 = /^::ffff:(?=\d+\.)/;

/** Has a handler answer; of a request that is traced, as a part of its own. */
export function perform(handler: Handler, rest: Rest, exchange: Exchange, endpoint: Endpoint): Promise<void> | void {
  const operation = exchange.span && OPERATIONS[exchange.info.verb];
  if (operation === undefined || (isLongRunning(exchange.info) && exchange.info.verb !== 'watch')) return handler(rest, exchange, endpoint);
  return performTraced(operation, () => handler(rest, exchange, endpoint), exchange);
}

async function performTraced(operation: string, work: () => Promise<void> | void, exchange: Exchange): Promise<void> {
  const outer = exchange.span;
  const span = outer?.child(operation, fieldsOf(exchange));
  exchange.span = span;
  try {
    await work();
  } finally {
    span?.end();
    exchange.span = outer;
  }
}

function fieldsOf({ request, response, info, auditId }: Exchange): Attributes {
  const { headers, socket } = request;
  return {
    accept: headers.accept ?? '',
    'audit-id': auditId,
    client: (socket?.remoteAddress ?? 'unknown').replace(MAPPED_V4, ''),
    'api-group': info.group,
    'api-version': info.version,
    name: info.name,
    subresource: info.subresource,
    namespace: info.namespace,
    protocol: protocolOf(response),
    resource: info.resource,
    scope: scopeOf(info),
    url: info.path,
    'user-agent': (headers['user-agent'] ?? '').slice(0, USER_AGENT_LENGTH_MAX),
    verb: verbOf(info, headers['content-type']),
  };
}

const protocolOf = ({ isMultiplexed }: Exchange['response']): string => (isMultiplexed ? 'HTTP/2.0' : 'HTTP/1.1');

/** What an encoder is called that writes a version in an encoding: apimachinery's `Encoder.Identifier`. */
function encoderName(version: string, mediaType: string): string {
  const isProtobuf = mediaType.includes('protobuf');
  const yaml = String(mediaType.includes('yaml'));
  const encoder = isProtobuf ? 'protobuf' : JSON.stringify({ name: 'json', pretty: 'false', strict: 'false', yaml });
  return JSON.stringify({ encodeGV: version, encoder, name: 'versioning' });
}

/** The writing of an answer begins; undefined where the request is not traced. */
export function beginWriting(exchange: Exchange, mediaType: string, apiVersion: string): Span | undefined {
  const { span, request, info, auditId, response } = exchange;
  return span?.child('SerializeObject', {
    'audit-id': auditId,
    method: request.method ?? '',
    url: info.path,
    protocol: protocolOf(response),
    mediaType,
    encoder: encoderName(apiVersion, mediaType),
  });
}

/** The answer is written. @param count of the objects in a list. */
export function endWriting(exchange: Exchange, writing: Span | undefined, count?: number): void {
  if (!writing) return;
  const size = exchange.answeredBytes;
  writing.event('About to start writing response', { size });
  writing.event('Write call succeeded', { size });
  writing.end();
  exchange.span?.event('Writing http response done', count === undefined ? {} : { count });
}
