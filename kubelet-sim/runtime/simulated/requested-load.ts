import type { LoadCurve } from '../cri.ts';
import { areaUntil, capped } from './load-curve.ts';

/** What one request asks for; until when counts from the container's start. */
interface Share {
  readonly amount: number;
  readonly untilMs: number;
}

/** A use that is asked for, each time for a while: what several ask for adds up. What is over is kept as its mean alone. */
export class RequestedLoad {
  readonly #base: number;
  #shares: readonly Share[] = [];
  #sinceMs = 0;
  #meanBefore = 0;

  /** @param base what is used when nothing is asked for */
  constructor(base: number) {
    this.#base = base;
  }

  /** Asks for more from now on. @param limit what was used until now was at most this */
  add(amount: number, { nowMs, forMs, limit }: { readonly nowMs: number; readonly forMs: number; readonly limit: number }): void {
    this.#meanBefore = nowMs > 0 ? areaUntil(capped(this.curve(), limit), nowMs) / nowMs : 0;
    this.#sinceMs = nowMs;
    const now = { amount, untilMs: nowMs + forMs };
    this.#shares = [...this.#shares, now].filter(({ untilMs }) => untilMs > nowMs);
  }

  curve(): LoadCurve {
    const ends = [...new Set(this.#shares.map(({ untilMs }) => untilMs))].sort((a, b) => a - b);
    const points = [this.#sinceMs, ...ends].flatMap((atMs, i, all) => {
      const value = this.#shares.filter(({ untilMs }) => untilMs > atMs).reduce((sum, { amount }) => sum + amount, this.#base);
      const end = all[i + 1];
      return end === undefined
        ? [{ atMs, value }]
        : [
            { atMs, value },
            { atMs: end, value },
          ];
    });
    const past = [0, this.#sinceMs].map((atMs) => ({ atMs, value: this.#meanBefore }));
    return { points: this.#sinceMs > 0 ? [...past, ...points] : points };
  }
}
