// From what metrics ask for to what is done: within the bounds, no faster than allowed, and not at every whim. Upstream:
// `normalizeDesiredReplicas` and `normalizeDesiredReplicasWithBehaviors` in `pkg/controller/podautoscaler/horizontal.go`.
import type { HorizontalPodAutoscaler, HPAScalingRules } from '../../api/index.ts';
import type { ScaleEvent, ScaleHistory } from './history.ts';

const SCALE_UP_FACTOR = 2;
const SCALE_UP_MIN = 4;

/** What a decision is made from. */
export interface Wish {
  /** What metrics ask for. */
  readonly desired: number;
  readonly current: number;
  readonly min: number;
  readonly max: number;
  readonly behavior: HorizontalPodAutoscaler['spec']['behavior'];
  readonly history: ScaleHistory;
  /** For how long a higher recommendation holds off a scale-down, where the behaviour does not say. */
  readonly downscaleStabilizationMs: number;
  readonly now: number;
}

/** What is done, and what the conditions AbleToScale and ScalingLimited say of it. */
export interface Decision {
  readonly replicas: number;
  readonly able: Said;
  readonly limited: Said & { readonly status: boolean };
}

interface Said {
  readonly reason: string;
  readonly message: string;
}

interface Limited extends Said {
  readonly replicas: number;
}

const READY: Said = { reason: 'ReadyForNewScale', message: 'recommended size matches current size' };
const UP_STABILIZED: Said = {
  reason: 'ScaleUpStabilized',
  message: 'recent recommendations were lower than current one, applying the lowest recent recommendation',
};
const DOWN_STABILIZED: Said = {
  reason: 'ScaleDownStabilized',
  message: 'recent recommendations were higher than current one, applying the highest recent recommendation',
};
const WITHIN: Said = { reason: 'DesiredWithinRange', message: 'the desired count is within the acceptable range' };
const TOO_MANY: Said = { reason: 'TooManyReplicas', message: 'the desired replica count is more than the maximum replica count' };
const TOO_FEW: Said = { reason: 'TooFewReplicas', message: 'the desired replica count is less than the minimum replica count' };
const UP_LIMIT: Said = { reason: 'ScaleUpLimit', message: 'the desired replica count is increasing faster than the maximum scale rate' };
const DOWN_LIMIT: Said = {
  reason: 'ScaleDownLimit',
  message: 'the desired replica count is decreasing faster than the maximum scale rate',
};

/** Decides; what was asked for is noted in the history. */
export function normalize(wish: Wish): Decision {
  const { behavior, desired } = wish;
  const { replicas: stable, reason, message } = behavior ? stabilizeBoth(wish, behavior) : stabilizeDown(wish);
  const { replicas, ...limit } = behavior
    ? withinRates({ ...wish, desired: stable }, behavior)
    : withinFactor({ ...wish, desired: stable });
  return { replicas, able: stable === desired ? READY : { reason, message }, limited: { ...limit, status: replicas !== stable } };
}

/** The highest recommendation of the window. */
function stabilizeDown({ desired, history, now, downscaleStabilizationMs: windowMs }: Wish): Limited {
  const recent = history.recommendations.filter(({ at }) => at >= now - windowMs).map(({ replicas }) => replicas);
  history.recommend(desired, now, windowMs);
  return { replicas: Math.max(desired, ...recent), ...DOWN_STABILIZED };
}

type Behavior = NonNullable<Wish['behavior']>;

/** The lowest recommendation of one window on the way up, the highest of the other on the way down. */
function stabilizeBoth(wish: Wish, { scaleUp, scaleDown }: Behavior): Limited {
  const { desired, current, history, now } = wish;
  const upMs = (scaleUp?.stabilizationWindowSeconds ?? 0) * 1000;
  const downSeconds = scaleDown?.stabilizationWindowSeconds;
  const downMs = downSeconds === undefined ? wish.downscaleStabilizationMs : downSeconds * 1000;
  const since = (windowMs: number) => history.recommendations.filter(({ at }) => at > now - windowMs).map(({ replicas }) => replicas);
  const lowest = Math.min(desired, ...since(upMs));
  const highest = Math.max(desired, ...since(downMs));
  history.recommend(desired, now, Math.max(upMs, downMs));
  return { replicas: Math.min(highest, Math.max(lowest, current)), ...(desired >= current ? UP_STABILIZED : DOWN_STABILIZED) };
}

/** Twice as many pods at a time, or four, within the bounds. */
function withinFactor({ desired, current, min, max }: Wish): Limited {
  const limit = Math.max(SCALE_UP_FACTOR * current, SCALE_UP_MIN);
  if (desired < min) return { replicas: min, ...TOO_FEW };
  if (desired > Math.min(max, limit)) return max > limit ? { replicas: limit, ...UP_LIMIT } : { replicas: max, ...TOO_MANY };
  return { replicas: desired, ...WITHIN };
}

/** No faster than the policies allow, within the bounds. */
function withinRates(wish: Wish, { scaleUp, scaleDown }: Behavior): Limited {
  const { desired, current, min, max } = wish;
  if (desired > current) {
    const limit = Math.max(current, upLimit(wish, scaleUp));
    const most = Math.min(max, limit);
    if (desired > most) return { replicas: most, ...(max > limit ? UP_LIMIT : TOO_MANY) };
  } else if (desired < current) {
    const limit = Math.min(current, downLimit(wish, scaleDown));
    const least = Math.max(min, limit);
    if (desired < least) return { replicas: least, ...(min < limit ? DOWN_LIMIT : TOO_FEW) };
  }
  return { replicas: desired, ...WITHIN };
}

/** The most pods there may be now. Percentages are rounded up: there must be a way up from one pod. */
function upLimit(wish: Wish, rules: HPAScalingRules | undefined): number {
  if (rules?.selectPolicy === 'Disabled') return wish.current;
  const limits = (rules?.policies ?? []).map(({ type, value, periodSeconds }) => {
    const begin = atBeginOf(wish, periodSeconds);
    return type === 'Pods' ? begin + value : Math.ceil(begin * (1 + value / 100));
  });
  return rules?.selectPolicy === 'Min' ? Math.min(...limits) : Math.max(...limits);
}

/** The fewest pods there may be now. */
function downLimit(wish: Wish, rules: HPAScalingRules | undefined): number {
  if (rules?.selectPolicy === 'Disabled') return wish.current;
  const limits = (rules?.policies ?? []).map(({ type, value, periodSeconds }) => {
    const begin = atBeginOf(wish, periodSeconds);
    return type === 'Pods' ? begin - value : Math.trunc(begin * (1 - value / 100));
  });
  return rules?.selectPolicy === 'Min' ? Math.max(...limits) : Math.min(...limits);
}

/** How many pods there were when the period began. */
function atBeginOf({ current, history, now }: Wish, periodSeconds: number): number {
  const sum = (events: readonly ScaleEvent[]) =>
    events.reduce((total, { change, at }) => (at > now - periodSeconds * 1000 ? total + change : total), 0);
  return current - sum(history.ups) + sum(history.downs);
}

/** How long ago a change of this direction can still matter. */
export function longestPeriodMs(behavior: Behavior, change: number): number {
  const rules = change > 0 ? behavior.scaleUp : behavior.scaleDown;
  return Math.max(0, ...(rules?.policies ?? []).map(({ periodSeconds }) => periodSeconds)) * 1000;
}
