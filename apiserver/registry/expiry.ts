import { isNotFound, type KindInfo, type KubeObject, keyOf } from '../../api/index.ts';
import type { Clock, Logger, Service, Timer } from '../../runtime/index.ts';
import type { ObjectReader, ObjectWriter } from './objects.ts';

/** How often it is looked what has become too old: objects live up to this much longer. */
const SWEEP_MS = 60_000;
/** Objects deleted at a time. */
const SWEEP_CONCURRENCY = 64;

export interface ExpiryOptions {
  readonly kind: KindInfo;
  /** How long an object lives after its last write. */
  readonly ttlMs: number;
  readonly objects: ObjectReader & ObjectWriter;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Deletes the objects of a kind some time after they were last written: Events. Ages begin anew with the process. */
export class Expiry implements Service {
  readonly #options: ExpiryOptions;
  readonly #writtenAt = new Map<string, number>();
  #listening: Disposable | undefined;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: ExpiryOptions) {
    this.#options = options;
  }

  start(): Promise<void> {
    const { kind, objects, clock } = this.#options;
    this.#listening = objects.onChange(kind, ({ type, object }) => {
      const key = keyOf(object);
      this.#writtenAt.delete(key);
      if (type !== 'DELETED') this.#writtenAt.set(key, clock.now());
    });
    for (const object of objects.list(kind)) this.#writtenAt.set(keyOf(object), createdAt(object) ?? clock.now());
    this.#arm();
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.#stopped = true;
    this.#listening?.[Symbol.dispose]();
    this.#timer?.cancel();
    return Promise.resolve();
  }

  #arm(): void {
    if (this.#stopped) return;
    const { clock, logger, kind } = this.#options;
    this.#timer = clock.setTimer(SWEEP_MS, () => {
      this.#sweep()
        .catch((error: unknown) => logger.warn({ err: error, resource: kind.resource }, 'old objects could not be deleted, trying again'))
        .finally(() => this.#arm());
    });
  }

  async #sweep(): Promise<void> {
    const { clock, ttlMs } = this.#options;
    const before = clock.now() - ttlMs;
    const old = [...this.#writtenAt].filter(([, at]) => at <= before).map(([key]) => key);
    for (let i = 0; i < old.length && !this.#stopped; i += SWEEP_CONCURRENCY) {
      await Promise.all(old.slice(i, i + SWEEP_CONCURRENCY).map((key) => this.#delete(key)));
    }
  }

  async #delete(key: string): Promise<void> {
    const { kind, objects } = this.#options;
    const slash = key.indexOf('/');
    try {
      await objects.delete(kind, key.slice(0, Math.max(slash, 0)), key.slice(slash + 1));
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

const createdAt = ({ metadata }: KubeObject): number | undefined =>
  metadata.creationTimestamp ? Date.parse(metadata.creationTimestamp) : undefined;
