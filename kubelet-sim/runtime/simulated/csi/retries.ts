import type { KubeObject, Live } from '../../../../api/index.ts';
import type { Clock } from '../../../../runtime/index.ts';

/** As the sidecars' `--retry-interval-start` and `--retry-interval-max`. */
const FIRST_MS = 1_000;
const MAX_MS = 300_000;

interface Failure {
  readonly version: string;
  readonly delayMs: number;
  readonly dueAt: number;
}

/** When what failed is tried again: each time after twice the wait, and at once when the object has changed. */
export class Retries {
  readonly #failures = new Map<string, Failure>();

  /** Does what is due for an object. @param told when it failed, which is tried again later */
  async attempt(
    object: Live<KubeObject>,
    clock: Pick<Clock, 'now'>,
    step: () => Promise<void>,
    told: (error: unknown) => void,
  ): Promise<void> {
    if (!this.isDue(object, clock.now())) return;
    await step().catch((error: unknown) => {
      told(error);
      this.failed(object, clock.now());
    });
  }

  isDue({ metadata }: Live<KubeObject>, now: number): boolean {
    const failure = this.#failures.get(metadata.uid);
    return !failure || now >= failure.dueAt || failure.version !== metadata.resourceVersion;
  }

  /** @param version of the object after what was written about the failure */
  failed({ metadata }: Live<KubeObject>, now: number, version = metadata.resourceVersion): void {
    const before = this.#failures.get(metadata.uid);
    const delayMs = Math.min(before ? before.delayMs * 2 : FIRST_MS, MAX_MS);
    this.#failures.set(metadata.uid, { version, delayMs, dueAt: now + delayMs });
  }

  /** What would fail again is tried after the longest wait. */
  infeasible({ metadata }: Live<KubeObject>, now: number): void {
    this.#failures.set(metadata.uid, { version: metadata.resourceVersion, delayMs: MAX_MS, dueAt: now + MAX_MS });
  }

  /** It is left alone until it changes. */
  dropped({ metadata }: Live<KubeObject>): void {
    this.#failures.set(metadata.uid, { version: metadata.resourceVersion, delayMs: FIRST_MS, dueAt: Number.POSITIVE_INFINITY });
  }

  succeeded({ metadata }: Live<KubeObject>): void {
    this.#failures.delete(metadata.uid);
  }

  /** Forgets those that are gone. */
  keepOnly(uids: ReadonlySet<string>): void {
    for (const uid of this.#failures.keys()) if (!uids.has(uid)) this.#failures.delete(uid);
  }
}
