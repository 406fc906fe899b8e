import { type Lease, toMicroTime } from '../../../../api/index.ts';
import type { Timer } from '../../../../runtime/index.ts';
import type { ProcessContext } from '../program.ts';
import { ask, type InCluster, RefusedError } from './in-cluster.ts';

export interface ElectionOptions {
  readonly namespace: string;
  readonly name: string;
  readonly identity: string;
  /** How long a leader that says nothing still is one. */
  readonly seconds: number;
  /** Called with who leads, each time that this changes. */
  elected(leader: string): void;
  failed(error: unknown): void;
}

/** Tries in the time of a lease. */
const TRIES = 4;

/** Tries to lead, and goes on leading, by a Lease (client-go's `tools/leaderelection`, in small). */
export class LeaderElection {
  readonly #context: ProcessContext;
  readonly #server: InCluster;
  readonly #options: ElectionOptions;
  #leader = '';
  #renewedAt = Number.NEGATIVE_INFINITY;
  /** When the Lease was last seen to change, by this clock: others' clocks may be wrong. */
  #seen = { version: '', at: 0 };
  #timer: Timer | undefined;
  #isDone = false;

  constructor(context: ProcessContext, server: InCluster, options: ElectionOptions) {
    this.#context = context;
    this.#server = server;
    this.#options = options;
    void this.#turn();
  }

  /** Whether this one leads; not if its Lease could not be renewed for too long. */
  get isLeader(): boolean {
    const { identity, seconds } = this.#options;
    return this.#leader === identity && this.#context.clock.monotonic() - this.#renewedAt < seconds * 1000;
  }

  close(): void {
    this.#isDone = true;
    this.#timer?.cancel();
  }

  async #turn(): Promise<void> {
    const at = this.#context.clock.monotonic();
    try {
      this.#take(await this.#try());
      this.#renewedAt = at;
    } catch (error) {
      if (!this.#isDone) this.#options.failed(error);
    }
    if (!this.#isDone) this.#timer = this.#context.clock.setTimer((this.#options.seconds * 1000) / TRIES, () => void this.#turn());
  }

  #take(leader: string): void {
    if (leader === this.#leader || this.#isDone) return;
    this.#leader = leader;
    this.#options.elected(leader);
  }

  get #path(): string {
    return `/apis/coordination.k8s.io/v1/namespaces/${this.#options.namespace}/leases`;
  }

  /** @returns who leads now. @throws RefusedError, ConnectError */
  async #try(): Promise<string> {
    const { identity, name, namespace, seconds } = this.#options;
    const now = toMicroTime(this.#context.clock.now());
    const spec = { holderIdentity: identity, leaseDurationSeconds: seconds, acquireTime: now, renewTime: now, leaseTransitions: 0 };
    const lease = await this.#read();
    if (!lease) {
      const body = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name, namespace }, spec };
      await ask(this.#context, this.#server, { method: 'POST', path: this.#path, body });
      return identity;
    }
    const held = lease.spec ?? {};
    const holder = held.holderIdentity ?? '';
    const { resourceVersion = '' } = lease.metadata ?? {};
    const at = this.#context.clock.monotonic();
    if (this.#seen.version !== resourceVersion) this.#seen = { version: resourceVersion, at };
    if (holder !== identity && holder !== '' && at - this.#seen.at < (held.leaseDurationSeconds ?? seconds) * 1000) return holder;
    const isNew = holder !== identity;
    const renewed = {
      ...spec,
      acquireTime: isNew ? now : (held.acquireTime ?? now),
      leaseTransitions: (held.leaseTransitions ?? 0) + (isNew ? 1 : 0),
    };
    await ask(this.#context, this.#server, { method: 'PUT', path: `${this.#path}/${name}`, body: { ...lease, spec: renewed } });
    return identity;
  }

  async #read(): Promise<Lease | undefined> {
    try {
      return (await ask(this.#context, this.#server, { method: 'GET', path: `${this.#path}/${this.#options.name}` })) as Lease;
    } catch (error) {
      if (error instanceof RefusedError && error.reason === 'NotFound') return undefined;
      throw error;
    }
  }
}
