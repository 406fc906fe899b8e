// Builders of the objects of a scheduler's world, short enough for tables.
import { coreKinds, type KindInfo, storageKinds } from '../../api/index.ts';

export type Labels = Readonly<Record<string, string>>;

/** The uid goes with the name: who is put in again has changed. */
const meta = (name: string, labels: Labels = {}, annotations: Labels = {}) => ({ name, uid: `uid-of-${name}`, labels, annotations });

/** An object and its kind. */
export interface Thing {
  readonly kind: KindInfo;
  readonly object: object;
}

export const node = (
  name: string,
  labels: Labels = {},
  { spec = {}, ...amounts }: { spec?: object; [resource: string]: unknown } = {},
): Thing => {
  const allocatable = { pods: '32', ...amounts };
  return { kind: coreKinds.nodes, object: { metadata: meta(name, labels), spec, status: { allocatable, capacity: allocatable } } };
};

export interface PodParts {
  readonly labels?: Labels;
  readonly requests?: Labels;
  readonly spec?: object;
  readonly hostPort?: number;
}

export const pod = (name: string, { labels, requests = {}, spec = {}, hostPort }: PodParts = {}): Thing => {
  const ports = hostPort ? [{ containerPort: 8080, hostPort, protocol: 'TCP' }] : [];
  const containers = [{ name: 'c', image: 'i', ports, resources: { requests } }];
  return {
    kind: coreKinds.pods,
    object: {
      metadata: { ...meta(name, labels), namespace: 'default' },
      spec: { schedulerName: 'default-scheduler', containers, ...spec },
      status: { phase: 'Pending' },
    },
  };
};

export const running = (name: string, where: string, { spec, ...parts }: PodParts = {}): Thing =>
  pod(name, { ...parts, spec: { ...spec, nodeName: where } });

export const cpu = (amount: string): PodParts => ({ requests: { cpu: amount } });
export const taints = (...keys: string[]) => ({ spec: { taints: keys.map((key) => ({ key, effect: 'NoSchedule' })) } });
export const tolerating = (key: string): PodParts => ({ spec: { tolerations: [{ key, operator: 'Exists' }] } });

export const affinityTo = (key: string, value: string, field = 'matchExpressions') => ({
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ [field]: [{ key, operator: 'In', values: [value] }] }] },
  },
});
export const podTerm = (type: 'podAffinity' | 'podAntiAffinity', key: string, topologyKey: string) => ({
  [type]: {
    requiredDuringSchedulingIgnoredDuringExecution: [{ labelSelector: { matchExpressions: [{ key, operator: 'Exists' }] }, topologyKey }],
  },
});
export const near = (key: string, topologyKey: string, labels: Labels = {}): PodParts => ({
  labels,
  spec: { affinity: podTerm('podAffinity', key, topologyKey) },
});
export const apart = (key: string, topologyKey: string, labels: Labels = {}): PodParts => ({
  labels,
  spec: { affinity: podTerm('podAntiAffinity', key, topologyKey) },
});
export const spread = (key: string, topologyKey: string, minDomains: number, spec: object = {}): PodParts => ({
  labels: { [key]: 'val' },
  spec: {
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey,
        whenUnsatisfiable: 'DoNotSchedule',
        labelSelector: { matchExpressions: [{ key, operator: 'Exists' }] },
        minDomains,
      },
    ],
    ...spec,
  },
});

export const claiming = (claimName: string): PodParts => ({ spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName } }] } });
const size = { storage: '1Mi' };
export const volume = (name: string, { labels, ...spec }: { labels?: Labels; [field: string]: unknown } = {}): Thing => ({
  kind: coreKinds.persistentvolumes,
  object: {
    metadata: meta(name, labels),
    spec: { accessModes: ['ReadWriteMany'], capacity: size, hostPath: { path: '/tmp' }, ...spec },
    status: { phase: 'Available' },
  },
});
export const claim = (name: string, spec: { volumeName?: string; storageClassName?: string } = {}): Thing => ({
  kind: coreKinds.persistentvolumeclaims,
  object: {
    metadata: {
      ...meta(name, {}, spec.volumeName ? { 'pv.kubernetes.io/bind-completed': 'true' } : {}),
      namespace: 'default',
    },
    spec: { accessModes: ['ReadWriteMany'], resources: { requests: size }, ...spec },
    status: { phase: spec.volumeName ? 'Bound' : 'Pending' },
  },
});
export const storageClass = (volumeBindingMode: string, zone?: string, labels?: Labels): Thing => ({
  kind: storageKinds.storageclasses,
  object: {
    metadata: meta('sc1', labels),
    provisioner: 'p',
    volumeBindingMode,
    ...(zone ? { allowedTopologies: [{ matchLabelExpressions: [{ key: ZONE, values: [zone] }] }] } : {}),
  },
});
export const capacity = (amount: string): Thing => ({
  kind: storageKinds.csistoragecapacities,
  object: { metadata: { ...meta('csc'), namespace: 'default' }, storageClassName: 'sc1', capacity: amount },
});
export const csiNode = (name: string, count?: number, annotations?: Labels): Thing => ({
  kind: storageKinds.csinodes,
  object: {
    metadata: meta(name, {}, annotations),
    spec: { drivers: count === undefined ? [] : [{ name: 'csidriver', nodeID: name, allocatable: { count } }] },
  },
});
export const csiDriver = (storageCapacity: boolean): Thing => ({
  kind: storageKinds.csidrivers,
  object: { metadata: meta('csidriver'), spec: { storageCapacity } },
});
export const csi = (volumeHandle: string) => ({ hostPath: undefined, csi: { driver: 'csidriver', volumeHandle } });
export const attachment: Thing = {
  kind: storageKinds.volumeattachments,
  object: {
    metadata: meta('volumeattachment1'),
    spec: { attacher: 'csidriver', nodeName: 'n', source: { persistentVolumeName: 'pv1' } },
    status: { attached: true },
  },
};

export const ZONE = 'topology.kubernetes.io/zone';
export const NOT_READY = 'node.kubernetes.io/not-ready';
export const csiInline = { name: 'w', csi: { driver: 'csidriver' } };
