import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  appsKinds,
  batchKinds,
  type ControllerRevision,
  coreKinds,
  type DaemonSet,
  type Deployment,
  type Endpoints,
  type Event,
  type Job,
  type Live,
  type Pod,
  type ReplicaSet,
} from '../../api/index.ts';
import { OwnerControl } from '../../controller-manager/shared/pod-control.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { STUCK } from '../support/fake-kubelet.ts';
import { Gates } from '../support/gates.ts';

const { deployments, replicasets, daemonsets, controllerrevisions } = appsKinds;
const { pods, events, endpoints } = coreKinds;
const NODES = ['n1', 'n2', 'n3'];

const gates = new Gates();
let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane({ nodes: NODES, gates });
});
afterEach(() => gates.openAll());
afterAll(() => plane[Symbol.asyncDispose]());

const template = (app: string, image: string, labels: Record<string, string> = {}) => ({
  metadata: { labels: { app, ...labels } },
  spec: { containers: [{ name: 'app', image }] },
});
const deployment = (name: string, replicas: number, more: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'default' },
  spec: { replicas, selector: { matchLabels: { app: name } }, template: template(name, 'web:1'), ...more },
});
const ofApp = (app: string) => (some: Live<Pod>[]) =>
  some.filter(({ metadata }) => metadata.labels?.app === app && !metadata.deletionTimestamp);
const reasonOf = ({ status }: Live<Deployment>, type: string) => status.conditions?.find((c) => c.type === type)?.reason;
const isRolledOut = (d: Live<Deployment>) =>
  reasonOf(d, 'Progressing') === 'NewReplicaSetAvailable' &&
  d.status.observedGeneration === d.metadata.generation &&
  d.status.availableReplicas === d.spec.replicas &&
  d.status.updatedReplicas === d.spec.replicas;
const eventsOf = async (name: string) =>
  (await plane.list<Event>(events, 'default'))
    .filter(({ involvedObject }) => involvedObject.name === name)
    .map(({ reason, message }) => `${reason}: ${message}`);
const patch = (name: string, body: object) =>
  plane.client.resource<Deployment>(deployments).patch(name, body, { namespace: 'default', type: 'strategic' });

describe('a Deployment', () => {
  it('brings up pods, tells of it, and heals', async () => {
    await plane.create(deployments, deployment('web', 3));
    const live = await plane.eventually<Deployment>(deployments, 'web', isRolledOut);
    expect(live.metadata.annotations).toMatchObject({ 'deployment.kubernetes.io/revision': '1' });
    expect(live.status).toMatchObject({ replicas: 3, readyReplicas: 3, availableReplicas: 3, updatedReplicas: 3 });
    const [set] = (await plane.list<ReplicaSet>(replicasets, 'default')).filter(({ metadata }) => metadata.name.startsWith('web-'));
    expect(set?.spec.selector?.matchLabels).toEqual({ app: 'web', 'pod-template-hash': set?.metadata.labels?.['pod-template-hash'] });
    expect(set?.metadata.annotations).toMatchObject({
      'deployment.kubernetes.io/desired-replicas': '3',
      'deployment.kubernetes.io/max-replicas': '4',
      'deployment.kubernetes.io/revision': '1',
    });
    await expect.poll(() => eventsOf('web')).toEqual([`ScalingReplicaSet: Scaled up replica set ${set?.metadata.name} from 0 to 3`]);
    const [victim] = ofApp('web')(await plane.list<Pod>(pods, 'default'));
    await plane.client.resource<Pod>(pods).delete(victim?.metadata.name ?? '', { namespace: 'default', gracePeriodSeconds: 0 });
    const healed = await plane.eventuallyAll<Pod>(pods, (all) => ofApp('web')(all).length === 3);
    expect(healed.map(({ metadata }) => metadata.uid)).not.toContain(victim?.metadata.uid);
  });

  it('rolls out, back, and remembers', async () => {
    await plane.create(deployments, deployment('roll', 4));
    await plane.eventually<Deployment>(deployments, 'roll', isRolledOut);
    await patch('roll', { spec: { template: template('roll', 'web:2') } });
    await plane.eventually<Deployment>(
      deployments,
      'roll',
      (d) => isRolledOut(d) && d.spec.template.spec?.containers[0]?.image === 'web:2',
    );
    const sets = (all: Live<ReplicaSet>[]) => all.filter(({ metadata }) => metadata.name.startsWith('roll-'));
    const after = sets(await plane.list<ReplicaSet>(replicasets, 'default'));
    expect(after.map(({ spec }) => spec.replicas).sort()).toEqual([0, 4]);
    const images = ofApp('roll')(await plane.list<Pod>(pods, 'default')).map(({ spec }) => spec.containers[0]?.image);
    expect(images).toEqual(Array(4).fill('web:2'));
    // What kubectl rollout undo does: the old template again.
    await patch('roll', { spec: { template: template('roll', 'web:1') } });
    const back = await plane.eventually<Deployment>(
      deployments,
      'roll',
      (d) => isRolledOut(d) && d.metadata.annotations?.['deployment.kubernetes.io/revision'] === '3',
    );
    expect(back.status.updatedReplicas).toBe(4);
    expect(sets(await plane.list<ReplicaSet>(replicasets, 'default'))).toHaveLength(2);
  });

  it('recreates: no old pod beside a new one', async () => {
    await plane.create(deployments, deployment('again', 2, { strategy: { type: 'Recreate' } }));
    await plane.eventually<Deployment>(deployments, 'again', isRolledOut);
    await patch('again', { spec: { template: template('again', 'web:2') } });
    await plane.eventually<Deployment>(
      deployments,
      'again',
      (d) => isRolledOut(d) && d.metadata.annotations?.['deployment.kubernetes.io/revision'] === '2',
    );
    const texts = async () => (await eventsOf('again')).map((text) => text.replace(/again-\w+/, 'X'));
    await expect
      .poll(texts)
      .toEqual([
        'ScalingReplicaSet: Scaled up replica set X from 0 to 2',
        'ScalingReplicaSet: Scaled down replica set X from 2 to 0',
        'ScalingReplicaSet: Scaled up replica set X from 0 to 2',
      ]);
  });

  it('scales, pauses and resumes', async () => {
    await plane.create(deployments, deployment('size', 1));
    await plane.eventually<Deployment>(deployments, 'size', isRolledOut);
    await patch('size', { spec: { paused: true, template: template('size', 'web:2') } });
    await plane.eventually<Deployment>(deployments, 'size', (d) => reasonOf(d, 'Progressing') === 'DeploymentPaused');
    await patch('size', { spec: { replicas: 3 } });
    await plane.eventually<Deployment>(deployments, 'size', (d) => d.status.availableReplicas === 3);
    expect(ofApp('size')(await plane.list<Pod>(pods, 'default')).map(({ spec }) => spec.containers[0]?.image)).toEqual(
      Array(3).fill('web:1'),
    );
    await patch('size', { spec: { paused: false } });
    await plane.eventually<Deployment>(deployments, 'size', isRolledOut);
    await patch('size', { spec: { replicas: 0 } });
    await plane.eventuallyAll<Pod>(pods, (all) => ofApp('size')(all).length === 0);
  });

  it('is written as kube-controller-manager writes it: the revision and what is new for themselves, then the counts', async ({
    signal,
  }) => {
    const isDone = (d: Live<Deployment>) =>
      reasonOf(d, 'Progressing') === 'NewReplicaSetAvailable' && d.status.observedGeneration === d.metadata.generation;
    const resource = plane.client.resource<Deployment>(deployments);
    const made = await plane.create<Deployment>(deployments, deployment('steps', 0));
    await plane.eventually<Deployment>(deployments, 'steps', isDone);
    await patch('steps', { spec: { paused: true, template: template('steps', 'web:2') } });
    await plane.eventually<Deployment>(deployments, 'steps', ({ status }) => status.observedGeneration === 2);
    await patch('steps', { spec: { paused: false } });
    const last = await plane.eventually<Deployment>(deployments, 'steps', isDone);
    const seen: string[] = [];
    const { resourceVersion } = made.metadata;
    const watch = resource.watch({ namespace: 'default', fieldSelector: 'metadata.name=steps', resourceVersion, signal });
    for await (const event of watch) {
      if (event.type === 'BOOKMARK') continue;
      const { object } = event;
      const { metadata, status } = object;
      const revision = metadata.annotations?.['deployment.kubernetes.io/revision'] ?? 'none';
      seen.push(`${metadata.generation}/${status.observedGeneration ?? 0} ${revision} ${reasonOf(object, 'Progressing')}`);
      if (metadata.resourceVersion === last.metadata.resourceVersion) break;
    }
    expect(seen).toEqual([
      '1/0 1 NewReplicaSetCreated',
      '1/1 1 NewReplicaSetAvailable',
      '2/1 1 NewReplicaSetAvailable',
      '2/1 1 DeploymentPaused',
      '2/2 1 DeploymentPaused',
      '3/2 1 DeploymentPaused',
      '3/2 1 DeploymentResumed',
      '3/2 2 DeploymentResumed',
      '3/3 2 NewReplicaSetAvailable',
    ]);
  });

  it('says that it does not get on', async () => {
    const spec = { progressDeadlineSeconds: 2, minReadySeconds: 1, template: template('stuck', 'web:1', { [STUCK]: 'yes' }) };
    await plane.create(deployments, deployment('stuck', 1, spec));
    const late = await plane.eventually<Deployment>(
      deployments,
      'stuck',
      // On a busy machine it may be late already before there is a pod: that is progress then, and it is late again.
      (d) => reasonOf(d, 'Progressing') === 'ProgressDeadlineExceeded' && d.status.updatedReplicas === 1,
    );
    expect(late.status.conditions?.find(({ type }) => type === 'Progressing')).toMatchObject({
      status: 'False',
      message: expect.stringMatching(/^ReplicaSet "stuck-\w+" has timed out progressing\.$/),
    });
    expect(late.status).toMatchObject({ replicas: 1, unavailableReplicas: 1, updatedReplicas: 1 });
  });

  it('takes everything with it when it is deleted', async () => {
    await plane.create(deployments, deployment('gone', 2));
    await plane.eventually<Deployment>(deployments, 'gone', isRolledOut);
    await plane.client.resource<Deployment>(deployments).delete('gone', { namespace: 'default', propagationPolicy: 'Foreground' });
    await plane.eventuallyGone(deployments, 'gone');
    expect(ofApp('gone')(await plane.list<Pod>(pods, 'default'))).toEqual([]);
    expect((await plane.list<ReplicaSet>(replicasets, 'default')).filter(({ metadata }) => metadata.name.startsWith('gone-'))).toEqual([]);
  });

  it('leaves its ReplicaSet behind when it is to, which then is adopted', async () => {
    await plane.create(deployments, deployment('adopt', 1));
    await plane.eventually<Deployment>(deployments, 'adopt', isRolledOut);
    await plane.client.resource<Deployment>(deployments).delete('adopt', { namespace: 'default', propagationPolicy: 'Orphan' });
    await plane.eventuallyGone(deployments, 'adopt');
    const sets = await plane.list<ReplicaSet>(replicasets, 'default');
    const orphan = sets.find(({ metadata }) => metadata.name.startsWith('adopt-'));
    expect(orphan?.metadata.ownerReferences).toBeUndefined();
    const again = await plane.create<Deployment>(deployments, deployment('adopt', 1));
    await plane.eventually<ReplicaSet>(
      replicasets,
      orphan?.metadata.name ?? '',
      ({ metadata }) => metadata.ownerReferences?.[0]?.uid === again.metadata.uid,
    );
  });
});

describe('an object adopted late', () => {
  it('is not its owner’s when it has lost its labels by then: a StatefulSet took such a pod for one of an old revision and deleted it', async () => {
    const { replicas, ...spec } = deployment('late', 0).spec;
    const set = await plane.create<ReplicaSet>(replicasets, {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: { name: 'late', namespace: 'default' },
      spec: { replicas, ...spec },
    });
    const create = (name: string, labels: Record<string, string>) =>
      plane.create<Pod>(pods, {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, namespace: 'default', labels },
        spec: spec.template.spec,
      });
    const cached = async (name: string, labels: Record<string, string>) => {
      const pod = await create(name, labels);
      return { ...pod, metadata: { ...pod.metadata, labels: { wanted: 'yes' } } };
    };
    const candidates = [await cached('late-kept', { wanted: 'yes' }), await cached('late-lost', {})];
    const owners = new OwnerControl(plane.client, replicasets, pods);
    const claimed = await owners.claim(set, candidates, ({ metadata }) => metadata.labels?.wanted === 'yes');
    expect(claimed.map(({ metadata }) => metadata.name)).toEqual(['late-kept']);

    // One that is to be let go, and is another of the same name by now, is passed over: it does not keep others from being taken in.
    const [kept, lost] = candidates;
    const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'late', uid: set.metadata.uid, controller: true }];
    const gone = kept && { ...kept, metadata: { ...kept.metadata, uid: 'before', labels: {}, ownerReferences } };
    const orphan = await cached('late-orphan', { wanted: 'yes' });
    const again = [gone, lost, orphan].filter((one) => one !== undefined);
    const taken = await owners.claim(set, again, ({ metadata }) => metadata.labels?.wanted === 'yes');
    expect(taken.map(({ metadata }) => metadata.name)).toEqual(['late-orphan']);
  });
});

describe('a DaemonSet', () => {
  const daemonSet = {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'agent', namespace: 'default' },
    spec: { selector: { matchLabels: { app: 'agent' } }, template: template('agent', 'agent:1') },
  };

  it('has a pod on every node, rolls out, and keeps its history', async () => {
    await plane.create(daemonsets, daemonSet);
    const isUp = (set: Live<DaemonSet>) => set.status.numberAvailable === 3 && set.status.updatedNumberScheduled === 3;
    await plane.eventually<DaemonSet>(daemonsets, 'agent', isUp);
    const first = ofApp('agent')(await plane.list<Pod>(pods, 'default'));
    expect(first.map(({ spec }) => spec.nodeName).sort()).toEqual(NODES);
    expect(first[0]?.spec.tolerations?.map(({ key }) => key)).toContain('node.kubernetes.io/unschedulable');
    await plane.client
      .resource<DaemonSet>(daemonsets)
      .patch('agent', { spec: { template: template('agent', 'agent:2') } }, { namespace: 'default', type: 'strategic' });
    await plane.eventually<DaemonSet>(daemonsets, 'agent', (set) => isUp(set) && set.status.observedGeneration === 2);
    const images = ofApp('agent')(await plane.list<Pod>(pods, 'default')).map(({ spec }) => spec.containers[0]?.image);
    expect(images).toEqual(Array(3).fill('agent:2'));
    const revisions = await plane.list<ControllerRevision>(controllerrevisions, 'default');
    expect(revisions.map(({ revision }) => revision).sort()).toEqual([1, 2]);
  });

  it('tells how many pods it wants though none can be made', async () => {
    const metadata = { name: 'narrow', namespace: 'narrow' };
    await plane.create(coreKinds.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'narrow' } });
    await plane.create(coreKinds.resourcequotas, { apiVersion: 'v1', kind: 'ResourceQuota', metadata, spec: { hard: { pods: '0' } } });
    await plane.create(daemonsets, { ...daemonSet, metadata });
    const [set] = await plane.eventuallyAll<DaemonSet>(daemonsets, ([one]) => one?.status.observedGeneration === 1, 'narrow');
    expect(set?.status).toMatchObject({ desiredNumberScheduled: 3, currentNumberScheduled: 0, numberUnavailable: 3 });
  });
});

const aPod = (name: string, labels: Record<string, string>, more: object = {}) =>
  plane.create<Pod>(pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels },
    spec: { ...template('late', 'late:1').spec, ...more },
  });
/** Its endpoints tell what the manager has seen. */
const aService = (name: string, selector: Record<string, string>) =>
  plane.create(coreKinds.services, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'default' },
    spec: { selector, ports: [{ port: 80 }] },
  });
const seen = (name: string, count: number) =>
  plane.eventually<Endpoints>(endpoints, name, ({ subsets }) => subsets?.[0]?.addresses?.length === count);
const waits = (name: string) => expect.poll(() => gates.waiting(name), { interval: 10 }).toBe(1);

describe('a Job whose pod is let go while it adopts another', () => {
  it('does not count it twice', async () => {
    const spec = { completions: 3, parallelism: 1, template: { spec: { ...template('', 'x').spec, restartPolicy: 'Never' } } };
    const job = await plane.create<Job>(batchKinds.jobs, {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'twice', namespace: 'default' },
      spec,
    });
    await aService('twice', { app: 'twice-marker' });
    const mine = (all: Live<Pod>[]) => all.filter(({ metadata }) => metadata.labels?.['job-name'] === 'twice');
    const [first] = mine(await plane.eventuallyAll<Pod>(pods, (all) => mine(all)[0]?.status.phase === 'Running', 'default'));
    const name = first?.metadata.name ?? '';
    const isFirst = ({ metadata }: { readonly metadata: { readonly name: string } }) => metadata.name === name;
    gates.holdAt('watch pods', isFirst);
    await plane.client
      .resource<Pod>(pods)
      .patch(name, { status: { phase: 'Succeeded' } }, { namespace: 'default', type: 'merge', subresource: 'status' });
    await waits('watch pods');
    await aPod('twice-stray', job.spec.selector?.matchLabels ?? {});
    gates.holdAt('watch pods', ({ metadata }) => metadata.name === 'twice-stray');
    await plane.eventually<Job>(batchKinds.jobs, 'twice', ({ status }) => status.succeeded === 1);
    await aPod('twice-marker', { app: 'twice-marker' });
    gates.close('get jobs');
    gates.holdAt('watch pods', isFirst);
    await waits('get jobs');
    gates.open('watch pods');
    await seen('twice', 1);
    gates.open('get jobs');
    // One of two pods is too many then: that is seen once the status is written.
    await plane.eventuallyAll<Event>(events, (all) =>
      all.some((event) => event.involvedObject.name === 'twice' && event.reason === 'SuccessfulDelete'),
    );
    const { status } = await plane.get<Job>(batchKinds.jobs, 'twice');
    expect(status.succeeded).toBe(1);
  });
});

describe('a pod of a Job that is not in the cache yet', () => {
  it('keeps what it is counted by', async () => {
    await aService('early', { app: 'early' });
    gates.close('watch jobs');
    const spec = { suspend: true, template: { spec: { ...template('', 'x').spec, restartPolicy: 'Never' } } };
    const metadata = { name: 'early', namespace: 'default' };
    const job = await plane.create<Job>(batchKinds.jobs, { apiVersion: 'batch/v1', kind: 'Job', metadata, spec });
    const { uid } = job.metadata;
    const aTracked = (name: string, owner: string) =>
      plane.create<Pod>(pods, {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          name,
          labels: { app: 'early' },
          finalizers: ['batch.kubernetes.io/job-tracking'],
          ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'early', uid: owner, controller: true }],
        },
        spec: template('', 'x').spec,
      });
    await aTracked('early-1', uid);
    // One of a Job that is gone comes after it, and is let go: so the first was looked at.
    await aTracked('early-2', 'another');
    // Its owner has another uid, so the garbage collector takes it as soon as it may.
    await plane.eventuallyAll<Pod>(
      pods,
      (all) => !all.some((pod) => pod.metadata.name === 'early-2' && pod.metadata.finalizers),
      'default',
    );
    expect((await plane.get<Pod>(pods, 'early-1')).metadata.finalizers).toEqual(['batch.kubernetes.io/job-tracking']);
  });
});

describe('a DaemonSet whose revisions are changed by others', () => {
  const isOf = (name: string) => (revision: Live<ControllerRevision>) =>
    revision.metadata.ownerReferences?.some((owner) => owner.name === name) === true;

  it('makes one again that was deleted, lets one go that its selector takes in no longer, and labels one that has no hash', async () => {
    const name = 'keeper';
    await plane.create(daemonsets, {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name, namespace: 'default' },
      spec: { selector: { matchLabels: { app: name } }, template: template(name, 'web:1') },
    });
    const revisions = plane.client.resource<ControllerRevision>(controllerrevisions);
    const all = await plane.eventuallyAll<ControllerRevision>(controllerrevisions, (some) => some.some(isOf(name)));
    const made = all.find(isOf(name));
    const revisionName = made?.metadata.name ?? '';
    await revisions.delete(revisionName, { namespace: 'default' });
    await plane.eventuallyAll<ControllerRevision>(controllerrevisions, (some) =>
      some.some((one) => isOf(name)(one) && one.metadata.uid !== made?.metadata.uid),
    );
    await revisions.patch(
      revisionName,
      { metadata: { labels: { 'controller-revision-hash': null } } },
      { namespace: 'default', type: 'merge' },
    );
    await plane.eventually<ControllerRevision>(
      controllerrevisions,
      revisionName,
      ({ metadata }) => metadata.labels?.['controller-revision-hash'] === revisionName,
    );
    await revisions.patch(revisionName, { metadata: { labels: { app: 'other' } } }, { namespace: 'default', type: 'merge' });
    await plane.eventually<ControllerRevision>(controllerrevisions, revisionName, (revision) => !isOf(name)(revision));
  });
});

describe('a DaemonSet whose pods are seen while it adopts another', () => {
  it('does not make them again', async () => {
    const labels = { app: 'tardy' };
    await aService('tardy', labels);
    const isStray = ({ metadata }: { readonly metadata: { readonly name: string } }) => metadata.name === 'tardy-stray';
    gates.holdAt('watch pods', isStray);
    // On a node that the DaemonSet leaves out: it goes once it is adopted, and takes nobody's place.
    await aPod('tardy-stray', labels, { nodeName: 'n1' });
    const matchExpressions = [{ key: 'kubernetes.io/hostname', operator: 'NotIn', values: ['n1'] }];
    const nodeAffinity = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] } };
    const { metadata, spec } = template('tardy', 'tardy:1');
    await waits('watch pods');
    await plane.create(daemonsets, {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name: 'tardy', namespace: 'default' },
      spec: { selector: { matchLabels: labels }, template: { metadata, spec: { ...spec, affinity: { nodeAffinity } } } },
    });
    await plane.eventuallyAll<Pod>(pods, (all) => ofApp('tardy')(all).length === 3, 'default');
    gates.close('get daemonsets');
    gates.holdAt('watch pods', (pod) => pod.metadata.labels?.app === 'tardy' && !isStray(pod));
    await waits('get daemonsets');
    gates.open('watch pods');
    await seen('tardy', 3);
    gates.open('get daemonsets');
    await plane.eventually<DaemonSet>(daemonsets, 'tardy', ({ status }) => status.numberAvailable === 2 && status.numberMisscheduled === 0);
    const made = async () => (await eventsOf('tardy')).filter((event) => event.startsWith('SuccessfulCreate'));
    await expect.poll(made).toHaveLength(2);
  });
});

describe('Endpoints', () => {
  it('follow the pods of a Service', async () => {
    await plane.create(deployments, deployment('svc', 2));
    await plane.create(coreKinds.services, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'svc', namespace: 'default' },
      spec: { selector: { app: 'svc' }, ports: [{ port: 80, targetPort: 8080 }] },
    });
    const count = (e: Live<Endpoints>) => e.subsets?.[0]?.addresses?.length ?? 0;
    const full = await plane.eventually<Endpoints>(endpoints, 'svc', (e) => count(e) === 2);
    expect(full.subsets?.[0]?.ports).toEqual([{ port: 8080, protocol: 'TCP' }]);
    await patch('svc', { spec: { replicas: 1 } });
    await plane.eventually<Endpoints>(endpoints, 'svc', (e) => count(e) === 1);
    await plane.client.resource(coreKinds.services).delete('svc', { namespace: 'default' });
    await plane.eventuallyGone(endpoints, 'svc');
  });
});
