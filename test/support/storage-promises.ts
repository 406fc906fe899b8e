/** What holds of claims, volumes and attachments at rest, written down: each function tells where it does not. */
import {
  claimSize,
  coreKinds,
  type Live,
  type Node,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  PROVISIONED_BY,
  parseQuantity,
  storageKinds,
  type VolumeAttachment,
  volumeSize,
} from '../../api/index.ts';
import { controllerOf } from '../../client/index.ts';
import type { WorkloadWorld } from './workload-world.ts';

interface State {
  readonly claims: readonly Live<PersistentVolumeClaim>[];
  readonly volumes: readonly Live<PersistentVolume>[];
  readonly pods: readonly Live<Pod>[];
  readonly nodes: readonly Live<Node>[];
  readonly attachments: readonly Live<VolumeAttachment>[];
}

/** Every promise that does not hold now, in words. */
export async function brokenStoragePromises(world: WorkloadWorld): Promise<string[]> {
  const state: State = {
    claims: await world.list(coreKinds.persistentvolumeclaims),
    volumes: await world.list(coreKinds.persistentvolumes),
    pods: await world.list(coreKinds.pods),
    nodes: await world.list(coreKinds.nodes),
    attachments: await world.list(storageKinds.volumeattachments),
  };
  return [
    ...state.claims.flatMap((claim) => bound(state, claim)),
    ...state.volumes.flatMap((volume) => inPhase(state, volume)),
    ...state.pods.flatMap((pod) => ephemeral(state, pod)),
    ...attached(state),
  ];
}

const isGoing = ({ metadata }: Live<PersistentVolumeClaim> | Live<PersistentVolume> | Live<Pod>): boolean =>
  metadata.deletionTimestamp !== undefined;
const isActive = (pod: Live<Pod>): boolean => pod.status.phase === 'Pending' || pod.status.phase === 'Running';
const claimNames = ({ metadata, spec }: Live<Pod>): string[] =>
  (spec.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral: own }) =>
    persistentVolumeClaim ? [persistentVolumeClaim.claimName] : own ? [`${metadata.name}-${name}`] : [],
  );
const usersOf = (state: State, { metadata }: Live<PersistentVolumeClaim>): Live<Pod>[] =>
  state.pods.filter((pod) => isActive(pod) && claimNames(pod).includes(metadata.name));

/** A claim has a volume that has it, and is large enough; it goes with its last user. */
function bound(state: State, claim: Live<PersistentVolumeClaim>): string[] {
  const what = `claim ${claim.metadata.name}`;
  const { phase } = claim.status;
  const owner = controllerOf(claim);
  if (owner && !state.pods.some(({ metadata }) => metadata.uid === owner.uid)) return [`${what} has lost its pod`];
  if (isGoing(claim)) return usersOf(state, claim).length > 0 ? [] : [`${what} is going, and nobody uses it`];
  const volume = state.volumes.find(({ metadata }) => metadata.name === claim.spec.volumeName);
  if (phase === 'Lost')
    return volume?.spec.claimRef?.uid === claim.metadata.uid ? [`${what} is Lost and has ${claim.spec.volumeName}`] : [];
  if (phase !== 'Bound' || !volume) return [`${what} is ${phase}, and its volume is ${volume ? 'there' : 'not'}`];
  if (volume.spec.claimRef?.uid !== claim.metadata.uid) return [`${what} has ${volume.metadata.name}, which has another`];
  return volume.metadata.annotations?.[PROVISIONED_BY] === undefined ? [] : grown(claim, volume);
}

/** What a provisioner of somebody else's made grows when that one sees to it. */
function grown({ metadata, spec, status }: Live<PersistentVolumeClaim>, volume: Live<PersistentVolume>): string[] {
  const wanted = claimSize({ spec });
  const isSmall = parseQuantity(status.capacity?.storage ?? '0').cmp(wanted) < 0 || volumeSize(volume).cmp(wanted) < 0;
  return isSmall || status.conditions?.length ? [`claim ${metadata.name} has not grown: ${JSON.stringify(status)}`] : [];
}

/** A volume says what has become of its claim. */
function inPhase(state: State, volume: Live<PersistentVolume>): string[] {
  const { claimRef, persistentVolumeReclaimPolicy: policy } = volume.spec;
  const claim = state.claims.find(({ metadata }) => metadata.uid === claimRef?.uid);
  const wanted = !claimRef?.uid ? 'Available' : claim?.spec.volumeName === volume.metadata.name ? 'Bound' : 'Released';
  const what = `volume ${volume.metadata.name}`;
  if (volume.status.phase !== wanted) return [`${what} is ${volume.status.phase}, not ${wanted}`];
  if (isGoing(volume) && wanted !== 'Bound') return [`${what} is still going`];
  return wanted === 'Released' && policy === 'Delete' ? [`${what} is Released and still there`] : [];
}

function ephemeral(state: State, pod: Live<Pod>): string[] {
  if (isGoing(pod)) return [`pod ${pod.metadata.name} is still going`];
  const names = (pod.spec.volumes ?? []).flatMap(({ name, ephemeral: own }) => (own ? [`${pod.metadata.name}-${name}`] : []));
  const missing = names.filter(
    (name) => !state.claims.some((claim) => claim.metadata.name === name && controllerOf(claim)?.uid === pod.metadata.uid),
  );
  return isActive(pod) ? missing.map((name) => `pod ${pod.metadata.name} has no claim ${name}`) : [];
}

/** What pods on a node use is attached to it, or to another that had it first; nothing else is; and the node knows. */
function attached(state: State): string[] {
  const wanted = new Set(state.pods.filter(isActive).flatMap((pod) => wantedBy(state, pod)));
  const there = new Map(
    state.attachments.map(({ spec, status }) => [`${spec.nodeName} ${spec.source.persistentVolumeName}`, status?.attached]),
  );
  const missing = [...wanted].filter(
    (pair) => there.get(pair) !== true && ![...there.keys()].some((other) => other.split(' ')[1] === pair.split(' ')[1]),
  );
  const surplus = [...there.keys()].filter((pair) => !wanted.has(pair));
  const told = state.nodes.flatMap(({ metadata, status }) =>
    (status.volumesAttached ?? []).map(({ name }) => `${metadata.name} ${name.split('^')[1]}`),
  );
  const untold = [...there.keys()].filter((pair) => there.get(pair) && !told.includes(pair));
  return [
    ...missing.map((pair) => `${pair}: not attached`),
    ...surplus.map((pair) => `${pair}: attached for nobody`),
    ...untold.map((pair) => `${pair}: attached, and the node does not know`),
    ...told.filter((pair) => !there.get(pair)).map((pair) => `${pair}: not attached, and the node thinks so`),
  ];
}

function wantedBy({ claims, volumes }: State, pod: Live<Pod>): string[] {
  const mine = claims.filter(({ metadata, status }) => status.phase === 'Bound' && claimNames(pod).includes(metadata.name));
  const names = mine.map(({ spec }) => spec.volumeName);
  return volumes
    .filter(({ metadata, spec }) => spec.csi && names.includes(metadata.name))
    .map(({ metadata }) => `${pod.spec.nodeName} ${metadata.name}`);
}
