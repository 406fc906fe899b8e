import { nodeSelector } from '../../core/v1/node-selector.ts';
import { objectMeta } from '../../meta/v1/object-meta.ts';
import { bool, int64, item, list, map, of, quantity, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const capacityRequestPolicyRange = message('io.k8s.api.resource.v1.CapacityRequestPolicyRange', '', () => ({
  min: quantity(1, '', { required: true, pointer: true }),
  max: quantity(2, '', { pointer: true }),
  step: quantity(3, '', { pointer: true }),
}));
export interface CapacityRequestPolicyRange extends Of<typeof capacityRequestPolicyRange> {}

export const capacityRequestPolicy = message('io.k8s.api.resource.v1.CapacityRequestPolicy', '', () => ({
  default: quantity(1, '', { nullable: true }),
  validValues: list(item.quantity(), 3, '', { listType: 'atomic' }),
  validRange: ref(capacityRequestPolicyRange, 4, '', { pointer: true }),
}));
export interface CapacityRequestPolicy extends Of<typeof capacityRequestPolicy> {}

export const counter = message('io.k8s.api.resource.v1.Counter', '', () => ({
  value: quantity(1, '', { required: true }),
}));
export interface Counter extends Of<typeof counter> {}

export const counterSet = message('io.k8s.api.resource.v1.CounterSet', '', () => ({
  name: string(1, '', { required: true }),
  counters: map(of(counter), 2, '', { required: true, dropped: true }),
}));
export interface CounterSet extends Of<typeof counterSet> {}

export const deviceAttribute = message('io.k8s.api.resource.v1.DeviceAttribute', '', () => ({
  int: int64(2, '', { pointer: true }),
  bool: bool(3, '', { pointer: true }),
  string: string(4, '', { pointer: true }),
  version: string(5, '', { pointer: true }),
}));
export interface DeviceAttribute extends Of<typeof deviceAttribute> {}

export const deviceCapacity = message('io.k8s.api.resource.v1.DeviceCapacity', '', () => ({
  value: quantity(1, '', { required: true }),
  requestPolicy: ref(capacityRequestPolicy, 2, '', { pointer: true }),
}));
export interface DeviceCapacity extends Of<typeof deviceCapacity> {}

export const deviceCounterConsumption = message('io.k8s.api.resource.v1.DeviceCounterConsumption', '', () => ({
  counterSet: string(1, '', { required: true }),
  counters: map(of(counter), 2, '', { required: true, dropped: true }),
}));
export interface DeviceCounterConsumption extends Of<typeof deviceCounterConsumption> {}

export const deviceTaint = message('io.k8s.api.resource.v1.DeviceTaint', '', () => ({
  key: string(1, '', { required: true }),
  value: string(2, ''),
  effect: string(3, '', { required: true, enum: ['NoExecute', 'NoSchedule'] }),
  timeAdded: time(4, '', { pointer: true }),
}));
export interface DeviceTaint extends Of<typeof deviceTaint> {}

export const device = message('io.k8s.api.resource.v1.Device', '', () => ({
  name: string(1, '', { required: true }),
  attributes: map(of(deviceAttribute), 2, ''),
  capacity: map(of(deviceCapacity), 3, ''),
  consumesCounters: list(of(deviceCounterConsumption), 4, '', { listType: 'atomic' }),
  nodeName: string(5, '', { pointer: true }),
  nodeSelector: ref(nodeSelector, 6, '', { pointer: true }),
  allNodes: bool(7, '', { pointer: true }),
  taints: list(of(deviceTaint), 8, '', { listType: 'atomic' }),
  bindsToNode: bool(9, '', { pointer: true }),
  bindingConditions: list(item.string(), 10, '', { listType: 'atomic' }),
  bindingFailureConditions: list(item.string(), 11, '', { listType: 'atomic' }),
  allowMultipleAllocations: bool(12, '', { pointer: true }),
}));
export interface Device extends Of<typeof device> {}

export const resourcePool = message('io.k8s.api.resource.v1.ResourcePool', '', () => ({
  name: string(1, '', { required: true }),
  generation: int64(2, '', { required: true }),
  resourceSliceCount: int64(3, '', { required: true }),
}));
export interface ResourcePool extends Of<typeof resourcePool> {}

export const resourceSliceSpec = message('io.k8s.api.resource.v1.ResourceSliceSpec', '', () => ({
  driver: string(1, '', { required: true }),
  pool: ref(resourcePool, 2, '', { required: true }),
  nodeName: string(3, '', { pointer: true }),
  nodeSelector: ref(nodeSelector, 4, '', { pointer: true }),
  allNodes: bool(5, '', { pointer: true }),
  devices: list(of(device), 6, '', { always: true, listType: 'atomic' }),
  perDeviceNodeSelection: bool(7, '', { pointer: true }),
  sharedCounters: list(of(counterSet), 8, '', { listType: 'atomic' }),
}));
export interface ResourceSliceSpec extends Of<typeof resourceSliceSpec> {}

export const resourceSlice = message('io.k8s.api.resource.v1.ResourceSlice', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  spec: ref(resourceSliceSpec, 2, '', { required: true }),
}));
export interface ResourceSlice extends Of<typeof resourceSlice> {}
