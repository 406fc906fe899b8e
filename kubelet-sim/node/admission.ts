import {
  matchesNode,
  type Node,
  type Pod,
  parseQuantity,
  podRequests,
  type Quantity,
  untolerated,
  ZERO_QUANTITY,
} from '../../api/index.ts';
import { isSidecar } from '../pod/container-names.ts';
import type { Verdict } from '../pod/observed.ts';
import { forbiddenSysctl } from './sysctls.ts';

/** What a node has, and who is on it already. */
export interface AdmissionScope {
  readonly node: Pick<Node, 'metadata'> & { readonly spec?: Node['spec'] };
  readonly allocatable: Readonly<Record<string, string>>;
  /** Pods on the node that have not ended. */
  readonly others: Iterable<Pod>;
  /** Parameters of the kernel that it sets beside the harmless ones. */
  readonly unsafeSysctls?: readonly string[] | undefined;
}

/**
 * Whether a node takes a pod that was bound to it; the verdict is what upstream's kubelet says when it does not: of all that is wrong, the
 * first. Upstream: `pkg/kubelet/lifecycle/predicate.go`, `AdmissionCheck` of the scheduler.
 */
export function admit(pod: Pod, scope: AdmissionScope): Verdict | undefined {
  const [shortage] = shortagesOf(pod, scope);
  return systemVerdict(pod, scope) ?? (shortage && outOf(shortage)) ?? otherVerdict(pod, scope);
}

/** Why a node does not take a pod, whatever room there is. */
export const otherVerdict = (pod: Pod, scope: AdmissionScope): Verdict | undefined =>
  systemVerdict(pod, scope) ?? affinityVerdict(pod, scope) ?? portVerdict(pod, scope) ?? taintVerdict(pod, scope);

const rejected = (reason: string, why: string): Verdict => ({ reason, message: `Pod was rejected: ${why}` });
const failed = (predicate: string, why: string): Verdict => rejected(predicate, `Predicate ${predicate} failed: ${why}`);

/** Reason of a pod that wants another node. */
export const NODE_AFFINITY = 'NodeAffinity';
const OS_LABEL = 'kubernetes.io/os';

/** The kernel's parameters have an admission of their own, before the others. */
function systemVerdict({ metadata, spec }: Pod, { node, unsafeSysctls }: AdmissionScope): Verdict | undefined {
  const forbidden = forbiddenSysctl(spec, unsafeSysctls);
  if (forbidden !== undefined) return rejected('SysctlForbidden', forbidden);
  // Upstream looks at the pod's own label, not at its selector: `rejectPodAdmissionBasedOnOSSelector`.
  const wanted = metadata.labels?.[OS_LABEL];
  if (wanted !== undefined && wanted !== 'linux' && node.metadata.labels?.[OS_LABEL] === 'linux')
    return rejected('PodOSSelectorNodeLabelDoesNotMatch', "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label");
  const isForeign = spec.os && spec.os.name !== 'linux';
  return isForeign ? rejected('PodOSNotSupported', "Failed to admit pod as the OS field doesn't match node OS") : undefined;
}

function affinityVerdict(pod: Pod, { node }: AdmissionScope): Verdict | undefined {
  return matchesNode(pod.spec, node) ? undefined : failed(NODE_AFFINITY, "node(s) didn't match Pod's node affinity/selector");
}

/** The order in which upstream looks at them; others, which nodes may have besides, come after. */
const FIRST = ['cpu', 'memory', 'ephemeral-storage'];

/** A resource of which the node has too little. */
export interface Shortage {
  readonly resource: string;
  readonly requested: number;
  readonly used: number;
  readonly capacity: number;
}

/** What a node has too little of for a pod. */
export function shortagesOf(pod: Pod, { allocatable, others }: AdmissionScope): Shortage[] {
  const all = [...others];
  const capacity = Number(allocatable.pods ?? 0);
  const shortages: Shortage[] = all.length + 1 > capacity ? [{ resource: 'pods', requested: 1, used: all.length, capacity }] : [];
  const requests = podRequests(pod);
  // What no node of this kind has is somebody else's to give.
  const known = [...FIRST, ...[...requests.keys()].filter((name) => !FIRST.includes(name) && allocatable[name] !== undefined)];
  for (const resource of known) {
    const wanted = requests.get(resource);
    if (!wanted || wanted.isZero) continue;
    const total = parseQuantity(allocatable[resource] ?? '0');
    const taken = all.reduce((sum, other) => sum.add(podRequests(other).get(resource) ?? ZERO_QUANTITY), ZERO_QUANTITY);
    const figure = (q: Quantity) => (resource === 'cpu' ? q.milli() : q.value());
    if (taken.add(wanted).cmp(total) > 0)
      shortages.push({ resource, requested: figure(wanted), used: figure(taken), capacity: figure(total) });
  }
  return shortages;
}

const outOf = ({ resource, requested, used, capacity }: Shortage): Verdict =>
  rejected(
    `OutOf${resource}`,
    `Node didn't have enough resource: ${resource}, requested: ${requested}, used: ${used}, capacity: ${capacity}`,
  );

function portVerdict(pod: Pod, { others }: AdmissionScope): Verdict | undefined {
  const wanted = hostPorts(pod);
  if (wanted.length === 0) return undefined;
  const taken = [...others].flatMap(hostPorts);
  const isTaken = wanted.some((a) =>
    taken.some((b) => a.port === b.port && a.protocol === b.protocol && (a.ip === b.ip || a.ip === ANY || b.ip === ANY)),
  );
  return isTaken ? failed('NodePorts', "node(s) didn't have free ports for the requested pod ports") : undefined;
}

const ANY = '0.0.0.0';

/** Those of sidecars too. Upstream: `GetHostPorts`, `pkg/scheduler/util/utils.go`. */
const hostPorts = ({ spec }: Pod): { port: number; protocol: string; ip: string }[] =>
  [...(spec.initContainers ?? []).filter(isSidecar), ...spec.containers].flatMap(({ ports = [] }) =>
    ports.flatMap(({ hostPort, protocol = 'TCP', hostIP }) => (hostPort ? [{ port: hostPort, protocol, ip: hostIP || ANY }] : [])),
  );

export const isStatic = ({ metadata }: Pick<Pod, 'metadata'>): boolean =>
  metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined;

function taintVerdict(pod: Pod, { node }: AdmissionScope): Verdict | undefined {
  if (isStatic(pod)) return undefined;
  const taint = untolerated(node.spec?.taints, pod.spec.tolerations, ['NoExecute']);
  return taint ? failed('TaintToleration', "node(s) had taints that the pod didn't tolerate") : undefined;
}
