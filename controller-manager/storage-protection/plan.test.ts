import { describe, expect, it } from 'vitest';
import type { Live, LiveMeta, PersistentVolume, PersistentVolumeClaim, Pod, VolumeAttributesClass } from '../../api/index.ts';
import { ago, aPod, meta } from '../testing/builders.ts';
import { isAttributesClassUsed, planFinalizers, usesClaim } from './plan.ts';

const FINALIZER = 'kubernetes.io/pvc-protection';
const OTHER = 'example.com/other';

describe('the finalizer', () => {
  const GOING = { deletionTimestamp: ago(1) };
  const plan = (own: Partial<LiveMeta>, isUsed = false) => planFinalizers({ metadata: meta('x', own) }, FINALIZER, isUsed);

  it('is put on what stays', () => {
    expect(plan({ finalizers: [OTHER] })).toEqual([OTHER, FINALIZER]);
    expect(plan({})).toEqual([FINALIZER]);
    expect(plan({ finalizers: [FINALIZER] })).toBeUndefined();
  });

  it('is taken off what is to go, once nobody uses it', () => {
    expect(plan({ ...GOING, finalizers: [FINALIZER, OTHER] })).toEqual([OTHER]);
    expect(plan({ ...GOING, finalizers: [FINALIZER] }, true)).toBeUndefined();
    expect(plan({ ...GOING, finalizers: [OTHER] })).toBeUndefined();
  });
});

describe('a claim', () => {
  const claimOf = (name: string, more: Partial<Live<PersistentVolumeClaim>['metadata']> = {}): Live<PersistentVolumeClaim> => ({
    metadata: meta(name, more),
    spec: {},
    status: {},
  });
  const using = (volume: NonNullable<Pod['spec']['volumes']>[number]) =>
    aPod('p')
      .on('n')
      .change(({ spec }) => {
        spec.volumes = [volume];
      });
  const naming = { name: 'v', persistentVolumeClaim: { claimName: 'c' } };

  it('is used by the pods of its namespace that name it, finished or not', () => {
    expect(usesClaim(using(naming).build(), claimOf('c'))).toBe(true);
    expect(usesClaim(using(naming).phase('Succeeded').build(), claimOf('c'))).toBe(true);
    expect(usesClaim(using(naming).deleting().build(), claimOf('c'))).toBe(true);
    expect(usesClaim(using(naming).build(), claimOf('d'))).toBe(false);
    expect(usesClaim(using(naming).build(), claimOf('c', { namespace: 'other' }))).toBe(false);
  });

  it('is not used by a pod that is on no node', () => {
    expect(usesClaim(using(naming).on('').build(), claimOf('c'))).toBe(false);
  });

  it('that was made for a pod is used by that pod, until its containers are gone', () => {
    const pod = using({ name: 'v', ephemeral: {} });
    const ownerReferences = [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'uid-p', controller: true }];
    expect(usesClaim(pod.build(), claimOf('p-v', { ownerReferences }))).toBe(true);
    expect(usesClaim(pod.build(), claimOf('p-v'))).toBe(false);
    const gone = pod.deleting().change(({ metadata }) => {
      metadata.deletionGracePeriodSeconds = 0;
    });
    expect(usesClaim(gone.build(), claimOf('p-v', { ownerReferences }))).toBe(false);
  });
});

it('a class of attributes is used by claims that want, have or await it, and by volumes', () => {
  const gold: Live<VolumeAttributesClass> = { metadata: meta('gold'), driverName: 'd' };
  const volume = (volumeAttributesClassName: string): Live<PersistentVolume> => ({
    metadata: meta('v'),
    spec: { volumeAttributesClassName },
    status: {},
  });
  const claim = (own: Partial<Pick<PersistentVolumeClaim, 'spec' | 'status'>>): Live<PersistentVolumeClaim> => ({
    metadata: meta('c'),
    spec: {},
    status: {},
    ...own,
  });
  const byClaim = (own: Parameters<typeof claim>[0]) => isAttributesClassUsed(gold, { claims: [claim(own)], volumes: [] });
  const byVolume = (name: string) => isAttributesClassUsed(gold, { claims: [], volumes: [volume(name)] });
  expect(byClaim({ spec: { volumeAttributesClassName: 'gold' } })).toBe(true);
  expect(byClaim({ status: { currentVolumeAttributesClassName: 'gold' } })).toBe(true);
  expect(byClaim({ status: { modifyVolumeStatus: { status: 'Pending', targetVolumeAttributesClassName: 'gold' } } })).toBe(true);
  expect(byClaim({ spec: { volumeAttributesClassName: 'silver' } })).toBe(false);
  expect([byVolume('gold'), byVolume('silver')]).toEqual([true, false]);
});
