/** What the controller's ConfigMap sets, as far as it matters here (upstream `internal/ingress/controller/config/config.go`). */
export interface Settings {
  readonly allowsSnippets: boolean;
  readonly riskLevel: string;
  readonly wordBlocklist: readonly string[];
  readonly strictPathTypes: boolean;
  readonly crossNamespace: boolean;
  readonly logsDefaultBackend: boolean;
  readonly logFormat: string;
  readonly logsAsJson: boolean;
  readonly disablesAccessLog: boolean;
  readonly skipAccessLogUrls: readonly string[];
  readonly useForwardedHeaders: boolean;
  readonly computeFullForwardedFor: boolean;
  readonly forwardedForHeader: string;
  readonly addsOriginalUri: boolean;
  readonly redirectCode: number;
  readonly hsts: string | undefined;
  readonly showsServerTokens: boolean;
  readonly customHttpErrors: readonly number[];
  readonly noTlsRedirectLocations: readonly string[];
  readonly noAuthLocations: readonly string[];
  readonly limitStatusCode: number;
  readonly proxySetHeaders: string;
  readonly addHeaders: string;
  readonly hideHeaders: readonly string[];
  readonly proxyBodySize: string;
  readonly proxyConnectTimeout: number;
  readonly proxyReadTimeout: number;
  readonly nextUpstreamTries: number;
  readonly sslRedirect: boolean;
  readonly forceSslRedirect: boolean;
  readonly preserveTrailingSlash: boolean;
  readonly serviceUpstream: boolean;
  readonly allowlist: readonly string[];
  readonly denylist: readonly string[];
}

const LOG_FORMAT =
  '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_length $request_time [$proxy_upstream_name] [$proxy_alternative_upstream_name] $upstream_addr $upstream_response_length $upstream_response_time $upstream_status $req_id';
const HSTS_MAX_AGE = '31536000';
const REDIRECT_CODES: ReadonlySet<number> = new Set([301, 302, 307, 308]);
const ACME = '/.well-known/acme-challenge';

/** Parts of a list between commas. */
export const listOf = (text: string): readonly string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

/** Reads a ConfigMap; what is no value of its key is as if it were not there. */
export function readSettings(data: Readonly<Record<string, string>>): Settings {
  const text = (name: string, usual: string) => data[name] ?? usual;
  const truth = (name: string, usual: boolean) => parseTruth(data[name]) ?? usual;
  const number = (name: string, usual: number) => (/^-?\d+$/.test(data[name] ?? '') ? Number(data[name]) : usual);
  const list = (name: string, usual = '') => listOf(data[name] ?? usual);
  const redirectCode = number('http-redirect-code', 308);
  return {
    allowsSnippets: truth('allow-snippet-annotations', false),
    riskLevel: text('annotations-risk-level', 'High'),
    wordBlocklist: list('annotation-value-word-blocklist'),
    strictPathTypes: truth('strict-validate-path-type', true),
    crossNamespace: truth('allow-cross-namespace-resources', false),
    logsDefaultBackend: truth('enable-access-log-for-default-backend', false),
    logFormat: text('log-format-upstream', LOG_FORMAT),
    logsAsJson: truth('log-format-escape-json', false),
    disablesAccessLog: truth('disable-access-log', false) || truth('disable-http-access-log', false),
    skipAccessLogUrls: list('skip-access-log-urls'),
    useForwardedHeaders: truth('use-forwarded-headers', false) || truth('enable-real-ip', false),
    computeFullForwardedFor: truth('compute-full-forwarded-for', false),
    forwardedForHeader: text('forwarded-for-header', 'X-Forwarded-For').toLowerCase(),
    addsOriginalUri: truth('proxy-add-original-uri-header', false),
    redirectCode: REDIRECT_CODES.has(redirectCode) ? redirectCode : 308,
    hsts: truth('hsts', true) ? hstsOf(text('hsts-max-age', HSTS_MAX_AGE), truth) : undefined,
    showsServerTokens: truth('server-tokens', false),
    customHttpErrors: list('custom-http-errors').map(Number).filter(Number.isInteger),
    noTlsRedirectLocations: list('no-tls-redirect-locations', ACME),
    noAuthLocations: list('no-auth-locations', ACME),
    limitStatusCode: number('limit-req-status-code', 503),
    proxySetHeaders: text('proxy-set-headers', ''),
    addHeaders: text('add-headers', ''),
    hideHeaders: list('hide-headers').map((name) => name.toLowerCase()),
    proxyBodySize: text('proxy-body-size', '1m'),
    proxyConnectTimeout: number('proxy-connect-timeout', 5),
    proxyReadTimeout: number('proxy-read-timeout', 60),
    nextUpstreamTries: number('proxy-next-upstream-tries', 3),
    sslRedirect: truth('ssl-redirect', true),
    forceSslRedirect: truth('force-ssl-redirect', false),
    preserveTrailingSlash: truth('preserve-trailing-slash', false),
    serviceUpstream: truth('service-upstream', false),
    allowlist: list('whitelist-source-range'),
    denylist: list('denylist-source-range'),
  };
}

function hstsOf(maxAge: string, truth: (name: string, usual: boolean) => boolean): string {
  const subdomains = truth('hsts-include-subdomains', true) ? '; includeSubDomains' : '';
  return `max-age=${maxAge}${subdomains}${truth('hsts-preload', false) ? '; preload' : ''}`;
}

const TRUE: ReadonlySet<string> = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const FALSE: ReadonlySet<string> = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);

/** Go's `strconv.ParseBool`; undefined for what is neither. */
export const parseTruth = (text: string | undefined): boolean | undefined =>
  text !== undefined && TRUE.has(text) ? true : text !== undefined && FALSE.has(text) ? false : undefined;

/** Bytes of a size as nginx writes it: `8m`; 0 is no limit. */
export function bytesOf(size: string): number {
  const [, digits = '0', unit = ''] = /^(\d+)([bkmg]?)$/i.exec(size) ?? [];
  return Number(digits) * ({ k: 1024, m: 1024 ** 2, g: 1024 ** 3 }[unit.toLowerCase()] ?? 1);
}
