import { type KubeObject, type Live, toTime } from '../../../../api/index.ts';
import type { Clock } from '../../../../runtime/index.ts';
import type { PodClient } from './pod-client.ts';

/** Events that are counted when they come again; beyond, the oldest is told anew. */
const EVENTS_MAX = 500;

interface Told {
  readonly path: string;
  count: number;
}

/** What is told of an object. */
export interface Telling {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/** The events that a program in a pod tells; the same one again is counted. Upstream: `tools/record/events_cache.go`. */
export class PodEvents {
  readonly #component: string;
  readonly #clock: Clock;
  readonly #told = new Map<string, Told>();

  constructor(component: string, clock: Clock) {
    this.#component = component;
    this.#clock = clock;
  }

  async tell(client: PodClient, object: Live<KubeObject>, { type, reason, message }: Telling): Promise<void> {
    const { name, namespace, uid, resourceVersion } = object.metadata;
    const now = toTime(this.#clock.now());
    const key = JSON.stringify([uid, type, reason, message]);
    const before = this.#told.get(key);
    if (before) {
      before.count++;
      await client.merge(before.path, { count: before.count, lastTimestamp: now });
      return;
    }
    const path = `/api/v1/namespaces/${namespace ?? 'default'}/events`;
    const made = (await client.create(path, {
      metadata: { generateName: `${name}.`, namespace: namespace ?? 'default' },
      involvedObject: { apiVersion: object.apiVersion, kind: object.kind, name, namespace, uid, resourceVersion },
      type,
      reason,
      message,
      source: { component: this.#component },
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
    })) as KubeObject;
    this.#told.set(key, { path: `${path}/${made.metadata.name}`, count: 1 });
    const [oldest] = this.#told.keys();
    if (this.#told.size > EVENTS_MAX && oldest !== undefined) this.#told.delete(oldest);
  }
}
