import { describe, expect, it } from 'vitest';
import type { PersistentVolume, PersistentVolumeClaim } from './index.ts';
import { boundVolume, findMatchingVolume, isInTopologies, isVolumeBoundTo, type Live, reachesVolume } from './index.ts';

const meta = (name: string, more: object = {}) => ({ name, uid: `uid-${name}`, resourceVersion: '1', creationTimestamp: '', ...more });
const claim = (spec: PersistentVolumeClaim['spec'] = {}, size = '1Gi'): Live<PersistentVolumeClaim> => ({
  metadata: { ...meta('c'), namespace: 'ns' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: size } }, ...spec },
  status: {},
});
const volume = (
  name: string,
  spec: Partial<PersistentVolume['spec']> = {},
  { phase = 'Available', ...metadata }: { phase?: string; labels?: Record<string, string>; deletionTimestamp?: string } = {},
): Live<PersistentVolume> => ({
  metadata: meta(name, metadata),
  spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], ...spec },
  status: { phase },
});
const on = (...hosts: string[]) => ({
  nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'host', operator: 'In', values: hosts }] }] } },
});
const reserved = (more: object = {}) => ({ claimRef: { namespace: 'ns', name: 'c', ...more } });
const pick = (of: Live<PersistentVolume>[], wanted = claim(), isDelayed = false) =>
  findMatchingVolume(wanted, of, isDelayed)?.metadata.name;

describe('findMatchingVolume', () => {
  it('takes the smallest that is large enough', () => {
    const sizes = ['10Gi', '900Mi', '2Gi', '1536Mi'].map((storage) => volume(storage, { capacity: { storage } }));
    expect(pick(sizes)).toBe('1536Mi');
  });

  it.each<[string, Live<PersistentVolume>, Live<PersistentVolumeClaim>?]>([
    ['of another class', volume('v', { storageClassName: 'fast' })],
    ['that is not Available', volume('v', {}, { phase: 'Released' })],
    ['that is raw', volume('v', { volumeMode: 'Block' })],
    ['that is being deleted', volume('v', {}, { deletionTimestamp: '2026-01-01T00:00:00Z' })],
    ['of other attributes', volume('v', { volumeAttributesClassName: 'gold' })],
    ['that another claim has', volume('v', reserved({ name: 'other' }))],
    ['that an earlier claim of the name had', volume('v', reserved({ uid: 'old' }))],
    ['without the labels asked for', volume('v', {}, { labels: { tier: 'a' } }), claim({ selector: { matchLabels: { tier: 'b' } } })],
  ])('leaves alone what is %s', (_what, candidate, wanted) => {
    expect(pick([candidate], wanted)).toBeUndefined();
  });

  it('prefers the volume that is kept for the claim, whatever its class or phase', () => {
    expect(
      pick([volume('small'), volume('kept', { ...reserved(), capacity: { storage: '5Gi' }, storageClassName: 'x' }, { phase: 'Pending' })]),
    ).toBe('kept');
    expect(pick([volume('small'), volume('kept', reserved())], claim({}, '2Gi'))).toBeUndefined();
  });

  it('binds nothing but what is kept while the claim waits for its consumer', () => {
    expect(pick([volume('v')], claim(), true)).toBeUndefined();
    expect(pick([volume('v', reserved())], claim(), true)).toBe('v');
  });
});

it('a volume is reached from the nodes of its affinity, and from all without one', () => {
  expect([reachesVolume({ host: 'a' }, volume('v', on('a', 'b'))), reachesVolume({ host: 'c' }, volume('v', on('a', 'b')))]).toEqual([
    true,
    false,
  ]);
  expect(reachesVolume(undefined, volume('v'))).toBe(true);
});

it('of the affinity of a volume only labels count: the name of the node is not looked at', () => {
  const matchFields = [{ key: 'metadata.name', operator: 'In', values: ['elsewhere'] }];
  const reaches = (term: object) =>
    reachesVolume({ host: 'a' }, volume('v', { nodeAffinity: { required: { nodeSelectorTerms: [term] } } }));
  expect(reaches({ matchFields })).toBe(true);
  expect(reaches({ matchFields, matchExpressions: [{ key: 'host', operator: 'In', values: ['b'] }] })).toBe(false);
});

it('topologies are alternatives; one without labels holds nothing, and none at all everything', () => {
  const terms = [
    {
      matchLabelExpressions: [
        { key: 'zone', values: ['a', 'b'] },
        { key: 'disk', values: ['ssd'] },
      ],
    },
    { matchLabelExpressions: [] },
  ];
  expect(isInTopologies({ zone: 'b', disk: 'ssd' }, terms)).toBe(true);
  expect(isInTopologies({ zone: 'b' }, terms)).toBe(false);
  expect(isInTopologies(undefined, [])).toBe(true);
  expect(isInTopologies({}, [{ matchLabelExpressions: [{ key: 'zone', values: [''] }] }])).toBe(false);
});

describe('boundVolume', () => {
  it('names the claim, and says that a controller chose it', () => {
    const bound = boundVolume(volume('v'), claim());
    expect(bound?.metadata.annotations).toEqual({ 'pv.kubernetes.io/bound-by-controller': 'yes' });
    expect(bound?.spec.claimRef).toEqual({
      kind: 'PersistentVolumeClaim',
      apiVersion: 'v1',
      namespace: 'ns',
      name: 'c',
      uid: 'uid-c',
      resourceVersion: '1',
    });
    expect(bound && isVolumeBoundTo(bound, claim())).toBe(true);
    expect(bound && boundVolume(bound, claim())).toBeUndefined();
  });

  it('adds the uid to what the user has kept for the claim, and claims no merit', () => {
    const bound = boundVolume(volume('v', reserved()), claim());
    expect([bound?.metadata.annotations, bound?.spec.claimRef?.uid]).toEqual([undefined, 'uid-c']);
  });
});
