// Requests before `exactly` was a struct of its own, and devices whose facts are in one, `basic`.

import { bool, int64, list, of, ref, string } from '../../schema/fields.ts';
import { type Message, message } from '../../schema/message.ts';
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
  device,
  type Device as PresentDevice,
  type ResourceSlice as PresentSlice,
  type ResourceSliceSpec as PresentSliceSpec,
  resourceSlice as presentSlice,
} from '../v1/resource-slice.ts';

const tolerations = (number: number) =>
  list(of(deviceToleration), number, 'Taints of devices that are put up with.', { listType: 'atomic' });
const capacity = (number: number) =>
  ref(capacityRequirements, number, 'How much of each device is wanted, where devices are shared.', { pointer: true });

const facts = () => [...device.fields].filter(([name]) => name !== 'name');

/** What a device of v1 says beside its name, in the same order. Named as the others here: all get the names of their version below. */
const basicDevice = message('io.k8s.api.resource.v1.BasicDevice', 'What a device can do.', () =>
  Object.fromEntries(facts().map(([name, info]) => [name, { info: { ...info, number: Number(info.number) - 1 } }])),
) as Message<BasicDevice>;
export type BasicDevice = Omit<PresentDevice, 'name'>;

const V1BETA1: VersionChanges = {
  from: 'io.k8s.api.resource.v1.',
  to: 'io.k8s.api.resource.v1beta1.',
  fields: {
    ResourceSliceSpec: {
      nodeName: string(3, 'Node all the devices are on; cannot be changed.'),
      allNodes: bool(5, 'True if all nodes reach all the devices.'),
    },
    Device: {
      attributes: undefined,
      capacity: undefined,
      consumesCounters: undefined,
      nodeName: undefined,
      nodeSelector: undefined,
      allNodes: undefined,
      taints: undefined,
      bindsToNode: undefined,
      bindingConditions: undefined,
      bindingFailureConditions: undefined,
      allowMultipleAllocations: undefined,
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
