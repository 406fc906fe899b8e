import { type ApiError, apiError, apiVersionOf, type KindInfo, type KubeObject, parseJson } from '../../api/index.ts';
import {
  cannotBeHandled,
  DecodeError,
  decodeProtobuf,
  type Message,
  type ObjectType,
  readYaml,
  type YamlContent,
} from '../../api/schema.ts';
import { keepReset } from '../apply/keep-reset.ts';
import { ENCODING_OF, type Encoding, MEDIA_TYPE } from './negotiation.ts';
import type { Scheme } from './scheme.ts';
import type { FieldValidation } from './write-options.ts';

/** What a body is to be read as. */
export interface BodyTarget {
  readonly info: Pick<KindInfo, 'group' | 'version' | 'kind'>;
  readonly type: ObjectType;
  /** Other versions that will do: upstream's `GroupVersionAcceptor`. */
  readonly alsoIn?: readonly string[] | undefined;
}

/** Bytes of a body that are shown in an error. */
const SAMPLE_BYTES = 30;

const GO_HEADER = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';

/** The encoding of a body. @throws ApiError (415) when it is none of ours. */
export function bodyEncoding(contentType: string | undefined): Encoding {
  const type = mediaType(contentType);
  if (type === '') return 'json';
  const encoding = ENCODING_OF.get(type);
  if (encoding && hasGoodParameters(contentType ?? '')) return encoding;
  const accepted = Object.values(MEDIA_TYPE).join(', ');
  throw apiError.unsupportedMediaType(`the body of the request was in an unknown format - accepted media types include: ${accepted}`);
}

/** A Content-Type without its parameters, as it is written: go-restful finds the routes of patches by it. */
export const writtenMediaType = (contentType: string | undefined): string => (contentType ?? '').split(';', 1)[0]?.trim() ?? '';

/** A Content-Type without its parameters. */
export const mediaType = (contentType: string | undefined): string => writtenMediaType(contentType).toLowerCase();

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const PARAMETER = `;\\s*(${TOKEN})\\s*=\\s*(${TOKEN}|"(?:[^"\\\\\\r\\n]|\\\\.)*")\\s*`;
const PARAMETERS = new RegExp(`^(?:${PARAMETER})*;?\\s*$`);
const EACH_PARAMETER = new RegExp(PARAMETER, 'g');

/** Whether what is behind a media type can be read, and says nothing twice. Upstream: Go's `mime.ParseMediaType`. */
function hasGoodParameters(contentType: string): boolean {
  const at = contentType.indexOf(';');
  if (at < 0) return true;
  const text = contentType.slice(at);
  if (!PARAMETERS.test(text)) return false;
  const given = new Map<string, string>();
  for (const [, name = '', value = ''] of text.matchAll(EACH_PARAMETER)) {
    const key = name.toLowerCase();
    if ((given.get(key) ?? value) !== value) return false;
    given.set(key, value);
  }
  return true;
}

/** Reads bodies into objects of a kind, with upstream's errors. */
export class BodyDecoder {
  readonly #scheme: Scheme;

  constructor(scheme: Scheme) {
    this.#scheme = scheme;
  }

  /**
   * Decodes a body.
   *
   * @param body the bytes and their Content-Type.
   * @param target the kind it must be.
   * @param validation what unknown and repeated fields mean.
   * @param warn is told of them under `Warn`.
   * @throws ApiError (400, 415)
   */
  decode(body: Body, target: BodyTarget, validation: FieldValidation, warn: (text: string) => void): KubeObject {
    const encoding = bodyEncoding(body.contentType);
    const { object, problems } = encoding === 'protobuf' ? this.#protobuf(body.bytes, target) : this.#text(body.bytes, encoding, target);
    if (problems.length === 0 || validation === 'Ignore') return object;
    if (validation === 'Warn') for (const text of problems.flatMap(warningsOf)) warn(text);
    else throw badBody(target.info, target, `strict decoding error: ${problems.join(', ')}`);
    return object;
  }

  #text(bytes: Buffer, encoding: 'json' | 'yaml', target: BodyTarget): Read {
    const text = bytes.toString();
    const { value: raw, repeated } = parse(text, bytes, encoding, target);
    const { apiVersion, kind } = target.type.typeMetaOptional ? header(raw, bytes, target) : givenHeader(raw, bytes, target);
    this.#check({ apiVersion, kind }, target);
    try {
      const { object, unknown } = target.type.decode(raw, encoding === 'json' ? text : undefined);
      const problems = encoding === 'json' ? target.type.strictProblems(text, raw, unknown) : [...repeated(), ...unknown];
      keepReset(target.type, raw, object);
      return { object: named(object, target), problems };
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      throw badBody({ kind, version: versionOf(apiVersion) }, target, error.message);
    }
  }

  #protobuf(bytes: Buffer, target: BodyTarget): Read {
    const { message } = target.type;
    if (!message) throw unrecognized(target, NO_PROTOBUF, bytes);
    try {
      const envelope = decodeProtobuf(bytes);
      const apiVersion = envelope.apiVersion || apiVersionOf(target.info);
      this.#check({ apiVersion, kind: envelope.kind || target.info.kind }, target);
      return { object: named(envelope.decode(message as Message<KubeObject>), target), problems: [] };
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      throw unrecognized(target, error.message, bytes);
    }
  }

  /** Why an object that says it is of some kind is not of the wanted one; undefined when it is, or does not say. */
  mismatch(
    object: { readonly apiVersion?: string | undefined; readonly kind?: string | undefined },
    { info, type }: BodyTarget,
  ): string | undefined {
    const apiVersion = object.apiVersion || apiVersionOf(info);
    const kind = object.kind || info.kind;
    if (!type.typeMetaOptional) return undefined; // its strategy says what it must be
    if (kind === info.kind && apiVersion === apiVersionOf(info)) return undefined;
    return this.#scheme.mismatch({ apiVersion, kind }, info) ?? `no kind "${kind}" is registered for version "${apiVersion}"`;
  }

  /** @throws ApiError (400) when the body says it is something else. */
  #check(body: { readonly apiVersion: string; readonly kind: string }, target: BodyTarget): void {
    const wanted = apiVersionOf(target.info);
    // What must say its kind is told by its strategy that it is the wrong one.
    const isIn = body.apiVersion === wanted || target.alsoIn?.includes(body.apiVersion) === true;
    if ((body.kind === target.info.kind || !target.type.typeMetaOptional) && isIn) return;
    const mismatch = target.type.typeMetaOptional ? this.#scheme.mismatch(body, target.info) : undefined;
    if (mismatch !== undefined) throw badBody({ kind: body.kind, version: versionOf(body.apiVersion) }, target, mismatch);
    throw apiError.badRequest(`the API version in the data (${body.apiVersion}) does not match the expected API version (${wanted})`);
  }
}

const YAML_ERRORS = 'yaml: unmarshal errors:\n';

/** What clients are warned of: YAML tells several things in one text. Upstream: `parseYAMLWarnings`. */
export const warningsOf = (problem: string): string[] =>
  problem.startsWith(YAML_ERRORS)
    ? problem
        .slice(YAML_ERRORS.length)
        .split('\n')
        .map((line) => line.trim())
    : [problem];

export interface Body {
  readonly bytes: Buffer;
  readonly contentType: string | undefined;
}

interface Read {
  readonly object: KubeObject;
  readonly problems: readonly string[];
}

/** Every stored and answered object says what it is. */
export function named(object: KubeObject, { info, type }: BodyTarget): KubeObject {
  if (!type.typeMetaOptional) return object;
  object.kind = info.kind;
  object.apiVersion = apiVersionOf(info);
  return object;
}

function parse(text: string, bytes: Buffer, encoding: 'json' | 'yaml', target: BodyTarget): YamlContent {
  try {
    return encoding === 'json' ? { value: parseJson(text), repeated: () => [] } : readYaml(text);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw unrecognized(target, encoding === 'json' ? `couldn't get version/kind; json parse error: ${message}` : message, bytes);
  }
}

/**
 * Why it cannot be said of what kind something is: what upstream's `SimpleMetaFactory` answers (apimachinery, `pkg/runtime/serializer/json/meta.go`),
 * which reads nothing else. Undefined when it can.
 */
export function headerMisfit(raw: unknown): string | undefined {
  const misfit = (why: string) => `couldn't get version/kind; json parse error: json: cannot unmarshal ${why}`;
  if (raw === null || raw === undefined) return undefined;
  if (typeof raw !== 'object' || Array.isArray(raw)) return misfit(`${goKind(raw)} into Go value of type ${GO_HEADER}`);
  const { apiVersion, kind } = headerOf(raw);
  if (!isText(apiVersion)) return misfit(`${goKind(apiVersion)} into Go struct field .apiVersion of type string`);
  return isText(kind) ? undefined : misfit(`${goKind(kind)} into Go struct field .kind of type string`);
}

const isText = (value: unknown): boolean => value === undefined || value === null || typeof value === 'string';

function header(raw: unknown, bytes: Buffer, target: BodyTarget): { apiVersion: string; kind: string } {
  const misfit = headerMisfit(raw);
  if (misfit !== undefined) throw unrecognized(target, misfit, bytes);
  const own = { apiVersion: apiVersionOf(target.info), kind: target.info.kind };
  const { apiVersion, kind } = headerOf(raw);
  const version = withoutEmptyGroup(apiVersion ? String(apiVersion) : '') || own.apiVersion;
  if (version.split('/').length > 2) throw unrecognized(target, `unexpected GroupVersion string: ${version}`, bytes);
  return { apiVersion: version, kind: kind ? String(kind) : own.kind };
}

/** What a body says it is. Go reads members by their names in whatever case, one after the other. */
function headerOf(raw: unknown): { readonly apiVersion: unknown; readonly kind: unknown } {
  const header: { apiVersion: unknown; kind: unknown } = { apiVersion: undefined, kind: undefined };
  for (const [name, value] of Object.entries(raw ?? {})) {
    const member = HEADER_MEMBERS.get(name) ?? HEADER_MEMBERS.get(name.toLowerCase());
    if (member && value !== null) header[member] = value;
  }
  return header;
}

const HEADER_MEMBERS: ReadonlyMap<string, 'apiVersion' | 'kind'> = new Map([
  ['apiVersion', 'apiVersion'],
  ['apiversion', 'apiVersion'],
  ['kind', 'kind'],
]);

/** `/v1` is the version of a group that has no name, as `v1` is; `/` is nothing. Upstream: `ParseGroupVersion`. */
const withoutEmptyGroup = (apiVersion: string): string =>
  apiVersion.startsWith('/') && apiVersion.lastIndexOf('/') === 0 ? apiVersion.slice(1) : apiVersion;

/** The header of a body that must have one: upstream's `NewMissingKindErr` (apimachinery, `pkg/runtime/error.go`). */
function givenHeader(raw: unknown, bytes: Buffer, target: BodyTarget): { apiVersion: string; kind: string } {
  const misfit = headerMisfit(raw);
  if (misfit !== undefined) throw unrecognized(target, misfit, bytes);
  const missing = (what: string): string => `Object '${what}' is missing in '${bytes.toString()}'`;
  const { kind } = (raw ?? {}) as { kind?: unknown };
  if (kind === undefined || kind === null || kind === '') throw unrecognized(target, missing('Kind'), bytes);
  const given = header(raw, bytes, target);
  return headerOf(raw).apiVersion ? given : { ...given, apiVersion: '' };
}

/** What is said of protobuf for objects without a Go struct. */
const NO_PROTOBUF =
  'object *unstructured.Unstructured does not implement the protobuf marshalling interface and cannot be encoded to a protobuf message';

const goKind = (value: unknown): string =>
  Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value === 'bigint' ? 'number' : typeof value;

const versionOf = (apiVersion: string): string => apiVersion.slice(apiVersion.indexOf('/') + 1);

const badBody = (body: { readonly kind: string; readonly version: string }, target: BodyTarget, why: string): ApiError =>
  apiError.badRequest(cannotBeHandled(body, target.info.kind, why));

const unrecognized = (target: BodyTarget, why: string, bytes: Buffer): ApiError =>
  apiError.badRequest(`the object provided is unrecognized (must be of type ${target.info.kind}): ${why} (${sample(bytes)})`);

/** The beginning of a body: as it is when it looks like JSON, else in hexadecimal. */
function sample(bytes: Buffer): string {
  if (bytes.length === 0) return '<empty>';
  const shown = bytes.subarray(0, SAMPLE_BYTES);
  const text = bytes[0] === 0x7b ? shown.toString() : shown.toString('hex');
  return bytes.length > SAMPLE_BYTES ? `${text} ...` : text;
}
