import { apiError, type Live, type Pod, type PriorityClass, schedulingKinds } from '../../api/index.ts';
import type { ObjectReader } from '../registry/objects.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './plugin.ts';
import { onPods, type PodAttributes } from './pods.ts';

const KIND = schedulingKinds.priorityclasses;
const NO_CLASS = { name: '', value: 0, preemptionPolicy: 'PreemptLowerPriority' };

/** What a pod gets of its class. */
type Given = typeof NO_CLASS;

/**
 * Gives a pod the number its class stands for, and what may be pushed out for it, which an update that does not name them leaves alone;
 * keeps there from being two default classes. Upstream: `plugin/pkg/admission/priority`.
 */
export const priority = (objects: ObjectReader): AdmissionPlugin => ({
  name: 'Priority',
  admit: onPods(['CREATE', 'UPDATE'], async (_context, attributes) => {
    if (attributes.old) {
      keep(attributes.pod.spec, attributes.old.spec);
      return;
    }
    const given = await classOf(objects, attributes);
    applyTo(attributes, given);
  }),
  validate: (_context, attributes) => {
    const { kind, operation, subresource, object } = attributes;
    if (kind !== KIND || subresource !== '' || !object || (operation !== 'CREATE' && operation !== 'UPDATE')) return;
    // The object of a request for priority classes is one: it was decoded as one.
    refuseSecondDefault(objects, attributes, object as PriorityClass);
  },
});

function keep(spec: Pod['spec'], old: Pod['spec']): void {
  if (old.priority !== undefined) spec.priority ??= old.priority;
  if (old.preemptionPolicy !== undefined) spec.preemptionPolicy ??= old.preemptionPolicy;
}

async function classOf(objects: ObjectReader, { kind, name, pod }: PodAttributes): Promise<Given> {
  const { priorityClassName = '' } = pod.spec;
  if (priorityClassName === '') {
    const fallback = defaultClass(objects);
    return fallback ? givenOf(fallback) : NO_CLASS;
  }
  const find = () => objects.get<PriorityClass>(KIND, '', priorityClassName);
  let found = find();
  if (!found) {
    await objects.fresh();
    found = find();
  }
  if (!found) throw apiError.forbidden(kind, name, `no PriorityClass with name ${priorityClassName} was found`);
  return givenOf(found);
}

const givenOf = ({ metadata, value, preemptionPolicy = NO_CLASS.preemptionPolicy }: Live<PriorityClass>): Given => ({
  name: metadata.name,
  value,
  preemptionPolicy,
});

/** @throws ApiError (403) when the pod says something else. */
function applyTo({ kind, name, pod }: PodAttributes, given: Given): void {
  const { spec } = pod;
  if (given.name !== '') spec.priorityClassName = given.name;
  if (spec.priority !== undefined && spec.priority !== given.value) {
    const why = `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${given.value} from the given PriorityClass name`;
    throw apiError.forbidden(kind, name, why);
  }
  spec.priority = given.value;
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== given.preemptionPolicy) {
    const why = `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${given.preemptionPolicy} from the given PriorityClass name`;
    throw apiError.forbidden(kind, name, why);
  }
  spec.preemptionPolicy = given.preemptionPolicy;
}

/** Of several, which only a race can make, the least. */
function defaultClass(objects: ObjectReader): Live<PriorityClass> | undefined {
  const defaults = objects.list<PriorityClass>(KIND).filter(({ globalDefault }) => globalDefault);
  return defaults.reduce<Live<PriorityClass> | undefined>((least, next) => (least && least.value <= next.value ? least : next), undefined);
}

/** @throws ApiError (403) */
function refuseSecondDefault(
  objects: ObjectReader,
  { kind, operation }: AdmissionAttributes,
  { metadata, globalDefault }: PriorityClass,
): void {
  if (!globalDefault) return;
  const present = defaultClass(objects)?.metadata.name;
  if (present === undefined || (operation === 'UPDATE' && present === metadata.name)) return;
  const why = `PriorityClass ${present} is already marked as default. Only one default can exist`;
  throw apiError.forbidden(kind, metadata.name ?? '', why);
}
