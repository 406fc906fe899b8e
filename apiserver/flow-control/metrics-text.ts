import type { Histogram } from '../registry/histogram.ts';
import type { FlowStats } from './flow-stats.ts';
import type { PriorityAndFairness } from './priority-and-fairness.ts';
import type { PriorityLevel } from './priority-level.ts';
import type { TimingRatio } from './timing-ratio.ts';

/*
 * The metrics of flow control, in Prometheus' text format. Names, labels and buckets are upstream's:
 * apiserver/pkg/util/flowcontrol/metrics/metrics.go.
 */

const PREFIX = 'apiserver_flowcontrol_';

type Sample = readonly [labels: string, value: number];

function family(type: 'counter' | 'gauge', name: string, help: string, samples: Iterable<Sample>): string[] {
  const full = PREFIX + name;
  const lines = [...samples].map(([labels, value]) => `${full}${labels === '' ? '' : `{${labels}}`} ${value}`);
  return lines.length === 0 ? [] : [`# HELP ${full} ${help}`, `# TYPE ${full} ${type}`, ...lines];
}

function histograms(name: string, help: string, of: readonly ((full: string) => string[])[]): string[] {
  const full = PREFIX + name;
  const lines = of.flatMap((linesOf) => linesOf(full));
  return lines.length === 0 ? [] : [`# HELP ${full} ${help}`, `# TYPE ${full} histogram`, ...lines];
}

/** All of flow control's metrics. */
export function metricsText(control: PriorityAndFairness, nowMs: number): string {
  const levels = [...control.configuration.levels()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const flows = levels.flatMap(({ stats }) => [...stats.values()]).filter(isUsed);
  return [
    ...flowLines(flows),
    ...flowHistograms(flows),
    ...levelLines(levels),
    ...virtualTimeLines(levels),
    ...family('gauge', 'seat_fair_frac', 'Part of its target that each level was given at the last adjustment.', [
      ['', control.configuration.fairFraction],
    ]),
    ...ratioLines(control, levels, nowMs),
    '',
  ].join('\n');
}

const isUsed = ({ dispatched, rejected, waiting }: FlowStats): boolean =>
  dispatched + waiting + rejected['concurrency-limit'] + rejected['queue-full'] + rejected['time-out'] > 0;

const labelsOf = ({ level, schema }: FlowStats): string => `priority_level="${level}",flow_schema="${schema}"`;

function flowLines(flows: readonly FlowStats[]): string[] {
  const each = (of: (stats: FlowStats) => number) => flows.map((stats): Sample => [labelsOf(stats), of(stats)]);
  const rejected = flows.flatMap((stats) =>
    Object.entries(stats.rejected)
      .filter(([, count]) => count > 0)
      .map(([reason, count]): Sample => [`${labelsOf(stats)},reason="${reason}"`, count]),
  );
  return [
    ...family('counter', 'rejected_requests_total', 'Requests turned away.', rejected),
    ...family(
      'counter',
      'dispatched_requests_total',
      'Requests served.',
      each(({ dispatched }) => dispatched),
    ),
    ...family(
      'gauge',
      'current_inqueue_requests',
      'Requests that wait.',
      each(({ waiting }) => waiting),
    ),
    ...family(
      'gauge',
      'current_inqueue_seats',
      'Seats that those that wait will need.',
      each(({ waitingSeats }) => waitingSeats),
    ),
    ...family(
      'gauge',
      'current_executing_requests',
      'Requests being served; watches only until they are initialised.',
      each(({ executing }) => executing),
    ),
    ...family(
      'gauge',
      'current_executing_seats',
      'Seats in use.',
      each(({ executingSeats }) => executingSeats),
    ),
    ...family(
      'counter',
      'request_dispatch_no_accommodation_total',
      'How often the next in line was too wide for the free seats.',
      each(({ unaccommodated }) => unaccommodated).filter(([, count]) => count > 0),
    ),
  ];
}

function flowHistograms(flows: readonly FlowStats[]): string[] {
  const of = (name: string, help: string, pick: (stats: FlowStats) => readonly (readonly [string, Histogram])[]) =>
    histograms(
      name,
      help,
      flows.flatMap((stats) =>
        pick(stats)
          .filter(([, histogram]) => histogram.count > 0)
          .map(
            ([more, histogram]) =>
              (full: string) =>
                histogram.lines(full, labelsOf(stats) + more),
          ),
      ),
    );
  return [
    ...of('request_queue_length_after_enqueue', 'How long a queue was with each request that joined it.', (stats) => [
      ['', stats.queueLengths],
    ]),
    ...of('request_wait_duration_seconds', 'How long requests waited in their queues.', (stats) => [
      [',execute="false"', stats.waitedInVain],
      [',execute="true"', stats.waited],
    ]),
    ...of('request_execution_seconds', 'How long requests were served; watches only until they were initialised.', (stats) => [
      [',type="regular"', stats.executed],
      [',type="watch"', stats.watchesExecuted],
    ]),
    ...of('watch_count_samples', 'Watchers of what writes change.', (stats) => [['', stats.watchCounts]]),
    ...of('work_estimated_seats', 'Seats that requests were expected to need.', (stats) => [['', stats.seats]]),
  ];
}

function levelLines(levels: readonly PriorityLevel[]): string[] {
  const gauge = (name: string, help: string, of: (level: PriorityLevel) => number) =>
    family(
      'gauge',
      name,
      help,
      levels.map((level): Sample => [`priority_level="${level.name}"`, of(level)]),
    );
  return [
    ...gauge('nominal_limit_seats', 'Seats each level has a right to.', ({ limits }) => limits.nominal),
    ...gauge('lower_limit_seats', 'Seats each level does not lend.', ({ limits }) => limits.min),
    ...gauge('upper_limit_seats', 'Seats each level may reach by borrowing.', ({ limits }) => limits.max),
    ...gauge('current_limit_seats', 'Seats each level has for now.', ({ limit }) => limit),
    ...gauge('demand_seats_high_watermark', 'Most seats each level had use for before the last adjustment.', (l) => l.demand.highWatermark),
    ...gauge('demand_seats_average', 'Seats each level had use for, over time.', ({ demand }) => demand.average),
    ...gauge('demand_seats_stdev', 'Standard deviation of the seats each level had use for.', ({ demand }) => demand.deviation),
    ...gauge('demand_seats_smoothed', 'Seats each level had use for, smoothed.', ({ demand }) => demand.smoothed),
    ...gauge('target_seats', 'Seats each level should have.', ({ target }) => target),
  ];
}

function virtualTimeLines(levels: readonly PriorityLevel[]): string[] {
  const queued = levels.filter(({ queueCount }) => queueCount > 0);
  const label = ({ name }: PriorityLevel) => `priority_level="${name}"`;
  const timed = queued.flatMap((level) => (level.queues.times ? [{ label: label(level), times: level.queues.times }] : []));
  const bounds = (name: string, help: string, pick: (of: (typeof timed)[number]['times']) => { min: number; max: number }) =>
    family(
      'gauge',
      name,
      help,
      timed.flatMap(({ label: labels, times }): Sample[] => [
        [`${labels},bound="max"`, pick(times).max],
        [`${labels},bound="min"`, pick(times).min],
      ]),
    );
  return [
    ...family(
      'gauge',
      'current_r',
      'Work allotted to each queue so far, in seat-seconds.',
      queued.map((level) => [label(level), level.queues.currentR]),
    ),
    ...family(
      'gauge',
      'dispatch_r',
      'The same at the last time a request was chosen among those that waited.',
      timed.map(({ label: labels, times }) => [labels, times.dispatchR]),
    ),
    ...family(
      'gauge',
      'latest_s',
      'Virtual start of the request that was chosen last.',
      timed.map(({ label: labels, times }) => [labels, times.latestS]),
    ),
    ...bounds('next_s_bounds', 'Virtual starts of the oldest that wait in each queue.', ({ nextS }) => nextS),
    ...bounds('next_discounted_s_bounds', 'The same less the work in progress.', ({ nextDiscountedS }) => nextDiscountedS),
  ];
}

function ratioLines(control: PriorityAndFairness, levels: readonly PriorityLevel[], nowMs: number): string[] {
  const of = (name: string, help: string, ratios: readonly (readonly [string, TimingRatio])[]) =>
    histograms(
      name,
      help,
      ratios.map(
        ([labels, ratio]) =>
          (full: string) =>
            ratio.lines(full, labels, nowMs),
      ),
    );
  const { executing, waiting } = control.use;
  const level = ({ name }: PriorityLevel) => `priority_level="${name}"`;
  return [
    ...of(
      'priority_level_seat_utilization',
      'Seats in use, as a part of those there are, nanosecond by nanosecond.',
      levels.map((each) => [`phase="executing",${level(each)}`, each.seatUse]),
    ),
    ...of(
      'priority_level_request_utilization',
      'Requests, as a part of those there may be, nanosecond by nanosecond.',
      levels.flatMap((each) => [
        [`phase="executing",${level(each)}`, each.executing] as const,
        [`phase="waiting",${level(each)}`, each.waiting] as const,
      ]),
    ),
    ...of(
      'demand_seats',
      'Seats each level had use for, as a part of those it had, nanosecond by nanosecond.',
      levels.map((each) => [level(each), each.demandRatio]),
    ),
    ...of('read_vs_write_current_requests', 'Requests that read and that write, as a part of those there may be.', [
      ['phase="executing",request_kind="mutating"', executing.mutating],
      ['phase="executing",request_kind="readOnly"', executing.readOnly],
      ['phase="waiting",request_kind="mutating"', waiting.mutating],
      ['phase="waiting",request_kind="readOnly"', waiting.readOnly],
    ]),
  ];
}
