import type { Node } from '../../api/index.ts';

/** How a zone is doing. */
export type ZoneState = 'normal' | 'partial' | 'full';

/** When NoExecute taints are put on more slowly, or not at all. */
export interface EvictionRates {
  readonly evictionRate: number;
  readonly secondaryEvictionRate: number;
  readonly unhealthyZoneThreshold: number;
  readonly largeClusterSizeThreshold: number;
}

/** A node's failure domain. */
export function zoneOf({ metadata }: Node): string {
  const labels = metadata.labels ?? {};
  const region = labels['topology.kubernetes.io/region'] ?? labels['failure-domain.beta.kubernetes.io/region'] ?? '';
  const zone = labels['topology.kubernetes.io/zone'] ?? labels['failure-domain.beta.kubernetes.io/zone'] ?? '';
  return region === '' && zone === '' ? '' : `${region}:\u0000:${zone}`;
}

export const isExcludedFromDisruption = ({ metadata }: Node): boolean =>
  metadata.labels !== undefined && 'node.kubernetes.io/exclude-disruption' in metadata.labels;

/** @param ready whether each node of the zone is ready. */
export function zoneState(ready: readonly boolean[], threshold: number): ZoneState {
  const notReady = ready.filter((isReady) => !isReady).length;
  if (ready.length > 0 && notReady === ready.length) return 'full';
  return notReady > 2 && notReady / ready.length >= threshold ? 'partial' : 'normal';
}

/** Nodes a second that may be tainted in a zone. A zone that fails as a whole goes at the normal rate: others are there to take over. */
export function taintRate(state: ZoneState, zoneSize: number, rates: EvictionRates): number {
  if (state !== 'partial') return rates.evictionRate;
  return zoneSize > rates.largeClusterSizeThreshold ? rates.secondaryEvictionRate : 0;
}

/** What a look at all zones leads to. */
export interface DisruptionPlan {
  /** Nodes a second from now on, by zone; a zone that is as it was keeps its rate, however many nodes it has by now. */
  readonly rates: ReadonlyMap<string, number>;
  readonly states: ReadonlyMap<string, ZoneState>;
  /** Every zone just failed: rather us than them. All NoExecute taints go, and no more are put on. */
  readonly entersTotal: boolean;
  /** Some zone is back: the silence so far does not count. */
  readonly leavesTotal: boolean;
}

/**
 * Decides at which rates nodes are tainted. Upstream: `handleDisruption`.
 *
 * @param before states at the last look.
 * @param zones whether each node is ready, by zone.
 */
export function planDisruption(
  before: ReadonlyMap<string, ZoneState>,
  zones: ReadonlyMap<string, readonly boolean[]>,
  rates: EvictionRates,
): DisruptionPlan {
  const states = new Map([...zones].map(([zone, ready]) => [zone, zoneState(ready, rates.unhealthyZoneThreshold)]));
  const isFull = (state: ZoneState): boolean => state === 'full';
  // Zones that have come say nothing of how it was, nor do those that are gone.
  const known = [...before].filter(([zone]) => zones.has(zone)).map(([, state]) => state);
  const wasTotal = known.length > 0 && known.every(isFull);
  const isTotal = states.size > 0 && [...states.values()].every(isFull);
  const [entersTotal, leavesTotal] = [isTotal && !wasTotal, wasTotal && !isTotal];
  const changed = [...states].filter(([zone, state]) => entersTotal || leavesTotal || before.get(zone) !== state);
  return {
    states,
    rates: new Map(changed.map(([zone, state]) => [zone, isTotal ? 0 : taintRate(state, zones.get(zone)?.length ?? 0, rates)])),
    entersTotal,
    leavesTotal,
  };
}
