// What resource.k8s.io/v1beta2 and v1beta1 have of claims, templates, slices and classes. Upstream: `pkg/apis/resource/v1beta1/conversion.go`,
// `pkg/apis/resource/v1beta1/defaults.go`; v1beta2 has the fields of v1.
import {
  type ResourceV1beta1ResourceClaim as BetaClaim,
  type ResourceV1beta1DeviceClaim as BetaDeviceClaim,
  type ResourceV1beta1DeviceRequest as BetaDeviceRequest,
  type ResourceV1beta1ResourceSlice as BetaSlice,
  type ResourceV1beta1ResourceClaimTemplate as BetaTemplate,
  type DeviceClaim,
  type DeviceRequest,
  type KindInfo,
  type KubeObject,
  type ResourceV1ResourceClaim as ResourceClaim,
  type ResourceClaimTemplate,
  type ResourceSlice,
  resourceKinds,
} from '../../../api/index.ts';
import { olderKinds } from '../../../api/schema.ts';
import type { Strategy, VersionView } from '../../registry/strategy.ts';
import { listOf } from '../../validation/field-errors.ts';
import { normalForm } from '../normal-form.ts';
import { sameFields } from '../same-fields.ts';
import { setRequestDefaults } from './device-fields.ts';

const views = (v1beta2: VersionView, v1beta1: VersionView): Strategy['views'] => ({
  'resource.k8s.io/v1beta2': v1beta2,
  'resource.k8s.io/v1beta1': v1beta1,
});

export const deviceClassViews = views(
  sameFields(resourceKinds.deviceclasses, olderKinds.deviceclassesV1beta2),
  sameFields(resourceKinds.deviceclasses, olderKinds.deviceclassesV1beta1),
);

export const resourceClaimViews = views(
  sameFields(resourceKinds.resourceclaims, olderKinds.resourceclaimsV1beta2),
  flatRequests<BetaClaim, ResourceClaim>(resourceKinds.resourceclaims, olderKinds.resourceclaimsV1beta1, {
    devicesOf: ({ spec }) => spec.devices,
    withDevices: (claim, devices) => ({ ...claim, spec: { ...claim.spec, devices } }),
  }),
);

export const resourceClaimTemplateViews = views(
  sameFields(resourceKinds.resourceclaimtemplates, olderKinds.resourceclaimtemplatesV1beta2),
  flatRequests<BetaTemplate, ResourceClaimTemplate>(resourceKinds.resourceclaimtemplates, olderKinds.resourceclaimtemplatesV1beta1, {
    devicesOf: ({ spec }) => spec.spec?.devices,
    withDevices: (template, devices) => ({ ...template, spec: { ...template.spec, spec: { ...template.spec.spec, devices } } }),
  }),
);

/** Where a kind has its device claim. */
interface Place<B, S> {
  devicesOf(object: B | S): BetaDeviceClaim | DeviceClaim | undefined;
  withDevices(object: B | S, devices: BetaDeviceClaim | DeviceClaim): object;
}

/** A request of v1beta1 is what `exactly` is of v1. */
function flatRequests<B extends object, S extends object>(stored: KindInfo, own: KindInfo, place: Place<B, S>): VersionView {
  const convert = (object: B | S, request: (request: BetaDeviceRequest & DeviceRequest) => object): object => {
    const devices = place.devicesOf(object);
    if (!devices?.requests) return object;
    return place.withDevices(object, { ...devices, requests: (devices.requests as DeviceRequest[]).map(request) as DeviceRequest[] });
  };
  return {
    setDefaults: (object) => {
      for (const request of listOf((place.devicesOf(object as unknown as B) as BetaDeviceClaim | undefined)?.requests)) {
        if (request.deviceClassName) setRequestDefaults(request);
        listOf(request.firstAvailable).forEach(setRequestDefaults);
      }
    },
    toStored: (object: KubeObject) => normalForm(stored, convert(object as unknown as B, requestToStored)),
    fromStored: (object: KubeObject) => normalForm(own, convert(object as unknown as S, requestFromStored)),
  };
}

/** It wants something exactly when it says anything of that; whether that is valid is asked of what is stored. */
function requestToStored({ name, firstAvailable, ...exactly }: BetaDeviceRequest): DeviceRequest {
  const { deviceClassName, selectors, allocationMode, count, adminAccess, tolerations, capacity } = exactly;
  const saysAny = deviceClassName || selectors || allocationMode || count || adminAccess !== undefined || tolerations || capacity;
  return { name, firstAvailable, ...(saysAny ? { exactly: { ...exactly, deviceClassName: deviceClassName ?? '' } } : {}) };
}

const requestFromStored = ({ name, exactly, firstAvailable }: DeviceRequest): BetaDeviceRequest => ({ name, ...exactly, firstAvailable });

export const resourceSliceViews = views(sameFields(resourceKinds.resourceslices, olderKinds.resourceslicesV1beta2), {
  toStored: (object) => {
    const { spec, ...others } = object as BetaSlice;
    const devices = spec.devices?.map(({ name, basic }) => ({ name, ...basic }));
    return normalForm<ResourceSlice>(resourceKinds.resourceslices, { ...others, spec: { ...withoutEmpty(spec), devices } });
  },
  fromStored: (object) => {
    const { spec, ...others } = object as ResourceSlice;
    const devices = spec.devices?.map(({ name, ...basic }) => ({ name, basic }));
    return normalForm(olderKinds.resourceslicesV1beta1, { ...others, spec: { ...withoutEmpty(spec), devices } });
  },
});

/** An empty node name, and `allNodes` that is false, say nothing in v1beta1. */
function withoutEmpty<T extends { nodeName?: string | undefined; allNodes?: boolean | undefined }>(spec: T): T {
  const { nodeName, allNodes, ...others } = spec;
  return { ...others, ...(nodeName ? { nodeName } : {}), ...(allNodes ? { allNodes } : {}) } as T;
}
