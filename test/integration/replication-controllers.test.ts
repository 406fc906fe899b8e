import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { coreKinds, type Event, type Live, type Pod, type ReplicationController } from '../../api/index.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';

const { replicationcontrollers, pods, events } = coreKinds;

let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane({ nodes: ['n1'] });
});
afterAll(() => plane[Symbol.asyncDispose]());

const template = (app: string) => ({ metadata: { labels: { app } }, spec: { containers: [{ name: 'c', image: 'nginx' }] } });
const create = (name: string, replicas: number) =>
  plane.create<ReplicationController>(replicationcontrollers, {
    apiVersion: 'v1',
    kind: 'ReplicationController',
    metadata: { name, namespace: 'default' },
    spec: { replicas, selector: { app: name }, template: template(name) },
  });
const isWhole = ({ metadata, spec, status }: Live<ReplicationController>) =>
  status.observedGeneration === metadata.generation && status.availableReplicas === spec.replicas && status.replicas === spec.replicas;
const podsOf = async (app: string) =>
  (await plane.list<Pod>(pods, 'default')).filter(({ metadata }) => metadata.labels?.app === app && !metadata.deletionTimestamp);

describe('a ReplicationController', () => {
  it('keeps its pods, and tells of it as itself', async () => {
    await create('old', 2);
    const live = await plane.eventually<ReplicationController>(replicationcontrollers, 'old', isWhole);
    expect(live.status).toEqual({ replicas: 2, fullyLabeledReplicas: 2, readyReplicas: 2, availableReplicas: 2, observedGeneration: 1 });
    const [pod] = await podsOf('old');
    expect(pod?.metadata.ownerReferences).toEqual([
      { apiVersion: 'v1', kind: 'ReplicationController', name: 'old', uid: live.metadata.uid, controller: true, blockOwnerDeletion: true },
    ]);
    const teller = ({ reason, source, involvedObject }: Event) => `${reason} ${source?.component} ${involvedObject.kind}`;
    const wanted = 'SuccessfulCreate replication-controller ReplicationController';
    await plane.eventuallyAll<Event>(events, (all) => all.some((event) => teller(event) === wanted));
    await plane.client
      .resource<ReplicationController>(replicationcontrollers)
      .patch('old', { spec: { replicas: 1 } }, { namespace: 'default', type: 'strategic' });
    await plane.eventually<ReplicationController>(replicationcontrollers, 'old', isWhole);
    expect(await podsOf('old')).toHaveLength(1);
  });

  it('lets its pods go when it is deleted as an orphaning owner, and adopts them when it returns', async () => {
    await create('back', 2);
    await plane.eventually<ReplicationController>(replicationcontrollers, 'back', isWhole);
    const before = (await podsOf('back')).map(({ metadata }) => metadata.uid);
    const resource = plane.client.resource<ReplicationController>(replicationcontrollers);
    await resource.delete('back', { namespace: 'default', propagationPolicy: 'Orphan' });
    await plane.eventuallyGone(replicationcontrollers, 'back');
    await create('back', 2);
    const live = await plane.eventually<ReplicationController>(replicationcontrollers, 'back', isWhole);
    const after = await podsOf('back');
    expect(after.map(({ metadata }) => metadata.uid)).toEqual(before);
    expect(after.map(({ metadata }) => metadata.ownerReferences?.[0]?.uid)).toEqual([live.metadata.uid, live.metadata.uid]);
  });
});
