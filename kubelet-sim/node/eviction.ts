// Which pod goes when a node runs short, and what it is told: pure functions. Upstream: `pkg/kubelet/eviction/{helpers,eviction_manager}.go`.
import {
  type Pod,
  parseQuantity,
  podRequests,
  Quantity,
  QuantityError,
  qosClassOf,
  untolerated,
  type Volume,
  ZERO_QUANTITY,
} from '../../api/index.ts';
import type { Verdict } from '../pod/observed.ts';
import type { ContainerStats, PodSandboxStats, VolumeUsage } from '../runtime/usage.ts';
import { isStatic } from './admission.ts';
import type { Pressure } from './node-health.ts';
import { ephemeralBytesOf, NODE_PIDS_MAX, type NodeUsage } from './node-stats.ts';
import type { VolumeStats } from './volume-stats.ts';

/** What is measured. */
export type Signal =
  | 'memory.available'
  | 'nodefs.available'
  | 'nodefs.inodesFree'
  | 'imagefs.available'
  | 'imagefs.inodesFree'
  | 'pid.available';

/** A signal below this is a shortage: an amount, or a share of the capacity (`10%`). */
export interface Threshold {
  readonly signal: Signal;
  readonly value: string;
  /** A soft threshold must be met for so long. */
  readonly graceMs: number;
  /** How much more than the threshold is won back, once it was acted on; an amount or a share. */
  readonly minReclaim?: string | undefined;
}

/** A kubelet's own (upstream `pkg/kubelet/eviction/defaults_linux.go`). */
export const DEFAULT_THRESHOLDS: readonly Threshold[] = [
  { signal: 'imagefs.available', value: '15%', graceMs: 0 },
  { signal: 'imagefs.inodesFree', value: '5%', graceMs: 0 },
  { signal: 'memory.available', value: '100Mi', graceMs: 0 },
  { signal: 'nodefs.available', value: '10%', graceMs: 0 },
  { signal: 'nodefs.inodesFree', value: '5%', graceMs: 0 },
];

/** When a node is short of something, and what follows. */
export interface EvictionRules {
  readonly thresholds: readonly Threshold[];
  /** The most that a pod which goes for a soft threshold is given to end. */
  readonly maxPodGraceSeconds: number;
  /** A pressure is told of for so long after its last shortage. */
  readonly transitionMs: number;
}

export const DEFAULT_EVICTION_RULES: EvictionRules = { thresholds: DEFAULT_THRESHOLDS, maxPodGraceSeconds: 0, transitionMs: 300_000 };

const PRESSURE_OF: Readonly<Record<Signal, Pressure>> = {
  'memory.available': 'memory',
  'nodefs.available': 'disk',
  'nodefs.inodesFree': 'disk',
  'imagefs.available': 'disk',
  'imagefs.inodesFree': 'disk',
  'pid.available': 'pid',
};

/** The resource that an eviction is to win back, as messages name it. */
const RESOURCE_OF: Readonly<Record<Signal, string>> = {
  'memory.available': 'memory',
  'nodefs.available': 'ephemeral-storage',
  'nodefs.inodesFree': 'inodes',
  'imagefs.available': 'ephemeral-storage',
  'imagefs.inodesFree': 'inodes',
  'pid.available': 'pids',
};

/** A threshold that is met, and how much there is. */
export interface Shortage {
  readonly threshold: Threshold;
  readonly pressure: Pressure;
  readonly resource: string;
  readonly quantity: Quantity;
  readonly available: Quantity;
}

interface Observation {
  readonly available: number;
  readonly capacity: number;
}

function observe(signal: Signal, { memory, fs, processCount }: NodeUsage): Observation {
  switch (signal) {
    case 'memory.available':
      return { available: memory.availableBytes, capacity: memory.availableBytes + memory.workingSetBytes };
    case 'nodefs.inodesFree':
    case 'imagefs.inodesFree':
      return { available: fs.inodes - fs.inodesUsed, capacity: fs.inodes };
    case 'pid.available':
      return { available: NODE_PIDS_MAX - processCount, capacity: NODE_PIDS_MAX };
    default:
      return { available: fs.capacityBytes - fs.usedBytes, capacity: fs.capacityBytes };
  }
}

/** How much a threshold wants of a capacity; a share is a float of 32 bits, as upstream's `GetThresholdQuantity` has it. */
export function thresholdQuantity(value: string, capacity: number): Quantity {
  if (!value.endsWith('%')) return parseQuantity(value);
  const share = Math.fround(Math.fround(Number.parseFloat(value)) / 100);
  return Quantity.of(Math.trunc(capacity * share), 'BinarySI');
}

const isCount = (signal: Signal): boolean => signal === 'pid.available' || signal.endsWith('inodesFree');

/**
 * The thresholds that are met now; memory first, as upstream sorts them. Upstream: `thresholdsMet`.
 *
 * @param isReclaimed whether a threshold counts as met until its minimum is won back
 */
export function shortagesOf(
  usage: NodeUsage,
  thresholds: readonly Threshold[],
  isReclaimed: (threshold: Threshold) => boolean = () => false,
): Shortage[] {
  const met = thresholds.flatMap((threshold): Shortage[] => {
    const { signal, value, minReclaim } = threshold;
    const { available, capacity } = observe(signal, usage);
    const quantity = thresholdQuantity(value, capacity);
    const wanted = minReclaim && isReclaimed(threshold) ? quantity.add(thresholdQuantity(minReclaim, capacity)) : quantity;
    const there = Quantity.of(Math.max(0, Math.floor(available)), isCount(signal) ? 'DecimalSI' : 'BinarySI');
    if (capacity <= 0 || there.cmp(wanted) >= 0) return [];
    return [{ threshold, pressure: PRESSURE_OF[signal], resource: RESOURCE_OF[signal], quantity, available: there }];
  });
  return met.sort((a, b) => Number(b.pressure === 'memory') - Number(a.pressure === 'memory'));
}

/** A pod that may be evicted, with what it uses. */
export interface Candidate {
  readonly pod: Pod;
  /** What it uses; not known of one without a running container. */
  readonly stats: PodSandboxStats | undefined;
  /** What its volumes hold, for who asks. */
  readonly volumes?: (() => readonly VolumeStats[]) | undefined;
}

export const CRITICAL_PRIORITY = 2_000_000_000;

export const isCriticalPod = (pod: Pod): boolean => isStatic(pod) || (pod.spec.priority ?? 0) >= CRITICAL_PRIORITY;

/**
 * The pods in the order in which they go: those of which nothing is known, those that use more than they asked for, then by priority, then by
 * how much more than asked; of processes nobody asks for any, and priority comes first. Upstream: `rankMemoryPressure`, `rankPIDPressure`,
 * `rankDiskPressureFunc`.
 */
export function rankForEviction(candidates: readonly Candidate[], resource: string): Candidate[] {
  const ranked = candidates.map((candidate) => ({ candidate, rank: rankOf(candidate, resource) }));
  const places = [0, 1, 2, 3];
  ranked.sort((a, b) => places.map((i) => (a.rank[i] ?? 0) - (b.rank[i] ?? 0)).find((difference) => difference !== 0) ?? 0);
  return ranked.map(({ candidate }) => candidate);
}

/** Where a pod stands: of the first number that differs the lower goes first. */
function rankOf(candidate: Candidate, resource: string): number[] {
  const { pod, stats } = candidate;
  const priority = pod.spec.priority ?? 0;
  const unknown = stats ? 1 : 0;
  if (resource === 'pids') return [priority, unknown, -(stats?.processCount ?? 0)];
  if (!stats) return [unknown, 0, priority];
  const requests = podRequests(pod);
  const requested = (requests.get(resource) ?? ZERO_QUANTITY).value();
  const used = usedOf({ ...candidate, stats }, resource);
  // Of inodes none are asked for; what is asked of the disk counts all the same, as upstream has it.
  const asked = resource === 'inodes' ? (requests.get('ephemeral-storage') ?? ZERO_QUANTITY).value() : requested;
  return [unknown, used > requested ? 0 : 1, priority, asked - used];
}

function usedOf(candidate: Candidate & { readonly stats: PodSandboxStats }, resource: string): number {
  const { stats } = candidate;
  if (resource === 'memory') return stats.memory.workingSetBytes;
  const local = localUse(candidate);
  return resource === 'inodes' ? inodesOf(stats) + local.inodesUsed : ephemeralBytesOf(stats) + local.usedBytes;
}

const inodesOf = ({ containers }: PodSandboxStats): number =>
  containers.reduce((sum, { writableLayer, log }) => sum + writableLayer.inodesUsed + log.inodesUsed, 0);

/** What a pod's volumes take of the node's disk. Upstream: `localVolumeNames`. */
function localUse({ pod, volumes }: Candidate): VolumeUsage {
  const isLocal = ({ emptyDir, configMap, gitRepo }: Volume) => Boolean((emptyDir && !emptyDir.medium) || configMap || gitRepo);
  const names = new Set((pod.spec.volumes ?? []).filter(isLocal).map(({ name }) => name));
  if (names.size === 0) return { usedBytes: 0, inodesUsed: 0 };
  const used = (volumes?.() ?? []).filter(({ name }) => names.has(name)).map(({ usage }) => usage);
  return {
    usedBytes: used.reduce((sum, { usedBytes }) => sum + usedBytes, 0),
    inodesUsed: used.reduce((sum, { inodesUsed }) => sum + inodesUsed, 0),
  };
}

/** A verdict, with what the event of it is annotated with. */
export interface EvictionVerdict extends Verdict {
  readonly annotations: Readonly<Record<string, string>>;
}

/** Why a pod goes, and what the event says of it besides; of a pod of which nothing is known, only what is missing. Upstream: `evictionMessage`. */
export function evictionVerdict({ pod, stats }: Candidate, { resource, quantity, available }: Shortage): EvictionVerdict {
  const whole = stats && resource === 'memory' ? wholePodOf(pod, stats) : undefined;
  const offenders = stats?.containers.flatMap((container) => offenderOf(pod, container, resource)) ?? [];
  const lines = [...(whole ? [told('Pod', whole, resource)] : []), ...offenders.map((offender) => told('Container', offender, resource))];
  const message = `The node was low on resource: ${resource}. Threshold quantity: ${quantity.canonical()}, available: ${shown(available)}. ${lines.join('')}`;
  return {
    reason: 'Evicted',
    message,
    condition: { type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet', message },
    annotations: {
      ...(whole ? { offending_pod: whole.name, offending_pod_usage: whole.usage } : {}),
      ...(stats
        ? {
            offending_containers: offenders.map(({ name }) => name).join(','),
            offending_containers_usage: offenders.map(({ usage }) => usage).join(','),
            starved_resource: resource,
          }
        : {}),
    },
  };
}

const told = (what: string, { name, usage, request }: Offender, resource: string): string =>
  `${what} ${name} was using ${usage}, request is ${request}, has larger consumption of ${resource}. `;

/** Bytes as upstream tells them here: memory is used in pages, of which none is less than a Ki. */
const shown = (quantity: Quantity): string => {
  const value = quantity.value();
  const isOdd = quantity.format === 'BinarySI' && value > 10_240 && value % 1024 !== 0;
  return isOdd ? `${Math.floor(value / 1024)}Ki` : quantity.canonical();
};

/** A pod that asks for memory as a whole is told of, whatever it uses. */
function wholePodOf({ metadata, spec }: Pod, { memory }: PodSandboxStats): Offender | undefined {
  const request = spec.resources?.requests?.memory;
  if (request === undefined) return undefined;
  const usage = shown(Quantity.of(memory.workingSetBytes, 'BinarySI'));
  return { name: metadata.name ?? '', usage, request: parseQuantity(request).canonical() };
}

/** Who uses more than was asked for, in amounts as they are told. */
interface Offender {
  readonly name: string;
  readonly usage: string;
  readonly request: string;
}

function offenderOf({ spec }: Pod, { name, memory, writableLayer, log }: ContainerStats, resource: string): Offender[] {
  if (resource !== 'memory' && resource !== 'ephemeral-storage') return [];
  const bytes = resource === 'memory' ? memory.workingSetBytes : writableLayer.usedBytes + log.usedBytes;
  const container = [...spec.containers, ...(spec.initContainers ?? [])].find((each) => each.name === name);
  const request = parseQuantity(container?.resources?.requests?.[resource] ?? '0');
  const used = Quantity.of(bytes, 'BinarySI');
  return used.cmp(request) <= 0 ? [] : [{ name, usage: shown(used), request: request.canonical() }];
}

const MEMORY_TAINT = { key: 'node.kubernetes.io/memory-pressure', effect: 'NoSchedule' };

/** Whether a node that is short of something takes a pod; why not, in upstream's words. */
export function pressureVerdict(pod: Pod, pressures: ReadonlySet<Pressure>, conditions: readonly string[]): Verdict | undefined {
  if (pressures.size === 0 || isCriticalPod(pod)) return undefined;
  const isMemoryOnly = pressures.size === 1 && pressures.has('memory');
  if (isMemoryOnly && (qosClassOf(pod) !== 'BestEffort' || !untolerated([MEMORY_TAINT], pod.spec.tolerations, ['NoSchedule'])))
    return undefined;
  return { reason: 'Evicted', message: `Pod was rejected: The node had condition: [${conditions.join(' ')}]. ` };
}

const SIGNALS: ReadonlySet<string> = new Set(Object.keys(PRESSURE_OF));

/** Reads `memory.available<100Mi`. Undefined when it is no threshold. */
export function parseThreshold(text: string, graceMs: number): Threshold | undefined {
  const [, signal = '', value = ''] = /^([\w.]+)<(\d[\w.]*%?)$/.exec(text.trim()) ?? [];
  return isSignal(signal) && isThresholdValue(value) ? { signal, value, graceMs } : undefined;
}

/** Whether a text names what is measured. */
export const isSignal = (text: string): text is Signal => SIGNALS.has(text);

/** Whether a text is an amount of more than nothing, or a share of no more than all. */
const isThresholdValue = (value: string): boolean => shareOf(value) !== undefined || (amountOf(value)?.cmp(ZERO_QUANTITY) ?? 0) > 0;

/** Whether a text is an amount, or a share of more than nothing and no more than all. Upstream: `parseMinimumReclaims`. */
export const isReclaimValue = (value: string): boolean => (shareOf(value) ?? 0) > 0 || (amountOf(value)?.cmp(ZERO_QUANTITY) ?? -1) >= 0;

/** A share in percent; undefined when it is none, or more than all. */
function shareOf(value: string): number | undefined {
  const share = /^\d+(?:\.\d+)?%$/.test(value) ? Number.parseFloat(value) : undefined;
  return share !== undefined && share <= 100 ? share : undefined;
}

function amountOf(value: string): Quantity | undefined {
  try {
    return parseQuantity(value);
  } catch (error) {
    if (error instanceof QuantityError) return undefined;
    throw error;
  }
}
