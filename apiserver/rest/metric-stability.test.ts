import { expect, it } from 'vitest';
import { registeredText, stabilityOf } from './metric-stability.ts';

it.each([
  ['apiserver_request_total', 'STABLE'],
  ['apiserver_storage_size_bytes', 'STABLE'],
  ['kubernetes_feature_enabled', 'BETA'],
  ['apiserver_flowcontrol_dispatched_requests_total', 'BETA'],
  ['apiserver_flowcontrol_current_r', 'ALPHA'],
])('%s is %s', (name, stability) => {
  expect(stabilityOf(name)).toBe(stability);
});

it('counts each metric once, however many lines it has, and the count itself', () => {
  const text = [
    '# HELP apiserver_request_total Requests.',
    '# TYPE apiserver_request_total counter',
    'apiserver_request_total{code="200"} 1',
    'apiserver_request_total{code="404"} 1',
    '# TYPE apiserver_response_sizes histogram',
    'apiserver_response_sizes_count 1',
    '# TYPE etcd_requests_total counter',
    '',
  ].join('\n');
  const lines = registeredText(text).split('\n');
  expect(lines.filter((line) => !line.startsWith('#')).sort()).toEqual([
    '',
    'registered_metrics_total{deprecated_version="",stability_level="ALPHA"} 1',
    'registered_metrics_total{deprecated_version="",stability_level="BETA"} 1',
    'registered_metrics_total{deprecated_version="",stability_level="STABLE"} 2',
  ]);
});
