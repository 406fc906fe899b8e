// Which pod goes when a node runs short, and what it is told: pure functions. Upstream: `pkg/kubelet/eviction/{helpers,eviction_manager}.go`.
import { type Pod, parseQuantity, podRequests, Quantity, qosClassOf, ZERO_QUANTITY } from '../../api/index.ts';
import type { Verdict } from '../pod/observed.ts';
import type { ContainerStats, PodSandboxStats } from '../runtime/usage.ts';
import { isStatic } from './admission.ts';
import type { Pressure } from './node-health.ts';
import { ephemeralBytesOf, NODE_PIDS_MAX, type NodeUsage } from './node-stats.ts';

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

/** The thresholds that are met now; memory first, as upstream sorts them. */
export function shortagesOf(usage: NodeUsage, thresholds: readonly Threshold[]): Shortage[] {
  const met = thresholds.flatMap((threshold): Shortage[] => {
    const { signal, value } = threshold;
    const { available, capacity } = observe(signal, usage);
    const isCount = signal === 'pid.available' || signal.endsWith('inodesFree');
    const format = isCount ? 'DecimalSI' : 'BinarySI';
    const quantity = value.endsWith('%')
      ? Quantity.of(Math.floor((capacity * Number.parseFloat(value)) / 100), format)
      : parseQuantity(value);
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
}

const CRITICAL_PRIORITY = 2_000_000_000;

export const isCriticalPod = (pod: Pod): boolean => isStatic(pod) || (pod.spec.priority ?? 0) >= CRITICAL_PRIORITY;

/**
 * The pods in the order in which they go: those that use more than they asked for, then by priority, then by how much more than asked (or, where
 * nothing is asked for, by how much at all).
 */
export function rankForEviction(candidates: readonly Candidate[], resource: string): Candidate[] {
  const facts = new Map(candidates.map((candidate) => [candidate, factsOf(candidate, resource)]));
  const of = (candidate: Candidate) => facts.get(candidate) ?? { exceeds: false, priority: 0, excess: 0 };
  return candidates.toSorted((one, other) => {
    const [a, b] = [of(one), of(other)];
    return Number(b.exceeds) - Number(a.exceeds) || a.priority - b.priority || b.excess - a.excess;
  });
}

function factsOf({ pod, stats }: Candidate, resource: string): { exceeds: boolean; priority: number; excess: number } {
  const priority = pod.spec.priority ?? 0;
  const requested = (podRequests(pod).get(resource) ?? ZERO_QUANTITY).value();
  if (resource === 'memory') {
    const used = stats.memory.workingSetBytes;
    return { exceeds: used > requested, priority, excess: used - requested };
  }
  if (resource === 'ephemeral-storage') {
    const used = ephemeralBytesOf(stats);
    return { exceeds: used > requested, priority, excess: used };
  }
  return { exceeds: false, priority, excess: resource === 'pids' ? stats.processCount : inodesOf(stats) };
}

const inodesOf = ({ containers }: PodSandboxStats): number =>
  containers.reduce((sum, { writableLayer, log }) => sum + writableLayer.inodesUsed + log.inodesUsed, 0);

/** Why a pod is evicted, as its status and event say. */
export function evictionVerdict({ pod, stats }: Candidate, { resource, quantity, available }: Shortage): Verdict {
  const lines = stats.containers.map((container) => containerText(pod, container, resource)).join('');
  const message = `The node was low on resource: ${resource}. Threshold quantity: ${quantity.canonical()}, available: ${shown(available)}. ${lines}`;
  return {
    reason: 'Evicted',
    message,
    condition: { type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet', message },
  };
}

/** Bytes as upstream tells them here: in whole Ki. */
const shown = (quantity: Quantity): string => {
  const value = quantity.value();
  return quantity.canonical().match(/^\d+$/) && value > 10_240 && value % 1024 !== 0
    ? `${Math.floor(value / 1024)}Ki`
    : quantity.canonical();
};

function containerText({ spec }: Pod, { name, memory, writableLayer, log }: ContainerStats, resource: string): string {
  if (resource !== 'memory' && resource !== 'ephemeral-storage') return '';
  const bytes = resource === 'memory' ? memory.workingSetBytes : writableLayer.usedBytes + log.usedBytes;
  const container = [...spec.containers, ...(spec.initContainers ?? [])].find((each) => each.name === name);
  const request = parseQuantity(container?.resources?.requests?.[resource] ?? '0');
  const used = Quantity.of(bytes, 'BinarySI');
  if (used.cmp(request) <= 0) return '';
  return `Container ${name} was using ${shown(used)}, request is ${request.canonical()}, has larger consumption of ${resource}. `;
}

/** Whether a node that is short of something takes a pod; why not, in upstream's words. */
export function pressureVerdict(pod: Pod, pressures: ReadonlySet<Pressure>, conditions: readonly string[]): Verdict | undefined {
  if (pressures.size === 0 || isCriticalPod(pod)) return undefined;
  const isMemoryOnly = pressures.size === 1 && pressures.has('memory');
  const tolerates = (pod.spec.tolerations ?? []).some(
    ({ key, operator }) => key === 'node.kubernetes.io/memory-pressure' || (operator === 'Exists' && !key),
  );
  if (isMemoryOnly && (qosClassOf(pod) !== 'BestEffort' || tolerates)) return undefined;
  return { reason: 'Evicted', message: `Pod was rejected: The node had condition: [${conditions.join(' ')}]. ` };
}

const SIGNALS: ReadonlySet<string> = new Set(Object.keys(PRESSURE_OF));

/** Reads `memory.available<100Mi`. Undefined when it is no threshold. */
export function parseThreshold(text: string, graceMs: number): Threshold | undefined {
  const [, signal = '', value = ''] = /^([\w.]+)<(\d[\w.]*%?)$/.exec(text.trim()) ?? [];
  if (!SIGNALS.has(signal)) return undefined;
  return { signal: signal as Signal, value, graceMs };
}
