import {
  coreKinds,
  type Endpoints,
  isAlreadyExists,
  isForbidden,
  isNotFound,
  keyOf,
  type Live,
  type Pod,
  type Service,
  splitKey,
} from '../../api/index.ts';
import { type EventRecorder, type Informer, runController } from '../../client/index.ts';
import type { Controller, ControllerContext, ControllerDescriptor } from '../context.ts';
import { PacedQueue } from '../shared/paced-queue.ts';
import { isNamespaceTerminating } from '../shared/pod-control.ts';
import { StaleGuard } from '../shared/stale-guard.ts';
import { subjectOf } from '../shared/subject.ts';
import { TriggerTimes } from '../shared/trigger-times.ts';
import { hasEndpoints, isEndpointChange, MANAGED_BY, MANAGER, planEndpoints, selects } from './plan.ts';

const KIND = coreKinds.endpoints;
/** Annotation of Endpoints that leaders were elected by. */
const LEADER = 'control-plane.alpha.kubernetes.io/leader';
/** How often at most the Endpoints of a Service are written when pods change. */
const BATCH_MS = 100;

export const endpointsController: ControllerDescriptor = {
  name: 'endpoints-controller',
  alias: 'endpoint',
  create: (context) => new EndpointsController(context),
};

/** Lists the addresses of each Service's pods in the Endpoints of its name. */
class EndpointsController implements Controller {
  readonly #context: ControllerContext;
  readonly #queue: PacedQueue;
  readonly #services: Informer<Service>;
  readonly #pods: Informer<Pod>;
  readonly #endpoints: Informer<Endpoints>;
  readonly #recorder: EventRecorder;
  readonly #triggers = new TriggerTimes();
  readonly #stale = new StaleGuard();
  /** Services that are looked at again when the cache has our own last write of their Endpoints. */
  readonly #awaited = new Set<string>();

  constructor(context: ControllerContext) {
    const { informers } = context;
    this.#context = context;
    const paceMs = Math.max(BATCH_MS, context.settings.endpointUpdatesBatchPeriodMs);
    this.#queue = new PacedQueue({ clock: context.clock, paceMs });
    this.#services = informers.services();
    this.#pods = informers.pods();
    this.#endpoints = informers.endpoints();
    this.#recorder = context.recorder('endpoint-controller');
    this.#listen();
  }

  run(signal: AbortSignal): Promise<void> {
    const { clock, logger, settings } = this.#context;
    this.#checkLeftovers();
    return runController({
      name: endpointsController.name,
      queue: this.#queue,
      workers: settings.concurrentEndpointSyncs,
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
    // Endpoints without a Service may be waiting for it: as long as we run, only those that lose theirs go with it.
    const ofService = (endpoints: Live<Endpoints>) => this.#services.getByKey(keyOf(endpoints)) !== undefined;
    this.#endpoints.addHandler({
      // Our own last write, for which a reconcile may have waited. What others write stays until the Service or its pods change.
      onUpdate: (endpoints) => {
        if (this.#awaited.delete(keyOf(endpoints))) this.#queue.addPaced(keyOf(endpoints));
      },
      onDelete: (endpoints) => {
        if (ofService(endpoints)) this.#queue.add(keyOf(endpoints));
      },
    });
  }

  /** Wakes the Services that take the pod, or took it. */
  #wake(pod: Live<Pod>, old: Live<Pod> | undefined): void {
    for (const service of this.#services.list(pod.metadata.namespace)) {
      if (!hasEndpoints(service)) continue;
      if (selects(service, pod) || (old && selects(service, old))) this.#queue.addPaced(keyOf(service));
    }
  }

  /** Endpoints without a Service: it went while nobody looked. Upstream: `checkLeftoverEndpoints`. */
  #checkLeftovers(): void {
    for (const endpoints of this.#endpoints.list()) {
      const elects = endpoints.metadata.annotations?.[LEADER] !== undefined;
      if (!elects && !this.#services.getByKey(keyOf(endpoints))) this.#queue.add(keyOf(endpoints));
    }
  }

  async #reconcile(key: string): Promise<void> {
    const service = this.#services.getByKey(key);
    if (!service) {
      await this.#remove(key);
      return;
    }
    if (!hasEndpoints(service)) return;
    const current = this.#endpoints.getByKey(key);
    if (current && this.#stale.isStale(current)) {
      this.#awaited.add(key);
      return;
    }
    const pods = this.#pods.list(service.metadata.namespace).filter((pod) => selects(service, pod));
    const trigger = this.#triggers.look(key, service, pods);
    const plan = planEndpoints(service, pods, current, trigger);
    if (!plan) return;
    const { subsets, labels, annotations } = plan;
    const { name, namespace } = service.metadata;
    const metadata = { ...current?.metadata, name, namespace, labels, annotations };
    await this.#write(current, { apiVersion: 'v1', kind: 'Endpoints', metadata, subsets });
  }

  async #write(current: Live<Endpoints> | undefined, wanted: Endpoints): Promise<void> {
    const resource = this.#context.client.resource<Endpoints>(KIND);
    try {
      const written = current ? await resource.update(wanted) : await resource.create(wanted);
      if (current) this.#stale.wrote(current, written);
    } catch (error) {
      if (!current && isForbidden(error) && isNamespaceTerminating(error)) return;
      // Made by us a moment ago: the cache is behind, and will not be when it is tried again.
      if (!current && isAlreadyExists(error)) throw error;
      const { name = '', namespace = '' } = wanted.metadata;
      const text = error instanceof Error ? error.message : String(error);
      const [reason, message] = current
        ? ['FailedToUpdateEndpoint', `Failed to update endpoint ${namespace}/${name}: ${text}`]
        : ['FailedToCreateEndpoint', `Failed to create endpoint for service ${namespace}/${name}: ${text}`];
      this.#recorder.event(subjectOf(KIND, wanted), 'Warning', reason, message);
      throw error;
    }
  }

  async #remove(key: string): Promise<void> {
    this.#triggers.forget(key);
    this.#stale.forget(key);
    this.#awaited.delete(key);
    this.#queue.drop(key);
    const { name, namespace } = splitKey(key);
    const isOurs = this.#endpoints.getByKey(key)?.metadata.labels?.[MANAGED_BY] === MANAGER;
    // What was made by hand nobody makes anew: the cache of Services may be behind.
    if (!isOurs && (await this.#hasService(name, namespace))) return;
    try {
      await this.#context.client.resource<Endpoints>(KIND).delete(name, { namespace });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async #hasService(name: string, namespace: string): Promise<boolean> {
    try {
      await this.#context.client.resource<Service>(coreKinds.services).get(name, { namespace });
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }
}
