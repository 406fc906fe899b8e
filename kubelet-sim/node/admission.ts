import { type Container, matchesNode, type Node, type Pod, parseQuantity, Quantity } from '../../api/index.ts';
import type { Verdict } from '../pod/observed.ts';

/** What a node has, and who is on it already. */
export interface AdmissionScope {
  readonly node: Pick<Node, 'metadata'>;
  readonly allocatable: Readonly<Record<string, string>>;
  /** Pods on the node that have not ended. */
  readonly others: Iterable<Pod>;
}

/** Whether a node takes a pod that was bound to it; the verdict is what upstream's kubelet says when it does not. */
export function admit(pod: Pod, scope: AdmissionScope): Verdict | undefined {
  return affinityVerdict(pod, scope) ?? resourceVerdict(pod, scope) ?? portVerdict(pod, scope);
}

function affinityVerdict(pod: Pod, { node }: AdmissionScope): Verdict | undefined {
  if (matchesNode(pod.spec, node)) return undefined;
  return {
    reason: 'NodeAffinity',
    message: "Pod was rejected: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
  };
}

const RESOURCES = ['cpu', 'memory', 'ephemeral-storage'] as const;

function resourceVerdict(pod: Pod, { allocatable, others }: AdmissionScope): Verdict | undefined {
  let count = 0;
  const used = new Map<string, Quantity>(RESOURCES.map((resource) => [resource, Quantity.of(0)]));
  const wanted = RESOURCES.map((resource) => [resource, requestOf(pod, resource)] as const).filter(([, quantity]) => !quantity.isZero);
  for (const other of others) {
    count++;
    for (const [resource] of wanted) used.set(resource, (used.get(resource) ?? Quantity.of(0)).add(requestOf(other, resource)));
  }
  const pods = Number(allocatable.pods ?? 0);
  if (count + 1 > pods) return outOf('pods', 1, count, pods);
  for (const [resource, quantity] of wanted) {
    const total = parseQuantity(allocatable[resource] ?? '0');
    const taken = used.get(resource) ?? Quantity.of(0);
    const figure = (q: Quantity) => (resource === 'cpu' ? q.milli() : q.value());
    if (taken.add(quantity).cmp(total) > 0) return outOf(resource, figure(quantity), figure(taken), figure(total));
  }
  return undefined;
}

const outOf = (resource: string, requested: number, used: number, capacity: number): Verdict => ({
  reason: `OutOf${resource}`,
  message: `Pod was rejected: Node didn't have enough resource: ${resource}, requested: ${requested}, used: ${used}, capacity: ${capacity}`,
});

/** What a pod asks of a resource: its containers together, or its largest init container beside the sidecars before it. */
export function requestOf(pod: Pod, resource: string): Quantity {
  const ofContainer = ({ resources }: Container) => parse(resources?.requests?.[resource]);
  const podLevel = pod.spec.resources?.requests?.[resource];
  const overhead = parse(pod.spec.overhead?.[resource]);
  if (podLevel !== undefined) return parseQuantity(podLevel).add(overhead);
  let sidecars = Quantity.of(0);
  let peak = Quantity.of(0);
  for (const container of pod.spec.initContainers ?? []) {
    const own = ofContainer(container);
    if (container.restartPolicy === 'Always') sidecars = sidecars.add(own);
    const now = container.restartPolicy === 'Always' ? sidecars : sidecars.add(own);
    if (now.cmp(peak) > 0) peak = now;
  }
  const main = pod.spec.containers.reduce((sum, container) => sum.add(ofContainer(container)), sidecars);
  return (main.cmp(peak) > 0 ? main : peak).add(overhead);
}

const ZERO = Quantity.of(0);

/** Quantities that were read before: a node's pods ask for the same few again and again. */
const read = new Map<string, Quantity>();
const READ_MAX = 1000;

function parse(text: string | undefined): Quantity {
  if (text === undefined) return ZERO;
  const known = read.get(text);
  if (known) return known;
  const quantity = parseQuantity(text);
  if (read.size < READ_MAX) read.set(text, quantity);
  return quantity;
}

function portVerdict(pod: Pod, { others }: AdmissionScope): Verdict | undefined {
  const wanted = hostPorts(pod);
  if (wanted.length === 0) return undefined;
  const taken = [...others].flatMap(hostPorts);
  const isTaken = wanted.some((a) =>
    taken.some((b) => a.port === b.port && a.protocol === b.protocol && (a.ip === b.ip || a.ip === ANY || b.ip === ANY)),
  );
  return isTaken
    ? {
        reason: 'NodePorts',
        message: "Pod was rejected: Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
      }
    : undefined;
}

const ANY = '0.0.0.0';

const hostPorts = (pod: Pod): { port: number; protocol: string; ip: string }[] =>
  pod.spec.containers.flatMap(({ ports = [] }) =>
    ports.flatMap(({ hostPort, protocol = 'TCP', hostIP }) => (hostPort ? [{ port: hostPort, protocol, ip: hostIP || ANY }] : [])),
  );
