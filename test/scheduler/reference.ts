// What the scheduler must come to, worked out once more, slowly and plainly: every node is looked at, every pod is counted anew, nothing is kept.
// It shares no code with scheduler/.
import type { Live, Node, NodeSelectorTerm, Pod, PodAffinityTerm, TopologySpreadConstraint } from '../../api/index.ts';

/** A cluster as the reference sees it. */
export interface World {
  readonly nodes: readonly Live<Node>[];
  /** Pods that have a node. */
  readonly pods: readonly Live<Pod>[];
  /** Labels of the namespaces. */
  readonly namespaces: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

type Labels = Readonly<Record<string, string>>;

const labelsOf = (object: { readonly metadata: { readonly labels?: Labels | undefined } }): Labels => object.metadata.labels ?? {};
const podsOn = ({ pods }: World, node: Live<Node>) => pods.filter(({ spec }) => spec.nodeName === node.metadata.name);

function amount(text: string | undefined): number {
  const [, digits = '0', unit = ''] = /^(\d+)(m|Mi|Gi|)$/.exec(text ?? '0') ?? [];
  return Number(digits) * ({ m: 0.001, Mi: 2 ** 20, Gi: 2 ** 30 }[unit] ?? 1);
}

const requested = (pod: Pod, resource: string, fallback = 0): number =>
  pod.spec.containers.reduce((sum, { resources }) => {
    const text = resources?.requests?.[resource];
    return sum + (text === undefined ? fallback : amount(text));
  }, 0);

interface Selector {
  readonly matchLabels?: Labels | undefined;
  readonly matchExpressions?:
    | readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] | undefined }[]
    | undefined;
}

function selects(selector: Selector | undefined, labels: Labels): boolean {
  if (!selector) return false;
  const all = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
  return all && (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => holds(operator, labels[key], values));
}

function holds(operator: string, value: string | undefined, values: readonly string[]): boolean {
  if (operator === 'In') return value !== undefined && values.includes(value);
  if (operator === 'NotIn') return value === undefined || !values.includes(value);
  if (operator === 'Exists') return value !== undefined;
  if (operator === 'DoesNotExist') return value === undefined;
  const [bound] = values;
  if (value === undefined || !/^\d+$/.test(value)) return false;
  return operator === 'Gt' ? Number(value) > Number(bound) : Number(value) < Number(bound);
}

const termHolds = ({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm, node: Live<Node>): boolean =>
  matchExpressions.length + matchFields.length > 0 &&
  matchExpressions.every(({ key, operator, values }) => holds(operator, labelsOf(node)[key], values ?? [])) &&
  matchFields.every(({ operator, values }) => holds(operator, node.metadata.name, values ?? []));

function suits(pod: Pod, node: Live<Node>): boolean {
  const required = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const selected = Object.entries(pod.spec.nodeSelector ?? {}).every(([key, value]) => labelsOf(node)[key] === value);
  return selected && (!required || required.nodeSelectorTerms.some((term) => termHolds(term, node)));
}

function tolerates(
  pod: Pod,
  { key, value = '', effect }: { readonly key: string; readonly value?: string | undefined; readonly effect: string },
): boolean {
  return (pod.spec.tolerations ?? []).some((toleration) => {
    if (toleration.effect && toleration.effect !== effect) return false;
    if (toleration.key && toleration.key !== key) return false;
    return toleration.operator === 'Exists' || (toleration.value ?? '') === value;
  });
}

const untolerated = (pod: Pod, node: Live<Node>, effects: readonly string[]) =>
  (node.spec.taints ?? []).filter((taint) => effects.includes(taint.effect) && !tolerates(pod, taint));

function means(term: PodAffinityTerm, owner: Live<Pod>, other: Live<Pod>, { namespaces }: World): boolean {
  const named = term.namespaces ?? [];
  const own = named.length === 0 && !term.namespaceSelector;
  const namespace = other.metadata.namespace ?? '';
  const inNamespace = own
    ? namespace === owner.metadata.namespace
    : named.includes(namespace) || (term.namespaceSelector !== undefined && selects(term.namespaceSelector, namespaces[namespace] ?? {}));
  return inNamespace && selects(term.labelSelector, labelsOf(other));
}

const required = (pod: Pod, kind: 'podAffinity' | 'podAntiAffinity') =>
  pod.spec.affinity?.[kind]?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
const preferred = (pod: Pod, kind: 'podAffinity' | 'podAntiAffinity') =>
  pod.spec.affinity?.[kind]?.preferredDuringSchedulingIgnoredDuringExecution ?? [];

const nodeOf = ({ nodes }: World, pod: Live<Pod>) => nodes.find(({ metadata }) => metadata.name === pod.spec.nodeName);

function sameArea(world: World, other: Live<Pod>, node: Live<Node>, key: string): boolean {
  const area = labelsOf(node)[key];
  const theirs = nodeOf(world, other);
  return area !== undefined && theirs !== undefined && labelsOf(theirs)[key] === area;
}

function affinityHolds(world: World, pod: Live<Pod>, node: Live<Node>): boolean {
  const terms = required(pod, 'podAffinity');
  if (terms.length === 0) return true;
  if (terms.some(({ topologyKey }) => labelsOf(node)[topologyKey] === undefined)) return false;
  const meant = world.pods.filter((other) => terms.every((term) => means(term, pod, other, world)));
  if (terms.every(({ topologyKey }) => meant.some((other) => sameArea(world, other, node, topologyKey)))) return true;
  const counted = meant.filter((other) =>
    terms.some(({ topologyKey }) => labelsOf(nodeOf(world, other) ?? { metadata: {} })[topologyKey] !== undefined),
  );
  return counted.length === 0 && terms.every((term) => means(term, pod, pod, world));
}

const antiAffinityHolds = (world: World, pod: Live<Pod>, node: Live<Node>): boolean =>
  required(pod, 'podAntiAffinity').every(
    (term) => !world.pods.some((other) => means(term, pod, other, world) && sameArea(world, other, node, term.topologyKey)),
  );

const existingHolds = (world: World, pod: Live<Pod>, node: Live<Node>): boolean =>
  world.pods.every((other) =>
    required(other, 'podAntiAffinity').every((term) => !(means(term, other, pod, world) && sameArea(world, other, node, term.topologyKey))),
  );

/** The nodes that count for a constraint. */
function eligible(
  world: World,
  pod: Live<Pod>,
  constraints: readonly TopologySpreadConstraint[],
  one: TopologySpreadConstraint,
): Live<Node>[] {
  return world.nodes.filter((node) => {
    if (constraints.some(({ topologyKey }) => labelsOf(node)[topologyKey] === undefined)) return false;
    if ((one.nodeAffinityPolicy ?? 'Honor') === 'Honor' && !suits(pod, node)) return false;
    return one.nodeTaintsPolicy !== 'Honor' || untolerated(pod, node, ['NoSchedule', 'NoExecute']).length === 0;
  });
}

const counted = (world: World, pod: Live<Pod>, { labelSelector }: TopologySpreadConstraint, nodes: readonly Live<Node>[]): number =>
  nodes
    .flatMap((node) => podsOn(world, node))
    .filter((other) => other.metadata.namespace === pod.metadata.namespace && selects(labelSelector, labelsOf(other))).length;

function spreadHolds(world: World, pod: Live<Pod>, node: Live<Node>): boolean {
  const constraints = (pod.spec.topologySpreadConstraints ?? []).filter(({ whenUnsatisfiable }) => whenUnsatisfiable === 'DoNotSchedule');
  return constraints.every((constraint) => {
    const { topologyKey, maxSkew, minDomains = 1, labelSelector } = constraint;
    const area = labelsOf(node)[topologyKey];
    if (area === undefined) return false;
    const nodes = eligible(world, pod, constraints, constraint);
    const areas = [...new Set(nodes.map((each) => labelsOf(each)[topologyKey]))];
    const of = (value: string | undefined) =>
      counted(
        world,
        pod,
        constraint,
        nodes.filter((each) => labelsOf(each)[topologyKey] === value),
      );
    const least = areas.length < minDomains ? 0 : Math.min(2 ** 31 - 1, ...areas.map(of));
    return of(area) + (selects(labelSelector, labelsOf(pod)) ? 1 : 0) - least <= maxSkew;
  });
}

function roomLeft(world: World, pod: Live<Pod>, node: Live<Node>): boolean {
  const others = podsOn(world, node);
  const offer = node.status.allocatable ?? {};
  if (others.length + 1 > amount(offer.pods)) return false;
  const names = [...new Set(pod.spec.containers.flatMap(({ resources }) => Object.keys(resources?.requests ?? {})))];
  return names.every((name) => {
    const wanted = requested(pod, name);
    const used = others.reduce((sum, other) => sum + requested(other, name), 0);
    return wanted === 0 || wanted <= amount(offer[name]) - used + 1e-9;
  });
}

function portsFree(world: World, pod: Live<Pod>, node: Live<Node>): boolean {
  const ports = (one: Pod) => one.spec.containers.flatMap(({ ports: list = [] }) => list.flatMap(({ hostPort }) => hostPort ?? []));
  const taken = podsOn(world, node).flatMap(ports);
  return ports(pod).every((port) => !taken.includes(port));
}

/** The names of the plugins that say no to a node. */
export function rejecting(world: World, pod: Live<Pod>, node: Live<Node>): string[] {
  const cordon = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };
  const verdicts: readonly [string, boolean][] = [
    ['NodeUnschedulable', !node.spec.unschedulable || tolerates(pod, cordon)],
    ['TaintToleration', untolerated(pod, node, ['NoSchedule', 'NoExecute']).length === 0],
    ['NodeAffinity', suits(pod, node)],
    ['NodePorts', portsFree(world, pod, node)],
    ['NodeResourcesFit', roomLeft(world, pod, node)],
    ['PodTopologySpread', spreadHolds(world, pod, node)],
    ['InterPodAffinity', affinityHolds(world, pod, node) && antiAffinityHolds(world, pod, node) && existingHolds(world, pod, node)],
  ];
  return verdicts.filter(([, ok]) => !ok).map(([name]) => name);
}

const scaledToBest = (scores: readonly number[]): number[] => {
  const top = Math.max(...scores, 0);
  return scores.map((score) => (top === 0 ? score : Math.floor((100 * score) / top)));
};

function leastAllocated(world: World, pod: Live<Pod>, node: Live<Node>): number {
  const share = (name: string, fallback: number) => {
    const total = amount(node.status.allocatable?.[name]);
    const used = [...podsOn(world, node), pod].reduce((sum, one) => sum + requested(one, name, fallback), 0);
    return used > total + 1e-9 ? 0 : Math.floor(((total - used) * 100) / total + 1e-9);
  };
  return Math.floor((share('cpu', 0.1) + share('memory', 200 * 2 ** 20)) / 2);
}

function balanced(world: World, pod: Live<Pod>, node: Live<Node>): number {
  const fraction = (name: string) => {
    const used = [...podsOn(world, node), pod].reduce((sum, one) => sum + requested(one, name), 0);
    return Math.min(1, used / amount(node.status.allocatable?.[name]));
  };
  return Math.floor((1 - Math.abs(fraction('cpu') - fraction('memory')) / 2) * 100 + 1e-9);
}

/** What another pod adds to a node's score: by the pod's own preferences, and by its. */
function affinityWith(world: World, pod: Live<Pod>, other: Live<Pod>, node: Live<Node>): number {
  const theirs = [...weighted(other), ...required(other, 'podAffinity').map((term) => ({ term, weight: 1 }))];
  const near = ({ term }: { readonly term: PodAffinityTerm }) => sameArea(world, other, node, term.topologyKey);
  const own = weighted(pod).filter((one) => near(one) && means(one.term, pod, other, world));
  const given = theirs.filter((one) => near(one) && means(one.term, other, pod, world));
  return [...own, ...given].reduce((sum, { weight }) => sum + weight, 0);
}

function affinityScores(world: World, pod: Live<Pod>, nodes: readonly Live<Node>[]): number[] {
  const raw = nodes.map((node) => world.pods.reduce((sum, other) => sum + affinityWith(world, pod, other, node), 0));
  const [min, max] = [Math.min(...raw), Math.max(...raw)];
  return raw.map((score) => (max === min ? 0 : Math.floor((100 * (score - min)) / (max - min))));
}

const weighted = (pod: Pod) => [
  ...preferred(pod, 'podAffinity').map(({ podAffinityTerm: term, weight }) => ({ term, weight })),
  ...preferred(pod, 'podAntiAffinity').map(({ podAffinityTerm: term, weight }) => ({ term, weight: -weight })),
];

function spreadScores(world: World, pod: Live<Pod>, nodes: readonly Live<Node>[]): number[] | undefined {
  const constraints = (pod.spec.topologySpreadConstraints ?? []).filter(({ whenUnsatisfiable }) => whenUnsatisfiable === 'ScheduleAnyway');
  if (constraints.length === 0) return undefined;
  const complete = (node: Live<Node>) => constraints.every(({ topologyKey }) => labelsOf(node)[topologyKey] !== undefined);
  const candidates = nodes.filter(complete);
  const raw = nodes.map((node) => {
    if (!complete(node)) return undefined;
    let score = 0;
    for (const constraint of constraints) {
      const { topologyKey, maxSkew } = constraint;
      const isHost = topologyKey === 'kubernetes.io/hostname';
      const areas = new Set(candidates.map((each) => labelsOf(each)[topologyKey]));
      const here = eligible(world, pod, constraints, constraint).filter(
        (each) => labelsOf(each)[topologyKey] === labelsOf(node)[topologyKey],
      );
      const count = counted(world, pod, constraint, isHost ? [node] : here);
      score += count * Math.log((isHost ? candidates.length : areas.size) + 2) + (maxSkew - 1);
    }
    return Math.round(score);
  });
  const known = raw.filter((score) => score !== undefined);
  const [min, max] = [Math.min(...known), Math.max(...known)];
  return raw.map((score) => (score === undefined ? 0 : max === 0 ? 100 : Math.floor((100 * (max + min - score)) / max)));
}

/** The total score of each node that will do, with upstream's default weights. */
export function totalScores(world: World, pod: Live<Pod>, nodes: readonly Live<Node>[]): number[] {
  const prefers = nodes.map((node) => untolerated(pod, node, ['PreferNoSchedule']).length);
  const worst = Math.max(...prefers, 0);
  const taints = prefers.map((count) => (worst === 0 ? 100 : 100 - Math.floor((100 * count) / worst)));
  const preferences = pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  const likes = scaledToBest(
    nodes.map((node) => preferences.reduce((sum, { weight, preference }) => sum + (termHolds(preference, node) ? weight : 0), 0)),
  );
  const asks = requested(pod, 'cpu') > 0 || requested(pod, 'memory') > 0;
  const affinity = affinityScores(world, pod, nodes);
  const spread = spreadScores(world, pod, nodes);
  return nodes.map((node, i) => {
    const balance = asks ? balanced(world, pod, node) : 0;
    return (
      3 * (taints[i] ?? 0) +
      2 * (likes[i] ?? 0) +
      leastAllocated(world, pod, node) +
      balance +
      2 * (affinity[i] ?? 0) +
      2 * (spread?.[i] ?? 0)
    );
  });
}
