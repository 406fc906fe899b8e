import { nodeSelector } from '../../core/v1/node-selector.ts';
import { condition } from '../../meta/v1/condition.ts';
import { objectMeta } from '../../meta/v1/object-meta.ts';
import { bool, int64, item, list, map, of, rawExtension, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { deviceSelector, opaqueDeviceConfiguration } from './device.ts';

export const networkDeviceData = message('io.k8s.api.resource.v1.NetworkDeviceData', 'Facts about a network device.', () => ({
  interfaceName: string(1, 'Name of the interface inside the pod.'),
  ips: list(item.string(), 2, 'Its addresses with their prefix length, such as 192.0.2.5/24.', { listType: 'atomic' }),
  hardwareAddress: string(3, 'Its hardware (MAC) address.'),
}));
export interface NetworkDeviceData extends Of<typeof networkDeviceData> {}

export const allocatedDeviceStatus = message(
  'io.k8s.api.resource.v1.AllocatedDeviceStatus',
  'State of one allocated device, as its driver reports it.',
  () => ({
    driver: string(1, 'Name of the driver.', { required: true }),
    pool: string(2, 'Pool the device is in.', { required: true }),
    device: string(3, 'Name of the device in the pool.', { required: true }),
    shareID: string(7, 'Which share of the device, when it is given to several claims.', { pointer: true }),
    conditions: list(of(condition), 4, 'State of the device, at most 8 entries.', { always: true, listType: 'map', listMapKeys: ['type'] }),
    data: rawExtension(5, 'Anything else the driver has to say; at most 10 KiB.', { pointer: true }),
    networkData: ref(networkDeviceData, 6, 'Facts about a network device.', { pointer: true }),
  }),
);
export interface AllocatedDeviceStatus extends Of<typeof allocatedDeviceStatus> {}

export const deviceToleration = message(
  'io.k8s.api.resource.v1.DeviceToleration',
  'Lets a request have devices with a matching taint.',
  () => ({
    key: string(1, 'Taint key to match; empty with operator Exists matches every taint.'),
    operator: string(2, 'Equal (the default) compares the value, Exists accepts any.', { enum: ['Equal', 'Exists'], default: 'Equal' }),
    value: string(3, 'Value the taint must have, with operator Equal.'),
    effect: string(4, 'NoSchedule or NoExecute; empty matches both.', { enum: ['NoExecute', 'NoSchedule'] }),
    tolerationSeconds: int64(5, 'Seconds a NoExecute taint is put up with before eviction; for ever unless given.', { pointer: true }),
  }),
);
export interface DeviceToleration extends Of<typeof deviceToleration> {}

export const deviceRequestAllocationResult = message(
  'io.k8s.api.resource.v1.DeviceRequestAllocationResult',
  'A device that was allocated for a request.',
  () => ({
    request: string(1, 'The request, as NAME or NAME/SUBREQUEST.', { required: true }),
    driver: string(2, 'Name of the driver.', { required: true }),
    pool: string(3, 'Pool the device is in.', { required: true }),
    device: string(4, 'Name of the device in the pool.', { required: true }),
    adminAccess: bool(5, 'True if it was allocated for administration, beside its ordinary users.', { pointer: true }),
    tolerations: list(of(deviceToleration), 6, "The request's tolerations at the time.", { listType: 'atomic' }),
    bindingConditions: list(item.string(), 7, 'Conditions that must be True before the pod is bound to the node.', { listType: 'atomic' }),
    bindingFailureConditions: list(item.string(), 8, 'Conditions of which one that is True ends the attempt to bind.', {
      listType: 'atomic',
    }),
    shareID: string(9, 'Which share of the device, when it is given to several claims.', { pointer: true }),
    consumedCapacity: map(item.quantity(), 10, 'How much of each capacity was set aside, when the device is shared.'),
  }),
);
export interface DeviceRequestAllocationResult extends Of<typeof deviceRequestAllocationResult> {}

export const deviceAllocationConfiguration = message(
  'io.k8s.api.resource.v1.DeviceAllocationConfiguration',
  'Settings for allocated devices, and where they come from.',
  () => ({
    source: string(1, 'FromClass or FromClaim.', { required: true }),
    requests: list(item.string(), 2, 'Requests they are for; all unless given.', { listType: 'atomic' }),
    opaque: ref(opaqueDeviceConfiguration, [3, 1], 'Settings that only the driver understands.', { pointer: true }),
  }),
);
export interface DeviceAllocationConfiguration extends Of<typeof deviceAllocationConfiguration> {}

export const deviceAllocationResult = message('io.k8s.api.resource.v1.DeviceAllocationResult', 'The devices that were allocated.', () => ({
  results: list(of(deviceRequestAllocationResult), 1, 'The devices.', { listType: 'atomic' }),
  config: list(of(deviceAllocationConfiguration), 2, "Their settings, the class's first, in the order they apply.", { listType: 'atomic' }),
}));
export interface DeviceAllocationResult extends Of<typeof deviceAllocationResult> {}

export const allocationResult = message('io.k8s.api.resource.v1.AllocationResult', 'What a claim was given.', () => ({
  devices: ref(deviceAllocationResult, 1, 'The devices.'),
  nodeSelector: ref(nodeSelector, 3, 'Nodes from which the devices can be reached; all unless given.', { pointer: true }),
  allocationTimestamp: time(5, 'When the devices were allocated.', { pointer: true }),
}));
export interface AllocationResult extends Of<typeof allocationResult> {}

export const capacityRequirements = message(
  'io.k8s.api.resource.v1.CapacityRequirements',
  'How much of a shared device is wanted.',
  () => ({
    requests: map(item.quantity(), 1, 'Amount by capacity; the device rounds it up as its policy says.'),
  }),
);
export interface CapacityRequirements extends Of<typeof capacityRequirements> {}

export const exactDeviceRequest = message(
  'io.k8s.api.resource.v1.ExactDeviceRequest',
  'Devices that are wanted, without alternatives.',
  () => ({
    deviceClassName: string(1, 'Class the devices must be of.', { required: true }),
    selectors: list(of(deviceSelector), 2, 'Tests that a device must all pass, besides those of the class.', { listType: 'atomic' }),
    allocationMode: string(3, 'ExactCount (the default) for count devices, All for every one that matches in a pool.'),
    count: int64(4, 'How many devices; 1 unless given, with ExactCount only.'),
    adminAccess: bool(5, "True asks for access beside others' use, for administration; needs a labelled namespace.", { pointer: true }),
    tolerations: list(of(deviceToleration), 6, 'Taints of devices that are put up with.', { listType: 'atomic' }),
    capacity: ref(capacityRequirements, 7, 'How much of each device is wanted, where devices are shared.', { pointer: true }),
  }),
);
export interface ExactDeviceRequest extends Of<typeof exactDeviceRequest> {}

export const deviceSubRequest = message(
  'io.k8s.api.resource.v1.DeviceSubRequest',
  'One alternative among the devices that would do.',
  () => ({
    name: string(1, 'Name of the alternative, unique in the request; a DNS label.', { required: true }),
    deviceClassName: string(2, 'Class the devices must be of.', { required: true }),
    selectors: list(of(deviceSelector), 3, 'Tests that a device must all pass, besides those of the class.', { listType: 'atomic' }),
    allocationMode: string(4, 'ExactCount (the default) for count devices, All for every one that matches in a pool.'),
    count: int64(5, 'How many devices; 1 unless given, with ExactCount only.'),
    tolerations: list(of(deviceToleration), 6, 'Taints of devices that are put up with.', { listType: 'atomic' }),
    capacity: ref(capacityRequirements, 7, 'How much of each device is wanted, where devices are shared.', { pointer: true }),
  }),
);
export interface DeviceSubRequest extends Of<typeof deviceSubRequest> {}

export const deviceRequest = message(
  'io.k8s.api.resource.v1.DeviceRequest',
  'Devices that are wanted; either exactly or firstAvailable.',
  () => ({
    name: string(1, 'Name of the request, unique in the claim; containers can refer to it.', { required: true }),
    exactly: ref(exactDeviceRequest, 2, 'What is wanted, without alternatives.', { pointer: true }),
    firstAvailable: list(of(deviceSubRequest), 3, 'Alternatives in order of preference; the first that can be had is taken. At most 8.', {
      listType: 'atomic',
    }),
  }),
);
export interface DeviceRequest extends Of<typeof deviceRequest> {}

export const deviceConstraint = message(
  'io.k8s.api.resource.v1.DeviceConstraint',
  'Something that several requests must have in common.',
  () => ({
    requests: list(item.string(), 1, 'Requests it concerns; all unless given.', { listType: 'atomic' }),
    matchAttribute: string(2, 'Attribute in which all the devices must agree, such as dra.example.com/numa.', { pointer: true }),
    distinctAttribute: string(3, 'Attribute in which all the devices must differ.', { pointer: true }),
  }),
);
export interface DeviceConstraint extends Of<typeof deviceConstraint> {}

export const deviceClaimConfiguration = message(
  'io.k8s.api.resource.v1.DeviceClaimConfiguration',
  'Settings a claim has for its devices.',
  () => ({
    requests: list(item.string(), 1, 'Requests they are for; all unless given.', { listType: 'atomic' }),
    opaque: ref(opaqueDeviceConfiguration, [2, 1], 'Settings that only the driver understands.', { pointer: true }),
  }),
);
export interface DeviceClaimConfiguration extends Of<typeof deviceClaimConfiguration> {}

export const deviceClaim = message('io.k8s.api.resource.v1.DeviceClaim', 'Which devices are wanted.', () => ({
  requests: list(of(deviceRequest), 1, 'The devices, by request; at most 32.', { always: true, listType: 'atomic' }),
  constraints: list(of(deviceConstraint), 2, 'What they must have in common; at most 32.', { listType: 'atomic' }),
  config: list(of(deviceClaimConfiguration), 3, 'Settings for them; at most 32.', { listType: 'atomic' }),
}));
export interface DeviceClaim extends Of<typeof deviceClaim> {}

export const resourceClaimSpec = message('io.k8s.api.resource.v1.ResourceClaimSpec', 'What a claim asks for; cannot be changed.', () => ({
  devices: ref(deviceClaim, 1, 'Which devices are wanted.'),
}));
export interface ResourceClaimSpec extends Of<typeof resourceClaimSpec> {}

export const resourceClaimConsumerReference = message(
  'io.k8s.api.resource.v1.ResourceClaimConsumerReference',
  'Names somebody who uses a claim.',
  () => ({
    apiGroup: string(1, 'API group of the user; empty for the core group.'),
    resource: string(3, 'Resource of the user, such as pods.', { required: true }),
    name: string(4, 'Name of the user.', { required: true }),
    uid: string(5, 'UID of the user.', { required: true }),
  }),
);
export interface ResourceClaimConsumerReference extends Of<typeof resourceClaimConsumerReference> {}

export const resourceClaimStatus = message(
  'io.k8s.api.resource.v1.ResourceClaimStatus',
  'What a claim was given, and who uses it.',
  () => ({
    allocation: ref(allocationResult, 1, 'What was allocated; absent until something is.', { pointer: true }),
    reservedFor: list(of(resourceClaimConsumerReference), 2, 'Who may use it now; while any is left it stays allocated. At most 256.', {
      listType: 'map',
      listMapKeys: ['uid'],
      patchMergeKey: 'uid',
      patchStrategy: 'merge',
    }),
    devices: list(of(allocatedDeviceStatus), 4, 'State of each device, as its driver reports it.', {
      listType: 'map',
      listMapKeys: ['driver', 'device', 'pool', 'shareID'],
    }),
  }),
);
export interface ResourceClaimStatus extends Of<typeof resourceClaimStatus> {}

export const resourceClaim = message('io.k8s.api.resource.v1.ResourceClaim', 'A request for devices, which pods can share.', () => ({
  apiVersion: string(undefined, 'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.'),
  kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
  metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
    present: true,
  }),
  spec: ref(resourceClaimSpec, 2, 'What it asks for; cannot be changed.', { required: true }),
  status: ref(resourceClaimStatus, 3, 'The state last seen; written by the system, not by users.', { present: true }),
}));
export interface ResourceClaim extends Of<typeof resourceClaim> {}

export const resourceClaimTemplateSpec = message(
  'io.k8s.api.resource.v1.ResourceClaimTemplateSpec',
  'The claim to make for each pod.',
  () => ({
    metadata: ref(objectMeta, 1, 'Labels and annotations for the claims; nothing else is allowed.'),
    spec: ref(resourceClaimSpec, 2, 'What the claims ask for.', { required: true }),
  }),
);
export interface ResourceClaimTemplateSpec extends Of<typeof resourceClaimTemplateSpec> {}

export const resourceClaimTemplate = message(
  'io.k8s.api.resource.v1.ResourceClaimTemplate',
  'A template for claims made for single pods.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
      present: true,
    }),
    spec: ref(resourceClaimTemplateSpec, 2, 'The claim to make for each pod; cannot be changed.', { required: true }),
  }),
);
export interface ResourceClaimTemplate extends Of<typeof resourceClaimTemplate> {}
