import { type ApiError, apiError, fieldError, type KubeObject, parseJson, stringifyJson } from '../../api/index.ts';
import {
  type AnyMessage,
  applyJsonPatch,
  applyMergePatch,
  applyStrategicMergePatch,
  DecodeError,
  duplicateFields,
  type ObjectType,
  PatchError,
} from '../../api/schema.ts';
import { keepReset } from '../apply/keep-reset.ts';
import { readBody } from '../pipeline/body.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import type { Resource } from '../registry/resource.ts';
import { plainError } from '../registry/store-errors.ts';
import { updateStrategy } from '../registry/strategy.ts';
import { applyObject, isApply } from './apply.ts';
import { mediaType, named, warningsOf } from './decode-body.ts';
import { contextOf, type Endpoint, type Handler } from './rest.ts';
import { checkName } from './update.ts';
import { type FieldValidation, readWriteOptions } from './write-options.ts';
import { writerOf } from './writer.ts';

type Apply = (document: unknown, patch: unknown, message: AnyMessage | undefined) => unknown;

const STRATEGIC = 'application/strategic-merge-patch+json';

/** Patch types by media type; server-side apply is apart (`apply.ts`). */
const PATCHES: ReadonlyMap<string, Apply> = new Map<string, Apply>([
  ['application/json-patch+json', applyJsonPatch],
  ['application/merge-patch+json', applyMergePatch],
  [STRATEGIC, (document, patch, message) => applyStrategicMergePatch(message ?? fail(), document, patch)],
]);

const fail = (): never => {
  throw new Error('a strategic merge patch of what has no struct'); // patchType refuses it
};

/** A patch as it was sent, parsed. */
export interface Patch {
  readonly apply: Apply;
  readonly value: unknown;
  /** Repeated fields in the patch itself. */
  readonly problems: readonly string[];
}

/** PATCH of an object or of a subresource that is a view of it. */
export const patchObject: Handler = async (rest, exchange, endpoint) => {
  if (isApply(exchange)) return applyObject(rest, exchange, endpoint);
  const apply = patchType(exchange, endpoint.resource);
  const { resource, registry } = endpoint;
  rest.encoder.accept(exchange, resource);
  const { name, subresource } = exchange.info;
  const bytes = await readBody(exchange.request);
  const options = readWriteOptions(exchange, 'PatchOptions');
  const patch = readPatch(apply, bytes);
  const context = contextOf(rest, exchange, options.dryRun);
  const writer = writerOf(exchange, options);
  let warned = false;
  const updated = await registry.update({
    context,
    admission: rest.admission,
    name,
    subresource,
    strategy: updateStrategy(endpoint.resource, subresource),
    uidIsPrecondition: false,
    mayCreate: false,
    next: (current) => {
      if (!current) throw apiError.notFound(resource.subject, name);
      const live = current.parse();
      const { object, problems } = patched(resource.type, live, patch);
      if (!warned) judge(exchange, [...patch.problems, ...problems], options.fieldValidation);
      warned = true;
      const mismatch = rest.decoder.mismatch(object, resource);
      if (mismatch !== undefined) throw misfit(stringifyJson(object), mismatch);
      finish(exchange, endpoint, object);
      resource.fields.track({ ...writer, live, next: object });
      return object;
    },
  });
  rest.encoder.object(exchange, resource, 200, updated.bytes);
};

/** @throws ApiError (415) for a type that is none of ours. */
export function patchType(exchange: Exchange, { type: { message }, wording }: Pick<Resource, 'type' | 'wording'>): Apply {
  const media = mediaType(exchange.request.headers['content-type']);
  const apply = PATCHES.get(media);
  if (apply && (message || media !== STRATEGIC)) return apply;
  if (wording.patchTypes !== undefined) {
    throw apiError.unsupportedMediaType(
      `the body of the request was in an unknown format - accepted media types include: ${wording.patchTypes}`,
    );
  }
  throw apiError.custom({ code: 415, reason: 'UnsupportedMediaType', message: '415: Unsupported Media Type', details: {} });
}

/** @throws ApiError (400) for what is no JSON. */
export function readPatch(apply: Apply, bytes: Buffer): Patch {
  const text = bytes.toString();
  try {
    const value = parseJson(text);
    return { apply, value, problems: duplicateFields(text, value) };
  } catch (error) {
    throw apiError.badRequest(`error decoding patch: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The object that a patch makes of another. @throws ApiError (400, 422 or 500) */
export function patched<T>(type: ObjectType<T>, document: T, patch: Patch): { object: T; problems: readonly string[] } {
  const result = applied(type.message, document, patch);
  try {
    const { object, unknown } = type.decode(result);
    keepReset(result, object);
    return { object, problems: unknown };
  } catch (error) {
    if (error instanceof DecodeError) throw misfit(stringifyJson(result), error.message);
    throw error;
  }
}

function applied(message: AnyMessage | undefined, document: unknown, patch: Patch): unknown {
  try {
    return patch.apply(document, patch.value, message);
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

/** What a patch made does not fit the kind: upstream reports it under no kind and no name. */
const misfit = (value: string, why: string): ApiError =>
  apiError.invalid({ group: '', resource: '' }, '', [fieldError.invalid('patch', value, why)]);

export function judge(exchange: Exchange, problems: readonly string[], validation: FieldValidation): void {
  if (problems.length === 0 || validation === 'Ignore') return;
  if (validation === 'Strict') throw misfit('', `strict decoding error: ${problems.join(', ')}`);
  for (const text of problems.flatMap(warningsOf)) exchange.warn(text);
}

function finish(exchange: Exchange, { resource }: Endpoint, object: KubeObject): void {
  named(object, resource);
  checkName(object, exchange.info.name);
  resource.strategy.setDefaults(object);
}
