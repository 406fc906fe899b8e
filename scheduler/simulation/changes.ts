import {
  coreKinds,
  isTolerated,
  type Live,
  type Node,
  type NodeSelectorTerm,
  type Pod,
  parseQuantity,
  podRequests,
  Quantity,
  type Taint,
} from '../../api/index.ts';
import type { ClusterState } from './cluster-state.ts';
import { asStored } from './cluster-state.ts';

/** One thing that could be done so that a pod finds a node. */
export interface PossibleChange {
  readonly kind: 'scheduling gates' | 'uncordon' | 'label' | 'toleration' | 'resource' | 'node';
  /** What to do, in a line. */
  readonly text: string;
  /** The cluster and the pod as they would be then. */
  readonly apply: (state: ClusterState, pod: Live<Pod>) => Live<Pod>;
}

const HARD = ['NoSchedule', 'NoExecute'];
/** Of each kind so many are tried: there are as many labels to set as nodes. */
const TRIES_MAX = 25;

/** What may help, the smallest first. Which of it does help is for a simulation to say. */
export function* possibleChanges(state: ClusterState, pod: Live<Pod>): Iterable<PossibleChange> {
  yield* gateChanges(pod);
  yield* firstOf(state.nodes, (node) => uncordon(node));
  yield* firstOf(state.nodes, (node) => labelChange(node, pod));
  yield* firstOf(distinctTaints(state, pod), (taint) => tolerationChange(taint));
  yield* resourceChanges(state, pod);
  yield* nodeChanges(state, pod);
}

function* firstOf<T>(items: Iterable<T>, change: (item: T) => PossibleChange | undefined): Iterable<PossibleChange> {
  let tried = 0;
  for (const item of items) {
    const made = change(item);
    if (!made) continue;
    yield made;
    if (++tried >= TRIES_MAX) return;
  }
}

function* gateChanges({ spec, metadata }: Live<Pod>): Iterable<PossibleChange> {
  const gates = (spec.schedulingGates ?? []).map(({ name }) => name);
  if (gates.length === 0) return;
  yield {
    kind: 'scheduling gates',
    text: `remove the scheduling gates of pod ${metadata.name}: ${gates.join(', ')}`,
    apply: (_state, pod) => ({ ...pod, spec: { ...pod.spec, schedulingGates: [] } }),
  };
}

function uncordon(node: Live<Node>): PossibleChange | undefined {
  if (!node.spec.unschedulable) return undefined;
  const { name } = node.metadata;
  const taints = (node.spec.taints ?? []).filter(({ key }) => key !== 'node.kubernetes.io/unschedulable');
  return {
    kind: 'uncordon',
    text: `kubectl uncordon ${name}`,
    apply: (state, pod) => {
      state.add(coreKinds.nodes, { ...node, spec: { ...node.spec, unschedulable: false, taints } } as Live<Node>);
      return pod;
    },
  };
}

/** Labels that a node's kubelet sets, and that are not for others to change. */
const OWN_LABELS: readonly string[] = ['kubernetes.io/hostname', 'kubernetes.io/os', 'kubernetes.io/arch'];

/** The labels that a node lacks for the pod's selectors, and for its constraints: that a node is in another area is no small change. */
function labelChange(node: Live<Node>, { spec }: Live<Pod>): PossibleChange | undefined {
  const labels = node.metadata.labels ?? {};
  const areas = Object.entries(wantedAreas(spec)).filter(([key]) => labels[key] === undefined);
  const wanted = { ...Object.fromEntries(areas), ...selectedLabels(spec) };
  const missing = Object.entries(wanted).filter(([key, value]) => labels[key] !== value);
  if (missing.length === 0 || missing.some(([key]) => OWN_LABELS.includes(key))) return undefined;
  const given = missing.map(([key, value]) => `${key}=${value}`).join(' ');
  const overwrite = missing.some(([key]) => labels[key] !== undefined) ? ' --overwrite' : '';
  return {
    kind: 'label',
    text: `kubectl label node ${node.metadata.name} ${given}${overwrite}`,
    apply: (state, pod) => {
      state.add(coreKinds.nodes, {
        ...node,
        metadata: { ...node.metadata, labels: { ...labels, ...Object.fromEntries(missing) } },
      } as Live<Node>);
      return pod;
    },
  };
}

/** Labels that would suit the pod's nodeSelector and the first term of its node affinity. */
function selectedLabels({ nodeSelector = {}, affinity }: Pod['spec']): Record<string, string> {
  const [term] = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  return { ...ofTerm(term), ...nodeSelector };
}

/** An area that nothing is in yet, for each of the pod's constraints. */
function wantedAreas({ topologySpreadConstraints = [] }: Pod['spec']): Record<string, string> {
  const areas = topologySpreadConstraints.filter(({ topologyKey }) => topologyKey !== 'kubernetes.io/hostname');
  return Object.fromEntries(areas.map(({ topologyKey }) => [topologyKey, 'new']));
}

function ofTerm(term: NodeSelectorTerm | undefined): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const { key, operator, values = [] } of term?.matchExpressions ?? []) {
    const [value = ''] = values;
    if (operator === 'In') labels[key] = value;
    else if (operator === 'Exists') labels[key] = 'true';
    else if (operator === 'Gt') labels[key] = String(Number(value) + 1);
    else if (operator === 'Lt') labels[key] = String(Number(value) - 1);
  }
  return labels;
}

/** The taints that keep the pod from some node, each once. */
function distinctTaints({ nodes }: ClusterState, { spec }: Live<Pod>): Iterable<Taint> {
  const taints = new Map<string, Taint>();
  for (const taint of nodes.flatMap(({ spec: { taints: own = [] } }) => own)) {
    if (HARD.includes(taint.effect) && !isTolerated(taint, spec.tolerations))
      taints.set(`${taint.key}=${taint.value}:${taint.effect}`, taint);
  }
  return taints.values();
}

function tolerationChange({ key, value, effect }: Taint): PossibleChange {
  const toleration = value ? { key, operator: 'Equal', value, effect } : { key, operator: 'Exists', effect };
  const shown = value ? `${key}=${value}:${effect}` : `${key}:${effect}`;
  return {
    kind: 'toleration',
    text: `let the pod tolerate the taint ${shown}`,
    apply: (_state, pod) => ({ ...pod, spec: { ...pod.spec, tolerations: [...(pod.spec.tolerations ?? []), toleration] } }) as Live<Pod>,
  };
}

/** For each resource: no more of it than is left on some node, the most first. */
function* resourceChanges(state: ClusterState, pod: Live<Pod>): Iterable<PossibleChange> {
  const placed = new Map<string, Live<Pod>[]>();
  for (const other of state.pods) {
    const { nodeName } = other.spec;
    if (nodeName) placed.set(nodeName, [...(placed.get(nodeName) ?? []), other]);
  }
  for (const [name, asked] of podRequests(pod)) {
    const left = state.nodes.map((node) => leftOf(name, node, placed.get(node.metadata.name) ?? []));
    const less = left.filter((free) => free.sign > 0 && free.cmp(asked) < 0).sort((a, b) => b.cmp(a));
    const distinct = [...new Map(less.map((free) => [free.canonical(), free])).values()].slice(0, TRIES_MAX);
    for (const free of distinct) {
      yield {
        kind: 'resource',
        text: `let the pod request at most ${free.canonical()} of ${name} instead of ${asked.canonical()}`,
        apply: (_state, one) => requesting(one, name, free),
      };
    }
  }
}

function leftOf(name: string, { status }: Live<Node>, pods: readonly Live<Pod>[]): Quantity {
  let left = parseQuantity(status.allocatable?.[name] ?? '0');
  for (const pod of pods) left = left.sub(podRequests(pod).get(name) ?? Quantity.of(0));
  return left;
}

/** The pod with so much of a resource in all: its first container asks for it, the others for none. */
function requesting(pod: Live<Pod>, name: string, amount: Quantity): Live<Pod> {
  const [first, ...others] = pod.spec.containers;
  const ask = (container: typeof first, text: string) =>
    container && { ...container, resources: { ...container.resources, requests: { ...container.resources?.requests, [name]: text } } };
  const containers = [ask(first, amount.canonical()), ...others.map((container) => ask(container, '0'))].flatMap((one) => one ?? []);
  const initContainers = (pod.spec.initContainers ?? []).flatMap((container) => ask(container, '0') ?? []);
  return { ...pod, spec: { ...pod.spec, containers, initContainers, overhead: undefined } } as unknown as Live<Pod>;
}

/** A node more: like one there is, then large enough for the pod, with the labels that it wants and no taints. */
function* nodeChanges(state: ClusterState, pod: Live<Pod>): Iterable<PossibleChange> {
  const labels = { ...wantedAreas(pod.spec), ...selectedLabels(pod.spec) };
  const shown = Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');
  const labelled = shown === '' ? '' : `, labelled ${shown}`;
  const [like] = state.nodes;
  if (like) yield nodeChange(`add a node like ${like.metadata.name}, without taints${labelled}`, labels, like.status.allocatable ?? {});
  const enough = Object.fromEntries([...podRequests(pod)].map(([name, asked]) => [name, asked.canonical()]));
  const figures = Object.entries(enough)
    .map(([name, amount]) => `${amount} ${name}`)
    .join(', ');
  yield nodeChange(`add a node with ${figures === '' ? 'room for the pod' : figures}${labelled}`, labels, {
    ...like?.status.allocatable,
    pods: '110',
    ...enough,
  });
}

function nodeChange(text: string, labels: Readonly<Record<string, string>>, allocatable: Readonly<Record<string, string>>): PossibleChange {
  const name = 'new-node';
  const node: unknown = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux', ...labels } },
    spec: {},
    status: { allocatable, capacity: allocatable },
  };
  return {
    kind: 'node',
    text,
    apply: (state, pod) => {
      state.add(coreKinds.nodes, asStored(node as Node, coreKinds.nodes));
      return pod;
    },
  };
}
