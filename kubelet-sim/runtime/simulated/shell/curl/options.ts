/** An option that was given: by its long name; `''` for one without a value, `no` for one that was turned off. */
interface Given {
  readonly name: string;
  readonly value: string;
  readonly isOff: boolean;
}

/** How an option is written, with its letter behind a colon; what is known by other names too has them behind it. */
type Names = string;

/**
 * Options that stand alone. Upstream: `src/tool_getparam.c` of curl 8.16; here without those that this curl could not do as it is told, of which it says so.
 */
const FLAGS: Names =
  'basic buffer:N clobber compressed create-dirs disable:q disallow-username-in-url fail:f fail-early fail-with-body form-escape get:G ' +
  'globoff:g head:I http0.9 http1.0:0 http1.1 http2 ignore-content-length include insecure:k ipv4:4 ipv6:6 junk-session-cookies:j ' +
  'keepalive location:L location-trusted path-as-is post301 post302 post303 progress-bar:# progress-meter proxy-basic ' +
  'remote-header-name:J remote-name:O remote-name-all remote-time:R remove-on-error retry-all-errors retry-connrefused sessionid ' +
  'show-error:S show-headers:i silent:s styled-output tcp-fastopen tcp-nodelay tlsv1:1 tlsv1.0 tlsv1.1 tlsv1.2 tlsv1.3 verbose:v version:V';
/** Options that a text follows. */
const TEXTS: Names =
  'cacert connect-to cookie:b cookie-jar:c data:d data-ascii data-binary data-raw data-urlencode dump-header:D form:F form-string header:H help:h interface ' +
  'json noproxy oauth2-bearer output:o output-dir proto-default proxy:x range:r referer:e request:X request-target resolve tls-max ' +
  'upload-file:T url url-query user:u user-agent:A write-out:w';
/** Options that a number follows: seconds, or how many. */
const NUMBERS: Names =
  'connect-timeout expect100-timeout keepalive-cnt keepalive-time max-redirs max-time:m retry retry-delay retry-max-time';
/** What this curl cannot do: those that stand alone, and those that something follows. */
const NOT_BUILT: Names =
  'alpn anyauth append:a ca-native cert-status compressed-ssh crlf digest disable-eprt disable-epsv doh-cert-status doh-insecure dump-ca-embed eprt ' +
  'epsv false-start follow ftp-create-dirs ftp-pasv ftp-pret ftp-skip-pasv-ip ftp-ssl ftp-ssl-ccc ftp-ssl-control ftp-ssl-reqd haproxy-protocol ' +
  'http2-prior-knowledge http3 http3-only list-only:l mail-rcpt-allowfails manual:M metalink mptcp negotiate netrc:n netrc-optional next:: npn ntlm ' +
  'ntlm-wb out-null parallel:Z parallel-immediate proxy-anyauth proxy-ca-native proxy-digest proxy-http2 proxy-http3 proxy-insecure proxy-negotiate ' +
  'proxy-ntlm proxy-ssl-allow-beast proxy-ssl-auto-client-cert proxy-tlsv1 proxytunnel:p raw sasl-ir skip-existing socks5-basic socks5-gssapi ' +
  'socks5-gssapi-nec ssl ssl-allow-beast ssl-auto-client-cert ssl-no-revoke ssl-reqd ssl-revoke-best-effort sslv2:2 sslv3:3 ' +
  'suppress-connect-headers tftp-no-options tls-earlydata tr-encoding trace-ids trace-time use-ascii:B xattr ' +
  'abstract-unix-socket alt-svc aws-sigv4 capath cert:E cert-type ciphers config:K continue-at:C create-file-mode crlfile curves delegation ' +
  'dns-interface dns-ipv4-addr dns-ipv6-addr dns-servers doh-url ech egd-file engine etag-compare etag-save ftp-account ftp-alternative-to-user ' +
  'ftp-method ftp-port:P ftp-ssl-ccc-mode happy-eyeballs-timeout-ms haproxy-clientip hostpubmd5 hostpubsha256 hsts ip-tos ipfs-gateway ' +
  'key key-type krb krb4 libcurl limit-rate local-port login-options mail-auth mail-from mail-rcpt max-filesize netrc-file parallel-max ' +
  'parallel-max-host pass pinnedpubkey preproxy proto proto-redir proxy-cacert proxy-capath proxy-cert proxy-cert-type proxy-ciphers proxy-crlfile ' +
  'proxy-header proxy-key proxy-key-type proxy-pass proxy-pinnedpubkey proxy-service-name proxy-tls13-ciphers proxy-tlsauthtype proxy-tlspassword ' +
  'proxy-tlsuser proxy-user:U proxy1.0 pubkey quote:Q random-file rate sasl-authzid service-name sigalgs socks4 socks4a socks5 ' +
  'socks5-gssapi-service socks5-hostname speed-limit:Y speed-time:y ssl-sessions stderr telnet-option:t tftp-blksize time-cond:z tls13-ciphers ' +
  'tlsauthtype tlspassword tlsuser trace trace-ascii trace-config unix-socket upload-flags variable vlan-priority';

type Sort = 'flag' | 'text' | 'number' | 'not built';

const SORTS = new Map<string, Sort>();
const BY_LETTER = new Map<string, string>();
for (const [sort, names] of [
  ['flag', FLAGS],
  ['text', TEXTS],
  ['number', NUMBERS],
  ['not built', NOT_BUILT],
] as const)
  for (const word of names.split(' ')) {
    const [name = '', letter] = word.split(/:(.*)/s);
    SORTS.set(name, sort);
    if (letter !== undefined) BY_LETTER.set(letter, name);
  }

/** Two names of one thing. */
const SAME: ReadonlyMap<string, string> = new Map([
  ['include', 'show-headers'],
  ['data-ascii', 'data'],
]);

/** What a command line says that this curl does not take; the message is upstream's, and so is the exit code. */
export class BadCommandLine extends Error {
  override readonly name = 'BadCommandLine';
  readonly code: number;

  constructor(message: string, code = 2) {
    super(message);
    this.code = code;
  }
}

/** What curl was told, in the order in which it was. */
export class CurlOptions {
  readonly #given: readonly Given[];
  readonly #last: ReadonlyMap<string, Given>;

  constructor(given: readonly Given[]) {
    this.#given = given;
    this.#last = new Map(given.map((one) => [one.name, one]));
  }

  /** Whether an option stands, and was not turned off behind that. */
  is(name: string): boolean {
    const last = this.#last.get(name);
    return last !== undefined && !last.isOff;
  }

  /** Whether it was turned off, as `--no-NAME`. */
  isOff(name: string): boolean {
    return this.#last.get(name)?.isOff === true;
  }

  /** The value that was given last. */
  value(name: string): string | undefined {
    return this.#last.get(name)?.value;
  }

  /** The number that was given last; 0 when there is none. */
  number(name: string): number {
    return Number(this.value(name) ?? 0);
  }

  /** All that was given of some options, in order. */
  all(...names: string[]): readonly Given[] {
    return this.#given.filter(({ name }) => names.includes(name));
  }

  values(name: string): readonly string[] {
    return this.all(name).map(({ value }) => value);
  }
}

/**
 * Reads a command line as curl does: `-o FILE`, `-oFILE`, `-sSL`, `--output FILE`, `--no-buffer`; what is no option is a URL.
 *
 * @throws BadCommandLine with upstream's words
 */
export function readCommandLine(args: readonly string[]): CurlOptions {
  const given: Given[] = [];
  const rest = [...args];
  let readsOptions = true;
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (readsOptions && arg === '--') readsOptions = false;
    else if (readsOptions && arg.startsWith('--')) given.push(readLong(arg, rest));
    else if (readsOptions && arg.startsWith('-') && arg !== '-') given.push(...readShort(arg, rest));
    else given.push({ name: 'url', value: arg, isOff: false });
  }
  return new CurlOptions(given);
}

function readLong(arg: string, rest: string[]): Given {
  const isOff = arg.startsWith('--no-');
  const name = arg.slice(isOff ? 5 : 2);
  const sort = sortOf(name, arg);
  if (isOff && sort !== 'flag') throw unusable(arg, 'the given option cannot be reversed with a --no- prefix');
  return given(name, sort === 'flag' ? '' : valueFor(name, arg, rest), isOff);
}

function readShort(arg: string, rest: string[]): Given[] {
  const found: Given[] = [];
  for (let i = 1; i < arg.length; i++) {
    const letter = arg.charAt(i);
    const name = BY_LETTER.get(letter) ?? '';
    if (sortOf(name, arg) === 'flag') {
      // `-N` is --no-buffer.
      found.push(given(name, '', letter === 'N'));
      continue;
    }
    const attached = arg.slice(i + 1);
    found.push(given(name, valueFor(name, arg, attached === '' ? rest : [attached]), false));
    break;
  }
  return found;
}

const given = (name: string, value: string, isOff: boolean): Given => ({ name: SAME.get(name) ?? name, value, isOff });

function sortOf(name: string, arg: string): Sort {
  const sort = SORTS.get(name);
  if (sort === undefined) throw unusable(arg, 'is unknown');
  if (sort === 'not built') throw unusable(arg, 'the installed libcurl version does not support this');
  return sort;
}

function valueFor(name: string, arg: string, rest: string[]): string {
  const value = rest.shift();
  if (value === undefined && name === 'help') return '';
  if (value === undefined) throw unusable(arg, 'requires parameter');
  if (SORTS.get(name) !== 'number') return value;
  if (/^-\d/.test(value) && name !== 'max-redirs') throw unusable(arg, 'expected a positive numerical parameter');
  if (!/^-?\d+(\.\d*)?$/.test(value)) throw unusable(arg, 'expected a proper numerical parameter');
  return value;
}

/** What is said of an option: its own words, and where to read more. */
export const unusable = (arg: string, why: string, code?: number): BadCommandLine =>
  new BadCommandLine(`curl: option ${arg}: ${why}\n${MORE}`, code);

export const MORE = "curl: try 'curl --help' or 'curl --manual' for more information";
