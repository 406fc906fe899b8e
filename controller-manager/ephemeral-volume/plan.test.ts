import { describe, expect, it } from 'vitest';
import type { Live, PersistentVolumeClaim } from '../../api/index.ts';
import { aPod, meta } from '../testing/builders.ts';
import { planEphemeral } from './plan.ts';

const template = {
  metadata: { labels: { a: 'b' } },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
};
const pod = aPod('p').change(({ spec }) => {
  spec.volumes = [
    { name: 'scratch', ephemeral: { volumeClaimTemplate: template } },
    { name: 'other', emptyDir: {} },
  ];
});
const claim = (uid: string): Live<PersistentVolumeClaim> => ({
  metadata: meta('p-scratch', { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid, controller: true }] }),
  spec: {},
  status: {},
});

describe('ephemeral volumes', () => {
  it('get a claim of the template, which belongs to the pod', () => {
    const { create, taken } = planEphemeral(pod.build(), () => undefined);
    expect([create.length, taken]).toEqual([1, []]);
    expect(create[0]?.claim).toMatchObject({
      metadata: {
        name: 'p-scratch',
        namespace: 'default',
        labels: { a: 'b' },
        ownerReferences: [{ kind: 'Pod', name: 'p', uid: 'uid-p', controller: true, blockOwnerDeletion: true }],
      },
      spec: template.spec,
    });
  });

  it('that have theirs get no other, and do not take somebody else’s', () => {
    expect(planEphemeral(pod.build(), () => claim('uid-p'))).toEqual({ create: [], taken: [] });
    expect(planEphemeral(pod.build(), () => claim('other')).taken).toEqual([
      { volume: 'scratch', why: 'PVC default/p-scratch was not created for pod default/p (pod is not owner)' },
    ]);
  });

  it('get nothing once the pod is to go', () => {
    expect(planEphemeral(pod.deleting().build(), () => undefined).create).toEqual([]);
  });
});
