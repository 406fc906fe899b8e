import type { Live, Node, Pod, PodAffinityTerm, PodDisruptionBudget, TopologySpreadConstraint } from '../../api/index.ts';
import type { Random } from '../../runtime/index.ts';
import type { World } from './reference.ts';

/** Random clusters and pods, small enough for the reference and crowded enough that every plugin has a say. */
export class RandomWorld {
  readonly #random: Random;
  #number = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.#random.integer(items.length)] as T;
  }

  #chance(percent: number): boolean {
    return this.#random.integer(100) < percent;
  }

  world(nodes: number, pods: number): World {
    const made = Array.from({ length: nodes }, (_, i) => this.node(i));
    const placed = Array.from({ length: pods }, () => this.pod(this.#pick(made).metadata.name));
    return { nodes: made, pods: placed, namespaces: { default: { team: 'a' }, other: { team: 'b' } } };
  }

  node(i: number): Live<Node> {
    const labels: Record<string, string> = { 'kubernetes.io/hostname': `node-${i}`, generation: String(this.#random.integer(5)) };
    if (this.#chance(85)) labels.zone = this.#pick(['a', 'b', 'c']);
    if (this.#chance(40)) labels.disk = this.#pick(['ssd', 'hdd']);
    const taints = this.#chance(30)
      ? [{ key: this.#pick(['k', 'l']), value: 'v', effect: this.#pick(['NoSchedule', 'PreferNoSchedule', 'NoExecute']) }]
      : [];
    const node: unknown = {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { ...meta(`node-${i}`), labels },
      spec: { taints, ...(this.#chance(7) ? { unschedulable: true } : {}) },
      status: {
        allocatable: { cpu: this.#pick(['2', '4', '8']), memory: this.#pick(['4Gi', '8Gi']), pods: this.#pick(['3', '8', '110']) },
      },
    };
    return node as Live<Node>;
  }

  /** @param nodeName where it is placed already, if it is. */
  pod(nodeName?: string): Live<Pod> {
    const name = `pod-${this.#number++}`;
    const requests: Record<string, string> = {};
    if (this.#chance(80)) requests.cpu = this.#pick(['100m', '500m', '1', '1500m', '3']);
    if (this.#chance(80)) requests.memory = this.#pick(['128Mi', '512Mi', '1Gi', '3Gi']);
    const pod: unknown = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { ...meta(name), namespace: this.#chance(80) ? 'default' : 'other', labels: { app: this.#pick(['x', 'y', 'z']) } },
      spec: {
        schedulerName: 'default-scheduler',
        priority: this.#pick([0, 0, 10, 100]),
        ...(nodeName === undefined ? {} : { nodeName }),
        containers: [
          {
            name: 'c',
            image: 'i',
            resources: { requests },
            ...(this.#chance(10) ? { ports: [{ containerPort: 80, hostPort: 80, protocol: 'TCP' }] } : {}),
          },
        ],
        ...(this.#chance(25) ? { tolerations: [{ key: this.#pick(['k', 'l']), operator: 'Exists' }] } : {}),
        ...(this.#chance(12) ? { nodeSelector: { disk: this.#pick(['ssd', 'hdd']) } } : {}),
        affinity: {
          ...(this.#chance(20) ? { nodeAffinity: this.#nodeAffinity() } : {}),
          ...(this.#chance(20) ? { podAffinity: this.#podAffinity() } : {}),
          ...(this.#chance(20) ? { podAntiAffinity: this.#podAffinity() } : {}),
        },
        ...(this.#chance(25) ? { topologySpreadConstraints: [this.#constraint()] } : {}),
      },
      status: { phase: nodeName === undefined ? 'Pending' : 'Running', startTime: `2026-01-0${1 + this.#random.integer(8)}T00:00:00Z` },
    };
    return pod as Live<Pod>;
  }

  budget(i: number): PodDisruptionBudget {
    const budget: unknown = {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { ...meta(`budget-${i}`), namespace: 'default' },
      spec: { selector: { matchLabels: { app: this.#pick(['x', 'y', 'z']) } } },
      status: { disruptionsAllowed: this.#random.integer(2) },
    };
    return budget as PodDisruptionBudget;
  }

  #nodeAffinity(): object {
    const expression = () =>
      this.#pick([
        { key: 'zone', operator: 'In', values: ['a', 'b'] },
        { key: 'zone', operator: 'NotIn', values: ['a'] },
        { key: 'disk', operator: 'Exists' },
        { key: 'disk', operator: 'DoesNotExist' },
        { key: 'generation', operator: 'Gt', values: ['1'] },
        { key: 'generation', operator: 'Lt', values: ['4'] },
      ]);
    const term = () => ({ matchExpressions: [expression()] });
    return {
      ...(this.#chance(60) ? { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term(), term()] } } : {}),
      preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1 + this.#random.integer(100), preference: term() }],
    };
  }

  #podAffinity(): object {
    return {
      ...(this.#chance(50) ? { requiredDuringSchedulingIgnoredDuringExecution: [this.#term()] } : {}),
      ...(this.#chance(60)
        ? { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1 + this.#random.integer(100), podAffinityTerm: this.#term() }] }
        : {}),
    };
  }

  #term(): PodAffinityTerm {
    const whose = this.#pick([
      {},
      { namespaces: ['other'] },
      { namespaceSelector: { matchLabels: { team: 'b' } } },
      { namespaceSelector: {} },
    ]);
    return { labelSelector: this.#selector(), topologyKey: this.#pick(['zone', 'kubernetes.io/hostname']), ...whose } as PodAffinityTerm;
  }

  #constraint(): TopologySpreadConstraint {
    const constraint: unknown = {
      maxSkew: 1 + this.#random.integer(2),
      topologyKey: this.#pick(['zone', 'zone', 'kubernetes.io/hostname']),
      whenUnsatisfiable: this.#pick(['DoNotSchedule', 'ScheduleAnyway']),
      labelSelector: this.#selector(),
      ...(this.#chance(20) ? { minDomains: 4 } : {}),
      ...(this.#chance(30) ? { nodeTaintsPolicy: 'Honor' } : {}),
      ...(this.#chance(30) ? { nodeAffinityPolicy: 'Ignore' } : {}),
    };
    return constraint as TopologySpreadConstraint;
  }

  #selector(): object {
    return this.#pick([
      { matchLabels: { app: this.#pick(['x', 'y', 'z']) } },
      { matchExpressions: [{ key: 'app', operator: 'In', values: ['x', 'y'] }] },
      { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['x'] }] },
    ]);
  }
}

const meta = (name: string) => ({ name, uid: `uid-${name}`, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' });
