import type { Counter, Gauge, Labels } from '../runtime/index.ts';
import { EVALUATED_POINTS } from './framework/evaluations.ts';
import { pointLabel } from './framework/extension-points.ts';
import { NO_PLUGIN } from './framework/fit-error.ts';
import type { QueuedPod } from './framework/plugin.ts';
import type { Profile } from './framework/profile.ts';

// Series of metrics that are added up when somebody asks.

/** A value, and whose it is. */
export interface Sample {
  readonly value: number;
  readonly labels: Labels;
}

const keyOf = (labels: Labels): string => JSON.stringify(labels);

/** Sets a gauge to samples; what was there before and no longer is becomes 0. */
export function lastingGauge(gauge: Gauge): (samples: readonly Sample[]) => void {
  const known = new Map<string, Labels>();
  return (samples) => {
    for (const labels of known.values()) gauge.set(0, labels);
    for (const { value, labels } of samples) {
      known.set(keyOf(labels), labels);
      gauge.set(value, labels);
    }
  };
}

/** Brings a counter to totals that only grow. */
export function growing(counter: Counter): (samples: Iterable<Sample>) => void {
  const told = new Map<string, number>();
  return (samples) => {
    for (const { value, labels } of samples) {
      const key = keyOf(labels);
      counter.inc(labels, value - (told.get(key) ?? 0));
      told.set(key, value);
    }
  };
}

/** How many of the pods that wait each plugin has rejected. */
export function rejectedPods(waiting: Iterable<QueuedPod>): Sample[] {
  const samples = new Map<string, { value: number; readonly labels: Labels }>();
  for (const { info, rejectedBy, pending } of waiting) {
    const profile = info.pod.spec.schedulerName ?? '';
    for (const plugin of new Set([...rejectedBy, ...pending])) {
      if (plugin === NO_PLUGIN) continue;
      const key = `${plugin}/${profile}`;
      const sample = samples.get(key) ?? { value: 0, labels: { plugin, profile } };
      sample.value++;
      samples.set(key, sample);
    }
  }
  return [...samples.values()];
}

export function* evaluationsOf(profiles: Iterable<Profile>): Iterable<Sample> {
  for (const { schedulerName: profile, evaluations } of profiles) {
    for (const point of EVALUATED_POINTS) {
      for (const [plugin, value] of evaluations.of(point)) yield { value, labels: { plugin, extension_point: pointLabel(point), profile } };
    }
  }
}
