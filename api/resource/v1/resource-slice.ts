import { nodeSelector } from '../../core/v1/node-selector.ts';
import { objectMeta } from '../../meta/v1/object-meta.ts';
import { bool, int64, item, list, map, of, quantity, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const capacityRequestPolicyRange = message(
  'io.k8s.api.resource.v1.CapacityRequestPolicyRange',
  'Amounts between two bounds.',
  () => ({
    min: quantity(1, 'Least amount.', { required: true, pointer: true }),
    max: quantity(2, 'Greatest amount; the whole capacity unless given.', { pointer: true }),
    step: quantity(3, 'Amounts above min must be a whole number of these; any amount unless given.', { pointer: true }),
  }),
);
export interface CapacityRequestPolicyRange extends Of<typeof capacityRequestPolicyRange> {}

export const capacityRequestPolicy = message(
  'io.k8s.api.resource.v1.CapacityRequestPolicy',
  'How requests for a shared capacity are rounded; values or a range.',
  () => ({
    default: quantity(1, 'Amount taken by requests that name none.', { nullable: true }),
    validValues: list(item.quantity(), 3, 'The only amounts possible, in ascending order; requests are rounded up. At most 10.', {
      listType: 'atomic',
    }),
    validRange: ref(capacityRequestPolicyRange, 4, 'Bounds and step of the amounts possible; requests are rounded up.', { pointer: true }),
  }),
);
export interface CapacityRequestPolicy extends Of<typeof capacityRequestPolicy> {}

export const counter = message('io.k8s.api.resource.v1.Counter', 'An amount of something devices share.', () => ({
  value: quantity(1, 'How much there is.', { required: true }),
}));
export interface Counter extends Of<typeof counter> {}

export const counterSet = message('io.k8s.api.resource.v1.CounterSet', 'Amounts that devices draw from together.', () => ({
  name: string(1, 'Name of the set, unique in the slice; a DNS label.', { required: true }),
  counters: map(of(counter), 2, 'The amounts, by name; at most 32.', { required: true, dropped: true }),
}));
export interface CounterSet extends Of<typeof counterSet> {}

export const deviceAttribute = message('io.k8s.api.resource.v1.DeviceAttribute', 'A fact about a device; exactly one of these.', () => ({
  int: int64(2, 'A whole number.', { pointer: true }),
  bool: bool(3, 'True or false.', { pointer: true }),
  string: string(4, 'Text, of at most 64 characters.', { pointer: true }),
  version: string(5, 'A semantic version, such as 1.2.3.', { pointer: true }),
}));
export interface DeviceAttribute extends Of<typeof deviceAttribute> {}

export const deviceCapacity = message('io.k8s.api.resource.v1.DeviceCapacity', 'An amount that a device has.', () => ({
  value: quantity(1, 'How much in all.', { required: true }),
  requestPolicy: ref(capacityRequestPolicy, 2, 'How requests for part of it are rounded, when the device can be shared.', {
    pointer: true,
  }),
}));
export interface DeviceCapacity extends Of<typeof deviceCapacity> {}

export const deviceCounterConsumption = message(
  'io.k8s.api.resource.v1.DeviceCounterConsumption',
  'What a device draws from a counter set while it is allocated.',
  () => ({
    counterSet: string(1, 'Name of the set.', { required: true }),
    counters: map(of(counter), 2, 'Amounts drawn, by name.', { required: true, dropped: true }),
  }),
);
export interface DeviceCounterConsumption extends Of<typeof deviceCounterConsumption> {}

export const deviceTaint = message(
  'io.k8s.api.resource.v1.DeviceTaint',
  'A mark on a device that keeps away claims that do not tolerate it.',
  () => ({
    key: string(1, 'Key of the taint, spelled like a label key.', { required: true }),
    value: string(2, 'Value of the taint.'),
    effect: string(3, 'NoSchedule keeps new pods away; NoExecute also evicts those that use it.', {
      required: true,
      enum: ['NoExecute', 'NoSchedule'],
    }),
    timeAdded: time(4, 'When the taint was put on; filled in unless given.', { pointer: true }),
  }),
);
export interface DeviceTaint extends Of<typeof deviceTaint> {}

export const device = message('io.k8s.api.resource.v1.Device', 'One device, and what it can do.', () => ({
  name: string(1, 'Name of the device, unique in the pool; a DNS label.', { required: true }),
  attributes: map(of(deviceAttribute), 2, 'Facts about it, by name; at most 32 together with capacity.'),
  capacity: map(of(deviceCapacity), 3, 'Amounts it has, by name.'),
  consumesCounters: list(of(deviceCounterConsumption), 4, 'What it draws from the counter sets; at most 32 counters.', {
    listType: 'atomic',
  }),
  nodeName: string(5, 'Node it can be reached from; with perDeviceNodeSelection only.', { pointer: true }),
  nodeSelector: ref(nodeSelector, 6, 'Nodes it can be reached from; with perDeviceNodeSelection only.', { pointer: true }),
  allNodes: bool(7, 'True if all nodes can reach it; with perDeviceNodeSelection only.', { pointer: true }),
  taints: list(of(deviceTaint), 8, 'Marks that keep away claims that do not tolerate them; at most 4.', { listType: 'atomic' }),
  bindsToNode: bool(9, 'True ties the claim to the node chosen, once the device is allocated.', { pointer: true }),
  bindingConditions: list(item.string(), 10, 'Conditions that must be True before the pod is bound to the node; at most 4.', {
    listType: 'atomic',
  }),
  bindingFailureConditions: list(item.string(), 11, 'Conditions of which one that is True ends the attempt to bind; at most 4.', {
    listType: 'atomic',
  }),
  allowMultipleAllocations: bool(12, 'True lets several claims have a part of it.', { pointer: true }),
}));
export interface Device extends Of<typeof device> {}

export const resourcePool = message('io.k8s.api.resource.v1.ResourcePool', 'The pool a slice is part of.', () => ({
  name: string(1, "Name of the pool; often the node's.", { required: true }),
  generation: int64(2, "Number of the pool's state; slices of a lower one are out of date.", { required: true }),
  resourceSliceCount: int64(3, 'How many slices the pool has; until all are there it is incomplete.', { required: true }),
}));
export interface ResourcePool extends Of<typeof resourcePool> {}

export const resourceSliceSpec = message(
  'io.k8s.api.resource.v1.ResourceSliceSpec',
  'Devices of a driver, and which nodes reach them.',
  () => ({
    driver: string(1, 'Name of the driver; cannot be changed.', { required: true }),
    pool: ref(resourcePool, 2, 'The pool the slice is part of.', { required: true }),
    nodeName: string(3, 'Node all the devices are on; cannot be changed.', { pointer: true }),
    nodeSelector: ref(nodeSelector, 4, 'Nodes that reach all the devices; exactly one term.', { pointer: true }),
    allNodes: bool(5, 'True if all nodes reach all the devices.', { pointer: true }),
    devices: list(of(device), 6, 'The devices; at most 128.', { always: true, listType: 'atomic' }),
    perDeviceNodeSelection: bool(7, 'True if each device says for itself which nodes reach it.', { pointer: true }),
    sharedCounters: list(of(counterSet), 8, 'Amounts the devices draw from together; at most 32 counters in all the sets.', {
      listType: 'atomic',
    }),
  }),
);
export interface ResourceSliceSpec extends Of<typeof resourceSliceSpec> {}

export const resourceSlice = message(
  'io.k8s.api.resource.v1.ResourceSlice',
  'Part of the devices that a driver offers, published for the scheduler.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
      present: true,
    }),
    spec: ref(resourceSliceSpec, 2, 'The devices, and which nodes reach them.', { required: true }),
  }),
);
export interface ResourceSlice extends Of<typeof resourceSlice> {}
