import { type ApiError, apiError, fieldError, isTooDeep, type KubeObject, parseJson, stringifyJson } from '../../api/index.ts';
import {
  type AnyMessage,
  applyJsonPatch,
  applyMergePatch,
  applyStrategicMergePatch,
  ConversionError,
  cloneJson,
  convertMap,
  DecodeError,
  decodeJsonPatch,
  duplicateFields,
  floatMisfit,
  goFormat,
  inGoOrder,
  type ObjectType,
  PatchError,
} from '../../api/schema.ts';
import { isRecord } from '../../runtime/index.ts';
import { keepReset } from '../apply/keep-reset.ts';
import { readBody } from '../pipeline/body.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { NotRoutedError } from '../pipeline/not-routed.ts';
import { writeSmaller } from '../registry/large-objects.ts';
import { checkNamespace } from '../registry/match-namespace.ts';
import type { Resource } from '../registry/resource.ts';
import { plainError } from '../registry/store-errors.ts';
import { updateStrategy } from '../registry/strategy.ts';
import { applyObject, isApply } from './apply.ts';
import { headerMisfit, named, warningsOf, writtenMediaType } from './decode-body.ts';
import { contextOf, type Endpoint, type Handler, type Rest } from './rest.ts';
import { setDefaults } from './set-defaults.ts';
import { checkName } from './update.ts';
import { type FieldValidation, readWriteOptions } from './write-options.ts';
import { writerOf } from './writer.ts';

/** A way to patch: how the patched object is made, and how upstream tells of a body that is no JSON. */
interface PatchType {
  readonly apply: (document: unknown, patch: unknown, message: AnyMessage | undefined) => unknown;
  readonly prefix: string;
  /** What strict decoding says of the patch, given the fields that it repeats. */
  readonly problems?: (value: unknown, repeated: readonly string[]) => readonly string[];
}

const STRATEGIC = 'application/strategic-merge-patch+json';
const PREFIX = 'error decoding patch: ';

/** The only ones that make an object deeper than it is and than what is sent: they copy and move. */
const OPERATIONS: PatchType = { apply: applyJsonPatch, prefix: PREFIX, problems: problemsOfOperations };
const MERGE: PatchType = { apply: applyMergePatch, prefix: PREFIX };
const STRATEGIC_MERGE: PatchType = {
  apply: (document, patch, message) => applyStrategicMergePatch(message ?? fail(), document, patch),
  prefix: '',
};

/** Patch types by media type; server-side apply is apart (`apply.ts`). */
const PATCHES: ReadonlyMap<string, PatchType> = new Map<string, PatchType>([
  ['application/json-patch+json', OPERATIONS],
  ['application/merge-patch+json', MERGE],
  [STRATEGIC, STRATEGIC_MERGE],
]);

/** Where the operation is that a problem is about: `json patch unknown field "[2].what"`. */
const operationOf = (problem: string): number => Number(/"\[(\d+)\]/.exec(problem)?.[1] ?? 0);

function problemsOfOperations(value: unknown, repeated: readonly string[]): readonly string[] {
  const problems = [...repeated.map((problem) => `json patch ${problem}`), ...decodeJsonPatch(value).unknown];
  return problems.sort((a, b) => operationOf(a) - operationOf(b));
}

const fail = (): never => {
  throw new Error('a strategic merge patch of what has no struct'); // patchType refuses it
};

/** A patch as it was sent, parsed. */
export interface Patch {
  readonly type: PatchType;
  readonly value: unknown;
  readonly text: string;
  /** The fields that it repeats. */
  readonly repeated: readonly string[];
}

/** PATCH of an object or of a subresource that is a view of it. */
export const patchObject: Handler = async (rest, exchange, endpoint) => {
  if (isApply(exchange)) return applyObject(rest, exchange, endpoint);
  const type = patchType(exchange, endpoint.resource);
  const { resource, registry } = endpoint;
  rest.encoder.accept(exchange, resource);
  const { name, subresource } = exchange.info;
  const bytes = await readBody(exchange.request);
  const { span } = exchange;
  span?.event('limitedReadBody succeeded', { len: bytes.length });
  span?.event('Recorded the audit event');
  const options = readWriteOptions(exchange, 'PatchOptions');
  let patch: Patch | undefined;
  const context = contextOf(rest, exchange, options.dryRun);
  const writer = writerOf(exchange, options);
  let warned = false;
  const updated = await writeSmaller((withFields) =>
    registry.update({
      context,
      admission: rest.admission,
      name,
      subresource,
      strategy: updateStrategy(endpoint.resource, subresource),
      uidIsPrecondition: false,
      mayCreate: false,
      next: (_current, live) => {
        if (!live) throw apiError.notFound(resource.subject, name);
        patch ??= readPatch(type, bytes); // of what is not there nobody looks at the patch
        span?.event('About to apply patch');
        // What a patch leaves alone is part of what it makes, and will be changed in place.
        const { object, problems, shown } = patched(resource.type, cloneJson(live), patch);
        if (!warned) judge(exchange, problems, { validation: options.fieldValidation, shown });
        warned = true;
        if (patch.type !== STRATEGIC_MERGE) checkKind(rest, endpoint, object, shown);
        finish(exchange, endpoint, object, refusalOf(patch, shown));
        if (withFields) resource.fields.track({ live, next: object, ...writer });
        else object.metadata.managedFields = undefined;
        span?.event('About to check admission control');
        return object;
      },
    }),
  );
  span?.event('Object stored in database');
  rest.encoder.object(exchange, resource, 200, updated.bytes);
};

/** @throws ApiError (415) for a type that is none of ours. */
export function patchType(exchange: Exchange, { type: { message }, wording }: Pick<Resource, 'type' | 'wording'>): PatchType {
  const media = writtenMediaType(exchange.request.headers['content-type']);
  const type = PATCHES.get(media);
  if (type && (message || type !== STRATEGIC_MERGE)) return type;
  if (wording.patchTypes !== undefined) {
    throw apiError.unsupportedMediaType(
      `the body of the request was in an unknown format - accepted media types include: ${wording.patchTypes}`,
    );
  }
  const refused = apiError.custom({ code: 415, reason: 'UnsupportedMediaType', message: '415: Unsupported Media Type', details: {} });
  throw new NotRoutedError(refused.status);
}

/** @throws ApiError (400) for what is no JSON. */
export function readPatch(type: PatchType, bytes: Buffer): Patch {
  const text = bytes.toString();
  try {
    const value = parseJson(text);
    return { type, value, text, repeated: duplicateFields(text, value) };
  } catch (error) {
    throw apiError.badRequest(`${type.prefix}${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The object that a patch makes of another. */
export interface Patched<T> {
  readonly object: T;
  /** What strict decoding says of it: of the patch itself first, then of what it made. */
  readonly problems: readonly string[];
  /** What a refusal shows of it: the patched object, or with a strategic merge patch the patch. */
  readonly shown: () => string;
}

/** Applies a patch (apiserver, `pkg/endpoints/handlers/patch.go`). @throws ApiError (400, 422 or 500) */
export function patched<T>(type: ObjectType<T>, document: T, patch: Patch): Patched<T> {
  const { result, inPatch } = applied(type.message, document, patch);
  if (patch.type === OPERATIONS && nestsTooDeep(result)) throw misfit(patch.text, TOO_DEEP);
  const isStrategic = patch.type === STRATEGIC_MERGE;
  // Members lie in an object as they were written, and Go writes them in an order of its own.
  const inOrder = () => (type.message ? type.decode(document).object : inGoOrder(document));
  const shown = () => (isStrategic ? goFormat(patch.value) : stringifyJson(applied(type.message, inOrder(), patch).result));
  // It has the form of the object that it makes; a strategic merge patch is converted, and whole numbers are whole then.
  const floating = patch.type === MERGE && type.message ? floatMisfit(type.message, patch.text) : undefined;
  const misfitting = (isStrategic ? undefined : (headerMisfit(result) ?? kindMisfit(type, result, shown))) ?? floating;
  if (misfitting !== undefined) throw misfit(shown(), misfitting);
  try {
    const { object, unknown } = isStrategic ? readStructs(type, result) : readJson(type, result);
    keepReset(type, result, object);
    return { object, problems: [...inPatch, ...unknown], shown };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw misfit(shown(), error.message);
  }
}

/**
 * What has no struct is found by what it says it is (apimachinery, `unstructuredJSONScheme`); undefined when that can be.
 *
 * @throws ApiError (500) for what says no version.
 */
function kindMisfit(type: Pick<ObjectType, 'typeMetaOptional'>, result: unknown, shown: () => string): string | undefined {
  if (type.typeMetaOptional || !isRecord(result)) return undefined;
  if (!result.kind) return `Object 'Kind' is missing in '${shown()}'`;
  if (!result.apiVersion) throw apiError.internal("Object 'apiVersion' is missing in 'object has no apiVersion field'");
  const version = String(result.apiVersion);
  return version.split('/').length > 2 ? `unexpected GroupVersion string: ${version}` : undefined;
}

/** An object, and the fields that there are not. */
type Read<T> = Pick<ReturnType<ObjectType<T>['decode']>, 'object' | 'unknown'>;

/** Upstream's converter of maps goes by the struct's fields, and sorts what is left. */
function readStructs<T>(type: ObjectType<T>, result: unknown): Read<T> {
  const { object, unknown } = convertMap(type, result);
  return { object, unknown: [...unknown].sort() };
}

const readJson = <T>(type: ObjectType<T>, result: unknown): Read<T> =>
  type.typeMetaOptional && isOfNoVersion(result) ? readInternally(result) : type.decode(result);

const isOfNoVersion = (result: unknown): result is object => isRecord(result) && !result.apiVersion;

/**
 * Upstream reads what does not say its version as an object of the internal one, whose fields have other names: it has no name then, and is
 * refused for that. (apimachinery, `gvkWithDefaults` in `pkg/runtime/serializer/json/json.go`)
 */
function readInternally<T>(result: object): Read<T> {
  const unknown = Object.keys(result).filter((name) => name !== 'kind' && name !== 'apiVersion');
  return { object: { metadata: {} } as T, unknown: unknown.map((name) => `unknown field "${name}"`) };
}

/** What JSON that is sent may not be, either. */
const TOO_DEEP = 'exceeded max depth';

/** The names of fields in its metadata are some levels deeper than an object. */
const nestsTooDeep = (result: unknown): boolean =>
  isRecord(result) && Object.entries(result).some(([name, member]) => name !== 'metadata' && isTooDeep(member, 1));

interface Applied {
  readonly result: unknown;
  readonly inPatch: readonly string[];
}

function applied(message: AnyMessage | undefined, document: unknown, { type, value, repeated }: Patch): Applied {
  try {
    const result = type.apply(document, value, message);
    return { result, inPatch: type.problems?.(value, repeated) ?? repeated };
  } catch (error) {
    if (error instanceof PatchError) throw asPatchFailure(error);
    throw error;
  }
}

function asPatchFailure(error: PatchError): ApiError {
  if (error.code === 400) return apiError.badRequest(error.message);
  if (error.code === 500) return plainError(error.message);
  if (error.code === 413) return apiError.custom({ code: 413, reason: 'RequestEntityTooLarge', message: error.message });
  return apiError.custom({ code: 422, reason: 'Invalid', message: error.message, details: {} });
}

/** A strategic merge patch is applied to the versioned object, which is brought into the internal form afterwards; others to its text. */
const refusalOf =
  ({ type }: Patch, shown: () => string) =>
  (error: DecodeError): ApiError =>
    type === STRATEGIC_MERGE && error instanceof ConversionError ? plainError(error.message) : misfit(shown(), error.message);

/** What a patch made does not fit the kind: upstream reports it under no kind and no name. */
const misfit = (value: string, why: string): ApiError =>
  apiError.invalid({ group: '', resource: '' }, '', [fieldError.invalid('patch', value, why)]);

/** How problems are judged, and what a refusal of them shows. */
export interface Judgement {
  readonly validation: FieldValidation;
  readonly shown: () => string;
}

/** Refuses, or warns of, what strict decoding says. */
export function judge(exchange: Exchange, problems: readonly string[], { validation, shown }: Judgement): void {
  if (problems.length === 0 || validation === 'Ignore') return;
  if (validation === 'Strict') throw misfit(shown(), `strict decoding error: ${problems.join(', ')}`);
  for (const text of problems.flatMap(warningsOf)) exchange.warn(text);
}

/** A strategic merge patch is made of structs, and what it says of their kind is not heard; others may not say another. @throws ApiError (422) */
function checkKind({ decoder }: Rest, { resource }: Endpoint, object: KubeObject, shown: () => string): void {
  const mismatch = decoder.mismatch(object, resource);
  if (mismatch !== undefined) throw misfit(shown(), mismatch);
}

function finish(exchange: Exchange, { resource }: Endpoint, object: KubeObject, refused: (error: DecodeError) => ApiError): void {
  named(object, resource);
  if (resource.info.namespaced) checkNamespace(object, exchange.info.namespace);
  checkName(object, exchange.info.name);
  setDefaults(resource, object, refused);
}
