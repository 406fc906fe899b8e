// Objects for tables of plans: only what a case is about has to be said.
import {
  apiVersionOf,
  appsKinds,
  type CronJob,
  type DaemonSet,
  type Deployment,
  type Job,
  type KindInfo,
  type KubeObject,
  type Live,
  type LiveMeta,
  type Node,
  type Pod,
  type PodDisruptionBudget,
  type ReplicaSet,
  type Service,
  type StatefulSet,
  toTime,
} from '../../api/index.ts';

/** The moment at which tests take place. */
export const NOW = Date.UTC(2026, 0, 1, 12);

export const ago = (seconds: number): string => toTime(NOW - seconds * 1000);

export const meta = (name: string, more: Partial<LiveMeta> = {}): LiveMeta => ({
  name,
  namespace: 'default',
  uid: `uid-${name}`,
  resourceVersion: '1',
  creationTimestamp: ago(3600),
  generation: 1,
  ...more,
});

const ownerRef = (kind: KindInfo, owner: Live<KubeObject>) => ({
  apiVersion: apiVersionOf(kind),
  kind: kind.kind,
  name: owner.metadata.name,
  uid: owner.metadata.uid,
  controller: true,
  blockOwnerDeletion: true,
});

/** A pod, pending unless it is said to be something else. */
export class PodBuilder {
  #pod: Live<Pod>;

  constructor(name: string) {
    this.#pod = {
      metadata: meta(name, { labels: { app: 'web' } }),
      spec: { containers: [{ name: 'app', resources: {} }] },
      status: { phase: 'Pending' },
    };
  }

  on(nodeName: string): this {
    this.#pod.spec.nodeName = nodeName;
    return this;
  }

  phase(phase: string): this {
    this.#pod.status.phase = phase;
    return this;
  }

  running(): this {
    return this.phase('Running');
  }

  /** Running, and ready for so many seconds. */
  ready(seconds = 60): this {
    this.#pod.status.conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: ago(seconds) }];
    return this.running();
  }

  created(secondsAgo: number): this {
    this.#pod.metadata.creationTimestamp = ago(secondsAgo);
    return this;
  }

  /** Started so many seconds ago. */
  started(secondsAgo: number): this {
    this.#pod.status.startTime = ago(secondsAgo);
    return this;
  }

  /** What its container requests. */
  requests(requests: Record<string, string>): this {
    this.#pod.spec.containers = [{ name: 'app', resources: { requests } }];
    return this;
  }

  restarted(restartCount: number): this {
    this.#pod.status.containerStatuses = [{ name: 'app', ready: true, restartCount, image: '', imageID: '' }];
    return this;
  }

  labels(labels: Record<string, string>): this {
    this.#pod.metadata.labels = labels;
    return this;
  }

  annotated(annotations: Record<string, string>): this {
    this.#pod.metadata.annotations = annotations;
    return this;
  }

  ip(podIP: string): this {
    this.#pod.status.podIP = podIP;
    this.#pod.status.podIPs = [{ ip: podIP }];
    return this;
  }

  deleting(secondsAgo = 1): this {
    this.#pod.metadata.deletionTimestamp = ago(secondsAgo);
    return this;
  }

  ownedBy(kind: KindInfo, owner: Live<KubeObject>): this {
    this.#pod.metadata.ownerReferences = [ownerRef(kind, owner)];
    return this;
  }

  change(change: (pod: Live<Pod>) => void): this {
    change(this.#pod);
    return this;
  }

  build(): Live<Pod> {
    return structuredClone(this.#pod);
  }
}

export const aPod = (name: string): PodBuilder => new PodBuilder(name);

const template = (image: string) => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'app', image, resources: {} }] },
});

export const aReplicaSet = (
  replicas: number,
  more: { spec?: Partial<ReplicaSet['spec']>; status?: Partial<ReplicaSet['status']>; metadata?: Partial<LiveMeta> } = {},
): Live<ReplicaSet> => ({
  metadata: meta('web-1', more.metadata),
  spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: template('web:1'), ...more.spec },
  status: { replicas: 0, ...more.status },
});

export const aDeployment = (
  replicas: number,
  more: { spec?: Partial<Deployment['spec']>; status?: Partial<Deployment['status']>; metadata?: Partial<LiveMeta>; image?: string } = {},
): Live<Deployment> => ({
  metadata: meta('web', more.metadata),
  spec: {
    replicas,
    selector: { matchLabels: { app: 'web' } },
    template: template(more.image ?? 'web:1'),
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
    ...more.spec,
  },
  status: { ...more.status },
});

/** A ReplicaSet of a Deployment, with the template of an image. */
export const aRevision = (
  deployment: Live<Deployment>,
  image: string,
  more: { replicas: number; available?: number; revision: number; annotations?: Record<string, string>; created?: number },
): Live<ReplicaSet> => {
  const name = `${deployment.metadata.name}-${image.replace(':', '')}`;
  const base = template(image);
  const available = more.available ?? more.replicas;
  return {
    metadata: meta(name, {
      ownerReferences: [ownerRef(appsKinds.deployments, deployment)],
      creationTimestamp: ago(more.created ?? 1000 - more.revision),
      annotations: { 'deployment.kubernetes.io/revision': String(more.revision), ...more.annotations },
    }),
    spec: {
      replicas: more.replicas,
      selector: { matchLabels: { app: 'web', 'pod-template-hash': name } },
      template: { ...base, metadata: { labels: { app: 'web', 'pod-template-hash': name } } },
    },
    status: { replicas: more.replicas, readyReplicas: available, availableReplicas: available, observedGeneration: 1 },
  };
};

export const aNode = (
  name: string,
  more: { spec?: Node['spec']; status?: Node['status']; metadata?: Partial<LiveMeta> } = {},
): Live<Node> => ({
  metadata: meta(name, { namespace: undefined, labels: {}, ...more.metadata }),
  spec: { ...more.spec },
  status: { conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: ago(5), lastTransitionTime: ago(600) }], ...more.status },
});

export const aDaemonSet = (more: { spec?: Partial<DaemonSet['spec']>; metadata?: Partial<LiveMeta> } = {}): Live<DaemonSet> => ({
  metadata: meta('agent', more.metadata),
  spec: {
    selector: { matchLabels: { app: 'web' } },
    template: template('agent:1'),
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
    revisionHistoryLimit: 10,
    ...more.spec,
  },
  status: { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 },
});

export const aStatefulSet = (
  replicas: number,
  more: { spec?: Partial<StatefulSet['spec']>; status?: Partial<StatefulSet['status']>; metadata?: Partial<LiveMeta>; image?: string } = {},
): Live<StatefulSet> => ({
  metadata: meta('web', more.metadata),
  spec: {
    replicas,
    serviceName: 'web',
    selector: { matchLabels: { app: 'web' } },
    template: template(more.image ?? 'web:1'),
    podManagementPolicy: 'OrderedReady',
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
    revisionHistoryLimit: 10,
    ...more.spec,
  },
  status: { replicas: 0, availableReplicas: 0, ...more.status },
});

export const aService = (spec: Service['spec'] = {}): Live<Service> => ({
  metadata: meta('web'),
  spec: { selector: { app: 'web' }, clusterIP: '10.96.0.5', ports: [{ port: 80, targetPort: 8080, protocol: 'TCP' }], ...spec },
  status: {},
});

export const aJob = (
  more: { spec?: Partial<Job['spec']>; status?: Partial<Job['status']>; metadata?: Partial<LiveMeta> } = {},
): Live<Job> => ({
  metadata: meta('work', more.metadata),
  spec: {
    parallelism: 1,
    completions: 1,
    backoffLimit: 6,
    completionMode: 'NonIndexed',
    podReplacementPolicy: 'TerminatingOrFailed',
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'app', resources: {} }], restartPolicy: 'Never' } },
    ...more.spec,
  },
  status: { startTime: ago(60), ...more.status },
});

export const aCronJob = (
  more: { spec?: Partial<CronJob['spec']>; status?: CronJob['status']; metadata?: Partial<LiveMeta> } = {},
): Live<CronJob> => ({
  metadata: meta('tick', more.metadata),
  spec: { schedule: '0 * * * *', concurrencyPolicy: 'Allow', jobTemplate: { spec: { template: {} } }, ...more.spec },
  status: { ...more.status },
});

export const aBudget = (
  spec: PodDisruptionBudget['spec'],
  status: Partial<PodDisruptionBudget['status']> = {},
): Live<PodDisruptionBudget> => ({
  metadata: meta('budget'),
  spec: { selector: { matchLabels: { app: 'web' } }, ...spec },
  status: { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0, ...status },
});
