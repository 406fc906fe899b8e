import { coreKinds, type EndpointSlice, type Endpoints, keyOf, type Live, type Service } from '../../api/index.ts';
import { type EventRecorder, type Informer, type ReconcileResult, runController } from '../../client/index.ts';
import type { Controller, ControllerContext, ControllerDescriptor } from '../context.ts';
import { SERVICE_NAME, SLICE_MANAGED_BY } from '../shared/endpoint-slices/placement.ts';
import { SliceTracker } from '../shared/endpoint-slices/tracker.ts';
import { SliceWriter } from '../shared/endpoint-slices/writer.ts';
import { PacedQueue } from '../shared/paced-queue.ts';
import { subjectOf } from '../shared/subject.ts';
import { isMirrored, MIRROR_MANAGER, type MirrorPlan, planMirrors } from './plan.ts';
import { type EndpointTally, tallyChanges } from './tally.ts';

const BATCH_MS = 100;
const BACKOFF_MS = 1_000;
const STALE_MS = 100;

export const endpointSliceMirroringController: ControllerDescriptor = {
  name: 'endpointslice-mirroring-controller',
  alias: 'endpointslicemirroring',
  create: (context) => new EndpointSliceMirroringController(context),
};

/** Makes slices of Endpoints that somebody made for a Service without selector. */
class EndpointSliceMirroringController implements Controller {
  readonly #context: ControllerContext;
  readonly #queue: PacedQueue;
  readonly #services: Informer<Service>;
  readonly #endpoints: Informer<Endpoints>;
  readonly #slices: Informer<EndpointSlice>;
  readonly #recorder: EventRecorder;
  readonly #writer: SliceWriter;
  readonly #tracker = new SliceTracker();
  /** What was counted last, by key. */
  readonly #tallies = new Map<string, EndpointTally>();

  constructor(context: ControllerContext) {
    const { informers, settings } = context;
    this.#context = context;
    const paceMs = Math.max(BATCH_MS, settings.mirroringEndpointSliceUpdatesBatchPeriodMs);
    this.#queue = new PacedQueue({ clock: context.clock, paceMs, backoffMs: BACKOFF_MS });
    this.#services = informers.services();
    this.#endpoints = informers.endpoints();
    this.#slices = informers.endpointSlices();
    this.#recorder = context.recorder('endpoint-slice-mirroring-controller');
    this.#writer = new SliceWriter(context.client, this.#tracker);
    this.#listen();
  }

  run(signal: AbortSignal): Promise<void> {
    const { clock, logger, settings, metrics } = this.#context;
    const { endpoints, slices, slicesNeeded, seconds } = metrics.mirrors;
    const tallies = () => [...this.#tallies.values()];
    endpoints.take(signal, () => tallies().map((tally) => ({ labels: {}, count: tally.endpoints })));
    slices.take(signal, () => tallies().map((tally) => ({ labels: {}, count: tally.slices })));
    slicesNeeded.take(signal, () => tallies().map((tally) => ({ labels: {}, count: tally.slicesNeeded })));
    return runController({
      name: endpointSliceMirroringController.name,
      queue: this.#queue,
      workers: settings.mirroringConcurrentServiceEndpointSyncs,
      reconcile: async (key) => {
        const start = clock.monotonic();
        try {
          return await this.#reconcile(key);
        } finally {
          seconds.observe((clock.monotonic() - start) / 1000);
        }
      },
      clock,
      logger,
      signal,
    });
  }

  #listen(): void {
    const enqueue = (object: Live<Endpoints> | Live<Service>) => this.#queue.addPaced(keyOf(object));
    this.#endpoints.addHandler({ onAdd: enqueue, onUpdate: enqueue, onDelete: enqueue });
    this.#services.addHandler({
      onAdd: enqueue,
      // Only with a selector, or without, does a Service matter here.
      onUpdate: (service, old) => {
        if ((service.spec.selector === undefined) !== (old.spec.selector === undefined)) enqueue(service);
      },
      onDelete: enqueue,
    });
    const onSlice = (slice: Live<EndpointSlice>) => {
      const owner = ownerOf(slice);
      if (owner !== undefined && this.#tracker.saw(owner, slice)) this.#queue.addPaced(owner);
    };
    this.#slices.addHandler({
      onAdd: onSlice,
      onUpdate: (slice, old) => {
        if (ownerOf(old) !== ownerOf(slice)) onSlice(old);
        onSlice(slice);
      },
      onDelete: (slice) => {
        const owner = ownerOf(slice);
        if (owner !== undefined && this.#tracker.sawDeletion(owner, slice)) this.#queue.addPaced(owner);
      },
    });
  }

  async #reconcile(key: string): Promise<ReconcileResult | undefined> {
    const endpoints = this.#endpoints.getByKey(key);
    const slices = this.#slices.byIndex(SERVICE_NAME, key).filter((slice) => ownerOf(slice) === key);
    const owner = { key, title: `Endpoints ${key}`, isGoing: endpoints?.metadata.deletionTimestamp !== undefined };
    if (!endpoints || !isMirrored(endpoints, this.#services.getByKey(key))) {
      this.#tallies.delete(key);
      await this.#writer.write(owner, { creates: [], updates: [], deletes: slices, unchanged: [] });
      if (slices.length > 0) this.#context.metrics.mirrors.changes.inc({ operation: 'delete' }, slices.length);
      if (!endpoints) this.#forget(key);
      return undefined;
    }
    if (this.#tracker.isStale(key, slices)) return { requeueAfterMs: STALE_MS };
    const max = this.#context.settings.mirroringMaxEndpointsPerSubset;
    const plan = planMirrors(endpoints, slices, max);
    const { changes, invalid, skipped } = plan;
    if (invalid > 0) this.#warn(endpoints, 'InvalidIPAddress', `Skipped ${invalid} invalid IP addresses when mirroring to EndpointSlices`);
    if (skipped > invalid) {
      const limit = `A max of ${max} addresses can be mirrored to EndpointSlices per Endpoints subset.`;
      this.#warn(endpoints, 'TooManyAddressesToMirror', `${limit} ${skipped} addresses were skipped`);
    }
    await this.#writer.write(owner, changes);
    this.#count(key, plan, slices);
    return undefined;
  }

  #count(key: string, { changes, skipped }: MirrorPlan, before: readonly Live<EndpointSlice>[]): void {
    const { mirrors } = this.#context.metrics;
    const tally = tallyChanges(changes, before);
    this.#tallies.set(key, tally);
    mirrors.added.observe(tally.added);
    mirrors.updated.observe(tally.updated);
    mirrors.removed.observe(tally.removed);
    mirrors.skipped.observe(skipped);
    const written = { create: changes.creates, update: changes.updates, delete: changes.deletes };
    for (const [operation, { length }] of Object.entries(written)) if (length > 0) mirrors.changes.inc({ operation }, length);
  }

  #forget(key: string): void {
    this.#tracker.forget(key);
    this.#queue.drop(key);
  }

  #warn(endpoints: Live<Endpoints>, reason: string, message: string): void {
    this.#recorder.event(subjectOf(coreKinds.endpoints, endpoints), 'Warning', reason, message);
  }
}

/** The Endpoints of which this controller made the slice; undefined for slices of others. */
function ownerOf({ metadata: { labels, namespace } }: Live<EndpointSlice>): string | undefined {
  const name = labels?.[SERVICE_NAME];
  return labels?.[SLICE_MANAGED_BY] === MIRROR_MANAGER && name ? `${namespace}/${name}` : undefined;
}
