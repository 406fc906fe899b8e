import { type Live, type Node, parseCidr, parseIp } from '../../api/index.ts';

/** Annotation by which a node says which certificate its kubelet shows. */
export const CERTIFICATE_ANNOTATION = 'network.nanokube.io/kubelet-certificate';

/** Another process that holds nodes, as they say how it is reached. */
export interface Peer {
  readonly host: string;
  readonly port: number;
  /** Of the certificate that it shows. */
  readonly fingerprint: string;
}

/** Who holds an address. */
export interface Holder {
  readonly peer: Peer;
  /** Name of the node whose own address it is; undefined for a pod's. */
  readonly node?: string | undefined;
}

interface Entry {
  readonly peer: Peer;
  /** The node's own: one, or one of each family. */
  readonly addresses: readonly string[];
  readonly ranges: readonly string[];
}

/** Which process holds which addresses, by what the Node objects of the cluster declare. */
export class PeerTable {
  readonly #entries = new Map<string, Entry>();
  /** Names of nodes by their own address, and by their ranges of pod addresses. */
  readonly #byAddress = new Map<string, string>();
  readonly #byRange = new Map<string, string>();
  /** Lengths of those ranges, by family. */
  readonly #lengths = new Map<string, number>();

  changed(node: Live<Node>): void {
    const { name } = node.metadata;
    this.deleted(name);
    const entry = entryOf(node);
    if (!entry) return;
    this.#entries.set(name, entry);
    for (const address of entry.addresses) this.#byAddress.set(address, name);
    for (const range of entry.ranges) {
      this.#byRange.set(range, name);
      const length = range.slice(0, range.lastIndexOf('/'));
      this.#lengths.set(length, (this.#lengths.get(length) ?? 0) + 1);
    }
  }

  deleted(name: string): void {
    const entry = this.#entries.get(name);
    if (!entry) return;
    this.#entries.delete(name);
    for (const address of entry.addresses) if (this.#byAddress.get(address) === name) this.#byAddress.delete(address);
    for (const range of entry.ranges) {
      if (this.#byRange.get(range) === name) this.#byRange.delete(range);
      const length = range.slice(0, range.lastIndexOf('/'));
      const count = (this.#lengths.get(length) ?? 1) - 1;
      if (count > 0) this.#lengths.set(length, count);
      else this.#lengths.delete(length);
    }
  }

  /** Who holds an address. */
  holderOf(address: string): Holder | undefined {
    const node = this.#byAddress.get(address);
    const own = node === undefined ? undefined : this.#entries.get(node);
    if (own) return { peer: own.peer, node };
    const ip = parseIp(address);
    if (!ip) return undefined;
    for (const length of this.#lengths.keys()) {
      const [family, bits] = length.split('/').map(Number);
      const name = family === ip.family ? this.#byRange.get(rangeKey(ip.family, bits ?? 0, ip.bits)) : undefined;
      const entry = name === undefined ? undefined : this.#entries.get(name);
      if (entry) return { peer: entry.peer };
    }
    return undefined;
  }

  /** Whether a node of the cluster says that this is its kubelet's certificate. */
  isKnown(fingerprint: string): boolean {
    for (const { peer } of this.#entries.values()) if (peer.fingerprint === fingerprint) return true;
    return false;
  }
}

/** `FAMILY/LENGTH/BITS` */
function rangeKey(family: number, length: number, bits: bigint): string {
  return `${family}/${length}/${bits >> BigInt((family === 4 ? 32 : 128) - length)}`;
}

function entryOf({ metadata, spec, status }: Live<Node>): Entry | undefined {
  const fingerprint = metadata.annotations?.[CERTIFICATE_ANNOTATION];
  const port = status?.daemonEndpoints?.kubeletEndpoint?.Port;
  const addressesOf = (type: string) => (status?.addresses ?? []).filter((one) => one.type === type).map(({ address }) => address);
  const addresses = addressesOf('InternalIP');
  const host = addressesOf('InternalDNS')[0] || addresses[0] || '';
  if (fingerprint === undefined || !port || host === '') return undefined;
  const cidrs = spec.podCIDRs ?? (spec.podCIDR ? [spec.podCIDR] : []);
  const ranges = cidrs.flatMap((cidr) => {
    const prefix = parseCidr(cidr);
    return prefix ? [rangeKey(prefix.network.family, prefix.length, prefix.network.bits)] : [];
  });
  return { peer: { host, port, fingerprint }, addresses, ranges };
}
