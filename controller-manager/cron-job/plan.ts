import { CronError, type CronJob, type CronSchedule, type Job, type Live, parseCron } from '../../api/index.ts';
import { finishedConditionOf, isJobFinished } from '../job/conditions.ts';
import { msOf } from '../shared/pods.ts';
import { nextCronTime } from './schedule.ts';
import { TimeZone } from './time-zone.ts';

/** What the next look is later than the time of the schedule, lest clocks that differ a little make it too early. */
const PADDING_MS = 100;
const MISSED_MAX = 100;
const TOO_MANY = 'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew';

type Status = CronJob['status'];
type JobReference = NonNullable<Status['active']>[number];

/** An event about the cron job. */
export interface Told {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

const normal = (reason: string, message: string): Told => ({ type: 'Normal', reason, message });
const warning = (reason: string, message: string): Told => ({ type: 'Warning', reason, message });

/** What a cron job's plan is made from. */
export interface Observed {
  readonly cronJob: Live<CronJob>;
  readonly jobs: readonly Live<Job>[];
  /** Uids of jobs that the status says are active, and the server does not have. */
  readonly missing: ReadonlySet<string>;
  /** Zone of schedules that name none. */
  readonly localTimeZone: string;
  readonly now: number;
}

/** What to do. */
export interface CronPlan {
  readonly events: readonly Told[];
  /** The status, before a job is started. */
  readonly status: Status;
  /** A job to start, after those have been deleted. */
  readonly start: { readonly at: number; readonly replace: readonly JobReference[] } | undefined;
  /** When to look again once that is done; undefined when only a change may bring something about. */
  readonly timing: Timing | undefined;
}

/** When a cron job starts jobs. */
export interface Timing {
  readonly schedule: CronSchedule;
  readonly zone: TimeZone;
}

/** Decides what becomes of a cron job now. Upstream: `syncCronJob`. */
export function planCronJob(observed: Observed): CronPlan {
  const { cronJob } = observed;
  const { status, events } = reviewJobs(observed);
  const nothing = (...more: readonly Told[]): CronPlan => ({ events: [...events, ...more], status, start: undefined, timing: undefined });
  if (cronJob.metadata.deletionTimestamp) return nothing();
  const zoneError = unknownZone(cronJob);
  if (zoneError) return nothing(zoneError);
  if (cronJob.spec.suspend) return nothing();
  const unsupported = unsupportedSchedule(cronJob);
  const timing = timingOf(cronJob, observed.localTimeZone);
  if ('type' in timing) return nothing(...unsupported, timing);
  const next = planStart({ ...observed, cronJob: { ...cronJob, status } }, timing);
  return { events: [...events, ...unsupported, ...next.events], status, start: next.start, timing: next.isInvalid ? undefined : timing };
}

/** What the jobs have come to: the active list, the last success, and what there is to tell. */
function reviewJobs({ cronJob, jobs, missing }: Observed): { status: Status; events: Told[] } {
  const { status } = cronJob;
  const known = new Set(status.active?.map(({ uid }) => uid));
  const ended = new Set(jobs.filter(isJobFinished).map(({ metadata }) => metadata.uid));
  const events = jobs.flatMap((job) => aboutJob(job, known.has(job.metadata.uid)));
  const left = (status.active ?? []).filter(({ uid = '' }) => !ended.has(uid));
  for (const { name, uid = '' } of left) if (missing.has(uid)) events.push(normal('MissingJob', `Active job went missing: ${name}`));
  const active = left.filter(({ uid = '' }) => !missing.has(uid));
  return { status: { ...status, active: active.length > 0 ? active : undefined, lastSuccessfulTime: lastSuccess(status, jobs) }, events };
}

function aboutJob(job: Live<Job>, isKnown: boolean): Told[] {
  const { name } = job.metadata;
  const end = finishedConditionOf(job);
  if (isKnown && end) return [normal('SawCompletedJob', `Saw completed job: ${name}, condition: ${end.type}`)];
  return isKnown || end ? [] : [warning('UnexpectedJob', `Saw a job that the controller did not create or forgot: ${name}`)];
}

function lastSuccess({ lastSuccessfulTime }: Status, jobs: readonly Live<Job>[]): Status['lastSuccessfulTime'] {
  let last = lastSuccessfulTime;
  for (const job of jobs) {
    const { completionTime } = job.status;
    const isComplete = finishedConditionOf(job)?.type === 'Complete';
    if (isComplete && completionTime && (!last || msOf(completionTime) > msOf(last))) last = completionTime;
  }
  return last;
}

function unknownZone({ spec }: CronJob): Told | undefined {
  const { timeZone } = spec;
  if (timeZone === undefined || zoneOf(timeZone)) return undefined;
  return warning('UnknownTimeZone', `invalid timeZone: ${JSON.stringify(timeZone)}: unknown time zone ${timeZone}`);
}

function zoneOf(name: string): TimeZone | undefined {
  try {
    return new TimeZone(name === '' ? 'UTC' : name);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** A zone within the schedule works, since upstream's library knows it; new cron jobs are refused it. */
const ZONE_WITHIN = /^(?:CRON_)?TZ=(\S*)/;

const unsupportedSchedule = ({ spec }: CronJob): Told[] =>
  spec.schedule.includes('TZ')
    ? [
        warning(
          'UnsupportedSchedule',
          `CRON_TZ or TZ used in schedule ${JSON.stringify(spec.schedule)} is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details`,
        ),
      ]
    : [];

/** The cron job's schedule in its zone, or the event that says why there is none. */
export function timingOf({ spec }: CronJob, localTimeZone: string): Timing | Told {
  const { schedule: text, timeZone } = spec;
  const failed = (why: string) => warning('UnparseableSchedule', `unparseable schedule: ${JSON.stringify(text)} : ${why}`);
  const name = ZONE_WITHIN.exec(text)?.[1] ?? timeZone ?? localTimeZone;
  const zone = zoneOf(name);
  if (!zone) return failed(`provided bad location ${name}: unknown time zone ${name}`);
  try {
    return { schedule: parseCron(text), zone };
  } catch (error) {
    if (error instanceof CronError) return failed(error.message);
    throw error;
  }
}

interface StartPlan {
  readonly events: readonly Told[];
  readonly start?: CronPlan['start'];
  /** Whether the schedule names no time at all. */
  readonly isInvalid?: boolean;
}

function planStart({ cronJob, now }: Observed, timing: Timing): StartPlan {
  const { spec, status } = cronJob;
  const { latest, missed, error } = missedTimes(cronJob, timing, now, true);
  if (error !== undefined)
    return { events: [warning('InvalidSchedule', `invalid schedule: ${spec.schedule} : ${error}`)], isInvalid: true };
  if (latest === undefined) return { events: [] };
  const events = missed > MISSED_MAX ? [warning('TooManyMissedTimes', TOO_MANY)] : [];
  const { startingDeadlineSeconds, concurrencyPolicy } = spec;
  if (startingDeadlineSeconds !== undefined && latest + startingDeadlineSeconds * 1000 < now) {
    return { events: [...events, warning('MissSchedule', `Missed scheduled time to start a job: ${rfc1123(latest)}`)] };
  }
  const active = status.active ?? [];
  const isStarted = active.some(({ name }) => name === jobName(cronJob, latest)) || msOf(status.lastScheduleTime) === latest;
  if (isStarted) return { events };
  if (concurrencyPolicy === 'Forbid' && active.length > 0) {
    const message = 'Not starting job because prior execution is running and concurrency policy is Forbid';
    return { events: [...events, normal('JobAlreadyActive', message)] };
  }
  return { events, start: { at: latest, replace: concurrencyPolicy === 'Replace' ? active : [] } };
}

/** `Thu, 01 Jan 2026 10:00:00 +0000`, as Go's RFC1123Z. */
const rfc1123 = (at: number): string => new Date(at).toUTCString().replace('GMT', '+0000');

interface Missed {
  /** From when on times count. */
  readonly since: number;
  /** The last time that has come; undefined when none has. */
  readonly latest: number | undefined;
  /** About how many have, none of them but the last to be made up for. */
  readonly missed: number;
  /** Why the schedule makes no sense. */
  readonly error?: string;
}

/** The times that have come since a job was last started. Upstream: `mostRecentScheduleTime`. */
function missedTimes({ metadata, spec, status }: Live<CronJob>, { schedule, zone }: Timing, now: number, withDeadline: boolean): Missed {
  let since = msOf(status.lastScheduleTime ?? metadata.creationTimestamp);
  if (withDeadline && spec.startingDeadlineSeconds !== undefined) since = Math.max(since, now - spec.startingDeadlineSeconds * 1000);
  const first = nextCronTime(schedule, zone, since);
  const second = first === undefined ? undefined : nextCronTime(schedule, zone, first);
  if (first === undefined || second === undefined) {
    return { since, latest: undefined, missed: 0, error: 'time difference between two schedules is less than 1 second' };
  }
  if (now < first) return { since, latest: undefined, missed: 0 };
  if (now < second) return { since, latest: first, missed: 0 };
  // The times between are not walked through: there may be millions. Two steps back from where the last is, if all are as far apart.
  const interval = second - first;
  const missed = Math.floor((now - first) / interval) + 1;
  let latest: number | undefined;
  let next = nextCronTime(schedule, zone, first + (missed - 2) * interval);
  for (; next !== undefined && next <= now; next = nextCronTime(schedule, zone, next)) latest = next;
  return { since, latest, missed };
}

/** In how many milliseconds the cron job is due again; undefined for a schedule that names no time. Upstream: `nextScheduleTimeDuration`. */
export function dueInMs(cronJob: Live<CronJob>, timing: Timing, now: number): number | undefined {
  const { since, latest, missed, error } = missedTimes(cronJob, timing, now, false);
  const from = latest ?? (error === undefined && missed === 0 ? since : now);
  const next = nextCronTime(timing.schedule, timing.zone, from);
  return next === undefined ? undefined : next + PADDING_MS - now;
}

/** The name of the job of this time: always the same, so that it is not started twice. */
export const jobName = ({ metadata }: Live<CronJob>, at: number): string => `${metadata.name}-${Math.floor(at / 60_000)}`;

/** Finished jobs beyond the history limits, the oldest first. Upstream: `cleanupFinishedJobs`. */
export function surplusJobs({ spec }: CronJob, jobs: readonly Live<Job>[]): Live<Job>[] {
  const beyond = (type: string, limit: number | undefined) => {
    const ended = jobs.filter((job) => finishedConditionOf(job)?.type === type).sort(byStart);
    return limit === undefined ? [] : ended.slice(0, Math.max(0, ended.length - limit));
  };
  return [...beyond('Complete', spec.successfulJobsHistoryLimit), ...beyond('Failed', spec.failedJobsHistoryLimit)];
}

function byStart(a: Live<Job>, b: Live<Job>): number {
  const startA = a.status.startTime ? msOf(a.status.startTime) : Number.POSITIVE_INFINITY;
  const startB = b.status.startTime ? msOf(b.status.startTime) : Number.POSITIVE_INFINITY;
  return startA === startB ? (a.metadata.name < b.metadata.name ? -1 : 1) : startA - startB;
}
