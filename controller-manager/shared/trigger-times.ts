import type { Live, Pod, Service } from '../../api/index.ts';
import { msOf, podCondition } from './pods.ts';

interface Seen {
  readonly service: string | undefined;
  readonly pods: ReadonlyMap<string, string>;
}

/**
 * Knows what of a Service's pods was seen at the last look, and so when the first of the changes since then happened: that goes into an
 * annotation, from which others measure how long the news took. Upstream: `staging/src/k8s.io/endpointslice/util/trigger_time_tracker.go`.
 */
export class TriggerTimes {
  readonly #seen = new Map<string, Seen>();

  /** When the first change since the last look happened; undefined when that is not known. */
  look(key: string, service: Live<Service>, pods: readonly Live<Pod>[]): string | undefined {
    const before = this.#seen.get(key);
    const created = service.metadata.creationTimestamp;
    const now = new Map<string, string>();
    const changes: string[] = [];
    for (const pod of pods) {
      const time = podCondition(pod, 'Ready')?.lastTransitionTime;
      if (!time) continue;
      now.set(pod.metadata.name, time);
      if (isAfter(time, before?.pods.get(pod.metadata.name))) changes.push(time);
    }
    if (isAfter(created, before?.service)) changes.push(created);
    this.#seen.set(key, { service: created, pods: now });
    return before ? changes.sort()[0] : created;
  }

  forget(key: string): void {
    this.#seen.delete(key);
  }
}

const isAfter = (time: string, before: string | undefined): boolean => before === undefined || msOf(time) > msOf(before);
