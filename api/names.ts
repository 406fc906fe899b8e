// Upstream's checks of names and other short texts (apimachinery, `pkg/util/validation`): each gives the list of what is wrong.

/** Lengths are counted in bytes, as Go does. */
const bytesOf = (value: string): number => Buffer.byteLength(value);

export const DNS_LABEL_LENGTH_MAX = 63;
export const DNS_SUBDOMAIN_LENGTH_MAX = 253;
export const QUALIFIED_NAME_LENGTH_MAX = 63;
export const LABEL_VALUE_LENGTH_MAX = 63;
const PORT_NAME_LENGTH_MAX = 15;
const PORT_MAX = 65_535;
const ID_MAX = 2 ** 31 - 1;

/** What upstream says of a text that is too long. */
export const maxLengthError = (max: number): string => `must be no more than ${max} characters`;

/** What upstream says of an empty text. */
export const EMPTY_ERROR = 'must be non-empty';

/** What upstream says of a number outside a range. */
export const rangeError = (min: number, max: number): string => `must be between ${min} and ${max}, inclusive`;

/** What upstream says of a text that does not match; `pattern` is shown without its anchors. */
export function patternError(message: string, pattern: string, ...examples: readonly string[]): string {
  const regex = `regex used for validation is '${pattern}')`;
  if (examples.length === 0) return `${message} (${regex}`;
  return `${message} (e.g. ${examples.map((example) => `'${example}', `).join(' or ')}${regex}`;
}

/** A text with a pattern: compiled once, and its complaint. */
interface Format {
  readonly regexp: RegExp;
  readonly error: string;
}

const format = (pattern: string, message: string, ...examples: readonly string[]): Format => ({
  regexp: new RegExp(`^(?:${pattern})$`),
  error: patternError(message, pattern, ...examples),
});

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const LABEL_UNDERSCORE = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const QUALIFIED_MESSAGE = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

const dnsLabel = format(
  LABEL,
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
  'my-name',
  '123-abc',
);
const dnsSubdomain = format(
  SUBDOMAIN,
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  'example.com',
);
const dnsSubdomainUnderscore = format(
  `${LABEL_UNDERSCORE}(\\.${LABEL_UNDERSCORE})*`,
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character",
  'example.com',
);
const wildcardSubdomain = format(
  `\\*\\.${SUBDOMAIN}`,
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
  '*.example.com',
);
const dns1035Label = format(
  '[a-z]([-a-z0-9]*[a-z0-9])?',
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  'my-name',
  'abc-123',
);
const qualifiedName = format(QUALIFIED, QUALIFIED_MESSAGE, 'MyName', 'my.name', '123-abc');
const labelValue = format(
  `(${QUALIFIED})?`,
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  'MyValue',
  'my_value',
  '12345',
);
const cIdentifier = format(
  '[A-Za-z_][A-Za-z0-9_]*',
  "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
  'my_name',
  'MY_NAME',
  'MyName',
);
const percent = format('[0-9]+%', "a valid percent string must be a numeric string followed by an ending '%'", '1%', '93%');
const headerName = format('[-A-Za-z0-9]+', "a valid HTTP header must consist of alphanumeric characters or '-'", 'X-Header-Name');
const envVarName = format(
  '[-._a-zA-Z][-._a-zA-Z0-9]*',
  "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit",
  'my.env-name',
  'MY_ENV.NAME',
  'MyEnvName1',
);
const configMapKey = format(
  '[-._a-zA-Z0-9]+',
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
  'key.name',
  'KEY_NAME',
  'key-name',
);

const check = (value: string, { regexp, error }: Format): string[] => (regexp.test(value) ? [] : [error]);

function checkLong(value: string, max: number, wanted: Format): string[] {
  const errors = check(value, wanted);
  return bytesOf(value) > max ? [maxLengthError(max), ...errors] : errors;
}

export function isDns1123Label(value: string): string[] {
  const errors = bytesOf(value) > DNS_LABEL_LENGTH_MAX ? [maxLengthError(DNS_LABEL_LENGTH_MAX)] : [];
  if (dnsLabel.regexp.test(value)) return errors;
  return [...errors, dnsSubdomain.regexp.test(value) ? 'must not contain dots' : dnsLabel.error];
}

export const isDns1123Subdomain = (value: string): string[] => checkLong(value, DNS_SUBDOMAIN_LENGTH_MAX, dnsSubdomain);
export const isDns1123SubdomainWithUnderscore = (value: string): string[] =>
  checkLong(value, DNS_SUBDOMAIN_LENGTH_MAX, dnsSubdomainUnderscore);
export const isWildcardDns1123Subdomain = (value: string): string[] => checkLong(value, DNS_SUBDOMAIN_LENGTH_MAX, wildcardSubdomain);
export const isDns1035Label = (value: string): string[] => checkLong(value, DNS_LABEL_LENGTH_MAX, dns1035Label);
export const isValidLabelValue = (value: string): string[] => checkLong(value, LABEL_VALUE_LENGTH_MAX, labelValue);
export const isCIdentifier = (value: string): string[] => check(value, cIdentifier);
export const isValidPercent = (value: string): string[] => check(value, percent);
export const isHttpHeaderName = (value: string): string[] => check(value, headerName);

/** `name` or `prefix/name`, as label and annotation keys, taint keys and resource names are. */
export function isQualifiedName(value: string): string[] {
  const parts = value.split('/');
  if (parts.length > 2)
    return [`a qualified name ${qualifiedName.error} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  const name = parts[parts.length - 1] ?? '';
  const errors = parts.length === 2 ? prefixErrors(parts[0] ?? '') : [];
  if (name === '') errors.push(`name part ${EMPTY_ERROR}`);
  else if (bytesOf(name) > QUALIFIED_NAME_LENGTH_MAX) errors.push(`name part ${maxLengthError(QUALIFIED_NAME_LENGTH_MAX)}`);
  if (!qualifiedName.regexp.test(name)) errors.push(`name part ${qualifiedName.error}`);
  return errors;
}

const prefixErrors = (prefix: string): string[] =>
  prefix === '' ? [`prefix part ${EMPTY_ERROR}`] : isDns1123Subdomain(prefix).map((error) => `prefix part ${error}`);

export const isInRange = (value: number, min: number, max: number): string[] =>
  value >= min && value <= max ? [] : [rangeError(min, max)];
export const isValidPortNum = (port: number): string[] => isInRange(port, 1, PORT_MAX);
export const isValidGroupId = (gid: number): string[] => isInRange(gid, 0, ID_MAX);
export const isValidUserId = (uid: number): string[] => isInRange(uid, 0, ID_MAX);

export function isValidPortName(port: string): string[] {
  const errors: string[] = [];
  if (bytesOf(port) > PORT_NAME_LENGTH_MAX) errors.push(maxLengthError(PORT_NAME_LENGTH_MAX));
  if (!/^[-a-z0-9]+$/.test(port)) errors.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(port)) errors.push('must contain at least one letter (a-z)');
  if (port.includes('--')) errors.push('must not contain consecutive hyphens');
  if (port.startsWith('-') || port.endsWith('-')) errors.push('must not begin or end with a hyphen');
  return errors;
}

export const isEnvVarName = (value: string): string[] => [...check(value, envVarName), ...dotsErrors(value)];

/** The rule for environment variables since 1.34: any printable ASCII but `=`. */
export function isRelaxedEnvVarName(value: string): string[] {
  if (value === '') return [`environment variable name ${EMPTY_ERROR}`];
  return /^[ -<>-~]+$/.test(value)
    ? []
    : ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
}

/** A key of a ConfigMap or a Secret. */
export const isConfigMapKey = (value: string): string[] => [
  ...checkLong(value, DNS_SUBDOMAIN_LENGTH_MAX, configMapKey),
  ...dotsErrors(value),
];

function dotsErrors(value: string): string[] {
  if (value === '.') return ["must not be '.'"];
  if (value === '..') return ["must not be '..'"];
  return value.startsWith('..') ? ["must not start with '..'"] : [];
}

/** A name as a path segment: what RBAC names and the like must be. */
export function isPathSegmentName(name: string): string[] {
  if (name === '.' || name === '..') return [`may not be '${name}'`];
  return ['/', '%'].filter((illegal) => name.includes(illegal)).map((illegal) => `may not contain '${illegal}'`);
}

/** A check of an object's name; as `generateName`, a name may end in a dash. */
export type NameCheck = (name: string, asPrefix: boolean) => string[];

const nameCheck =
  (errorsOf: (value: string) => string[]): NameCheck =>
  (name, asPrefix) =>
    errorsOf(asPrefix ? maskTrailingDash(name) : name);

export const nameIsDnsSubdomain = nameCheck(isDns1123Subdomain);
export const nameIsDnsLabel = nameCheck(isDns1123Label);
export const nameIsDns1035Label = nameCheck(isDns1035Label);
export const nameIsPathSegment: NameCheck = (name, asPrefix) =>
  isPathSegmentName(name).filter((error) => !asPrefix || error.startsWith('may not contain'));

/** Upstream drops the character before the dash too. */
const maskTrailingDash = (name: string): string => (name.length > 1 && name.endsWith('-') ? `${name.slice(0, -2)}a` : name);
