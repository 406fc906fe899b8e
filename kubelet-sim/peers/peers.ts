import type { Live, Node } from '../../api/index.ts';
import type { Clock, Logger } from '../../runtime/index.ts';
import type { RemotePods } from '../runtime/simulated/network/remote-pods.ts';
import type { SimulatedHost } from '../runtime/simulated/sandbox.ts';
import type { ServerIdentity } from '../server/server-identity.ts';
import { PeerLink } from './peer-link.ts';
import { PeerServer } from './peer-server.ts';
import { PeerTable } from './peer-table.ts';

/** A process whose node has only just registered may be ahead of what is known of it here. */
const NEWCOMER_MS = 500;

export interface PeersOptions {
  readonly identity: ServerIdentity;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whether a node is one of this process. */
  readonly isOwn: (name: string) => boolean;
  /** Sees to it that all nodes of the cluster are told of; resolves once they are. */
  readonly follow: () => Promise<void>;
  readonly host: () => SimulatedHost;
}

/**
 * The pod network across processes. Each process declares in its Node objects how its kubelets are reached (as every kubelet does) and
 * which certificate they show; that is how the others find it, and know it for what it says it is. Nothing is opened, asked or kept
 * before a pod reaches for an address that nobody here has.
 */
export class Peers {
  readonly #options: PeersOptions;
  readonly #table = new PeerTable();
  readonly #link: PeerLink;
  #server: PeerServer | undefined;

  constructor(options: PeersOptions) {
    this.#options = options;
    const { identity, clock, logger, follow } = options;
    const holderOf = async (address: string) => {
      await follow();
      return this.#table.holderOf(address);
    };
    this.#link = new PeerLink({ identity, clock, logger, holderOf });
  }

  get remote(): RemotePods {
    return this.#link;
  }

  /** What the peers show is in the annotations of their nodes. */
  nodeChanged(node: Live<Node>): void {
    if (!this.#options.isOwn(node.metadata.name)) this.#table.changed(node);
  }

  nodeDeleted(name: string): void {
    this.#table.deleted(name);
  }

  /** Serves another process over a connection that is switched over. */
  get server(): PeerServer {
    const { logger, host } = this.#options;
    this.#server ??= new PeerServer({ host: host(), logger, isPeer: (fingerprint) => this.#isPeer(fingerprint) });
    return this.#server;
  }

  async #isPeer(fingerprint: string): Promise<boolean> {
    await this.#options.follow();
    if (this.#table.isKnown(fingerprint)) return true;
    await this.#options.clock.sleep(NEWCOMER_MS);
    return this.#table.isKnown(fingerprint);
  }

  close(): void {
    this.#link.close();
    this.#server?.close();
  }
}
