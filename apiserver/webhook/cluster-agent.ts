// How the API server gets to what runs in the cluster. Upstream's is on the network of the pods, or has a proxy there (KEP-1281), as ours may (../egress); here a pod's network is in the process of its node, which passes bytes on.
import type https from 'node:https';
import type { Duplex } from 'node:stream';
import type { ConnectionOptions } from 'node:tls';
import { type Dial, VerifyingAgent } from '../../runtime/index.ts';
import type { Address } from './service-address.ts';

/** Opens connections to pods. */
export interface PodDialer {
  /** The bytes of a port of a pod; undefined when the pod is reached at its address. Rejects when nobody listens there. */
  dial(address: Address): Promise<Duplex | undefined>;
}

/** What a request on a {@link ClusterAgent} says of where it goes. */
export interface ClusterRequest extends https.RequestOptions {
  readonly address: Address;
}

/** An agent that gets to pods, too; for requests that say where they go, as `address`. */
export class ClusterAgent extends VerifyingAgent {
  readonly #dialer: PodDialer;

  constructor(dialer: PodDialer, options: https.AgentOptions) {
    super({ ...options, dial: (to) => dialer.dial(to) });
    this.#dialer = dialer;
  }

  protected override dialed(options: ConnectionOptions & { readonly address?: Address }, dial: Dial): Promise<Duplex | undefined> {
    return options.address ? this.#dialer.dial(options.address) : super.dialed(options, dial);
  }
}
