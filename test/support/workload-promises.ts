/** What holds of a cluster at rest, written down: each function tells where it does not. */
import {
  appsKinds,
  batchKinds,
  type ControllerRevision,
  coreKinds,
  type DaemonSet,
  type Deployment,
  discoveryKinds,
  type EndpointSlice,
  fromLabelSelector,
  type Job,
  type KindInfo,
  type KubeObject,
  type Live,
  type Node,
  type PersistentVolumeClaim,
  type Pod,
  type PodDisruptionBudget,
  policyKinds,
  type ReplicaSet,
  type ReplicationController,
  type ResourceQuota,
  type StatefulSet,
} from '../../api/index.ts';
import { controllerOf } from '../../client/index.ts';
import { SERVED_APP, type WorkloadWorld } from './workload-world.ts';

const REVISION_HASH = 'controller-revision-hash';

interface State {
  readonly deployments: readonly Live<Deployment>[];
  readonly replicaSets: readonly Live<ReplicaSet>[];
  readonly replicationControllers: readonly Live<ReplicationController>[];
  readonly daemonSets: readonly Live<DaemonSet>[];
  readonly statefulSets: readonly Live<StatefulSet>[];
  readonly jobs: readonly Live<Job>[];
  readonly revisions: readonly Live<ControllerRevision>[];
  readonly claims: readonly Live<PersistentVolumeClaim>[];
  readonly nodes: readonly Live<Node>[];
  readonly pods: readonly Live<Pod>[];
}

/** Every promise that does not hold now, in words. */
export async function brokenPromises(world: WorkloadWorld): Promise<string[]> {
  const state: State = {
    deployments: await world.list(appsKinds.deployments),
    replicaSets: await world.list(appsKinds.replicasets),
    replicationControllers: await world.list(coreKinds.replicationcontrollers),
    daemonSets: await world.list(appsKinds.daemonsets),
    statefulSets: await world.list(appsKinds.statefulsets),
    jobs: await world.list(batchKinds.jobs),
    revisions: await world.list(appsKinds.controllerrevisions),
    claims: await world.list(coreKinds.persistentvolumeclaims),
    nodes: await world.list(coreKinds.nodes),
    pods: await world.list(coreKinds.pods),
  };
  const slices = await world.list<EndpointSlice>(discoveryKinds.endpointslices);
  const [budget] = await world.list<PodDisruptionBudget>(policyKinds.poddisruptionbudgets);
  const [quota] = await world.list<ResourceQuota>(coreKinds.resourcequotas);
  return [
    ...served(state, slices),
    ...same('expected pods of the budget', budget?.status.expectedPods, state.pods.filter(isServed).length),
    ...same('pods of the quota', quota?.status.used?.pods, String(state.pods.filter((pod) => !isOver(pod)).length)),
    ...whatIsGoing(state),
    ...orphans(state),
    ...state.replicaSets.flatMap((set) => replicated(state, appsKinds.replicasets, set)),
    ...state.replicationControllers.flatMap((set) => replicated(state, coreKinds.replicationcontrollers, set)),
    ...state.deployments.flatMap((deployment) => rolledOut(state, deployment)),
    ...state.daemonSets.flatMap((set) => everywhere(state, set)),
    ...state.statefulSets.flatMap((set) => numbered(state, set)),
    ...state.jobs.flatMap((job) => finished(state, job)),
  ];
}

const nameOf = (object: Live<KubeObject>): string => `${object.kind ?? ''} ${object.metadata.name}`;
const all = (state: State): Live<KubeObject>[] => Object.values(state).flat();
const isActive = ({ metadata, status }: Live<Pod>): boolean =>
  !metadata.deletionTimestamp && status.phase !== 'Failed' && status.phase !== 'Succeeded';
const isReady = ({ status }: Live<Pod>): boolean =>
  status.conditions?.some(({ type, status: s }) => type === 'Ready' && s === 'True') === true;
const ownedBy = <T extends KubeObject>(owner: Live<KubeObject>, objects: readonly Live<T>[]): Live<T>[] =>
  objects.filter((object) => controllerOf(object)?.uid === owner.metadata.uid);

/** Says so when two values differ. */
const same = (what: string, is: unknown, wanted: unknown): string[] =>
  JSON.stringify(is) === JSON.stringify(wanted) ? [] : [`${what} is ${JSON.stringify(is)}, not ${JSON.stringify(wanted)}`];

function whatIsGoing(state: State): string[] {
  return all(state).flatMap((object) => (object.metadata.deletionTimestamp ? [`${nameOf(object)} is still going`] : []));
}

/** Nothing has owners that are all gone, and nobody is left whom somebody would adopt. */
function orphans(state: State): string[] {
  const uids = new Set(all(state).map(({ metadata }) => metadata.uid));
  const lost = all(state).filter(({ metadata }) => {
    const owners = metadata.ownerReferences ?? [];
    return owners.length > 0 && owners.every(({ uid }) => !uids.has(uid));
  });
  const { deployments, replicaSets, replicationControllers, daemonSets, statefulSets } = state;
  const selectors = [
    ...[...replicaSets, ...daemonSets, ...statefulSets].map((owner) => ({ owner, selector: fromLabelSelector(owner.spec.selector) })),
    ...replicationControllers.map((owner) => ({ owner, selector: fromLabelSelector({ matchLabels: owner.spec.selector }) })),
  ];
  const stray = state.pods
    .filter((pod) => isActive(pod) && !controllerOf(pod))
    .flatMap((pod) =>
      selectors
        .filter(({ owner, selector }) => selector.matches(pod.metadata.labels) && mayBeOf(owner, pod))
        .map(({ owner }) => `${nameOf(pod)} is not adopted by ${nameOf(owner)}`),
    );
  const sets = replicaSets
    .filter((set) => !controllerOf(set))
    .flatMap((set) =>
      deployments
        .filter(({ spec }) => fromLabelSelector(spec.selector).matches(set.metadata.labels))
        .map((deployment) => `${nameOf(set)} is not adopted by ${nameOf(deployment)}`),
    );
  return [...lost.map((object) => `${nameOf(object)} has lost its owner`), ...stray, ...sets];
}

const mayBeOf = (owner: Live<KubeObject>, pod: Live<Pod>): boolean =>
  owner.kind !== 'StatefulSet' || pod.metadata.name.replace(/-\d+$/, '') === owner.metadata.name;

const isOver = ({ status }: Live<Pod>): boolean => status.phase === 'Failed' || status.phase === 'Succeeded';
const isServed = ({ metadata }: Live<Pod>): boolean => metadata.labels?.app === SERVED_APP;
const appPods = (state: State): Live<Pod>[] => state.pods.filter((pod) => isServed(pod) && isActive(pod));

/** A Service has the addresses of the pods that it selects. */
function served(state: State, slices: readonly Live<EndpointSlice>[]): string[] {
  const ours = slices.filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === 'front');
  const addresses = ours.flatMap(({ endpoints }) => (endpoints ?? []).flatMap((endpoint) => endpoint.addresses));
  return same(
    'addresses of the Service',
    addresses.sort(),
    appPods(state)
      .map(({ status }) => status.podIP ?? '')
      .sort(),
  );
}

function replicated(state: State, kind: KindInfo, set: Live<ReplicaSet> | Live<ReplicationController>): string[] {
  const pods = ownedBy(set, state.pods).filter(isActive);
  const what = `${kind.kind} ${set.metadata.name}`;
  const { replicas = 0, readyReplicas = 0, availableReplicas = 0, observedGeneration = 0, conditions = [] } = set.status;
  return [
    ...same(`${what}: pods`, pods.length, set.spec.replicas),
    ...same(`${what}: ready pods`, pods.filter(isReady).length, set.spec.replicas),
    ...same(`${what}: status`, [replicas, readyReplicas, availableReplicas], Array(3).fill(set.spec.replicas)),
    ...same(`${what}: observedGeneration`, observedGeneration, set.metadata.generation),
    ...same(`${what}: conditions`, conditions, []),
  ];
}

function rolledOut(state: State, deployment: Live<Deployment>): string[] {
  const what = nameOf(deployment);
  const sets = ownedBy(deployment, state.replicaSets);
  const annotation = (template: Live<ReplicaSet>['spec']['template']) => template?.metadata?.annotations?.serial;
  const wanted = annotation(deployment.spec.template);
  const sizes = sets.filter(({ spec }) => spec.replicas !== 0).map(({ spec }) => [annotation(spec.template), spec.replicas]);
  const {
    replicas = 0,
    updatedReplicas = 0,
    readyReplicas = 0,
    availableReplicas = 0,
    observedGeneration = 0,
    conditions = [],
  } = deployment.status;
  const count = deployment.spec.replicas;
  const stateOf = (type: string) => conditions.find((condition) => condition.type === type);
  const surplus = sets.length - 1 - (deployment.spec.revisionHistoryLimit ?? 10);
  return [
    ...same(`${what}: ReplicaSets with pods`, sizes, count === 0 ? [] : [[wanted, count]]),
    ...same(`${what}: status`, [replicas, updatedReplicas, readyReplicas, availableReplicas], Array(4).fill(count)),
    ...same(`${what}: observedGeneration`, observedGeneration, deployment.metadata.generation),
    ...same(`${what}: Available`, stateOf('Available')?.status, 'True'),
    ...same(`${what}: Progressing`, stateOf('Progressing')?.reason, 'NewReplicaSetAvailable'),
    ...(surplus > 0 ? [`${what} keeps ${surplus} ReplicaSets too many`] : []),
  ];
}

function everywhere(state: State, set: Live<DaemonSet>): string[] {
  const what = nameOf(set);
  const pods = ownedBy(set, state.pods).filter(isActive);
  const revisions = ownedBy(set, state.revisions);
  const newest = revisions.reduce<Live<ControllerRevision> | undefined>(
    (best, one) => (best && best.revision > one.revision ? best : one),
    undefined,
  );
  const { currentNumberScheduled, desiredNumberScheduled, numberReady, numberAvailable, updatedNumberScheduled, observedGeneration } =
    set.status;
  const count = state.nodes.length;
  return [
    ...same(`${what}: nodes`, pods.map(({ spec }) => spec.nodeName).sort(), state.nodes.map(({ metadata }) => metadata.name).sort()),
    ...same(`${what}: hashes`, [...new Set(pods.map(hashOf))], [newest && hashOf(newest)]),
    ...same(`${what}: template`, serialOf(newest), set.spec.template.metadata?.annotations?.serial),
    ...same(
      `${what}: status`,
      [currentNumberScheduled, desiredNumberScheduled, numberReady, numberAvailable, updatedNumberScheduled],
      Array(5).fill(count),
    ),
    ...same(`${what}: observedGeneration`, observedGeneration, set.metadata.generation),
  ];
}

const hashOf = ({ metadata }: Live<KubeObject>): string | undefined => metadata.labels?.[REVISION_HASH];

function serialOf(revision: Live<ControllerRevision> | undefined): string | undefined {
  const text = JSON.stringify(revision?.data ?? {});
  return /"serial":"(\d+)"/.exec(text)?.[1];
}

function numbered(state: State, set: Live<StatefulSet>): string[] {
  const what = nameOf(set);
  const { name } = set.metadata;
  const { replicas: count = 1, ordinals, updateStrategy, volumeClaimTemplates = [] } = set.spec;
  const start = ordinals?.start ?? 0;
  const partition = Math.min(count, updateStrategy?.rollingUpdate?.partition ?? 0);
  const wanted = Array.from({ length: count }, (_, i) => `${name}-${start + i}`);
  const pods = ownedBy(set, state.pods);
  const byName = new Map(pods.map((pod) => [pod.metadata.name, pod]));
  const update = ownedBy(set, state.revisions).reduce<Live<ControllerRevision> | undefined>(
    (best, one) => (best && best.revision > one.revision ? best : one),
    undefined,
  );
  const updated = wanted.slice(partition).map((pod) => byName.get(pod)?.metadata.labels?.[REVISION_HASH]);
  const claims = new Set(state.claims.map(({ metadata }) => metadata.name));
  const missing = volumeClaimTemplates
    .flatMap(({ metadata }) => wanted.map((pod) => `${metadata.name}-${pod}`))
    .filter((claim) => !claims.has(claim));
  const { replicas, readyReplicas = 0, availableReplicas, observedGeneration, updateRevision } = set.status;
  return [
    ...same(`${what}: pods`, pods.map(({ metadata }) => metadata.name).sort(), wanted.sort()),
    ...same(`${what}: ready pods`, pods.filter(isReady).length, count),
    ...same(`${what}: hashes from the partition on`, [...new Set(updated)], updated.length > 0 ? [update?.metadata.name] : []),
    ...same(`${what}: template`, serialOf(update), set.spec.template.metadata?.annotations?.serial),
    ...same(`${what}: updateRevision`, updateRevision, update?.metadata.name),
    ...same(`${what}: status`, [replicas, readyReplicas, availableReplicas], Array(3).fill(count)),
    ...same(`${what}: observedGeneration`, observedGeneration, set.metadata.generation),
    ...same(`${what}: claims that are missing`, missing, []),
  ];
}

function finished(state: State, job: Live<Job>): string[] {
  const what = nameOf(job);
  const { completions = 1, completionMode } = job.spec;
  const { active = 0, ready = 0, terminating = 0, succeeded = 0, uncountedTerminatedPods, conditions = [] } = job.status;
  const ends = conditions
    .filter(({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True')
    .map(({ type }) => type);
  const pods = ownedBy(job, state.pods);
  const done = pods.filter(({ status }) => status.phase === 'Succeeded');
  const indexes = done.map(({ metadata }) => metadata.annotations?.['batch.kubernetes.io/job-completion-index']);
  return [
    ...same(`${what}: ends`, ends.length, 1),
    ...same(`${what}: pods that are not over`, pods.filter(isActive).length, 0),
    ...same(`${what}: status`, [active, ready, terminating], [0, 0, 0]),
    ...same(`${what}: pods not counted`, [uncountedTerminatedPods?.succeeded ?? [], uncountedTerminatedPods?.failed ?? []], [[], []]),
    ...same(`${what}: pods with finalizers`, pods.filter(({ metadata }) => (metadata.finalizers ?? []).length > 0).length, 0),
    ...(ends[0] === 'Complete' ? same(`${what}: succeeded`, succeeded, completions) : []),
    ...(completionMode === 'Indexed' ? same(`${what}: indexes done twice`, indexes.length, new Set(indexes).size) : []),
  ];
}
