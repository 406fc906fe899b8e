/** A number of pods that metrics asked for, and when. */
interface Recommendation {
  readonly replicas: number;
  readonly at: number;
}

/** By how many pods the target was changed, and when. */
export interface ScaleEvent {
  readonly change: number;
  readonly at: number;
}

/**
 * What an autoscaler remembers: what was asked for, and what was done about it. It begins anew with the manager, as upstream's; the number
 * of pods found then is the first recommendation, so that nothing is scaled down in haste.
 */
export class ScaleHistory {
  #recommendations: Recommendation[] = [];
  #ups: ScaleEvent[] = [];
  #downs: ScaleEvent[] = [];

  get recommendations(): readonly Recommendation[] {
    return this.#recommendations;
  }

  get ups(): readonly ScaleEvent[] {
    return this.#ups;
  }

  get downs(): readonly ScaleEvent[] {
    return this.#downs;
  }

  /** Notes the number of pods there are, when nothing was noted before. */
  begin(replicas: number, now: number): void {
    if (this.#recommendations.length === 0) this.#recommendations.push({ replicas, at: now });
  }

  /** Notes what metrics ask for, and forgets what was asked for longer ago than the window. */
  recommend(replicas: number, now: number, windowMs: number): void {
    this.#recommendations = [...this.#recommendations.filter(({ at }) => at >= now - windowMs), { replicas, at: now }];
  }

  /** Notes a change, and forgets those longer ago than any policy looks back. */
  scaled(change: number, now: number, periodMs: number): void {
    const kept = (events: readonly ScaleEvent[]) => [
      ...events.filter(({ at }) => at >= now - periodMs),
      { change: Math.abs(change), at: now },
    ];
    if (change > 0) this.#ups = kept(this.#ups);
    else this.#downs = kept(this.#downs);
  }
}
