// Hints by the zones' shares of CPU, which an annotation asks for. Upstream: `staging/src/k8s.io/endpointslice/topologycache`.
import { type Endpoint, type EndpointSlice, type Live, type Node, parseQuantity } from '../../api/index.ts';
import type { SliceChanges } from '../shared/endpoint-slices/placement.ts';
import { isReady, withHint, withoutAllHints } from './hints.ts';

/** How much more than its share of the traffic an endpoint may get. */
const OVERLOAD = 0.2;
const ZONE = 'topology.kubernetes.io/zone';
const EXCLUDED_LABELS = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master'];

/** The share of the cluster's CPU that each zone has. */
export type ZoneShares = ReadonlyMap<string, number>;

export interface HintsEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/** The zones' shares; undefined when a node does not say where it is or what it has, or all are in one zone. */
export function zoneSharesOf(nodes: readonly Live<Node>[]): ZoneShares | undefined {
  const cpus = new Map<string, number>();
  let total = 0;
  for (const node of nodes) {
    const labels = node.metadata.labels ?? {};
    if (EXCLUDED_LABELS.some((label) => label in labels) || !isNodeReady(node)) continue;
    const zone = labels[ZONE];
    const cpu = cpuOf(node);
    if (!zone || cpu === 0) return undefined;
    cpus.set(zone, (cpus.get(zone) ?? 0) + cpu);
    total += cpu;
  }
  if (cpus.size < 2) return undefined;
  return new Map([...cpus].sort(([a], [b]) => (a < b ? -1 : 1)).map(([zone, cpu]) => [zone, cpu / total]));
}

/** Whether a change of a node may change the zones' shares. */
export const isZoneChange = (before: Live<Node>, after: Live<Node>): boolean =>
  isNodeReady(before) !== isNodeReady(after) || before.metadata.labels?.[ZONE] !== after.metadata.labels?.[ZONE];

/** How many endpoints serve each zone, by hints; nothing where none are given. */
export type Hinted = ReadonlyMap<string, number>;

/** Whether some zone is served by too few endpoints, now that the zones have these shares. Upstream: `serviceOverloaded`. */
export function isOverloaded(hinted: Hinted, zones: ZoneShares | undefined): boolean {
  if (hinted.size === 0) return false;
  const total = [...hinted.values()].reduce((sum, count) => sum + count, 0);
  return !zones || [...zones].some(([zone, share]) => !hinted.has(zone) || (hinted.get(zone) ?? 0) < minimumOf(share, total));
}

/** The fewest endpoints that can serve a zone. */
const minimumOf = (share: number, count: number): number => Math.ceil(share * count * (1 / (1 + OVERLOAD)));

const isNodeReady = ({ status }: Live<Node>): boolean =>
  (status.conditions ?? []).some(({ type, status: is }) => type === 'Ready' && is === 'True');

function cpuOf({ status }: Live<Node>): number {
  const text = status.allocatable?.cpu;
  return text === undefined ? 0 : parseQuantity(text).milli();
}

interface Allocation {
  readonly minimum: number;
  readonly maximum: number;
  readonly desired: number;
}

/** What came of it: the changes with hints, or without any. */
export interface Hinting {
  readonly changes: SliceChanges;
  readonly events: readonly HintsEvent[];
  /** What was given; undefined when nothing was. */
  readonly given: Hinted | undefined;
}

/** Gives each ready endpoint a zone that it is to serve, such that all zones have their share; or none does, and an event says why. */
export function addTopologyHints(
  changes: SliceChanges,
  zones: ZoneShares | undefined,
  { type, wasGiven }: { readonly type: string; readonly wasGiven: boolean },
): Hinting {
  const event = (of: HintsEvent['type'], reason: string, text: string) => [{ type: of, reason, message: `${text}, addressType: ${type}` }];
  const refuse = (why: string): Hinting => ({
    changes: withoutAllHints(changes),
    events: event('Warning', 'TopologyAwareHintsDisabled', why),
    given: undefined,
  });
  const all = [...changes.creates, ...changes.updates, ...changes.unchanged].flatMap(({ endpoints }) => endpoints).filter(isReady);
  const allocations = allocationsOf(zones, all.length);
  if (typeof allocations === 'string') return refuse(allocations);
  const { kept, wrong, allocated } = keepGoodHints(changes.unchanged, allocations);
  const updates = [...changes.updates, ...wrong];
  const open = [...changes.creates, ...updates].flatMap(({ endpoints }) => endpoints).filter(isReady);
  if (open.some(({ zone }) => !zone)) return refuse('One or more endpoints do not have a zone specified');
  for (const { zone = '' } of open) allocated.set(zone, (allocated.get(zone) ?? 0) + 1);
  if (allocated.size === 0) return refuse('No hints allocated for zones');
  const zoneOf = redistribute(open, transfersOf(allocations, allocated));
  const apply = <T extends EndpointSlice>(slice: T): T => ({
    ...slice,
    endpoints: slice.endpoints.map((endpoint) =>
      withHint(endpoint, isReady(endpoint) ? { forZones: [{ name: zoneOf.get(endpoint) ?? endpoint.zone ?? '' }] } : undefined),
    ),
  });
  for (const [{ zone = '' }, to] of zoneOf) {
    allocated.set(zone, (allocated.get(zone) ?? 0) - 1);
    allocated.set(to, (allocated.get(to) ?? 0) + 1);
  }
  return {
    changes: { creates: changes.creates.map(apply), updates: updates.map(apply), deletes: changes.deletes, unchanged: kept },
    events: wasGiven ? [] : event('Normal', 'TopologyAwareHintsEnabled', 'Topology Aware Hints has been enabled'),
    given: allocated,
  };
}

/** How many endpoints each zone is to have; or why there cannot be enough. Upstream: `getAllocations`. */
function allocationsOf(zones: ZoneShares | undefined, count: number): ReadonlyMap<string, Allocation> | string {
  if (!zones) return 'Insufficient Node information: allocatable CPU or zone not specified on one or more nodes';
  const figures = `(${count} endpoints, ${zones.size} zones)`;
  if (zones.size > count) return `Insufficient number of endpoints ${figures}`;
  const minima = new Map([...zones].map(([zone, share]) => [zone, minimumOf(share, count)]));
  const spare = count - [...minima.values()].reduce((sum, minimum) => sum + minimum, 0);
  if (spare < 0) return `Unable to allocate minimum required endpoints to each zone without exceeding overload threshold ${figures}`;
  return new Map(
    [...zones].map(([zone, share]) => {
      const minimum = minima.get(zone) ?? 0;
      return [zone, { minimum, maximum: minimum + spare, desired: Math.max(share * count, minimum) }];
    }),
  );
}

/** Slices that do not change keep their hints as long as these fit. Upstream: `getAllocatedHintsByZone`. */
function keepGoodHints(unchanged: readonly Live<EndpointSlice>[], allocations: ReadonlyMap<string, Allocation>) {
  const allocated = new Map<string, number>();
  const kept: Live<EndpointSlice>[] = [];
  const wrong: Live<EndpointSlice>[] = [];
  for (const slice of unchanged) {
    const hints = hintsByZone(slice);
    const fits = hints && [...hints].every(([zone, n]) => n + (allocated.get(zone) ?? 0) <= (allocations.get(zone)?.maximum ?? -1));
    if (!hints || !fits) {
      wrong.push(slice);
      continue;
    }
    kept.push(slice);
    for (const [zone, n] of hints) allocated.set(zone, (allocated.get(zone) ?? 0) + n);
  }
  return { kept, wrong, allocated };
}

/** Undefined when an endpoint has none. */
function hintsByZone({ endpoints }: Live<EndpointSlice>): ReadonlyMap<string, number> | undefined {
  const counts = new Map<string, number>();
  for (const { hints } of endpoints.filter(isReady)) {
    const zones = hints?.forZones ?? [];
    if (zones.length === 0) return undefined;
    for (const { name } of zones) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

interface Transfers {
  readonly giving: Map<string, number>;
  readonly receiving: Map<string, number>;
}

/** How many endpoints each zone gives to others, and how many it gets. Upstream: `getGivingAndReceivingZones`. */
function transfersOf(allocations: ReadonlyMap<string, Allocation>, allocated: ReadonlyMap<string, number>): Transfers {
  const surplus = new Map([...allocations].map(([zone, { desired }]) => [zone, (allocated.get(zone) ?? 0) - desired]));
  const most = (sign: 1 | -1) =>
    [...surplus].reduce<readonly [string, number]>((best, [zone, n]) => (n * sign > best[1] ? [zone, n * sign] : best), ['', 0]);
  const giving = new Map<string, number>();
  const receiving = new Map<string, number>();
  for (;;) {
    const [from, gives] = most(1);
    const [to, gets] = most(-1);
    if (from === '' || to === '' || (gives < 1 && gets < 1) || gives < 0.5 || gets < 0.5) return { giving, receiving };
    giving.set(from, (giving.get(from) ?? 0) + 1);
    receiving.set(to, (receiving.get(to) ?? 0) + 1);
    surplus.set(from, (surplus.get(from) ?? 0) - 1);
    surplus.set(to, (surplus.get(to) ?? 0) + 1);
  }
}

/** The endpoints that serve another zone than their own. */
function redistribute(open: readonly Endpoint[], { giving, receiving }: Transfers): ReadonlyMap<Endpoint, string> {
  const zones = new Map<Endpoint, string>();
  for (const endpoint of open) {
    const left = giving.get(endpoint.zone ?? '') ?? 0;
    const to = [...receiving].find(([, n]) => n > 0);
    if (left === 0 || !to) continue;
    giving.set(endpoint.zone ?? '', left - 1);
    receiving.set(to[0], to[1] - 1);
    zones.set(endpoint, to[0]);
  }
  return zones;
}
