import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { ALL_METRICS, expose, type MetricRules } from './exposition.ts';
import { silentLogger } from './logger.ts';
import { metricOptions, readMetricRules } from './metric-rules.ts';
import { stabilityOf } from './metric-stability.ts';
import { createMetrics } from './metrics.ts';
import { OptionError, parseOptions } from './options.ts';

const TEXT = [
  '# HELP etcd_requests_total Requests to the store.',
  '# TYPE etcd_requests_total counter',
  '# HELP apiserver_request_total Requests answered.',
  '# TYPE apiserver_request_total counter',
  'apiserver_request_total{verb="GET",code="200"} 3',
  'apiserver_request_total{verb="LIST",code="200"} 4',
  'apiserver_request_total{verb="PO\\"ST",code="201"} 5',
  '# HELP apiserver_request_sli_duration_seconds How long they took.',
  '# TYPE apiserver_request_sli_duration_seconds histogram',
  'apiserver_request_sli_duration_seconds_bucket{verb="GET",le="1"} 1',
  'apiserver_request_sli_duration_seconds_bucket{verb="GET",le="+Inf"} 2',
  'apiserver_request_sli_duration_seconds_sum{verb="GET"} 1.5',
  'apiserver_request_sli_duration_seconds_count{verb="GET"} 2',
  'apiserver_request_sli_duration_seconds_bucket{verb="PUT",le="1"} 2',
  'apiserver_request_sli_duration_seconds_bucket{verb="PUT",le="+Inf"} 2',
  'apiserver_request_sli_duration_seconds_sum{verb="PUT"} 0.5',
  'apiserver_request_sli_duration_seconds_count{verb="PUT"} 2',
  '',
  '# HELP process_open_fds Open files.',
  '# TYPE process_open_fds gauge',
  'process_open_fds 7',
  '',
].join('\n');

const rulesOf = (argv: string[], errors: unknown[] = []): MetricRules =>
  readMetricRules(parseOptions(metricOptions, argv).values, { ...silentLogger, error: (fields: unknown) => void errors.push(fields) });

const told = (...argv: string[]) => expose(TEXT, rulesOf(argv)).trimEnd().split('\n');

test.each([
  ['apiserver_request_total', 'STABLE'],
  ['job_controller_jobs_finished_total', 'STABLE'],
  ['kubernetes_feature_enabled', 'BETA'],
  ['apiserver_flowcontrol_dispatched_requests_total', 'BETA'],
  ['apiserver_flowcontrol_current_r', 'ALPHA'],
  ['process_open_fds', undefined],
])('%s is %s', (name, stability) => {
  expect(stabilityOf(name)).toBe(stability);
});

describe('what is told', () => {
  it('is in order, says how stable it is, and how much there is; what has no values is counted only', () => {
    expect(told()).toEqual([
      '# HELP apiserver_request_sli_duration_seconds [ALPHA] How long they took.',
      '# TYPE apiserver_request_sli_duration_seconds histogram',
      ...TEXT.split('\n').slice(9, 17),
      '# HELP apiserver_request_total [STABLE] Requests answered.',
      '# TYPE apiserver_request_total counter',
      ...TEXT.split('\n').slice(4, 7),
      '# HELP cardinality_enforcement_unexpected_categorizations_total [ALPHA] Values of labels that were told as unexpected.',
      '# TYPE cardinality_enforcement_unexpected_categorizations_total counter',
      'cardinality_enforcement_unexpected_categorizations_total 0',
      '# HELP disabled_metrics_total [BETA] Metrics that are turned off.',
      '# TYPE disabled_metrics_total counter',
      'disabled_metrics_total 0',
      '# HELP hidden_metrics_total [BETA] Metrics that are hidden.',
      '# TYPE hidden_metrics_total counter',
      'hidden_metrics_total 1',
      '# HELP process_open_fds Open files.',
      '# TYPE process_open_fds gauge',
      'process_open_fds 7',
      '# HELP registered_metrics_total [BETA] Metrics there are, by how stable they are.',
      '# TYPE registered_metrics_total counter',
      'registered_metrics_total{deprecated_version="",stability_level="ALPHA"} 3',
      'registered_metrics_total{deprecated_version="",stability_level="BETA"} 3',
      'registered_metrics_total{deprecated_version="",stability_level="STABLE"} 1',
    ]);
  });

  it('leaves out what is turned off, and counts it', () => {
    const lines = told('--disabled-metrics=apiserver_request_total,nobody_knows_it');
    expect(lines.join('\n')).not.toContain('apiserver_request_total');
    expect(lines).toContain('disabled_metrics_total 2');
    expect(lines).toContain('hidden_metrics_total 2');
    expect(lines.join('\n')).not.toContain('stability_level="STABLE"');
  });

  it('has what is hidden when it is asked for, unless it is turned off', () => {
    const lines = told('--show-hidden-metrics-for-version=1.33');
    expect(lines).toContain('# HELP apiserver_request_slo_duration_seconds [ALPHA] (Deprecated since 1.27.0) How long they took.');
    expect(lines).toContain('apiserver_request_slo_duration_seconds_count{verb="GET"} 2');
    expect(lines).toContain('hidden_metrics_total 0');
    expect(lines).toContain('registered_metrics_total{deprecated_version="1.27.0",stability_level="ALPHA"} 1');
    const off = told('--show-hidden-metrics-for-version=1.33', '--disabled-metrics=apiserver_request_slo_duration_seconds');
    expect(off.join('\n')).not.toContain('apiserver_request_slo');
  });

  it('adds up values of labels that are not allowed', () => {
    const lines = told('--allow-metric-labels=apiserver_request_total,verb=LIST,PO"ST', '--allow-metric-labels=x,y=z');
    expect(lines).toContain('apiserver_request_total{verb="unexpected",code="200"} 3');
    expect(lines).toContain('apiserver_request_total{verb="LIST",code="200"} 4');
    expect(lines).toContain('apiserver_request_total{verb="PO\\"ST",code="201"} 5');
    expect(lines).toContain('cardinality_enforcement_unexpected_categorizations_total 3');
  });

  it('adds up histograms, too', () => {
    const lines = told('--allow-metric-labels=apiserver_request_sli_duration_seconds,verb=POST');
    expect(lines.filter((line) => line.startsWith('apiserver_request_sli'))).toEqual([
      'apiserver_request_sli_duration_seconds_bucket{verb="unexpected",le="1"} 3',
      'apiserver_request_sli_duration_seconds_bucket{verb="unexpected",le="+Inf"} 4',
      'apiserver_request_sli_duration_seconds_sum{verb="unexpected"} 2',
      'apiserver_request_sli_duration_seconds_count{verb="unexpected"} 4',
    ]);
    expect(lines).toContain('cardinality_enforcement_unexpected_categorizations_total 4');
  });

  it('has bounds of buckets as Go writes them', () => {
    const text = (bounds: readonly (number | string)[]) =>
      [
        '# HELP x_seconds X.',
        '# TYPE x_seconds histogram',
        ...bounds.map((bound) => `x_seconds_bucket{name="1000000",le="${bound}"} 1`),
      ].join('\n');
    const bounds = [1e-8, 9.999999999999999e-6, 0.000064, 0.0001, 0.25, 999_999, 1_000_000, 16_777_216, '+Inf'];
    const told = expose(text(bounds), ALL_METRICS).split('\n').slice(2);
    expect(told.flatMap((line) => /^x_seconds_bucket\{name="1000000",le="(.*)"\}/.exec(line)?.[1] ?? [])).toEqual([
      ...['1e-08', '9.999999999999999e-06', '6.4e-05', '0.0001', '0.25', '999999', '1e+06', '1.6777216e+07', '+Inf'],
    ]);
  });

  it('is told so of metrics of any process', async () => {
    const metrics = createMetrics(rulesOf(['--allow-metric-labels=things_total,name=a']));
    const things = metrics.counter({ name: 'things_total', help: 'Things.', labels: ['name'] });
    for (const name of ['a', 'b', 'c']) things.inc({ name });
    metrics.counter({ name: 'others_total', help: 'Others.', labels: ['name'] });
    const text = await metrics.text();
    expect(text).toContain('# HELP things_total [ALPHA] Things.\n# TYPE things_total counter\nthings_total{name="a"} 1\n');
    expect(text).toContain('things_total{name="unexpected"} 2\n');
    expect(text).not.toContain('others_total');
    expect(text).toMatch(/^# TYPE process_cpu_seconds_total counter$/m);
  });
});

describe('the options', () => {
  it('are what is told of all when they are not given', () => {
    expect(rulesOf([])).toBe(ALL_METRICS);
  });

  it('may have several labels in one, in quotes', () => {
    const { allowed } = rulesOf(['--allow-metric-labels="m,a=1,2","m,b=3"', '--allow-metric-labels=n,a=4']);
    expect([...allowed].map(([metric, labels]) => [metric, [...labels].map(([label, values]) => [label, [...values]])])).toEqual([
      [
        'm',
        [
          ['a', ['1', '2']],
          ['b', ['3']],
        ],
      ],
      ['n', [['a', ['4']]]],
    ]);
  });

  it.each([
    [
      '--show-hidden-metrics-for-version=1.32',
      "--show-hidden-metrics-for-version must be omitted or have the value '1.33'. Only the previous minor version is allowed",
    ],
    [
      '--allow-metric-labels=metric=value',
      '--allow-metric-labels must have a list of kv pair with format `metricName,labelName=labelValue, labelValue,...`',
    ],
    ['--allow-metric-labels=metric', 'metric must be formatted as key=value'],
  ])('%s is refused', (argument, message) => {
    expect(() => rulesOf([argument])).toThrow(new OptionError(message).constructor as typeof OptionError);
    expect(() => rulesOf([argument])).toThrow(message);
  });

  it('may lie in a file, which the command line goes before and which is no reason not to start', () => {
    const directory = mkdtempSync(join(tmpdir(), 'manifest-'));
    const path = join(directory, 'allowed.yaml');
    const manifest = `--allow-metric-labels-manifest=${path}`;
    const errors: unknown[] = [];
    try {
      writeFileSync(path, 'm,a: "1,2"\n');
      expect(rulesOf([manifest]).allowed.get('m')?.get('a')).toEqual(new Set(['1', '2']));
      expect([...rulesOf([manifest, '--allow-metric-labels=n,b=3']).allowed.keys()]).toEqual(['n']);
      writeFileSync(path, '- 1');
      expect(rulesOf([manifest], errors)).toBe(ALL_METRICS);
      expect(errors).toHaveLength(1);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
