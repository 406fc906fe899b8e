/** Leases kept alive: one stream to the cluster for all of them, made when it is needed. Requests for the same lease share an answer. */
import type { Clock } from '../../runtime/index.ts';
import { type DraftOf, LEASE_SERVICE, type LeaseKeepAliveRequest, type LeaseKeepAliveResponse, type MessageOf } from '../rpc/index.ts';
import { type Lease, type LeaseId, StoreError } from '../store.ts';
import type { Cluster } from './cluster.ts';
import type { Duplex, Endpoint } from './endpoint.ts';
import { type CallFailure, GRPC, isPassing, leaseNotFound, storeError } from './errors.ts';

/** Before a stream that broke is made again. */
const RETRY_MS = 50;

export interface KeepAliveParts {
  readonly cluster: Cluster;
  readonly requestTimeoutMs: number;
  readonly clock: Clock;
}

type Stream = Duplex<DraftOf<typeof LeaseKeepAliveRequest>, MessageOf<typeof LeaseKeepAliveResponse>>;

interface Connection {
  readonly endpoint: Endpoint;
  readonly stream: Stream;
  /** What is called with the answer for a lease: its time, or why there is none. */
  readonly waiting: Map<LeaseId, ((answer: number | CallFailure) => void)[]>;
}

export class KeepAlives {
  readonly #parts: KeepAliveParts;
  #connection: Promise<Connection | undefined> | undefined;
  readonly #closing = new AbortController();

  constructor(parts: KeepAliveParts) {
    this.#parts = parts;
  }

  /** Tries until the time of a request is over: to give a lease its full time twice does no harm. */
  async renew(id: LeaseId): Promise<Lease> {
    const { clock, requestTimeoutMs, cluster } = this.#parts;
    const end = clock.monotonic() + requestTimeoutMs;
    for (;;) {
      if (cluster.closed) throw new StoreError('Closed', 'the store is closed');
      const answer = await this.#try(id, end - clock.monotonic());
      if (typeof answer === 'number') {
        if (answer > 0) return { id, ttlSeconds: answer };
        throw leaseNotFound();
      }
      if (!isPassing(answer) || clock.monotonic() + RETRY_MS >= end) throw storeError(answer);
      await clock.sleep(RETRY_MS, this.#closing.signal).catch(() => undefined);
    }
  }

  async #try(id: LeaseId, left: number): Promise<number | CallFailure> {
    this.#connection ??= this.#open();
    const connection = await this.#connection;
    if (!connection) return { code: GRPC.unavailable, details: 'No connection established' };
    const { cluster, clock } = this.#parts;
    const timeoutMs = left / Math.min(cluster.endpoints.length, 2);
    return new Promise((resolve) => {
      const timer = clock.setTimer(timeoutMs, () => {
        const details = `${connection.endpoint.url} did not answer within ${Math.round(timeoutMs)} ms`;
        cluster.suspect(connection.endpoint, details);
        this.#broken(connection, { code: GRPC.deadlineExceeded, details });
      });
      this.#ask(connection, id, (answer) => {
        timer.cancel();
        resolve(answer);
      });
    });
  }

  #ask({ waiting, stream }: Connection, id: LeaseId, tell: (answer: number | CallFailure) => void): void {
    const others = waiting.get(id);
    if (others) {
      others.push(tell);
    } else {
      waiting.set(id, [tell]);
      stream.write({ id });
    }
  }

  async #open(): Promise<Connection | undefined> {
    const opened = await this.#parts.cluster.open(LEASE_SERVICE.leaseKeepAlive);
    if (!opened) {
      this.#connection = undefined;
      return undefined;
    }
    const connection: Connection = { ...opened, waiting: new Map() };
    const { stream, waiting } = connection;
    stream.on('data', ({ id, ttl }) => {
      const tell = waiting.get(id) ?? [];
      waiting.delete(id);
      for (const each of tell) each(ttl);
    });
    stream.on('error', (error) => this.#broken(connection, failureOf(error)));
    stream.on('end', () => this.#broken(connection, { code: GRPC.unavailable, details: 'the stream has ended' }));
    return connection;
  }

  #broken(connection: Connection, failure: CallFailure): void {
    this.#connection = undefined;
    connection.stream.cancel();
    const waiting = [...connection.waiting.values()].flat();
    connection.waiting.clear();
    for (const tell of waiting) tell(failure);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const connection = await this.#connection;
    if (connection) this.#broken(connection, { code: GRPC.cancelled, details: 'the store is closed' });
  }
}

function failureOf(error: Error): CallFailure {
  return 'code' in error && 'details' in error
    ? { code: Number(error.code), details: String(error.details) }
    : { code: GRPC.unavailable, details: error.message };
}
