import { apiError, type Binding, coreKinds, type KindInfo, type KubeObject, type Pod } from '../../api/index.ts';
import { bodies, cloneJson, type ObjectType, typeOfMessage } from '../../api/schema.ts';
import { admissionAttributes } from '../admission/plugin.ts';
import { FieldManager } from '../apply/field-manager.ts';
import { readBody } from '../pipeline/body.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { noAdmission } from '../registry/admission-chain.ts';
import { matchNamespace } from '../registry/match-namespace.ts';
import { checkStored } from '../registry/preconditions.ts';
import { plainError } from '../registry/store-errors.ts';
import type { RequestContext, UpdateStrategy } from '../registry/strategy.ts';
import { bindPod as bindToNode, validateBinding } from '../strategies/index.ts';
import { contextOf, type Endpoint, type Handler, type Rest } from './rest.ts';
import { readWriteOptions } from './write-options.ts';
import { writerOf } from './writer.ts';

/** Binding changes nothing but what it is about; there is nothing to prepare and nothing more to check. */
const AS_IT_IS: UpdateStrategy<KubeObject> = { prepareForUpdate: () => undefined, validateUpdate: () => [] };

const TARGET = { info: { group: '', version: 'v1', kind: 'Binding' }, type: typeOfMessage(bodies.binding) as ObjectType };

/** Who owns the fields of a Binding, which admission is told of. */
const FIELDS = new FieldManager({ apiVersion: 'v1', kind: TARGET.info.kind, type: TARGET.type });

/** POST to pods/NAME/binding: the scheduler's word on where a pod runs. */
export const bindPod: Handler = async (rest, exchange, endpoint) => {
  const wanted = await readBinding(rest, exchange);
  const { name } = exchange.info;
  if (wanted.metadata.name !== name) throw apiError.badRequest('name in URL does not match name in Binding object');
  await bind(rest, exchange, endpoint, { wanted, kind: coreKinds.pods, subresource: 'binding' });
};

/** POST to bindings: the same, with the pod named in the body. */
export async function createBinding(rest: Rest, exchange: Exchange): Promise<void> {
  const wanted = await readBinding(rest, exchange);
  // What the server gives an object is not taken from its body; with the subresource it says which pod is meant.
  delete wanted.metadata.uid;
  const pods = rest.endpointOf(coreKinds.pods);
  if (!pods) throw apiError.notFound({ group: '', resource: 'pods' }, wanted.metadata.name ?? '');
  await bind(rest, exchange, pods, { wanted, kind: coreKinds.bindings, subresource: '' });
}

async function readBinding(rest: Rest, exchange: Exchange): Promise<Binding> {
  rest.negotiator.answer(exchange.accept);
  const bytes = await readBody(exchange.request);
  const options = readWriteOptions(exchange, 'CreateOptions');
  const body = { bytes, contentType: exchange.request.headers['content-type'] };
  const binding = rest.decoder.decode(body, TARGET, options.fieldValidation, (text) => exchange.warn(text));
  matchNamespace(binding, exchange.info.namespace);
  FIELDS.track({ ...writerOf(exchange, options), live: undefined, next: binding });
  return binding as Binding;
}

/** A binding, and the resource it was posted to. */
interface Posted {
  readonly wanted: Binding;
  readonly kind: KindInfo;
  readonly subresource: string;
}

async function bind(rest: Rest, exchange: Exchange, { registry }: Endpoint, posted: Posted): Promise<void> {
  const { wanted } = posted;
  const errors = validateBinding(wanted);
  if (errors.length > 0) throw plainError(errors.map(({ field, body }) => `${field}: ${body}`).join(', '));
  if (!wanted.metadata.name) throw apiError.badRequest('Name parameter required.');
  const { dryRun } = readWriteOptions(exchange, 'CreateOptions');
  const context = contextOf(rest, exchange, dryRun);
  const name = wanted.metadata.name ?? '';
  const attributes = attributesOf(context, posted);
  await rest.admission.admit(context, attributes);
  await rest.admission.validate(context, attributes);
  await registry.update({
    context,
    admission: noAdmission,
    name,
    subresource: 'binding',
    strategy: AS_IT_IS,
    uidIsPrecondition: false,
    mayCreate: false,
    next: (current, old) => {
      if (!current || !old) throw apiError.notFound(registry.resource.subject, name);
      checkStored(registry.resource.subject, current, old, { dryRun, ...wanted.metadata });
      const pod = cloneJson(old) as Pod;
      const refusal = bindToNode(pod, wanted, exchange.now);
      if (refusal !== undefined) throw apiError.conflict({ group: '', resource: 'pods/binding' }, name, refusal);
      return registry.resource.type.decode(pod).object;
    },
  });
  rest.encoder.success(exchange, 201, { code: 201 });
}

const attributesOf = (context: RequestContext, { wanted: object, kind, subresource }: Posted) =>
  admissionAttributes(context, {
    operation: 'CREATE',
    kind,
    namespace: context.namespace,
    name: object.metadata.name ?? '',
    subresource,
    object,
    old: undefined,
  });
