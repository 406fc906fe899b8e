// IP addresses and prefixes as Go reads them: leniently for old fields, strictly for new ones.

const GROUPS = 8;
const OCTET_MAX = 255;
const V4_BITS = 32;
const V6_BITS = 128;
/** What stands before an IPv4 address in IPv6: `::ffff:0:0/96`. */
const MAPPED_BITS = V6_BITS - V4_BITS;
const MAPPED_PREFIX = 0xffffn << 32n;

/** An address as its bits. IPv4 in IPv6 counts as IPv4, as in Go. */
export interface IpAddress {
  readonly family: 4 | 6;
  readonly bits: bigint;
}

/** A prefix: the address as given, and the network it stands for. */
export interface IpPrefix {
  readonly address: IpAddress;
  readonly network: IpAddress;
  readonly length: number;
}

/** Reads an address; zeros may lead an octet, as old fields allow. Nothing if it is none. */
export function parseIp(text: string): IpAddress | undefined {
  const v4 = text.includes(':') ? undefined : parseV4(text);
  if (v4 !== undefined) return { family: 4, bits: v4 };
  if (!text.includes(':')) return undefined;
  const bits = parseV6(text);
  if (bits === undefined) return undefined;
  return bits >> 32n === 0xffffn ? { family: 4, bits: bits & 0xffff_ffffn } : { family: 6, bits };
}

/** The two families of addresses, as Services name them. */
export type IpFamily = 'IPv4' | 'IPv6';

/** The family of an address; IPv4 in IPv6 counts as IPv4, and so does what is no address. */
export const familyOf = (ip: string): IpFamily => (parseIp(ip)?.family === 6 ? 'IPv6' : 'IPv4');

function parseV4(text: string): bigint | undefined {
  const octets = text.split('.');
  if (octets.length !== 4 || !octets.every((octet) => /^\d{1,20}$/.test(octet) && Number(octet) <= OCTET_MAX)) return undefined;
  return octets.reduce((bits, octet) => bits * 256n + BigInt(Number(octet)), 0n);
}

function parseV6(text: string): bigint | undefined {
  const plain = withoutV4Tail(text);
  if (plain === undefined) return undefined;
  const halves = plain.split('::');
  if (halves.length > 2) return undefined;
  const head = groupsOf(halves[0] ?? '');
  const tail = halves.length === 2 ? groupsOf(halves[1] ?? '') : [];
  if (!head || !tail) return undefined;
  const missing = GROUPS - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  return [...head, ...new Array<bigint>(missing).fill(0n), ...tail].reduce((bits, group) => (bits << 16n) | group, 0n);
}

/** Writes an IPv4 tail (`::ffff:1.2.3.4`) as two groups. */
function withoutV4Tail(text: string): string | undefined {
  if (!text.includes('.')) return text;
  const colon = text.lastIndexOf(':');
  const v4 = parseV4(text.slice(colon + 1));
  return v4 === undefined ? undefined : `${text.slice(0, colon + 1)}${(v4 >> 16n).toString(16)}:${(v4 & 0xffffn).toString(16)}`;
}

function groupsOf(half: string): bigint[] | undefined {
  if (half === '') return [];
  const groups = half.split(':');
  return groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group)) ? groups.map((group) => BigInt(`0x${group}`)) : undefined;
}

/** The canonical text of an address (RFC 5952). */
export function formatIp({ family, bits }: IpAddress): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (bits >> shift) & 255n).join('.');
  const groups = Array.from({ length: GROUPS }, (_, i) => ((bits >> BigInt(16 * (GROUPS - 1 - i))) & 0xffffn).toString(16));
  const { start, length } = longestZeros(groups);
  if (length < 2) return groups.join(':');
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`;
}

function longestZeros(groups: readonly string[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  groups.forEach((group, i) => {
    if (group !== '0') start = i + 1;
    else if (i + 1 - start > best.length) best = { start, length: i + 1 - start };
  });
  return best;
}

/** Reads a prefix such as `10.0.0.0/24`, leniently. Nothing if it is none. */
export function parseCidr(text: string): IpPrefix | undefined {
  const slash = text.indexOf('/');
  if (slash < 0) return undefined;
  const address = parseIp(text.slice(0, slash));
  const digits = text.slice(slash + 1);
  if (!address || !/^\d{1,9}$/.test(digits)) return undefined;
  const mapped = address.family === 4 && text.includes(':');
  const given = Number(digits);
  // A prefix shorter than what makes it IPv4 in IPv6 is one of IPv6.
  if (mapped && given < MAPPED_BITS) return { address, network: masked(6, MAPPED_PREFIX | address.bits, given), length: given };
  const length = mapped ? given - MAPPED_BITS : given;
  if (length > sizeOf(address.family)) return undefined;
  return { address, network: masked(address.family, address.bits, length), length };
}

const sizeOf = (family: 4 | 6): number => (family === 4 ? V4_BITS : V6_BITS);

function masked(family: 4 | 6, bits: bigint, length: number): IpAddress {
  const host = BigInt(sizeOf(family) - length);
  return { family, bits: (bits >> host) << host };
}

/** The canonical text of the network of a prefix. */
export const formatCidr = ({ network, length }: IpPrefix): string => `${formatIp(network)}/${length}`;

const hasLeadingZeros = (text: string): boolean => text.includes('.') && /(?:^|[.:])0\d+(?=\.|$)/.test(text);
const isMapped = (text: string, { family }: IpAddress): boolean => family === 4 && text.includes(':');

/** What is wrong with an address in a field that takes any form Go reads, unless `strict`. */
export function isValidLegacyIp(value: string, strict: boolean): string[] {
  const ip = parseIp(value);
  if (!ip) return ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'];
  if (!strict) return [];
  if (hasLeadingZeros(value)) return ['must not have leading 0s'];
  return isMapped(value, ip) ? ['must not be an IPv4-mapped IPv6 address'] : [];
}

/** What is wrong with an address in a field that wants its canonical form. */
export function isValidIp(value: string): string[] {
  const errors = isValidLegacyIp(value, true);
  const ip = parseIp(value);
  if (errors.length > 0 || !ip) return errors;
  const canonical = formatIp(ip);
  return canonical === value ? [] : [`must be in canonical form ("${canonical}")`];
}

/** What is wrong with a prefix in a field that takes any form Go reads, unless `strict`. */
export function isValidLegacyCidr(value: string, strict: boolean): string[] {
  const cidr = parseCidr(value);
  if (!cidr) return ['must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'];
  if (!strict) return [];
  const [address = '', length = ''] = value.split('/');
  if (hasLeadingZeros(address) || /^0\d/.test(length)) return ['must not have leading 0s in IP or prefix length'];
  if (isMapped(address, cidr.address)) return ['must not have an IPv4-mapped IPv6 address'];
  return cidr.address.bits === cidr.network.bits ? [] : ['must not have bits set beyond the prefix length'];
}

/** What is wrong with a prefix in a field that wants its canonical form. */
export function isValidCidr(value: string): string[] {
  const errors = isValidLegacyCidr(value, true);
  const cidr = parseCidr(value);
  if (errors.length > 0 || !cidr) return errors;
  const canonical = formatCidr(cidr);
  return canonical === value ? [] : [`must be in canonical form ("${canonical}")`];
}

/** What is wrong with an address of a network interface, with the length of its prefix, which wants its canonical form. */
export function isInterfaceAddress(value: string): string[] {
  const cidr = parseCidr(value);
  if (!cidr) return ['must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)'];
  const isLong = cidr.address.family === 4 && cidr.length > V4_BITS;
  const canonical = `${formatIp(cidr.address)}/${isLong ? cidr.length - MAPPED_BITS : cidr.length}`;
  return canonical === value ? [] : [`must be in canonical form ("${canonical}")`];
}

/** Warnings, without the field, for an address that {@link isValidLegacyIp} lets pass. */
export function ipWarnings(value: string): string[] {
  const ip = parseIp(value);
  if (!ip) return [];
  const canonical = formatIp(ip);
  if (hasLeadingZeros(value) || isMapped(value, ip)) {
    return [`non-standard IP address "${value}" will be considered invalid in a future Kubernetes release: use "${canonical}"`];
  }
  return canonical === value ? [] : [`IPv6 address "${value}" should be in RFC 5952 canonical format ("${canonical}")`];
}

/** Warnings, without the field, for a prefix that {@link isValidLegacyCidr} lets pass. */
export function cidrWarnings(value: string): string[] {
  const cidr = parseCidr(value);
  if (!cidr) return [];
  const [address = '', length = ''] = value.split('/');
  const canonical = formatCidr(cidr);
  const warnings: string[] = [];
  if (cidr.address.bits !== cidr.network.bits) {
    const single = `${formatIp(cidr.address)}/${cidr.address.family === 4 ? V4_BITS : V6_BITS}`;
    warnings.push(`CIDR value "${value}" is ambiguous in this context (should be "${canonical}" or "${single}"?)`);
  }
  if (hasLeadingZeros(address) || /^0\d/.test(length) || isMapped(address, cidr.address)) {
    warnings.push(`non-standard CIDR value "${value}" will be considered invalid in a future Kubernetes release: use "${canonical}"`);
  }
  if (warnings.length === 0 && canonical !== value) {
    warnings.push(`IPv6 CIDR value "${value}" should be in RFC 5952 canonical format ("${canonical}")`);
  }
  return warnings;
}

/** Whether the address begins with these bits, given for either family. */
const within = (
  { family, bits }: IpAddress,
  v4: readonly [prefix: bigint, length: number],
  v6: readonly [prefix: bigint, length: number],
): boolean => {
  const [prefix, length] = family === 4 ? v4 : v6;
  return bits >> BigInt((family === 4 ? 32 : 128) - length) === prefix;
};
/* Go's `net/netip`, by the names that it has there. */

export const isUnspecified = ({ bits }: IpAddress): boolean => bits === 0n;
export const isLoopback = (ip: IpAddress): boolean => within(ip, [127n, 8], [1n, 128]);
export const isLinkLocalMulticast = (ip: IpAddress): boolean =>
  ip.family === 4 ? within(ip, [0xe00000n, 24], [0n, 0]) : ((ip.bits >> 112n) & 0xff0fn) === 0xff02n;
export const isLinkLocalUnicast = (ip: IpAddress): boolean => within(ip, [0xa9fen, 16], [0x3fan, 10]);
export const isMulticast = (ip: IpAddress): boolean => within(ip, [0xen, 4], [0xffn, 8]);
export const isGlobalUnicast = (ip: IpAddress): boolean =>
  !(isUnspecified(ip) || isLoopback(ip) || isMulticast(ip) || isLinkLocalUnicast(ip)) && !(ip.family === 4 && ip.bits === 0xffffffffn);
