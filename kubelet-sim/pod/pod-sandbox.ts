import type { Pod } from '../../api/index.ts';
import type { MountableVolume, NamespaceOptions, PodSandboxConfig, PodSandboxStatus } from '../runtime/cri.ts';
import { hostnameOf } from './container-config.ts';
import type { PodFacts } from './field-ref.ts';
import type { NodeServices } from './node-services.ts';
import { checkVolumes, MountError, type VolumeScope, volumesOf } from './volumes.ts';

/** Waits between tries to mount volumes, and to make a sandbox. */
const MOUNT_RETRY_MS = 500;
const MOUNT_RETRY_MS_MAX = 122_000;
const SANDBOX_RETRY_MS = 10_000;
/** A new node gets its range in a moment; only after so many tries is it worth an event. */
const RANGE_RETRY_MS = 1000;
const RANGE_WAITS_MAX = 5;

const NO_VOLUMES: ReadonlyMap<string, MountableVolume> = new Map();

/** A pod's sandbox and volumes. */
export class PodSandbox {
  readonly #node: NodeServices;
  #id: string | undefined;
  #volumes: ReadonlyMap<string, MountableVolume> | undefined;
  #mountFailures = 0;
  #rangeWaits = 0;
  #pod: Pod | undefined;

  constructor(node: NodeServices) {
    this.#node = node;
  }

  get id(): string | undefined {
    return this.#id;
  }

  get status(): PodSandboxStatus | undefined {
    return this.#id === undefined ? undefined : this.#node.runtime.podSandboxStatus(this.#id);
  }

  get volumes(): ReadonlyMap<string, MountableVolume> {
    return this.#volumes ?? NO_VOLUMES;
  }

  facts(pod: Pod): PodFacts {
    return { pod, podIP: this.status?.ip ?? '', hostIP: this.#node.hostIP, allocatable: this.#node.allocatable() };
  }

  /** Sets up the volumes and makes the sandbox; answers how long to wait before trying again, 0 when it is there. */
  async make(pod: Pod, attempt: number, signal: AbortSignal): Promise<number> {
    const mountRetryMs = await this.#mount(pod);
    signal.throwIfAborted();
    if (mountRetryMs > 0) return mountRetryMs;
    const config = this.configOf(pod, attempt);
    if (!config) {
      const why = 'rpc error: code = Unknown desc = failed to setup network for sandbox: the node has no pod address range yet';
      if (++this.#rangeWaits > RANGE_WAITS_MAX) this.#failed(pod, why);
      return RANGE_RETRY_MS;
    }
    try {
      const before = this.#id;
      this.#id = this.#node.runtime.runPodSandbox(config).id;
      if (before !== undefined) this.#node.runtime.stopPodSandbox(before);
      if (attempt > 0) this.#node.events.normal(pod, 'SandboxChanged', 'Pod sandbox changed, it will be killed and re-created.');
      return 0;
    } catch (error) {
      this.#failed(pod, error instanceof Error ? error.message : String(error));
      return SANDBOX_RETRY_MS;
    }
  }

  #failed(pod: Pod, why: string): void {
    this.#node.events.warning(pod, 'FailedCreatePodSandBox', `Failed to create pod sandbox: ${why}`);
  }

  configOf(pod: Pod, attempt: number): PodSandboxConfig | undefined {
    const pool = this.#node.pool();
    const { name = '', namespace = '', uid = '', annotations = {} } = pod.metadata;
    if (!pool && !pod.spec.hostNetwork) return undefined;
    return {
      name,
      namespace,
      uid,
      attempt,
      hostname: hostnameOf(pod, this.#node.nodeName),
      network: pod.spec.hostNetwork || !pool ? { host: this.#node.hostIP } : { pool },
      namespaces: namespacesOf(pod.spec),
      labels: pod.metadata.labels,
      annotations,
    };
  }

  /** Takes over a sandbox that was there before. */
  adopt(id: string): void {
    this.#id = id;
  }

  /** Makes the volumes known without setting them up. */
  prepare(pod: Pod): VolumeScope {
    this.#pod = pod;
    const scope: VolumeScope = { facts: () => this.facts(this.#pod ?? pod), source: this.#node.source, lasting: this.#node.lasting };
    this.#volumes ??= pod.spec.volumes?.length ? volumesOf(pod.spec.volumes, scope) : NO_VOLUMES;
    return scope;
  }

  async #mount(pod: Pod): Promise<number> {
    const scope = this.prepare(pod);
    const volumes = pod.spec.volumes ?? [];
    if (volumes.length === 0) return 0;
    try {
      await checkVolumes(volumes, scope);
      this.#mountFailures = 0;
      return 0;
    } catch (error) {
      if (!(error instanceof MountError)) throw error;
      this.#node.events.warning(pod, 'FailedMount', error.message);
      return Math.min(MOUNT_RETRY_MS * 2 ** this.#mountFailures++, MOUNT_RETRY_MS_MAX);
    }
  }

  stop(): void {
    if (this.#id !== undefined) this.#node.runtime.stopPodSandbox(this.#id);
  }

  remove(): void {
    if (this.#id !== undefined) this.#node.runtime.removePodSandbox(this.#id);
  }
}

/** Namespaces of a pod's containers; shared, since most pods ask for none. */
const OWN: NamespaceOptions = {};

function namespacesOf({ hostNetwork, hostPID, hostIPC, shareProcessNamespace }: Pod['spec']): NamespaceOptions {
  if (!hostNetwork && !hostPID && !hostIPC && !shareProcessNamespace) return OWN;
  return {
    network: hostNetwork ? 'node' : 'pod',
    pid: hostPID ? 'node' : shareProcessNamespace ? 'pod' : 'container',
    ipc: hostIPC ? 'node' : 'pod',
  };
}
