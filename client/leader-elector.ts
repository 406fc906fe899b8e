// client-go's tools/leaderelection on a Lease.
//
// Invariants
// L1  Whoever leads has renewed within `renewDeadline`; others take over only `leaseDuration` after the last renewal they saw change.
//     Since the one is shorter than the other, and each measures by its own monotonic clock, two never lead at once.
// L2  The lease is given up only after `lead` has ended.
// L3  A write carries the version that was read, so that of two candidates one gets a conflict.
import { strict as assert } from 'node:assert';
import { coordinationKinds, isNotFound, type Lease, type LeaseSpec, type Live, toMicroTime } from '../api/index.ts';
import { type HealthCheck, type HealthEndpoint, type Logger, UserError } from '../runtime/index.ts';
import { errorFields } from './errors.ts';
import { leadershipChanged } from './observation.ts';
import type { LeaderElector, LeaderElectorOptions, ResourceClient } from './types.ts';

const LEASE_DURATION_MS = 15_000;
const RENEW_DEADLINE_MS = 10_000;
const RETRY_PERIOD_MS = 2000;
/** How long past its lease's end who leads, and does not renew it, is well. */
const UNRENEWED_MS_MAX = 20_000;
/** Candidates wait up to this many retry periods longer, by chance. */
const JITTER_FACTOR = 1.2;

/** Makes a candidate for a Lease; `run` it to lead. */
export function createLeaderElector(options: LeaderElectorOptions): LeaderElector {
  return new LeaseElector(options);
}

/**
 * Whether who leads renews its lease, as a check of a process's health. Who stands by is well. Upstream: client-go, `HealthzAdaptor`.
 *
 * @param elector undefined as long as there is none.
 */
export const leaderElectionCheck = (elector: () => LeaderElector | undefined, endpoints: readonly HealthEndpoint[]): HealthCheck => ({
  name: 'leaderElection',
  endpoints,
  check: () => elector()?.check(UNRENEWED_MS_MAX),
});

/** The lease as last seen, and when (by our clock) it was last seen to change. */
interface Observed {
  readonly lease: Live<Lease>;
  readonly at: number;
}

class LeaseElector implements LeaderElector {
  readonly #options: LeaderElectorOptions;
  readonly #leases: ResourceClient<Lease>;
  readonly #logger: Logger;
  readonly #leaseDurationMs: number;
  readonly #renewDeadlineMs: number;
  readonly #retryPeriodMs: number;
  #observed: Observed | undefined;
  #reported = '';

  constructor(options: LeaderElectorOptions) {
    this.#options = options;
    this.#leaseDurationMs = options.leaseDurationMs ?? LEASE_DURATION_MS;
    this.#renewDeadlineMs = options.renewDeadlineMs ?? RENEW_DEADLINE_MS;
    this.#retryPeriodMs = options.retryPeriodMs ?? RETRY_PERIOD_MS;
    if (this.#leaseDurationMs <= this.#renewDeadlineMs) throw new UserError('leaseDuration must be greater than renewDeadline');
    if (this.#renewDeadlineMs <= this.#retryPeriodMs * JITTER_FACTOR)
      throw new UserError('renewDeadline must be greater than retryPeriod*JitterFactor');
    assert(options.identity !== '', 'a candidate has an identity');
    this.#leases = options.client.resource(coordinationKinds.leases);
    const { name, namespace, identity } = options;
    this.#logger = options.logger.child({ lease: `${namespace}/${name}`, identity });
  }

  get leader(): string {
    return this.#observed?.lease.spec.holderIdentity ?? '';
  }

  get isLeader(): boolean {
    return this.leader === this.#options.identity;
  }

  async run(signal: AbortSignal, lead: (signal: AbortSignal) => Promise<void>): Promise<'stopped' | 'lost'> {
    leadershipChanged.publish({ name: this.#options.name, leads: false });
    if (!(await this.#acquire(signal))) return 'stopped';
    leadershipChanged.publish({ name: this.#options.name, leads: true });
    const leading = new AbortController();
    const ended = new AbortController();
    const work = lead(AbortSignal.any([signal, leading.signal])).finally(() => ended.abort());
    const lost = this.#renewUntil(AbortSignal.any([signal, ended.signal])).then((renewed) => {
      if (!renewed) leading.abort(new Error('the lease was lost'));
      return !renewed;
    });
    try {
      const [isLost] = await Promise.all([lost, work]);
      return isLost ? 'lost' : 'stopped';
    } finally {
      leadershipChanged.publish({ name: this.#options.name, leads: false });
      await lost;
      await this.#release();
    }
  }

  check(toleratedMs: number): void {
    if (!this.#observed || !this.isLeader) return;
    if (this.#options.clock.monotonic() - this.#observed.at <= this.#leaseDurationMs + toleratedMs) return;
    throw new Error(`failed election to renew leadership on lease ${this.#options.name}`);
  }

  async #acquire(signal: AbortSignal): Promise<boolean> {
    this.#logger.info('waiting to lead');
    while (!signal.aborted) {
      if (await this.#withDeadline(signal, (both) => this.#try(both))) {
        this.#logger.info('leading');
        this.#record('became leader');
        return true;
      }
      await this.#sleep(this.#retryPeriodMs * (1 + JITTER_FACTOR * this.#options.random.next()), signal);
    }
    return false;
  }

  /** Renews every retry period. @returns true when the signal ended it, false when the lease is lost. */
  async #renewUntil(signal: AbortSignal): Promise<boolean> {
    for (;;) {
      await this.#sleep(this.#retryPeriodMs, signal);
      if (signal.aborted) return true;
      if (await this.#withDeadline(signal, (both) => this.#tryUntil(both))) continue;
      if (signal.aborted) return true;
      this.#logger.error('lost the lease');
      this.#record('stopped leading');
      return false;
    }
  }

  async #tryUntil(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      if (await this.#try(signal)) return true;
      await this.#sleep(this.#retryPeriodMs, signal);
    }
    return false;
  }

  /** Acquires or renews once. @returns whether we hold the lease. */
  async #try(signal: AbortSignal): Promise<boolean> {
    try {
      return await this.#acquireOrRenew(signal);
    } catch (error) {
      if (!signal.aborted) this.#logger.warn(errorFields(error), 'lease could not be written');
      return false;
    } finally {
      this.#report();
    }
  }

  async #acquireOrRenew(signal: AbortSignal): Promise<boolean> {
    if (this.#observed && this.isLeader && this.#isValid(this.#observed)) {
      const renewed = await this.#renewAsKnown(this.#observed.lease, signal);
      if (renewed) return true;
    }
    const lease = await this.#read(signal);
    if (!lease) {
      this.#observe(await this.#leases.create(this.#newLease(), { signal }));
      return true;
    }
    if (!this.#observed || !sameSpec(this.#observed.lease.spec, lease.spec)) this.#observe(lease);
    const held = this.leader !== '' && !this.isLeader && this.#observed !== undefined && this.#isValid(this.#observed);
    if (held) return false;
    this.#observe(await this.#leases.update({ ...lease, spec: this.#nextSpec(lease.spec) }, { signal }));
    return true;
  }

  /** The usual renewal: one write, hoping that nobody else wrote since. */
  async #renewAsKnown(lease: Live<Lease>, signal: AbortSignal): Promise<boolean> {
    try {
      this.#observe(await this.#leases.update({ ...lease, spec: this.#nextSpec(lease.spec) }, { signal }));
      return true;
    } catch (error) {
      this.#logger.info(errorFields(error), 'lease was written by another, reading it');
      return false;
    }
  }

  async #read(signal: AbortSignal): Promise<Live<Lease> | undefined> {
    const { name, namespace } = this.#options;
    try {
      return await this.#leases.get(name, { namespace, signal });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  #newLease(): Lease {
    const { name, namespace } = this.#options;
    return { metadata: { name, namespace }, spec: { ...this.#nextSpec({}), leaseTransitions: 0 } };
  }

  #nextSpec(old: LeaseSpec): LeaseSpec {
    const now = toMicroTime(this.#options.clock.now());
    const own = old.holderIdentity === this.#options.identity;
    return {
      holderIdentity: this.#options.identity,
      leaseDurationSeconds: Math.ceil(this.#leaseDurationMs / 1000),
      acquireTime: own ? old.acquireTime : now,
      renewTime: now,
      leaseTransitions: (old.leaseTransitions ?? 0) + (own ? 0 : 1),
    };
  }

  /** Gives the lease up, if we hold it, so that another need not wait for it to expire. */
  async #release(): Promise<void> {
    if (!this.#observed || !this.isLeader) return;
    const never = new AbortController();
    await this.#withDeadline(never.signal, async (signal) => {
      try {
        const lease = await this.#read(signal);
        if (lease?.spec.holderIdentity !== this.#options.identity) return false;
        const now = toMicroTime(this.#options.clock.now());
        const { leaseTransitions } = lease.spec;
        const spec: LeaseSpec = { holderIdentity: '', leaseDurationSeconds: 1, acquireTime: now, renewTime: now, leaseTransitions };
        this.#observe(await this.#leases.update({ ...lease, spec }, { signal }));
        this.#logger.info('released the lease');
        return true;
      } catch (error) {
        this.#logger.warn(errorFields(error), 'lease could not be released');
        return false;
      }
    });
  }

  /** Calls `fn` with a signal that is also aborted when the renew deadline is over. */
  async #withDeadline(signal: AbortSignal, fn: (both: AbortSignal) => Promise<boolean>): Promise<boolean> {
    const deadline = new AbortController();
    using _ = this.#options.clock.setTimer(this.#renewDeadlineMs, () => deadline.abort(new Error('the renew deadline is over')));
    return await fn(AbortSignal.any([signal, deadline.signal]));
  }

  #observe(lease: Live<Lease>): void {
    this.#observed = { lease, at: this.#options.clock.monotonic() };
  }

  #isValid({ lease, at }: Observed): boolean {
    return at + (lease.spec.leaseDurationSeconds ?? 0) * 1000 > this.#options.clock.monotonic();
  }

  #report(): void {
    const { leader } = this;
    if (leader === this.#reported) return;
    this.#reported = leader;
    this.#logger.info({ leader }, 'new leader');
    this.#options.onNewLeader?.(leader);
  }

  #record(what: string): void {
    const lease = this.#observed?.lease;
    if (!lease) return;
    const { group, version, kind } = coordinationKinds.leases;
    const subject = { apiVersion: `${group}/${version}`, kind, metadata: lease.metadata };
    this.#options.recorder?.event(subject, 'Normal', 'LeaderElection', `${this.#options.identity} ${what}`);
  }

  /** Sleeps; being aborted just ends it sooner. */
  #sleep(delayMs: number, signal: AbortSignal): Promise<void> {
    return this.#options.clock.sleep(delayMs, signal).catch(() => undefined);
  }
}

const sameSpec = (a: LeaseSpec, b: LeaseSpec): boolean =>
  a.holderIdentity === b.holderIdentity &&
  a.renewTime === b.renewTime &&
  a.acquireTime === b.acquireTime &&
  a.leaseDurationSeconds === b.leaseDurationSeconds &&
  a.leaseTransitions === b.leaseTransitions;
