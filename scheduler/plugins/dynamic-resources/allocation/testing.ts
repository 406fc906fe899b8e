// Builders for tests of devices.
import type {
  Device,
  DeviceAttribute,
  DeviceClass,
  DeviceConstraint,
  DeviceRequest,
  DeviceSubRequest,
  ExactDeviceRequest,
  Live,
  LiveMeta,
  ResourceSlice,
} from '../../../../api/index.ts';
import type { Claim } from './requests.ts';

export const DRIVER = 'driver-a';
const meta = (name: string, namespace?: string): LiveMeta => ({
  name,
  ...(namespace === undefined ? {} : { namespace }),
  uid: `uid-${name}`,
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
});

export const cel = (expression: string) => ({ cel: { expression } });

export const aDevice = (name: string, attributes: Record<string, DeviceAttribute> = {}, capacity: Record<string, string> = {}): Device => ({
  name,
  attributes,
  capacity: Object.fromEntries(Object.entries(capacity).map(([key, value]) => [key, { value }])),
});

/** A slice of a pool of its own, of node-1 unless it is said where. */
export const aSlice = (name: string, devices: readonly Device[], more: Partial<ResourceSlice['spec']> = {}): Live<ResourceSlice> => {
  const isPlaced = more.allNodes !== undefined || more.nodeSelector !== undefined || 'nodeName' in more;
  const pool = { name: `pool-${name}`, generation: 1, resourceSliceCount: 1 };
  return {
    metadata: meta(name),
    spec: { driver: DRIVER, pool, devices: [...devices], ...(isPlaced ? {} : { nodeName: 'node-1' }), ...more },
  };
};

export const aClass = (name = 'class-a', spec: DeviceClass['spec'] = {}): Live<DeviceClass> => ({ metadata: meta(name), spec });

export const exactly = (name: string, more: Partial<ExactDeviceRequest> = {}): DeviceRequest => ({
  name,
  exactly: { deviceClassName: 'class-a', allocationMode: 'ExactCount', count: 1, ...more },
});
export const all = (name: string, more: Partial<ExactDeviceRequest> = {}): DeviceRequest => ({
  name,
  exactly: { deviceClassName: 'class-a', allocationMode: 'All', ...more },
});
export const firstOf = (name: string, ...firstAvailable: DeviceSubRequest[]): DeviceRequest => ({ name, firstAvailable });
export const or = (name: string, more: Partial<DeviceSubRequest> = {}): DeviceSubRequest => ({
  name,
  deviceClassName: 'class-a',
  allocationMode: 'ExactCount',
  count: 1,
  ...more,
});

export const aClaim = (
  name: string,
  requests: DeviceRequest[],
  more: { constraints?: DeviceConstraint[]; config?: NonNullable<Claim['spec']['devices']>['config']; metadata?: Partial<LiveMeta> } = {},
): Claim => {
  const { metadata, ...rest } = more;
  return { metadata: { ...meta(name, 'default'), ...metadata }, spec: { devices: { requests, ...rest } }, status: {} };
};

/** That the claim has these devices, as `pool/device` of driver-a. */
export const having = (claim: Claim, devices: readonly string[], status: Claim['status'] = {}): Claim => ({
  ...claim,
  status: {
    allocation: {
      devices: {
        results: devices.map((id) => {
          const [pool = '', device = ''] = id.split('/');
          return { request: 'r', driver: DRIVER, pool, device };
        }),
      },
      ...status.allocation,
    },
    ...(status.reservedFor ? { reservedFor: status.reservedFor } : {}),
  },
});
