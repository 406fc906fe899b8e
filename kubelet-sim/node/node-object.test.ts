import { expect, test } from 'vitest';
import { DEFAULT_THRESHOLDS } from './eviction.ts';
import { allocatableOf, metadataToMend, type NodeSpec } from './node-object.ts';

const spec: NodeSpec = {
  name: 'n',
  ips: ['172.18.0.2'],
  address: 'localhost',
  port: 1,
  cpu: '1',
  memory: '1Gi',
  ephemeralStorage: '1Gi',
  thresholds: DEFAULT_THRESHOLDS,
  maxPods: 1,
  labels: { disk: 'ssd', 'topology.kubernetes.io/zone': 'a' },
  taints: [],
  runtimeVersion: 'x://1',
  machineId: '0'.repeat(32),
};
const kept = {
  'beta.kubernetes.io/arch': 'amd64',
  'beta.kubernetes.io/os': 'linux',
  'kubernetes.io/arch': 'amd64',
  'kubernetes.io/hostname': 'n',
  'kubernetes.io/os': 'linux',
  'topology.kubernetes.io/zone': 'a',
};
const annotations = { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' };

// Upstream's TestUpdateDefaultLabels and TestReconcileCMADAnnotationWithExistingNode.
test.each([
  ['as they should be', { labels: kept, annotations }, undefined],
  ['labels of others stay, and one of ours that somebody took away', { labels: { ...kept, disk: 'hdd', a: 'b' }, annotations }, undefined],
  [
    'well-known ones are seen to',
    { labels: { ...kept, 'kubernetes.io/os': 'plan9', 'topology.kubernetes.io/zone': 'b' }, annotations },
    { labels: { 'kubernetes.io/os': 'linux', 'topology.kubernetes.io/zone': 'a' } },
  ],
  ['so is who attaches volumes', { labels: kept }, { annotations }],
])('labels and annotations of a node that is there: %s', (_name, metadata, mended) => {
  const meta = { name: 'n', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };
  expect(metadataToMend(spec, { metadata: { ...meta, ...metadata }, spec: {}, status: {} })).toEqual(mended);
});

test('what hard thresholds keep free of memory and disk is not for pods, as it once was of the disk', () => {
  const { memory, 'ephemeral-storage': disk } = allocatableOf({ ...spec, memory: '32Gi', ephemeralStorage: '100Gi' });
  expect([memory, disk]).toEqual(['32668Mi', '96636764000']);
  const soft = [{ signal: 'nodefs.available', value: '10%', graceMs: 1000 }] as const;
  expect(allocatableOf({ ...spec, thresholds: soft })).toMatchObject({ memory: '1Gi', 'ephemeral-storage': '1Gi' });
});
