// How the API server gets to what runs in the cluster. Upstream's is on the network of the pods, or has a proxy there (`--egress-selector-config-file`,
// KEP-1281); here a pod's network is in the process of its node, which passes bytes on.
import type https from 'node:https';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, connect } from 'node:tls';
import { type Connected, explain, VerifyingAgent } from '../../runtime/index.ts';
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
    super(options);
    this.#dialer = dialer;
  }

  override createConnection(options: ConnectionOptions & { readonly address?: Address }, done: Connected): Duplex | null | undefined {
    const direct = () => super.createConnection(options, done);
    const { address } = options;
    if (!address?.pod) return direct();
    this.#dialer.dial(address).then(
      (socket) => {
        const made = socket ? connectOver(socket, options) : direct();
        if (made) done(null, made);
      },
      // Whoever is told of an error looks at no socket.
      (error: unknown) => Reflect.apply(done, undefined, [error]),
    );
    return undefined;
  }
}

function connectOver(socket: Duplex, options: ConnectionOptions): Duplex {
  const made = connect({ ...options, socket });
  explain(made, options);
  return made;
}
