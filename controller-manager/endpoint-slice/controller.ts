import { coreKinds, type EndpointSlice, keyOf, type Live, type Node, type Pod, type Service } from '../../api/index.ts';
import { type EventRecorder, type Informer, type ReconcileResult, runController } from '../../client/index.ts';
import type { Controller, ControllerContext, ControllerDescriptor } from '../context.ts';
import { hasEndpoints, isEndpointChange, selects } from '../endpoints/plan.ts';
import { SERVICE_NAME, SLICE_MANAGED_BY } from '../shared/endpoint-slices/placement.ts';
import { SliceTracker } from '../shared/endpoint-slices/tracker.ts';
import { SliceWriter } from '../shared/endpoint-slices/writer.ts';
import { PacedQueue } from '../shared/paced-queue.ts';
import { subjectOf } from '../shared/subject.ts';
import { TriggerTimes } from '../shared/trigger-times.ts';
import { asksForHints, type HintedTypes, MANAGER, planSlices, type SlicesInput } from './plan.ts';
import { isOverloaded, isZoneChange, type ZoneShares, zoneSharesOf } from './topology.ts';

/** How often at most the slices of a Service are written when pods change, unless it is to be less often. */
const BATCH_MS = 100;
/** First wait after a failure: what leads here are changes of many pods. */
const BACKOFF_MS = 1_000;
/** How soon a cache that is behind is looked at again, if it does not say so itself. */
const STALE_MS = 100;
/** The key under which Services are looked for that the nodes' zones serve badly by now. */
const ZONES_KEY = 'zones:';

export const endpointSliceController: ControllerDescriptor = {
  name: 'endpointslice-controller',
  alias: 'endpointslice',
  create: (context) => new EndpointSliceController(context),
};

/** Lists the addresses of each Service's pods in slices. Upstream: `pkg/controller/endpointslice`. */
class EndpointSliceController implements Controller {
  readonly #context: ControllerContext;
  readonly #queue: PacedQueue;
  readonly #services: Informer<Service>;
  readonly #pods: Informer<Pod>;
  readonly #nodes: Informer<Node>;
  readonly #slices: Informer<EndpointSlice>;
  readonly #recorder: EventRecorder;
  readonly #writer: SliceWriter;
  readonly #tracker = new SliceTracker();
  readonly #triggers = new TriggerTimes();
  /** Services with pods that are left out, since their nodes are not known; by the names of the nodes. */
  readonly #waitingFor = new Map<string, ReadonlySet<string>>();
  /** Services, and for which address types they have hints by the zones' shares. */
  readonly #hinted = new Map<string, HintedTypes>();
  /** As the nodes were when one last came, went, or changed its zone or readiness; undefined when that was not looked at yet. */
  #zones: { readonly shares: ZoneShares | undefined } | undefined;

  constructor(context: ControllerContext) {
    const { informers, settings } = context;
    this.#context = context;
    const paceMs = Math.max(BATCH_MS, settings.endpointSliceUpdatesBatchPeriodMs);
    this.#queue = new PacedQueue({ clock: context.clock, paceMs, backoffMs: BACKOFF_MS });
    this.#services = informers.services();
    this.#pods = informers.pods();
    this.#nodes = informers.nodes();
    this.#slices = informers.endpointSlices();
    this.#recorder = context.recorder('endpoint-slice-controller');
    this.#writer = new SliceWriter(context.client, this.#tracker);
    this.#listen();
  }

  run(signal: AbortSignal): Promise<void> {
    const { clock, logger, settings } = this.#context;
    return runController({
      name: endpointSliceController.name,
      queue: this.#queue,
      workers: settings.concurrentServiceEndpointSyncs,
      reconcile: (key) => this.#reconcile(key),
      clock,
      logger,
      signal,
    });
  }

  #listen(): void {
    const enqueue = (service: Live<Service>) => this.#queue.add(keyOf(service));
    this.#services.addHandler({ onAdd: enqueue, onUpdate: enqueue, onDelete: enqueue });
    this.#pods.addHandler({
      onAdd: (pod) => this.#wake(pod, undefined),
      onUpdate: (pod, old) => {
        if (isEndpointChange(old, pod)) this.#wake(pod, old);
      },
      onDelete: (pod) => this.#wake(pod, undefined),
    });
    this.#slices.addHandler({
      onAdd: (slice) => this.#onSlice(slice),
      onUpdate: (slice, old) => {
        if (ownerOf(old) !== ownerOf(slice)) this.#onSlice(old);
        this.#onSlice(slice);
      },
      onDelete: (slice) => {
        const owner = ownerOf(slice);
        if (owner !== undefined && this.#tracker.sawDeletion(owner, slice)) this.#queue.addPaced(owner);
      },
    });
    this.#nodes.addHandler({
      onAdd: ({ metadata }) => {
        this.#onZones();
        for (const [key, nodes] of this.#waitingFor) if (nodes.has(metadata.name)) this.#queue.addPaced(key);
      },
      onUpdate: (node, old) => {
        if (isZoneChange(old, node)) this.#onZones();
      },
      onDelete: () => this.#onZones(),
    });
  }

  #onSlice(slice: Live<EndpointSlice>): void {
    const owner = ownerOf(slice);
    if (owner !== undefined && this.#tracker.saw(owner, slice)) this.#queue.addPaced(owner);
  }

  /** Wakes the Services that take the pod, or took it. */
  #wake(pod: Live<Pod>, old: Live<Pod> | undefined): void {
    for (const service of this.#services.list(pod.metadata.namespace)) {
      if (!hasEndpoints(service)) continue;
      if (selects(service, pod) || (old && selects(service, old))) this.#queue.addPaced(keyOf(service));
    }
  }

  #onZones(): void {
    this.#zones = undefined;
    if (this.#hinted.size > 0) this.#queue.addPaced(ZONES_KEY);
  }

  /** Wakes the Services of which some zone is served by too few endpoints, now that the nodes are others. Upstream: `checkNodeTopologyDistribution`. */
  #wakeOverloaded(): void {
    const zones = this.#zoneShares();
    for (const [key, types] of this.#hinted) {
      if ([...types.values()].some((hinted) => isOverloaded(hinted, zones))) this.#queue.addPaced(key);
    }
  }

  #zoneShares(): ZoneShares | undefined {
    this.#zones ??= { shares: zoneSharesOf(this.#nodes.list()) };
    return this.#zones.shares;
  }

  async #reconcile(key: string): Promise<ReconcileResult | undefined> {
    if (key === ZONES_KEY) {
      this.#wakeOverloaded();
      return undefined;
    }
    const service = this.#services.getByKey(key);
    if (!service) {
      this.#forget(key);
      return undefined;
    }
    if (!hasEndpoints(service)) return undefined;
    const slices = this.#slicesOf(service);
    const { syncs, changes } = this.#context.metrics.endpointSlices;
    if (this.#tracker.isStale(key, slices)) {
      syncs.inc({ result: 'stale' });
      return { requeueAfterMs: STALE_MS };
    }
    const pods = this.#pods.list(service.metadata.namespace).filter((pod) => selects(service, pod));
    const triggerTime = this.#triggers.look(key, service, pods);
    const plan = planSlices(this.#input(service, pods, slices));
    if (plan.hinted.size > 0) this.#hinted.set(key, plan.hinted);
    else this.#hinted.delete(key);
    const { name, namespace, deletionTimestamp } = service.metadata;
    const title = `Service ${namespace}/${name}`;
    const { withoutNode } = plan;
    try {
      await this.#writer.write({ key, title, isGoing: deletionTimestamp !== undefined, triggerTime }, plan.changes);
    } catch (error) {
      throw this.#failed(service, error);
    }
    const { creates, updates, deletes } = plan.changes;
    for (const [operation, written] of Object.entries({ create: creates, update: updates, delete: deletes })) {
      if (written.length > 0) changes.inc({ operation }, written.length);
    }
    for (const { type, reason, message } of plan.events) this.#record(service, type, reason, message);
    this.#waitingFor.delete(key);
    if (withoutNode.length > 0) {
      this.#waitingFor.set(key, new Set(withoutNode.map(({ spec }) => spec.nodeName ?? '')));
      throw this.#failed(service, new Error(skippedText(title, withoutNode)));
    }
    syncs.inc({ result: 'success' });
    return undefined;
  }

  /** Tells of an error, which it gives back. */
  #failed(service: Live<Service>, error: unknown): unknown {
    this.#context.metrics.endpointSlices.syncs.inc({ result: 'error' });
    const { name, namespace } = service.metadata;
    const text = error instanceof Error ? error.message : String(error);
    this.#record(
      service,
      'Warning',
      'FailedToUpdateEndpointSlices',
      `Error updating Endpoint Slices for Service ${namespace}/${name}: ${text}`,
    );
    return error;
  }

  #input(service: Live<Service>, pods: readonly Live<Pod>[], slices: readonly Live<EndpointSlice>[]): SlicesInput {
    return {
      service,
      pods,
      slices,
      node: (name) => this.#nodes.get('', name),
      max: this.#context.settings.maxEndpointsPerSlice,
      zones: asksForHints(service) ? this.#zoneShares() : undefined,
      hinted: this.#hinted.get(keyOf(service)) ?? new Map(),
    };
  }

  #slicesOf(service: Live<Service>): Live<EndpointSlice>[] {
    const all = this.#slices.byIndex(SERVICE_NAME, keyOf(service));
    return all.filter((slice) => ownerOf(slice) !== undefined && slice.metadata.deletionTimestamp === undefined);
  }

  #forget(key: string): void {
    this.#triggers.forget(key);
    this.#tracker.forget(key);
    this.#hinted.delete(key);
    this.#waitingFor.delete(key);
    this.#queue.drop(key);
  }

  #record(service: Live<Service>, type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#recorder.event(subjectOf(coreKinds.services, service), type, reason, message);
  }
}

/** What is said of pods that are left out; several errors stand in brackets, as in Go. */
function skippedText(title: string, pods: readonly Live<Pod>[]): string {
  const texts = pods.map(({ metadata, spec }) => `skipping Pod ${metadata.name} for ${title}: Node ${spec.nodeName ?? ''} Not Found`);
  return texts.length === 1 ? texts.join('') : `[${texts.join(', ')}]`;
}

/** The Service whose slice this controller made; undefined for slices of others. */
function ownerOf({ metadata: { labels, namespace } }: Live<EndpointSlice>): string | undefined {
  const name = labels?.[SERVICE_NAME];
  return labels?.[SLICE_MANAGED_BY] === MANAGER && name ? `${namespace}/${name}` : undefined;
}
