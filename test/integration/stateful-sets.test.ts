import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  appsKinds,
  type ControllerRevision,
  coreKinds,
  type Event,
  type Live,
  type PersistentVolumeClaim,
  type Pod,
  type StatefulSet,
} from '../../api/index.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { STUCK } from '../support/fake-kubelet.ts';
import { Gates } from '../support/gates.ts';

const { statefulsets, controllerrevisions } = appsKinds;
const { pods, events, persistentvolumeclaims } = coreKinds;

const gates = new Gates();
let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane({ nodes: ['n1', 'n2'], gates });
});
afterEach(() => gates.openAll());
afterAll(() => plane[Symbol.asyncDispose]());

const template = (app: string, image: string, labels: Record<string, string> = {}) => ({
  metadata: { labels: { app, ...labels } },
  spec: { containers: [{ name: 'app', image }] },
});
const CLAIM = { metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } };
const create = (name: string, replicas: number, spec: object = {}) =>
  plane.create<StatefulSet>(statefulsets, {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name, namespace: 'default' },
    spec: { replicas, serviceName: name, selector: { matchLabels: { app: name } }, template: template(name, 'web:1'), ...spec },
  });
const patch = (name: string, body: object) =>
  plane.client.resource<StatefulSet>(statefulsets).patch(name, body, { namespace: 'default', type: 'strategic' });
const podsOf = (name: string, all: Live<Pod>[]) => all.filter(({ metadata }) => metadata.name.startsWith(`${name}-`));
const eventually = (name: string, wanted: (set: Live<StatefulSet>) => boolean) =>
  plane.eventually<StatefulSet>(statefulsets, name, (set) => set.status.observedGeneration === set.metadata.generation && wanted(set));
const isWhole = ({ spec, status }: Live<StatefulSet>) =>
  status.availableReplicas === spec.replicas && status.replicas === spec.replicas && status.currentRevision === status.updateRevision;
const eventsOf = async (name: string) =>
  (await plane.list<Event>(events, 'default')).filter(({ involvedObject }) => involvedObject.name === name);
const claimsOf = async (name: string) =>
  (await plane.list<PersistentVolumeClaim>(persistentvolumeclaims, 'default')).filter(({ metadata }) =>
    metadata.name.startsWith(`data-${name}-`),
  );
const remove = (name: string) =>
  plane.client.resource<Pod>(pods).delete(name, { namespace: 'default', gracePeriodSeconds: 0, preconditions: {} });

describe('a StatefulSet', () => {
  it('starts its pods in order, each with its name, its labels and its claim', async () => {
    await create('web', 3, { volumeClaimTemplates: [CLAIM] });
    const set = await eventually('web', isWhole);
    expect(set.status).toMatchObject({ replicas: 3, readyReplicas: 3, currentReplicas: 3, updatedReplicas: 3, collisionCount: 0 });
    const made = podsOf('web', await plane.list<Pod>(pods, 'default'));
    const revision = set.status.currentRevision;
    expect(made.map(({ metadata }) => [metadata.name, metadata.generateName, metadata.labels])).toEqual(
      [0, 1, 2].map((i) => [
        `web-${i}`,
        'web-',
        {
          app: 'web',
          'apps.kubernetes.io/pod-index': String(i),
          'controller-revision-hash': revision,
          'statefulset.kubernetes.io/pod-name': `web-${i}`,
        },
      ]),
    );
    expect(made.map(({ spec }) => [spec.hostname, spec.subdomain, spec.volumes?.[0]?.persistentVolumeClaim?.claimName])).toEqual(
      [0, 1, 2].map((i) => [`web-${i}`, 'web', `data-web-${i}`]),
    );
    await plane.eventuallyAll<Event>(events, (all) => all.filter(({ involvedObject }) => involvedObject.name === 'web').length === 6);
    expect((await eventsOf('web')).map(({ type, reason, message, source }) => [type, reason, message, source?.component])).toEqual(
      expect.arrayContaining(
        [0, 1, 2].flatMap((i) => [
          ['Normal', 'SuccessfulCreate', `create Claim data-web-${i} Pod web-${i} in StatefulSet web success`, 'statefulset-controller'],
          ['Normal', 'SuccessfulCreate', `create Pod web-${i} in StatefulSet web successful`, 'statefulset-controller'],
        ]),
      ),
    );
    const starts = made.map(({ metadata }) => Number(metadata.resourceVersion));
    expect([...starts].sort((a, b) => a - b)).toEqual(starts);
  });

  it('replaces a pod that was lost, under the same name', async () => {
    const before = await plane.get<Pod>(pods, 'web-1');
    await remove('web-1');
    const again = await plane.eventually<Pod>(pods, 'web-1', ({ metadata }) => metadata.uid !== before.metadata.uid);
    expect(again.spec.volumes?.[0]?.persistentVolumeClaim?.claimName).toBe('data-web-1');
    await eventually('web', isWhole);
  });

  it('updates from the top, goes back, and numbers its revisions', async () => {
    await create('roll', 3);
    const first = await eventually('roll', isWhole);
    await patch('roll', { spec: { template: template('roll', 'web:2') } });
    const second = await eventually('roll', (set) => isWhole(set) && set.status.currentRevision !== first.status.currentRevision);
    const images = podsOf('roll', await plane.list<Pod>(pods, 'default')).map(({ spec }) => spec.containers[0]?.image);
    expect(images).toEqual(['web:2', 'web:2', 'web:2']);
    const deleted = async () =>
      (await eventsOf('roll')).filter(({ reason }) => reason === 'SuccessfulDelete').map(({ message }) => message);
    await expect.poll(deleted).toEqual([2, 1, 0].map((i) => `delete Pod roll-${i} in StatefulSet roll successful`));
    // What kubectl rollout undo does: the old template again.
    await patch('roll', { spec: { template: template('roll', 'web:1') } });
    await eventually('roll', (set) => isWhole(set) && set.status.currentRevision === first.status.currentRevision);
    const revisions = (await plane.list<ControllerRevision>(controllerrevisions, 'default')).filter(({ metadata }) =>
      metadata.name.startsWith('roll-'),
    );
    expect(Object.fromEntries(revisions.map(({ metadata, revision }) => [metadata.name, revision]))).toEqual({
      [first.status.currentRevision ?? '']: 3,
      [second.status.currentRevision ?? '']: 2,
    });
  });

  it('says that a revision collided, though somebody else wrote it meanwhile', async () => {
    const revisions = plane.client.resource<ControllerRevision>(controllerrevisions);
    const image = (text: string) => patch('hit', { spec: { template: { spec: { containers: [{ name: 'app', image: text }] } } } });
    await create('hit', 0);
    await eventually('hit', ({ status }) => status.updateRevision !== undefined);
    await image('web:2');
    const { status } = await eventually('hit', isWhole);
    const taken = status.updateRevision ?? '';
    await image('web:1');
    await eventually('hit', (set) => set.status.updateRevision !== taken);
    await revisions.delete(taken, { namespace: 'default' });
    const another = {
      apiVersion: 'apps/v1',
      kind: 'ControllerRevision',
      metadata: { name: taken, namespace: 'default' },
      revision: 1,
      data: {},
    };
    await plane.create(controllerrevisions, another);
    gates.close('get controllerrevisions');
    await image('web:2');
    await expect.poll(() => gates.waiting('get controllerrevisions'), { interval: 10, timeout: 60_000 }).toBe(1);
    await patch('hit', { metadata: { annotations: { another: 'write' } } });
    gates.openAll();
    const set = await eventually('hit', (now) => now.status.updateRevision !== status.currentRevision && isWhole(now));
    expect(set.status.collisionCount).toBe(1);
  });

  it('updates only from the partition on', async () => {
    await create('part', 3, { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } });
    await eventually('part', isWhole);
    await patch('part', { spec: { template: template('part', 'web:2') } });
    await eventually('part', ({ status }) => status.updatedReplicas === 1 && status.readyReplicas === 3);
    const images = () => plane.list<Pod>(pods, 'default').then((all) => podsOf('part', all).map(({ spec }) => spec.containers[0]?.image));
    expect(await images()).toEqual(['web:1', 'web:1', 'web:2']);
    const before = await plane.get<Pod>(pods, 'part-0');
    await remove('part-0');
    await plane.eventually<Pod>(pods, 'part-0', ({ metadata }) => metadata.uid !== before.metadata.uid);
    await eventually('part', ({ status }) => status.readyReplicas === 3 && status.currentReplicas === 2);
    expect(await images()).toEqual(['web:1', 'web:1', 'web:2']);
    await patch('part', { spec: { updateStrategy: { rollingUpdate: { partition: 0 } } } });
    await eventually('part', isWhole);
    expect(await images()).toEqual(['web:2', 'web:2', 'web:2']);
  });

  it('is held up in order by a pod that never becomes ready, and not side by side', async () => {
    const labels = { [STUCK]: 'yes' };
    await create('stuck', 3, { template: template('stuck', 'web:1', labels) });
    await create('burst', 3, { template: template('burst', 'web:1', labels), podManagementPolicy: 'Parallel' });
    await plane.eventuallyAll<Pod>(pods, (all) => podsOf('burst', all).length === 3);
    await eventually('stuck', ({ status }) => status.replicas === 1);
    expect(podsOf('stuck', await plane.list<Pod>(pods, 'default'))).toHaveLength(1);
  });

  it('keeps or deletes claims as it is told', async () => {
    const policy = { whenScaled: 'Delete', whenDeleted: 'Delete' };
    await create('store', 3, { volumeClaimTemplates: [CLAIM], persistentVolumeClaimRetentionPolicy: policy });
    const set = await eventually('store', isWhole);
    await plane.eventuallyAll<PersistentVolumeClaim>(
      persistentvolumeclaims,
      (all) => all.filter(({ metadata }) => metadata.ownerReferences?.[0]?.uid === set.metadata.uid).length === 3,
    );
    await patch('store', { spec: { replicas: 1 } });
    await plane.eventuallyGone(persistentvolumeclaims, 'data-store-2');
    await plane.eventuallyGone(persistentvolumeclaims, 'data-store-1');
    await patch('store', { spec: { persistentVolumeClaimRetentionPolicy: { whenScaled: 'Retain', whenDeleted: 'Retain' } } });
    await plane.eventually<PersistentVolumeClaim>(
      persistentvolumeclaims,
      'data-store-0',
      ({ metadata }) => (metadata.ownerReferences ?? []).length === 0,
    );
    await plane.client.resource<StatefulSet>(statefulsets).delete('store', { namespace: 'default', propagationPolicy: 'Foreground' });
    await plane.eventuallyGone(statefulsets, 'store');
    expect((await claimsOf('store')).map(({ metadata }) => metadata.name)).toEqual(['data-store-0']);
  });

  it('makes no pod on a claim that is about to go, though its cache does not know yet: the pod kept the claim, and waited for it', async () => {
    const policy = { whenScaled: 'Delete', whenDeleted: 'Retain' };
    await create('lag', 3, { volumeClaimTemplates: [CLAIM], persistentVolumeClaimRetentionPolicy: policy });
    await eventually('lag', isWhole);
    gates.close('watch persistentvolumeclaims');
    // By one only: of two, the other may have been deleted or not when there are to be three again.
    await patch('lag', { spec: { replicas: 2 } });
    await plane.eventuallyGone(pods, 'lag-2');
    await patch('lag', { spec: { replicas: 3 } });
    await eventually('lag', ({ spec, status }) => spec.replicas === 3 && status.replicas === 2);
    gates.open('watch persistentvolumeclaims');
    await eventually('lag', isWhole);
    const claims = await claimsOf('lag');
    expect(claims.map(({ metadata }) => [metadata.name, metadata.deletionTimestamp, metadata.ownerReferences])).toEqual(
      [0, 1, 2].map((i) => [`data-lag-${i}`, undefined, undefined]),
    );
  });

  it('waits no more for the end of a pod that is not its own by then', async () => {
    await create('left', 2);
    await eventually('left', isWhole);
    gates.close('watch pods');
    const labels = { app: null };
    await plane.client
      .resource<Pod>(pods)
      .patch('left-1', { metadata: { ownerReferences: null, labels } }, { namespace: 'default', type: 'merge' });
    await patch('left', { spec: { replicas: 1 } });
    await plane.eventuallyGone(pods, 'left-1');
    gates.open('watch pods');
    await eventually('left', ({ status }) => status.replicas === 1);
    await patch('left', { spec: { replicas: 2 } });
    await eventually('left', isWhole);
  });

  it('adopts a pod of its name and labels, and no other', async () => {
    const orphan = (name: string) =>
      plane.create<Pod>(pods, {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, labels: { app: 'adopt' } },
        spec: { containers: [{ name: 'app', image: 'web:1' }] },
      });
    await orphan('adopt-0');
    await orphan('other-0');
    await create('adopt', 1);
    const set = await plane.get<StatefulSet>(statefulsets, 'adopt');
    // It is of no revision, so it is adopted, then replaced by the update.
    await plane.eventually<Pod>(
      pods,
      'adopt-0',
      ({ metadata }) =>
        metadata.ownerReferences?.[0]?.uid === set.metadata.uid && metadata.labels?.['controller-revision-hash'] !== undefined,
    );
    expect((await plane.get<Pod>(pods, 'other-0')).metadata.ownerReferences).toBeUndefined();
  });

  it('leaves its pods alone when it is deleted as an orphaning owner, and takes them back when it returns', async () => {
    await create('back', 2);
    const first = await eventually('back', isWhole);
    const uids = async () => podsOf('back', await plane.list<Pod>(pods, 'default')).map(({ metadata }) => metadata.uid);
    const before = await uids();
    await plane.client.resource<StatefulSet>(statefulsets).delete('back', { namespace: 'default', propagationPolicy: 'Orphan' });
    await plane.eventuallyGone(statefulsets, 'back');
    const second = await create('back', 2);
    const set = await eventually('back', isWhole);
    expect(await uids()).toEqual(before);
    expect(set.status.currentRevision).toBe(first.status.currentRevision);
    const made = podsOf('back', await plane.list<Pod>(pods, 'default'));
    expect(made.map(({ metadata }) => metadata.ownerReferences?.[0]?.uid)).toEqual([second.metadata.uid, second.metadata.uid]);
  });
});
