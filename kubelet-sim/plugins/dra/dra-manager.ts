import { isReservedFor, type Live, type Pod, podResourceClaimName, type ResourceV1ResourceClaim } from '../../../api/index.ts';
import type { DraCounts } from './dra-counts.ts';
import type { DraDrivers, DraPlugin, DriverClaim, PreparedDevice } from './dra-drivers.ts';

type ResourceClaim = Live<ResourceV1ResourceClaim>;

/** What a claim manager works with. */
export interface DraWorld {
  readonly drivers: DraDrivers;
  /** A claim as the API server has it now. */
  resourceClaim(namespace: string, name: string): Promise<ResourceClaim | undefined>;
  readonly counts: DraCounts;
  monotonic(): number;
}

/** What is known of a claim that pods of the node use. Upstream: `ClaimInfo`, `pkg/kubelet/cm/dra/claiminfo.go`. */
interface ClaimInfo extends DriverClaim {
  readonly pods: Set<string>;
  /** What each of its drivers has made ready; of one that the node pretends, nothing. */
  readonly drivers: Map<string, readonly PreparedDevice[]>;
  /** Those that were asked for it, and have to be told when nobody uses it any more. */
  readonly asked: Set<string>;
  isPrepared: boolean;
}

/**
 * Has drivers make the devices of claims ready before the first pod that uses them starts, and take that back after the last one has ended.
 * What it knows is kept as long as the process; of pods that ran before it, it is read from their claims again when it is needed, where a
 * kubelet has a checkpoint. Upstream: `pkg/kubelet/cm/dra/manager.go`.
 */
export class DraManager {
  readonly #world: DraWorld;
  readonly #claims = new Map<string, ClaimInfo>();
  /** Pods that ran before this process, whose claims nobody has looked at since. */
  readonly #adopted = new Set<string>();

  constructor(world: DraWorld) {
    this.#world = world;
  }

  /** How many claims are prepared of each driver, and of all. Upstream: `claimsInUse`. */
  get inUse(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>([['<any>', 0]]);
    for (const { drivers, isPrepared } of this.#claims.values())
      if (isPrepared) for (const name of ['<any>', ...drivers.keys()]) counts.set(name, (counts.get(name) ?? 0) + 1);
    return counts;
  }

  /** A pod has been running, so that its claims are prepared. */
  adopt(pod: Pod): void {
    if (pod.metadata.uid !== undefined) this.#adopted.add(pod.metadata.uid);
  }

  /** Whether something of a pod's may have to be taken back. Upstream: `PodMightNeedToUnprepareResources`. */
  isUsedBy(uid: string): boolean {
    return this.#adopted.has(uid) || [...this.#claims.values()].some(({ pods }) => pods.has(uid));
  }

  /** @throws Error why the pod cannot start yet, as its event tells */
  async prepare(pod: Live<Pod>): Promise<void> {
    await this.#timed('PrepareResources', 'prepare', () => this.#prepare(pod));
  }

  /** Resolves when nothing is held for the pod any more. @throws Error */
  async unprepare(pod: Live<Pod>): Promise<void> {
    await this.#timed('UnprepareResources', 'unprepare', () => this.#unprepare(pod));
  }

  async #timed(name: 'PrepareResources' | 'UnprepareResources', verb: string, work: () => Promise<void>): Promise<void> {
    const begin = this.#world.monotonic();
    const told = (isError: boolean) =>
      this.#world.counts.operated({ operation_name: name, is_error: String(isError) }, (this.#world.monotonic() - begin) / 1000);
    try {
      await work();
      told(false);
    } catch (error) {
      told(true);
      throw new Error(`${verb} dynamic resources: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }

  /** What the container runtime is to add to a container of a pod, by the names that it has for that (CDI). @throws Error */
  async devicesOf(pod: Live<Pod>, containerName: string): Promise<readonly string[]> {
    const { containers, initContainers = [] } = pod.spec;
    const used = [...containers, ...initContainers].find(({ name }) => name === containerName)?.resources?.claims ?? [];
    if (used.length === 0) return [];
    if (this.#adopted.has(pod.metadata.uid)) await this.#prepare(pod);
    return used.flatMap(({ name, request = '' }) => {
      const podClaim = pod.spec.resourceClaims?.find((one) => one.name === name);
      const claimName = podClaim ? podResourceClaimName(pod, podClaim) : null;
      if (claimName === null) return [];
      const info = this.#claims.get(keyOf(pod.metadata.namespace, claimName));
      if (!info) throw new Error(`internal error: unable to get claim info for ResourceClaim ${claimName}`);
      return cdiDevicesOf(info, request);
    });
  }

  /** First everything is looked at, and nothing changed: a pod that fails here can be deleted without its drivers. */
  async #prepare(pod: Live<Pod>): Promise<void> {
    const found: { readonly claim: ResourceClaim; readonly plugins: ReadonlyMap<string, DraPlugin> }[] = [];
    for (const podClaim of pod.spec.resourceClaims ?? []) {
      const name = podResourceClaimName(pod, podClaim);
      if (name === null) continue;
      const claim = await this.#claimOf(pod, name, podClaim.resourceClaimName === undefined);
      found.push({ claim, plugins: this.#pluginsOf(claim) });
    }
    const batches = new Map<DraPlugin, ClaimInfo[]>();
    const fresh: ClaimInfo[] = [];
    for (const { claim, plugins } of found) {
      const info = this.#use(pod.metadata.uid, claim);
      if (info.isPrepared) continue;
      fresh.push(info);
      for (const [driver, plugin] of plugins) {
        info.asked.add(driver);
        batches.set(plugin, [...(batches.get(plugin) ?? []), info]);
      }
    }
    for (const [plugin, claims] of batches) {
      const answers = await asked('NodePrepareResources', claims, () => plugin.prepare(claims));
      for (const info of claims) info.drivers.set(plugin.driverName, answers.get(info.uid)?.devices ?? []);
    }
    for (const info of fresh) info.isPrepared = true;
    this.#adopted.delete(pod.metadata.uid);
  }

  /** A claim that the pod may use. @throws Error why it may not */
  async #claimOf(pod: Live<Pod>, claimName: string, mustBeOwn: boolean): Promise<ResourceClaim> {
    const { namespace = '', name, uid } = pod.metadata;
    const claim = await this.#world.resourceClaim(namespace, claimName);
    if (!claim) throw new Error(`fetch ResourceClaim ${claimName}: resourceclaims.resource.k8s.io "${claimName}" not found`);
    const owner = claim.metadata.ownerReferences?.find(({ controller }) => controller === true);
    if (mustBeOwn && owner?.uid !== uid) {
      throw new Error(`ResourceClaim ${namespace}/${claimName} was not created for pod ${namespace}/${name} (pod is not owner)`);
    }
    if (!isReservedFor(pod, claim)) {
      throw new Error(`pod ${name} (${uid}) is not allowed to use ResourceClaim ${claimName} (${claim.metadata.uid})`);
    }
    return claim;
  }

  /** @throws Error when a driver is not there */
  #pluginsOf({ metadata, status }: ResourceClaim): ReadonlyMap<string, DraPlugin> {
    if (!status?.allocation) throw new Error(`ResourceClaim ${metadata.name}: not allocated`);
    const { drivers } = this.#world;
    const real = driversOf(status).filter((name) => !drivers.isPretended(name));
    return new Map(real.map((name) => [name, drivers.named(name)]));
  }

  #use(podUid: string, { metadata, status }: ResourceClaim): ClaimInfo {
    const { name, namespace = '', uid } = metadata;
    const known = this.#claims.get(keyOf(namespace, name));
    if (known && known.uid !== uid) {
      throw new Error(
        `old ResourceClaim with same name ${name} and different UID ${known.uid} still exists (previous pod force-deleted?!)`,
      );
    }
    const drivers = new Map(driversOf(status).map((driver) => [driver, []]));
    const info = known ?? { namespace, name, uid, pods: new Set(), drivers, asked: new Set(), isPrepared: false };
    info.pods.add(podUid);
    this.#claims.set(keyOf(namespace, name), info);
    return info;
  }

  async #unprepare(pod: Live<Pod>): Promise<void> {
    const { uid, namespace } = pod.metadata;
    await this.#recall(pod);
    const batches = new Map<string, ClaimInfo[]>();
    const last: ClaimInfo[] = [];
    for (const name of claimNamesOf(pod)) {
      const info = this.#claims.get(keyOf(namespace, name));
      if (!info?.pods.has(uid)) continue;
      if (info.pods.size > 1) info.pods.delete(uid);
      else last.push(info);
    }
    for (const info of last) for (const driver of info.asked) batches.set(driver, [...(batches.get(driver) ?? []), info]);
    for (const [driver, claims] of batches) {
      const plugin = this.#world.drivers.named(driver);
      await asked('NodeUnprepareResources', claims, () => plugin.unprepare(claims));
    }
    for (const info of last) this.#claims.delete(keyOf(info.namespace, info.name));
  }

  /** What a pod of before this process uses is known again. */
  async #recall(pod: Live<Pod>): Promise<void> {
    if (!this.#adopted.has(pod.metadata.uid)) return;
    for (const name of claimNamesOf(pod)) {
      const claim = await this.#world.resourceClaim(pod.metadata.namespace ?? '', name);
      if (!claim || !isReservedFor(pod, claim)) continue;
      const info = this.#use(pod.metadata.uid, claim);
      for (const driver of info.drivers.keys()) if (!this.#world.drivers.isPretended(driver)) info.asked.add(driver);
    }
    this.#adopted.delete(pod.metadata.uid);
  }
}

const keyOf = (namespace = '', name: string): string => `${namespace}/${name}`;

const driversOf = (status: ResourceClaim['status']): string[] => [
  ...new Set(status?.allocation?.devices?.results?.map(({ driver }) => driver)),
];

const claimNamesOf = (pod: Live<Pod>): string[] =>
  (pod.spec.resourceClaims ?? []).flatMap((podClaim) => podResourceClaimName(pod, podClaim) ?? []);

/** Of a request of a claim, or of all its requests. Upstream: `cdiDevicesAsList`. */
function cdiDevicesOf({ drivers }: ClaimInfo, request: string): string[] {
  const devices = [...drivers.values()].flat();
  const meant = devices.filter(({ requestNames }) => request === '' || requestNames.length === 0 || requestNames.includes(request));
  return meant.flatMap(({ cdiDeviceIds }) => cdiDeviceIds);
}

/** Asks a driver about claims, and has an answer for each. @throws Error */
async function asked<A extends { readonly error: string }>(
  method: string,
  claims: readonly DriverClaim[],
  call: () => Promise<ReadonlyMap<string, A>>,
): Promise<ReadonlyMap<string, A>> {
  const answers = await call().catch((error: unknown) => {
    throw new Error(`${method}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  });
  for (const [uid, { error }] of answers) {
    const claim = claims.find((one) => one.uid === uid);
    if (!claim) throw new Error(`${method} returned result for unknown claim UID ${uid}`);
    if (error !== '') throw new Error(`${method} failed for ResourceClaim ${claim.name}: ${error}`);
  }
  if (answers.size < claims.length) throw new Error(`${method} skipped ${claims.length - answers.size} ResourceClaims`);
  return answers;
}
