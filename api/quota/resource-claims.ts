import type { KubeObject } from '../object.ts';
import { Quantity } from '../quantity.ts';
import type { DeviceRequest, ExactDeviceRequest, ResourceClaim } from '../resource/v1/resource-claim.ts';
import type { ResourceList } from '../resources.ts';
import { ONE, type QuotaEvaluator } from './evaluator.ts';

const COUNT = 'count/resourceclaims.resource.k8s.io';
const PER_CLASS = '.deviceclass.resource.k8s.io/devices';
/** Devices that a claim can be given at most. */
const DEVICES_MAX = 32;

/** What claims of devices use, by device class. Upstream: `pkg/quota/v1/evaluator/core/resource_claims.go`. */
export const resourceClaimQuota: QuotaEvaluator = {
  handles: ({ operation, subresource }) => subresource === '' && (operation === 'CREATE' || operation === 'UPDATE'),
  matchingResources: (names) => names.filter((name) => name === COUNT || name.endsWith(PER_CLASS)),
  usage: (object) => usageOf(asClaim(object)),
};

/** The evaluator is asked about claims alone. */
const asClaim = (object: KubeObject): ResourceClaim => object as ResourceClaim;

function usageOf({ spec }: ResourceClaim): ResourceList {
  const usage = new Map([[COUNT, ONE]]);
  for (const request of spec.devices?.requests ?? []) {
    for (const [className, devices] of devicesOf(request)) {
      const name = `${className}${PER_CLASS}`;
      const more = Quantity.of(devices);
      usage.set(name, usage.get(name)?.add(more) ?? more);
    }
  }
  return usage;
}

/** A request of any version: before v1 what is asked for exactly stood in the request itself. */
type AnyRequest = DeviceRequest & Partial<ExactDeviceRequest>;

/** Devices of each class: of alternatives the one that needs most. */
function devicesOf({ exactly, firstAvailable, deviceClassName, allocationMode, count }: AnyRequest): ReadonlyMap<string, number> {
  const exact = exactly ?? (deviceClassName ? { deviceClassName, allocationMode, count } : undefined);
  const alternatives = firstAvailable && firstAvailable.length > 0 ? firstAvailable : exact ? [exact] : [];
  const most = new Map<string, number>();
  for (const asked of alternatives) {
    const devices = asked.allocationMode === 'ExactCount' ? (asked.count ?? 0) : asked.allocationMode === 'All' ? DEVICES_MAX : 0;
    most.set(asked.deviceClassName, Math.max(devices, most.get(asked.deviceClassName) ?? 0));
  }
  return most;
}
