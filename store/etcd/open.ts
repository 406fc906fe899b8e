/** Opening a store on an etcd cluster. What speaks gRPC is loaded only now: a process that keeps its store itself does not pay for it. */
import {
  Backoff,
  type Clock,
  holdProcess,
  type Logger,
  onAbort,
  type Random,
  silentLogger,
  systemClock,
  systemRandom,
} from '../../runtime/index.ts';
import { type Store, StoreError } from '../store.ts';
import type { TlsMaterial } from './endpoint.ts';
import { needsChange } from './errors.ts';
import type { EtcdStore } from './etcd-store.ts';

/** As upstream's client (apiserver/pkg/storage/storagebackend/factory/etcd3.go). */
const DIAL_TIMEOUT_MS = 20_000;
const KEEPALIVE_TIME_MS = 30_000;
const KEEPALIVE_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 10_000;
/** Between tries to reach a cluster that does not answer. */
const WAIT_MS = 250;
const WAIT_MS_MAX = 10_000;

export interface EtcdStoreOptions {
  /** `http://host:port` or `https://host:port`, of any of the members. */
  readonly endpoints: readonly string[];
  /** Put before every key, and taken off again. */
  readonly prefix?: string | undefined;
  readonly tls?: TlsMaterial | undefined;
  /** How long a connection may take. */
  readonly dialTimeoutMs?: number | undefined;
  /** How long a connection may be silent before it is asked for a sign of life, and how long that may take. */
  readonly keepaliveTimeMs?: number | undefined;
  readonly keepaliveTimeoutMs?: number | undefined;
  /** How long a request may take, with everything that is tried again. */
  readonly requestTimeoutMs?: number | undefined;
  readonly logger?: Logger | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  /** Ends the wait for a cluster that does not answer. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens the store on an etcd cluster (3.4 or later): resolves when it has answered once. Until then it is tried again and again, with a line in the
 * log each time, until `signal` is aborted.
 *
 * @throws StoreError `Unavailable` when it cannot be reached for a reason that waiting does not change (certificates). TypeError for an endpoint
 * that is not the address of a server. The signal's reason when it was aborted.
 */
export async function openEtcdStore(options: EtcdStoreOptions): Promise<Store> {
  const { logger = silentLogger, clock = systemClock, random = systemRandom, signal } = options;
  signal?.throwIfAborted();
  const store = await createStore({ ...options, logger, clock, random });
  using _hold = holdProcess();
  const stopped = new Promise<never>((_, reject) => signal && onAbort(signal, () => reject(signal.reason)));
  const backoff = new Backoff({ random, delayMs: WAIT_MS, delayMsMax: WAIT_MS_MAX });
  try {
    for (;;) {
      const failure = await Promise.race([reach(store), stopped]);
      if (!failure) return store;
      if (failure.code !== 'Unavailable' || needsChange(failure.message)) throw failure;
      const delayMs = Math.round(backoff.next());
      logger.warn({ endpoints: options.endpoints, error: failure.message, attempt: backoff.tries, delayMs }, 'etcd does not answer yet');
      await clock.sleep(delayMs, signal);
    }
  } catch (error) {
    store.abandon();
    throw error;
  }
}

type CompleteOptions = EtcdStoreOptions & { readonly logger: Logger; readonly clock: Clock; readonly random: Random };

async function createStore(options: CompleteOptions): Promise<EtcdStore> {
  const { endpoints: urls, tls, clock, random, logger } = options;
  if (urls.length === 0) throw new TypeError('no etcd server was given');
  const { prefix = '', requestTimeoutMs = REQUEST_TIMEOUT_MS, dialTimeoutMs = DIAL_TIMEOUT_MS } = options;
  const { keepaliveTimeMs = KEEPALIVE_TIME_MS, keepaliveTimeoutMs = KEEPALIVE_TIMEOUT_MS } = options;
  const [grpc, { Endpoint }, { Cluster }, { EtcdStore: EtcdStoreClass }, { Translator }] = await Promise.all([
    import('@grpc/grpc-js'),
    import('./endpoint.ts'),
    import('./cluster.ts'),
    import('./etcd-store.ts'),
    import('./translate.ts'),
  ]);
  const endpoints = urls.map((url) => new Endpoint(grpc, { url, tls, keepaliveTimeMs, keepaliveTimeoutMs, clock }));
  const cluster = new Cluster({ endpoints, requestTimeoutMs, dialTimeoutMs, clock, random, logger });
  return new EtcdStoreClass({ cluster, translator: new Translator(prefix), requestTimeoutMs, clock, random, logger });
}

/** @returns why there was no answer. */
function reach(store: EtcdStore): Promise<StoreError | undefined> {
  return store.reach().then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof StoreError) return error;
      throw error;
    },
  );
}
