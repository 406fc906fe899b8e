// IP addresses and prefixes (apiserver, `pkg/cel/library/ip.go`, `cidr.go`), read as strictly as Go's net/netip does.

import { goQuote } from '../../field-error.ts';
import {
  formatIp,
  type IpAddress,
  isGlobalUnicast,
  isLinkLocalMulticast,
  isLinkLocalUnicast,
  isLoopback,
  isUnspecified,
  parseIp,
} from '../../ip.ts';
import type { FunctionDeclaration, Implementation, Result } from '../language/declarations.ts';
import { define, method, overload, signature } from '../language/define.ts';
import { costSize, traversal } from '../language/runtime-cost.ts';
import { BOOL, INT, opaque, STRING } from '../language/types.ts';
import { CelError, type CelValue, noSuchOverload, Opaque } from '../language/values.ts';
import { netipError } from './netip.ts';

export const IP_TYPE = opaque('net.IP');
export const CIDR_TYPE = opaque('net.CIDR');

class IpValue extends Opaque {
  override readonly type = IP_TYPE;
  readonly address: IpAddress;

  constructor(address: IpAddress) {
    super();
    this.address = address;
  }

  override equals(other: CelValue): boolean {
    return other instanceof IpValue && same(this.address, other.address);
  }

  override get size(): number {
    return bitsOf(this.address) / 8;
  }
}

class CidrValue extends Opaque {
  override readonly type = CIDR_TYPE;
  readonly address: IpAddress;
  readonly length: number;

  constructor(address: IpAddress, length: number) {
    super();
    this.address = address;
    this.length = length;
  }

  override equals(other: CelValue): boolean {
    return other instanceof CidrValue && this.length === other.length && same(this.address, other.address);
  }

  override get size(): number {
    return Math.ceil(this.length / 8);
  }

  get masked(): CidrValue {
    const host = BigInt(bitsOf(this.address) - this.length);
    return new CidrValue({ family: this.address.family, bits: (this.address.bits >> host) << host }, this.length);
  }

  contains(address: IpAddress): boolean {
    if (address.family !== this.address.family) return false;
    const host = BigInt(bitsOf(address) - this.length);
    return address.bits >> host === this.address.bits >> host;
  }

  override toString(): string {
    return `${formatIp(this.address)}/${this.length}`;
  }
}

const same = (a: IpAddress, b: IpAddress): boolean => a.family === b.family && a.bits === b.bits;
const bitsOf = ({ family }: IpAddress): number => (family === 4 ? 32 : 128);

function readIp(text: string): IpValue | CelError {
  const wrong = netipError(text);
  if (wrong !== undefined)
    return new CelError(`IP Address ${goQuote(text)} parse error during conversion from string: ParseAddr(${goQuote(text)}): ${wrong}`);
  if (text.includes('%')) return new CelError(`IP address ${goQuote(text)} with zone value is not allowed`);
  const address = parseIp(text);
  if (!address || (address.family === 4 && text.includes(':')))
    return new CelError(`IPv4-mapped IPv6 address ${goQuote(text)} is not allowed`);
  return new IpValue(address);
}

function readCidr(text: string): CidrValue | CelError {
  const fail = (message: string) => new CelError(`network address parse error during conversion from string: ${message}`);
  const failToParse = (message: string) =>
    fail(`network address parse error during conversion from string: netip.ParsePrefix(${goQuote(text)}): ${message}`);
  const slash = text.lastIndexOf('/');
  if (slash < 0) return failToParse("no '/'");
  const ip = text.slice(0, slash);
  const wrong = netipError(ip);
  if (wrong !== undefined) return failToParse(`ParseAddr(${goQuote(ip)}): ${wrong}`);
  if (ip.includes('%')) return failToParse('IPv6 zones cannot be present in a prefix');
  const digits = text.slice(slash + 1);
  if (digits.length > 1 && !/^[1-9]/.test(digits)) return failToParse(`bad bits after slash: ${goQuote(digits)}`);
  if (!/^\d+$/.test(digits)) return failToParse(`bad bits after slash: ${goQuote(digits)}`);
  const size = ip.includes(':') ? 128 : 32;
  if (Number(digits) > size) return failToParse('prefix length out of range');
  const address = parseIp(ip);
  if (!address || (address.family === 4 && ip.includes(':'))) return fail(`IPv4-mapped IPv6 address ${goQuote(text)} is not allowed`);
  return new CidrValue(address, Number(digits));
}

const text =
  (run: (value: string) => Result): Implementation =>
  (value) =>
    typeof value === 'string' ? run(value) : noSuchOverload();
const onIp =
  (run: (address: IpAddress) => Result): Implementation =>
  (value) =>
    value instanceof IpValue ? run(value.address) : noSuchOverload();
const onCidr =
  (run: (cidr: CidrValue, other: CelValue) => Result): Implementation =>
  (value, other = null) =>
    value instanceof CidrValue ? run(value, other) : noSuchOverload();

const canonical = (value: string): Result => {
  const ip = readIp(value);
  return ip instanceof CelError ? ip : formatIp(ip.address) === value;
};

/** A text that is no address fits no overload, where of a text that is no network the error is told: upstream asks the wrong one of the two. */
function containsIp(cidr: CidrValue, other: CelValue): Result {
  const ip = typeof other === 'string' ? readIp(other) : other;
  return ip instanceof IpValue ? cidr.contains(ip.address) : noSuchOverload();
}

function containsCidr(cidr: CidrValue, other: CelValue): Result {
  const inner = typeof other === 'string' ? readCidr(other) : other;
  if (inner instanceof CelError) return inner;
  return inner instanceof CidrValue ? cidr.length <= inner.length && cidr.contains(inner.address) : noSuchOverload();
}

const size = (args: readonly CelValue[], index: number): number => {
  const value = args[index] ?? null;
  return value instanceof Opaque ? value.size : costSize(value);
};
const parsing = (args: readonly CelValue[]): number => traversal(size(args, 0));
const nominal = (): number => 1;
const costing = (cost: NonNullable<FunctionDeclaration['cost']>, declared: FunctionDeclaration): FunctionDeclaration => ({
  ...declared,
  cost,
});
const parsed = (args: readonly CelValue[], overloadId: string, withText: string): number =>
  overloadId === withText ? traversal(size(args, 1)) : 0;

const ipTest = (name: string, id: string, run: (address: IpAddress) => boolean) =>
  costing(nominal, define(name, method(id, signature([IP_TYPE], BOOL), onIp(run))));

export const NETWORK_FUNCTIONS: readonly FunctionDeclaration[] = [
  costing(
    (args, _result, id) => (id === 'cidr_ip' ? 1 : parsing(args)),
    define(
      'ip',
      overload('string_to_ip', signature([STRING], IP_TYPE), text(readIp)),
      method(
        'cidr_ip',
        signature([CIDR_TYPE], IP_TYPE),
        onCidr(({ address }) => new IpValue(address)),
      ),
    ),
  ),
  costing(
    nominal,
    define(
      'family',
      method(
        'ip_family',
        signature([IP_TYPE], INT),
        onIp(({ family }) => BigInt(family)),
      ),
    ),
  ),
  costing(
    (args) => traversal(size(args, 0), 2),
    define('ip.isCanonical', overload('ip_is_canonical', signature([STRING], BOOL), text(canonical))),
  ),
  ipTest('isUnspecified', 'ip_is_unspecified', isUnspecified),
  ipTest('isLoopback', 'ip_is_loopback', isLoopback),
  ipTest('isLinkLocalMulticast', 'ip_is_link_local_multicast', isLinkLocalMulticast),
  ipTest('isLinkLocalUnicast', 'ip_is_link_local_unicast', isLinkLocalUnicast),
  ipTest('isGlobalUnicast', 'ip_is_global_unicast', isGlobalUnicast),
  costing(
    parsing,
    define(
      'isIP',
      overload(
        'is_ip',
        signature([STRING], BOOL),
        text((value) => !(readIp(value) instanceof CelError)),
      ),
    ),
  ),
  define(
    'string',
    overload('ip_to_string', signature([IP_TYPE], STRING), onIp(formatIp)),
    overload('cidr_to_string', signature([CIDR_TYPE], STRING), onCidr(String)),
  ),
  costing(parsing, define('cidr', overload('string_to_cidr', signature([STRING], CIDR_TYPE), text(readCidr)))),
  costing(
    (args, _result, id) => traversal(size(args, 0), 2) + parsed(args, id, 'cidr_contains_ip_string'),
    define(
      'containsIP',
      method('cidr_contains_ip_string', signature([CIDR_TYPE, STRING], BOOL), onCidr(containsIp)),
      method('cidr_contains_ip_ip', signature([CIDR_TYPE, IP_TYPE], BOOL), onCidr(containsIp)),
    ),
  ),
  costing(
    (args, _result, id) => traversal(size(args, 0), 2) + traversal(size(args, 0)) + 1 + parsed(args, id, 'cidr_contains_cidr_string'),
    define(
      'containsCIDR',
      method('cidr_contains_cidr_string', signature([CIDR_TYPE, STRING], BOOL), onCidr(containsCidr)),
      method('cidr_contains_cidr', signature([CIDR_TYPE, CIDR_TYPE], BOOL), onCidr(containsCidr)),
    ),
  ),
  costing(
    nominal,
    define(
      'prefixLength',
      method(
        'cidr_prefix_length',
        signature([CIDR_TYPE], INT),
        onCidr(({ length }) => BigInt(length)),
      ),
    ),
  ),
  costing(
    nominal,
    define(
      'masked',
      method(
        'cidr_masked',
        signature([CIDR_TYPE], CIDR_TYPE),
        onCidr(({ masked }) => masked),
      ),
    ),
  ),
  costing(
    parsing,
    define(
      'isCIDR',
      overload(
        'is_cidr',
        signature([STRING], BOOL),
        text((value) => !(readCidr(value) instanceof CelError)),
      ),
    ),
  ),
];
