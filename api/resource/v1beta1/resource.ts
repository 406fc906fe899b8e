// Requests before `exactly` was a struct of its own, and devices whose facts are in one, `basic`.

import { nodeSelector } from '../../core/v1/node-selector.ts';
import { bool, int64, item, list, map, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { otherVersion, type VersionChanges } from '../../schema/other-version.ts';
import { deviceSelector } from '../v1/device.ts';
import { type DeviceClass, deviceClass as presentClass } from '../v1/device-class.ts';
import {
  capacityRequirements,
  type DeviceSubRequest,
  deviceSubRequest,
  deviceToleration,
  type ExactDeviceRequest,
  type ResourceClaim as PresentClaim,
  type ResourceClaimSpec as PresentClaimSpec,
  type DeviceClaim as PresentDeviceClaim,
  type ResourceClaimTemplate as PresentTemplate,
  type ResourceClaimTemplateSpec as PresentTemplateSpec,
  resourceClaim as presentClaim,
  resourceClaimTemplate as presentTemplate,
} from '../v1/resource-claim.ts';
import {
  deviceAttribute,
  deviceCapacity,
  deviceCounterConsumption,
  deviceTaint,
  type ResourceSlice as PresentSlice,
  type ResourceSliceSpec as PresentSliceSpec,
  resourceSlice as presentSlice,
} from '../v1/resource-slice.ts';

const tolerations = (number: number) =>
  list(of(deviceToleration), number, 'Taints of devices that are put up with.', { listType: 'atomic' });
const capacity = (number: number) =>
  ref(capacityRequirements, number, 'How much of each device is wanted, where devices are shared.', { pointer: true });

/** Named as the others here: all get the names of their version below. */
const basicDevice = message('io.k8s.api.resource.v1.BasicDevice', 'What a device can do.', () => ({
  attributes: map(of(deviceAttribute), 1, 'Facts about it, by name; at most 32 together with capacity.'),
  capacity: map(of(deviceCapacity), 2, 'Amounts it has, by name.'),
  consumesCounters: list(of(deviceCounterConsumption), 3, 'What it draws from the counter sets; at most 32 counters.', {
    listType: 'atomic',
  }),
  nodeName: string(4, 'Node it can be reached from; with perDeviceNodeSelection only.', { pointer: true }),
  nodeSelector: ref(nodeSelector, 5, 'Nodes it can be reached from; with perDeviceNodeSelection only.', { pointer: true }),
  allNodes: bool(6, 'True if all nodes can reach it; with perDeviceNodeSelection only.', { pointer: true }),
  taints: list(of(deviceTaint), 7, 'Marks that keep away claims that do not tolerate them; at most 4.', { listType: 'atomic' }),
  bindsToNode: bool(8, 'True ties the claim to the node chosen, once the device is allocated.', { pointer: true }),
  bindingConditions: list(item.string(), 9, 'Conditions that must be True before the pod is bound to the node; at most 4.', {
    listType: 'atomic',
  }),
  bindingFailureConditions: list(item.string(), 10, 'Conditions of which one that is True ends the attempt to bind; at most 4.', {
    listType: 'atomic',
  }),
  allowMultipleAllocations: bool(11, 'True lets several claims have a part of it.', { pointer: true }),
}));
export interface BasicDevice extends Of<typeof basicDevice> {}

const V1BETA1: VersionChanges = {
  from: 'io.k8s.api.resource.v1.',
  to: 'io.k8s.api.resource.v1beta1.',
  fields: {
    Device: {
      ...{ attributes: undefined, capacity: undefined, consumesCounters: undefined, nodeName: undefined, nodeSelector: undefined },
      ...{ allNodes: undefined, taints: undefined, bindsToNode: undefined, bindingConditions: undefined },
      ...{ bindingFailureConditions: undefined, allowMultipleAllocations: undefined },
      basic: ref(basicDevice, 2, 'What it can do.', { pointer: true }),
    },
    DeviceRequest: {
      exactly: undefined,
      deviceClassName: string(2, 'Class the devices must be of.', { always: true }),
      selectors: list(of(deviceSelector), 3, 'Tests that a device must all pass, besides those of the class.', { listType: 'atomic' }),
      allocationMode: string(4, 'ExactCount (the default) for count devices, All for every one that matches in a pool.'),
      count: int64(5, 'How many devices; 1 unless given, with ExactCount only.'),
      adminAccess: bool(6, "True asks for access beside others' use, for administration; needs a labelled namespace.", { pointer: true }),
      firstAvailable: list(of(deviceSubRequest), 7, 'Alternatives in order of preference; the first that can be had is taken. At most 8.', {
        listType: 'atomic',
      }),
      tolerations: tolerations(8),
      capacity: capacity(9),
    },
    DeviceSubRequest: { tolerations: tolerations(7), capacity: capacity(8) },
  },
};

export type DeviceRequest = { name: string; firstAvailable?: DeviceSubRequest[] | undefined } & Partial<ExactDeviceRequest>;
export type DeviceClaim = Omit<PresentDeviceClaim, 'requests'> & { requests?: DeviceRequest[] | undefined };
export type ResourceClaimSpec = Omit<PresentClaimSpec, 'devices'> & { devices?: DeviceClaim | undefined };
export type ResourceClaim = Omit<PresentClaim, 'spec'> & { spec: ResourceClaimSpec };
export type ResourceClaimTemplateSpec = Omit<PresentTemplateSpec, 'spec'> & { spec: ResourceClaimSpec };
export type ResourceClaimTemplate = Omit<PresentTemplate, 'spec'> & { spec: ResourceClaimTemplateSpec };
export type Device = { name: string; basic?: BasicDevice | undefined };
export type ResourceSliceSpec = Omit<PresentSliceSpec, 'devices'> & { devices?: Device[] | undefined };
export type ResourceSlice = Omit<PresentSlice, 'spec'> & { spec: ResourceSliceSpec };

export const deviceClass = otherVersion<DeviceClass>(presentClass, V1BETA1);
export const resourceClaim = otherVersion<ResourceClaim>(presentClaim, V1BETA1);
export const resourceClaimTemplate = otherVersion<ResourceClaimTemplate>(presentTemplate, V1BETA1);
export const resourceSlice = otherVersion<ResourceSlice>(presentSlice, V1BETA1);
