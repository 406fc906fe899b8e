import { type Draft, isNotFound, type Live, type Node, type NodeStatus, type Pod } from '../../api/index.ts';
import type { Timer } from '../../runtime/index.ts';
import { ADMISSION_REJECTIONS, RESIZES_ACCEPTED, refusalLabel } from '../pod/count-families.ts';
import { ImageManager } from '../pod/image-manager.ts';
import { KubeletCounts } from '../pod/kubelet-counts.ts';
import type { NodeServices } from '../pod/node-services.ts';
import type { Verdict } from '../pod/observed.ts';
import { type PodEvents, podEvents } from '../pod/pod-events.ts';
import { endedPhase } from '../pod/pod-phase.ts';
import { PodWorker } from '../pod/pod-worker.ts';
import { RestartBackoff } from '../pod/restart-backoff.ts';
import type { RuntimeService } from '../runtime/cri.ts';
import type { KubeletTimes } from '../server/state-metrics.ts';
import { NODE_AFFINITY } from './admission.ts';
import type { AgentOptions, NodeParts } from './agent-options.ts';
import { ensureCsiNode } from './csi-node.ts';
import { EvictionManager } from './eviction-manager.ts';
import { Heartbeat } from './heartbeat.ts';
import { kubeletConfiguration } from './kubelet-configuration.ts';
import { rotateLogs } from './log-rotation.ts';
import { MirroredPods } from './mirrored-pods.ts';
import { NodeEvents } from './node-events.ts';
import { isCutOff, NO_FAULTS, type NodeFaults, NodeLine, usesMore } from './node-faults.ts';
import { HEALTHY, healthEvents, heardOfAgain, type NodeHealth } from './node-health.ts';
import { allocatableNow, isAsReported, machineOf, type NodeFacts, newBootId, nodeLabels, statusPatchOf, uuidOf } from './node-object.ts';
import { type NodeUsage, nodeUsageOf } from './node-stats.ts';
import { OwnNode } from './own-node.ts';
import { hasShrunk, PendingResizes } from './pending-resizes.ts';
import { PodGate } from './pod-gate.ts';
import { PodRange } from './pod-range.ts';
import { type Leaver, untilGone } from './preemption.ts';
import { SecondLooks } from './second-looks.ts';
import { NodeShutdown } from './shutdown.ts';

/** Unchanged, a node's status is still reported this often, as upstream's nodeStatusReportFrequency. */
const STATUS_REPORT_MS = 300_000;
/** Waits between tries to register. */
const REGISTER_RETRY_MS = { first: 200, max: 7000 };

/** One node: registers it and keeps it alive, and holds a worker for each of its pods. */
export class NodeAgent {
  readonly #options: AgentOptions;
  readonly #parts: NodeParts;
  readonly #own: OwnNode;
  readonly #heartbeat: Heartbeat;
  readonly #services: NodeServices;
  readonly #workers = new Map<string, PodWorker>();
  readonly #abort = new AbortController();
  #events: PodEvents | undefined;
  #node: Live<Node> | undefined;
  readonly #range: PodRange;
  #statusTimer: Timer | undefined;
  #reportedAt = 0;
  #imagesChanged = false;
  /** As they were reported last. */
  #volumesInUse: readonly string[] = [];
  #registering = false;
  readonly #line: NodeLine;
  readonly #told: NodeEvents;
  readonly #evictions: EvictionManager;
  readonly #gate: PodGate;
  readonly #secondLooks = new SecondLooks(() => this.#readNode());
  readonly #statics: MirroredPods;
  readonly #resizes: PendingResizes;
  readonly #shutdown: NodeShutdown;
  #bootedAt: number;
  readonly #startup = { startedAt: 0, registeringAt: 0, registeredAt: 0 };
  #bootId: string;
  #faults: NodeFaults = NO_FAULTS;
  #health: NodeHealth = HEALTHY;
  /** What happened to pods of the node while it was cut off: it learns of it afterwards. */
  readonly #held: (() => void)[] = [];

  constructor(options: AgentOptions, parts: NodeParts) {
    this.#options = options;
    this.#parts = parts;
    this.#bootedAt = options.clock.now();
    this.#startup.startedAt = this.#bootedAt;
    this.#bootId = parts.spec.machineId;
    this.#told = new NodeEvents(
      parts.spec.name,
      () => options.recorderOf(this.name),
      () => isCutOff(this.#faults),
    );
    const [workers, node, { signal }] = [this.#workers, () => this.#node, this.#abort];
    this.#statics = new MirroredPods({ ...options, nodeName: this.name, node, workers, signal });
    this.#shutdown = this.#newShutdown();
    this.#resizes = new PendingResizes({
      clock: options.clock,
      signal,
      admit: (pod) => this.#gate.admitResize(pod),
      onAccepted: (trigger) => this.counts.count(RESIZES_ACCEPTED, trigger),
    });
    this.#evictions = new EvictionManager({
      services: () => this.#services,
      signal,
      workers: () => workers.values(),
      rules: options.evictionRules,
      images: parts.images,
      usage: () => this.usage(),
      onThreshold: (resource) => this.#told.tell('Warning', 'EvictionThresholdMet', `Attempting to reclaim ${resource}`),
      onGone: () => this.#look(),
    });
    this.#gate = new PodGate({
      nodeName: this.name,
      node,
      workers,
      isShut: () => this.#shutdown.isShut,
      unsafeSysctls: options.unsafeSysctls,
      pressures: () => this.#evictions.pressures,
      services: () => this.#services,
    });
    this.#own = new OwnNode(this.name, options);
    this.#range = new PodRange({
      own: parts.podCidrs,
      nodeIp: parts.spec.ips[0] ?? '',
      clock: options.clock,
      take: async (podCIDRs) => this.nodeChanged(await this.#own.patch({ spec: { podCIDR: podCIDRs[0], podCIDRs } })),
      onChange: () => this.#pokeAll(),
      onFailed: (error) => options.logger.warn({ err: error, node: this.name }, 'pod range not written, will retry'),
    });
    this.#heartbeat = new Heartbeat({
      ...options,
      client: options.heartbeatClient,
      name: this.name,
      durationSeconds: options.leaseDurationSeconds,
      nodeUid: () => this.#node?.metadata.uid,
    });
    this.#line = new NodeLine(options.statuses, {
      normal: (...args) => this.#podEvents().normal(...args),
      warning: (...args) => this.#podEvents().warning(...args),
    });
    this.#services = this.#newServices();
    parts.runtime.onContainerEvent(({ podUid }) => (this.#workers.get(podUid) ?? this.#statics.before(podUid))?.poke());
  }

  #newServices(): NodeServices {
    const { clock, logger, source, claims, random, cluster } = this.#options;
    const { spec, runtime, images, plugins } = this.#parts;
    const { events } = this.#line;
    const scripts = this.#options.scripts?.of(spec);
    const counts = new KubeletCounts(() => plugins.draCounts);
    const onPulled = () => {
      this.#imagesChanged = true;
    };
    return {
      nodeName: spec.name,
      hostIPs: spec.ips,
      cluster,
      runtime,
      images: new ImageManager({ images, events, source, clock, scripts, counts, onPulled }),
      restarts: new RestartBackoff(),
      counts,
      events,
      statuses: this.#line,
      source,
      claims,
      plugins,
      nodeLabels: () => this.#node?.metadata.labels ?? nodeLabels(spec),
      clock,
      random,
      logger,
      scripts,
      pool: () => (this.#faults.down ? undefined : this.#range.pool),
      allocatable: () => allocatableNow(spec, this.#node?.status),
      resizes: this.#resizes,
    };
  }

  #newShutdown(): NodeShutdown {
    return new NodeShutdown({
      clock: this.#options.clock,
      signal: this.#abort.signal,
      workers: () => this.workers,
      tell: (message) => this.#told.tell('Normal', 'Shutdown', message),
      report: () => {
        this.#lookAtShutdown();
        this.#reportIf(true);
      },
    });
  }

  get name(): string {
    return this.#parts.spec.name;
  }

  /** The node's object, as it was seen last. */
  get node(): Live<Node> | undefined {
    return this.#node;
  }

  get workers(): Iterable<PodWorker> {
    return this.#workers.values();
  }

  get runtime(): RuntimeService {
    return this.#parts.runtime;
  }

  /** What its kubelet has counted. */
  get counts(): KubeletCounts {
    return this.#services.counts;
  }

  /** Whether anybody can reach the node's kubelet. */
  get isReachable(): boolean {
    return !isCutOff(this.#faults);
  }

  /** What the node and its pods use now. */
  usage(): NodeUsage {
    return nodeUsageOf({ ...this.#parts, bootedAt: this.#bootedAt, workers: this.workers, now: this.#now, extra: this.#faults });
  }

  /** The machine that the node is. */
  get machine(): ReturnType<typeof machineOf> {
    return machineOf(this.#parts.spec, this.#bootId);
  }

  /** When its kubelet began, and so on. */
  get times(): KubeletTimes {
    return { bootedAt: this.#bootedAt, ...this.#startup, shutdown: this.#shutdown.times };
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
    this.#range.stop();
    this.#resizes.stop();
    this.#parts.plugins.close();
    this.#statusTimer?.cancel();
    for (const worker of this.#workers.values()) worker.abandon();
  }

  async #register(): Promise<void> {
    if (this.#registering) return;
    this.#registering = true;
    this.#startup.registeringAt ||= this.#options.clock.now();
    for (let failures = 0; !this.#abort.signal.aborted; failures++) {
      try {
        const [node] = await Promise.all([this.#createOrAdopt(), failures === 0 ? this.#heartbeat.beat() : undefined]);
        this.nodeChanged(node);
        this.#startup.registeredAt ||= this.#options.clock.now();
        await ensureCsiNode(this.#options, node, this.#parts.runtime.drivers);
        // The next report is at any time within the period, so that those of many nodes are spread evenly over it.
        this.#reportedAt = this.#options.clock.monotonic() - this.#options.random.next() * STATUS_REPORT_MS;
        break;
      } catch (error) {
        const delayMs = Math.min(REGISTER_RETRY_MS.first * 2 ** failures, REGISTER_RETRY_MS.max);
        this.#options.logger.warn({ err: error, node: this.name, delayMs }, 'node not registered, will retry');
        await this.#options.clock.sleep(delayMs, this.#abort.signal).catch(() => undefined);
      }
    }
    this.#registering = false;
  }

  async #createOrAdopt(): Promise<Live<Node>> {
    const { node, isAdopted } = await this.#own.createOrAdopt(this.#parts.spec, this.#facts(undefined));
    return isAdopted ? await this.#report(node) : node;
  }

  async #report(node: Live<Node>): Promise<Live<Node>> {
    const { spec } = this.#parts;
    const volumesInUse = this.#options.claims.inUse(spec.name);
    const isTold = volumesInUse.length + this.#volumesInUse.length > 0;
    const facts = { ...this.#facts(node.status), volumesInUse: isTold ? volumesInUse : undefined };
    this.#imagesChanged = false;
    this.#reportedAt = this.#options.clock.monotonic();
    const reported = await this.#own.patchStatus(statusPatchOf(spec, facts));
    this.#told.became(heardOfAgain(node.status?.conditions ?? [], this.#health));
    this.#volumesInUse = volumesInUse;
    return reported;
  }

  #facts(before: NodeStatus | undefined): NodeFacts {
    return { before, now: this.#now, images: this.#parts.images.listImages(), health: this.#health, bootId: this.#bootId };
  }

  /** The time as the node's own clock has it. */
  get #now(): number {
    return this.#options.clock.now() + (this.#faults.clockSkewMs ?? 0);
  }

  /** Tells that the kubelet has started, and how the node is. */
  tellStart(): void {
    this.#told.started(this.#health);
  }

  #statusTick(): void {
    if (this.#abort.signal.aborted) return;
    this.#statusTimer = this.#options.clock.setTimer(this.#options.statusFrequencyMs, () => this.#statusTick());
    const due = this.#options.clock.monotonic() - this.#reportedAt >= STATUS_REPORT_MS;
    if (this.#faults.down) return;
    if (this.#node) this.#told.looked(this.#node);
    if (due || this.#isWatched) this.#look();
    this.#lookAtShutdown();
    this.#imagesChanged ||= this.#options.claims.inUse(this.name).join() !== this.#volumesInUse.join();
    this.#reportIf(due);
  }

  /** Whether a script may bring the node, or a pod of it, to use much: only then is what is used looked at each time. */
  get #isWatched(): boolean {
    return usesMore(this.#faults) || this.#evictions.pressures.size > 0 || (this.#options.scripts?.isLoading(this) ?? false);
  }

  #look(): void {
    const usage = this.usage();
    rotateLogs(usage, this.#parts.runtime);
    this.#evictions.tick();
    this.#becomes({ ...this.#health, pressures: this.#evictions.pressures });
  }

  #becomes(health: NodeHealth): void {
    const reasons = healthEvents(this.#health, health);
    this.#health = health;
    this.#told.became(reasons);
    this.#imagesChanged ||= reasons.length > 0;
  }

  #lookAtShutdown(): void {
    const notReady = this.#shutdown.isShut ? 'node is shutting down' : undefined;
    if (notReady !== this.#health.notReady) this.#becomes({ ...this.#health, notReady });
  }

  #reportIf(due: boolean): void {
    const node = this.#node;
    if (
      !node ||
      isCutOff(this.#faults) ||
      this.#faults.stopHeartbeats ||
      !(due || this.#imagesChanged || !isAsReported(this.#parts.spec, this.#health, node.status))
    )
      return;
    this.#report(node).catch((error: unknown) => {
      if (isNotFound(error)) this.nodeDeleted();
      else this.#options.logger.warn({ err: error, node: this.name }, 'node status not written, will retry');
      this.#imagesChanged = true;
    });
  }

  /** What a script makes of the node from now on. */
  setFaults(faults: NodeFaults): void {
    const before = this.#faults;
    this.#faults = faults;
    if (faults.down && !before.down) this.#stopEverything();
    if (before.down && !faults.down) this.#boot();
    this.#line.isCut = isCutOff(faults);
    const wasSilent = this.#heartbeat.isSilent;
    this.#heartbeat.isSilent = isCutOff(faults) || faults.stopHeartbeats === true;
    this.#heartbeat.skewMs = faults.clockSkewMs ?? 0;
    if (wasSilent && !this.#heartbeat.isSilent) void this.#heartbeat.beat();
    if (!isCutOff(faults)) for (const event of this.#held.splice(0)) event();
    if (!faults.down) this.#look();
    this.#reportIf(false);
  }

  /** The node goes down and comes up again, at once: its containers start anew, in new sandboxes. */
  reboot(): void {
    this.#stopEverything();
    this.#boot();
    this.#imagesChanged = true;
    this.#reportIf(true);
  }

  #stopEverything(): void {
    for (const { id } of this.runtime.listPodSandboxes()) this.runtime.stopPodSandbox(id);
  }

  #boot(): void {
    this.#bootedAt = this.#now;
    this.#bootId = newBootId(this.#options.random);
    this.#shutdown.reset();
    this.#lookAtShutdown();
    this.#told.tell('Warning', 'Rebooted', `Node ${this.name} has been rebooted, boot id: ${uuidOf(this.#bootId)}`);
    this.tellStart();
    this.#pokeAll();
  }

  #pokeAll(): void {
    for (const worker of this.workers) worker.poke();
  }

  /** How the node is switched off. */
  get shutdown(): NodeShutdown {
    return this.#shutdown;
  }

  /** The node's object as the API server has it. */
  nodeChanged(node: Live<Node>): void {
    this.#node = node;
    this.#range.nodeChanged(node);
  }

  async #readNode(): Promise<void> {
    try {
      this.nodeChanged(await this.#own.get());
    } catch (error) {
      this.#options.logger.warn({ err: error, node: this.name }, 'the node could not be read: pods are admitted by what is known of it');
    }
  }

  /** Somebody deleted the node: it comes back, as a restarted kubelet would bring it. */
  nodeDeleted(): void {
    this.#node = undefined;
    if (this.#abort.signal.aborted || isCutOff(this.#faults)) return;
    this.#register().catch((error: unknown) => this.#options.logger.error({ err: error, node: this.name }, 'node not registered'));
  }

  /** A pod was bound to the node. @param isInitial it was there when this process started. @param isUpToDate the node was just read */
  podAdded(pod: Live<Pod>, isInitial: boolean, isUpToDate = false): void {
    if (!this.isReachable) return void this.#held.push(() => this.podAdded(pod, isInitial));
    if (this.#statics.takes(pod)) return;
    const wasHere = isInitial && pod.status.startTime !== undefined;
    const preempted: Leaver[] = [];
    const verdict = wasHere || endedPhase(pod.status) || pod.metadata.deletionTimestamp ? undefined : this.#gate.admit(pod, preempted);
    if (verdict?.reason === NODE_AFFINITY && !isUpToDate)
      return void this.#secondLooks.take(pod, (now) => this.podAdded(now, isInitial, true));
    if (verdict) this.#refused(pod, verdict);
    const worker = new PodWorker(this.#services, pod, verdict);
    this.#workers.set(pod.metadata.uid, worker);
    const before = this.#statics.leaverFor(pod);
    if (before) preempted.push(before);
    if (preempted.length > 0) worker.waitFor(untilGone(preempted, this.#options.clock, this.#abort.signal));
    else if (wasHere) worker.restore();
    else worker.poke();
  }

  #refused(pod: Pod, { reason, message }: Verdict): void {
    this.#services.events.warning(pod, reason, message.replace(/^Pod was rejected: /, ''));
    this.counts.count(ADMISSION_REJECTIONS, refusalLabel(reason));
  }

  podUpdated(pod: Live<Pod>): void {
    if (!this.isReachable) return void this.#held.push(() => this.podUpdated(pod));
    const worker = this.#workers.get(pod.metadata.uid);
    if (this.#statics.update(pod)) return;
    if (worker) this.#update(worker, pod);
    else if (!this.#secondLooks.update(pod)) this.podAdded(pod, false);
  }

  #update(worker: PodWorker, pod: Live<Pod>): void {
    const before = worker.pod;
    worker.update(pod);
    this.#options.scripts?.podChanged(this, worker, before);
    if (this.#resizes.isWaiting && hasShrunk(before, pod, worker.allocated)) this.#resizes.retry('pod_resized');
  }

  podDeleted(pod: Live<Pod>): void {
    if (!this.isReachable) return void this.#held.push(() => this.podDeleted(pod));
    this.#statics.delete(pod);
    this.#secondLooks.delete(pod);
    this.#resizes.retry('pods_removed');
  }

  /** What the node runs from files, by hash. */
  async setStaticPods(pods: ReadonlyMap<string, Draft<Pod>>): Promise<void> {
    if (this.isReachable && this.#node) await this.#statics.set(pods);
  }

  workerOf(uid: string): PodWorker | undefined {
    return this.#workers.get(uid);
  }
}
