import { coreKinds, isAlreadyExists, isNotFound, type Live, type Node, type Pod } from '../../api/index.ts';
import type { ApiClient, EventRecorder, ResourceClient } from '../../client/index.ts';
import type { Clock, Logger, Random, Timer } from '../../runtime/index.ts';
import type { ConfigSource } from '../pod/config-source.ts';
import { ImageManager } from '../pod/image-manager.ts';
import type { NodeServices } from '../pod/node-services.ts';
import { type PodEvents, podEvents } from '../pod/pod-events.ts';
import { endedPhase } from '../pod/pod-phase.ts';
import { PodWorker } from '../pod/pod-worker.ts';
import { RestartBackoff } from '../pod/restart-backoff.ts';
import type { StatusWriter } from '../pod/status-writer.ts';
import type { HeldClaims } from '../pod/volumes/held-claims.ts';
import type { ImageService, RuntimeService } from '../runtime/cri.ts';
import { type AdmissionScope, admit } from './admission.ts';
import { Heartbeat } from './heartbeat.ts';
import { kubeletConfiguration } from './kubelet-configuration.ts';
import { allocatableOf, labelsToMend, type NodeSpec, nodeLabels, nodeStatusOf, nodeToRegister } from './node-object.ts';
import { type NodeUsage, nodeUsageOf } from './node-stats.ts';
import { PodAddresses } from './pod-addresses.ts';
import { resizeRefusal } from './resize-admission.ts';

/** Unchanged, a node's status is still reported this often, as upstream's nodeStatusReportFrequency. */
const STATUS_REPORT_MS = 300_000;
/** Waits between tries to register. */
const REGISTER_RETRY_MS = 200;
const REGISTER_RETRY_MS_MAX = 7000;
/** A node that nobody gave a pod range after this long takes its own. */
const POD_CIDR_WAIT_MS = 2000;

/** What all nodes of a process share. */
export interface AgentOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly source: ConfigSource;
  readonly statuses: StatusWriter;
  readonly claims: HeldClaims;
  readonly recorderOf: (nodeName: string) => Pick<EventRecorder, 'event'>;
  readonly statusFrequencyMs: number;
  readonly leaseDurationSeconds: number;
}

/** What is this node's own. */
export interface NodeParts {
  readonly spec: NodeSpec;
  readonly runtime: RuntimeService;
  readonly images: ImageService;
  /** Pod range to take when nobody gives one; undefined to wait for as long as it takes. */
  readonly podCidr: string | undefined;
}

/**
 * One node: registers it and keeps it alive, and holds a worker for each of its pods.
 */
export class NodeAgent {
  readonly #options: AgentOptions;
  readonly #parts: NodeParts;
  readonly #nodes: ResourceClient<Node>;
  readonly #heartbeat: Heartbeat;
  readonly #services: NodeServices;
  readonly #workers = new Map<string, PodWorker>();
  readonly #abort = new AbortController();
  #events: PodEvents | undefined;
  #node: Live<Node> | undefined;
  #pool: PodAddresses | undefined;
  #cidrTimer: Timer | undefined;
  #statusTimer: Timer | undefined;
  #reportedAt = 0;
  #imagesChanged = false;
  #registering = false;
  readonly #bootedAt: number;

  constructor(options: AgentOptions, parts: NodeParts) {
    this.#options = options;
    this.#parts = parts;
    this.#bootedAt = options.clock.now();
    this.#nodes = options.client.resource<Node>(coreKinds.nodes);
    const { client, clock, logger, source, statuses, claims, random } = options;
    const { spec, runtime, images } = parts;
    const durationSeconds = options.leaseDurationSeconds;
    this.#heartbeat = new Heartbeat({ client, clock, logger, name: spec.name, durationSeconds, nodeUid: () => this.#node?.metadata.uid });
    const events: PodEvents = {
      normal: (...args) => this.#podEvents().normal(...args),
      warning: (...args) => this.#podEvents().warning(...args),
    };
    const onPulled = () => {
      this.#imagesChanged = true;
    };
    const allocatable = allocatableOf(spec);
    this.#services = {
      nodeName: spec.name,
      hostIP: spec.ip,
      runtime,
      images: new ImageManager({ images, events, source, clock, onPulled }),
      restarts: new RestartBackoff(),
      events,
      statuses,
      source,
      claims,
      nodeLabels: () => this.#node?.metadata.labels ?? nodeLabels(spec),
      clock,
      random,
      logger,
      pool: () => this.#pool,
      allocatable: () => allocatable,
      admitResize: (pod) => resizeRefusal(pod, this.#scopeBeside(pod)),
    };
    runtime.onContainerEvent(({ podUid }) => this.#workers.get(podUid)?.poke());
  }

  get name(): string {
    return this.#parts.spec.name;
  }

  get workers(): Iterable<PodWorker> {
    return this.#workers.values();
  }

  get runtime(): RuntimeService {
    return this.#parts.runtime;
  }

  /** Whether anybody can reach the node's kubelet. */
  get isReachable(): boolean {
    return true;
  }

  /** What the node and its pods use now. */
  usage(): NodeUsage {
    const { spec, runtime, images } = this.#parts;
    return nodeUsageOf({ spec, runtime, images, bootedAt: this.#bootedAt, workers: this.workers, now: this.#options.clock.now() });
  }

  configuration(): object {
    return kubeletConfiguration(this.#parts.spec, this.#options);
  }

  #podEvents(): PodEvents {
    this.#events ??= podEvents(this.#options.recorderOf(this.name));
    return this.#events;
  }

  /** Registers the node and begins its heartbeat; tries until it succeeds or is stopped. */
  async start(): Promise<void> {
    await this.#register();
    this.#statusTimer = this.#options.clock.setTimer(this.#options.statusFrequencyMs, () => this.#statusTick());
  }

  stop(): void {
    this.#abort.abort();
    this.#heartbeat.stop();
    this.#cidrTimer?.cancel();
    this.#statusTimer?.cancel();
    for (const worker of this.#workers.values()) worker.abandon();
  }

  async #register(): Promise<void> {
    if (this.#registering) return;
    this.#registering = true;
    for (let failures = 0; !this.#abort.signal.aborted; failures++) {
      try {
        const [node] = await Promise.all([this.#createOrAdopt(), failures === 0 ? this.#heartbeat.beat() : undefined]);
        this.nodeChanged(node);
        this.#reportedAt = this.#options.clock.monotonic();
        break;
      } catch (error) {
        const delayMs = Math.min(REGISTER_RETRY_MS * 2 ** failures, REGISTER_RETRY_MS_MAX);
        this.#options.logger.warn({ err: error, node: this.name, delayMs }, 'node not registered, will retry');
        await this.#options.clock.sleep(delayMs, this.#abort.signal).catch(() => undefined);
      }
    }
    this.#registering = false;
  }

  async #createOrAdopt(): Promise<Live<Node>> {
    const { spec, images } = this.#parts;
    const now = this.#options.clock.now();
    try {
      return await this.#nodes.create(nodeToRegister(spec, now, images.listImages()));
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
    const existing = await this.#nodes.get(spec.name);
    const labels = labelsToMend(spec, existing);
    if (labels) await this.#nodes.patch(spec.name, { metadata: { labels } }, { type: 'strategic' });
    return await this.#report(existing);
  }

  async #report(node: Live<Node>): Promise<Live<Node>> {
    const { spec, images } = this.#parts;
    const status = nodeStatusOf(spec, node.status, this.#options.clock.now(), images.listImages());
    this.#imagesChanged = false;
    this.#reportedAt = this.#options.clock.monotonic();
    const addresses = [{ $patch: 'replace' }, ...(status.addresses ?? [])];
    return await this.#nodes.patch(spec.name, { status: { ...status, addresses } }, { type: 'strategic', subresource: 'status' });
  }

  #statusTick(): void {
    if (this.#abort.signal.aborted) return;
    this.#statusTimer = this.#options.clock.setTimer(this.#options.statusFrequencyMs, () => this.#statusTick());
    const node = this.#node;
    const due = this.#options.clock.monotonic() - this.#reportedAt >= STATUS_REPORT_MS;
    if (!node || !(due || this.#imagesChanged || !isHealthy(node))) return;
    this.#report(node).catch((error: unknown) => {
      if (isNotFound(error)) this.nodeDeleted();
      else this.#options.logger.warn({ err: error, node: this.name }, 'node status not written, will retry');
      this.#imagesChanged = true;
    });
  }

  /** The node's object as the API server has it. */
  nodeChanged(node: Live<Node>): void {
    this.#node = node;
    const cidr = node.spec?.podCIDR;
    if (cidr) this.#usePool(cidr);
    else if (!this.#pool && !this.#cidrTimer && this.#parts.podCidr)
      this.#cidrTimer = this.#options.clock.setTimer(POD_CIDR_WAIT_MS, () => this.#takeCidr());
  }

  #usePool(cidr: string): void {
    this.#cidrTimer?.cancel();
    if (this.#pool?.cidr === cidr) return;
    this.#pool = new PodAddresses(cidr);
    for (const worker of this.#workers.values()) worker.poke();
  }

  /** No controller gives ranges in this cluster: the node writes its own, which the API server takes once only. */
  #takeCidr(): void {
    const cidr = this.#parts.podCidr;
    if (this.#pool || cidr === undefined) return;
    this.#nodes.patch(this.name, { spec: { podCIDR: cidr, podCIDRs: [cidr] } }, { type: 'strategic' }).then(
      (node) => this.nodeChanged(node),
      (error: unknown) => {
        this.#options.logger.warn({ err: error, node: this.name }, 'pod range not written, will retry');
        this.#cidrTimer = this.#options.clock.setTimer(POD_CIDR_WAIT_MS, () => this.#takeCidr());
      },
    );
  }

  /** Somebody deleted the node: it comes back, as a restarted kubelet would bring it. */
  nodeDeleted(): void {
    this.#node = undefined;
    if (this.#abort.signal.aborted) return;
    this.#register().catch((error: unknown) => this.#options.logger.error({ err: error, node: this.name }, 'node not registered'));
  }

  /** A pod was bound to the node. @param isInitial it was there when this process started */
  podAdded(pod: Live<Pod>, isInitial: boolean): void {
    const wasHere = isInitial && pod.status.startTime !== undefined;
    const verdict = wasHere || endedPhase(pod.status) || pod.metadata.deletionTimestamp ? undefined : this.#admit(pod);
    if (verdict) this.#services.events.warning(pod, verdict.reason, verdict.message);
    const worker = new PodWorker(this.#services, pod, verdict);
    this.#workers.set(pod.metadata.uid, worker);
    if (wasHere) worker.restore();
    else worker.poke();
  }

  podUpdated(pod: Live<Pod>): void {
    const worker = this.#workers.get(pod.metadata.uid);
    if (worker) worker.update(pod);
    else this.podAdded(pod, false);
  }

  podDeleted(pod: Live<Pod>): void {
    this.#workers.get(pod.metadata.uid)?.remove();
    this.#workers.delete(pod.metadata.uid);
  }

  workerOf(uid: string): PodWorker | undefined {
    return this.#workers.get(uid);
  }

  #admit(pod: Pod): ReturnType<typeof admit> {
    return this.#node ? admit(pod, this.#scopeBeside(pod)) : undefined;
  }

  /** What the node has, and the others on it with what they were given. */
  #scopeBeside(pod: Pod): AdmissionScope {
    const node = this.#node ?? { metadata: { name: this.name } };
    const active = [...this.#workers.values()].filter((worker) => worker.isActive && worker.pod.metadata.uid !== pod.metadata.uid);
    return { node, allocatable: this.#services.allocatable(), others: active.map(({ allocated }) => allocated) };
  }
}

/** Whether the conditions say what a healthy node's should: a controller may have set them to Unknown. */
const isHealthy = (node: Live<Node>): boolean =>
  (node.status?.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True') &&
  (node.status?.conditions ?? []).every(({ type, status }) => type === 'Ready' || status !== 'Unknown');
