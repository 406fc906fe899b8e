import { coreKinds, isNotFound, keyOf, type Live, type LoadBalancerIngress, type Service } from '../../api/index.ts';
import { type EventRecorder, type Informer, runController, WorkQueue } from '../../client/index.ts';
import type { Controller, ControllerContext, ControllerDescriptor } from '../context.ts';
import { StaleGuard } from '../shared/stale-guard.ts';
import { subjectOf } from '../shared/subject.ts';
import { addressesOf, CLEANUP, changeEvent, planBalancer } from './plan.ts';
import { AddressPool } from './pool.ts';

const KIND = coreKinds.services;
/** Waits after failures. Upstream: `minRetryDelay`, `maxRetryDelay`. */
const RETRY_MS = 5_000;
const RETRY_MS_MAX = 300_000;

export const serviceController: ControllerDescriptor = {
  name: 'service-lb-controller',
  alias: 'service',
  create: (context) => (context.settings.loadBalancerPool.length > 0 ? new ServiceController(context) : IDLE),
};

const IDLE: Controller = { run: () => Promise.resolve() };

/** Gives Services of type LoadBalancer addresses from a pool. An address is taken before it is written, and free again when its Service lets go. */
class ServiceController implements Controller {
  readonly #context: ControllerContext;
  readonly #queue: WorkQueue;
  readonly #services: Informer<Service>;
  readonly #recorder: EventRecorder;
  readonly #pool: AddressPool;
  /** Whose each address is, by key. */
  readonly #owners = new Map<string, string>();
  readonly #stale = new StaleGuard();

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#queue = new WorkQueue({ clock: context.clock, backoffMs: RETRY_MS, backoffMsMax: RETRY_MS_MAX });
    this.#services = context.informers.services();
    this.#recorder = context.recorder('service-controller');
    this.#pool = new AddressPool(context.settings.loadBalancerPool);
    this.#services.addHandler({
      onAdd: (service) => this.#see(service),
      onUpdate: (service, old) => {
        const change = changeEvent(old, service);
        if (change) this.#record(service, 'Normal', change.reason, change.message);
        this.#see(service);
      },
      onDelete: (service) => {
        this.#stale.forget(keyOf(service));
        this.#release(keyOf(service), []);
      },
    });
  }

  run(signal: AbortSignal): Promise<void> {
    const { clock, logger, settings } = this.#context;
    return runController({
      name: serviceController.name,
      queue: this.#queue,
      workers: settings.concurrentServiceSyncs,
      reconcile: (key) => this.#reconcile(key),
      clock,
      logger,
      signal,
    });
  }

  /** What a status says is taken, by the first who says so. */
  #see(service: Live<Service>): void {
    const key = keyOf(service);
    if (service.metadata.finalizers?.includes(CLEANUP)) this.#take(key, addressesOf(service));
    this.#queue.add(key);
  }

  #take(key: string, ips: readonly string[]): void {
    for (const ip of ips) if (!this.#owners.has(ip)) this.#owners.set(ip, key);
  }

  /** Gives back all but these; who waits for one is looked at again. */
  #release(key: string, kept: readonly string[]): void {
    const free = [...this.#owners].filter(([ip, owner]) => owner === key && !kept.includes(ip));
    for (const [ip] of free) this.#owners.delete(ip);
    if (free.length === 0) return;
    for (const service of this.#services.list()) if (this.#queue.retries(keyOf(service)) > 0) this.#queue.add(keyOf(service));
  }

  async #reconcile(key: string): Promise<void> {
    const service = this.#services.getByKey(key);
    if (!service || this.#stale.isStale(service)) return;
    const plan = planBalancer(key, service, this.#pool, (ip) => this.#owners.get(ip));
    try {
      if (plan.action === 'ensure') await this.#ensure(key, service, plan.ingress);
      if (plan.action === 'remove') await this.#remove(key, service);
      if (plan.action === 'fail') throw new Error(`failed to ensure load balancer: ${plan.message}`);
    } catch (error) {
      if (isNotFound(error)) return;
      const text = error instanceof Error ? error.message : String(error);
      this.#record(service, 'Warning', 'SyncLoadBalancerFailed', `Error syncing load balancer: ${text}`);
      throw error;
    }
  }

  async #ensure(key: string, service: Live<Service>, ingress: LoadBalancerIngress[]): Promise<void> {
    const ips = ingress.flatMap(({ ip }) => ip ?? []);
    this.#take(key, ips);
    this.#record(service, 'Normal', 'EnsuringLoadBalancer', 'Ensuring load balancer');
    const finalizers = service.metadata.finalizers ?? [];
    const held = finalizers.includes(CLEANUP) ? finalizers : [...finalizers, CLEANUP];
    await this.#patch(service, { metadata: { finalizers: held }, status: { loadBalancer: { ingress } } });
    this.#release(key, ips);
    this.#context.metrics.balancerSyncs.inc();
    this.#record(service, 'Normal', 'EnsuredLoadBalancer', 'Ensured load balancer');
  }

  async #remove(key: string, service: Live<Service>): Promise<void> {
    this.#record(service, 'Normal', 'DeletingLoadBalancer', 'Deleting load balancer');
    const finalizers = (service.metadata.finalizers ?? []).filter((finalizer) => finalizer !== CLEANUP);
    await this.#patch(service, { metadata: { finalizers }, status: { loadBalancer: { ingress: null } } });
    this.#release(key, []);
    this.#record(service, 'Normal', 'DeletedLoadBalancer', 'Deleted load balancer');
  }

  /**
   * Finalizer and address in one write, so that none is given out that nobody takes back; through the status, as upstream, since that is
   * what the controller may write.
   */
  async #patch(service: Live<Service>, { metadata, status }: { metadata: object; status: object }): Promise<void> {
    const { name, namespace, uid } = service.metadata;
    const body = { metadata: { uid, ...metadata }, status };
    const services = this.#context.client.resource<Service>(KIND);
    this.#stale.wrote(service, await services.patch(name, body, { namespace, type: 'merge', subresource: 'status' }));
  }

  #record(service: Live<Service>, type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#recorder.event(subjectOf(KIND, service), type, reason, message);
  }
}
