import {
  coreKinds,
  isConflict,
  isNotFound,
  type KindInfo,
  type KubeObject,
  type Live,
  type Node,
  type Pod,
  toTime,
} from '../../../api/index.ts';
import { type ApiClient, createInformerFactory, type EventRecorder, trimManagedFields } from '../../../client/index.ts';
import type { Clock, Logger, Random, Timer } from '../../../runtime/index.ts';
import { Heartbeat } from '../../node/heartbeat.ts';
import { findingsOf, HEALTHY } from '../../node/node-health.ts';
import { KUBELET_VERSION } from '../../node/node-object.ts';
import { PodAddresses } from '../../node/pod-addresses.ts';
import { templateFunctions } from './functions.ts';
import { type Action, chooseStage, readStage, renderPatch, type Stage } from './stage.ts';
import type { TemplateFunction } from './template.ts';

/** Nodes that KWOK is asked to look after have this annotation. */
const NODE_ANNOTATION = 'kwok.x-k8s.io/node';
/** What stands for the address of nodes, and the range of pods on nodes without one: KWOK's own. */
const NODE_IP = '10.0.0.1';
const POD_CIDR = '10.0.0.0/24';
const LEASE_SECONDS = 40;
/** Waits before a stage that could not be applied is tried again. */
const RETRY_MS = 5000;

/** KWOK's `NodeConditions`: those of a kubelet, Ready first, and one that a network's controller would write. */
const CONDITIONS = [
  ...findingsOf(HEALTHY).toSorted((a, b) => Number(b.type === 'Ready') - Number(a.type === 'Ready')),
  { type: 'NetworkUnavailable', status: 'False', reason: 'RouteCreated', message: 'RouteController created a route' },
] as const;

export interface StageEngineOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly recorderOf: (host: string) => Pick<EventRecorder, 'event'>;
  /** Nodes that are looked after here as kubelets do. */
  readonly isOwn: (node: string) => boolean;
}

/**
 * Lives out KWOK's Stages: nodes that are annotated for KWOK, and the pods on them, go from one stage to the next. It watches them from the
 * first Stage on; before that it costs nothing.
 *
 * ```
 * object changes ─► stages that match ─► one of them, by weight ─► its delay ─► event, finalizers, patches, delete ─► object changes
 * ```
 */
export class StageEngine {
  readonly #options: StageEngineOptions;
  readonly #signal: AbortSignal;
  readonly #startedAt: number;
  #stages: readonly Stage[] = [];
  #isWatching = false;
  readonly #nodes = new Map<string, Live<Node>>();
  readonly #pods = new Map<string, Live<Pod>>();
  readonly #heartbeats = new Map<string, Heartbeat>();
  readonly #timers = new Map<string, Timer>();
  readonly #pools = new Map<string, PodAddresses>();
  readonly #addresses = new Map<string, string>();

  constructor(options: StageEngineOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    this.#startedAt = options.clock.now();
    signal.addEventListener('abort', () => {
      for (const beat of this.#heartbeats.values()) beat.stop();
      for (const timer of this.#timers.values()) timer.cancel();
    });
  }

  setStages(objects: readonly KubeObject[]): void {
    this.#stages = objects.flatMap((object) => this.#read(object));
    if (this.#stages.length > 0 && !this.#isWatching) this.#watch();
    for (const node of this.#nodes.values()) this.#consider(coreKinds.nodes, node);
    for (const pod of this.#pods.values()) this.#consider(coreKinds.pods, pod);
  }

  #read(object: KubeObject): Stage[] {
    const { logger } = this.#options;
    try {
      const stage = readStage(object);
      if (stage.kind === 'Pod' || stage.kind === 'Node') return [stage];
      logger.warn({ stage: stage.name, kind: stage.kind }, 'stages are for pods and nodes only');
    } catch (error) {
      logger.warn({ err: error, stage: object.metadata.name }, 'a stage cannot be read, and is passed over');
    }
    return [];
  }

  #watch(): void {
    this.#isWatching = true;
    const factory = createInformerFactory(this.#options);
    const nodes = factory.informer<Node>(coreKinds.nodes, { transform: trimManagedFields });
    const pods = factory.informer<Pod>(coreKinds.pods, { transform: trimManagedFields, fieldSelector: 'spec.nodeName!=' });
    const nodeChanged = (node: Live<Node>) => this.#nodeChanged(node);
    const podChanged = (pod: Live<Pod>) => this.#podChanged(pod);
    nodes.addHandler({ onAdd: nodeChanged, onUpdate: nodeChanged, onDelete: (node) => this.#nodeDeleted(node) });
    pods.addHandler({ onAdd: podChanged, onUpdate: podChanged, onDelete: (pod) => this.#podDeleted(pod) });
    factory.start(this.#signal);
    factory.waitForSync(this.#signal).then(
      () => {
        // Pods may have come in before their nodes.
        for (const pod of pods.list()) this.#podChanged(pod);
      },
      () => undefined, // the process ends
    );
  }

  #nodeChanged(node: Live<Node>): void {
    const { name } = node.metadata;
    if (node.metadata.annotations?.[NODE_ANNOTATION] === undefined || this.#options.isOwn(name)) return;
    this.#nodes.set(name, node);
    if (!this.#heartbeats.has(name)) {
      const { client, clock, random, logger } = this.#options;
      const nodeUid = () => this.#nodes.get(name)?.metadata.uid;
      const beat = new Heartbeat({ client, clock, random, logger, name, durationSeconds: LEASE_SECONDS, nodeUid });
      this.#heartbeats.set(name, beat);
      void beat.beat();
    }
    this.#consider(coreKinds.nodes, node);
  }

  #nodeDeleted({ metadata: { name, uid } }: Live<Node>): void {
    this.#heartbeats.get(name)?.stop();
    for (const known of [this.#heartbeats, this.#nodes, this.#pools]) known.delete(name);
    this.#timers.get(uid)?.cancel();
    this.#timers.delete(uid);
  }

  #podChanged(pod: Live<Pod>): void {
    if (!this.#nodes.has(pod.spec.nodeName ?? '')) return;
    this.#pods.set(pod.metadata.uid, pod);
    this.#consider(coreKinds.pods, pod);
  }

  #podDeleted({ metadata: { uid }, spec }: Live<Pod>): void {
    this.#pods.delete(uid);
    this.#timers.get(uid)?.cancel();
    this.#timers.delete(uid);
    const ip = this.#addresses.get(uid);
    if (ip !== undefined) this.#pools.get(spec.nodeName ?? '')?.release(ip);
    this.#addresses.delete(uid);
  }

  /** Sets the time of an object's next stage; what was set before is void, since the object has changed. */
  #consider(kind: KindInfo, object: Live<KubeObject>): void {
    const { clock, random } = this.#options;
    const { uid } = object.metadata;
    this.#timers.get(uid)?.cancel();
    this.#timers.delete(uid);
    const stages = this.#stages.filter((stage) => stage.kind === kind.kind);
    const stage = chooseStage(stages, object, random);
    if (!stage || this.#signal.aborted) return;
    this.#applyIn(stage.delayMs(object, clock.now(), random), { kind, object, stage });
  }

  #applyIn(delayMs: number, due: { kind: KindInfo; object: Live<KubeObject>; stage: Stage }): void {
    const { clock, logger } = this.#options;
    const { uid, name } = due.object.metadata;
    const timer = clock.setTimer(delayMs, () => {
      this.#timers.delete(uid);
      this.#apply(due).catch((error: unknown) => {
        if (isNotFound(error) || isConflict(error) || this.#signal.aborted) return;
        logger.warn({ err: error, stage: due.stage.name, name }, 'stage not applied, will retry');
        if (!this.#timers.has(uid)) this.#applyIn(RETRY_MS, due);
      });
    });
    this.#timers.set(uid, timer);
  }

  async #apply({ kind, object, stage }: { kind: KindInfo; object: Live<KubeObject>; stage: Stage }): Promise<void> {
    const functions = this.#functionsFor(object);
    for (const action of stage.actions) await this.#act(action, { kind, object, functions });
  }

  async #act(
    action: Action,
    on: { kind: KindInfo; object: Live<KubeObject>; functions: Readonly<Record<string, TemplateFunction>> },
  ): Promise<void> {
    const { kind, object, functions } = on;
    const { name, namespace, uid } = object.metadata;
    const resource = this.#options.client.resource<KubeObject>(kind);
    if ('event' in action) {
      const { type, reason, message } = action.event;
      const subject = { apiVersion: 'v1', kind: kind.kind, metadata: object.metadata };
      this.#options
        .recorderOf(nodeOf(object))
        .event(subject, type === 'Warning' ? 'Warning' : 'Normal', reason, message.run(object, functions));
    } else if ('finalizers' in action) {
      const { add, remove, empty } = action.finalizers;
      const before = object.metadata.finalizers ?? [];
      const finalizers = empty ? [] : [...before.filter((each) => !remove.includes(each)), ...add.filter((each) => !before.includes(each))];
      await resource.patch(name, { metadata: { uid, finalizers } }, { namespace, type: 'merge', subresource: 'status' });
    } else if ('patch' in action) {
      const { subresource, type } = action.patch;
      const body = renderPatch(action.patch, object, functions);
      await resource.patch(name, body as object, { namespace, type, ...(subresource === '' ? {} : { subresource }) });
    } else {
      await resource.delete(name, { namespace, gracePeriodSeconds: 0, preconditions: { uid } });
    }
  }

  #functionsFor(object: Live<KubeObject>): Readonly<Record<string, TemplateFunction>> {
    const now = this.#options.clock.now();
    const time = toTime(now);
    const nodeIp = (node: string) =>
      this.#nodes.get(node)?.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? NODE_IP;
    return templateFunctions({
      now,
      startedAt: this.#startedAt,
      version: KUBELET_VERSION,
      nodeName: nodeOf(object),
      nodeIp,
      podIp: (uid, node, hostNetwork) => (hostNetwork ? nodeIp(node) : this.#addressOf(uid, node)),
      nodeConditions: CONDITIONS.map((finding) => ({ ...finding, lastHeartbeatTime: time, lastTransitionTime: time })),
    });
  }

  /** A pod's address: the one it has, or a new one of its node's range. */
  #addressOf(uid: string, node: string): string {
    const known = this.#addresses.get(uid) ?? this.#pods.get(uid)?.status?.podIP;
    if (known) return known;
    const pool = this.#pools.get(node) ?? new PodAddresses(this.#nodes.get(node)?.spec?.podCIDR ?? POD_CIDR);
    this.#pools.set(node, pool);
    const ip = pool.take() ?? '';
    this.#addresses.set(uid, ip);
    return ip;
  }
}

function nodeOf(object: KubeObject): string {
  const { spec }: { spec?: { nodeName?: string } } = object as KubeObject & { spec?: { nodeName?: string } };
  return spec?.nodeName ?? object.metadata.name ?? '';
}
