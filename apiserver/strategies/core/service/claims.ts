import { familyOf, type KubeObject, type Service } from '../../../../api/index.ts';
import { type Random, systemRandom } from '../../../../runtime/index.ts';
import { canonicalIp } from '../../../allocators/ip-range.ts';
import type { Claim } from '../../../registry/claims.ts';
import { WireForm } from '../../../registry/wire-form.ts';

/** Cluster IPs are IPAddress objects, as upstream's (KEP-1880): the key is the place of the object of that name. */
export const SERVICE_IPS = 'ipaddresses/';
/** A key for each node port; upstream has all in one bitmap, `ranges/servicenodeports`. */
export const NODE_PORTS = 'ranges/servicenodeports/';

const GROUP_VERSION = { group: 'networking.k8s.io', version: 'v1' } as const;
const MANAGED_BY = 'ipaddress.kubernetes.io/managed-by';
const FAMILY = 'ipaddress.kubernetes.io/ip-family';
/** Who made an address that is a Service's. Upstream: pkg/registry/core/service/ipallocator. */
const ALLOCATOR = 'ipallocator.k8s.io';

const addressForm = new WireForm({ ...GROUP_VERSION, kind: 'IPAddress' });

/** What the API server owns of an address it made. */
const OWNED = {
  'f:metadata': { 'f:labels': { '.': {}, [`f:${FAMILY}`]: {}, [`f:${MANAGED_BY}`]: {} } },
  'f:spec': { 'f:parentRef': { '.': {}, 'f:name': {}, 'f:namespace': {}, 'f:resource': {} } },
};

/** Where the claim of an address is. */
export const placeOfIp = (ip: string): string => SERVICE_IPS + canonicalIp(ip);

/** A cluster IP of a Service. */
export const ipAddressOf = ({ metadata }: Service, ip: string, random: Random = systemRandom): Claim => ({
  place: placeOfIp(ip),
  // `pkg/registry/core/service/ipallocator/controller/repairip.go`
  repair: {
    kind: 'Service',
    apiVersion: 'v1',
    reason: 'ClusterIPNotAllocated',
    action: 'ClusterIPAllocation',
    note: `Cluster IP [${familyOf(ip)}]: ${canonicalIp(ip)} is not allocated; repairing`,
    controller: 'ipallocator-repair-controller',
  },
  value: () => {
    const { name, namespace, creationTimestamp } = metadata;
    const address: KubeObject & { spec: object } = {
      metadata: {
        name: canonicalIp(ip),
        uid: random.uuid(),
        creationTimestamp,
        labels: { [FAMILY]: familyOf(ip), [MANAGED_BY]: ALLOCATOR },
        managedFields: [
          {
            manager: 'kube-apiserver',
            operation: 'Update',
            apiVersion: `${GROUP_VERSION.group}/${GROUP_VERSION.version}`,
            time: creationTimestamp,
            fieldsType: 'FieldsV1',
            fieldsV1: OWNED,
          },
        ],
      },
      spec: { parentRef: { resource: 'services', namespace, name } },
    };
    return addressForm.encode(address);
  },
});

/** A node port of a Service, with whose it is for people to read. */
export const nodePortOf = ({ metadata }: Service, port: number): Claim => ({
  place: NODE_PORTS + port,
  value: () => Buffer.from(JSON.stringify({ resource: 'services', namespace: metadata.namespace, name: metadata.name })),
});

/** Whether an IPAddress belongs to a Service; others make them too, for what they hand out themselves. */
export const isAllocatedAddress = (value: Buffer): boolean => value.includes(`${JSON.stringify(MANAGED_BY)}:${JSON.stringify(ALLOCATOR)}`);

export const isNodePort = (): boolean => true;
