import {
  type CSIDriver,
  type CSINode,
  type CSIStorageCapacity,
  coreKinds,
  type DeviceClass,
  type KindInfo,
  type KubeObject,
  type Live,
  type Namespace,
  type Node,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  type ResourceSlice,
  type ResourceV1ResourceClaim,
  resourceKinds,
  type Service,
  type StorageClass,
  storageKinds,
  type VolumeAttachment,
} from '../../api/index.ts';
import { UserError } from '../../runtime/index.ts';
import type { PodInfo } from '../state/pod-info.ts';

/**
 * Things of which plugins hear. `Pod` stands for both of the next: a pod that has a node (AssignedPod), and the waiting pod itself having
 * changed (UnscheduledPod).
 */
export interface EventObjects {
  readonly Pod: Pod;
  readonly AssignedPod: Pod;
  readonly UnscheduledPod: Pod;
  readonly Node: Node;
  readonly Namespace: Namespace;
  readonly Service: Service;
  readonly PersistentVolume: PersistentVolume;
  readonly PersistentVolumeClaim: PersistentVolumeClaim;
  readonly CSINode: CSINode;
  readonly CSIDriver: CSIDriver;
  readonly VolumeAttachment: VolumeAttachment;
  readonly CSIStorageCapacity: CSIStorageCapacity;
  readonly StorageClass: StorageClass;
  readonly ResourceClaim: ResourceV1ResourceClaim;
  readonly ResourceSlice: ResourceSlice;
  readonly DeviceClass: DeviceClass;
}

/** A resource of whoever defined it: its plural name, version and group, as `foos.v1.example.com`. */
export type CustomResource = `${string}.${string}.${string}`;

export type EventResource = keyof EventObjects | CustomResource;

/** The objects of a resource. */
type ObjectOf<R extends EventResource> = R extends keyof EventObjects ? EventObjects[R] : KubeObject;

/** Pods and nodes are always watched. */
const ALWAYS: ReadonlySet<EventResource> = new Set(['Pod', 'AssignedPod', 'UnscheduledPod', 'Node']);

const KINDS: ReadonlyMap<string, KindInfo> = new Map(
  Object.entries({
    Namespace: coreKinds.namespaces,
    Service: coreKinds.services,
    PersistentVolume: coreKinds.persistentvolumes,
    PersistentVolumeClaim: coreKinds.persistentvolumeclaims,
    CSINode: storageKinds.csinodes,
    CSIDriver: storageKinds.csidrivers,
    VolumeAttachment: storageKinds.volumeattachments,
    CSIStorageCapacity: storageKinds.csistoragecapacities,
    StorageClass: storageKinds.storageclasses,
    ResourceClaim: resourceKinds.resourceclaims,
    ResourceSlice: resourceKinds.resourceslices,
    DeviceClass: resourceKinds.deviceclasses,
  } satisfies Partial<Record<EventResource, KindInfo>>),
);

/** What metrics and logs call a resource, where they call it otherwise: those of named groups with their group. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ['UnscheduledPod', 'UnschedulablePod'],
  ...[...KINDS].filter(([, { group }]) => group !== '').map(([name, { group }]) => [name, `${group}/${name}`] as const),
]);

/** The kind to watch for whoever registers for events of a resource, if it is not watched anyway. @throws when there is no such resource. */
export function kindToWatch(name: EventResource): KindInfo | undefined {
  const known = KINDS.get(name);
  if (known || ALWAYS.has(name)) return known;
  const [resource = '', version = '', ...group] = name.split('.');
  if (group.length === 0)
    throw new UserError(`there are no events of ${name}; a resource that others define is named as foos.v1.example.com`);
  return {
    group: group.join('.'),
    version,
    kind: '',
    resource,
    singular: '',
    namespaced: true,
    verbs: ['list', 'watch'],
    subresources: [],
  };
}

/** What became of it. `Update` registers for every kind of update; an event is `Update` when no finer word fits. */
export type EventAction =
  | 'Add'
  | 'Delete'
  | 'Update'
  | 'UpdateNodeAllocatable'
  | 'UpdateNodeLabel'
  | 'UpdateNodeTaint'
  | 'UpdateNodeCondition'
  | 'UpdateNodeAnnotation'
  | 'UpdatePodLabel'
  | 'UpdatePodScaleDown'
  | 'UpdatePodToleration'
  | 'UpdatePodSchedulingGatesEliminated'
  | 'UpdatePodGeneratedResourceClaim';

/** The object before and after; one of them is missing when it appeared or went. */
export interface Change<T extends KubeObject = KubeObject> {
  readonly old?: Live<T> | undefined;
  readonly now?: Live<T> | undefined;
}

/** Something that happened in the cluster and may make a rejected pod schedulable. Upstream: kube-scheduler `framework.ClusterEvent`. */
export interface ClusterEvent extends Change {
  /** `*` is anything: every pod is tried again, or the one that `now` is. */
  readonly resource: EventResource | '*';
  readonly action: EventAction;
  /** How metrics and logs call it, where resource and action do not say it. */
  readonly label?: string | undefined;
}

/** How metrics call an event. */
export const labelOf = ({ resource, action, label }: Pick<ClusterEvent, 'resource' | 'action' | 'label'>): string =>
  label ?? `${NAMES.get(resource) ?? resource}${action}`;

/** Events that are nobody's object. Upstream: `pkg/scheduler/framework/events.go`. */
export const FORCE_ACTIVATE = { resource: '*', action: 'Update', label: 'ForceActivate' } as const satisfies ClusterEvent;
export const UNSCHEDULABLE_TIMEOUT = { resource: '*', action: 'Update', label: 'UnschedulableTimeout' } as const satisfies ClusterEvent;

/** What of the events interests a plugin that rejected a pod (upstream: `ClusterEventWithHint`, KEP-4247). */
export interface EventRegistration {
  readonly resource: EventResource | '*';
  readonly actions: ReadonlySet<EventAction>;
  /** Whether this very event can help this very pod; absent: every one may. */
  readonly hint?: ((pod: PodInfo, change: Change) => boolean) | undefined;
}

/**
 * Registers for events: `on('Node', ['Add', 'UpdateNodeLabel'], (pod, { now }) => …)`.
 *
 * @param hint whether the event can help the pod, which this plugin rejected. Throwing counts as yes.
 */
export function on<R extends EventResource>(
  resource: R,
  actions: readonly EventAction[],
  hint?: (pod: PodInfo, change: Change<ObjectOf<R>>) => boolean,
): EventRegistration {
  // The resource says what the objects are; past here they are just objects.
  return { resource, actions: new Set(actions), hint: hint as EventRegistration['hint'] };
}

/**
 * Who waits for new nodes hears of all changes of taints too: a node mostly comes with some that go soon. Upstream:
 * `buildQueueingHintMap` of `pkg/scheduler/scheduler.go`.
 */
export function withTaints(registrations: readonly EventRegistration[]): readonly EventRegistration[] {
  const ofNodes = (action: EventAction) => registrations.some(({ resource, actions }) => resource === 'Node' && actions.has(action));
  if (!ofNodes('Add') || ofNodes('UpdateNodeTaint') || ofNodes('Update')) return registrations;
  return [...registrations, on('Node', ['UpdateNodeTaint'])];
}

/** A hint for changes of the very pod that was rejected. */
export const isItself = (pod: PodInfo, { now }: Change): boolean => now?.metadata.uid === pod.uid;

/** Whether a registration is for such events. */
export function concerns({ resource, actions }: EventRegistration, event: ClusterEvent): boolean {
  if (resource === '*') return true;
  const same =
    resource === event.resource || (resource === 'Pod' && (event.resource === 'AssignedPod' || event.resource === 'UnscheduledPod'));
  return same && (actions.has(event.action) || (actions.has('Update') && event.action.startsWith('Update')));
}
