// IP addresses and blocks of them (apiserver, `pkg/cel/library/ip.go`, `cidr.go`), and what Go's net/netip says of those that are none.
import { describe, expect, it } from 'vitest';
import { outcomeOf } from '../testing/outcomes.ts';

type Case = readonly [expression: string, outcome: string];

const ADDRESSES: readonly Case[] = [
  ["isIP('127.0.0.1')", 'true'],
  ["isIP('::1')", 'true'],
  ["isIP('::ffff:1.2.3.4')", 'false'],
  ["isIP('fe80::1%eth0')", 'false'],
  ["isIP('1.2.3')", 'false'],
  ["isIP('01.2.3.4')", 'false'],
  ["isIP('')", 'false'],
  ["ip('192.168.0.1').family()", '4'],
  ["ip('2001:db8::68').family()", '6'],
  ["ip('127.0.0.1').isLoopback()", 'true'],
  ["ip('::1').isLoopback()", 'true'],
  ["ip('0.0.0.0').isUnspecified()", 'true'],
  ["ip('::').isUnspecified()", 'true'],
  ["ip('224.0.0.1').isLinkLocalMulticast()", 'true'],
  ["ip('ff02::1').isLinkLocalMulticast()", 'true'],
  ["ip('169.254.1.1').isLinkLocalUnicast()", 'true'],
  ["ip('fe80::1').isLinkLocalUnicast()", 'true'],
  ["ip('8.8.8.8').isGlobalUnicast()", 'true'],
  ["ip('224.0.0.1').isGlobalUnicast()", 'false'],
  ["ip('255.255.255.255').isGlobalUnicast()", 'false'],
  ["string(ip('2001:DB8:0:0::0068'))", '"2001:db8::68"'],
  ["ip('10.0.0.1') == ip('10.0.0.1')", 'true'],
  ["ip('10.0.0.1') == ip('10.0.0.2')", 'false'],
  ["ip('::1') == ip('0:0:0:0:0:0:0:1')", 'true'],
  ["ip.isCanonical('127.0.0.1')", 'true'],
  ["ip.isCanonical('2001:db8::abcd')", 'true'],
  ["ip.isCanonical('2001:DB8::ABCD')", 'false'],
  ["ip.isCanonical('2001:db8::0:0:0:abcd')", 'false'],
  ["type(ip('1.1.1.1')) == net.IP", 'true'],
  [
    "ip('192.168.0.1.0')",
    'error: IP Address "192.168.0.1.0" parse error during conversion from string: ParseAddr("192.168.0.1.0"): IPv4 address too long',
  ],
  [
    "ip('192.168.0')",
    'error: IP Address "192.168.0" parse error during conversion from string: ParseAddr("192.168.0"): IPv4 address too short',
  ],
  [
    "ip('192.168.0.256')",
    'error: IP Address "192.168.0.256" parse error during conversion from string: ParseAddr("192.168.0.256"): IPv4 field has value >255',
  ],
  [
    "ip('192.168.0.01')",
    'error: IP Address "192.168.0.01" parse error during conversion from string: ParseAddr("192.168.0.01"): IPv4 field has octet with leading zero',
  ],
  [
    "ip('192..0.1')",
    'error: IP Address "192..0.1" parse error during conversion from string: ParseAddr("192..0.1"): IPv4 field must have at least one digit (at ".0.1")',
  ],
  [
    "ip('192.168.0.a')",
    'error: IP Address "192.168.0.a" parse error during conversion from string: ParseAddr("192.168.0.a"): unexpected character (at "a")',
  ],
  ["ip('a')", 'error: IP Address "a" parse error during conversion from string: ParseAddr("a"): unable to parse IP'],
  ["ip('1:2')", 'error: IP Address "1:2" parse error during conversion from string: ParseAddr("1:2"): address string too short'],
  [
    "ip('1:2:3:4:5:6:7:8:9')",
    'error: IP Address "1:2:3:4:5:6:7:8:9" parse error during conversion from string: ParseAddr("1:2:3:4:5:6:7:8:9"): trailing garbage after address (at "9")',
  ],
  [
    "ip('12345::')",
    'error: IP Address "12345::" parse error during conversion from string: ParseAddr("12345::"): each group must have 4 or less digits (at "12345::")',
  ],
  [
    "ip('::1::')",
    'error: IP Address "::1::" parse error during conversion from string: ParseAddr("::1::"): multiple :: in address (at ":")',
  ],
  [
    "ip('1:2:3:4:5:6:7:')",
    'error: IP Address "1:2:3:4:5:6:7:" parse error during conversion from string: ParseAddr("1:2:3:4:5:6:7:"): colon must be followed by more characters (at ":")',
  ],
  [
    "ip('1:2:3:4:5:6:7:g')",
    'error: IP Address "1:2:3:4:5:6:7:g" parse error during conversion from string: ParseAddr("1:2:3:4:5:6:7:g"): each colon-separated field must have at least one digit (at "g")',
  ],
  [
    "ip('1:2:3:4:5:6:7::8')",
    'error: IP Address "1:2:3:4:5:6:7::8" parse error during conversion from string: ParseAddr("1:2:3:4:5:6:7::8"): the :: must expand to at least one field of zeros',
  ],
  [
    "ip('1:2:3:1.2.3.4')",
    'error: IP Address "1:2:3:1.2.3.4" parse error during conversion from string: ParseAddr("1:2:3:1.2.3.4"): embedded IPv4 address must replace the final 2 fields of the address (at "1.2.3.4")',
  ],
  [
    "ip('1:2:3:4:5:6:7:1.2.3.4')",
    'error: IP Address "1:2:3:4:5:6:7:1.2.3.4" parse error during conversion from string: ParseAddr("1:2:3:4:5:6:7:1.2.3.4"): embedded IPv4 address must replace the final 2 fields of the address (at "1.2.3.4")',
  ],
  ["ip('::1.2.3')", 'error: IP Address "::1.2.3" parse error during conversion from string: ParseAddr("::1.2.3"): IPv4 address too short'],
  ["ip('%eth0')", 'error: IP Address "%eth0" parse error during conversion from string: ParseAddr("%eth0"): missing IPv6 address'],
  [
    "ip('fe80::1%')",
    'error: IP Address "fe80::1%" parse error during conversion from string: ParseAddr("fe80::1%"): zone must be a non-empty string',
  ],
  ["ip('fe80::1%eth0')", 'error: IP address "fe80::1%eth0" with zone value is not allowed'],
  ["ip('::ffff:1.2.3.4')", 'error: IPv4-mapped IPv6 address "::ffff:1.2.3.4" is not allowed'],
  [
    "ip.isCanonical('nothing')",
    'error: IP Address "nothing" parse error during conversion from string: ParseAddr("nothing"): unable to parse IP',
  ],
];

const BLOCKS: readonly Case[] = [
  ["isCIDR('10.0.0.0/8')", 'true'],
  ["isCIDR('::/0')", 'true'],
  ["isCIDR('10.0.0.0')", 'false'],
  ["isCIDR('10.0.0.0/33')", 'false'],
  ["isCIDR('10.0.0.0/08')", 'false'],
  ["cidr('10.0.0.0/8').containsIP('10.1.2.3')", 'true'],
  ["cidr('10.0.0.0/8').containsIP(ip('11.0.0.1'))", 'false'],
  ["cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16')", 'true'],
  ["cidr('10.0.0.0/8').containsCIDR(cidr('0.0.0.0/0'))", 'false'],
  ["cidr('10.0.0.0/8').containsCIDR('10.0.0.0/8')", 'true'],
  ["cidr('10.0.0.0/8').containsIP('::1')", 'false'],
  ["cidr('10.1.2.3/8').ip() == ip('10.1.2.3')", 'true'],
  ["cidr('10.1.2.3/8').masked() == cidr('10.0.0.0/8')", 'true'],
  ["cidr('10.1.2.3/8') == cidr('10.0.0.0/8')", 'false'],
  ["cidr('::/10').prefixLength()", '10'],
  ["string(cidr('2001:DB8::/32'))", '"2001:db8::/32"'],
  ["type(cidr('::/0')) == net.CIDR", 'true'],
  ["cidr('10.0.0.0/8').containsIP('10.0.0')", 'error: no such overload'],
  [
    "cidr('10.0.0.0/8').containsCIDR('10.0.0.0')",
    `error: network address parse error during conversion from string: network address parse error during conversion from string: netip.ParsePrefix("10.0.0.0"): no '/'`,
  ],
  [
    "cidr('10.0.0.0')",
    `error: network address parse error during conversion from string: network address parse error during conversion from string: netip.ParsePrefix("10.0.0.0"): no '/'`,
  ],
  [
    "cidr('10.0.0.0/')",
    'error: network address parse error during conversion from string: network address parse error during conversion from string: netip.ParsePrefix("10.0.0.0/"): bad bits after slash: ""',
  ],
  [
    "cidr('10.0.0.0/33')",
    'error: network address parse error during conversion from string: network address parse error during conversion from string: netip.ParsePrefix("10.0.0.0/33"): prefix length out of range',
  ],
  [
    "cidr('10.0.0.0/-1')",
    'error: network address parse error during conversion from string: network address parse error during conversion from string: netip.ParsePrefix("10.0.0.0/-1"): bad bits after slash: "-1"',
  ],
  [
    "cidr('a/8')",
    'error: network address parse error during conversion from string: network address parse error during conversion from string: netip.ParsePrefix("a/8"): ParseAddr("a"): unable to parse IP',
  ],
  [
    "cidr('fe80::1%eth0/64')",
    'error: network address parse error during conversion from string: network address parse error during conversion from string: netip.ParsePrefix("fe80::1%eth0/64"): IPv6 zones cannot be present in a prefix',
  ],
  [
    "cidr('::ffff:1.2.3.4/120')",
    'error: network address parse error during conversion from string: IPv4-mapped IPv6 address "::ffff:1.2.3.4/120" is not allowed',
  ],
];

describe('addresses', () => {
  it.each(ADDRESSES)('%s gives %s', (expression, outcome) => {
    expect(outcomeOf(expression)).toBe(outcome);
  });
});

describe('blocks of addresses', () => {
  it.each(BLOCKS)('%s gives %s', (expression, outcome) => {
    expect(outcomeOf(expression)).toBe(outcome);
  });
});
