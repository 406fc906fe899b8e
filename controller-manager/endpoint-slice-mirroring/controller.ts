import { coreKinds, type EndpointSlice, type Endpoints, keyOf, type Live, type Service } from '../../api/index.ts';
import { type EventRecorder, type Informer, type ReconcileResult, runController } from '../../client/index.ts';
import type { Controller, ControllerContext, ControllerDescriptor } from '../context.ts';
import { LAST_CHANGE } from '../endpoints/plan.ts';
import { SERVICE_NAME, SLICE_MANAGED_BY } from '../shared/endpoint-slices/placement.ts';
import { SliceTracker } from '../shared/endpoint-slices/tracker.ts';
import { SliceWriter } from '../shared/endpoint-slices/writer.ts';
import { PacedQueue } from '../shared/paced-queue.ts';
import { subjectOf } from '../shared/subject.ts';
import { isMirrored, MIRROR_MANAGER, planMirrors } from './plan.ts';

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
    const { clock, logger, settings } = this.#context;
    return runController({
      name: endpointSliceMirroringController.name,
      queue: this.#queue,
      workers: settings.mirroringConcurrentServiceEndpointSyncs,
      reconcile: (key) => this.#reconcile(key),
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
    const owner = { key, title: `Endpoints ${key}`, isGoing: false };
    if (!endpoints || !isMirrored(endpoints, this.#services.getByKey(key))) {
      await this.#writer.write(owner, { creates: [], updates: [], deletes: slices, unchanged: [] });
      if (!endpoints) this.#forget(key);
      return undefined;
    }
    if (this.#tracker.isStale(key, slices)) return { requeueAfterMs: STALE_MS };
    const max = this.#context.settings.mirroringMaxEndpointsPerSubset;
    const { changes, invalid, skipped } = planMirrors(endpoints, slices, max);
    const triggerTime = endpoints.metadata.annotations?.[LAST_CHANGE];
    await this.#writer.write({ ...owner, triggerTime }, changes);
    if (changes.creates.length + changes.updates.length + changes.deletes.length === 0) return undefined;
    if (invalid > 0) this.#warn(endpoints, 'InvalidIPAddress', `Skipped ${invalid} invalid IP addresses when mirroring to EndpointSlices`);
    if (skipped > 0) {
      const limit = `A max of ${max} addresses can be mirrored to EndpointSlices per Endpoints subset.`;
      this.#warn(endpoints, 'TooManyAddressesToMirror', `${limit} ${skipped} addresses were skipped`);
    }
    return undefined;
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
