import { expect, it } from 'vitest';
import { apiError, type Live, type PersistentVolumeClaim, type Pod } from '../../api/index.ts';
import type { ApiClient, EventRecorder, Informer } from '../../client/index.ts';
import { aPod, aStatefulSet, meta } from '../testing/builders.ts';
import { StatefulPods } from './stateful-pods.ts';

const owned = { whenDeleted: 'Delete', whenScaled: 'Retain' };
const set = aStatefulSet(1, {
  spec: { volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: {}, status: {} }], persistentVolumeClaimRetentionPolicy: owned },
});
const pod = aPod('web-0').build();
const claimOf = (more: object = {}): Live<PersistentVolumeClaim> => ({ metadata: meta('data-web-0', more), spec: {}, status: {} });
const conflict = (resource: string, name: string) => apiError.modified({ group: '', resource }, name);

/** What is told while an action is carried out, and how often the pod was written. */
async function carriedOut(action: 'repair' | 'create', claim: Live<PersistentVolumeClaim>, failures: { pod?: number; claim?: boolean }) {
  const told: string[] = [];
  let writes = 0;
  const resource = (kind: { readonly resource: string }) => ({
    get: () => Promise.resolve(pod),
    create: () => Promise.resolve(pod),
    update: (written: Live<Pod>) => {
      const ofPod = kind.resource === 'pods';
      if (ofPod) writes++;
      const fails = ofPod ? writes <= (failures.pod ?? 0) : failures.claim === true;
      return fails ? Promise.reject(conflict(kind.resource, written.metadata.name)) : Promise.resolve(written);
    },
  });
  const recorder = { event: (_: unknown, type: string, reason: string, message: string) => told.push(`${type} ${reason}: ${message}`) };
  const claims = { get: () => claim } as unknown as Informer<PersistentVolumeClaim>;
  const pods = new StatefulPods({ resource } as unknown as ApiClient, claims, recorder as unknown as EventRecorder);
  const done = pods.carryOut(set, action === 'repair' ? { do: 'repair', pod } : { do: 'create', pod, ordinal: 0 });
  const error = await done.then(
    () => undefined,
    (thrown: unknown) => (thrown instanceof Error ? thrown.message : String(thrown)),
  );
  return { told, writes, error };
}

it('tries a pod again that somebody else wrote meanwhile, and tells of the end only', async () => {
  expect(await carriedOut('repair', claimOf(), { pod: 3 })).toEqual({
    told: ['Normal SuccessfulUpdate: update Pod web-0 in StatefulSet web successful'],
    writes: 4,
    error: undefined,
  });
  const { told, writes } = await carriedOut('repair', claimOf(), { pod: 9 });
  expect([told.length, told[0]?.startsWith('Warning FailedUpdate'), writes]).toEqual([1, true, 4]);
});

it('says which claim would not take its owner', async () => {
  const why = `could not update claim data-web-0 for delete policy ownerRefs: ${conflict('persistentvolumeclaims', 'data-web-0').message}`;
  expect(await carriedOut('repair', claimOf(), { claim: true })).toEqual({
    told: [`Warning FailedUpdate: update Pod web-0 in StatefulSet web failed error: ${why}`],
    writes: 0,
    error: why,
  });
});

it('owns the claims that are there when it makes a pod, and says where another controller has one', async () => {
  expect((await carriedOut('create', claimOf(), {})).told).toEqual([
    'Normal SuccessfulCreate: create Pod web-0 in StatefulSet web successful',
  ]);
  const another = claimOf({ ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'o', uid: 'u', controller: true }] });
  expect((await carriedOut('create', another, {})).told).toEqual([
    'Warning ConflictingController: PersistentVolumeClaim data-web-0 has a conflicting OwnerReference that acts as a manging controller, ' +
      'the retention policy is ignored for this claim',
    'Normal SuccessfulCreate: create Pod web-0 in StatefulSet web successful',
  ]);
});
