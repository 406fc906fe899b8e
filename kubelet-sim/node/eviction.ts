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
export function thresholdQuantity({ signal, value }: Threshold, capacity: Quantity): Quantity {
  if (!value.endsWith('%')) return parseQuantity(value);
  const share = Math.fround(Math.fround(Number.parseFloat(value)) / 100);
  return Quantity.of(Math.trunc(capacity.value() * share), isCount(signal) ? 'DecimalSI' : 'BinarySI');
}

const isCount = (signal: Signal): boolean => signal === 'pid.available' || signal.endsWith('inodesFree');

/** The thresholds that are met now; memory first, as upstream sorts them. */
export function shortagesOf(usage: NodeUsage, thresholds: readonly Threshold[]): Shortage[] {
  const met = thresholds.flatMap((threshold): Shortage[] => {
    const { signal } = threshold;
    const { available, capacity } = observe(signal, usage);
    const format = isCount(signal) ? 'DecimalSI' : 'BinarySI';
    const quantity = thresholdQuantity(threshold, Quantity.of(capacity, format));
    const there = Quantity.of(Math.max(0, Math.floor(available)), format);
    if (capacity <= 0 || there.cmp(quantity) >= 0) return [];
    return [{ threshold, pressure: PRESSURE_OF[signal], resource: RESOURCE_OF[signal], quantity, available: there }];
  });
  return met.sort((a, b) => Number(b.pressure === 'memory') - Number(a.pressure === 'memory'));
}

/** A pod that may be evicted, with what it uses. */
export interface Candidate {
  readonly pod: Pod;
  readonly stats: PodSandboxStats;
  /** What its volumes hold, for who asks. */
  readonly volumes?: (() => readonly VolumeStats[]) | undefined;
}

export const CRITICAL_PRIORITY = 2_000_000_000;

export const isCriticalPod = (pod: Pod): boolean => isStatic(pod) || (pod.spec.priority ?? 0) >= CRITICAL_PRIORITY;

/**
 * The pods in the order in which they go: those that use more than they asked for, then by priority, then by how much more than asked;
 * of processes nobody asks for any. Upstream: `rankMemoryPressure`, `rankPIDPressure`, `rankDiskPressureFunc`.
 */
export function rankForEviction(candidates: readonly Candidate[], resource: string): Candidate[] {
  const facts = new Map(candidates.map((candidate) => [candidate, factsOf(candidate, resource)]));
  const of = (candidate: Candidate) => facts.get(candidate) ?? { exceeds: false, priority: 0, excess: 0 };
  return candidates.toSorted((one, other) => {
    const [a, b] = [of(one), of(other)];
    return Number(b.exceeds) - Number(a.exceeds) || a.priority - b.priority || b.excess - a.excess;
  });
}

function factsOf(candidate: Candidate, resource: string): { exceeds: boolean; priority: number; excess: number } {
  const { pod, stats } = candidate;
  const priority = pod.spec.priority ?? 0;
  const requests = podRequests(pod);
  const requested = (requests.get(resource) ?? ZERO_QUANTITY).value();
  if (resource === 'memory') {
    const used = stats.memory.workingSetBytes;
    return { exceeds: used > requested, priority, excess: used - requested };
  }
  if (resource === 'pids') return { exceeds: false, priority, excess: stats.processCount };
  const local = localUse(candidate);
  const used = resource === 'inodes' ? inodesOf(stats) + local.inodesUsed : ephemeralBytesOf(stats) + local.usedBytes;
  // Of inodes none are asked for; what is asked of the disk counts all the same, as upstream has it.
  const asked = resource === 'inodes' ? requests.get('ephemeral-storage') : requests.get(resource);
  return { exceeds: used > requested, priority, excess: used - (asked ?? ZERO_QUANTITY).value() };
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

/** Why a pod goes, and what the event says of it besides. Upstream: `evictionMessage`. */
export function evictionVerdict({ pod, stats }: Candidate, { resource, quantity, available }: Shortage): EvictionVerdict {
  const offenders = stats.containers.flatMap((container) => offenderOf(pod, container, resource));
  const lines = offenders.map(
    ({ name, usage, request }) => `Container ${name} was using ${usage}, request is ${request}, has larger consumption of ${resource}. `,
  );
  const message = `The node was low on resource: ${resource}. Threshold quantity: ${quantity.canonical()}, available: ${shown(available)}. ${lines.join('')}`;
  return {
    reason: 'Evicted',
    message,
    condition: { type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet', message },
    annotations: {
      offending_containers: offenders.map(({ name }) => name).join(','),
      offending_containers_usage: offenders.map(({ usage }) => usage).join(','),
      starved_resource: resource,
    },
  };
}

/** Bytes as upstream tells them here: in whole Ki. */
const shown = (quantity: Quantity): string => {
  const value = quantity.value();
  return quantity.canonical().match(/^\d+$/) && value > 10_240 && value % 1024 !== 0
    ? `${Math.floor(value / 1024)}Ki`
    : quantity.canonical();
};

/** A container that uses more than it asked for, in amounts as they are told. */
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
  return SIGNALS.has(signal) && isPositive(value) ? { signal: signal as Signal, value, graceMs } : undefined;
}

/** Whether a text is an amount of more than nothing, or a share of no more than all. */
function isPositive(value: string): boolean {
  if (value.endsWith('%')) return /^\d+(?:\.\d+)?%$/.test(value) && Number.parseFloat(value) <= 100;
  try {
    return !parseQuantity(value).isZero;
  } catch (error) {
    if (error instanceof QuantityError) return false;
    throw error;
  }
}
