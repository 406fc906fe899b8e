/**
 * Pods whose finalizer a job's controller has taken away, though its cache does not show it yet: they must not be counted twice. Upstream:
 * `pkg/controller/job/tracking_utils.go`.
 */
export class Releases {
  readonly #expected = new Map<string, Set<string>>();

  /** The uids of a job's pods that are expected to be seen without their finalizer. */
  of(job: string): ReadonlySet<string> {
    return new Set(this.#expected.get(job));
  }

  expect(job: string, uids: readonly string[]): void {
    if (uids.length > 0) this.#expected.set(job, new Set([...(this.#expected.get(job) ?? []), ...uids]));
  }

  /** The pod was seen without it, is gone, or still has it since the write failed. */
  observed(job: string, uid: string): void {
    const expected = this.#expected.get(job);
    if (expected?.delete(uid) && expected.size === 0) this.#expected.delete(job);
  }

  forget(job: string): void {
    this.#expected.delete(job);
  }
}
