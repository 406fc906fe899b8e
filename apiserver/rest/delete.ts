import { type ApiError, apiError, goJson, goQuote, isNotFound, parseJson, type Status } from '../../api/index.ts';
import { bodies, DecodeError, decode, decodeProtobuf, parseYaml } from '../../api/schema.ts';
import { readBody } from '../pipeline/body.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { isTrue } from '../pipeline/request-info.ts';
import { type DeleteRequest, validateDeleteRequest } from '../registry/deletion.ts';
import type { Deleted } from '../registry/object-registry.ts';
import type { Resource } from '../registry/resource.ts';
import { ofList, plainError } from '../registry/store-errors.ts';
import type { Entry } from '../watch-cache/entry.ts';
import { bodyEncoding, headerMisfit } from './decode-body.ts';
import { readInteger, readListOptions } from './list-options.ts';
import { type ListPage, readList } from './list-reader.ts';
import { acceptList, sendList } from './list-writer.ts';
import { contextOf, type Endpoint, type Handler, type Rest } from './rest.ts';

/** Objects of a collection that are deleted at the same time. */
const COLLECTION_CONCURRENCY = 32;

/** The scheme that upstream reads delete options with; it shows in messages. */
const OPTIONS_SCHEME = 'k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27';

/** What every scheme knows besides, as of version v1: `metav1.AddMetaToScheme` and unversioned types. */
const UNVERSIONED: ReadonlySet<string> = new Set(['Status', 'APIVersions', 'APIGroup', 'APIGroupList', 'APIResourceList']);

/** DELETE of one object. */
export const deleteObject: Handler = async (rest, exchange, { resource, registry }) => {
  rest.encoder.accept(exchange, resource);
  const options = await readDeleteRequest(exchange);
  warnOfDefault(exchange, resource, options);
  const { name } = exchange.info;
  const why = resource.strategy.whyKept?.(name);
  if (why !== undefined) throw apiError.forbidden(resource.subject, name, why);
  const context = contextOf(rest, exchange, isDryRun(options), options);
  exchange.span?.event('About to delete object from database');
  const deleted = await registry.delete({ context, admission: rest.admission, name, options });
  exchange.span?.event('Object deleted from database');
  if (deleted.gone && !resource.strategy.deleteReturnsObject) {
    rest.encoder.success(exchange, 200, { details: detailsOf(resource.info, deleted) });
    return;
  }
  const accepted = !deleted.gone && options.orphanDependents === false;
  rest.encoder.object(exchange, resource, accepted ? 202 : 200, deleted.entry.bytes);
};

/** DELETE of a collection: each object as if it were deleted alone; the answer is the list as it was. */
export const deleteCollection: Handler = async (rest, exchange, endpoint) => {
  const { resource } = endpoint;
  const accepted = acceptList(exchange, resource, rest.negotiator.object(exchange.accept, resource.type));
  const page = await readCollection(rest, exchange, endpoint);
  const options = await readDeleteRequest(exchange);
  warnOfDefault(exchange, resource, options);
  await deleteEach(page.entries, async (entry) => {
    const context = { ...contextOf(rest, exchange, isDryRun(options), options), namespace: entry.namespace };
    try {
      await endpoint.registry.delete({ context, admission: rest.admission, name: entry.name, options, isOneOfMany: true });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  });
  await sendList(rest, exchange, resource, { accepted, page });
};

/** Kinds whose dependents stay unless told otherwise may warn of that. */
function warnOfDefault(exchange: Exchange, { strategy }: Resource, { propagationPolicy, orphanDependents }: DeleteRequest): void {
  const { defaultPropagationWarning: text } = strategy;
  if (text !== undefined && propagationPolicy === undefined && orphanDependents === undefined) exchange.warn(text);
}

/**
 * What is to go. A collection can be narrowed by everything a list can; of a revision it is what there was just then, since upstream reads it
 * in pages, and pages are of one revision. Upstream: `Store.DeleteCollection` (apiserver, `pkg/registry/generic/registry/store.go`).
 */
async function readCollection(rest: Rest, exchange: Exchange, { resource }: Endpoint): Promise<ListPage> {
  const options = readListOptions(exchange, resource, false);
  const isOfRevision = options.resourceVersionMatch === '' && options.continue === '' && !['', '0'].includes(options.resourceVersion);
  try {
    const page = await readList(rest.sourceOf(resource), resource, isOfRevision ? { ...options, resourceVersionMatch: 'Exact' } : options);
    // Nothing goes when one of them cannot be read.
    page.entries.map(({ bytes }) => bytes);
    return page;
  } catch (error) {
    throw ofList(error);
  }
}

async function deleteEach(entries: readonly Entry[], remove: (entry: Entry) => Promise<void>): Promise<void> {
  const waiting = entries.values();
  const worker = async () => {
    for (const entry of waiting) await remove(entry);
  };
  await Promise.all(Array.from({ length: Math.min(COLLECTION_CONCURRENCY, entries.length) }, worker));
}

const isDryRun = ({ dryRun }: DeleteRequest): boolean => (dryRun?.length ?? 0) > 0;

/** What upstream's audit log calls options, whatever they were sent as. */
const OPTIONS = { kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/__internal' } as const;

/** Delete options: of the body, or without one of the query. @throws ApiError */
export async function readDeleteRequest(exchange: Exchange): Promise<DeleteRequest> {
  const bytes = await readBody(exchange.request);
  const { span } = exchange;
  span?.event('limitedReadBody succeeded', { len: bytes.length });
  const request = bytes.length > 0 ? fromBody(exchange, bytes) : fromQuery(exchange);
  if (bytes.length > 0) span?.event('Decoded delete options');
  if (bytes.length > 0) exchange.audit?.requested(() => goJson({ ...OPTIONS, ...request, ...OPTIONS }));
  if (bytes.length > 0) span?.event('Recorded the audit event');
  const error = deleteRequestError(request);
  if (error) throw error;
  return request;
}

/** What is wrong with options (422); undefined for good ones. */
export function deleteRequestError(request: DeleteRequest): ApiError | undefined {
  const errors = validateDeleteRequest(request);
  return errors.length > 0 ? apiError.invalid({ group: 'meta.k8s.io', resource: 'DeleteOptions' }, '', errors) : undefined;
}

function fromQuery(exchange: Exchange): DeleteRequest {
  const { query } = exchange;
  if (!query) return {};
  const dryRun = query.getAll('dryRun');
  const orphan = query.get('orphanDependents');
  return {
    gracePeriodSeconds: readInteger(exchange.parameter('gracePeriodSeconds')),
    orphanDependents: orphan === null ? undefined : isTrue(orphan),
    propagationPolicy: exchange.parameter('propagationPolicy'),
    preconditions: preconditionsOf(query),
    dryRun: dryRun.length > 0 ? dryRun : undefined,
  };
}

/** Upstream: `Convert_url_Values_To_v1_DeleteOptions` (apimachinery, `pkg/apis/meta/v1/conversion.go`). */
function preconditionsOf(query: URLSearchParams): DeleteRequest['preconditions'] {
  const uid = query.get('uid') || undefined;
  const resourceVersion = query.get('resourceVersion') || undefined;
  return uid === undefined && resourceVersion === undefined ? undefined : { uid, resourceVersion };
}

function fromBody(exchange: Exchange, bytes: Buffer): DeleteRequest {
  const encoding = bodyEncoding(exchange.request.headers['content-type']);
  try {
    if (encoding === 'protobuf') {
      const body = decodeProtobuf(bytes);
      checkKind(body);
      return body.decode(bodies.deleteOptions) as DeleteRequest;
    }
    const text = bytes.toString();
    const raw = parseBody(text, encoding);
    checkKind(raw);
    return decode(bodies.deleteOptions, raw, encoding === 'json' ? text : undefined).object as DeleteRequest;
  } catch (error) {
    if (error instanceof DecodeError) throw plainError(error.message);
    throw error;
  }
}

function parseBody(text: string, encoding: 'json' | 'yaml'): unknown {
  try {
    return encoding === 'json' ? parseJson(text) : parseYaml(text);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw plainError(encoding === 'json' ? `couldn't get version/kind; json parse error: ${message}` : message);
  }
}

/** DeleteOptions of any group version will do. */
function checkKind(raw: unknown): void {
  const misfit = headerMisfit(raw);
  if (misfit !== undefined) throw plainError(misfit);
  if (typeof raw !== 'object' || raw === null || !('kind' in raw)) return;
  const { kind: given } = raw;
  if (typeof given !== 'string' || given === '' || given === 'DeleteOptions') return;
  const version = 'apiVersion' in raw && typeof raw.apiVersion === 'string' ? raw.apiVersion || 'v1' : 'v1';
  if (version === 'v1' && UNVERSIONED.has(given)) throw plainError(`converting (v1.${given}) to (v1.DeleteOptions): unknown conversion`);
  throw plainError(`no kind ${goQuote(given)} is registered for version ${goQuote(version)} in scheme ${goQuote(OPTIONS_SCHEME)}`);
}

function detailsOf({ group, resource }: { group: string; resource: string }, { entry }: Deleted): Status['details'] {
  const uid = entry.object.metadata.uid ?? '';
  return { name: entry.name, ...(group === '' ? {} : { group }), kind: resource, uid };
}
