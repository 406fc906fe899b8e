// How the API server gets to what runs in the cluster. Upstream's is on the network of the pods, or has a proxy there (KEP-1281), as ours may (../egress); here a pod's network is in the process of its node, which passes bytes on.
import type https from 'node:https';
import type { Duplex } from 'node:stream';
import type { ConnectionOptions } from 'node:tls';
import { type Dial, onAbort, VerifyingAgent } from '../../runtime/index.ts';
import type { Address } from './service-address.ts';

/** Opens connections to pods. */
export interface PodDialer {
  /** The bytes of a port of a pod; undefined when the pod is reached at its address. Rejects when nobody listens there. */
  dial(address: Address): Promise<Duplex | undefined>;
}

/** What a request on a {@link ClusterAgent} says of where it goes. */
export interface ClusterRequest extends https.RequestOptions {
  readonly address: Address;
  /** Ends the dialing. */
  readonly dialing?: AbortSignal | undefined;
}

/** What a request says of its end. Node tells agents nothing of a request's signal, and a request waits for its connection whatever the signal says. */
export const endedBy = (signal: AbortSignal) => ({ signal, dialing: signal });

/** An agent that gets to pods, too; for requests that say where they go, as `address`. */
export class ClusterAgent extends VerifyingAgent {
  readonly #dialer: PodDialer;

  constructor(dialer: PodDialer, options: https.AgentOptions) {
    super({ ...options, dial: (to) => dialer.dial(to) });
    this.#dialer = dialer;
  }

  protected override dialed(options: ConnectionOptions & Partial<ClusterRequest>, dial: Dial): Promise<Duplex | undefined> {
    const { address, dialing } = options;
    const socket = address ? this.#dialer.dial(address) : super.dialed(options, dial);
    return dialing ? unlessAborted(socket, dialing) : socket;
  }
}

/** A connection that comes after the end is let go. */
function unlessAborted(dialed: Promise<Duplex | undefined>, signal: AbortSignal): Promise<Duplex | undefined> {
  return new Promise((resolve, reject) => {
    const aborted = onAbort(signal, () => reject(signal.reason));
    dialed
      .then((socket) => {
        if (signal.aborted) socket?.destroy();
        resolve(socket);
      }, reject)
      .finally(() => aborted[Symbol.dispose]());
  });
}
