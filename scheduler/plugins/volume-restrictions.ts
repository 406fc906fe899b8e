import { coreKinds, type Live, type PersistentVolumeClaim, type Pod, type Volume } from '../../api/index.ts';
import type { Cloneable, CycleState } from '../framework/cycle-state.ts';
import { on } from '../framework/events.ts';
import type { PluginDefinition } from '../framework/plugin.ts';
import { SKIP, unresolvable, unschedulable } from '../framework/status.ts';
import type { NodeInfo } from '../state/node-info.ts';

const NAME = 'VolumeRestrictions';
const DISK_TAKEN = unschedulable('node(s) had no available disk');
const POD_HAS_CLAIM = unschedulable(
  'node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod',
);

/** The claims of the pod that one pod alone may use, and how many pods use one. */
class State implements Cloneable {
  readonly exclusive: ReadonlySet<string>;
  users: number;

  constructor(exclusive: ReadonlySet<string>, users: number) {
    this.exclusive = exclusive;
    this.users = users;
  }

  clone(): State {
    return new State(this.exclusive, this.users);
  }

  /** A pod comes or goes. */
  count({ spec }: Live<Pod>, sign: 1 | -1): void {
    for (const { persistentVolumeClaim } of spec.volumes ?? []) {
      if (persistentVolumeClaim && this.exclusive.has(persistentVolumeClaim.claimName)) this.users += sign;
    }
  }
}

/** No two pods write to one disk of a node, and no second pod uses a ReadWriteOncePod claim. Upstream: `plugins/volumerestrictions`. */
export const volumeRestrictions: PluginDefinition = {
  name: NAME,
  create: (_args, { informers, snapshot }) => {
    const claims = informers.informer<PersistentVolumeClaim>(coreKinds.persistentvolumeclaims);
    const count = (state: CycleState, pod: Live<Pod>, sign: 1 | -1) => state.find<State>(NAME)?.count(pod, sign);
    return {
      name: NAME,
      preFilter: (state, { pod, namespace }) => {
        const exclusive = new Set<string>();
        for (const name of claimNames(pod)) {
          const claim = claims.get(namespace, name);
          if (!claim) return unresolvable(`persistentvolumeclaim "${name}" not found`);
          if (claim.spec.accessModes?.includes('ReadWriteOncePod')) exclusive.add(name);
        }
        const users = [...exclusive].filter((name) => snapshot.isClaimUsed(`${namespace}/${name}`)).length;
        if (users === 0 && !disksOf(pod).length) return SKIP;
        state.write(NAME, new State(exclusive, users));
        return undefined;
      },
      addPod: (state, { namespace }, added) => {
        if (added.namespace === namespace) count(state, added.pod, 1);
      },
      removePod: (state, { namespace }, removed) => {
        if (removed.namespace === namespace) count(state, removed.pod, -1);
      },
      filter: (state, { pod }, node) => {
        if (isDiskTaken(disksOf(pod), node)) return DISK_TAKEN;
        return state.read<State>(NAME).users > 0 ? POD_HAS_CLAIM : undefined;
      },
      events: [
        on('AssignedPod', ['Delete'], ({ pod }, { old }) => {
          if (!old || old.metadata.namespace !== pod.metadata.namespace) return false;
          const names = new Set(claimNames(pod));
          return conflicts(disksOf(pod), old) || claimNames(old).some((name) => names.has(name));
        }),
        on('Node', ['Add']),
        on('PersistentVolumeClaim', ['Add'], ({ pod }, { now }) => {
          const isNamed = now !== undefined && claimNames(pod).includes(now.metadata.name);
          return isNamed && now.metadata.namespace === pod.metadata.namespace;
        }),
      ],
    };
  },
};

const claimNames = ({ spec }: Live<Pod>): string[] =>
  (spec.volumes ?? []).flatMap(({ persistentVolumeClaim }) => (persistentVolumeClaim ? [persistentVolumeClaim.claimName] : []));

/** Volumes that are disks which not everybody may mount. */
const disksOf = ({ spec }: Live<Pod>): Volume[] =>
  (spec.volumes ?? []).filter(({ gcePersistentDisk, awsElasticBlockStore, rbd, iscsi }) =>
    [gcePersistentDisk, awsElasticBlockStore, rbd, iscsi].some((source) => source !== undefined),
  );

function isDiskTaken(disks: readonly Volume[], { pods }: NodeInfo): boolean {
  if (disks.length === 0) return false;
  for (const { pod } of pods.values()) if (conflicts(disks, pod)) return true;
  return false;
}

const conflicts = (disks: readonly Volume[], pod: Live<Pod>): boolean =>
  disksOf(pod).some((other) => disks.some((disk) => isSameDisk(disk, other)));

/** Whether two volumes are one disk, which both mounting would harm: but for EBS, both may read. */
function isSameDisk(a: Volume, b: Volume): boolean {
  return isSameGceDisk(a, b) || isSameEbsDisk(a, b) || isSameIscsiDisk(a, b) || isSameRbdDisk(a, b);
}

const isSameGceDisk = ({ gcePersistentDisk: a }: Volume, { gcePersistentDisk: b }: Volume): boolean =>
  a !== undefined && b !== undefined && a.pdName === b.pdName && !(a.readOnly && b.readOnly);

const isSameEbsDisk = ({ awsElasticBlockStore: a }: Volume, { awsElasticBlockStore: b }: Volume): boolean =>
  a !== undefined && b !== undefined && a.volumeID === b.volumeID;

const isSameIscsiDisk = ({ iscsi: a }: Volume, { iscsi: b }: Volume): boolean =>
  a !== undefined && b !== undefined && a.iqn === b.iqn && !(a.readOnly && b.readOnly);

const isSameRbdDisk = ({ rbd: a }: Volume, { rbd: b }: Volume): boolean =>
  a !== undefined &&
  b !== undefined &&
  a.monitors.some((monitor) => b.monitors.includes(monitor)) &&
  a.pool === b.pool &&
  a.image === b.image &&
  !(a.readOnly && b.readOnly);
