import { type ApiError, apiError, type FieldError, fieldError, goQuote, parseFieldSelector, parseLabelSelector } from '../../api/index.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { isTrue } from '../pipeline/request-info.ts';
import type { Resource } from '../registry/resource.ts';
import { plainError } from '../registry/store-errors.ts';
import { type FieldMatch, fieldMatches, Selection } from '../watch-cache/selection.ts';

/** What a list, a watch or a deletecollection asks for. */
export interface ListOptions {
  readonly selection: Selection;
  readonly watch: boolean;
  /** 0 for all. */
  readonly limit: number;
  readonly continue: string;
  readonly resourceVersion: string;
  readonly resourceVersionMatch: string;
  readonly timeoutSeconds: number | undefined;
  readonly allowWatchBookmarks: boolean;
  readonly sendInitialEvents: boolean | undefined;
}

/**
 * Reads the parameters of a collection request.
 *
 * @param watch whether the verb is watch, whatever the parameters say.
 * @throws ApiError (400 or 422) for what cannot be.
 */
export function readListOptions(exchange: Exchange, resource: Resource, watch: boolean): ListOptions {
  // In the order of upstream's fields: the first that is none is told.
  const timeoutSeconds = readInteger(exchange.parameter('timeoutSeconds'));
  const limit = readInteger(exchange.parameter('limit'));
  const initial = exchange.parameter('sendInitialEvents');
  const options = {
    watch,
    limit: limit !== undefined && limit > 0 ? limit : 0,
    continue: exchange.parameter('continue') ?? '',
    resourceVersion: exchange.parameter('resourceVersion') ?? '',
    resourceVersionMatch: exchange.parameter('resourceVersionMatch') ?? '',
    timeoutSeconds,
    allowWatchBookmarks: isTrue(exchange.parameter('allowWatchBookmarks') ?? null),
    sendInitialEvents: initial === undefined ? undefined : isTrue(initial),
  };
  const labels = refuseBadSelector(() => parseLabelSelector(exchange.parameter('labelSelector') ?? ''));
  const terms = refuseBadSelector(() => parseFieldSelector(exchange.parameter('fieldSelector') ?? ''));
  // No field that is nothing, or is not, holds for all.
  const requirements = terms.filter(({ field, value }) => field !== '' || value !== '');
  const errors = watch ? validateWatch(options) : validateList(options);
  if (errors.length > 0) throw apiError.invalid({ group: 'meta.k8s.io', resource: 'ListOptions' }, '', errors);
  for (const { field } of requirements) if (!isSelectable(resource, field)) throw unknownField(resource, field);
  const fields = fieldMatches(requirements, resource.selectable);
  const { name, namespace } = exchange.info;
  if (watch && name !== '') confine(fields, name);
  // A namespace in the path is in itself, and in none.
  return { ...options, selection: new Selection(resource.info.namespaced ? namespace : '', labels, fields) };
}

/** Has a selection see one object only. @throws ApiError (400) when it is for others. */
function confine(fields: FieldMatch[], name: string): void {
  if (fields.length === 0) fields.push({ index: 0, equal: true, value: name });
  else if (fields.find(({ index, equal }) => index === 0 && equal)?.value !== name) {
    throw apiError.badRequest("fieldSelector metadata.name doesn't match requested name");
  }
}

/** A whole number as upstream reads parameters (`apimachinery/pkg/runtime/conversion.go`): a value that is empty is none. @throws ApiError (400) */
export function readInteger(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const fault = !/^[+-]?\d+$/.test(text) ? 'invalid syntax' : BigInt.asIntN(64, BigInt(text)) !== BigInt(text) ? 'value out of range' : '';
  if (fault) throw apiError.badRequest(`strconv.ParseInt: parsing ${goQuote(text)}: ${fault}`);
  return Number(text);
}

/** The resourceVersion of a list or a get. @throws ApiError (400) */
export function readVersion(text: string): number {
  if (isVersion(text)) return Number(text);
  throw apiError.badRequest(`invalid resource version: ${invalidVersion(text)}`);
}

/** The resourceVersion of a watch or of one object. @throws ApiError (500, as upstream) */
export function readPlainVersion(text: string): number {
  if (isVersion(text)) return Number(text);
  throw plainError(invalidVersion(text));
}

const UINT64_MAX = 2n ** 64n - 1n;

const isVersion = (text: string): boolean => /^\d*$/.test(text) && (text.length < 20 || BigInt(text) <= UINT64_MAX);

function invalidVersion(text: string): string {
  const why = /^\d*$/.test(text) ? 'value out of range' : 'invalid syntax';
  return `resourceVersion: Invalid value: ${goQuote(text)}: strconv.ParseUint: parsing ${goQuote(text)}: ${why}`;
}

function refuseBadSelector<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw apiError.badRequest(error instanceof Error ? error.message : String(error));
  }
}

const WITH_CONTINUE = 'resourceVersionMatch is forbidden when continue is provided';

type Versions = Pick<ListOptions, 'resourceVersion' | 'resourceVersionMatch' | 'continue' | 'sendInitialEvents'>;

function validateList({ resourceVersion, resourceVersionMatch: match, continue: token, sendInitialEvents }: Versions): FieldError[] {
  const errors: FieldError[] = [];
  const forbid = (detail: string) => errors.push(fieldError.forbidden('resourceVersionMatch', detail));
  if (match !== '') {
    if (resourceVersion === '') forbid('resourceVersionMatch is forbidden unless resourceVersion is provided');
    if (token !== '') forbid(WITH_CONTINUE);
    if (match !== 'Exact' && match !== 'NotOlderThan') {
      errors.push(fieldError.notSupported('resourceVersionMatch', match, ['Exact', 'NotOlderThan', '']));
    }
    if (match === 'Exact' && resourceVersion === '0') forbid('resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
  }
  if (sendInitialEvents !== undefined) {
    errors.push(fieldError.forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  }
  return errors;
}

function validateWatch({ resourceVersion, resourceVersionMatch: match, continue: token, sendInitialEvents }: Versions): FieldError[] {
  const errors: FieldError[] = [];
  const forbid = (detail: string) => errors.push(fieldError.forbidden('resourceVersionMatch', detail));
  // A watch from any state asks for the initial events, not older than that (upstream: `SetListOptionsDefaults`).
  const isFromAny = sendInitialEvents === undefined && match === '' && (resourceVersion === '' || resourceVersion === '0');
  if (isFromAny && token !== '') forbid(WITH_CONTINUE);
  if (sendInitialEvents !== undefined && match !== 'NotOlderThan') {
    forbid('sendInitialEvents requires setting resourceVersionMatch to NotOlderThan');
  }
  if (match !== '') {
    if (sendInitialEvents === undefined) forbid('resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided');
    if (match !== 'NotOlderThan') errors.push(fieldError.notSupported('resourceVersionMatch', match, ['NotOlderThan']));
    if (token !== '') forbid(WITH_CONTINUE);
  }
  return errors;
}

const isSelectable = ({ selectable, selectsByNamespace }: Resource, field: string): boolean =>
  selectable.includes(field) && (selectsByNamespace || field !== 'metadata.namespace');

function unknownField({ strategy, info, wording, selectable }: Resource, field: string): ApiError {
  const own = strategy.unknownField?.(field, info);
  return own === undefined ? wording.unknownField(field, selectable) : apiError.badRequest(own);
}
