import { fieldError, isExtendedResource, isQualifiedName, type Live, type Node } from '../../api/index.ts';
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
    // Only extended resources can be ignored, whatever else is named.
    const isIgnored = (name: string) =>
      isExtendedResource(name) && (ignoredResources.includes(name) || ignoredResourceGroups.includes(name.split('/')[0] ?? ''));
    const checker = new FitChecker(isIgnored);
    return {
      name: NAME,
      nodeLocal: true,
      filter: (_state, pod, node) => checker.check(pod, node),
      score: (_state, pod, node) => strategy(usages, pod, node),
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
  const type = reader.string('type') ?? '';
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

/** The resources that every pod may ask for, in the order in which shortages are told. */
const BASIC: readonly { readonly name: string; readonly asked: (requests: Readonly<Amounts>) => number }[] = [
  { name: 'cpu', asked: ({ milliCpu }) => milliCpu },
  { name: 'memory', asked: ({ memory }) => memory },
  { name: 'ephemeral-storage', asked: ({ ephemeralStorage }) => ephemeralStorage },
];

/** Whether what a pod requests is left on a node. */
class FitChecker {
  readonly #isIgnored: (name: string) => boolean;
  /** What was said before is said in the same words: nodes with the same shortage are counted together. */
  readonly #rejections = new Map<string, Rejection>();
  /** The same for what is short of the basic resources, by a bit for each. */
  readonly #basic: (Rejection | undefined)[] = [];

  constructor(isIgnored: (name: string) => boolean) {
    this.#isIgnored = isIgnored;
  }

  check({ requests }: PodInfo, node: NodeInfo): Verdict {
    if (requests.scalars.size > 0) return this.#explain(requests, node);
    return node.hasRoomFor(requests) ? undefined : this.#explainBasic(requests, node);
  }

  #explainBasic(requests: Readonly<Amounts>, node: NodeInfo): Verdict {
    let short = node.pods.size + 1 > node.podsMax ? 1 : 0;
    let hopeless = false;
    const check = (bit: number, amount: number, used: number, total: number) => {
      if (amount === 0 || amount <= total - used) return;
      short |= bit;
      hopeless ||= amount > total;
    };
    check(2, requests.milliCpu, node.usedMilliCpu, node.milliCpu);
    check(4, requests.memory, node.usedMemory, node.memory);
    check(8, requests.ephemeralStorage, node.usedOf('ephemeral-storage'), node.amountOf('ephemeral-storage'));
    const key = short | (hopeless ? 16 : 0);
    this.#basic[key] ??= this.#explain(requests, node);
    return this.#basic[key];
  }

  #explain(requests: Readonly<Amounts>, node: NodeInfo): Verdict {
    const { allocatable, requested } = node;
    const reasons: string[] = node.pods.size + 1 > allocatable.pods ? ['Too many pods'] : [];
    let hopeless = false;
    const need = (name: string, amount: number, used: number, total: number) => {
      if (amount === 0 || amount <= total - used) return;
      reasons.push(`Insufficient ${name}`);
      hopeless ||= amount > total;
    };
    for (const { name, asked } of BASIC) need(name, asked(requests), asked(requested), asked(allocatable));
    for (const [name, amount] of requests.scalars) if (!this.#isIgnored(name)) need(name, amount, node.usedOf(name), node.amountOf(name));
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
