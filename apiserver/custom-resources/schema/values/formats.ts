// The formats of strings that Kubernetes knows (apiextensions-apiserver, `pkg/apiserver/validation/formats.go`), and what they ask for
// (kube-openapi, `pkg/validation/strfmt`).
import { parseCidr, parseIp } from '../../../../api/index.ts';
import { isDate, isDateTime, isDuration, isEmail, isMac, isRequestUri } from './format-parsers.ts';
import { isCreditCard, isIsbn10, isIsbn13 } from './number-formats.ts';

type Format = (text: string) => boolean;

const matching =
  (pattern: RegExp): Format =>
  (text) =>
    pattern.test(text);

const HOSTNAME_BYTES_MAX = 255;
const LABEL_BYTES_MAX = 63;
const HOSTNAME =
  /^(?:[a-zA-Z0-9\p{S}\p{L}](?:-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?|(?:[a-zA-Z0-9\p{S}\p{L}](?:[-a-zA-Z0-9\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?\.)+[a-zA-Z\p{L}]{2,63})$/u;

function isHostname(text: string): boolean {
  if (Buffer.byteLength(text) > HOSTNAME_BYTES_MAX || !HOSTNAME.test(text)) return false;
  return text.split('.').every((label) => Buffer.byteLength(label) <= LABEL_BYTES_MAX);
}

// Where an IPv4 address has leading zeros, Go takes it as it once did; inside an IPv6 address, it does not.
const isIpv4: Format = (text) => text.includes('.') && parseIp(text) !== undefined;
const isIpv6: Format = (text) => text.includes(':') && parseIp(text) !== undefined && !/[:.]0\d+(?:\.|$)/.test(ipv4Tail(text));
const isCidr: Format = (text) => parseCidr(text) !== undefined;

const ipv4Tail = (text: string): string => (text.includes('.') ? text.slice(text.lastIndexOf(':')) : '');

const COLOR = '\\s*(?:0|[1-9]\\d?|1\\d\\d?|2[0-4]\\d|25[0-5])\\s*';

/** Names of two parts are written without the dash. */
const FORMATS: ReadonlyMap<string, Format> = new Map<string, Format>([
  ['bsonobjectid', matching(/^[0-9a-fA-F]{24}$/)],
  ['uri', isRequestUri],
  ['email', isEmail],
  ['hostname', isHostname],
  ['ipv4', isIpv4],
  ['ipv6', isIpv6],
  ['cidr', isCidr],
  ['mac', isMac],
  ['uuid', matching(/^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i)],
  ['uuid3', matching(/^[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i)],
  ['uuid4', matching(/^[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$/i)],
  ['uuid5', matching(/^[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$/i)],
  ['isbn', (text) => isIsbn10(text) || isIsbn13(text)],
  ['isbn10', isIsbn10],
  ['isbn13', isIsbn13],
  ['creditcard', isCreditCard],
  // With both separators: the length is asked for as well.
  ['ssn', matching(/^\d{3}[- ]\d{2}[- ]\d{4}$/)],
  ['hexcolor', matching(/^#?(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/)],
  ['rgbcolor', matching(new RegExp(`^rgb\\(${COLOR},${COLOR},${COLOR}\\)$`))],
  ['byte', matching(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/)],
  ['password', () => true],
  ['date', isDate],
  ['duration', isDuration],
  ['datetime', isDateTime],
]);

/** Formats that are known, but count in custom resources only once every supported release knows them. */
const NEW_FORMATS: ReadonlyMap<string, Format> = new Map<string, Format>([
  ['k8sshortname', (text) => text.length <= 63 && /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/.test(text)],
  ['k8slongname', (text) => text.length <= 253 && text.split('.').every((part) => /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/.test(part))],
]);

const normalized = (format: string): string => format.replaceAll('-', '');

/** Whether the API server checks a format in custom resources; others are ignored. */
export const isSupportedFormat = (format: string): boolean => FORMATS.has(normalized(format));

/** What a format asks of a text; undefined when nobody knows it. */
export const formatOf = (format: string): Format | undefined => FORMATS.get(normalized(format)) ?? NEW_FORMATS.get(normalized(format));
