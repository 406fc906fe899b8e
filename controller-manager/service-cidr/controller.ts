import { type IPAddress, isNotFound, keyOf, type Live, networkingKinds, type ServiceCIDR, toTime } from '../../api/index.ts';
import { type EventRecorder, type Informer, runController, WorkQueue } from '../../client/index.ts';
import type { Controller, ControllerContext, ControllerDescriptor } from '../context.ts';
import { subjectOf } from '../shared/subject.ts';
import { FINALIZER, GRACE_MS, IN_USE, mayGo, READY, type Readiness, says } from './plan.ts';

const KIND = networkingKinds.servicecidrs;
const WORKERS = 5;
/** How often a range that is kept by addresses in use is looked at again: they are not watched for this rare case. */
const IN_USE_RETRY_MS = 2000;

/** Says of ranges of cluster IPs that they are ready, and keeps those that are to go while they are in use. Upstream: `pkg/controller/servicecidrs`. */
export const serviceCidrController: ControllerDescriptor = {
  name: 'service-cidr-controller',
  create: (context) => new ServiceCidrController(context),
};

class ServiceCidrController implements Controller {
  readonly #context: ControllerContext;
  readonly #queue: WorkQueue;
  readonly #cidrs: Informer<ServiceCIDR>;
  readonly #recorder: EventRecorder;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#queue = new WorkQueue({ clock: context.clock });
    this.#recorder = context.recorder(serviceCidrController.name);
    this.#cidrs = context.informers.serviceCidrs();
    const enqueue = (cidr: Live<ServiceCIDR>) => this.#queue.add(keyOf(cidr));
    this.#cidrs.addHandler({
      // Another range may hold the addresses for which one is kept.
      onAdd: () => this.#cidrs.list().forEach(enqueue),
      onUpdate: enqueue,
    });
  }

  run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#context;
    const { name } = serviceCidrController;
    return runController({ name, queue: this.#queue, workers: WORKERS, reconcile: (key) => this.#reconcile(key), clock, logger, signal });
  }

  async #reconcile(key: string): Promise<void> {
    const cidr = this.#cidrs.getByKey(key);
    if (!cidr) return;
    try {
      await (cidr.metadata.deletionTimestamp === undefined ? this.#keep(cidr) : this.#letGo(key, cidr));
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async #keep(cidr: Live<ServiceCIDR>): Promise<void> {
    if (!cidr.metadata.finalizers?.includes(FINALIZER)) await this.#setFinalizers(cidr, [...(cidr.metadata.finalizers ?? []), FINALIZER]);
    try {
      await this.#say(cidr, READY);
    } catch (error) {
      const message = 'The ServiceCIDR Status can not be set to Ready=True';
      if (!isNotFound(error)) this.#recorder.event(subjectOf(KIND, cidr), 'Warning', 'KubernetesServiceCIDRError', message);
      throw error;
    }
  }

  async #letGo(key: string, cidr: Live<ServiceCIDR>): Promise<void> {
    const { clock, client } = this.#context;
    const { items } = await client.resource<IPAddress>(networkingKinds.ipaddresses).list({});
    if (!mayGo(cidr, this.#cidrs.list(), items)) {
      await this.#say(cidr, IN_USE);
      this.#queue.addAfter(key, IN_USE_RETRY_MS);
      return;
    }
    const waitMs = GRACE_MS - (clock.now() - Date.parse(cidr.metadata.deletionTimestamp ?? ''));
    if (waitMs > 0) this.#queue.addAfter(key, waitMs);
    else if (cidr.metadata.finalizers?.includes(FINALIZER))
      await this.#setFinalizers(
        cidr,
        cidr.metadata.finalizers.filter((one) => one !== FINALIZER),
      );
  }

  async #setFinalizers(cidr: Live<ServiceCIDR>, finalizers: readonly string[]): Promise<void> {
    const { resourceVersion, name } = cidr.metadata;
    await this.#context.client.resource<ServiceCIDR>(KIND).patch(name, { metadata: { resourceVersion, finalizers } }, { type: 'merge' });
  }

  async #say(cidr: Live<ServiceCIDR>, readiness: Readiness): Promise<void> {
    if (says(cidr, readiness)) return;
    const { name } = cidr.metadata;
    const condition = { type: 'Ready', ...readiness, lastTransitionTime: toTime(this.#context.clock.now()) };
    const body = { apiVersion: 'networking.k8s.io/v1', kind: 'ServiceCIDR', metadata: { name }, status: { conditions: [condition] } };
    await this.#context.client
      .resource<ServiceCIDR>(KIND)
      .patch(name, body, { type: 'apply', force: true, subresource: 'status', fieldManager: serviceCidrController.name });
  }
}
