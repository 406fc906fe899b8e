import type { LoadCurve } from '../cri.ts';

/** A stretch of a curve, linear from one value to the other. */
interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly first: number;
  readonly last: number;
}

/** A curve that has the same value all the time. */
export const steady = (value: number): LoadCurve => ({ points: [{ atMs: 0, value }] });

/** The value of a curve so long after its start. */
export function valueAt(curve: LoadCurve, ms: number): number {
  const at = phaseOf(curve, ms);
  for (const { from, to, first, last } of stretchesOf(curve)) if (at < to) return first + ((last - first) * (at - from)) / (to - from);
  return curve.points.at(-1)?.value ?? 0;
}

/** The area under a curve from its start until then: value × milliseconds. */
export function areaUntil(curve: LoadCurve, ms: number): number {
  const { periodMs } = curve;
  if (!periodMs) return areaOnce(curve, ms);
  return Math.floor(ms / periodMs) * areaOnce(curve, periodMs) + areaOnce(curve, ms % periodMs);
}

function areaOnce(curve: LoadCurve, ms: number): number {
  let area = 0;
  for (const { from, to, first, last } of stretchesOf(curve)) {
    if (ms <= from) return area;
    const end = Math.min(ms, to);
    const value = first + ((last - first) * (end - from)) / (to - from);
    area += ((first + value) / 2) * (end - from);
  }
  const lastAt = curve.points.at(-1)?.atMs ?? 0;
  return area + Math.max(0, ms - lastAt) * (curve.points.at(-1)?.value ?? 0);
}

/** A curve that a limit cuts; where it crosses the limit a point is put in. */
export function capped(curve: LoadCurve, limit: number): LoadCurve {
  if (curve.points.every(({ value }) => value <= limit)) return curve;
  const points = curve.points.flatMap((point, i) => {
    const before = curve.points[i - 1];
    const own = { atMs: point.atMs, value: Math.min(point.value, limit) };
    if (!before || before.value > limit === point.value > limit) return [own];
    const share = (limit - before.value) / (point.value - before.value);
    return [{ atMs: before.atMs + share * (point.atMs - before.atMs), value: limit }, own];
  });
  return { ...curve, points };
}

/** When a curve is first above a value, not before `fromMs`; undefined when it never is. */
export function firstAbove(curve: LoadCurve, limit: number, fromMs: number): number | undefined {
  if (valueAt(curve, fromMs) > limit) return fromMs;
  const { periodMs } = curve;
  const start = periodMs ? Math.floor(fromMs / periodMs) * periodMs : 0;
  const here = crossing(curve, limit, { start, fromMs });
  return here === undefined && periodMs ? crossing(curve, limit, { start: start + periodMs, fromMs }) : here;
}

function crossing(curve: LoadCurve, limit: number, { start, fromMs }: { start: number; fromMs: number }): number | undefined {
  const end = start + (curve.periodMs ?? Number.POSITIVE_INFINITY);
  for (const { from, to, first, last } of [...stretchesOf(curve), ...tailOf(curve)]) {
    const atMs = first > limit ? start + from : start + from + ((limit - first) / (last - first)) * (to - from);
    if (Math.max(first, last) > limit && atMs >= fromMs && atMs < end) return atMs;
  }
  return undefined;
}

const phaseOf = ({ periodMs }: LoadCurve, ms: number): number => (periodMs ? ms % periodMs : ms);

/** What goes before the first point has its value. */
function stretchesOf({ points }: LoadCurve): Stretch[] {
  const [first] = points;
  if (!first) return [];
  const all = first.atMs > 0 ? [{ atMs: 0, value: first.value }, ...points] : points;
  return all.slice(1).flatMap((point, i) => {
    const before = all[i] ?? point;
    return point.atMs > before.atMs ? [{ from: before.atMs, to: point.atMs, first: before.value, last: point.value }] : [];
  });
}

/** The last value, as a stretch of its own: a curve may jump at its end. */
function tailOf({ points }: LoadCurve): Stretch[] {
  const last = points.at(-1);
  return last ? [{ from: last.atMs, to: last.atMs + 1, first: last.value, last: last.value }] : [];
}
