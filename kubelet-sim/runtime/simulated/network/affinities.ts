/** Clients remembered; beyond it the ones that have been silent longest are forgotten. */
const CLIENTS_MAX = 10_000;

/** Which endpoint a client was sent to by a port of a service. */
export class Affinities {
  /** In the order of their last use. */
  readonly #known = new Map<string, { readonly endpoint: string; readonly usedAt: number }>();

  /** Where a client went before, if it is not too long ago. */
  get(key: string, now: number, timeoutMs: number): string | undefined {
    const known = this.#known.get(key);
    return known && now - known.usedAt < timeoutMs ? known.endpoint : undefined;
  }

  set(key: string, endpoint: string, now: number): void {
    this.#known.delete(key);
    this.#known.set(key, { endpoint, usedAt: now });
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= CLIENTS_MAX) break;
      this.#known.delete(oldest);
    }
  }
}

export const affinityKey = (service: string | undefined, port: string, client: string): string => `${service}/${port}/${client}`;
