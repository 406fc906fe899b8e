import { type ApiError, apiError, goJson, type KubeObject, type Status } from '../../api/index.ts';
import { type AnyMessage, bodies, encodeProtobuf, formatYaml } from '../../api/schema.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { sendEncoded } from '../pipeline/respond.ts';
import type { Resource } from '../registry/resource.ts';
import { type Accepted, type Encoding, MEDIA_TYPE, type Negotiator } from './negotiation.ts';
import { beginWriting, endWriting } from './operation-span.ts';
import { partialMessage } from './partial-message.ts';
import { indented, readable } from './pretty.ts';
import { internalPackage } from './scheme.ts';
import { parseServed, partialOf, readInclude, type Shown, tableOf } from './table.ts';

/** A value with what it takes to write it in any encoding. */
export interface Encodable {
  readonly value: unknown;
  readonly kind: string;
  readonly apiVersion: string;
  /** For protobuf; what has none is written as JSON. */
  readonly message?: AnyMessage | undefined;
}

/** Writes a value in an encoding; text ends with a newline. */
export function encodeAs(encoding: Encoding, { value, message, kind, apiVersion }: Encodable): Buffer {
  if (encoding === 'yaml') return Buffer.from(formatYaml(value));
  if (encoding === 'protobuf' && message) return encodeProtobuf(message, value, { apiVersion, kind });
  return Buffer.from(`${goJson(value)}\n`);
}

/** A kind of objects as they are answered. */
export interface Answered extends Shown {
  readonly type: Pick<Resource['type'], 'message'>;
  readonly wire: Pick<Resource['wire'], 'apiVersion' | 'kind'>;
}

/** Writes answers in what the client takes. */
export class Encoder {
  readonly #negotiator: Negotiator;

  constructor(negotiator: Negotiator) {
    this.#negotiator = negotiator;
  }

  /**
   * What one object will be answered as: asked before anything is changed, so that nothing has changed when it cannot be answered.
   *
   * @throws ApiError (406, or 400 for a wrong includeObject).
   */
  accept(exchange: Exchange, { info, type }: Answered): Accepted {
    const accepted = this.#negotiator.object(exchange.accept, type);
    if (accepted.as?.form === 'PartialObjectMetadataList') throw wrongShape({ info, type }, accepted.as.form, false);
    if (accepted.as?.form === 'Table') readInclude(exchange);
    return accepted;
  }

  /** Answers one object, given as its served bytes. */
  object(exchange: Exchange, resource: Answered, status: number, bytes: Buffer): void {
    const accepted = this.accept(exchange, resource);
    const plain = accepted.encoding === 'json' && accepted.as === undefined;
    if (accepted.encoding !== 'json') exchange.audit?.answeredObject(() => bytes);
    const type = MEDIA_TYPE[accepted.encoding];
    exchange.span?.event('About to write a response');
    const writing = exchange.span && beginWriting(exchange, type, resource.wire.apiVersion);
    const body = plain ? bytes : transform(exchange, resource, accepted, bytes);
    const message = plain ? resource.type.message : undefined;
    sendEncoded(exchange, status, type, accepted.encoding === 'json' ? readable(exchange, body, message) : body);
    endWriting(exchange, writing);
  }

  /** Answers a value that is not one of a resource's objects. */
  value(exchange: Exchange, status: number, encodable: Encodable): void {
    const encoding = this.#negotiator.status(exchange.accept);
    const written = encoding === 'protobuf' && !encodable.message ? 'json' : encoding;
    if (written !== 'json') exchange.audit?.answeredObject(() => encodeAs('json', encodable));
    const type = MEDIA_TYPE[written];
    exchange.span?.event('About to write a response');
    const writing = exchange.span && beginWriting(exchange, type, encodable.apiVersion);
    const body = encodeAs(written, encodable);
    sendEncoded(exchange, status, type, written === 'json' ? readable(exchange, body, encodable.message) : body);
    endWriting(exchange, writing);
  }

  /** Answers what is asked and not kept, a review or a token: all of it, or its metadata for who takes no more. */
  review(exchange: Exchange, encodable: Encodable & { readonly value: { readonly metadata?: object | undefined } }): void {
    const { as } = this.#negotiator.answer(exchange.accept);
    if (as?.form !== 'PartialObjectMetadata') {
      this.value(exchange, 201, encodable);
      return;
    }
    const named = { kind: as.form, apiVersion: `meta.k8s.io/${as.version}` };
    this.value(exchange, 201, { value: { ...named, metadata: encodable.value.metadata ?? {} }, message: partialMessage, ...named });
  }

  /** Answers a Status that is not an error. */
  success(exchange: Exchange, code: number, status: Partial<Status>): void {
    const value: Status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', ...status };
    exchange.audit?.answered(value);
    this.value(exchange, code, { value, message: bodies.status, kind: 'Status', apiVersion: 'v1' });
  }

  /** An error's Status in what the client takes; laid out for people where that is nothing (upstream's `WriteRawJSON`). */
  readonly status = (exchange: Exchange, value: Status) => {
    const encoding = this.#negotiator.error(exchange.accept);
    if (!encoding) return { contentType: MEDIA_TYPE.json, body: indented(Buffer.from(goJson(value))) };
    const body = encodeAs(encoding, { value, message: bodies.status, kind: 'Status', apiVersion: 'v1' });
    return { contentType: MEDIA_TYPE[encoding], body: encoding === 'json' ? readable(exchange, body) : body };
  };
}

function transform(exchange: Exchange, resource: Answered, { encoding, as }: Accepted, bytes: Buffer): Buffer {
  const object = parseServed(bytes);
  if (!as) return encodeAs(encoding, { value: object, message: resource.type.message, ...resource.wire });
  const apiVersion = `meta.k8s.io/${as.version}`;
  if (as.form === 'PartialObjectMetadata') {
    return encodeAs(encoding, { value: partialOf(resource, object, as.version), message: partialMessage, kind: as.form, apiVersion });
  }
  const style = { version: as.version, include: readInclude(exchange), now: exchange.now };
  const value = tableOf(resource, [object], { resourceVersion: object.metadata.resourceVersion }, style);
  return encodeAs(encoding, { value, kind: as.form, apiVersion });
}

/** A client asked for an object as a list, or for a list as an object. Upstream: `transformObject`; what has no Go struct is told of as what it is there. */
export function wrongShape({ info, type }: Pick<Answered, 'info' | 'type'>, asked: string, isList: boolean): ApiError {
  if (!type.message && !isList) return apiError.custom({ code: 500, message: 'content is not a list' });
  const name = type.message ? `${internalPackage(info)}.${info.kind}` : 'unstructured.Unstructured';
  const goType = `*${name}${isList ? 'List' : ''}`;
  return apiError.notAcceptable(`you requested ${asked}, but the requested object is ${isList ? 'a list' : 'not a list'} (${goType})`);
}

/** An object's bytes in its served form, for what is made on the fly. */
export const servedJson = (object: KubeObject): Buffer => Buffer.from(`${goJson(object)}\n`);
