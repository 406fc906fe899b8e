import { apiError, isConflict, type KubeObject, type Pod, toTime } from '../../api/index.ts';
import { bodies, cloneJson, type ObjectType, typeOfMessage } from '../../api/schema.ts';
import { admissionAttributes } from '../admission/plugin.ts';
import { readBody } from '../pipeline/body.ts';
import { noAdmission } from '../registry/admission-chain.ts';
import { checkPreconditions, type DeleteRequest } from '../registry/deletion.ts';
import { matchNamespace } from '../registry/match-namespace.ts';
import type { ObjectRegistry } from '../registry/object-registry.ts';
import type { Resource } from '../registry/resource.ts';
import { type RequestContext, updateStrategy } from '../registry/strategy.ts';
import { deleteRequestError } from './delete.ts';
import { beingProcessed, budgetOf, mayGoUncounted, takeDisruption } from './disruption-budget.ts';
import { contextOf, type Handler, type Rest } from './rest.ts';
import { readWriteOptions } from './write-options.ts';

/** How often a pod is looked at anew that changes while it is evicted. */
const RACES_MAX = 20;

const TARGET = {
  info: { group: 'policy', version: 'v1', kind: 'Eviction' },
  type: typeOfMessage(bodies.eviction) as ObjectType,
  // Its group version is not served any more: older clients' evictions are taken all the same.
  alsoIn: ['policy/v1beta1'],
};

/** POST to pods/NAME/eviction: a delete that disruption budgets have a say in, and that says so in the pod's conditions. */
export const evictPod: Handler = async (rest, exchange, { resource, registry }) => {
  rest.negotiator.answer(exchange.accept);
  const bytes = await readBody(exchange.request);
  const write = readWriteOptions(exchange, 'CreateOptions');
  const body = { bytes, contentType: exchange.request.headers['content-type'] };
  const wanted = rest.decoder.decode(body, TARGET, write.fieldValidation, (text) => exchange.warn(text));
  const { name } = exchange.info;
  matchNamespace(wanted, exchange.info.namespace);
  if (wanted.metadata.name !== name) throw apiError.badRequest('name in URL does not match name in Eviction object');
  const options = ('deleteOptions' in wanted ? (wanted.deleteOptions ?? {}) : {}) as DeleteRequest;
  const context = contextOf(rest, exchange, write.dryRun || (options.dryRun?.length ?? 0) > 0);
  const { namespace } = context;
  const facts = {
    operation: 'CREATE',
    kind: resource.info,
    namespace,
    name,
    subresource: 'eviction',
    object: wanted,
    old: undefined,
  } as const;
  const attributes = admissionAttributes(context, facts);
  await rest.admission.admit(context, attributes);
  await rest.admission.validate(context, attributes);
  const change = (object: KubeObject) => resource.type.decode(evicted(object as Pod, exchange.now)).object;
  // What was admitted is the eviction; what follows is not asked about.
  const common = { context, admission: noAdmission, name };
  const evict = async (present: DeleteRequest) => {
    // Only now: whether a budget can spare the pod is asked first, and the pod says that it goes (upstream: `addConditionAndDeletePod`).
    const refused = deleteRequestError(options);
    if (refused && !context.dryRun) await registry.update({ ...common, ...marking(resource, present, change) });
    if (refused) throw refused;
    return registry.delete({ ...common, options: present, change });
  };
  await asBudgetsAllow({ rest, context, registry, options, evict }, name);
  rest.encoder.success(exchange, 201, { code: 201 });
};

/** The change of a pod that is to go, and may not in the way that was asked for. */
const marking = (resource: Resource, wanted: DeleteRequest, change: (object: KubeObject) => KubeObject) => ({
  subresource: 'status',
  strategy: updateStrategy(resource, 'status'),
  uidIsPrecondition: false,
  mayCreate: false,
  next: (_current: unknown, old: KubeObject | undefined) => {
    if (!old) return undefined;
    checkPreconditions(resource, old, wanted);
    return change(cloneJson(old));
  },
});

interface Eviction {
  readonly rest: Rest;
  readonly context: RequestContext;
  readonly registry: ObjectRegistry;
  /** How the client wants the pod to be deleted. */
  readonly options: DeleteRequest;
  /** Deletes the pod. */
  evict(options: DeleteRequest): Promise<unknown>;
}

/** Evicts a pod if its budget can spare it. */
async function asBudgetsAllow(eviction: Eviction, name: string): Promise<void> {
  const { context, registry } = eviction;
  for (let attempt = 0; attempt < RACES_MAX; attempt++) {
    const { object, revision } = await registry.existing(context.namespace, name);
    const pod = object as Pod;
    if (!isUnguarded(pod)) return evictGuarded(eviction, pod, revision);
    if (await evictUnguarded(eviction, pod, revision)) return;
  }
  throw apiError.modified(registry.resource.subject, name);
}

/** A pod that does not count for any budget goes at once, unless it has become one that does. @returns whether it went. */
async function evictUnguarded({ options, evict }: Eviction, pod: Pod, revision: number): Promise<boolean> {
  const uid = options.preconditions?.uid;
  const isOther = uid !== undefined && uid !== pod.metadata.uid; // and will be, however often it is looked at
  if (!isOver(pod) && !isOther) return unlessChanged(evict, options, revision);
  await evict(options);
  return true;
}

async function evictGuarded({ rest, context, options, evict }: Eviction, pod: Pod, revision: number): Promise<void> {
  const budget = budgetOf(rest, pod);
  if (budget && mayGoUncounted(pod, budget)) {
    if (await unlessChanged(evict, options, revision)) return;
    throw beingProcessed(budget.metadata.name);
  }
  if (budget) await takeDisruption(rest, context, budget, pod);
  await evict(options);
}

/** Deletes the pod as it was looked at. @returns whether it was still that. */
async function unlessChanged(evict: Eviction['evict'], options: DeleteRequest, revision: number): Promise<boolean> {
  const { preconditions } = options;
  const isOwn = preconditions?.resourceVersion === undefined;
  try {
    await evict(isOwn ? { ...options, preconditions: { ...preconditions, resourceVersion: String(revision) } } : options);
    return true;
  } catch (error) {
    if (isOwn && isConflict(error)) return false;
    throw error;
  }
}

/** Pods that have not begun, have ended or are on their way already: budgets do not count them. */
const isUnguarded = (pod: Pod): boolean => isOver(pod) || pod.status?.phase === 'Pending';

const isOver = ({ metadata, status }: Pod): boolean =>
  status?.phase === 'Succeeded' || status?.phase === 'Failed' || Boolean(metadata.deletionTimestamp);

/** Says why the pod goes. */
function evicted(pod: Pod, now: number): Pod {
  pod.status ??= {};
  const conditions = pod.status.conditions ?? [];
  const at = conditions.findIndex(({ type }) => type === 'DisruptionTarget');
  const before = conditions[at];
  conditions[at < 0 ? conditions.length : at] = {
    ...before,
    type: 'DisruptionTarget',
    status: 'True',
    lastTransitionTime: before?.status === 'True' ? before.lastTransitionTime : toTime(now),
    reason: 'EvictionByEvictionAPI',
    message: 'Eviction API: evicting',
  };
  pod.status.conditions = conditions;
  return pod;
}
