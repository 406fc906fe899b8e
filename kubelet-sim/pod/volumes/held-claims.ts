import {
  claimSize,
  keyOf,
  type Live,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  parseQuantity,
  toTime,
} from '../../../api/index.ts';
import type { Clock, Logger } from '../../../runtime/index.ts';
import type { MountableVolume } from '../../runtime/cri.ts';
import type { ClaimSource } from './claim-source.ts';
import { type CsiMount, isFinal } from './csi-mount.ts';
import { networkKey } from './network.ts';

/** Pauses before a volume is grown again when that failed. */
const RETRY_MS = { first: 1_000, max: 122_000 };
/** What asking again for the same would be answered with again. Upstream: `IsInfeasibleError`, `pkg/volume/util/types`. */
const INFEASIBLE: ReadonlySet<unknown> = new Set(['InvalidArgument', 'OutOfRange', 'NotFound']);
const RESIZE_CONDITIONS: ReadonlySet<string> = new Set(['Resizing', 'FileSystemResizePending', 'ControllerResizeError', 'NodeResizeError']);

/** A pod that has a claim's volume mounted. */
export interface ClaimUser {
  readonly pod: Pod;
  readonly nodeName: string;
  /** How the node calls the volume, if that had to be attached to it. */
  readonly attached?: string | undefined;
  /** What its driver has mounted, if one has registered. */
  readonly mount?: Pick<CsiMount, 'expand'> | undefined;
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
    event: { readonly type: 'Normal' | 'Warning'; readonly reason: string; readonly message: string },
  ) => void;
}

interface Held {
  readonly users: Map<string, ClaimUser>;
  volumeName: string;
  isGrowing?: boolean;
  /** Its file system could not be grown for sure, the last time. */
  hasFailed?: boolean;
  /** How long to wait after the next failure to grow. */
  retryMs?: number | undefined;
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
    const size = sizeToGrow(claim);
    if (user && size !== undefined) void this.#grow(claim, size, user);
  }

  /** A volume is gone, and what was on it, unless that is to be kept. */
  forget({ metadata, spec }: Live<PersistentVolume>): void {
    this.#shared.delete(metadata.uid);
    const key = networkKey(spec);
    if (key !== undefined && spec.persistentVolumeReclaimPolicy === 'Delete') this.#shared.delete(key);
  }

  async #grow(claim: Live<PersistentVolumeClaim>, size: string, user: ClaimUser): Promise<void> {
    const { logger, tell } = this.#options;
    const key = keyOf(claim);
    const held = this.#held.get(key);
    if (!held || held.isGrowing) return;
    held.isGrowing = true;
    try {
      const isGrown = await this.#expand(claim, size, { user, held });
      if (!isGrown) return;
      await this.#update(claim, (current) => grownStatus(current));
      const message = `MountVolume.NodeExpandVolume succeeded for volume "${claim.spec.volumeName}" ${user.nodeName}`;
      tell(user, claim, { type: 'Normal', reason: 'FileSystemResizeSuccessful', message });
      held.retryMs = undefined;
    } catch (error) {
      logger.info({ claim: key, err: error }, 'claim has not been grown, will retry');
      this.#retry(claim, held);
    } finally {
      held.isGrowing = false;
    }
  }

  /** Has the driver do its part, if one runs in pods. Upstream: `expandOnPlugin`, `node_expander.go`. @returns false when that is not to be */
  async #expand(
    claim: Live<PersistentVolumeClaim>,
    size: string,
    { user, held }: { readonly user: ClaimUser; readonly held: Held },
  ): Promise<boolean> {
    if (!user.mount) return true;
    await this.#update(claim, (current) => withStep(current, 'NodeResizeInProgress'));
    try {
      await user.mount.expand(parseQuantity(size).value());
      return true;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      const message = `MountVolume.Setup failed while expanding volume for volume "${claim.spec.volumeName}" : Expander.NodeExpand failed to expand the volume : ${why}`;
      this.#options.tell(user, claim, { type: 'Warning', reason: 'VolumeResizeFailed', message });
      // Of what has failed for good, and is not even wanted any more, there is no more to be made.
      const isUnwanted = held.hasFailed === true && claimSize(claim).cmp(parseQuantity(size)) !== 0;
      const isInfeasible = INFEASIBLE.has(code) || isUnwanted;
      if (isFinal(error)) {
        held.hasFailed = !isInfeasible;
        const condition = {
          type: 'NodeResizeError',
          status: 'True',
          lastTransitionTime: toTime(this.#options.clock.now()),
          message: `failed to expand pvc with ${why}`,
        };
        await this.#update(claim, (current) =>
          withCondition(isInfeasible ? withStep(current, 'NodeResizeInfeasible') : current.status, condition),
        );
      }
      if (isInfeasible) return false;
      throw error;
    }
  }

  async #update(
    { metadata }: Live<PersistentVolumeClaim>,
    change: (current: PersistentVolumeClaim) => PersistentVolumeClaim['status'] | undefined,
  ): Promise<void> {
    const current = await this.source.claim(metadata.namespace ?? '', metadata.name);
    const status = current && change(current);
    if (status && JSON.stringify(status) !== JSON.stringify(current.status)) await this.source.writeStatus({ ...current, status });
  }

  #retry(claim: Live<PersistentVolumeClaim>, held: Held): void {
    const delayMs = held.retryMs ?? RETRY_MS.first;
    held.retryMs = Math.min(RETRY_MS.max, 2 * delayMs);
    this.#options.clock.setTimer(delayMs, () => void this.#again(claim));
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
export function grownStatus(claim: PersistentVolumeClaim): PersistentVolumeClaim['status'] | undefined {
  const size = sizeToGrow(claim);
  if (size === undefined) return undefined;
  const { status } = claim;
  const { storage: _step, ...others } = status.allocatedResourceStatuses ?? {};
  const { conditions = [], allocatedResourceStatuses: _, ...kept } = status;
  const left = conditions.filter(({ type }) => !RESIZE_CONDITIONS.has(type));
  return {
    ...kept,
    capacity: { ...status.capacity, storage: size },
    ...(left.length > 0 ? { conditions: left } : {}),
    ...(Object.keys(others).length > 0 ? { allocatedResourceStatuses: others } : {}),
  };
}

/** What the file system of a claim's volume is to grow to; undefined when nothing waits for that. */
function sizeToGrow({ status }: PersistentVolumeClaim): string | undefined {
  const step = status.allocatedResourceStatuses?.storage;
  return step === 'NodeResizePending' || step === 'NodeResizeInProgress' ? status.allocatedResources?.storage : undefined;
}

const withStep = ({ status }: PersistentVolumeClaim, step: string): PersistentVolumeClaim['status'] => ({
  ...status,
  allocatedResourceStatuses: { ...status.allocatedResourceStatuses, storage: step },
});

type Condition = NonNullable<PersistentVolumeClaim['status']['conditions']>[number];

const withCondition = (status: PersistentVolumeClaim['status'], condition: Condition): PersistentVolumeClaim['status'] => ({
  ...status,
  conditions: [...(status.conditions ?? []).filter(({ type }) => type !== condition.type), condition],
});
