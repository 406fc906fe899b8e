import { apiError, fieldError, fromLabelSelector, fromLabels, type KubeObject, type LabelSelector, type Scale } from '../../api/index.ts';
import { bodies, type ObjectType, typeOfMessage } from '../../api/schema.ts';
import { admissionAttributes } from '../admission/plugin.ts';
import { FieldManager } from '../apply/field-manager.ts';
import { entriesOfParent, entriesOfScale } from '../apply/scale-fields.ts';
import { readBody } from '../pipeline/body.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { admitObject } from '../registry/admitted-object.ts';
import type { Resource } from '../registry/resource.ts';
import { plainError } from '../registry/store-errors.ts';
import type { ScaleNumbers, ScaleView } from '../registry/strategy.ts';
import { isApply, judgeConfig, readConfig } from './apply.ts';
import { judge, patched, patchType, readPatch } from './patch.ts';
import { contextOf, type Endpoint, type Handler, type Rest } from './rest.ts';
import { checkName } from './update.ts';
import { readWriteOptions, type WriteOptions } from './write-options.ts';
import { writerOf } from './writer.ts';

const TYPE = typeOfMessage(bodies.scale);
const TARGET = { info: { group: 'autoscaling', version: 'v1', kind: 'Scale' }, type: TYPE as unknown as ObjectType };

/** Objects that can be scaled, where the kind says nothing else. */
interface Scalable extends KubeObject {
  spec?: { replicas?: number | undefined; selector?: unknown } | undefined;
  status?: { replicas?: number | undefined } | undefined;
}

export const getScale: Handler = async (rest, exchange, { registry }) => {
  const { object } = await registry.existing(exchange.info.namespace, exchange.info.name);
  const view = viewOf(registry.resource);
  if (numbersOf(view, object).wanted === undefined)
    throw apiError.internal(`the spec replicas field ${JSON.stringify(view.field)} does not exist`);
  send(rest, exchange, scaleOf(view, object));
};

export const updateScale: Handler = async (rest, exchange, endpoint) => {
  rest.negotiator.object(exchange.accept);
  const bytes = await readBody(exchange.request);
  const options = readWriteOptions(exchange, 'UpdateOptions');
  const body = { bytes, contentType: exchange.request.headers['content-type'] };
  const wanted = rest.decoder.decode(body, TARGET, options.fieldValidation, (text) => exchange.warn(text)) as Scale;
  checkName(wanted, exchange.info.name);
  const fields = scaleFields(exchange, options);
  const wantedOf = (live: Scale) => fields.tracked(live, { ...wanted, metadata: { ...wanted.metadata } });
  await update(rest, exchange, endpoint, { options, uidIsPrecondition: true, wantedOf });
};

export const patchScale: Handler = async (rest, exchange, endpoint) => {
  if (isApply(exchange)) return applyScale(rest, exchange, endpoint);
  const apply = patchType(exchange, { type: TARGET.type, wording: endpoint.resource.wording });
  rest.negotiator.object(exchange.accept);
  const patch = readPatch(apply, await readBody(exchange.request));
  const options = readWriteOptions(exchange, 'PatchOptions');
  const fields = scaleFields(exchange, options);
  const wantedOf = (live: Scale): Scale => {
    const { object, problems } = patched(TYPE, live, patch);
    judge(exchange, [...patch.problems, ...problems], options.fieldValidation);
    checkName(object, exchange.info.name);
    return fields.tracked(live, object);
  };
  await update(rest, exchange, endpoint, { options, uidIsPrecondition: false, wantedOf });
};

const applyScale: Handler = async (rest, exchange, endpoint) => {
  rest.negotiator.object(exchange.accept);
  const bytes = await readBody(exchange.request);
  const options = readWriteOptions(exchange, 'ApplyOptions');
  const config = readConfig(bytes);
  const writer = writerOf(exchange, options);
  const wantedOf = (live: Scale): Scale => {
    const wanted = FIELDS.apply({ ...writer, live, config, force: options.force });
    judgeConfig(exchange, bytes, options.fieldValidation);
    checkName(wanted, exchange.info.name);
    return wanted as Scale;
  };
  await update(rest, exchange, endpoint, { options, uidIsPrecondition: false, wantedOf });
};

/** Who owns the fields of a Scale. */
const FIELDS = new FieldManager({ apiVersion: 'autoscaling/v1', kind: 'Scale', type: TARGET.type });

/** Keeps track of what a request changes. */
function scaleFields(exchange: Exchange, options: WriteOptions) {
  const writer = writerOf(exchange, options);
  return {
    tracked: (live: Scale, next: Scale): Scale => {
      FIELDS.track({ ...writer, live, next });
      return next;
    },
  };
}

interface ScaleUpdate {
  readonly options: WriteOptions;
  readonly uidIsPrecondition: boolean;
  /** The new Scale, given the present one with its owners. */
  wantedOf(live: Scale): Scale;
}

async function update(rest: Rest, exchange: Exchange, { resource, registry }: Endpoint, change: ScaleUpdate): Promise<void> {
  const { name } = exchange.info;
  const view = viewOf(resource);
  const context = contextOf(rest, exchange, change.options.dryRun);
  const attributesOf = (object: KubeObject, old: KubeObject) =>
    admissionAttributes(context, {
      operation: 'UPDATE',
      kind: resource.info,
      namespace: context.namespace,
      name,
      subresource: 'scale',
      object,
      old,
    });
  const updated = await registry.update({
    context,
    admission: {
      admit: async () => undefined, // done by `next`, on the Scale
      validate: (_, { object, old }) => {
        const [scale, before] = [object, old].map((each) => each && scaleOf(view, each));
        return scale && before ? rest.admission.validate(context, attributesOf(scale, before)) : Promise.resolve();
      },
    },
    name,
    subresource: 'scale',
    strategy: resource.strategy,
    uidIsPrecondition: change.uidIsPrecondition,
    mayCreate: false,
    next: async (current) => {
      if (!current) throw apiError.notFound(resource.subject, name);
      const object = current.parse();
      const kind = { apiVersion: resource.wire.apiVersion, replicas: view.path };
      const { managedFields } = object.metadata;
      const live = scaleOf(view, object);
      const saysNothing = numbersOf(view, object).wanted === undefined;
      if (saysNothing) live.spec.replicas = NOT_SAID;
      live.metadata.managedFields = entriesOfScale(managedFields, kind);
      const wanted = change.wantedOf(live);
      await admitObject(rest.admission, context, attributesOf(wanted, scaleOf(view, object)));
      if (wanted.spec.replicas === NOT_SAID)
        throw apiError.badRequest(`the spec replicas field ${JSON.stringify(view.field)} cannot be empty`);
      scaleTo(view, object, wanted);
      object.metadata.managedFields = entriesOfParent(managedFields, wanted.metadata.managedFields, kind);
      return object;
    },
  });
  send(rest, exchange, scaleOf(view, updated.object));
}

/** The replicas of a Scale whose object does not say how many: the smallest int32, as upstream marks it. */
const NOT_SAID = -(2 ** 31);

/** @throws ApiError (422) for a count that cannot be. */
function scaleTo(view: ScaleView, object: KubeObject, { metadata, spec }: Scale): void {
  const replicas = spec.replicas ?? 0;
  if (replicas < 0) {
    const error = fieldError.invalid('spec.replicas', replicas, 'must be greater than or equal to 0');
    throw apiError.invalid({ group: 'autoscaling', resource: 'Scale' }, metadata.name ?? '', [error]);
  }
  if (metadata.resourceVersion) object.metadata.resourceVersion = metadata.resourceVersion;
  if (metadata.uid) object.metadata.uid = metadata.uid;
  view.write(object, replicas);
}

/** The view of kinds that have everything in its usual place. */
const USUAL: ScaleView = {
  path: 'spec.replicas',
  field: '.spec.replicas',
  read: ({ spec, status }: Scalable) => ({
    wanted: spec?.replicas ?? 0,
    present: status?.replicas ?? 0,
    selector: selectorText(spec?.selector),
  }),
  write: (object: Scalable, replicas) => {
    object.spec = { ...object.spec, replicas };
  },
};

const viewOf = ({ strategy }: Resource): ScaleView => strategy.scale ?? USUAL;

/** @throws ApiError (500) when something else is in the places of the numbers. */
function numbersOf(view: ScaleView, object: KubeObject): ScaleNumbers {
  try {
    return view.read(object);
  } catch (error) {
    throw plainError(error instanceof Error ? error.message : String(error));
  }
}

function scaleOf(view: ScaleView, object: KubeObject): Scale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const { wanted, present, selector } = numbersOf(view, object);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: wanted ? { replicas: wanted } : {},
    status: { replicas: present, ...(selector === '' ? {} : { selector }) },
  };
}

/** A selector in its text form, be it a label selector or (ReplicationController) a plain map. */
function selectorText(selector: unknown): string {
  if (typeof selector !== 'object' || selector === null) return '';
  const isSelector = 'matchLabels' in selector || 'matchExpressions' in selector;
  return (isSelector ? fromLabelSelector(selector as LabelSelector) : fromLabels(selector as Record<string, string>)).toString();
}

function send(rest: Rest, exchange: Exchange, value: Scale): void {
  rest.encoder.value(exchange, 200, { value, message: bodies.scale, kind: 'Scale', apiVersion: 'autoscaling/v1' });
}
