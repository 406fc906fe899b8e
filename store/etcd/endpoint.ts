/**
 * One member of the cluster, over one gRPC channel. Calls are only ever sent on a connection that stands: what fails before that was certainly not
 * done.
 */
import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { checkServerIdentity, createSecureContext, type PeerCertificate } from 'node:tls';
import type * as Grpc from '@grpc/grpc-js';
import { type Clock, trusting } from '../../runtime/index.ts';
import type { Method } from '../rpc/index.ts';
import { type CallFailure, GRPC } from './errors.ts';

/** The library, once it was loaded. */
export type GrpcLibrary = typeof Grpc;

/** Largest request: upstream's client has the same. An answer may be as large as it likes. */
const SEND_BYTES_MAX = 2 * 1024 * 1024;
const RECEIVE_BYTES_MAX = 2 ** 31 - 1;
/** Bytes that the peer may send ahead. */
const WINDOW_BYTES = 4 * 1024 * 1024;
const RECONNECT_MS = 50;
const RECONNECT_MS_MAX = 500;

export interface TlsMaterial {
  /** PEM; the machine's authorities when absent. */
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

export interface EndpointOptions {
  readonly url: string;
  readonly tls?: TlsMaterial | undefined;
  readonly keepaliveTimeMs: number;
  readonly keepaliveTimeoutMs: number;
  readonly clock: Clock;
}

/** A stream of requests and answers. */
export type Duplex<QD, S> = Grpc.ClientDuplexStream<QD, S>;

/** Thrown by {@link Endpoint.call}. */
export class CallError extends Error implements CallFailure {
  readonly code: number;
  readonly details: string;

  constructor({ code, details }: CallFailure) {
    super(details);
    this.code = code;
    this.details = details;
  }
}

export class Endpoint {
  readonly url: string;
  readonly #grpc: GrpcLibrary;
  readonly #clock: Clock;
  readonly #client: Grpc.Client;
  readonly #channel: Grpc.ChannelInterface;
  /** Shared by all calls. A member without a leader refuses them at once instead of letting them wait. */
  readonly #metadata: Grpc.Metadata;
  #settling: Promise<void> | undefined;

  constructor(grpc: GrpcLibrary, options: EndpointOptions) {
    const { url, clock } = options;
    this.url = url;
    this.#grpc = grpc;
    this.#clock = clock;
    this.#metadata = new grpc.Metadata();
    this.#metadata.set('hasleader', 'true');
    hostOf(url);
    this.#client = new grpc.Client(targetOf(url), credentialsOf(grpc, options), {
      ...nameOptions(options),
      'grpc.max_send_message_length': SEND_BYTES_MAX,
      'grpc.max_receive_message_length': RECEIVE_BYTES_MAX,
      'grpc.keepalive_time_ms': options.keepaliveTimeMs,
      'grpc.keepalive_timeout_ms': options.keepaliveTimeoutMs,
      'grpc.initial_reconnect_backoff_ms': RECONNECT_MS,
      'grpc.max_reconnect_backoff_ms': RECONNECT_MS_MAX,
      'grpc-node.flow_control_window': WINDOW_BYTES,
      // What is tried again is the store's decision.
      'grpc.enable_retries': 0,
      'grpc.enable_http_proxy': 0,
      'grpc.enable_channelz': 0,
      'grpc.use_local_subchannel_pool': 1,
      'grpc.service_config_disable_resolution': 1,
    });
    this.#channel = this.#client.getChannel();
  }

  /** Whether there is a connection. */
  get connected(): boolean {
    return this.#channel.getConnectivityState(true) === this.#grpc.connectivityState.READY;
  }

  /** Resolves when it is known whether a connection can be had now, or after `ms`. */
  async settle(ms: number): Promise<void> {
    this.#settling ??= this.#settle().finally(() => {
      this.#settling = undefined;
    });
    const settled = this.#settling;
    await new Promise<void>((resolve) => {
      const timer = this.#clock.setTimer(ms, resolve);
      const done = () => {
        timer.cancel();
        resolve();
      };
      settled.then(done, done);
    });
  }

  async #settle(): Promise<void> {
    const { IDLE, CONNECTING } = this.#grpc.connectivityState;
    for (;;) {
      const state = this.#channel.getConnectivityState(true);
      if (state !== IDLE && state !== CONNECTING) return;
      await new Promise<void>((resolve) => {
        this.#channel.watchConnectivityState(state, Number.POSITIVE_INFINITY, () => resolve());
      });
    }
  }

  /**
   * One request, one answer. @throws CallError.
   *
   * The library's own `makeUnaryRequest` makes an event emitter, interceptors and a stack trace for each call; this is what is below it.
   */
  call<S>(method: Method<unknown, never, S, never>, request: Buffer, timeoutMs: number): Promise<S> {
    return new Promise<S>((resolve, reject) => {
      const call = this.#channel.createCall(method.path, Number.POSITIVE_INFINITY, null, null, null);
      const timer = this.#clock.setTimer(timeoutMs, () => {
        call.cancelWithStatus(GRPC.deadlineExceeded, `${this.url} did not answer within ${Math.round(timeoutMs)} ms`);
      });
      let answer: Buffer | undefined;
      call.start(this.#metadata, {
        onReceiveMetadata: () => undefined,
        onReceiveMessage: (message: Buffer) => {
          answer = message;
        },
        onReceiveStatus: (status) => {
          timer.cancel();
          if (status.code !== 0) reject(new CallError(status));
          else if (!answer) reject(new CallError({ code: GRPC.internal, details: 'an answer without a message' }));
          else settleWith(method, answer, resolve, reject);
        },
      });
      call.startRead();
      call.sendMessageWithContext({}, request);
      call.halfClose();
    });
  }

  open<QD, S>(method: Method<unknown, QD, S, never>): Duplex<QD, S> {
    return this.#client.makeBidiStreamRequest(method.path, method.requestSerialize, method.responseDeserialize, this.#metadata);
  }

  close(): void {
    this.#client.close();
  }
}

function settleWith<S>(
  method: Method<unknown, never, S, never>,
  answer: Buffer,
  resolve: (value: S) => void,
  reject: (error: Error) => void,
): void {
  try {
    resolve(method.responseDeserialize(answer));
  } catch (error) {
    reject(new CallError({ code: GRPC.internal, details: `an answer that is not one: ${error}` }));
  }
}

/** `http://host:port`, `https://host:port` or `host:port`. @throws TypeError when it is none of these. */
function hostOf(url: string): string {
  const host = /^(?:https?:\/\/)?([^/\s]+):\d+\/?$/.exec(url)?.[1];
  if (host === undefined) throw new TypeError(`not the address of an etcd server: ${url} (like http://127.0.0.1:2379)`);
  return host.replace(/^\[|\]$/g, '');
}

const targetOf = (url: string): string => `dns:${url.replace(/^https?:\/\//, '').replace(/\/$/, '')}`;

const isSecure = ({ url, tls }: EndpointOptions): boolean => url.startsWith('https:') || (tls !== undefined && !url.startsWith('http:'));

/** TLS knows no addresses as names of servers: one is given that nobody looks at, and the address is what is checked. */
const NO_NAME = 'etcd';

function nameOptions(options: EndpointOptions): Grpc.ClientOptions {
  return isSecure(options) && isIP(hostOf(options.url)) ? { 'grpc.ssl_target_name_override': NO_NAME } : {};
}

/** @throws TypeError when the certificates cannot be used. */
function credentialsOf(grpc: GrpcLibrary, options: EndpointOptions): Grpc.ChannelCredentials {
  const { url, tls: { ca, cert, key } = {} } = options;
  if (!isSecure(options)) return grpc.credentials.createInsecure();
  const host = hostOf(url);
  try {
    if (ca !== undefined) new X509Certificate(ca);
    if ((cert === undefined) !== (key === undefined)) throw new Error('a certificate and its key go together: give both, or none');
    return grpc.credentials.createFromSecureContext(createSecureContext({ ...trusting(ca), cert, key }), {
      checkServerIdentity: (_name, certificate) => checkServerIdentity(host, certificate as PeerCertificate),
    });
  } catch (error) {
    throw new TypeError(`the certificates for ${url} cannot be used: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}
