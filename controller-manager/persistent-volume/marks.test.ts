import { describe, expect, it } from 'vitest';
import { meta } from '../testing/builders.ts';
import { freedVolume, markedClaim, markedVolume } from './marks.ts';
import type { Claim, Volume } from './plan-claim.ts';

const MADE_BY = 'pv.kubernetes.io/provisioned-by';
const MIGRATED_TO = 'pv.kubernetes.io/migrated-to';
const OURS = 'kubernetes.io/pv-controller';
const PROVISIONERS = 'external-provisioner.volume.kubernetes.io/finalizer';
const MOVED = 'kubernetes.io/gce-pd';
const DRIVER = 'pd.csi.storage.gke.io';
const STAYED = 'kubernetes.io/rbd';

const volume = (
  annotations: Record<string, string> | undefined,
  finalizers: string[] | undefined,
  policy: string,
  more: object = {},
): Volume => ({
  metadata: meta('v', { namespace: undefined, annotations, finalizers, ...more }),
  spec: { persistentVolumeReclaimPolicy: policy },
  status: { phase: 'Bound' },
});

describe('the driver that took over', () => {
  const OF_CLAIM = ['volume.kubernetes.io/storage-provisioner', 'volume.beta.kubernetes.io/storage-provisioner'];

  it.each<{ why: string; maker: string; before?: string; after: string | undefined }>([
    { why: 'is told', maker: MOVED, after: DRIVER },
    { why: 'is put right', maker: MOVED, before: 'x', after: DRIVER },
    { why: 'is told already', maker: MOVED, before: DRIVER, after: DRIVER },
    { why: 'is none', maker: STAYED, after: undefined },
    { why: 'is none any more', maker: STAYED, before: 'rbd.csi.ceph.com', after: undefined },
    { why: 'is none of what never was a plugin', maker: 'x.io/y', before: DRIVER, after: undefined },
  ])('$why', ({ maker, before, after }) => {
    const told = before === undefined ? {} : { [MIGRATED_TO]: before };
    const ofVolume = volume({ [MADE_BY]: maker, ...told }, undefined, 'Retain');
    expect((markedVolume(ofVolume) ?? ofVolume).metadata.annotations?.[MIGRATED_TO]).toBe(after);
    for (const key of OF_CLAIM) {
      const claim: Claim = { metadata: meta('c', { annotations: { [key]: maker, ...told } }), spec: {}, status: {} };
      const marked = markedClaim(claim);
      expect(marked === undefined).toBe(before === after);
      expect((marked ?? claim).metadata.annotations).toEqual({ [key]: maker, ...(after ? { [MIGRATED_TO]: after } : {}) });
    }
  });

  it('is none of what nobody makes', () => {
    expect(markedVolume(volume({ [MIGRATED_TO]: DRIVER }, undefined, 'Delete'))).toBeUndefined();
    expect(markedClaim({ metadata: meta('c'), spec: {}, status: {} })).toBeUndefined();
  });
});

describe('finalizers of a volume', () => {
  it.each<{ why: string; maker?: string | null; before?: string[]; policy?: string; more?: object; after?: string[] }>([
    { why: 'are its provisioner’s own', maker: 'x.io/y', before: [PROVISIONERS] },
    { why: 'are left to a provisioner that has set none yet', maker: 'x.io/y' },
    { why: 'come beside others', before: ['a/b'], after: ['a/b', OURS] },
    { why: 'come where there were none', after: [OURS] },
    { why: 'are there', before: [OURS] },
    { why: 'take the place of a driver’s that is none any more', before: [PROVISIONERS, 'a/b'], after: ['a/b', OURS] },
    { why: 'go once a driver took over', maker: MOVED, before: [PROVISIONERS, OURS], after: [PROVISIONERS] },
    { why: 'are left alone where nobody made it', maker: null, before: [PROVISIONERS] },
    { why: 'are not needed by what is kept', policy: 'Retain' },
    { why: 'are not needed by what is wiped', policy: 'Recycle' },
    { why: 'go from what is kept by now', policy: 'Retain', before: [OURS], after: [] },
    { why: 'do not come to what goes', more: { deletionTimestamp: '2026-01-01T00:00:00Z' }, before: ['a/b'] },
  ])('$why', ({ maker = STAYED, before, policy = 'Delete', more, after }) => {
    const annotations = maker === null ? undefined : { [MADE_BY]: maker, ...(maker === MOVED ? { [MIGRATED_TO]: DRIVER } : {}) };
    expect(markedVolume(volume(annotations, before, policy, more))?.metadata.finalizers).toEqual(after);
  });

  it('go with what it stood for', () => {
    expect(freedVolume(volume({}, ['a/b', OURS], 'Delete'))?.metadata.finalizers).toEqual(['a/b']);
    expect(freedVolume(volume({}, ['a/b'], 'Delete'))).toBeUndefined();
  });
});
