/** What a priority level should get of the seats, and between what bounds. */
export interface AllocationItem {
  readonly target: number;
  readonly lowerBound: number;
  readonly upperBound: number;
}

export interface Allocation {
  /** What each item gets, in their order. */
  readonly shares: readonly number[];
  /** What each gets of its target, where no bound is in the way. */
  readonly fairFraction: number;
}

/** Targets are at least this, for they are divided by. */
const TARGET_MIN = 0.001;
const EPSILON = 0.0000001;

/**
 * Divides seats: each item gets the same fraction of its target, as far as its bounds let it. Upstream:
 * apiserver/pkg/util/flowcontrol/conc_alloc.go, which looks for the fraction from bound to bound as this does.
 *
 * @returns undefined when the bounds leave no way to give out exactly `total`.
 */
export function allocate(total: number, items: readonly AllocationItem[]): Allocation | undefined {
  const targets = items.map(({ target }) => Math.max(target, TARGET_MIN));
  const low = sum(items.map(({ lowerBound }) => lowerBound));
  const high = sum(items.map(({ upperBound }) => upperBound));
  const impossible = items.some((item) => item.lowerBound < 0 || item.target < item.lowerBound || item.upperBound < item.lowerBound);
  if (impossible || low - total > EPSILON || total - high > EPSILON) return undefined;
  const fairFraction = fractionFor(total, items, targets);
  const shares = items.map(({ lowerBound, upperBound }, i) => Math.max(lowerBound, Math.min(upperBound, fairFraction * (targets[i] ?? 0))));
  return { shares, fairFraction };
}

/**
 * The fraction at which the shares sum up to the total. Their sum as a function of the fraction is made of straight pieces, with corners
 * where an item leaves its lower bound or reaches its upper one.
 */
function fractionFor(total: number, items: readonly AllocationItem[], targets: readonly number[]): number {
  const corners = items
    .flatMap(({ lowerBound, upperBound }, i) => {
      const target = targets[i] ?? TARGET_MIN;
      return [
        { at: lowerBound / target, slope: target },
        { at: upperBound / target, slope: -target },
      ];
    })
    .sort((a, b) => a.at - b.at);
  let given = sum(items.map(({ lowerBound }) => lowerBound));
  let fraction = corners[0]?.at ?? 0;
  let slope = 0;
  for (const corner of corners) {
    const reached = given + (corner.at - fraction) * slope;
    if (reached >= total && slope > 0) return fraction + (total - given) / slope;
    given = reached;
    fraction = corner.at;
    slope += corner.slope;
  }
  return fraction;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
