import { type Lease, type Live, parseTime, toMicroTime } from '../../../../api/index.ts';
import type { Clock } from '../../../../runtime/index.ts';
import { isRefusedAs, type PodClient } from './pod-client.ts';

const LEASE_SECONDS = 15;
const RENEW_MS = 5_000;

/** One of several replicas does the work: the one that holds the lease. Upstream: `tools/leaderelection`. */
export class Leadership {
  readonly #path: string;
  readonly #name: string;
  readonly #identity: string;
  readonly #clock: Clock;
  #renewedAt = Number.NEGATIVE_INFINITY;

  constructor(options: { readonly namespace: string; readonly name: string; readonly identity: string; readonly clock: Clock }) {
    this.#path = `/apis/coordination.k8s.io/v1/namespaces/${options.namespace}/leases`;
    this.#name = options.name;
    this.#identity = options.identity;
    this.#clock = options.clock;
  }

  /** Whether this one leads, as far as it can tell now. */
  async isOurs(client: PodClient): Promise<boolean> {
    const now = this.#clock.now();
    if (now - this.#renewedAt < RENEW_MS) return true;
    this.#renewedAt = Number.NEGATIVE_INFINITY;
    try {
      const lease = await client.get<Lease>(`${this.#path}/${this.#name}`);
      if (this.#isHeldByOther(lease, now)) return false;
      await client.update<Lease>(`${this.#path}/${this.#name}`, { ...lease, spec: this.#spec(now, lease) });
    } catch (error) {
      if (isRefusedAs(error, 'Conflict')) return false;
      if (!isRefusedAs(error, 'NotFound')) throw error;
      const made = {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name: this.#name },
        spec: this.#spec(now, undefined),
      };
      await client.create(this.#path, made);
    }
    this.#renewedAt = now;
    return true;
  }

  #isHeldByOther({ spec }: Live<Lease>, now: number): boolean {
    const { holderIdentity = '', renewTime, leaseDurationSeconds = LEASE_SECONDS } = spec ?? {};
    if (holderIdentity === '' || holderIdentity === this.#identity || !renewTime) return false;
    return parseTime(renewTime) + leaseDurationSeconds * 1000 > now;
  }

  #spec(now: number, before: Live<Lease> | undefined): Lease['spec'] {
    const isSame = before?.spec?.holderIdentity === this.#identity;
    return {
      holderIdentity: this.#identity,
      leaseDurationSeconds: LEASE_SECONDS,
      acquireTime: isSame ? before.spec?.acquireTime : toMicroTime(now),
      renewTime: toMicroTime(now),
      leaseTransitions: (before?.spec?.leaseTransitions ?? 0) + (isSame || !before ? 0 : 1),
    };
  }
}
