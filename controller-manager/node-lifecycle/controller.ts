import { coreKinds, isNotFound, keyOf, type Lease, type Live, type Node, type Pod, toTime } from '../../api/index.ts';
import { type EventRecorder, type Informer, runController, WorkQueue } from '../../client/index.ts';
import type { Controller, ControllerContext, ControllerDescriptor } from '../context.ts';
import { BY_NODE } from '../informers.ts';
import { forEachLimited } from '../shared/for-each-limited.ts';
import { runPeriodically } from '../shared/periodic.ts';
import { podCondition } from '../shared/pods.ts';
import { StaleGuard } from '../shared/stale-guard.ts';
import { subjectOf } from '../shared/subject.ts';
import { swapTaints } from '../shared/taints.ts';
import { isSilent, type NodeHealth, observe, readyCondition, silentConditions } from './health.ts';
import { TaintLimiter } from './taint-limiter.ts';
import {
  hasNoExecute,
  labelChange,
  NOT_READY,
  noExecuteChange,
  noScheduleChange,
  reachableChange,
  type TaintChange,
  UNREACHABLE,
} from './taints.ts';
import { isExcludedFromDisruption, planDisruption, type ZoneState, zoneOf } from './zones.ts';

const KIND = coreKinds.nodes;
const LEASE_NAMESPACE = 'kube-node-lease';
const WORKERS = 8;
/** Nodes whose health is looked at side by side. */
const MONITOR_WORKERS = 8;
/** Pods of a silent node that are marked side by side. */
const POD_WORKERS = 8;
/** How often nodes that wait for their NoExecute taint are looked at. */
const TAINT_PERIOD_MS = 100;

export const nodeLifecycleController: ControllerDescriptor = {
  name: 'node-lifecycle-controller',
  alias: 'nodelifecycle',
  create: (context) => new NodeLifecycleController(context),
};

/**
 * Watches over nodes: notices those that go silent, says so in their conditions, taints them, and marks their pods not ready.
 *
 * N1  A node is alive by our own clock: what counts is when a heartbeat or a lease changed, not the time in it.
 * N2  When every node of the cluster is silent, we are the ones cut off: then nothing is tainted.
 */
class NodeLifecycleController implements Controller {
  readonly #context: ControllerContext;
  readonly #queue: WorkQueue;
  readonly #nodes: Informer<Node>;
  readonly #pods: Informer<Pod>;
  readonly #leases: Informer<Lease>;
  readonly #recorder: EventRecorder;
  readonly #health = new Map<string, NodeHealth>();
  /** Uids of the nodes that were there at the last look. */
  readonly #known = new Map<string, string>();
  /** Silent nodes whose pods could not all be marked. */
  readonly #unmarked = new Set<string>();
  readonly #limiter: TaintLimiter;
  /** Nodes whose conditions were written, and are not seen so yet. */
  readonly #stale = new StaleGuard();
  #zones: ReadonlyMap<string, ZoneState> = new Map();

  constructor(context: ControllerContext) {
    const { informers, clock } = context;
    this.#context = context;
    this.#queue = new WorkQueue({ clock });
    this.#limiter = new TaintLimiter(clock, context.settings.nodeEvictionRate);
    this.#nodes = informers.nodes();
    this.#pods = informers.pods();
    this.#leases = informers.leases();
    this.#recorder = context.recorder('node-controller');
    this.#nodes.addHandler({
      onAdd: (node) => this.#queue.add(keyOf(node)),
      onUpdate: (node) => {
        if (needsLook(node)) this.#queue.add(keyOf(node));
      },
    });
    this.#pods.addHandler({
      onAdd: (pod) => this.#onPodBound(pod),
      onUpdate: (pod, old) => {
        if (pod.spec.nodeName !== old.spec.nodeName) this.#onPodBound(pod);
      },
    });
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger, settings } = this.#context;
    await Promise.all([
      runController({
        name: nodeLifecycleController.name,
        queue: this.#queue,
        workers: WORKERS,
        reconcile: (key) => this.#dispatch(key),
        clock,
        logger,
        signal,
      }),
      runPeriodically({
        name: 'node health',
        periodMs: settings.nodeMonitorPeriodMs,
        immediately: true,
        run: () => this.#monitor(),
        clock,
        logger,
        signal,
      }),
    ]);
  }

  #dispatch(key: string): Promise<{ requeueAfterMs: number } | undefined> {
    if (key === TAINTS_KEY) return this.#taintDue();
    return key.startsWith(POD_PREFIX) ? this.#reconcilePod(key.slice(POD_PREFIX.length)) : this.#reconcile(key);
  }

  /**
   * A pod that comes to a node that is not ready is told so. As upstream, not one that was there before the node was looked at: a manager
   * that starts leaves the pods of nodes that say themselves that they are not ready as they are.
   */
  #onPodBound(pod: Live<Pod>): void {
    const { nodeName } = pod.spec;
    const node = nodeName && this.#health.has(nodeName) ? this.#nodes.get('', nodeName) : undefined;
    const ready = node && readyCondition(node);
    if (ready && ready.status !== 'True') this.#queue.add(POD_PREFIX + keyOf(pod));
  }

  async #reconcilePod(key: string): Promise<undefined> {
    const pod = this.#pods.getByKey(key);
    const node = pod?.spec.nodeName ? this.#nodes.get('', pod.spec.nodeName) : undefined;
    const ready = node && readyCondition(node);
    if (pod && ready && ready.status !== 'True') await this.#markNotReady(pod);
    return undefined;
  }

  /** Brings a node's NoSchedule taints and labels to what its conditions say. */
  async #reconcile(key: string): Promise<undefined> {
    const node = this.#nodes.getByKey(key);
    if (!node) return undefined;
    await this.#taint(node, noScheduleChange(node, toTime(this.#context.clock.now())));
    const labels = labelChange(node);
    if (labels) await this.#client.patch(node.metadata.name, { metadata: { labels } }, { type: 'strategic' });
    return undefined;
  }

  get #client() {
    return this.#context.client.resource<Node>(KIND);
  }

  /** @returns the node as it is now. */
  async #taint(node: Live<Node>, { add, remove }: TaintChange): Promise<Live<Node>> {
    const taints = swapTaints(node.spec.taints ?? [], add, remove);
    if (!taints) return node;
    // Others taint too, and a list is replaced as a whole: the version says that it is still the one we saw.
    const body = { metadata: { resourceVersion: node.metadata.resourceVersion }, spec: { taints } };
    return await this.#client.patch(node.metadata.name, body, { type: 'merge' });
  }

  async #monitor(): Promise<void> {
    const { clock, metrics } = this.#context;
    const begin = clock.monotonic();
    const nodes = await this.#noteComings(this.#nodes.list());
    const zones = new Map<string, boolean[]>();
    await forEachLimited(nodes, MONITOR_WORKERS, async (node) => {
      const looked = await this.#look(node);
      if (!looked || isExcludedFromDisruption(node)) return;
      const zone = zones.get(zoneOf(node)) ?? [];
      zones.set(zoneOf(node), zone);
      zone.push(looked.isReady);
    });
    metrics.nodes.monitorSeconds.observe((clock.monotonic() - begin) / 1000);
    await this.#handleDisruption(zones, nodes);
    // Not before it is known how the zones are.
    if (!this.#limiter.isEmpty) this.#queue.add(TAINTS_KEY);
  }

  /**
   * Notes which nodes came and went. What taints say of one that is new here was found out by somebody else: it is forgotten, and found
   * out anew, also by a manager that has just started.
   *
   * @returns the nodes as they are now.
   */
  async #noteComings(nodes: readonly Live<Node>[]): Promise<readonly Live<Node>[]> {
    const untainted = new Map<string, Live<Node>>();
    await forEachLimited(nodes, MONITOR_WORKERS, async (node) => {
      const { name, uid } = node.metadata;
      if (this.#known.has(name)) return;
      this.#known.set(name, uid);
      this.#record(name, uid, 'RegisteredNode', `Node ${name} event: Registered Node ${name} in Controller`);
      untainted.set(name, await this.#untaint(node));
    });
    this.#noteGoings(new Set(nodes.map(({ metadata }) => metadata.name)));
    return nodes.map((node) => untainted.get(node.metadata.name) ?? node);
  }

  #noteGoings(present: ReadonlySet<string>): void {
    for (const [name, uid] of this.#known) {
      if (present.has(name)) continue;
      this.#known.delete(name);
      this.#health.delete(name);
      this.#unmarked.delete(name);
      this.#limiter.remove(name);
      this.#stale.forget(name);
      this.#record(name, uid, 'RemovingNode', `Node ${name} event: Removing Node ${name} from Controller`);
    }
  }

  #record(name: string, uid: string, reason: string, message: string): void {
    this.#recorder.event({ apiVersion: 'v1', kind: 'Node', metadata: { name, uid } }, 'Normal', reason, message);
  }

  /**
   * Looks at one node.
   *
   * @returns whether it is ready; undefined when that could not be found out.
   */
  async #look(cached: Live<Node>): Promise<{ isReady: boolean } | undefined> {
    const { clock, metrics } = this.#context;
    const { name } = cached.metadata;
    const begin = clock.monotonic();
    const wasReady = readyCondition(cached)?.status;
    try {
      const node = await this.#checkHealth(cached);
      const isReady = readyCondition(node)?.status === 'True';
      await this.#planEviction(node, wasReady);
      const turned = wasReady === 'True' && !isReady;
      if (turned) this.#record(name, cached.metadata.uid, 'NodeNotReady', `Node ${name} status is now: NodeNotReady`);
      if (turned || (this.#unmarked.has(name) && wasReady !== 'True')) await this.#markAllNotReady(name);
      this.#unmarked.delete(name);
      return { isReady };
    } catch (error) {
      if (!isNotFound(error)) this.#context.logger.info({ node: name, err: error }, 'node could not be looked after, will retry');
      return undefined;
    } finally {
      metrics.nodes.lookSeconds.observe((clock.monotonic() - begin) / 1000);
    }
  }

  /** @returns the node as it is now, with Unknown conditions if it has gone silent. */
  async #checkHealth(node: Live<Node>): Promise<Live<Node>> {
    const { clock, settings } = this.#context;
    const { name } = node.metadata;
    const now = clock.now();
    const health = observe(this.#health.get(name), node, this.#leases.get(LEASE_NAMESPACE, name), now);
    this.#health.set(name, health);
    const grace = { monitorMs: settings.nodeMonitorGracePeriodMs, startupMs: settings.nodeStartupGracePeriodMs };
    const conditions = isSilent(node, health, grace, now) ? silentConditions(node, now) : undefined;
    if (!conditions) return node;
    const silent = await this.#client.updateStatus({ ...node, status: { ...node.status, conditions } });
    this.#stale.wrote(node, silent);
    return silent;
  }

  /** NoExecute taints: swapped or taken off at once, put on at the zone's rate. */
  async #planEviction(node: Live<Node>, readyBefore: string | undefined): Promise<void> {
    const change = noExecuteChange(node, toTime(this.#context.clock.now()));
    if (!change) {
      this.#limiter.remove(node.metadata.name);
      if (readyBefore === 'True' || readyCondition(node)?.status === 'True') await this.#taint(node, reachableChange);
    } else if (hasNoExecute(node, NOT_READY) || hasNoExecute(node, UNREACHABLE)) {
      await this.#taint(node, change);
    } else {
      this.#limiter.add(zoneOf(node), node.metadata.name);
    }
  }

  /** Taints the nodes whose turn it is, as long as there are any. */
  async #taintDue(): Promise<{ requeueAfterMs: number } | undefined> {
    for (const name of this.#limiter.take()) {
      const node = this.#nodes.get('', name);
      if (node && this.#stale.isStale(node)) {
        this.#limiter.putBack(zoneOf(node), name);
        continue;
      }
      const change = node && noExecuteChange(node, toTime(this.#context.clock.now()));
      if (!node || !change) continue;
      try {
        await this.#taint(node, change);
        this.#context.metrics.nodes.evictions.inc({ zone: zoneOf(node) });
      } catch (error) {
        this.#limiter.putBack(zoneOf(node), name);
        this.#context.logger.info({ node: name, err: error }, 'node could not be tainted, will retry');
      }
    }
    return this.#limiter.isEmpty ? undefined : { requeueAfterMs: TAINT_PERIOD_MS };
  }

  async #handleDisruption(zones: ReadonlyMap<string, readonly boolean[]>, nodes: readonly Live<Node>[]): Promise<void> {
    const { settings, clock, logger } = this.#context;
    const plan = planDisruption(this.#zones, zones, {
      evictionRate: settings.nodeEvictionRate,
      secondaryEvictionRate: settings.secondaryNodeEvictionRate,
      unhealthyZoneThreshold: settings.unhealthyZoneThreshold,
      largeClusterSizeThreshold: settings.largeClusterSizeThreshold,
    });
    this.#countZones(zones);
    this.#zones = plan.states;
    const present = new Set(nodes.map(zoneOf));
    for (const zone of present) this.#context.metrics.nodes.evictions.inc({ zone }, 0);
    this.#limiter.keepZones(present);
    // A zone of which no node counts is as any other that is well.
    for (const zone of present) {
      const rate = plan.rates.get(zone) ?? (plan.states.has(zone) ? undefined : settings.nodeEvictionRate);
      if (rate !== undefined) this.#limiter.setRate(zone, rate);
    }
    if (plan.entersTotal && nodes.length > 0) {
      logger.warn({ nodes: nodes.length }, 'no node is ready, nothing is tainted until one is');
      await forEachLimited(nodes, MONITOR_WORKERS, async (node) => {
        await this.#untaint(node);
      });
    }
    if (plan.leavesTotal) {
      for (const [name, health] of this.#health) this.#health.set(name, { ...health, probedMs: clock.now() });
    }
  }

  /** A zone whose last node is gone has none. */
  #countZones(zones: ReadonlyMap<string, readonly boolean[]>): void {
    const { zoneHealth, zoneSize, unhealthy } = this.#context.metrics.nodes;
    for (const zone of new Set([...this.#zones.keys(), ...zones.keys()])) {
      const ready = zones.get(zone) ?? [];
      const silent = ready.filter((isReady) => !isReady).length;
      zoneSize.set(ready.length, { zone });
      unhealthy.set(silent, { zone });
      zoneHealth.set(ready.length === 0 ? 100 : (100 * (ready.length - silent)) / ready.length, { zone });
    }
  }

  /** @returns the node as it is now. */
  async #untaint(node: Live<Node>): Promise<Live<Node>> {
    try {
      return await this.#taint(node, reachableChange);
    } catch (error) {
      this.#context.logger.info({ node: node.metadata.name, err: error }, 'taints of node could not be taken off');
      return node;
    }
  }

  async #markAllNotReady(node: string): Promise<void> {
    this.#unmarked.add(node);
    await forEachLimited(this.#pods.byIndex(BY_NODE, node), POD_WORKERS, (pod) => this.#markNotReady(pod));
  }

  async #markNotReady(pod: Live<Pod>): Promise<void> {
    if ((podCondition(pod, 'Ready')?.status ?? 'False') === 'False') return;
    const { name, namespace, uid } = pod.metadata;
    const condition = { type: 'Ready', status: 'False', lastTransitionTime: toTime(this.#context.clock.now()) };
    const body = { metadata: { uid }, status: { conditions: [condition] } };
    try {
      await this.#context.client.resource<Pod>(coreKinds.pods).patch(name, body, { namespace, type: 'strategic', subresource: 'status' });
      this.#recorder.event(subjectOf(coreKinds.pods, pod), 'Warning', 'NodeNotReady', 'Node is not ready');
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

/** What tells pods from nodes in the queue. */
const POD_PREFIX = 'pod:';
/** The key under which nodes that wait for their NoExecute taint are looked at. */
const TAINTS_KEY = 'taints:';

/** Whether a node's taints or labels are not what they should be. */
function needsLook(node: Node): boolean {
  const { add, remove } = noScheduleChange(node, '');
  return add.length > 0 || remove.length > 0 || labelChange(node) !== undefined;
}
