import {
  type Container,
  coreKinds,
  type DaemonSet,
  type Job,
  type KubeObject,
  type Live,
  type Pod,
  type PodTemplateSpec,
  type PriorityClass,
  type ReplicaSet,
  schedulingKinds,
} from '../../api/index.ts';
import { asStored, type ClusterState } from './cluster-state.ts';

/** The kinds whose pods are so many of one template. */
const REPLICATED = ['Deployment', 'ReplicaSet', 'StatefulSet', 'ReplicationController'];

/** The pods that an object of a manifest stands for: itself, or those its controller would make; as the API server would store them. */
export function podsOf(object: KubeObject, state: ClusterState): Live<Pod>[] {
  const { kind = '' } = object;
  if (kind === 'Pod') return [admitted(object as Pod, state)];
  if (REPLICATED.includes(kind)) {
    const { spec } = object as ReplicaSet;
    return fromTemplate(object, spec?.template, spec?.replicas ?? 1, state);
  }
  if (kind === 'Job') {
    const { spec } = object as Job;
    return fromTemplate(object, spec?.template, Math.min(spec?.parallelism ?? 1, spec?.completions ?? Number.POSITIVE_INFINITY), state);
  }
  if (kind === 'DaemonSet') return onEveryNode(object as DaemonSet, state);
  return [];
}

function fromTemplate(owner: KubeObject, template: PodTemplateSpec | undefined, count: number, state: ClusterState): Live<Pod>[] {
  return Array.from({ length: count }, (_, i) => fromOne(owner, template, i, state));
}

function fromOne(owner: KubeObject, template: PodTemplateSpec | undefined, i: number, state: ClusterState): Live<Pod> {
  const { name = '', namespace } = owner.metadata;
  const metadata = { ...template?.metadata, name: `${name}-${i}`, ...(namespace === undefined ? {} : { namespace }) };
  const pod: unknown = { apiVersion: 'v1', kind: 'Pod', metadata, spec: template?.spec ?? {}, status: {} };
  return admitted(pod as Pod, state);
}

/** A pod for each node, which its affinity names, as the controller makes them. */
function onEveryNode(set: DaemonSet, state: ClusterState): Live<Pod>[] {
  return state.nodes.map(({ metadata: { name } }, i) => {
    const pod = fromOne(set, set.spec?.template, i, state);
    const nodeSelectorTerms = [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [name] }] }];
    pod.spec.affinity = { ...pod.spec.affinity, nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } };
    return pod;
  });
}

/** Fills in what the API server would, as far as scheduling looks at it. */
function admitted(pod: Pod, state: ClusterState): Live<Pod> {
  const stored = structuredClone(asStored(pod, coreKinds.pods)) as Live<Pod>;
  stored.status ??= {};
  stored.spec.schedulerName ??= 'default-scheduler';
  stored.spec.priority ??= priorityOf(stored, state);
  for (const container of [...(stored.spec.containers ?? []), ...(stored.spec.initContainers ?? [])]) requestWhatIsLimited(container);
  return stored;
}

const SYSTEM_PRIORITIES: ReadonlyMap<string, number> = new Map([
  ['system-node-critical', 2_000_001_000],
  ['system-cluster-critical', 2_000_000_000],
]);

function priorityOf({ spec }: Pod, state: ClusterState): number {
  const classes = state.of<PriorityClass>(schedulingKinds.priorityclasses);
  const name = spec.priorityClassName;
  if (!name) return classes.find(({ globalDefault }) => globalDefault)?.value ?? 0;
  return classes.find(({ metadata }) => metadata.name === name)?.value ?? SYSTEM_PRIORITIES.get(name) ?? 0;
}

function requestWhatIsLimited(container: Container): void {
  const { resources } = container;
  if (resources?.limits) container.resources = { ...resources, requests: { ...resources.limits, ...resources.requests } };
}
