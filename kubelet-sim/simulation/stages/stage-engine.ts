import {
  coreKinds,
  isAlreadyExists,
  isConflict,
  isNotFound,
  type KindInfo,
  type KubeObject,
  type Live,
  type Node,
  type Pod,
  toTime,
} from '../../../api/index.ts';
import { type ApiClient, createInformerFactory, type EventRecorder, isNewer, trimManagedFields } from '../../../client/index.ts';
import type { Clock, Logger, Random, Timer } from '../../../runtime/index.ts';
import { Heartbeat } from '../../node/heartbeat.ts';
import { findingsOf, HEALTHY } from '../../node/node-health.ts';
import { KUBELET_VERSION } from '../../node/node-object.ts';
import { PodAddresses } from '../../node/pod-addresses.ts';
import { type CelReader, loadCel } from './cel.ts';
import { templateFunctions } from './functions.ts';
import { KindFinder } from './kind-finder.ts';
import { type Action, type Apply, chooseStage, needsCel, readStage, renderPatch, renderYaml, type Stage } from './stage.ts';
import type { TemplateFunction } from './template.ts';
import { TemplateError } from './template-error.ts';

/** Nodes that KWOK is asked to look after have this annotation. */
const NODE_ANNOTATION = 'kwok.x-k8s.io/node';
/** What stands for the address of nodes, and the range of pods on nodes without one: KWOK's own. */
const NODE_IP = '10.0.0.1';
const POD_CIDR = '10.0.0.0/24';
const LEASE_SECONDS = 40;
/** Who owns the fields of what a stage applies. */
const FIELD_MANAGER = 'kwok';
/** Waits before a stage that could not be applied is tried again. */
const RETRY_MS = 5000;

/** A stage that comes over an object, as it was when that was decided, and how far it has come. */
interface Due {
  readonly kind: KindInfo;
  readonly object: Live<KubeObject>;
  readonly stage: Stage;
  step: number;
}

/** KWOK's `NodeConditions`: those of a kubelet, Ready first, and one that a network's controller would write. */
const CONDITIONS = [
  ...findingsOf(HEALTHY).toSorted((a, b) => Number(b.type === 'Ready') - Number(a.type === 'Ready')),
  { type: 'NetworkUnavailable', status: 'False', reason: 'RouteCreated', message: 'RouteController created a route' },
] as const;

export interface StageEngineOptions {
  readonly client: ApiClient;
  /** For leases. */
  readonly heartbeatClient: ApiClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly recorderOf: (host: string) => Pick<EventRecorder, 'event'>;
  /** Nodes that are looked after here as kubelets do. */
  readonly isOwn: (node: string) => boolean;
}

/**
 * Lives out KWOK's Stages: nodes that are annotated for KWOK, and the pods on them, go from one stage to the next, and so do all objects of
 * other kinds that a Stage is about. It watches them from the first Stage on; before that it costs nothing.
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
  /** Which set of Stages was given last: to read one may take a moment. */
  #generation = 0;
  readonly #kinds: KindFinder;
  /** Kinds beside nodes and pods that are watched, and their objects. */
  readonly #followed = new Set<string>();
  readonly #others = new Map<string, { readonly kind: KindInfo; readonly object: Live<KubeObject> }>();
  readonly #nodes = new Map<string, Live<Node>>();
  readonly #pods = new Map<string, Live<Pod>>();
  readonly #heartbeats = new Map<string, Heartbeat>();
  readonly #timers = new Map<string, Timer>();
  /** Objects over which a stage is coming just now, what became of them meanwhile, and what we wrote last of those of which we have not been told. */
  readonly #playing = new Set<string>();
  readonly #waiting = new Map<string, Live<KubeObject>>();
  readonly #written = new Map<string, Live<KubeObject>>();
  readonly #pools = new Map<string, PodAddresses>();
  readonly #addresses = new Map<string, string>();

  constructor(options: StageEngineOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    this.#kinds = new KindFinder(options.client);
    this.#startedAt = options.clock.now();
    signal.addEventListener('abort', () => {
      for (const beat of this.#heartbeats.values()) beat.stop();
      for (const timer of this.#timers.values()) timer.cancel();
    });
  }

  async setStages(objects: readonly KubeObject[]): Promise<void> {
    const generation = ++this.#generation;
    const cel = objects.some(needsCel) ? await loadCel() : undefined;
    if (generation !== this.#generation || this.#signal.aborted) return;
    this.#stages = objects.flatMap((object) => this.#read(object, cel));
    if (this.#stages.some(isOfKubelet) && !this.#isWatching) this.#watch();
    const consider = (kind: KindInfo, object: Live<KubeObject>) => this.#consider(kind, this.#written.get(object.metadata.uid) ?? object);
    for (const node of this.#nodes.values()) consider(coreKinds.nodes, node);
    for (const pod of this.#pods.values()) consider(coreKinds.pods, pod);
    for (const { kind, object } of this.#others.values()) consider(kind, object);
    for (const stage of this.#stages) if (!isOfKubelet(stage)) this.#follow(stage);
  }

  #read(object: KubeObject, cel: CelReader | undefined): Stage[] {
    try {
      return [readStage(object, cel)];
    } catch (error) {
      this.#options.logger.warn({ err: error, stage: object.metadata.name }, 'a stage cannot be read, and is passed over');
      return [];
    }
  }

  /** Watches the objects of a kind, once it is served. */
  #follow({ apiVersion, kind: name }: Pick<Stage, 'apiVersion' | 'kind'>): void {
    const key = `${apiVersion} ${name}`;
    if (this.#followed.has(key)) return;
    this.#followed.add(key);
    const { clock, logger } = this.#options;
    const again = (why: unknown) => {
      if (this.#signal.aborted) return;
      logger.warn({ err: why, apiVersion, kind: name }, 'objects of a stage cannot be watched, will retry');
      this.#followed.delete(key);
      clock.setTimer(RETRY_MS, () => !this.#signal.aborted && this.#follow({ apiVersion, kind: name }));
    };
    this.#kinds.find(apiVersion, name).then((kind) => (kind ? this.#watchOthers(kind) : again('the kind is not served')), again);
  }

  #watchOthers(kind: KindInfo): void {
    const factory = createInformerFactory(this.#options);
    const changed = (object: Live<KubeObject>) => {
      this.#others.set(object.metadata.uid, { kind, object });
      if (!this.#isOutdated(object)) this.#consider(kind, object);
    };
    const deleted = ({ metadata: { uid } }: Live<KubeObject>) => {
      this.#others.delete(uid);
      this.#forget(uid);
    };
    factory
      .informer<KubeObject>(kind, { transform: trimManagedFields })
      .addHandler({ onAdd: changed, onUpdate: changed, onDelete: deleted });
    factory.start(this.#signal);
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
      const { heartbeatClient: client, clock, random, logger } = this.#options;
      const nodeUid = () => this.#nodes.get(name)?.metadata.uid;
      const beat = new Heartbeat({ client, clock, random, logger, name, durationSeconds: LEASE_SECONDS, nodeUid });
      this.#heartbeats.set(name, beat);
      void beat.beat();
    }
    if (!this.#isOutdated(node)) this.#consider(coreKinds.nodes, node);
  }

  #nodeDeleted({ metadata: { name, uid } }: Live<Node>): void {
    this.#heartbeats.get(name)?.stop();
    for (const known of [this.#heartbeats, this.#nodes, this.#pools]) known.delete(name);
    this.#forget(uid);
  }

  #podChanged(pod: Live<Pod>): void {
    if (!this.#nodes.has(pod.spec.nodeName ?? '')) return;
    this.#pods.set(pod.metadata.uid, pod);
    if (!this.#isOutdated(pod)) this.#consider(coreKinds.pods, pod);
  }

  #podDeleted({ metadata: { uid }, spec }: Live<Pod>): void {
    this.#pods.delete(uid);
    this.#forget(uid);
    const ip = this.#addresses.get(uid);
    if (ip !== undefined) this.#pools.get(spec.nodeName ?? '')?.release(ip);
    this.#addresses.delete(uid);
  }

  /** Whether an object is told of as it was before we wrote it. */
  #isOutdated(object: Live<KubeObject>): boolean {
    const { uid } = object.metadata;
    const written = this.#written.get(uid);
    if (written && isNewer(written, object)) return true;
    this.#written.delete(uid);
    return false;
  }

  #forget(uid: string): void {
    this.#timers.get(uid)?.cancel();
    for (const known of [this.#timers, this.#written, this.#waiting]) known.delete(uid);
  }

  /** Sets the time of an object's next stage; what was set before is void, since the object has changed. */
  #consider(kind: KindInfo, object: Live<KubeObject>): void {
    const { clock, random } = this.#options;
    const { uid } = object.metadata;
    if (this.#playing.has(uid)) return void this.#waiting.set(uid, object);
    this.#timers.get(uid)?.cancel();
    this.#timers.delete(uid);
    const stages = this.#stages.filter((stage) => stage.kind === kind.kind && stage.apiVersion === apiVersionOf(kind));
    const stage = chooseStage(stages, object, random);
    if (!stage || this.#signal.aborted) return;
    this.#playIn(stage.delayMs(object, clock.now(), random), { kind, object, stage, step: 0 });
  }

  #playIn(delayMs: number, due: Due): void {
    const { uid } = due.object.metadata;
    const timer = this.#options.clock.setTimer(delayMs, () => {
      this.#timers.delete(uid);
      void this.#play(due);
    });
    this.#timers.set(uid, timer);
  }

  /** One step after the other; nothing else is done with the object meanwhile, and what failed goes on where it did. */
  async #play(due: Due): Promise<void> {
    const { kind, object, stage } = due;
    const { uid, name } = object.metadata;
    this.#playing.add(uid);
    const failed = await this.#steps(due).then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    this.#playing.delete(uid);
    const written = this.#written.get(uid);
    const waiting = this.#waiting.get(uid);
    this.#waiting.delete(uid);
    if (this.#signal.aborted) return;
    const changed = waiting && !(written && isNewer(written, waiting)) ? waiting : undefined;
    const isOver = !failed || isNotFound(failed.error) || isConflict(failed.error);
    if (!isOver) this.#options.logger.warn({ err: failed.error, stage: stage.name, name }, 'stage not applied, will retry');
    const now = changed ?? (isOver ? written : undefined);
    if (now) this.#consider(kind, now);
    else if (!isOver) this.#playIn(RETRY_MS, due);
  }

  async #steps(due: Due): Promise<void> {
    const { kind, object, stage } = due;
    const functions = this.#functionsFor(object);
    for (; due.step < stage.actions.length; due.step++) {
      const action = stage.actions[due.step];
      const written = action && (await this.#act(action, { kind, object, functions }));
      if (written) this.#written.set(object.metadata.uid, written);
    }
  }

  /** @returns the object, when it was written. */
  async #act(
    action: Action,
    on: { kind: KindInfo; object: Live<KubeObject>; functions: Readonly<Record<string, TemplateFunction>> },
  ): Promise<Live<KubeObject> | undefined> {
    const { kind, object, functions } = on;
    const { name, namespace, uid } = object.metadata;
    const resource = this.#options.client.resource<KubeObject>(kind);
    if ('event' in action) {
      const { type, reason, message } = action.event;
      const subject = { apiVersion: apiVersionOf(kind), kind: kind.kind, metadata: object.metadata };
      this.#options
        .recorderOf(nodeOf(object))
        .event(subject, type === 'Warning' ? 'Warning' : 'Normal', reason, message.run(object, functions));
    } else if ('finalizers' in action) {
      const { add, remove, empty } = action.finalizers;
      const before = object.metadata.finalizers ?? [];
      const finalizers = empty ? [] : [...before.filter((each) => !remove.includes(each)), ...add.filter((each) => !before.includes(each))];
      return await resource.patch(name, { metadata: { uid, finalizers } }, { namespace, type: 'merge', subresource: 'status' });
    } else if ('patch' in action) {
      const { subresource, type } = action.patch;
      const body = renderPatch(action.patch, { ...object, apiVersion: apiVersionOf(kind), kind: kind.kind }, functions);
      return await resource.patch(name, body as object, { namespace, type, ...(subresource === '' ? {} : { subresource }) });
    } else if ('apply' in action) {
      await this.#bring(action.apply, { ...object, apiVersion: apiVersionOf(kind), kind: kind.kind }, functions);
    } else {
      await resource.delete(name, { namespace, gracePeriodSeconds: 0, preconditions: { uid } });
    }
    return undefined;
  }

  /** Makes another object, or changes it when it is there. Upstream: kwok, `ApplyResource`, `pkg/utils/lifecycle/apply.go`. */
  async #bring(
    { template, subresource, type }: Apply,
    source: KubeObject,
    functions: Readonly<Record<string, TemplateFunction>>,
  ): Promise<void> {
    const wanted = renderYaml(template, source, functions) as Partial<KubeObject>;
    const { apiVersion = '', kind: kindName = '', metadata = {} } = wanted;
    const kind = await this.#kinds.find(apiVersion, kindName);
    if (!kind) throw new TemplateError(`"${apiVersion}" "${kindName}" is not served`);
    const namespace = kind.namespaced ? (metadata.namespace ?? source.metadata.namespace) : undefined;
    const object = { ...wanted, metadata: namespace === undefined ? metadata : { ...metadata, namespace } };
    const resource = this.#options.client.resource<KubeObject>(kind);
    const options = { type, namespace, ...(type === 'apply' ? { fieldManager: FIELD_MANAGER, force: true } : {}) };
    const patch = (more: object) => resource.patch(metadata.name ?? '', object, { ...options, ...more });
    if (subresource !== '') return void (await patch({ subresource }));
    try {
      await resource.create(object, { namespace });
    } catch (error) {
      if (!isAlreadyExists(error) || metadata.name === undefined) throw error;
      await patch({});
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

const isOfKubelet = ({ apiVersion, kind }: Stage): boolean => apiVersion === 'v1' && (kind === 'Pod' || kind === 'Node');

const apiVersionOf = ({ group, version }: KindInfo): string => (group === '' ? version : `${group}/${version}`);

function nodeOf(object: KubeObject): string {
  const { spec }: { spec?: { nodeName?: string } } = object as KubeObject & { spec?: { nodeName?: string } };
  return spec?.nodeName ?? object.metadata.name ?? '';
}
