import { apiVersionOf, goJson, type ServedKind } from '../../api/index.ts';
import { type ObjectType, typeOfMessage } from '../../api/schema.ts';
import { admissionAttributes } from '../admission/plugin.ts';
import type { FieldManager } from '../apply/field-manager.ts';
import { readBody } from '../pipeline/body.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { matchNamespace } from '../registry/match-namespace.ts';
import { wipeSystemFields } from '../registry/metadata-validation.ts';
import { dedupOwnerReferences } from '../registry/owner-references.ts';
import { contextOf, type Rest, type Review } from './rest.ts';
import { readWriteOptions } from './write-options.ts';
import { writerOf } from './writer.ts';

/** A kind that is a question. */
export interface ReviewTarget {
  readonly kind: ServedKind;
  readonly answer: Review;
  readonly fields: FieldManager;
}

/** POST of a kind that is answered, not stored: access and token reviews. */
export async function answerReview(rest: Rest, exchange: Exchange, { kind, answer, fields }: ReviewTarget): Promise<void> {
  const { info } = kind;
  rest.negotiator.answer(exchange.accept);
  const bytes = await readBody(exchange.request);
  const options = readWriteOptions(exchange, 'CreateOptions');
  const target = { info, type: typeOfMessage(kind.message) as ObjectType };
  const body = { bytes, contentType: exchange.request.headers['content-type'] };
  const object = rest.decoder.decode(body, target, options.fieldValidation, (text) => exchange.warn(text));
  exchange.audit?.requested(() => goJson({ kind: info.kind, apiVersion: apiVersionOf(info), ...object }));
  dedupOwnerReferences(object, 'in the request', (text) => exchange.warn(text));
  matchNamespace(object, exchange.info.namespace);
  wipeSystemFields(object.metadata);
  fields.track({ ...writerOf(exchange, options), live: undefined, next: object });
  const { namespace } = exchange.info;
  const context = contextOf(rest, exchange, options.dryRun);
  const facts = {
    operation: 'CREATE',
    kind: info,
    namespace,
    name: object.metadata.name ?? '',
    subresource: '',
    object,
    old: undefined,
  } as const;
  const attributes = admissionAttributes(context, facts);
  await rest.admission.admit(context, attributes);
  const value = await answer({ user: exchange.user, namespace }, object);
  // An answer changes nothing: it may as well be kept from who may not have it.
  await rest.admission.validate(context, attributes);
  rest.encoder.review(exchange, { value, message: kind.message, kind: info.kind, apiVersion: apiVersionOf(info) });
}
