import { coordinationKinds, isConflict, isNotFound, type Lease, type Live } from '../../api/index.ts';
import type { ApiClient, ResourceClient } from '../../client/index.ts';
import type { Clock, Logger, Random, Timer } from '../../runtime/index.ts';
import { leaseOf } from './node-object.ts';

const NAMESPACE = 'kube-node-lease';
/** A lease is renewed four times before it runs out, as upstream does. */
const RENEWALS = 4;
/** Waits between tries when a renewal failed. */
const RETRY_MS = 200;
const RETRY_MS_MAX = 7000;

export interface HeartbeatOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly name: string;
  readonly durationSeconds: number;
  readonly nodeUid: () => string | undefined;
}

/** Renews a node's lease, for as long as it runs. */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #leases: ResourceClient<Lease>;
  #lease: Live<Lease> | undefined;
  #timer: Timer | undefined;
  #failures = 0;
  #stopped = false;
  #isFirst = true;
  /** Beats, but nobody hears it. */
  isSilent = false;
  /** How far the node's clock is ahead. */
  skewMs = 0;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#leases = options.client.resource<Lease>(coordinationKinds.leases);
  }

  /** Writes the lease now, then every quarter of its duration. */
  async beat(): Promise<void> {
    this.#timer?.cancel();
    if (this.#stopped) return;
    if (this.isSilent) return this.#beatIn((this.#options.durationSeconds * 1000) / RENEWALS);
    try {
      this.#lease = await this.#write();
      this.#failures = 0;
      // The first time is any within the period, so that those of many nodes are spread evenly over it.
      const share = this.#isFirst ? this.#options.random.next() : 1;
      this.#isFirst = false;
      this.#beatIn((share * this.#options.durationSeconds * 1000) / RENEWALS);
    } catch (error) {
      if (isConflict(error) || isNotFound(error)) this.#lease = undefined;
      else this.#options.logger.warn({ err: error, node: this.#options.name }, 'lease not renewed, will retry');
      this.#beatIn(Math.min(RETRY_MS * 2 ** this.#failures++, RETRY_MS_MAX));
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #beatIn(delayMs: number): void {
    if (this.#stopped) return;
    this.#timer = this.#options.clock.setTimer(delayMs, () => {
      this.beat().catch((error: unknown) => this.#options.logger.error({ err: error, node: this.#options.name }, 'heartbeat ended'));
    });
  }

  async #write(): Promise<Live<Lease>> {
    const { name, durationSeconds, clock, nodeUid } = this.#options;
    const wanted = leaseOf(name, nodeUid(), durationSeconds, clock.now() + this.skewMs);
    if (this.#lease) return await this.#leases.update(renewed(this.#lease, wanted));
    try {
      return await this.#leases.update(renewed(await this.#leases.get(name, { namespace: NAMESPACE }), wanted));
    } catch (error) {
      if (!isNotFound(error)) throw error;
      return await this.#leases.create({ ...wanted });
    }
  }
}

function renewed(lease: Live<Lease>, wanted: { readonly metadata: Lease['metadata']; readonly spec?: Lease['spec'] }): Live<Lease> {
  const { ownerReferences = lease.metadata.ownerReferences } = wanted.metadata;
  return {
    ...lease,
    metadata: { ...lease.metadata, ...(ownerReferences ? { ownerReferences } : {}) },
    spec: { ...lease.spec, ...wanted.spec },
  };
}
