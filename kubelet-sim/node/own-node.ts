import { coreKinds, isAlreadyExists, type Live, type Node } from '../../api/index.ts';
import type { ResourceClient } from '../../client/index.ts';
import type { AgentOptions } from './agent-options.ts';
import { metadataToMend, type NodeFacts, type NodeSpec, nodeToRegister } from './node-object.ts';

/**
 * A node's object in the API as its kubelet reads and writes it. Its status goes by the client of heartbeats, which waits behind nothing;
 * that it is there at all goes by the client of everything else, so that thousands of nodes are not all created at once.
 * Upstream: `tryRegisterWithAPIServer` (kubeClient) and `tryUpdateNodeStatus` (heartbeatClient), pkg/kubelet/kubelet_node_status.go.
 */
export class OwnNode {
  readonly #name: string;
  readonly #nodes: ResourceClient<Node>;
  readonly #statuses: ResourceClient<Node>;

  constructor(name: string, { client, heartbeatClient }: Pick<AgentOptions, 'client' | 'heartbeatClient'>) {
    this.#name = name;
    this.#nodes = client.resource<Node>(coreKinds.nodes);
    this.#statuses = heartbeatClient.resource<Node>(coreKinds.nodes);
  }

  /** Creates it. One that is there already gets the labels and annotations that it lacks. @returns it, and whether it was there already */
  async createOrAdopt(spec: NodeSpec, facts: NodeFacts): Promise<{ readonly node: Live<Node>; readonly isAdopted: boolean }> {
    try {
      return { node: await this.#nodes.create(nodeToRegister(spec, facts)), isAdopted: false };
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
    const node = await this.#nodes.get(this.#name);
    const metadata = metadataToMend(spec, node);
    if (metadata) await this.patch({ metadata });
    return { node, isAdopted: true };
  }

  get(): Promise<Live<Node>> {
    return this.#statuses.get(this.#name);
  }

  /** @param change a strategic merge patch */
  patch(change: object): Promise<Live<Node>> {
    return this.#nodes.patch(this.#name, change, { type: 'strategic' });
  }

  /** @param status a strategic merge patch of the status alone */
  patchStatus(status: object): Promise<Live<Node>> {
    return this.#statuses.patch(this.#name, { status }, { type: 'strategic', subresource: 'status' });
  }
}
