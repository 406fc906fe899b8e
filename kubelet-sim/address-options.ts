import { formatIp, type IpAddress, parseCidr, parseIp } from '../api/index.ts';
import { OptionError, type OptionTable, option } from '../runtime/index.ts';

/** Addresses of the first node, by family: what `--node-ip` leaves to the node. */
export const FIRST_NODE_IP: Readonly<Record<IpAddress['family'], string>> = { 4: '172.18.0.2', 6: 'fd00:172:18::2' };

/** The options of nodes that follow from the cluster's ranges: `up` derives what is not given. */
export const addressOptions = {
  'node-ip': option.string(
    "Address of the node with index 0, from which the others' count on; one of each family with a comma between, the preferred one first. " +
      "'::' is for one of IPv6, whichever.",
    FIRST_NODE_IP[4],
    { placeholder: 'IPS' },
  ),
  'cluster-dns': option.list("Addresses of the cluster's DNS servers, as pods' resolv.conf has them.", ['10.96.0.10'], {
    placeholder: 'ADDRESSES',
  }),
} satisfies OptionTable;

/** Upstream: `parseNodeIP`, `k8s.io/component-helpers/node/util/ips.go`. @throws OptionError */
export function parseNodeIps(text: string): readonly string[] {
  const fail = (why: string) => new OptionError(`bad --node-ip ${JSON.stringify(text)}: ${why}`);
  const ips = text.split(',').map((part) => {
    const ip = parseIp(part.trim());
    if (!ip) throw fail(`could not parse ${JSON.stringify(part.trim())}`);
    return ip;
  });
  const [first, second, more] = ips;
  if (!first || more || first.family === second?.family) throw fail('must contain either a single IP or a dual-stack pair of IPs');
  if (second && ips.some(({ bits }) => bits === 0n)) throw fail("dual-stack node IP cannot include '0.0.0.0' or '::'");
  return ips.map((ip) => (ip.bits === 0n ? FIRST_NODE_IP[ip.family] : formatIp(ip)));
}

/** The addresses of a node, by those of the first. */
export const nodeIpsOf = (first: readonly string[], index: number): readonly string[] =>
  first.flatMap((text) => {
    const ip = parseIp(text);
    return ip ? [formatIp({ family: ip.family, bits: ip.bits + BigInt(index) })] : [];
  });

/** A node's part of a range of pod addresses where no controller gives it one. */
const SHARES = { 4: { bits: 32, mask: 24 }, 6: { bits: 128, mask: 64 } } as const;

/** The parts that a node has of the ranges of all pods: one of each, separated by a comma; none when there is no range. */
export function sharesOf(cidrs: string, index: number): readonly string[] {
  return cidrs.split(',').flatMap((cidr) => {
    const range = parseCidr(cidr.trim());
    if (!range) return [];
    const { family, bits } = range.network;
    const share = SHARES[family];
    return [`${formatIp({ family, bits: bits + (BigInt(index) << BigInt(share.bits - share.mask)) })}/${share.mask}`];
  });
}
