/** A token bucket: `burst` at once, `qps` a second for long. Passive: it is told the time, and sets no timers. */
export class TokenBucket {
  readonly #qps: number;
  readonly #burst: number;
  #tokens: number;
  #lastMs: number;

  constructor(qps: number, burst: number, nowMs: number) {
    this.#qps = qps;
    this.#burst = burst;
    this.#tokens = burst;
    this.#lastMs = nowMs;
  }

  /** Takes a token if there is one. */
  tryTake(nowMs: number): boolean {
    this.#refill(nowMs);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Takes a token, of the future if need be. @returns how long to wait before using it, in milliseconds. */
  reserve(nowMs: number): number {
    this.#refill(nowMs);
    this.#tokens -= 1;
    return this.#tokens >= 0 ? 0 : (-this.#tokens / this.#qps) * 1000;
  }

  #refill(nowMs: number): void {
    const grown = (Math.max(0, nowMs - this.#lastMs) / 1000) * this.#qps;
    this.#tokens = Math.min(this.#burst, this.#tokens + grown);
    this.#lastMs = Math.max(this.#lastMs, nowMs);
  }
}
