import type {
  ConfigMap,
  Container,
  ContainerStatus,
  CSIDriver,
  Live,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodStatus,
  ResourceV1ResourceClaim,
  RuntimeClass,
  Secret,
  Service,
  VolumeAttachment,
} from '../../api/index.ts';
import { type Clock, seededRandom, silentLogger, VirtualClock } from '../../runtime/index.ts';
import { admit } from '../node/admission.ts';
import { PendingResizes } from '../node/pending-resizes.ts';
import { PodAddresses } from '../node/pod-addresses.ts';
import { deferral, infeasibility } from '../node/resize-admission.ts';
import { NodePlugins } from '../plugins/node-plugins.ts';
import type { ConfigSource, IssuedToken } from '../pod/config-source.ts';
import { ImageManager } from '../pod/image-manager.ts';
import { KubeletCounts } from '../pod/kubelet-counts.ts';
import type { NodeServices, StatusSink } from '../pod/node-services.ts';
import type { Verdict } from '../pod/observed.ts';
import { CLUSTER_DNS } from '../pod/pod-dns.ts';
import type { PodEvents } from '../pod/pod-events.ts';
import { PodWorker } from '../pod/pod-worker.ts';
import { RestartBackoff } from '../pod/restart-backoff.ts';
import { statusPatch } from '../pod/status-writer.ts';
import type { ClaimSource } from '../pod/volumes/claim-source.ts';
import { HeldClaims } from '../pod/volumes/held-claims.ts';
import { ImageCatalog } from '../runtime/simulated/image-catalog.ts';
import { ImageLibrary, SimulatedImages } from '../runtime/simulated/simulated-images.ts';
import { SimulatedRuntime } from '../runtime/simulated/simulated-runtime.ts';
import { aContainer, aPod } from './builders.ts';

/** Objects that pods may refer to. */
export class FakeSource implements ConfigSource {
  readonly configMaps = new Map<string, ConfigMap['data']>();
  readonly secrets = new Map<string, Secret['data']>();
  readonly serviceList: Service[] = [];
  /** Handlers of runtime classes, by name. */
  readonly handlers = new Map<string, string>();
  readonly clock: Clock;
  tokens = 0;
  /** Names of config maps that cannot be changed. */
  readonly immutable = new Set<string>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  configMap(namespace: string, name: string): Promise<Live<ConfigMap> | undefined> {
    const data = this.configMaps.get(name);
    return Promise.resolve(data && { metadata: metaOf(namespace, name), data, immutable: this.immutable.has(name) });
  }

  secret(namespace: string, name: string): Promise<Live<Secret> | undefined> {
    const data = this.secrets.get(name);
    return Promise.resolve(data && { metadata: metaOf(namespace, name), data });
  }

  services(namespace: string): Promise<readonly Live<Service>[]> {
    return Promise.resolve(
      this.serviceList
        .filter(({ metadata }) => metadata.namespace === namespace)
        .map((service) => ({ ...service, metadata: { ...metaOf(namespace, service.metadata.name ?? '') } })),
    );
  }

  runtimeClass(name: string): Promise<Live<RuntimeClass> | undefined> {
    const handler = this.handlers.get(name);
    return Promise.resolve(handler === undefined ? undefined : { metadata: metaOf('', name), handler });
  }

  /** Tokens are numbered when more than one was asked for. */
  serviceAccountToken(pod: Pod, { expirationSeconds }: { readonly expirationSeconds: number }): Promise<IssuedToken> {
    const number = this.tokens++ === 0 ? '' : `-${this.tokens}`;
    return Promise.resolve({ token: `token-of-${pod.metadata.name}${number}`, expiresAt: this.clock.now() + expirationSeconds * 1000 });
  }
}

/** Claims, volumes and drivers, by name; statuses that are written are what claims have then. */
export class FakeClaims implements ClaimSource {
  readonly claims = new Map<string, Live<PersistentVolumeClaim>>();
  readonly volumes = new Map<string, Live<PersistentVolume>>();
  readonly drivers = new Map<string, Live<CSIDriver>>();

  /** A claim that is bound to a volume. */
  bind(name: string, spec: PersistentVolume['spec'], claim: Partial<PersistentVolumeClaim['status']> = {}): this {
    const metadata = metaOf('default', name);
    this.claims.set(name, { metadata, spec: { volumeName: `pv-${name}` }, status: { phase: 'Bound', ...claim } });
    this.volumes.set(`pv-${name}`, {
      metadata: { ...metaOf('', `pv-${name}`), namespace: undefined },
      spec: { claimRef: { namespace: 'default', name, uid: metadata.uid }, ...spec },
      status: { phase: 'Bound' },
    });
    return this;
  }

  claim(_namespace: string, name: string): Promise<Live<PersistentVolumeClaim> | undefined> {
    return Promise.resolve(this.claims.get(name));
  }

  volume(name: string): Promise<Live<PersistentVolume> | undefined> {
    return Promise.resolve(this.volumes.get(name));
  }

  csiDriver(name: string): Promise<Live<CSIDriver> | undefined> {
    return Promise.resolve(this.drivers.get(name));
  }

  readonly deviceClaims = new Map<string, Live<ResourceV1ResourceClaim>>();

  resourceClaim(_namespace: string, name: string): Promise<Live<ResourceV1ResourceClaim> | undefined> {
    return Promise.resolve(this.deviceClaims.get(name));
  }

  /** What a controller has asked to be attached, by name. */
  readonly attachments = new Map<string, Live<VolumeAttachment>>();

  attachment(name: string): Promise<Live<VolumeAttachment> | undefined> {
    return Promise.resolve(this.attachments.get(name));
  }

  attach(attachment: Live<VolumeAttachment>): Promise<void> {
    this.attachments.set(attachment.metadata.name, { ...attachment, status: { attached: true } });
    return Promise.resolve();
  }

  writeStatus(claim: Live<PersistentVolumeClaim>): Promise<void> {
    this.claims.set(claim.metadata.name, claim);
    return Promise.resolve();
  }
}

const metaOf = (namespace: string, name: string) => ({
  namespace,
  name,
  uid: `uid-of-${name}`,
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
});

/** A container that runs a script. */
export const shell = (name: string, script: string, more: Partial<Container> = {}): Container =>
  aContainer(name, { image: 'busybox', command: ['sh', '-c', script], ...more });

export interface HarnessOptions {
  /** How long a pull takes. */
  readonly pullMs?: number;
  readonly seed?: number;
  /** Nobody gives the node a range of addresses. */
  readonly noRange?: boolean;
}

const ALLOCATABLE = { cpu: '8', memory: '32Gi', pods: '110' };

/** A node on a virtual clock, without an API server: its statuses and events are kept. */
export class TestNode {
  readonly clock = new VirtualClock();
  readonly random;
  readonly source = new FakeSource(this.clock);
  readonly claims = new FakeClaims();
  readonly events: string[] = [];
  readonly deleted: string[] = [];
  /** Other pods of the node, for the room they take. */
  readonly others: Pod[] = [];
  readonly history: PodStatus[] = [];
  runtime: SimulatedRuntime;
  services: NodeServices;
  worker: PodWorker | undefined;
  plugins: NodePlugins | undefined;
  readonly #deviceDrivers = new Set<string>();
  readonly #options: HarnessOptions;
  readonly #images: SimulatedImages;
  readonly #pool = new PodAddresses('10.244.0.0/24');
  /** The pod as the API server has it. */
  api: Live<Pod> | undefined;

  constructor(options: HarnessOptions = {}) {
    this.random = seededRandom(options.seed ?? 11);
    this.#options = options;
    const library = new ImageLibrary({
      catalog: new ImageCatalog(),
      clock: this.clock,
      pullMs: options.pullMs,
      privateRegistries: ['registry.example.com'],
    });
    this.#images = new SimulatedImages(library);
    this.runtime = this.#startRuntime();
    this.services = this.#startAgent();
  }

  #startRuntime(): SimulatedRuntime {
    const runtime = new SimulatedRuntime({ clock: this.clock, random: this.random, network: new Map() }, this.#images);
    runtime.onContainerEvent(() => this.worker?.poke());
    return runtime;
  }

  #startAgent(): NodeServices {
    const tell =
      (type: string): PodEvents['normal'] =>
      (_pod, reason, message) =>
        this.events.push(`${type} ${reason} ${message}`);
    const events: PodEvents = { normal: tell('Normal'), warning: tell('Warning') };
    const statuses: StatusSink = {
      write: (_pod, status) => this.#written(status),
      writeAndDelete: (pod, status) => {
        this.#written(status);
        this.deleted.push(pod.metadata.name ?? '');
        queueMicrotask(() => this.worker?.remove());
      },
      forget: () => undefined,
      isIdle: () => true,
    };
    const { clock, source, random, runtime } = this;
    const deviceDrivers = this.#deviceDrivers;
    const wipe = (driver: string) => Promise.resolve(void this.events.push(`wiped ${driver}`));
    this.plugins?.close();
    const plugins = new NodePlugins({
      clock,
      random,
      logger: silentLogger,
      source: this.claims,
      sockets: runtime.sockets,
      volumeDrivers: runtime.drivers,
      deviceDrivers,
      wipe,
    });
    this.plugins = plugins;
    const counts = new KubeletCounts(() => plugins.draCounts);
    return {
      nodeName: 'node-0',
      hostIPs: ['172.18.0.2'],
      cluster: CLUSTER_DNS,
      runtime: this.runtime,
      images: new ImageManager({ images: this.#images, events, source, clock, counts, onPulled: () => undefined }),
      restarts: new RestartBackoff(),
      counts,
      events,
      statuses,
      source,
      claims: new HeldClaims({
        source: this.claims,
        clock: this.clock,
        logger: silentLogger,
        watch: () => undefined,
        tell: (_user, _claim, { type, reason, message }) => this.events.push(`${type} ${reason} ${message}`),
      }),
      plugins,
      nodeLabels: () => ({ 'kubernetes.io/hostname': 'node-0' }),
      clock,
      random: this.random,
      logger: silentLogger,
      pool: () => (this.#options.noRange ? undefined : this.#pool),
      allocatable: () => ALLOCATABLE,
      resizes: new PendingResizes({
        clock,
        signal: new AbortController().signal,
        admit: (pod) => ({
          refusal:
            infeasibility(pod, ALLOCATABLE) ??
            deferral(admit(pod, { node: { metadata: { name: 'node-0' } }, allocatable: ALLOCATABLE, others: this.others })),
          leavers: [],
        }),
        onAccepted: () => undefined,
      }),
    };
  }

  /** The API server takes a status that says something new, and tells of it. */
  #written(status: PodStatus): void {
    const { worker, api } = this;
    if (api && !statusPatch(status, api.status)) return;
    this.history.push(status);
    if (!worker || !api) return;
    this.api = { ...api, status };
    queueMicrotask(() => {
      if (this.worker === worker && this.api) worker.update(this.api);
    });
  }

  /** The pod changes in the API. */
  async change(change: (pod: Live<Pod>) => Live<Pod>): Promise<void> {
    await this.amend((pod) => {
      const changed = change(pod);
      return { ...changed, metadata: { ...changed.metadata, generation: (pod.metadata.generation ?? 0) + 1 } };
    });
  }

  /** What has no part in the generation changes: metadata, or the status, by somebody else's hand. */
  async amend(change: (pod: Live<Pod>) => Live<Pod>): Promise<void> {
    if (!this.api) throw new Error('there is no pod');
    this.api = change(this.api);
    this.worker?.update(this.api);
    await this.pass(0.1);
  }

  /** The agent ends and begins again, while the runtime goes on. */
  async restartAgent(awaySeconds = 0): Promise<void> {
    this.worker?.abandon();
    await this.pass(awaySeconds);
    this.services = this.#startAgent();
    await this.#resume();
  }

  /** The process that holds the node ends and begins again: what ran is brought back from what the API server knows. */
  async restartProcess(): Promise<void> {
    this.worker?.abandon();
    const { runtime } = this;
    this.runtime = this.#startRuntime();
    for (const { id } of runtime.listPodSandboxes()) runtime.removePodSandbox(id);
    this.services = this.#startAgent();
    await this.#resume();
  }

  async #resume(): Promise<void> {
    if (!this.api) throw new Error('there is no pod');
    this.worker = new PodWorker(this.services, this.api);
    this.worker.restore();
    if (this.deleted.length > 0) this.worker.remove();
    await this.pass(0.1);
  }

  /** Runs a pod; time goes on a little. */
  async run(spec: Partial<Pod['spec']>, pod = aPod(spec)): Promise<PodWorker> {
    this.api = pod;
    this.worker = new PodWorker(this.services, pod);
    this.worker.poke();
    await this.pass(0.1);
    return this.worker;
  }

  /** The node does not take a pod. */
  async refuse(pod: Live<Pod>, verdict: Verdict): Promise<void> {
    this.api = pod;
    const worker = new PodWorker(this.services, pod, verdict);
    this.worker = worker;
    this.#written(worker.status);
    await this.pass(0.1);
  }

  /** A pod of one container with a shell script. */
  runScript(script: string, pod: Partial<Pod['spec']> = {}, container: Partial<Container> = {}): Promise<PodWorker> {
    return this.run({ ...pod, containers: [aContainer('main', { image: 'busybox', command: ['sh', '-c', script], ...container })] });
  }

  /** Time goes on, in steps small enough for promises to settle between them. */
  async pass(seconds: number): Promise<void> {
    const settle = async () => {
      for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    };
    await settle();
    await this.clock.advance(seconds * 1000);
    await settle();
    await this.clock.advance(0);
  }

  get status(): PodStatus {
    return this.worker?.status ?? {};
  }

  container(name = 'main'): ContainerStatus | undefined {
    const { containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = [] } = this.status;
    return [...containerStatuses, ...initContainerStatuses, ...ephemeralContainerStatuses].find((status) => status.name === name);
  }

  /** The state of a container in a word or two. */
  state(name = 'main'): string {
    const { state } = this.container(name) ?? {};
    return state?.running
      ? 'running'
      : state?.terminated
        ? `${state.terminated.reason} ${state.terminated.exitCode}`
        : (state?.waiting?.reason ?? 'none');
  }

  condition(type: string): string {
    return this.status.conditions?.find((condition) => condition.type === type)?.status ?? '';
  }

  reason(type: string): string {
    return this.status.conditions?.find((condition) => condition.type === type)?.reason ?? '';
  }

  message(type: string): string {
    return this.status.conditions?.find((condition) => condition.type === type)?.message ?? '';
  }

  async log(name = 'main', previous = false): Promise<string> {
    const { containerID, lastState } = this.container(name) ?? {};
    const id = previous ? lastState?.terminated?.containerID : containerID;
    let text = '';
    if (id === undefined) return text;
    const signal = new AbortController().signal;
    for await (const batch of this.runtime.readLog(id.replace('containerd://', ''), { follow: false, signal }))
      text += batch.map((entry) => entry.text).join('');
    return text;
  }

  /** The pod is deleted in the API, with a grace period. */
  async delete(seconds: number): Promise<void> {
    const deletion = { deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: seconds };
    await this.change((pod) => ({ ...pod, metadata: { ...pod.metadata, ...deletion } }));
  }

  /** The pod is deleted by force: the API server has it no longer. */
  async forceDelete(): Promise<void> {
    await this.delete(0);
    this.worker?.remove();
    await this.pass(0.1);
  }

  /** Somebody on the node kills the pause process. */
  async killPause(): Promise<void> {
    const { pid = 0 } = this.runtime.podSandboxStatus(this.worker?.sandboxId ?? '') ?? {};
    this.runtime.signalProcess(pid, 'SIGKILL');
    await this.pass(0.1);
  }

  /** Runs a command in a container; answers what it wrote. */
  async exec(name: string, ...command: string[]): Promise<string> {
    const { stdout, stderr } = await this.runtime.execSync(this.worker?.containerId(name) ?? '', command, 0);
    return `${stdout.toString()}${stderr.toString()}`;
  }

  /** Messages of the events of a reason. */
  told(reason: string): string[] {
    return this.events.filter((text) => text.split(' ')[1] === reason).map((text) => text.split(' ').slice(2).join(' '));
  }
}
