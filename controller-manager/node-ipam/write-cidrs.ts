import type { Live, Node } from '../../api/index.ts';
import type { ResourceClient } from '../../client/index.ts';

/** How often a write is tried (upstream: `cidrUpdateRetries`). */
const TRIES_MAX = 3;

/**
 * Writes which blocks of addresses a node has; tried again at once, as `updateCIDRsAllocation` does (`pkg/controller/nodeipam/ipam/range_allocator.go`).
 *
 * @throws what the last try failed with
 */
export async function writeCidrs(nodes: Pick<ResourceClient<Node>, 'patch'>, node: Live<Node>, podCIDRs: readonly string[]): Promise<void> {
  const { name, uid } = node.metadata;
  const body = { metadata: { uid }, spec: { podCIDR: podCIDRs[0], podCIDRs } };
  for (let left = TRIES_MAX - 1; ; left--) {
    try {
      await nodes.patch(name, body, { type: 'strategic' });
      return;
    } catch (error) {
      if (left === 0) throw error;
    }
  }
}
