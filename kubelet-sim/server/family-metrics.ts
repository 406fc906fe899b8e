import { Durations } from '../durations.ts';
import { FAMILIES } from '../pod/count-families.ts';
import type { KubeletCounts } from '../pod/kubelet-counts.ts';
import type { Family, Tallies, Tally } from '../tallies.ts';
import { histogramSamples, type Labels, type Metric, type Sample } from './prometheus-text.ts';

/** Counters and histograms that upstream tells from the start, since they have no labels. */
const isAlwaysTold = ({ labels, isLate }: Family): boolean => labels.length === 0 && !isLate;

const NOTHING: Tally = { values: [], count: 0, durations: undefined };

/** What a kubelet has counted by labels, or by none; what never happened is left out if it has labels. */
export const familyMetrics = ({ tallies }: KubeletCounts): Metric[] => FAMILIES.map((family) => metricOf(family, tallies));

function metricOf(family: Family, tallies: Tallies): Metric {
  const { name, help, bounds, isGauge } = family;
  const known = [...tallies.of(family)];
  const all = known.length === 0 && isAlwaysTold(family) ? [NOTHING] : known;
  const samples = all
    .map((tally) => ({ labels: labelsOf(family, tally), tally }))
    .sort((a, b) => (keyOf(a.labels) < keyOf(b.labels) ? -1 : 1));
  return {
    name,
    type: bounds ? 'histogram' : isGauge ? 'gauge' : 'counter',
    help: `[ALPHA] ${help}`,
    samples: samples.flatMap(({ labels, tally }): Sample[] =>
      bounds ? histogramSamples(tally.durations ?? new Durations(bounds), labels) : [{ labels, value: tally.count }],
    ),
  };
}

const labelsOf = ({ labels }: Family, { values }: Tally): Labels => Object.fromEntries(labels.map((label, i) => [label, values[i] ?? '']));
const keyOf = (labels: Labels): string => JSON.stringify(Object.values(labels));
