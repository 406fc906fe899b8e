import { fieldError, isQualifiedName, type Live, type Node } from '../../api/index.ts';
import { type FieldReader, readObject } from '../config/field-reader.ts';
import { on } from '../framework/events.ts';
import type { PluginDefinition } from '../framework/plugin.ts';
import type { Rejection, Verdict } from '../framework/status.ts';
import { type Allocatable, NodeInfo } from '../state/node-info.ts';
import { type Amounts, type PodInfo, podInfoOf } from '../state/pod-info.ts';
import { argsOf, type ResourceWeight, readResources, readShape, type ShapePoint } from './args.ts';
import { usagesOf } from './resource-amounts.ts';
import { leastAllocated, mostAllocated, requestedToCapacityRatio, type Strategy } from './scoring-strategies.ts';

const NAME = 'NodeResourcesFit';
const STRATEGIES = ['LeastAllocated', 'MostAllocated', 'RequestedToCapacityRatio'];
const DEFAULT_RESOURCES: readonly ResourceWeight[] = [
  { name: 'cpu', weight: 1 },
  { name: 'memory', weight: 1 },
];

export interface NodeResourcesFitArgs {
  readonly ignoredResources: readonly string[];
  readonly ignoredResourceGroups: readonly string[];
  readonly scoringStrategy: { readonly type: string; readonly resources: readonly ResourceWeight[]; readonly shape: readonly ShapePoint[] };
}

/** A pod goes where what it requests is left. Upstream: `plugins/noderesources/fit.go`. */
export const nodeResourcesFit: PluginDefinition<NodeResourcesFitArgs> = {
  name: NAME,
  readArgs: (args, path) => argsOf((problems) => readObject(args, path, problems, read)),
  create: ({ ignoredResources, ignoredResourceGroups, scoringStrategy: { type, resources, shape } }) => {
    const usages = usagesOf(resources, true);
    const strategy = strategyOf(type, shape);
    const isIgnored = (name: string) => ignoredResources.includes(name) || ignoredResourceGroups.includes(name.split('/')[0] ?? '');
    const checker = new FitChecker(isIgnored);
    return {
      name: NAME,
      filter: (_state, pod, node) => checker.check(pod, node),
      score: (_state, pod, node) => strategy(usages.map((usage) => usage(pod, node))),
      events: [
        on('AssignedPod', ['Delete']),
        on('Pod', ['UpdatePodScaleDown'], (pod, { now, old }) => {
          if (!now || !old || (!now.spec.nodeName && now.metadata.uid !== pod.uid)) return false;
          return now.metadata.uid === pod.uid || frees(pod.requests, podInfoOf(old).requests, podInfoOf(now).requests);
        }),
        on('Node', ['Add', 'UpdateNodeAllocatable'], (pod, { now, old }) => {
          if (!now || checker.check(pod, emptyNode(now))) return false;
          return !old || hasMore(pod.requests, emptyNode(now).allocatable, emptyNode(old).allocatable);
        }),
      ],
    };
  },
};

function read(reader: FieldReader): NodeResourcesFitArgs {
  const ignoredResources = reader.strings('ignoredResources');
  const ignoredResourceGroups = reader.strings('ignoredResourceGroups');
  ignoredResources.forEach((name, i) => {
    for (const detail of isQualifiedName(name)) reader.note(fieldError.invalid(`${reader.pathOf('ignoredResources')}[${i}]`, name, detail));
  });
  ignoredResourceGroups.forEach((group, i) => {
    const path = `${reader.pathOf('ignoredResourceGroups')}[${i}]`;
    if (group.includes('/')) reader.note(fieldError.invalid(path, group, "resource group name can't contain '/'"));
    for (const detail of isQualifiedName(group)) reader.note(fieldError.invalid(path, group, detail));
  });
  const scoringStrategy = reader.object('scoringStrategy', readStrategy) ?? {
    type: 'LeastAllocated',
    resources: DEFAULT_RESOURCES,
    shape: [],
  };
  return { ignoredResources, ignoredResourceGroups, scoringStrategy };
}

function readStrategy(reader: FieldReader): NodeResourcesFitArgs['scoringStrategy'] {
  const type = reader.string('type') ?? 'LeastAllocated';
  if (!STRATEGIES.includes(type)) reader.note(fieldError.notSupported(reader.pathOf('type'), type, STRATEGIES));
  const given = readResources(reader, 'resources');
  given.forEach(({ name, weight }, i) => {
    if (weight > 0 && weight <= 100) return;
    const detail = `resource weight of ${name} not in valid range (0, 100]`;
    reader.note(fieldError.invalid(`${reader.pathOf('resources')}[${i}].weight`, weight, detail));
  });
  const ratio = reader.object('requestedToCapacityRatio', (inner) => readShape(inner, 'shape'));
  const path = reader.pathOf('requestedToCapacityRatio');
  if (type === 'RequestedToCapacityRatio' && !ratio) {
    reader.note(fieldError.required(path, 'must be specified when type is RequestedToCapacityRatio'));
  }
  if (type !== 'RequestedToCapacityRatio' && ratio) {
    reader.note(fieldError.forbidden(path, 'must be nil when type is not RequestedToCapacityRatio'));
  }
  return { type, resources: given.length === 0 ? DEFAULT_RESOURCES : given, shape: ratio ?? [] };
}

function strategyOf(type: string, shape: readonly ShapePoint[]): Strategy {
  if (type === 'MostAllocated') return mostAllocated;
  return type === 'RequestedToCapacityRatio' ? requestedToCapacityRatio(shape) : leastAllocated;
}

/** Whether what a pod requests is left on a node. */
class FitChecker {
  readonly #isIgnored: (name: string) => boolean;
  /** What was said before is said in the same words: nodes with the same shortage are counted together. */
  readonly #rejections = new Map<string, Rejection>();

  constructor(isIgnored: (name: string) => boolean) {
    this.#isIgnored = isIgnored;
  }

  check({ requests }: PodInfo, { pods, allocatable, requested }: NodeInfo): Verdict {
    const fits =
      pods.size + 1 <= allocatable.pods &&
      requests.milliCpu <= room(allocatable.milliCpu, requested.milliCpu, requests.milliCpu) &&
      requests.memory <= room(allocatable.memory, requested.memory, requests.memory) &&
      requests.ephemeralStorage <= room(allocatable.ephemeralStorage, requested.ephemeralStorage, requests.ephemeralStorage) &&
      requests.scalars.size === 0;
    return fits ? undefined : this.#explain(requests, pods.size, allocatable, requested);
  }

  #explain(requests: Readonly<Amounts>, pods: number, allocatable: Readonly<Allocatable>, requested: Readonly<Amounts>): Verdict {
    const reasons: string[] = [];
    let hopeless = false;
    const need = (name: string, amount: number, used: number, total: number) => {
      if (amount === 0 || amount <= total - used) return;
      reasons.push(`Insufficient ${name}`);
      hopeless ||= amount > total;
    };
    if (pods + 1 > allocatable.pods) reasons.push('Too many pods');
    need('cpu', requests.milliCpu, requested.milliCpu, allocatable.milliCpu);
    need('memory', requests.memory, requested.memory, allocatable.memory);
    need('ephemeral-storage', requests.ephemeralStorage, requested.ephemeralStorage, allocatable.ephemeralStorage);
    for (const [name, amount] of requests.scalars) {
      if (!this.#isIgnored(name)) need(name, amount, requested.scalars.get(name) ?? 0, allocatable.scalars.get(name) ?? 0);
    }
    return reasons.length === 0 ? undefined : this.#rejection(reasons, hopeless);
  }

  #rejection(reasons: readonly string[], hopeless: boolean): Rejection {
    const key = `${hopeless}|${reasons.join('|')}`;
    let rejection = this.#rejections.get(key);
    if (!rejection) {
      rejection = { code: hopeless ? 'UnschedulableAndUnresolvable' : 'Unschedulable', reasons, plugin: NAME };
      if (this.#rejections.size < REJECTIONS_MAX) this.#rejections.set(key, rejection);
    }
    return rejection;
  }
}

const REJECTIONS_MAX = 1_000;

/** What is left, or all the pod could want when it wants none: a node may be over-committed already. */
const room = (allocatable: number, requested: number, wanted: number): number => (wanted === 0 ? 0 : allocatable - requested);

function emptyNode(node: Live<Node>): NodeInfo {
  const info = new NodeInfo(node.metadata.name);
  info.node = node;
  return info;
}

/** Whether a pod that was scaled down gave back anything of what another asks for. */
function frees(wanted: Readonly<Amounts>, before: Readonly<Amounts>, after: Readonly<Amounts>): boolean {
  return (
    (wanted.milliCpu > 0 && before.milliCpu > after.milliCpu) ||
    (wanted.memory > 0 && before.memory > after.memory) ||
    (wanted.ephemeralStorage > 0 && before.ephemeralStorage > after.ephemeralStorage) ||
    [...wanted.scalars.keys()].some((name) => (before.scalars.get(name) ?? 0) > (after.scalars.get(name) ?? 0))
  );
}

/** Whether a node has more of anything that a pod asks for, or room for more pods. */
const hasMore = (wanted: Readonly<Amounts>, now: Readonly<Allocatable>, before: Readonly<Allocatable>): boolean =>
  now.pods > before.pods || frees(wanted, now, before);
