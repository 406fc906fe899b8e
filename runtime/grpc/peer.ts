import type * as Grpc from '@grpc/grpc-js';
import type { Clock } from '../clock.ts';
import { CODE, GrpcError } from './grpc-error.ts';
import type { UnaryMethod } from './method.ts';

const RECONNECT_MS = 50;
const RECONNECT_MS_MAX = 2000;

export interface PeerOptions {
  /** As gRPC names it: `unix:/path`, `dns:host:port`. */
  readonly target: string;
  /** The name it is called by; made of the target unless given. */
  readonly authority?: string | undefined;
  readonly clock: Clock;
}

/** Somebody who is called now and then, without TLS. */
export class Peer {
  readonly #client: Grpc.Client;
  readonly #metadata: Grpc.Metadata;
  readonly #clock: Clock;
  readonly #calls = new Set<Grpc.ClientUnaryCall>();

  private constructor(grpc: typeof Grpc, { target, authority, clock }: PeerOptions) {
    this.#clock = clock;
    this.#metadata = new grpc.Metadata({ waitForReady: true });
    this.#client = new grpc.Client(target, grpc.credentials.createInsecure(), {
      ...(authority === undefined ? {} : { 'grpc.default_authority': authority }),
      'grpc.initial_reconnect_backoff_ms': RECONNECT_MS,
      'grpc.max_reconnect_backoff_ms': RECONNECT_MS_MAX,
      'grpc.enable_retries': 0,
      'grpc.enable_http_proxy': 0,
      'grpc.enable_channelz': 0,
      'grpc.use_local_subchannel_pool': 1,
      'grpc.service_config_disable_resolution': 1,
    });
  }

  /** Nobody is connected to before the first call. */
  static async open(options: PeerOptions): Promise<Peer> {
    return new Peer(await import('@grpc/grpc-js'), options);
  }

  /** Asks once; waits for a connection as long as for the answer. @throws GrpcError */
  call<QD, S>({ path, requestSerialize, responseDeserialize }: UnaryMethod<QD, S>, request: QD, timeoutMs: number): Promise<S> {
    return new Promise<S>((resolve, reject) => {
      let isLate = false;
      const call = this.#client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, this.#metadata, (error, answer) => {
        timer.cancel();
        this.#calls.delete(call);
        if (isLate) reject(new GrpcError(CODE.deadlineExceeded, `context deadline exceeded${this.#why()}`));
        else if (error) reject(new GrpcError(error.code, error.details));
        else if (answer === undefined) reject(new GrpcError(CODE.internal, 'an answer without a message'));
        else resolve(answer);
      });
      const timer = this.#clock.setTimer(timeoutMs, () => {
        isLate = true;
        call.cancel();
      });
      this.#calls.add(call);
    });
  }

  /** Ends what is under way. */
  close(): void {
    for (const call of this.#calls) call.cancel();
    this.#client.close();
  }

  /** What the call waited for. */
  #why(): string {
    return this.#client.getChannel().getConnectivityState(false) === READY
      ? ''
      : `, and there is no connection to ${this.#client.getChannel().getTarget()}`;
  }
}

/** A channel's state with a connection. */
const READY = 2;
