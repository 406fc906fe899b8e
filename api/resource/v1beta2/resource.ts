import { otherVersion } from '../../schema/other-version.ts';
import { type DeviceClass, deviceClass as presentClass } from '../v1/device-class.ts';
import {
  resourceClaim as presentClaim,
  resourceClaimTemplate as presentTemplate,
  type ResourceClaim,
  type ResourceClaimTemplate,
} from '../v1/resource-claim.ts';
import { resourceSlice as presentSlice, type ResourceSlice } from '../v1/resource-slice.ts';

/** The same fields throughout. */
const NAMES = { from: 'io.k8s.api.resource.v1.', to: 'io.k8s.api.resource.v1beta2.' };

export const deviceClass = otherVersion<DeviceClass>(presentClass, NAMES);
export const resourceClaim = otherVersion<ResourceClaim>(presentClaim, NAMES);
export const resourceClaimTemplate = otherVersion<ResourceClaimTemplate>(presentTemplate, NAMES);
export const resourceSlice = otherVersion<ResourceSlice>(presentSlice, NAMES);
