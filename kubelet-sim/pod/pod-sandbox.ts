import type { Live, Pod, Volume } from '../../api/index.ts';
import type { ControlGroup } from '../runtime/control-group.ts';
import type { PodSandboxConfig, PodSandboxStatus } from '../runtime/cri.ts';
import { containersOf } from './container-names.ts';
import { controlGroupOf } from './control-group.ts';
import { SANDBOX_ERRORS, SANDBOXES, STORAGE_OPERATIONS } from './count-families.ts';
import { environmentOf } from './environment.ts';
import type { PodFacts } from './field-ref.ts';
import type { NodeServices } from './node-services.ts';
import { addressesOf } from './observed.ts';
import { podDnsOf } from './pod-dns.ts';
import { sandboxConfigOf } from './sandbox-config.ts';
import { pluginOf } from './volumes/plugin-name.ts';
import { type MountedVolume, NotYet, type PodVolume, usesOf, type VolumeScope } from './volumes/volume.ts';
import { type OnSetUp, setUpVolumes, volumesOf } from './volumes/volumes.ts';

/** Waits between tries to mount volumes, and to make a sandbox. */
const MOUNT_RETRY_MS = 500;
const SANDBOX_RETRY_MS = 10_000;
/** For how long a kubelet waits for volumes before it looks at the pod again. Upstream: `podAttachAndMountTimeout`, `pkg/kubelet/volumemanager`. */
const MOUNT_WAIT_MS = 123_000;
/** A new node gets its range in a moment; only after so many tries is it worth an event. */
const RANGE_RETRY_MS = 1000;
const RANGE_WAITS_MAX = 5;
const NO_RANGE =
  'network is not ready: container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: the node has no pod address range yet';

const NO_VOLUMES: readonly PodVolume[] = [];
const NO_SPECS: readonly Volume[] = [];
const NONE: readonly MountedVolume[] = [];
const NO_IDS: readonly string[] = [];

/** Who has the pod as it is now, with what the node gave it. */
export interface AllocatedPod {
  readonly allocated: Live<Pod>;
}

/** A pod's sandbox and volumes. */
export class PodSandbox implements VolumeScope {
  readonly node: NodeServices;
  readonly #owner: AllocatedPod;
  #id: string | undefined;
  /** Dead ones, whose containers are remembered; the oldest first. */
  #older: readonly string[] = NO_IDS;
  #volumes: readonly PodVolume[] | undefined;
  #mounted: readonly MountedVolume[] | undefined;
  #mountFailures = 0;
  /** Since when its volumes are waited for. */
  #mountingSince: number | undefined;
  #rangeWaits = 0;
  /** Its volumes are unmounted. */
  #isStopped = false;
  /** Resolves when drivers have unmounted its volumes. */
  #unmounting: Promise<unknown> | undefined;

  constructor(node: NodeServices, owner: AllocatedPod) {
    this.node = node;
    this.#owner = owner;
  }

  get id(): string | undefined {
    return this.#id;
  }

  get status(): PodSandboxStatus | undefined {
    return this.#id === undefined ? undefined : this.node.runtime.podSandboxStatus(this.#id);
  }

  /** What is mounted. */
  get volumes(): readonly MountedVolume[] {
    return this.#mounted ?? NONE;
  }

  /** How long nothing but the pod's deletion is heeded, for its volumes are waited for. */
  get mountWaitMs(): number {
    if (this.#mountingSince === undefined) return 0;
    return MOUNT_WAIT_MS - ((this.node.clock.monotonic() - this.#mountingSince) % MOUNT_WAIT_MS);
  }

  facts(): PodFacts {
    const pod = this.#owner.allocated;
    return { pod, podIPs: this.status ? addressesOf(this.status) : [], hostIPs: this.node.hostIPs, allocatable: this.node.allocatable() };
  }

  /**
   * Sets up the volumes and makes the sandbox, which once it has begun is made to its end.
   *
   * @param isWanted whether the pod is to go on: if not so when its volumes are there, nothing more is done
   * @returns how long to wait before trying again, 0 when there is nothing to try
   */
  async make(attempt: number, isWanted: () => boolean, signal: AbortSignal): Promise<number> {
    const pod = this.#owner.allocated;
    if (!this.#hasNetwork(pod)) return RANGE_RETRY_MS;
    const mountRetryMs = await this.#mount(pod);
    signal.throwIfAborted();
    if (mountRetryMs > 0) return mountRetryMs;
    if (!isWanted()) return 0;
    if (attempt > 0) this.node.events.normal(pod, 'SandboxChanged', 'Pod sandbox changed, it will be killed and re-created.');
    this.node.counts.sandboxStarted(pod.spec);
    if (!(await this.#hasDevices(pod))) return SANDBOX_RETRY_MS;
    signal.throwIfAborted();
    try {
      const runtimeHandler = await this.#runtimeHandler(pod);
      signal.throwIfAborted();
      const config = this.configOf(attempt, runtimeHandler);
      if (!config) return RANGE_RETRY_MS;
      for (const warning of podDnsOf(pod, this.node.cluster).warnings) this.node.events.warning(pod, 'DNSConfigForming', warning);
      this.#retire();
      this.#id = this.#run(config);
      return 0;
    } catch (error) {
      signal.throwIfAborted();
      if (!isWanted()) return 0; // perhaps it could not be made because the pod is deleted
      this.node.counts.sandboxFailed(pod.spec);
      this.node.events.warning(pod, 'FailedCreatePodSandBox', `Failed to create pod sandbox: ${textOf(error)}`);
      return SANDBOX_RETRY_MS;
    }
  }

  #run(config: PodSandboxConfig): string {
    const { clock, counts, runtime } = this.node;
    const begin = clock.monotonic();
    try {
      const { id } = counts.operation('run_podsandbox', clock, () => runtime.runPodSandbox(config));
      counts.tallies.observe(SANDBOXES, (clock.monotonic() - begin) / 1000, config.runtimeHandler ?? '');
      return id;
    } catch (error) {
      counts.count(SANDBOX_ERRORS, config.runtimeHandler ?? '');
      throw error;
    }
  }

  #stop(id: string): void {
    this.node.counts.operation('stop_podsandbox', this.node.clock, () => this.node.runtime.stopPodSandbox(id));
  }

  #remove(id: string): void {
    this.node.counts.operation('remove_podsandbox', this.node.clock, () => this.node.runtime.removePodSandbox(id));
  }

  /**
   * What the runtime is to run the pod with; `''` for what it usually does. Upstream: `LookupRuntimeHandler`, `pkg/kubelet/runtimeclass`.
   *
   * @throws Error when there is no such class
   */
  async #runtimeHandler({ spec: { runtimeClassName } }: Pod): Promise<string> {
    if (!runtimeClassName) return '';
    const found = await this.node.source.runtimeClass(runtimeClassName);
    if (!found) throw new Error(`runtimeclass.node.k8s.io "${runtimeClassName}" not found`);
    return found.handler;
  }

  async #hasDevices(pod: Live<Pod>): Promise<boolean> {
    if (!pod.spec.resourceClaims?.length) return true;
    try {
      await this.node.plugins.devices.prepare(pod);
      return true;
    } catch (error) {
      this.node.events.warning(pod, 'FailedPrepareDynamicResources', `Failed to prepare dynamic resources: ${textOf(error)}`);
      return false;
    }
  }

  /** Whether the pod can get an address. Upstream: `SyncPod`, `pkg/kubelet/kubelet.go`. */
  #hasNetwork(pod: Pod): boolean {
    if (pod.spec.hostNetwork || this.node.pool()) return true;
    if (++this.#rangeWaits > RANGE_WAITS_MAX) this.node.events.warning(pod, 'NetworkNotReady', NO_RANGE);
    return false;
  }

  /** Undefined while there is no address to be had. */
  configOf(attempt: number, runtimeHandler = ''): PodSandboxConfig | undefined {
    const pod = this.#owner.allocated;
    const pool = this.node.pool();
    const network = pod.spec.hostNetwork ? { host: this.node.hostIPs[0] ?? '' } : pool ? { pool } : undefined;
    const { nodeName, cluster } = this.node;
    return network && sandboxConfigOf({ pod, attempt, nodeName, network, resources: this, cluster, runtimeHandler });
  }

  /** The pod's, with what it was given. */
  get controlGroup(): ControlGroup {
    return controlGroupOf(this.#owner.allocated);
  }

  /** The pod's, as they are now. */
  get labels(): Readonly<Record<string, string>> {
    return this.#owner.allocated.metadata.labels ?? NO_LABELS;
  }

  /** The variables of a container, as they are now. @throws ContainerConfigError */
  async environmentOf(name: string): Promise<ReadonlyMap<string, string>> {
    const { node } = this;
    const found = containersOf(this.#owner.allocated).find(({ container }) => container.name === name);
    return found ? await environmentOf(this.facts(), found.container, node.source) : new Map();
  }

  /** Takes over a sandbox that was there before; those before it are given oldest first. */
  adopt(id: string, older: readonly string[] = []): void {
    this.#id = id;
    this.#older = [...this.#older, ...older];
    const pod = this.#owner.allocated;
    if (pod.spec.resourceClaims?.length) this.node.plugins.devices.adopt(pod);
  }

  /** Makes the volumes known as they are: those of a pod that has been running are not asked whether they still could be set up. */
  async mountAsTheyAre(): Promise<void> {
    if (this.#mounted) return;
    const { mounted } = await setUpVolumes(this.#known().filter(({ mountable }) => !mountable));
    const known = this.#known().flatMap(({ name, mountable }) => (mountable ? { name, mountable } : []));
    this.#mounted = [...mounted, ...known];
  }

  #known(): readonly PodVolume[] {
    this.#volumes ??= volumesOf(usedVolumes(this.#owner.allocated), this);
    return this.#volumes;
  }

  /** Sets up what nobody used when the sandbox was made: a debug container may. @throws MountError */
  async mountLate(): Promise<void> {
    const known = new Set(this.#known().map(({ name }) => name));
    const late = usedVolumes(this.#owner.allocated).filter(({ name }) => !known.has(name));
    if (late.length === 0) return;
    const volumes = volumesOf(late, this);
    const { mounted, errors } = await setUpVolumes(volumes);
    if (errors[0]) throw errors[0];
    this.#volumes = [...this.#known(), ...volumes];
    this.#mounted = [...this.volumes, ...mounted];
  }

  async #mount(pod: Pod): Promise<number> {
    const volumes = this.#known();
    if (volumes.length === 0) return 0;
    this.#isStopped = false;
    const { mounted, errors } = await setUpVolumes(volumes, this.#told);
    this.#mounted = mounted;
    for (const error of errors) if (!(error instanceof NotYet)) this.node.events.warning(pod, error.reason, error.message);
    if (errors.length > 0) this.#mountingSince ??= this.node.clock.monotonic();
    if (errors.length > 0) return Math.min(MOUNT_RETRY_MS * 2 ** this.#mountFailures++, ...errors.map(({ retryMsMax }) => retryMsMax));
    this.#mountFailures = 0;
    this.#mountingSince = undefined;
    return 0;
  }

  /** Counts what was not mounted before. Upstream: `OperationCompleteHook`, `pkg/volume/util/metrics.go`. */
  get #told(): Parameters<typeof setUpVolumes>[1] {
    const { clock } = this.node;
    const before = new Set(this.volumes.map(({ name }) => name));
    const onSetUp: OnSetUp = (volume, startedAt, isDone) => {
      if (!before.has(volume.name)) this.#counted(volume, 'mount', isDone, (clock.monotonic() - startedAt) / 1000);
    };
    return { now: () => clock.monotonic(), onSetUp };
  }

  #counted(volume: PodVolume, what: 'mount' | 'unmount', isDone: boolean, seconds: number): void {
    const operation = volume.mountable?.device ? (what === 'mount' ? 'map_volume' : 'unmap_volume') : `volume_${what}`;
    const labels = ['false', operation, isDone ? 'success' : 'fail-unknown', this.pluginOf(volume)];
    this.node.counts.tallies.observe(STORAGE_OPERATIONS, seconds, ...labels);
  }

  /** The plugin that sets a volume up. */
  pluginOf({ name, plugin }: Pick<PodVolume, 'name' | 'plugin'>): string {
    return plugin ?? pluginOf(this.#owner.allocated.spec.volumes?.find((volume) => volume.name === name));
  }

  /** The plugins of the volumes that are to be mounted, and of those that are. */
  get plugins(): { readonly wanted: readonly string[]; readonly mounted: readonly string[] } {
    const mounted = new Set(this.volumes.map(({ name }) => name));
    const known = this.#volumes ?? NO_VOLUMES;
    return {
      wanted: this.#isStopped ? [] : known.map((volume) => this.pluginOf(volume)),
      mounted: this.#isStopped ? [] : known.filter(({ name }) => mounted.has(name)).map((volume) => this.pluginOf(volume)),
    };
  }

  /** The sandbox is dead: its containers are kept for a while, for what they tell. */
  #retire(): void {
    if (this.#id === undefined) return;
    this.#stop(this.#id);
    this.#older = [...this.#older, this.#id];
    this.#id = undefined;
  }

  /** Lets go of dead sandboxes, but for those whose containers still tell something. */
  prune(used: ReadonlySet<string | undefined>): void {
    const unused = this.#older.filter((id) => !used.has(id));
    if (unused.length === 0) return;
    for (const id of unused) this.#remove(id);
    this.#older = this.#older.filter((id) => used.has(id));
  }

  stop(): void {
    this.#tearDown();
    if (this.#id !== undefined) this.#stop(this.#id);
  }

  #tearDown(): void {
    const mounted = new Set(this.volumes.map(({ name }) => name));
    for (const volume of this.#volumes ?? NO_VOLUMES) {
      const unmounting = volume.tearDown?.();
      if (unmounting) this.#unmounting = Promise.all([this.#unmounting, unmounting]);
      if (!this.#isStopped && mounted.has(volume.name)) this.#counted(volume, 'unmount', true, 0);
    }
    this.#isStopped = true;
  }

  /** Calls back when its volumes are unmounted: at once where no driver has mounted any. Upstream: `WaitForUnmount`, `pkg/kubelet/volumemanager`. */
  whenUnmounted(done: () => void): void {
    if (this.#unmounting === undefined) done();
    else void this.#unmounting.then(done);
  }

  /** Whether drivers of devices are to be told when the pod has ended. */
  get holdsDevices(): boolean {
    const { spec, metadata } = this.#owner.allocated;
    return (spec.resourceClaims?.length ?? 0) > 0 && this.node.plugins.devices.isUsedBy(metadata.uid);
  }

  /**
   * Stops for good: its devices are given back before anybody is told that the pod has ended, however often that has to be tried. Upstream:
   * `SyncTerminatingPod`, `pkg/kubelet/kubelet.go`.
   */
  async end(signal: () => AbortSignal): Promise<void> {
    this.stop();
    while (this.holdsDevices) {
      try {
        await this.node.plugins.devices.unprepare(this.#owner.allocated);
      } catch (error) {
        const { name, namespace } = this.#owner.allocated.metadata;
        this.node.logger.info({ err: error, pod: name, namespace }, 'devices not given back, will retry');
        await this.node.clock.sleep(SANDBOX_RETRY_MS * (1 + this.node.random.next() / 2), signal());
      }
    }
  }

  remove(): void {
    this.#tearDown();
    for (const id of [...this.#older, this.#id]) if (id !== undefined) this.#remove(id);
  }
}

const NO_LABELS: Readonly<Record<string, string>> = {};

/** The volumes that a container uses; of the others nothing is asked. Upstream: `processPodVolumes`, `pkg/kubelet/volumemanager/populator`. */
function usedVolumes(pod: Pod): readonly Volume[] {
  const { volumes } = pod.spec;
  if (!volumes?.length) return NO_SPECS;
  const { mounts, devices } = usesOf(pod);
  return volumes.filter(({ name }) => mounts.has(name) || devices.has(name));
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
