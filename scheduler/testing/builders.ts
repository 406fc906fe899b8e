import type { Live, Node, OwnerReference, Pod, Toleration } from '../../api/index.ts';

/** Builders for tests. */
const meta = (name: string, namespace?: string) => ({
  name,
  ...(namespace === undefined ? {} : { namespace }),
  uid: `uid-${name}`,
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
});

/** A pod in namespace default: `aPod('p').requests('1', '1Gi').on('node-0').build()`. */
export function aPod(name: string): PodBuilder {
  return new PodBuilder(name);
}

export class PodBuilder {
  readonly #pod: Live<Pod>;

  constructor(name: string) {
    this.#pod = {
      metadata: meta(name, 'default'),
      spec: { containers: [{ name: 'main', image: 'nginx' }], schedulerName: 'default-scheduler' },
      status: { phase: 'Pending' },
    };
  }

  on(nodeName: string): this {
    this.#pod.spec.nodeName = nodeName;
    return this;
  }

  requests(cpu: string, memory: string): this {
    for (const container of this.#pod.spec.containers) container.resources = { requests: { cpu, memory } };
    return this;
  }

  hostPort(port: number): this {
    for (const container of this.#pod.spec.containers) container.ports = [{ containerPort: port, hostPort: port, protocol: 'TCP' }];
    return this;
  }

  tolerating(...tolerations: Toleration[]): this {
    this.#pod.spec.tolerations = tolerations;
    return this;
  }

  selecting(labels: Record<string, string>): this {
    this.#pod.spec.nodeSelector = labels;
    return this;
  }

  priority(priority: number): this {
    this.#pod.spec.priority = priority;
    return this;
  }

  mounting(...volumes: NonNullable<Pod['spec']['volumes']>): this {
    this.#pod.spec.volumes = volumes;
    return this;
  }

  gated(name: string): this {
    this.#pod.spec.schedulingGates = [{ name }];
    return this;
  }

  preferring(key: string, value: string, weight: number): this {
    const preference = { matchExpressions: [{ key, operator: 'In', values: [value] }] };
    this.#pod.spec.affinity = { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight, preference }] } };
    return this;
  }

  in(namespace: string): this {
    this.#pod.metadata.namespace = namespace;
    return this;
  }

  labelled(labels: Record<string, string>): this {
    this.#pod.metadata.labels = labels;
    return this;
  }

  ownedBy(...owners: OwnerReference[]): this {
    this.#pod.metadata.ownerReferences = owners;
    return this;
  }

  /** Being deleted. */
  going(): this {
    this.#pod.metadata.deletionTimestamp = '2026-01-01T00:00:00Z';
    return this;
  }

  of(image: string): this {
    for (const container of this.#pod.spec.containers) container.image = image;
    return this;
  }

  asking(requests: Record<string, string>): this {
    for (const container of this.#pod.spec.containers) container.resources = { requests };
    return this;
  }

  /** With anything else in its spec. */
  with(spec: Partial<Pod['spec']>): this {
    Object.assign(this.#pod.spec, spec);
    return this;
  }

  /** On nodes that have all of these names: with two, on none. */
  onlyOn(...nodeNames: string[]): this {
    const matchFields = nodeNames.map((name) => ({ key: 'metadata.name', operator: 'In', values: [name] }));
    const nodeSelectorTerms = [{ matchFields }];
    this.#pod.spec.affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } };
    return this;
  }

  build(): Live<Pod> {
    return structuredClone(this.#pod);
  }
}

/** A node with 4 cores, 8 GiB and room for 110 pods. */
export function aNode(name: string): NodeBuilder {
  return new NodeBuilder(name);
}

export class NodeBuilder {
  readonly #node: Live<Node>;

  constructor(name: string) {
    this.#node = {
      metadata: { ...meta(name), labels: { 'kubernetes.io/hostname': name } },
      spec: {},
      status: { allocatable: { cpu: '4', memory: '8Gi', 'ephemeral-storage': '100Gi', pods: '110' } },
    };
  }

  cordoned(): this {
    this.#node.spec.unschedulable = true;
    return this;
  }

  tainted(key: string, value: string, effect: string): this {
    this.#node.spec.taints = [...(this.#node.spec.taints ?? []), { key, value, effect }];
    return this;
  }

  labelled(labels: Record<string, string>): this {
    this.#node.metadata.labels = { ...this.#node.metadata.labels, ...labels };
    return this;
  }

  offering(amounts: Record<string, string>): this {
    this.#node.status.allocatable = { ...this.#node.status.allocatable, ...amounts };
    return this;
  }

  having(...images: { names: string[]; sizeBytes: number }[]): this {
    this.#node.status.images = images;
    return this;
  }

  holding(pods: number): this {
    this.#node.status.allocatable = { ...this.#node.status.allocatable, pods: String(pods) };
    return this;
  }

  build(): Live<Node> {
    return structuredClone(this.#node);
  }
}
