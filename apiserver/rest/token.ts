import { coreKinds, goJson, type TokenRequest } from '../../api/index.ts';
import { bodies, type ObjectType, typeOfMessage } from '../../api/schema.ts';
import { admissionAttributes } from '../admission/plugin.ts';
import { FieldManager } from '../apply/field-manager.ts';
import { setTokenRequestDefaults } from '../auth/index.ts';
import { readBody } from '../pipeline/body.ts';
import { matchNamespace } from '../registry/match-namespace.ts';
import { unknownResource } from './kinds.ts';
import { contextOf, type Handler } from './rest.ts';
import { readWriteOptions } from './write-options.ts';
import { writerOf } from './writer.ts';

const INFO = { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' };
const TARGET = { info: INFO, type: typeOfMessage(bodies.tokenRequest) as ObjectType };

/** Who owns the fields of a TokenRequest. */
const FIELDS = new FieldManager({ apiVersion: 'authentication.k8s.io/v1', kind: INFO.kind, type: TARGET.type });

/** POST to serviceaccounts/NAME/token: a token that is the account. */
export const requestToken: Handler = async (rest, exchange) => {
  const { tokens } = rest;
  if (!tokens) throw unknownResource();
  rest.negotiator.answer(exchange.accept);
  const bytes = await readBody(exchange.request);
  const options = readWriteOptions(exchange, 'CreateOptions');
  const body = { bytes, contentType: exchange.request.headers['content-type'] };
  const object = rest.decoder.decode(body, TARGET, options.fieldValidation, (text) => exchange.warn(text)) as TokenRequest;
  setTokenRequestDefaults(object);
  exchange.audit?.requested(() => goJson(object));
  const { namespace, name } = exchange.info;
  matchNamespace(object, namespace);
  FIELDS.track({ ...writerOf(exchange, options), live: undefined, next: object });
  const context = contextOf(rest, exchange, options.dryRun);
  const attributes = admissionAttributes(context, {
    operation: 'CREATE',
    kind: coreKinds.serviceaccounts,
    namespace,
    name,
    subresource: 'token',
    object,
    old: undefined,
  });
  await rest.admission.admit(context, attributes);
  // The account, and what the token is bound to, may have just been made through another API server.
  await rest.objects.fresh();
  const value = await tokens.answer(
    { namespace, name, warn: context.warn, annotate: context.annotate, validate: () => rest.admission.validate(context, attributes) },
    object,
  );
  const { kind } = INFO;
  rest.encoder.review(exchange, { value, message: bodies.tokenRequest, kind, apiVersion: 'authentication.k8s.io/v1' });
};
