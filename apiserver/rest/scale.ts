import { apiError, fieldError, fromLabelSelector, fromLabels, type KubeObject, type LabelSelector, type Scale } from '../../api/index.ts';
import { bodies, type Message } from '../../api/schema.ts';
import { FieldManager } from '../apply/field-manager.ts';
import { entriesOfParent, entriesOfScale } from '../apply/scale-fields.ts';
import { readBody } from '../pipeline/body.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { isApply, judgeConfig, readConfig } from './apply.ts';
import { judge, patched, patchType, readPatch } from './patch.ts';
import { contextOf, type Endpoint, type Handler, type Rest } from './rest.ts';
import { checkName } from './update.ts';
import { readWriteOptions, type WriteOptions } from './write-options.ts';
import { writerOf } from './writer.ts';

const TARGET = { info: { group: 'autoscaling', version: 'v1', kind: 'Scale' }, message: bodies.scale as unknown as Message<KubeObject> };

/** Objects that can be scaled, as far as scaling sees them: every such kind has these places. */
interface Scalable extends KubeObject {
  spec?: { replicas?: number | undefined; selector?: unknown } | undefined;
  status?: { replicas?: number | undefined } | undefined;
}

export const getScale: Handler = async (rest, exchange, { registry }) => {
  const entry = await registry.existing(exchange.info.namespace, exchange.info.name);
  send(rest, exchange, scaleOf(entry.object));
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
  const apply = patchType(exchange);
  rest.negotiator.object(exchange.accept);
  const patch = readPatch(apply, await readBody(exchange.request));
  const options = readWriteOptions(exchange, 'PatchOptions');
  const fields = scaleFields(exchange, options);
  const wantedOf = (live: Scale): Scale => {
    const { object, problems } = patched(bodies.scale, live, patch);
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
const FIELDS = new FieldManager({ apiVersion: 'autoscaling/v1', kind: 'Scale', message: bodies.scale });

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
  const updated = await registry.update({
    context: contextOf(rest, exchange, change.options.dryRun),
    admission: rest.admission,
    name,
    subresource: 'scale',
    strategy: resource.strategy,
    uidIsPrecondition: change.uidIsPrecondition,
    mayCreate: false,
    next: (current) => {
      if (!current) throw apiError.notFound(resource.subject, name);
      const object: Scalable = current.parse();
      const kind = { apiVersion: resource.wire.apiVersion, replicas: 'spec.replicas' };
      const { managedFields } = object.metadata;
      const live = scaleOf(object);
      live.metadata.managedFields = entriesOfScale(managedFields, kind);
      const wanted = change.wantedOf(live);
      const next = scaled(object, wanted);
      next.metadata.managedFields = entriesOfParent(managedFields, wanted.metadata.managedFields, kind);
      return next;
    },
  });
  send(rest, exchange, scaleOf(updated.object));
}

/** @throws ApiError (422) for a count that cannot be. */
function scaled(object: Scalable, { metadata, spec }: Scale): KubeObject {
  const replicas = spec.replicas ?? 0;
  if (replicas < 0) {
    const error = fieldError.invalid('spec.replicas', replicas, 'must be greater than or equal to 0');
    throw apiError.invalid({ group: 'autoscaling', resource: 'Scale' }, metadata.name ?? '', [error]);
  }
  if (metadata.resourceVersion) object.metadata.resourceVersion = metadata.resourceVersion;
  if (metadata.uid) object.metadata.uid = metadata.uid;
  object.spec = { ...object.spec, replicas };
  return object;
}

function scaleOf({ metadata, spec, status }: Scalable): Scale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata;
  const selector = selectorText(spec?.selector);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: spec?.replicas ? { replicas: spec.replicas } : {},
    status: { replicas: status?.replicas ?? 0, ...(selector === '' ? {} : { selector }) },
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
