import { isIP } from 'node:net';
import { der } from './der.ts';
import { DER_TAG, DerError, DerReader } from './der-reader.ts';

/** What a certificate's subject is also called: its `subjectAltName`. */
export interface AlternativeNames {
  readonly dnsNames: readonly string[];
  readonly emailAddresses: readonly string[];
  /** As bytes, 4 or 16 of them. */
  readonly ipAddresses: readonly Buffer[];
  readonly uris: readonly string[];
}

export const NO_NAMES: AlternativeNames = { dnsNames: [], emailAddresses: [], ipAddresses: [], uris: [] };

/** The tags of the sorts of names that Go knows; others are passed over. */
const TAG = { email: 1, dns: 2, uri: 6, ip: 7 } as const;
const CONTEXT_CLASS = 2;
const IP_BYTES: readonly number[] = [4, 16];
const IPV6_GROUPS = 8;
// biome-ignore lint/suspicious/noControlCharactersInRegex: what is looked for is text of ASCII alone.
const ASCII = /^[\x00-\x7f]*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: what is looked for is what no URI has.
const CONTROL = /[\x00-\x1f\x7f]/;

/**
 * Reads a `subjectAltName`.
 *
 * @throws DerError in Go's words when it cannot be read. Upstream: `parseSANExtension` of crypto/x509.
 */
export function parseAlternativeNames(bytes: Buffer): AlternativeNames {
  const names = { dnsNames: [] as string[], emailAddresses: [] as string[], ipAddresses: [] as Buffer[], uris: [] as string[] };
  const list = or(
    () => new DerReader(new DerReader(bytes).expect(DER_TAG.sequence, '').content),
    'x509: invalid subject alternative names',
  );
  while (!list.done) {
    const { tag, tagClass, constructed, content } = or(() => list.next(), 'x509: invalid subject alternative name');
    if (tagClass !== CONTEXT_CLASS || constructed) continue;
    if (tag === TAG.email) names.emailAddresses.push(asciiOf(content, 'rfc822Name'));
    else if (tag === TAG.dns) names.dnsNames.push(asciiOf(content, 'dNSName'));
    else if (tag === TAG.uri) names.uris.push(uriOf(asciiOf(content, 'uniformResourceIdentifier')));
    else if (tag === TAG.ip) names.ipAddresses.push(addressOf(content));
  }
  return names;
}

/** Go reads names with another library, which does not say what is wrong. */
function or<T>(read: () => T, error: string): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof DerError) throw new DerError(error, { cause });
    throw cause;
  }
}

function uriOf(text: string): string {
  if (!CONTROL.test(text)) return text;
  const quoted = quote(text);
  throw new DerError(`x509: cannot parse URI ${quoted}: parse ${quoted}: net/url: invalid control character in URL`);
}

/** As Go quotes text of ASCII. */
const quote = (text: string): string =>
  JSON.stringify(text).replace('\x7f', '\\x7f').replaceAll('\\u0007', '\\a').replaceAll('\\u000b', '\\v').replaceAll('\\u00', '\\x');

function asciiOf(content: Buffer, sort: string): string {
  const text = content.toString('latin1');
  if (!ASCII.test(text)) throw new DerError(`x509: SAN ${sort} is malformed`);
  return text;
}

function addressOf(content: Buffer): Buffer {
  if (!IP_BYTES.includes(content.length)) throw new DerError(`x509: cannot parse IP address of length ${content.length}`);
  return content;
}

/** Hosts as names: what is an IP address is one, the rest are DNS names. Their order is kept within each. */
export const namesOfHosts = (hosts: readonly string[]): AlternativeNames => ({
  ...NO_NAMES,
  dnsNames: hosts.filter((host) => !isIP(host)),
  ipAddresses: hosts.filter((host) => isIP(host)).map(addressBytes),
});

export const hasNames = ({ dnsNames, emailAddresses, ipAddresses, uris }: AlternativeNames): boolean =>
  dnsNames.length + emailAddresses.length + ipAddresses.length + uris.length > 0;

/** Writes a `subjectAltName`, in Go's order. */
export const encodeAlternativeNames = ({ dnsNames, emailAddresses, ipAddresses, uris }: AlternativeNames): Buffer =>
  der.sequence(
    ...dnsNames.map((name) => der.implicit(TAG.dns, Buffer.from(name, 'ascii'))),
    ...emailAddresses.map((address) => der.implicit(TAG.email, Buffer.from(address, 'ascii'))),
    ...ipAddresses.map((address) => der.implicit(TAG.ip, address)),
    ...uris.map((uri) => der.implicit(TAG.uri, Buffer.from(uri, 'ascii'))),
  );

function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  return ipv6Bytes(address);
}

function ipv6Bytes(address: string): Buffer {
  // A URL writes addresses in one way only, without an embedded IPv4 tail.
  const [head = '', tail = ''] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)));
  const before = groups(head);
  const after = groups(tail);
  const all = [...before, ...Array<number>(IPV6_GROUPS - before.length - after.length).fill(0), ...after];
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}
