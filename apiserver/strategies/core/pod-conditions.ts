import { type PodCondition, type PodStatus, toTime } from '../../../api/index.ts';

/** A condition before it is written: without times. */
export type NewCondition = Pick<PodCondition, 'type' | 'status' | 'reason' | 'message'>;

/** Sets a condition; the time of its last change stays where the status does. */
export function setPodCondition(status: PodStatus, condition: NewCondition, now: number): void {
  const conditions = status.conditions ?? [];
  const i = conditions.findIndex(({ type }) => type === condition.type);
  const old = conditions[i];
  const unchanged = old?.status === condition.status && old.lastTransitionTime;
  const written: PodCondition = {
    type: condition.type,
    status: condition.status,
    ...NO_PROBE,
    lastTransitionTime: unchanged ? old.lastTransitionTime : toTime(now),
    ...(condition.reason ? { reason: condition.reason } : {}),
    ...(condition.message ? { message: condition.message } : {}),
  };
  status.conditions = old ? conditions.with(i, written) : [...conditions, written];
}

/** A time that was never set is written as null, which the type of times does not say. */
const NO_PROBE: Pick<PodCondition, 'lastProbeTime'> = JSON.parse('{"lastProbeTime":null}');
