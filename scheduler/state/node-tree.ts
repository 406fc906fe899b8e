import type { NodeInfo } from './node-info.ts';

const ZONE_LABELS = ['topology.kubernetes.io/zone', 'failure-domain.beta.kubernetes.io/zone'];
const REGION_LABELS = ['topology.kubernetes.io/region', 'failure-domain.beta.kubernetes.io/region'];

/**
 * The nodes in the order in which they are looked at: one of each zone in turn, so that the first that fit are spread over zones.
 * Upstream: `pkg/scheduler/backend/cache/node_tree.go`.
 */
export class NodeTree {
  readonly #zones = new Map<string, Map<string, NodeInfo>>();
  readonly #zoneOf = new Map<string, string>();
  #list: readonly NodeInfo[] | undefined;

  /** Adds a node, or takes note of its zone having changed. */
  set(info: NodeInfo): void {
    const zone = zoneKeyOf(info);
    const last = this.#zoneOf.get(info.name);
    if (last === zone && this.#zones.get(zone)?.get(info.name) === info) return;
    if (last !== undefined) this.delete(info.name);
    this.#zoneOf.set(info.name, zone);
    const nodes = this.#zones.get(zone);
    if (nodes) nodes.set(info.name, info);
    else this.#zones.set(zone, new Map([[info.name, info]]));
    this.#list = undefined;
  }

  delete(name: string): void {
    const zone = this.#zoneOf.get(name);
    if (zone === undefined) return;
    this.#zoneOf.delete(name);
    const nodes = this.#zones.get(zone);
    nodes?.delete(name);
    if (nodes?.size === 0) this.#zones.delete(zone);
    this.#list = undefined;
  }

  list(): readonly NodeInfo[] {
    this.#list ??= interleave([...this.#zones.values()].map((nodes) => [...nodes.values()]));
    return this.#list;
  }
}

function interleave(zones: readonly (readonly NodeInfo[])[]): NodeInfo[] {
  const longest = Math.max(0, ...zones.map(({ length }) => length));
  const list: NodeInfo[] = [];
  for (let i = 0; i < longest; i++) {
    for (const nodes of zones) {
      const node = nodes[i];
      if (node) list.push(node);
    }
  }
  return list;
}

function zoneKeyOf({ node }: NodeInfo): string {
  const labels = node?.metadata.labels ?? {};
  const first = (keys: readonly string[]) => keys.map((key) => labels[key]).find((value) => value !== undefined) ?? '';
  return `${first(REGION_LABELS)}:\u0000:${first(ZONE_LABELS)}`;
}
