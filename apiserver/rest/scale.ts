import {
  apiError,
  fieldError,
  fromLabelSelector,
  fromLabels,
  goJson,
  isBadRequest,
  type KubeObject,
  type LabelSelector,
  type Scale,
} from '../../api/index.ts';
import { bodies, type ObjectType, typeOfMessage } from '../../api/schema.ts';
import { admissionAttributes } from '../admission/plugin.ts';
import { FieldManager } from '../apply/field-manager.ts';
import { entriesOfParent, entriesOfScale } from '../apply/scale-fields.ts';
import { readBody } from '../pipeline/body.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { admitObject } from '../registry/admitted-object.ts';
import { matchNamespace } from '../registry/match-namespace.ts';
import { dnsSubdomainName, validateCoreObjectMeta } from '../registry/metadata-validation.ts';
import type { Resource } from '../registry/resource.ts';
import { plainError } from '../registry/store-errors.ts';
import type { ScaleNumbers, ScaleTable, ScaleView } from '../registry/strategy.ts';
import { isApply, judgeConfig, readConfig } from './apply.ts';
import type { Body } from './decode-body.ts';
import { type Answered, servedJson } from './encoder.ts';
import { judge, patched, patchType, readPatch } from './patch.ts';
import { contextOf, type Endpoint, type Handler, type Rest } from './rest.ts';
import { ageOf } from './table.ts';
import { checkName } from './update.ts';
import { readWriteOptions, type WriteOptions } from './write-options.ts';
import { writerOf } from './writer.ts';

const TYPE = typeOfMessage(bodies.scale);
const TARGET = { info: { group: 'autoscaling', version: 'v1', kind: 'Scale' }, type: TYPE as unknown as ObjectType };

/** Upstream: `printScale`. */
const TABLE: ScaleTable = {
  columns: [
    { name: 'Name', type: 'string', priority: 0 },
    { name: 'Desired', type: 'integer', priority: 0 },
    { name: 'Available', type: 'integer', priority: 0 },
    { name: 'Age', type: 'string', priority: 0 },
  ],
  row: (object, now) => {
    const { metadata, spec, status } = object as Scale;
    return [metadata.name, spec.replicas ?? 0, status?.replicas ?? 0, ageOf(object, now)];
  },
};

/** What is answered of a view. */
const answered = ({ table = TABLE }: ScaleView): Answered => ({
  info: { ...TARGET.info, columns: table.columns },
  type: TARGET.type,
  wire: { apiVersion: 'autoscaling/v1', kind: 'Scale' },
  strategy: { tableRow: table.row },
});

/** Objects that can be scaled, where the kind says nothing else. */
interface Scalable extends KubeObject {
  spec?: { replicas?: number | undefined; selector?: unknown } | undefined;
  status?: { replicas?: number | undefined } | undefined;
}

export const getScale: Handler = async (rest, exchange, { registry }) => {
  const view = viewOf(registry.resource);
  rest.encoder.accept(exchange, answered(view));
  const { object } = await registry.existing(exchange.info.namespace, exchange.info.name);
  if (numbersOf(view, object).wanted === undefined)
    throw apiError.internal(`the spec replicas field ${JSON.stringify(view.field)} does not exist`);
  send(rest, exchange, view, object);
};

export const updateScale: Handler = async (rest, exchange, endpoint) => {
  rest.encoder.accept(exchange, answered(viewOf(endpoint.resource)));
  const bytes = await readBody(exchange.request);
  const options = readWriteOptions(exchange, 'UpdateOptions');
  const body = { bytes, contentType: exchange.request.headers['content-type'] };
  const wanted = readScale(rest, exchange, endpoint, { body, validation: options.fieldValidation });
  exchange.audit?.requested(() => goJson(wanted));
  checkIdentity(wanted, exchange);
  const fields = scaleFields(exchange, options);
  const wantedOf = (live: Scale) => fields.tracked(live, { ...wanted, metadata: { ...wanted.metadata } });
  await update(rest, exchange, endpoint, { options, uidIsPrecondition: true, wantedOf });
};

export const patchScale: Handler = async (rest, exchange, endpoint) => {
  if (isApply(exchange)) return applyScale(rest, exchange, endpoint);
  const type = patchType(exchange, endpoint.resource);
  rest.encoder.accept(exchange, answered(viewOf(endpoint.resource)));
  const bytes = await readBody(exchange.request);
  const options = readWriteOptions(exchange, 'PatchOptions');
  const fields = scaleFields(exchange, options);
  const wantedOf = (live: Scale): Scale => {
    const { object, problems, shown } = patched(TYPE, live, readPatch(type, bytes));
    judge(exchange, problems, { validation: options.fieldValidation, shown });
    checkIdentity(object, exchange);
    return fields.tracked(live, object);
  };
  await update(rest, exchange, endpoint, { options, uidIsPrecondition: false, wantedOf });
};

const applyScale: Handler = async (rest, exchange, endpoint) => {
  rest.encoder.accept(exchange, answered(viewOf(endpoint.resource)));
  const bytes = await readBody(exchange.request);
  const options = readWriteOptions(exchange, 'ApplyOptions');
  const { value: config, repeated } = readConfig(bytes);
  const writer = writerOf(exchange, options);
  const wantedOf = (live: Scale): Scale => {
    const wanted = fieldsOf(endpoint.resource).apply({ ...writer, live, config, force: options.force });
    judgeConfig(exchange, repeated, options.fieldValidation);
    checkIdentity(wanted, exchange);
    return wanted as Scale;
  };
  await update(rest, exchange, endpoint, { options, uidIsPrecondition: false, wantedOf });
};

/** Reads the Scale that is put. @throws ApiError (400, 415) */
function readScale(rest: Rest, exchange: Exchange, { resource }: Endpoint, { body, validation }: ScaleBody): Scale {
  try {
    return rest.decoder.decode(body, TARGET, validation, (text) => exchange.warn(text)) as Scale;
  } catch (error) {
    const { unreadableScale } = resource.wording;
    if (unreadableScale === undefined || !isBadRequest(error)) throw error;
    throw apiError.badRequest(unreadableScale);
  }
}

interface ScaleBody {
  readonly body: Body;
  readonly validation: WriteOptions['fieldValidation'];
}

/** @throws ApiError (400) when the body says another namespace or name than the URL. */
function checkIdentity(scale: KubeObject, { info }: Exchange): void {
  matchNamespace(scale, info.namespace);
  checkName(scale, info.name);
}

const SCALE = { apiVersion: 'autoscaling/v1', kind: 'Scale', type: TARGET.type };
/** Who owns the fields of a Scale. */
const FIELDS = new FieldManager(SCALE);
/** The same where the object is a custom resource. */
const CUSTOM_FIELDS = new FieldManager({
  ...SCALE,
  cannotConvert: `request to convert CR to an invalid group/version: ${SCALE.apiVersion}`,
});

/** Custom resources convert between versions of their own only, which an apply to their Scale runs into (apiextensions, `crConverter`). */
const fieldsOf = ({ type }: Resource): FieldManager => (type.typeMetaOptional ? FIELDS : CUSTOM_FIELDS);

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
      const { apiVersion } = resource.wire;
      const replicasIn = (version: string) => (view.pathIn ? view.pathIn(version) : version === apiVersion ? view.path : undefined);
      const kind = { apiVersion, replicas: view.path, replicasIn };
      const { managedFields } = object.metadata;
      const live = scaleOf(view, object);
      const saysNothing = numbersOf(view, object).wanted === undefined;
      if (saysNothing) live.spec.replicas = NOT_SAID;
      live.metadata.managedFields = entriesOfScale(managedFields, kind);
      const wanted = change.wantedOf(live);
      await admitObject(rest.admission, context, attributesOf(wanted, scaleOf(view, object)));
      if (wanted.spec.replicas === NOT_SAID)
        throw apiError.badRequest(`the spec replicas field ${JSON.stringify(view.field)} cannot be empty`);
      if (view === USUAL) checkScale(resource, wanted, object, change.uidIsPrecondition);
      scaleTo(view, object, wanted);
      if (change.uidIsPrecondition && wanted.metadata.uid) object.metadata.uid = wanted.metadata.uid;
      object.metadata.managedFields = entriesOfParent(managedFields, wanted.metadata.managedFields, kind);
      return object;
    },
  });
  send(rest, exchange, view, updated.object);
}

/** The replicas of a Scale whose object does not say how many: the smallest int32, as upstream marks it. */
const NOT_SAID = -(2 ** 31);

/**
 * What Kubernetes' own kinds ask of a Scale; those of definitions ask it of the object that was scaled. Upstream: `ValidateScale`, and
 * `scaleUpdatedObjectInfo` of each kind.
 *
 * @throws ApiError (422 or 409)
 */
function checkScale({ subject }: Resource, { metadata, spec }: Scale, object: KubeObject, isPut: boolean): void {
  const { name = '', uid } = object.metadata;
  const replicas = spec.replicas ?? 0;
  const errors = validateCoreObjectMeta(metadata, true, dnsSubdomainName);
  if (replicas < 0) errors.push(fieldError.invalid('spec.replicas', replicas, 'must be greater than or equal to 0'));
  if (errors.length > 0) throw apiError.invalid({ group: 'autoscaling', resource: 'Scale' }, name, errors);
  if (isPut || !metadata.uid || metadata.uid === uid) return;
  const why = `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${uid}`;
  throw apiError.conflict({ ...subject, resource: `${subject.resource}/scale` }, name, why);
}

function scaleTo(view: ScaleView, object: KubeObject, { metadata, spec }: Scale): void {
  if (metadata.resourceVersion) object.metadata.resourceVersion = metadata.resourceVersion;
  view.write(object, spec.replicas ?? 0);
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

function send(rest: Rest, exchange: Exchange, view: ScaleView, object: KubeObject): void {
  rest.encoder.object(exchange, answered(view), 200, servedJson(scaleOf(view, object)));
}
