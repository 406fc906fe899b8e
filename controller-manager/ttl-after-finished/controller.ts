import { batchKinds, isNotFound, type Job, keyOf, type Live } from '../../api/index.ts';
import { type Informer, runController, WorkQueue } from '../../client/index.ts';
import type { Controller, ControllerContext, ControllerDescriptor } from '../context.ts';
import { expiresInMs, needsCleanUp } from './plan.ts';

const KIND = batchKinds.jobs;

export const ttlAfterFinishedController: ControllerDescriptor = {
  name: 'ttl-after-finished-controller',
  alias: 'ttl-after-finished',
  create: (context) => new TtlAfterFinishedController(context),
};

/** Deletes jobs that have been over for as long as they say. */
class TtlAfterFinishedController implements Controller {
  readonly #context: ControllerContext;
  readonly #queue: WorkQueue;
  readonly #jobs: Informer<Job>;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#queue = new WorkQueue({ clock: context.clock });
    this.#jobs = context.informers.jobs();
    const enqueue = (job: Live<Job>) => {
      if (needsCleanUp(job)) this.#queue.add(keyOf(job));
    };
    this.#jobs.addHandler({ onAdd: enqueue, onUpdate: enqueue });
  }

  run(signal: AbortSignal): Promise<void> {
    const { clock, logger, settings } = this.#context;
    return runController({
      name: ttlAfterFinishedController.name,
      queue: this.#queue,
      workers: settings.concurrentTtlAfterFinishedSyncs,
      reconcile: (key) => this.#reconcile(key),
      clock,
      logger,
      signal,
    });
  }

  async #reconcile(key: string): Promise<{ requeueAfterMs: number } | undefined> {
    const cached = this.#jobs.getByKey(key);
    if (!cached || !needsCleanUp(cached)) return undefined;
    const { clock } = this.#context;
    const left = expiresInMs(cached, clock.now());
    if (left > 0) return { requeueAfterMs: left };
    return await this.#delete(cached);
  }

  /** Asks the server first: the time to live may have been raised, and a job of the same name may be another. */
  async #delete(cached: Live<Job>): Promise<{ requeueAfterMs: number } | undefined> {
    const { client, clock, logger, metrics } = this.#context;
    const { name, namespace } = cached.metadata;
    const resource = client.resource<Job>(KIND);
    try {
      const job = await resource.get(name, { namespace });
      if (!needsCleanUp(job)) return undefined;
      const left = expiresInMs(job, clock.now());
      if (left > 0) return { requeueAfterMs: left };
      const { uid } = job.metadata;
      await resource.delete(name, { namespace, propagationPolicy: 'Foreground', preconditions: { uid } });
      metrics.ttlDeletion.observe(-left / 1000);
      logger.info({ job: `${namespace}/${name}` }, 'finished job deleted');
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    return undefined;
  }
}
