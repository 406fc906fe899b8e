import { nodeSelector } from '../../core/v1/node-selector.ts';
import { condition } from '../../meta/v1/condition.ts';
import { objectMeta } from '../../meta/v1/object-meta.ts';
import { bool, int64, item, list, map, of, rawExtension, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { deviceSelector, opaqueDeviceConfiguration } from './device.ts';

export const networkDeviceData = message('io.k8s.api.resource.v1.NetworkDeviceData', '', () => ({
  interfaceName: string(1, ''),
  ips: list(item.string(), 2, '', { listType: 'atomic' }),
  hardwareAddress: string(3, ''),
}));
export interface NetworkDeviceData extends Of<typeof networkDeviceData> {}

export const allocatedDeviceStatus = message('io.k8s.api.resource.v1.AllocatedDeviceStatus', '', () => ({
  driver: string(1, '', { required: true }),
  pool: string(2, '', { required: true }),
  device: string(3, '', { required: true }),
  shareID: string(7, '', { pointer: true }),
  conditions: list(of(condition), 4, '', { always: true, listType: 'map', listMapKeys: ['type'] }),
  data: rawExtension(5, '', { pointer: true }),
  networkData: ref(networkDeviceData, 6, '', { pointer: true }),
}));
export interface AllocatedDeviceStatus extends Of<typeof allocatedDeviceStatus> {}

export const deviceToleration = message('io.k8s.api.resource.v1.DeviceToleration', '', () => ({
  key: string(1, ''),
  operator: string(2, '', { enum: ['Equal', 'Exists'], default: 'Equal' }),
  value: string(3, ''),
  effect: string(4, '', { enum: ['NoExecute', 'NoSchedule'] }),
  tolerationSeconds: int64(5, '', { pointer: true }),
}));
export interface DeviceToleration extends Of<typeof deviceToleration> {}

export const deviceRequestAllocationResult = message('io.k8s.api.resource.v1.DeviceRequestAllocationResult', '', () => ({
  request: string(1, '', { required: true }),
  driver: string(2, '', { required: true }),
  pool: string(3, '', { required: true }),
  device: string(4, '', { required: true }),
  adminAccess: bool(5, '', { pointer: true }),
  tolerations: list(of(deviceToleration), 6, '', { listType: 'atomic' }),
  bindingConditions: list(item.string(), 7, '', { listType: 'atomic' }),
  bindingFailureConditions: list(item.string(), 8, '', { listType: 'atomic' }),
  shareID: string(9, '', { pointer: true }),
  consumedCapacity: map(item.quantity(), 10, ''),
}));
export interface DeviceRequestAllocationResult extends Of<typeof deviceRequestAllocationResult> {}

export const deviceAllocationConfiguration = message('io.k8s.api.resource.v1.DeviceAllocationConfiguration', '', () => ({
  source: string(1, '', { required: true }),
  requests: list(item.string(), 2, '', { listType: 'atomic' }),
  opaque: ref(opaqueDeviceConfiguration, [3, 1], '', { pointer: true }),
}));
export interface DeviceAllocationConfiguration extends Of<typeof deviceAllocationConfiguration> {}

export const deviceAllocationResult = message('io.k8s.api.resource.v1.DeviceAllocationResult', '', () => ({
  results: list(of(deviceRequestAllocationResult), 1, '', { listType: 'atomic' }),
  config: list(of(deviceAllocationConfiguration), 2, '', { listType: 'atomic' }),
}));
export interface DeviceAllocationResult extends Of<typeof deviceAllocationResult> {}

export const allocationResult = message('io.k8s.api.resource.v1.AllocationResult', '', () => ({
  devices: ref(deviceAllocationResult, 1, ''),
  nodeSelector: ref(nodeSelector, 3, '', { pointer: true }),
  allocationTimestamp: time(5, '', { pointer: true }),
}));
export interface AllocationResult extends Of<typeof allocationResult> {}

export const capacityRequirements = message('io.k8s.api.resource.v1.CapacityRequirements', '', () => ({
  requests: map(item.quantity(), 1, ''),
}));
export interface CapacityRequirements extends Of<typeof capacityRequirements> {}

export const exactDeviceRequest = message('io.k8s.api.resource.v1.ExactDeviceRequest', '', () => ({
  deviceClassName: string(1, '', { required: true }),
  selectors: list(of(deviceSelector), 2, '', { listType: 'atomic' }),
  allocationMode: string(3, ''),
  count: int64(4, ''),
  adminAccess: bool(5, '', { pointer: true }),
  tolerations: list(of(deviceToleration), 6, '', { listType: 'atomic' }),
  capacity: ref(capacityRequirements, 7, '', { pointer: true }),
}));
export interface ExactDeviceRequest extends Of<typeof exactDeviceRequest> {}

export const deviceSubRequest = message('io.k8s.api.resource.v1.DeviceSubRequest', '', () => ({
  name: string(1, '', { required: true }),
  deviceClassName: string(2, '', { required: true }),
  selectors: list(of(deviceSelector), 3, '', { listType: 'atomic' }),
  allocationMode: string(4, ''),
  count: int64(5, ''),
  tolerations: list(of(deviceToleration), 6, '', { listType: 'atomic' }),
  capacity: ref(capacityRequirements, 7, '', { pointer: true }),
}));
export interface DeviceSubRequest extends Of<typeof deviceSubRequest> {}

export const deviceRequest = message('io.k8s.api.resource.v1.DeviceRequest', '', () => ({
  name: string(1, '', { required: true }),
  exactly: ref(exactDeviceRequest, 2, '', { pointer: true }),
  firstAvailable: list(of(deviceSubRequest), 3, '', { listType: 'atomic' }),
}));
export interface DeviceRequest extends Of<typeof deviceRequest> {}

export const deviceConstraint = message('io.k8s.api.resource.v1.DeviceConstraint', '', () => ({
  requests: list(item.string(), 1, '', { listType: 'atomic' }),
  matchAttribute: string(2, '', { pointer: true }),
  distinctAttribute: string(3, '', { pointer: true }),
}));
export interface DeviceConstraint extends Of<typeof deviceConstraint> {}

export const deviceClaimConfiguration = message('io.k8s.api.resource.v1.DeviceClaimConfiguration', '', () => ({
  requests: list(item.string(), 1, '', { listType: 'atomic' }),
  opaque: ref(opaqueDeviceConfiguration, [2, 1], '', { pointer: true }),
}));
export interface DeviceClaimConfiguration extends Of<typeof deviceClaimConfiguration> {}

export const deviceClaim = message('io.k8s.api.resource.v1.DeviceClaim', '', () => ({
  requests: list(of(deviceRequest), 1, '', { always: true, listType: 'atomic' }),
  constraints: list(of(deviceConstraint), 2, '', { listType: 'atomic' }),
  config: list(of(deviceClaimConfiguration), 3, '', { listType: 'atomic' }),
}));
export interface DeviceClaim extends Of<typeof deviceClaim> {}

export const resourceClaimSpec = message('io.k8s.api.resource.v1.ResourceClaimSpec', '', () => ({
  devices: ref(deviceClaim, 1, ''),
}));
export interface ResourceClaimSpec extends Of<typeof resourceClaimSpec> {}

export const resourceClaimConsumerReference = message('io.k8s.api.resource.v1.ResourceClaimConsumerReference', '', () => ({
  apiGroup: string(1, ''),
  resource: string(3, '', { required: true }),
  name: string(4, '', { required: true }),
  uid: string(5, '', { required: true }),
}));
export interface ResourceClaimConsumerReference extends Of<typeof resourceClaimConsumerReference> {}

export const resourceClaimStatus = message('io.k8s.api.resource.v1.ResourceClaimStatus', '', () => ({
  allocation: ref(allocationResult, 1, '', { pointer: true }),
  reservedFor: list(of(resourceClaimConsumerReference), 2, '', {
    listType: 'map',
    listMapKeys: ['uid'],
    patchMergeKey: 'uid',
    patchStrategy: 'merge',
  }),
  devices: list(of(allocatedDeviceStatus), 4, '', { listType: 'map', listMapKeys: ['driver', 'device', 'pool', 'shareID'] }),
}));
export interface ResourceClaimStatus extends Of<typeof resourceClaimStatus> {}

export const resourceClaim = message('io.k8s.api.resource.v1.ResourceClaim', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  spec: ref(resourceClaimSpec, 2, '', { required: true }),
  status: ref(resourceClaimStatus, 3, '', { present: true }),
}));
export interface ResourceClaim extends Of<typeof resourceClaim> {}

export const resourceClaimTemplateSpec = message('io.k8s.api.resource.v1.ResourceClaimTemplateSpec', '', () => ({
  metadata: ref(objectMeta, 1, ''),
  spec: ref(resourceClaimSpec, 2, '', { required: true }),
}));
export interface ResourceClaimTemplateSpec extends Of<typeof resourceClaimTemplateSpec> {}

export const resourceClaimTemplate = message('io.k8s.api.resource.v1.ResourceClaimTemplate', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  spec: ref(resourceClaimTemplateSpec, 2, '', { required: true }),
}));
export interface ResourceClaimTemplate extends Of<typeof resourceClaimTemplate> {}
