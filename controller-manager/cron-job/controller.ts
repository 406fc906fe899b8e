import {
  apiVersionOf,
  batchKinds,
  type CronJob,
  isAlreadyExists,
  isNotFound,
  type Job,
  keyOf,
  type Live,
  toTime,
} from '../../api/index.ts';
import {
  controllerOf,
  type EventRecorder,
  type Informer,
  isControlledBy,
  newControllerRef,
  runController,
  WorkQueue,
} from '../../client/index.ts';
import type { Controller, ControllerContext, ControllerDescriptor } from '../context.ts';
import { BY_CONTROLLER } from '../informers.ts';
import { isJobFinished } from '../job/conditions.ts';
import { deepEqual } from '../shared/equality.ts';
import { isNamespaceTerminating } from '../shared/pod-control.ts';
import { StaleGuard } from '../shared/stale-guard.ts';
import { subjectOf } from '../shared/subject.ts';
import { type CronPlan, dueInMs, jobName, planCronJob, surplusJobs, timingOf } from './plan.ts';
import { TimeZone } from './time-zone.ts';

const KIND = batchKinds.cronjobs;
/** Annotation of a job: the time of the schedule it is for. */
const SCHEDULED_AT = 'batch.kubernetes.io/cronjob-scheduled-timestamp';

type Status = CronJob['status'];

export const cronJobController: ControllerDescriptor = {
  name: 'cronjob-controller',
  alias: 'cronjob',
  create: (context) => new CronJobController(context),
};

/**
 * Starts the jobs of cron jobs when they are due, and keeps as many of the finished ones as they say.
 *
 * C1  A job's name is made of the time it is for, so that no time has two, whenever the manager is killed.
 * C2  What came due while nobody looked is started once, for the last of the times.
 */
class CronJobController implements Controller {
  readonly #context: ControllerContext;
  readonly #queue: WorkQueue;
  readonly #cronJobs: Informer<CronJob>;
  readonly #jobs: Informer<Job>;
  readonly #stale = new StaleGuard();
  readonly #recorder: EventRecorder;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#queue = new WorkQueue({ clock: context.clock });
    this.#cronJobs = context.informers.cronJobs();
    this.#jobs = context.informers.jobs();
    this.#recorder = context.recorder('cronjob-controller');
    const wakeOwner = (job: Live<Job>) => this.#wakeOwner(job);
    this.#cronJobs.addHandler({
      onAdd: (cronJob) => this.#queue.add(keyOf(cronJob)),
      onUpdate: (cronJob, old) => this.#onUpdate(cronJob, old),
      onDelete: (cronJob) => this.#queue.add(keyOf(cronJob)),
    });
    this.#jobs.addHandler({ onAdd: wakeOwner, onUpdate: wakeOwner, onDelete: wakeOwner });
  }

  run(signal: AbortSignal): Promise<void> {
    const { clock, logger, settings } = this.#context;
    return runController({
      name: cronJobController.name,
      queue: this.#queue,
      workers: settings.concurrentCronJobSyncs,
      reconcile: (key) => this.#reconcile(key),
      clock,
      logger,
      signal,
    });
  }

  #wakeOwner(job: Live<Job>): void {
    const reference = controllerOf(job);
    if (reference?.kind !== KIND.kind) return;
    const cronJob = this.#cronJobs.get(job.metadata.namespace, reference.name);
    if (cronJob?.metadata.uid === reference.uid) this.#queue.add(keyOf(cronJob));
  }

  /** A new schedule counts from its next time on; anything else may matter now. */
  #onUpdate(cronJob: Live<CronJob>, old: Live<CronJob>): void {
    const key = keyOf(cronJob);
    if (cronJob.spec.schedule === old.spec.schedule && cronJob.spec.timeZone === old.spec.timeZone) {
      this.#queue.add(key);
      return;
    }
    const timing = timingOf(cronJob, this.#context.settings.localTimeZone);
    if (!('type' in timing)) {
      this.#queue.addAfter(key, dueInMs(cronJob, timing, this.#context.clock.now()) ?? 0);
      return;
    }
    const message = `unparseable schedule for cronjob: ${cronJob.spec.schedule}`;
    this.#recorder.event(subjectOf(KIND, cronJob), 'Warning', 'UnParseableCronJobSchedule', message);
  }

  async #reconcile(key: string): Promise<{ requeueAfterMs: number | undefined } | undefined> {
    const cached = this.#cronJobs.getByKey(key);
    if (!cached) this.#stale.forget(key);
    if (!cached || this.#stale.isStale(cached)) return undefined;
    const jobs = this.#jobs.byIndex(BY_CONTROLLER, cached.metadata.uid);
    const known = await this.#freshWhenSurprised(cached, jobs);
    const cronJob = { ...known, status: await this.#cleanUp(known, jobs) };
    const { clock, settings } = this.#context;
    const missing = await this.#missing(cronJob, jobs);
    const plan = planCronJob({ cronJob, jobs, missing, localTimeZone: settings.localTimeZone, now: clock.now() });
    for (const { type, reason, message } of plan.events) this.#recorder.event(subjectOf(KIND, cronJob), type, reason, message);
    const { status, error } = await this.#start(cronJob, plan);
    if (!deepEqual(status, known.status)) {
      this.#stale.wrote(known, await this.#context.client.resource<CronJob>(KIND).updateStatus({ ...cronJob, status }));
    }
    if (error !== undefined) throw error;
    return { requeueAfterMs: plan.timing && dueInMs({ ...cronJob, status }, plan.timing, clock.now()) };
  }

  /** The server's cron job when there is a job that ours does not know of: ours may be behind. */
  async #freshWhenSurprised(cronJob: Live<CronJob>, jobs: readonly Live<Job>[]): Promise<Live<CronJob>> {
    const isKnown = (job: Live<Job>) => cronJob.status.active?.some(({ uid }) => uid === job.metadata.uid);
    if (jobs.every((job) => isKnown(job) || isJobFinished(job))) return cronJob;
    const { name, namespace } = cronJob.metadata;
    return await this.#context.client.resource<CronJob>(KIND).get(name, { namespace });
  }

  /** The active jobs that neither the cache nor the server has. */
  async #missing(cronJob: Live<CronJob>, jobs: readonly Live<Job>[]): Promise<Set<string>> {
    const known = new Set(jobs.map(({ metadata }) => metadata.uid));
    const missing = new Set<string>();
    for (const { name = '', namespace, uid = '' } of cronJob.status.active ?? []) {
      if (!known.has(uid) && !(await this.#getJob(name, namespace))) missing.add(uid);
    }
    return missing;
  }

  async #getJob(name: string, namespace: string | undefined): Promise<Live<Job> | undefined> {
    try {
      return await this.#context.client.resource<Job>(batchKinds.jobs).get(name, { namespace });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** Starts the job that is due. What goes wrong does not keep the rest of the status from being written. */
  async #start(cronJob: Live<CronJob>, { start, status }: CronPlan): Promise<{ status: Status; error?: unknown }> {
    if (!start) return { status };
    let active = status.active ?? [];
    try {
      for (const { name = '', namespace, uid } of start.replace) {
        await this.#replace(cronJob, name, namespace);
        active = active.filter((reference) => reference.uid !== uid);
      }
      const job = await this.#create(cronJob, start.at);
      if (!job || active.some(({ uid }) => uid === job.metadata.uid)) return { status: { ...status, active: orNone(active) } };
      const { name, namespace, uid, resourceVersion } = job.metadata;
      const reference = { apiVersion: apiVersionOf(batchKinds.jobs), kind: batchKinds.jobs.kind, name, namespace, uid, resourceVersion };
      return { status: { ...status, active: [...active, reference], lastScheduleTime: toTime(start.at) } };
    } catch (error) {
      return { status: { ...status, active: orNone(active) }, error };
    }
  }

  async #replace(cronJob: Live<CronJob>, name: string, namespace: string | undefined): Promise<void> {
    let job: Live<Job>;
    try {
      job = await this.#context.client.resource<Job>(batchKinds.jobs).get(name, { namespace });
    } catch (error) {
      this.#recorder.event(subjectOf(KIND, cronJob), 'Warning', 'FailedGet', `Get job: ${messageOf(error)}`);
      throw error;
    }
    if (!(await this.#delete(cronJob, job))) throw new Error(`could not replace job ${namespace}/${name}`);
  }

  /** @returns the job of that time, also when it is there already; undefined when somebody else's has its name. */
  async #create(cronJob: Live<CronJob>, at: number): Promise<Live<Job> | undefined> {
    const { jobTemplate, timeZone } = cronJob.spec;
    const { namespace } = cronJob.metadata;
    const { labels, annotations } = jobTemplate.metadata ?? {};
    const name = jobName(cronJob, at);
    const metadata = {
      name,
      namespace,
      labels,
      annotations: { ...annotations, [SCHEDULED_AT]: new TimeZone(timeZone || 'UTC').format(at) },
      ownerReferences: [newControllerRef(cronJob, KIND)],
    };
    const subject = subjectOf(KIND, cronJob);
    try {
      const job = await this.#context.client
        .resource<Job>(batchKinds.jobs)
        .create({ apiVersion: 'batch/v1', kind: 'Job', metadata, spec: jobTemplate.spec ?? { template: {} } });
      this.#context.metrics.cronJobSkew.observe((this.#context.clock.now() - at) / 1000);
      this.#recorder.event(subject, 'Normal', 'SuccessfulCreate', `Created job ${name}`);
      return job;
    } catch (error) {
      if (isAlreadyExists(error)) {
        const job = await this.#context.client.resource<Job>(batchKinds.jobs).get(name, { namespace });
        return isControlledBy(job, cronJob) ? job : undefined;
      }
      if (!isNamespaceTerminating(error)) {
        this.#recorder.event(subject, 'Warning', 'FailedCreate', `Error creating job: ${messageOf(error)}`);
      }
      throw error;
    }
  }

  /** Deletes finished jobs beyond the limits; what is deleted is active no more, and its end is not told. */
  async #cleanUp(cronJob: Live<CronJob>, jobs: readonly Live<Job>[]): Promise<Status> {
    const { status } = cronJob;
    let active = status.active ?? [];
    for (const job of surplusJobs(cronJob, jobs)) {
      if (await this.#delete(cronJob, job)) active = active.filter(({ uid }) => uid !== job.metadata.uid);
    }
    return { ...status, active: orNone(active) };
  }

  /** @returns whether the job is deleted; an event tells either way. */
  async #delete(cronJob: Live<CronJob>, { metadata }: Live<Job>): Promise<boolean> {
    const subject = subjectOf(KIND, cronJob);
    const { name, namespace } = metadata;
    try {
      await this.#context.client.resource<Job>(batchKinds.jobs).delete(name, { namespace, propagationPolicy: 'Background' });
      this.#recorder.event(subject, 'Normal', 'SuccessfulDelete', `Deleted job ${name}`);
      return true;
    } catch (error) {
      this.#recorder.event(subject, 'Warning', 'FailedDelete', `Deleted job: ${messageOf(error)}`);
      return false;
    }
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const orNone = <T>(list: readonly T[]): T[] | undefined => (list.length > 0 ? [...list] : undefined);
