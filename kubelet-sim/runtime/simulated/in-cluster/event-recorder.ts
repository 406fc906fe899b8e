import { toTime } from '../../../../api/index.ts';
import type { ProcessContext } from '../program.ts';
import { ask, type InCluster } from './in-cluster.ts';

/** What an event is about. */
export interface EventTarget {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string | undefined;
    readonly uid: string;
    readonly resourceVersion: string;
  };
}

/** What is told of it. */
export interface Told {
  readonly type?: 'Normal' | 'Warning' | undefined;
  readonly reason: string;
  readonly message: string;
}

/** Events remembered, so that the same again is counted. */
const REMEMBERED_MAX = 1000;

/** Writes events as client-go's recorder does: what is said again is counted. What cannot be written is lost. */
export class EventRecorder {
  readonly #context: ProcessContext;
  readonly #server: InCluster;
  readonly #component: string;
  readonly #said = new Map<string, { readonly name: string; count: number }>();
  /** One after another: the second of two that are the same counts the first one up. */
  #last: Promise<void> = Promise.resolve();

  constructor(context: ProcessContext, server: InCluster, component: string) {
    this.#context = context;
    this.#server = server;
    this.#component = component;
  }

  /** @param failed told when it could not be written */
  record(target: EventTarget, { type = 'Normal', reason, message }: Told, failed: (error: unknown) => void): void {
    this.#last = this.#last.then(() => this.#write(target, { type, reason, message })).catch(failed);
  }

  async #write(target: EventTarget, said: Required<Told>): Promise<void> {
    const { name, namespace = 'default', uid, resourceVersion } = target.metadata;
    const now = this.#context.clock.now();
    const time = toTime(now);
    const path = `/api/v1/namespaces/${namespace}/events`;
    const key = `${uid} ${said.type} ${said.reason} ${said.message}`;
    const before = this.#said.get(key);
    if (before) {
      before.count++;
      const body = { count: before.count, lastTimestamp: time };
      await ask(this.#context, this.#server, { method: 'PATCH', path: `${path}/${before.name}`, body });
      return;
    }
    const own = `${name}.${(BigInt(Math.floor(now)) * 1_000_000n + BigInt(Math.floor(this.#context.random.next() * 1e6))).toString(16)}`;
    const [first] = this.#said.keys();
    if (first !== undefined && this.#said.size >= REMEMBERED_MAX) this.#said.delete(first);
    await ask(this.#context, this.#server, {
      method: 'POST',
      path,
      body: {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: own, namespace },
        involvedObject: { apiVersion: target.apiVersion, kind: target.kind, name, namespace, uid, resourceVersion },
        ...said,
        source: { component: this.#component },
        firstTimestamp: time,
        lastTimestamp: time,
        count: 1,
        reportingComponent: this.#component,
        reportingInstance: '',
      },
    });
    this.#said.set(key, { name: own, count: 1 });
  }
}
