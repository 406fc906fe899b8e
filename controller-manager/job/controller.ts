import {
  batchKinds,
  coreKinds,
  fromLabelSelector,
  isNotFound,
  type Job,
  type JobCondition,
  keyOf,
  type Live,
  type OwnerReference,
  type Pod,
  toTime,
} from '../../api/index.ts';
import {
  controllerOf,
  type EventRecorder,
  Expectations,
  type Informer,
  runController,
  slowStartBatch,
  WorkQueue,
} from '../../client/index.ts';
import type { Controller, ControllerContext, ControllerDescriptor } from '../context.ts';
import { BY_CONTROLLER, ORPHANS } from '../informers.ts';
import { earliest } from '../shared/earliest.ts';
import { deepEqual } from '../shared/equality.ts';
import { Losses } from '../shared/losses.ts';
import { PacedQueue } from '../shared/paced-queue.ts';
import { isNamespaceTerminating, OwnerControl, PodControl } from '../shared/pod-control.ts';
import { isPodReady } from '../shared/pods.ts';
import { StaleGuard } from '../shared/stale-guard.ts';
import { subjectOf } from '../shared/subject.ts';
import { type BackoffRecord, NO_FAILURES } from './backoff.ts';
import { isJobFinished } from './conditions.ts';
import { type JobAction, JobCounts } from './counts.ts';
import { isTracked, TRACKING_FINALIZER } from './marks.ts';
import { completionsReached, deadlineLeftMs, isComplete, type PodsPlan, planPods, planSuspension, verdictOf } from './plan.ts';
import { Releases } from './releases.ts';
import { podOf } from './template.ts';
import { countReleased, finish, planTracking, type Tracking } from './tracking.ts';
import { isSuspended, type Observed, type View, viewOf } from './view.ts';

const KIND = batchKinds.jobs;
/** The value of `managedBy` that is as good as none. */
const OWN_NAME = 'kubernetes.io/job-controller';
/** What the queue of pods without a job is called in metrics, as upstream's. */
const ORPHANS_NAME = 'job_orphan_pod';
/** How often at most a job is looked at for its pods' sake. */
const PACE_MS = 100;
/** After what went wrong a job is looked at again less soon than other objects, and within a minute. */
const BACKOFF = { backoffMs: 1_000, backoffMsMax: 60_000 };
const SLOW_START_BATCH = 1;

export const jobController: ControllerDescriptor = {
  name: 'job-controller',
  alias: 'job',
  create: (context) => new JobController(context),
};

/** What a reconcile has done to pods, and what it makes of the job. */
interface Outcome {
  readonly status: Job['status'];
  readonly verdict: JobCondition | undefined;
  readonly error?: unknown;
  readonly requeueAfterMs?: number | undefined;
  readonly action: JobAction;
}

/** How many pods were deleted, and how many of them were ready. */
interface Deleted {
  readonly count: number;
  readonly ready: number;
  readonly error: unknown;
}

/** Runs pods until enough of them have succeeded. Pods are created and deleted as in R1 and R2 of ReplicaSets, and counted as in tracking.ts. */
class JobController implements Controller {
  readonly #context: ControllerContext;
  readonly #queue: PacedQueue;
  /** Pods that may have to lose the finalizer, since no job will count them. */
  readonly #orphans: WorkQueue;
  readonly #expectations: Expectations;
  readonly #releases = new Releases();
  readonly #backoff = new Map<string, BackoffRecord>();
  readonly #jobs: Informer<Job>;
  readonly #pods: Informer<Pod>;
  readonly #stale = new StaleGuard();
  readonly #losses: Losses;
  readonly #podControl: PodControl;
  readonly #owners: OwnerControl;
  readonly #counts: JobCounts;
  readonly #recorder: EventRecorder;

  constructor(context: ControllerContext) {
    const { client, clock, informers } = context;
    this.#context = context;
    this.#queue = new PacedQueue({ clock, paceMs: PACE_MS, ...BACKOFF });
    this.#orphans = new WorkQueue({ clock, ...BACKOFF });
    this.#expectations = new Expectations(clock);
    this.#jobs = informers.jobs();
    this.#pods = informers.pods();
    this.#counts = new JobCounts(context.metrics);
    this.#recorder = context.recorder('job-controller');
    this.#losses = new Losses(client, KIND);
    this.#podControl = new PodControl(client, KIND, this.#recorder);
    this.#owners = new OwnerControl(client, KIND, coreKinds.pods, TRACKING_FINALIZER);
    this.#listen();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger, settings } = this.#context;
    const shared = { clock, logger, signal };
    await Promise.all([
      runController({
        ...shared,
        name: jobController.name,
        queue: this.#queue,
        workers: settings.concurrentJobSyncs,
        reconcile: (key) => this.#reconcile(key),
      }),
      runController({ ...shared, name: ORPHANS_NAME, queue: this.#orphans, workers: 1, reconcile: (key) => this.#releaseOrphan(key) }),
    ]);
  }

  #listen(): void {
    this.#jobs.addHandler({
      onAdd: (job) => {
        if (isForeign(job)) this.#counts.foreign(job);
        this.#onJob(job);
      },
      onUpdate: (job, old) => {
        if (job.metadata.generation === old.metadata.generation && !isJobFinished(job)) this.#queue.addPaced(keyOf(job));
        else this.#onJob(job);
      },
      onDelete: (job) => {
        // One of the same name may be there already.
        this.#forget(keyOf(job));
        this.#onJob(job, true);
      },
    });
    this.#pods.addHandler({
      onAdd: (pod) => {
        this.#counts.podChanged(pod, undefined);
        this.#onPod(pod);
      },
      onUpdate: (pod, old) => {
        this.#counts.podChanged(pod, old);
        const before = this.#jobOf(old);
        if (before && controllerOf(old)?.uid !== controllerOf(pod)?.uid) this.#onPodOf(before, pod, true);
        this.#onPod(pod, old);
      },
      onDelete: (pod) => {
        this.#counts.podChanged(undefined, pod);
        this.#onPod(pod, undefined, true);
      },
    });
  }

  /** What was expected of one that is gone, and how its pods failed. */
  #forget(key: string): void {
    this.#expectations.forget(key);
    this.#releases.forget(key);
    this.#backoff.delete(key);
    this.#losses.forget(key);
  }

  #onJob(job: Live<Job>, isGone = false): void {
    this.#queue.add(keyOf(job));
    if (!isGone && !isJobFinished(job)) return;
    for (const pod of this.#pods.byIndex(BY_CONTROLLER, job.metadata.uid)) if (isTracked(pod)) this.#orphans.add(keyOf(pod));
  }

  #onPod(pod: Live<Pod>, old?: Live<Pod>, isGone = false): void {
    const job = this.#jobOf(pod);
    if (isTracked(pod) && !isGone && (!job || isJobFinished(job))) this.#orphans.add(keyOf(pod));
    if (job) {
      if (!old && !isGone && !pod.metadata.deletionTimestamp) this.#expectations.creationObserved(keyOf(job));
      this.#onPodOf(job, pod, isGone || !isTracked(pod));
    } else if (!controllerOf(pod) && pod.metadata.labels && !isGone) {
      this.#wakeMatching(pod);
    }
  }

  /** @param isReleased whether the finalizer, or the whole pod, is gone. */
  #onPodOf(job: Live<Job>, pod: Live<Pod>, isReleased: boolean): void {
    const key = keyOf(job);
    if (pod.metadata.deletionTimestamp) this.#losses.note(key);
    if (pod.metadata.deletionTimestamp || isReleased) this.#expectations.deletionObserved(key, pod.metadata.uid);
    if (isReleased) this.#releases.observed(key, pod.metadata.uid);
    this.#queue.addPaced(key);
  }

  #wakeMatching(pod: Live<Pod>): void {
    for (const job of this.#jobs.list(pod.metadata.namespace)) {
      if (fromLabelSelector(job.spec.selector).matches(pod.metadata.labels)) this.#queue.addPaced(keyOf(job));
    }
  }

  #jobOf(pod: Live<Pod>): Live<Job> | undefined {
    const reference = controllerOf(pod);
    if (reference?.kind !== KIND.kind) return undefined;
    const job = this.#jobs.get(pod.metadata.namespace, reference.name);
    return job?.metadata.uid === reference.uid ? job : undefined;
  }

  /** Takes the finalizer from a pod that no job will count: it has none, or that is over. */
  async #releaseOrphan(key: string): Promise<void> {
    const pod = this.#pods.getByKey(key);
    if (!pod || !isTracked(pod)) return;
    const reference = controllerOf(pod);
    if (reference && (reference.kind !== KIND.kind || reference.apiVersion !== 'batch/v1')) return;
    if (reference && (await this.#mayBeCounted(pod, reference))) return;
    await this.#removeFinalizer(pod);
  }

  /** Whether the pod's job is there and has not ended, or is another controller's; the server is asked for one that the cache does not have. */
  async #mayBeCounted(pod: Live<Pod>, { name, uid }: OwnerReference): Promise<boolean> {
    const { namespace } = pod.metadata;
    try {
      const job = this.#jobOf(pod) ?? (await this.#context.client.resource<Job>(KIND).get(name, { namespace }));
      return job.metadata.uid === uid && (isForeign(job) || !isJobFinished(job));
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  async #reconcile(key: string): Promise<{ requeueAfterMs: number | undefined } | undefined> {
    const job = this.#jobs.getByKey(key);
    if (!job) {
      this.#forget(key);
      this.#queue.drop(key);
      this.#stale.forget(key);
    }
    if (job && isJobFinished(job)) this.#backoff.delete(key);
    if (!job || isForeign(job) || isJobFinished(job) || this.#stale.isStale(job)) return undefined;
    const { clock } = this.#context;
    const begin = clock.monotonic();
    let action: JobAction = 'reconciling';
    const count = (result: 'success' | 'error') => this.#counts.synced(job, { result, action }, clock.monotonic() - begin);
    try {
      const outcome = await this.#sync(key, job);
      action = outcome.action;
      if (outcome.error !== undefined) throw outcome.error;
      count('success');
      return { requeueAfterMs: outcome.requeueAfterMs };
    } catch (error) {
      count('error');
      throw error;
    }
  }

  async #sync(key: string, job: Live<Job>): Promise<Outcome> {
    const observed = await this.#observe(key, job);
    const view = viewOf(observed);
    const verdict = verdictOf(observed, view);
    const outcome = verdict ? await this.#end(observed, view, verdict) : await this.#manage(key, observed, view);
    await this.#track(key, observed, view, outcome);
    return outcome;
  }

  async #observe(key: string, job: Live<Job>): Promise<Observed> {
    // Asked before pods are read: one that comes in between must not make them look complete, nor be counted once more.
    const waitMs = this.#expectations.waitMs(key);
    const released = this.#releases.of(key);
    const { namespace = '', uid } = job.metadata;
    const candidates = [...this.#pods.byIndex(BY_CONTROLLER, uid), ...this.#pods.byIndex(ORPHANS, namespace)];
    const selector = fromLabelSelector(job.spec.selector);
    const pods = await this.#owners.claim(job, candidates, ({ metadata }) => selector.matches(metadata.labels));
    const backoff = this.#backoff.get(key) ?? NO_FAILURES;
    return { job, pods, released, backoff, waitMs, now: this.#context.clock.now() };
  }

  /** Deletes what still runs of a job that is to end; their finalizers stay until they are counted. */
  async #end({ job, waitMs, now }: Observed, view: View, verdict: JobCondition): Promise<Outcome> {
    const deleted = await deleteAll(view.active, (pod) => this.#podControl.delete(job, pod));
    const status = statusOf(job, now, {
      active: view.active.length - deleted.count,
      ready: view.ready - deleted.ready,
      terminating: view.terminating + deleted.count,
    });
    // Not before all are seen to go: there may be more that the cache does not know yet.
    const isSure = waitMs === undefined && deleted.count === view.active.length;
    return { status, verdict: isSure ? verdict : undefined, error: deleted.error, requeueAfterMs: waitMs, action: 'reconciling' };
  }

  /** Deletes and creates pods of a job that goes on, and tells when it is complete, suspended or resumed. */
  async #manage(key: string, observed: Observed, view: View): Promise<Outcome> {
    const { job, now } = observed;
    const mayChange = observed.waitMs === undefined && !job.metadata.deletionTimestamp;
    const plan: PodsPlan = mayChange ? planPods(observed, view) : { remove: [], create: [], waitMs: observed.waitMs };
    const deleted = await this.#removePods(key, job, plan.remove);
    const created = await this.#createPods(key, job, view, plan.create);
    const active = view.active.length - deleted.count + created.count;
    let status = statusOf(job, now, { active, ready: view.ready - deleted.ready, terminating: view.terminating + deleted.count });
    const verdict = isComplete(job, view.succeeded, active) ? completionsReached(now) : undefined;
    const change = verdict || !mayChange ? undefined : planSuspension(job, now);
    if (change) {
      this.#recorder.event(subjectOf(KIND, job), 'Normal', change.reason, `Job ${change.reason.toLowerCase()}`);
      status = { ...status, conditions: change.conditions, ...(change.reason === 'Resumed' ? { startTime: toTime(now) } : {}) };
    }
    const requeueAfterMs = earliest(plan.waitMs, deadlineLeftMs({ ...observed, job: { ...job, status } }));
    const action = mayChange ? actionOf(job, plan) : 'reconciling';
    this.#counts.podsCreated(job, view, { succeeded: created.count, failed: created.error === undefined ? 0 : 1 });
    return { status, verdict, error: deleted.error ?? created.error, requeueAfterMs, action };
  }

  /** Deletes pods that are too many: they do not count, so they are not waited for. */
  #removePods(key: string, job: Live<Job>, pods: readonly Live<Pod>[]): Promise<Deleted> {
    if (pods.length > 0) {
      this.#expectations.expectDeletions(
        key,
        pods.map(({ metadata }) => metadata.uid),
      );
    }
    return deleteAll(pods, async (pod) => {
      try {
        await this.#removeFinalizer(pod);
        await this.#podControl.delete(job, pod);
      } catch (error) {
        this.#expectations.deletionObserved(key, pod.metadata.uid);
        throw error;
      }
    });
  }

  async #createPods(
    key: string,
    job: Live<Job>,
    { indexes }: View,
    create: PodsPlan['create'],
  ): Promise<{ count: number; error?: unknown }> {
    if (create.length === 0 || !(await this.#losses.mayReplace(job))) return { count: 0 };
    this.#expectations.expectCreations(key, create.length);
    const { successes, error } = await slowStartBatch(create.length, SLOW_START_BATCH, async (i) => {
      const index = create[i];
      const { generateName, template } = podOf(job, index, index === undefined ? undefined : indexes?.awaitingReplacement.get(index));
      try {
        await this.#podControl.create(job, template, generateName);
      } catch (cause) {
        if (!isNamespaceTerminating(cause)) throw cause;
      }
    });
    this.#expectations.creationObserved(key, create.length - successes);
    return { count: successes, error };
  }

  /** Counts the pods that have ended, and ends the job. */
  async #track(key: string, observed: Observed, view: View, { status, verdict }: Outcome): Promise<void> {
    const tracking = planTracking(observed, view, status, verdict);
    let job = await this.#writeStatus(observed.job, tracking.status);
    this.#backoff.set(key, view.backoff);
    this.#counts.judged(tracking.judged);
    const { tracked, error } = await this.#release(key, tracking);
    const counted = countReleased(job.status, tracked);
    if (error !== undefined) {
      await this.#writeStatus(job, counted);
      this.#counts.podsCounted(observed.job, counted);
      throw error;
    }
    const finished = finish(counted, tracking.finished, this.#context.clock.now());
    job = await this.#writeStatus(job, finished ?? counted);
    this.#counts.podsCounted(observed.job, counted);
    if (finished && tracking.finished) this.#tellEnd(job, tracking.finished);
  }

  /** @returns the uids of pods that still have their finalizer. */
  async #release(key: string, { release, tracked }: Tracking): Promise<{ tracked: ReadonlySet<string>; error?: unknown }> {
    this.#releases.expect(
      key,
      release.map(({ metadata }) => metadata.uid),
    );
    const outcomes = await Promise.allSettled(
      release.map(async (pod) => {
        try {
          if (!(await this.#removeFinalizer(pod))) this.#releases.observed(key, pod.metadata.uid);
        } catch (error) {
          this.#releases.observed(key, pod.metadata.uid);
          throw error;
        }
        return pod.metadata.uid;
      }),
    );
    const gone = new Set(outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : [])));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    return { tracked: new Set([...tracked].filter((uid) => !gone.has(uid))), error: failed?.reason };
  }

  /** @returns false when the pod is gone. */
  async #removeFinalizer(pod: Live<Pod>): Promise<boolean> {
    const { name, namespace, uid } = pod.metadata;
    if (!isTracked(pod)) return true;
    const body = { metadata: { uid, '$deleteFromPrimitiveList/finalizers': [TRACKING_FINALIZER] } };
    try {
      await this.#context.client.resource<Pod>(coreKinds.pods).patch(name, body, { namespace, type: 'strategic' });
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  async #writeStatus(job: Live<Job>, status: Job['status']): Promise<Live<Job>> {
    if (deepEqual(job.status, status)) return job;
    const written = await this.#context.client.resource<Job>(KIND).updateStatus({ ...job, status });
    this.#stale.wrote(job, written);
    return written;
  }

  #tellEnd(job: Live<Job>, { type, reason = '', message = '' }: JobCondition): void {
    this.#counts.finished(job, { type, reason });
    const subject = subjectOf(KIND, job);
    if (type === 'Failed') {
      this.#recorder.event(subject, 'Warning', reason, message);
      return;
    }
    if ((job.status.succeeded ?? 0) > (job.spec.completions ?? Number.POSITIVE_INFINITY)) {
      const tooMany = 'Too many succeeded pods running after completion count reached';
      this.#recorder.event(subject, 'Warning', 'TooManySucceededPods', tooMany);
    }
    this.#recorder.event(subject, 'Normal', 'Completed', 'Job completed');
  }
}

/** Whether another controller looks after the job. */
const isForeign = ({ spec }: Job): boolean => spec.managedBy !== undefined && spec.managedBy !== OWN_NAME;

/** What metrics call it: pods that wait for their back-off count as created, as upstream's `manageJob` says. */
function actionOf(job: Live<Job>, { remove, create, waitMs }: PodsPlan): JobAction {
  if (isSuspended(job) || remove.length > 0) return 'pods_deleted';
  return create.length > 0 || waitMs !== undefined ? 'pods_created' : 'tracking';
}

/** The job's status with these counts; it begins now, unless it is suspended or has begun. */
function statusOf(job: Live<Job>, now: number, counts: { active: number; ready: number; terminating: number }): Job['status'] {
  const { status } = job;
  const startTime = status.startTime ?? (isSuspended(job) ? undefined : toTime(now));
  const uncountedTerminatedPods = status.uncountedTerminatedPods ?? {};
  return { ...status, ...counts, active: counts.active || undefined, startTime, uncountedTerminatedPods };
}

/** Deletes pods, all at once; one that is gone counts as deleted. */
async function deleteAll(pods: readonly Live<Pod>[], remove: (pod: Live<Pod>) => Promise<void>): Promise<Deleted> {
  const outcomes = await Promise.allSettled(pods.map(remove));
  const failed = outcomes.map((outcome) => outcome.status === 'rejected' && !isNotFound(outcome.reason));
  const reason = outcomes.find((outcome, i) => failed[i] && outcome.status === 'rejected');
  return {
    count: failed.filter((isFailed) => !isFailed).length,
    ready: pods.filter((pod, i) => isPodReady(pod) && !failed[i]).length,
    error: reason?.status === 'rejected' ? reason.reason : undefined,
  };
}
