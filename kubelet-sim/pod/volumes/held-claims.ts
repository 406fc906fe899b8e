import { keyOf, type Live, type PersistentVolume, type PersistentVolumeClaim, type Pod } from '../../../api/index.ts';
import type { Clock, Logger } from '../../../runtime/index.ts';
import type { MountableVolume } from '../../runtime/cri.ts';
import type { ClaimSource } from './claim-source.ts';
import { networkKey } from './network.ts';

/** Pause before a claim's status is written again when that failed. */
const RETRY_MS = 1_000;
const RESIZE_CONDITIONS: ReadonlySet<string> = new Set(['Resizing', 'FileSystemResizePending', 'ControllerResizeError', 'NodeResizeError']);

/** A pod that has a claim's volume mounted. */
export interface ClaimUser {
  readonly pod: Pod;
  readonly nodeName: string;
  /** How the node calls the volume, if that had to be attached to it. */
  readonly attached?: string | undefined;
}

export interface HeldClaimsOptions {
  readonly source: ClaimSource;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Begins to tell {@link HeldClaims.changed} of claims; called when the first one is held. */
  readonly watch: () => void;
  /** Tells the users of a pod and of its claim that something went well. */
  readonly tell: (
    user: ClaimUser,
    claim: Live<PersistentVolumeClaim>,
    event: { readonly reason: string; readonly message: string },
  ) => void;
}

interface Held {
  readonly users: Map<string, ClaimUser>;
  volumeName: string;
}

/**
 * The claims whose volumes are mounted on the nodes of this process, and what is on volumes that many nodes reach: one tree for all of
 * them, kept when pods go.
 */
export class HeldClaims {
  readonly #options: HeldClaimsOptions;
  readonly #held = new Map<string, Held>();
  /** Trees of volumes that are nobody's node's, by what tells them apart: the volume's uid, or what its source says. */
  readonly #shared = new Map<string, MountableVolume>();
  #isWatching = false;

  constructor(options: HeldClaimsOptions) {
    this.#options = options;
  }

  get source(): ClaimSource {
    return this.#options.source;
  }

  /** What is on a volume that every node reaches. */
  sharedTree(key: string, make: () => MountableVolume): MountableVolume {
    const tree = this.#shared.get(key) ?? make();
    this.#shared.set(key, tree);
    return tree;
  }

  /** Whether another pod of the node has the volume of the claim mounted. */
  isHeldByOther(claim: Live<PersistentVolumeClaim>, { pod, nodeName }: ClaimUser): boolean {
    const users = this.#held.get(keyOf(claim))?.users;
    return [...(users?.entries() ?? [])].some(([uid, user]) => uid !== (pod.metadata.uid ?? '') && user.nodeName === nodeName);
  }

  /** The volumes that were attached to a node and are in use there, as the node's status tells. */
  inUse(nodeName: string): readonly string[] {
    const names = new Set<string>();
    for (const { users } of this.#held.values()) {
      for (const user of users.values()) if (user.nodeName === nodeName && user.attached) names.add(user.attached);
    }
    return [...names].sort();
  }

  /** A pod has mounted a claim's volume. */
  hold(claim: Live<PersistentVolumeClaim>, user: ClaimUser): void {
    const key = keyOf(claim);
    const held = this.#held.get(key) ?? { users: new Map<string, ClaimUser>(), volumeName: '' };
    held.volumeName = claim.spec.volumeName ?? '';
    held.users.set(user.pod.metadata.uid ?? '', user);
    this.#held.set(key, held);
    if (!this.#isWatching) this.#options.watch();
    this.#isWatching = true;
    this.changed(claim);
  }

  /** A pod has it mounted no more. */
  release(claimKey: string, podUid: string): void {
    const held = this.#held.get(claimKey);
    held?.users.delete(podUid);
    if (held?.users.size === 0) this.#held.delete(claimKey);
  }

  /** A claim is so now: should its file system have to grow, and be mounted here, it does. */
  changed(claim: Live<PersistentVolumeClaim>): void {
    const [user] = this.#held.get(keyOf(claim))?.users.values() ?? [];
    const grown = user && grownStatus(claim);
    if (grown) void this.#grow({ ...claim, status: grown }, user);
  }

  /** A volume is gone, and what was on it, unless that is to be kept. */
  forget({ metadata, spec }: Live<PersistentVolume>): void {
    this.#shared.delete(metadata.uid);
    const key = networkKey(spec);
    if (key !== undefined && spec.persistentVolumeReclaimPolicy === 'Delete') this.#shared.delete(key);
  }

  async #grow(claim: Live<PersistentVolumeClaim>, user: ClaimUser): Promise<void> {
    const { source, clock, logger, tell } = this.#options;
    try {
      await source.writeStatus(claim);
      const message = `MountVolume.NodeExpandVolume succeeded for volume "${claim.spec.volumeName}" ${user.nodeName}`;
      tell(user, claim, { reason: 'FileSystemResizeSuccessful', message });
    } catch (error) {
      logger.info({ claim: keyOf(claim), err: error }, 'claim has not been written, will retry');
      clock.setTimer(RETRY_MS, () => void this.#again(claim));
    }
  }

  async #again({ metadata }: Live<PersistentVolumeClaim>): Promise<void> {
    try {
      const fresh = await this.source.claim(metadata.namespace ?? '', metadata.name);
      if (fresh) this.changed(fresh);
    } catch (error) {
      this.#options.logger.info({ claim: keyOf({ metadata }), err: error }, 'claim cannot be read, it is left until it changes');
    }
  }
}

/**
 * The status of a claim whose file system has grown to what was allocated; undefined when nothing waits for that. Upstream:
 * `MarkFSResizeFinished`, `pkg/volume/util/resize_util.go`.
 */
export function grownStatus({ status }: PersistentVolumeClaim): PersistentVolumeClaim['status'] | undefined {
  const { storage: step, ...others } = status.allocatedResourceStatuses ?? {};
  const size = status.allocatedResources?.storage;
  if ((step !== 'NodeResizePending' && step !== 'NodeResizeInProgress') || size === undefined) return undefined;
  const { conditions = [], allocatedResourceStatuses: _, ...kept } = status;
  const left = conditions.filter(({ type }) => !RESIZE_CONDITIONS.has(type));
  return {
    ...kept,
    capacity: { ...status.capacity, storage: size },
    ...(left.length > 0 ? { conditions: left } : {}),
    ...(Object.keys(others).length > 0 ? { allocatedResourceStatuses: others } : {}),
  };
}
