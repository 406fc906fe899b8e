import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { type KindInfo, parseCidr } from '../api/index.ts';
import { ALL_KINDS } from '../api/schema.ts';
import {
  type CertificateFiles,
  namedCertificates,
  OptionError,
  type OptionValues,
  type TlsLimits,
  tlsLimits,
  UserError,
} from '../runtime/index.ts';
import { checkCompatible } from './accepted-options.ts';
import { IpRange } from './allocators/ip-range.ts';
import { checkAudit } from './audit/options.ts';
import { SIGNING_ALGORITHMS } from './auth/index.ts';
import { type FeatureGates, featureGates } from './feature-gates.ts';
import { apiServerOptions } from './options.ts';
import { type BrowserRules, browserRules } from './pipeline/browser-rules.ts';
import { runtimeConfig } from './runtime-config.ts';

/** The API server's options as they were given. */
export type ApiServerValues = OptionValues<typeof apiServerOptions>;

/** What follows from the options, checked once. */
export interface CompiledOptions {
  readonly serviceNodePortRange: { readonly from: number; readonly to: number };
  /** Which versions of which kinds are served. */
  isServed(kind: KindInfo): boolean;
  readonly featureGates: FeatureGates;
  /** First address of the Service range: the Service `kubernetes`. */
  readonly kubernetesServiceIp: string;
  /** Signs tokens of service accounts: the first of the issuers. */
  readonly tokenIssuer: string;
  /** What tokens must be good for to be good here. */
  readonly apiAudiences: readonly string[];
  /** What connections may be made with. */
  readonly tlsLimits: TlsLimits;
  /** Further certificates, for clients that ask for other names. */
  readonly namedCertificates: readonly CertificateFiles[];
  /** What the keys of all objects begin with: a slash, and none at its end. */
  readonly storageRoot: string;
  readonly browsers: BrowserRules | undefined;
}

const PORT_MAX = 65_535;
/** The least and the most that the lifetime of tokens may be limited to. */
const MAX_TOKEN_MS_LEAST = 3_600_000;
const MAX_TOKEN_MS_MOST = 2 ** 32 * 1000;

/** @throws OptionError that says what to change. */
export function compileOptions(values: ApiServerValues): CompiledOptions {
  checkCompatible(values);
  checkPairs(values);
  checkModes(values);
  checkStore(values);
  checkAudit(values);
  checkOidc(values);
  checkAggregation(values);
  checkLimits(values);
  for (const name of ['bind-address', 'advertise-address'] as const) {
    const ip = values[name];
    if (ip !== undefined && isIP(ip) === 0) throw new OptionError(`option --${name} takes an IP address, not "${ip}"`);
  }
  const kubernetesServiceIp = firstIp(values['service-cluster-ip-range']);
  checkFamilies(values, kubernetesServiceIp);
  return {
    ...tokenOptions(values),
    tlsLimits: tlsLimits(values['tls-min-version'], values['tls-cipher-suites']),
    namedCertificates: values['tls-sni-cert-key'].length === 0 ? [] : namedCertificates(values['tls-sni-cert-key']),
    storageRoot: `/${values['etcd-prefix'].split('/').filter(Boolean).join('/')}`,
    browsers: browserRules(values['cors-allowed-origins'], values['strict-transport-security-directives']),
    featureGates: featureGates(values['feature-gates']),
    isServed: runtimeConfig(
      values['runtime-config'],
      ALL_KINDS.map(({ info }) => info),
    ),
    serviceNodePortRange: portRange(values['service-node-port-range']),
    kubernetesServiceIp,
  };
}

/** Upstream: `validatePublicIPServiceClusterIPRangeIPFamilies`, `cmd/kube-apiserver/app/options/validation.go`. */
function checkFamilies(values: ApiServerValues, kubernetesServiceIp: string): void {
  const { 'advertise-address': advertised, 'service-cluster-ip-range': ranges, 'endpoint-reconciler-type': reconciler } = values;
  const isLeftToServer = advertised === undefined || advertised === '0.0.0.0' || advertised === '::';
  if (isLeftToServer || reconciler === 'none' || isIP(advertised) === isIP(kubernetesServiceIp)) return;
  const [range = ''] = ranges.split(',');
  throw new OptionError(`service IP family "${range.trim()}" must match public address family "${advertised}"`);
}

/** Upstream's `--service-account-issuer`: a text without colons, or a URL; and its limits of `--service-account-max-token-expiration`. */
function tokenOptions(values: ApiServerValues): Pick<CompiledOptions, 'tokenIssuer' | 'apiAudiences'> {
  const { 'service-account-issuer': issuers, 'api-audiences': audiences, 'service-account-max-token-expiration': maxMs } = values;
  const [tokenIssuer] = issuers;
  if (tokenIssuer === undefined || issuers.includes('')) throw new OptionError('option --service-account-issuer needs at least one issuer');
  const wrong = issuers.find((issuer) => issuer.includes(':') && !URL.canParse(issuer));
  if (wrong !== undefined) throw new OptionError(`option --service-account-issuer takes URLs or names without colons, not "${wrong}"`);
  const keys = values['service-account-jwks-uri'];
  if (keys !== undefined && !(URL.canParse(keys) && new URL(keys).protocol === 'https:'))
    throw new OptionError(`option --service-account-jwks-uri takes an https URL, not "${keys}"`);
  if (maxMs !== 0 && (maxMs < MAX_TOKEN_MS_LEAST || maxMs > MAX_TOKEN_MS_MOST)) {
    throw new OptionError('option --service-account-max-token-expiration takes a duration from 1h to 2^32 seconds, or 0 for no limit');
  }
  return { tokenIssuer, apiAudiences: audiences.length > 0 ? audiences : issuers };
}

const AUTHORIZERS: readonly string[] = ['Node', 'RBAC', 'Webhook', 'ABAC', 'AlwaysAllow', 'AlwaysDeny'];
const REVIEW_VERSIONS: readonly string[] = ['v1', 'v1beta1'];

/** Upstream: pkg/kubeapiserver/options/authorization.go. */
function checkModes(values: ApiServerValues): void {
  const modes = values['authorization-mode'];
  const unknown = modes.find((mode) => !AUTHORIZERS.includes(mode));
  if (unknown !== undefined) throw new OptionError(`option --authorization-mode knows ${AUTHORIZERS.join(', ')}, not "${unknown}"`);
  if (modes.length === 0) throw new OptionError('option --authorization-mode needs at least one authorizer, such as RBAC');
  const twice = modes.find((mode, i) => modes.indexOf(mode) < i);
  if (twice !== undefined) throw new OptionError(`option --authorization-mode names ${twice} more than once`);
  const { default: usual } = apiServerOptions['authorization-mode'];
  if (values['authorization-config'] !== undefined && modes.join() !== usual.join()) {
    throw new OptionError('options --authorization-config and --authorization-mode exclude each other; leave one out');
  }
  checkModeFile(values, 'Webhook', 'authorization-webhook-config-file');
  if (values['authorization-config'] === undefined) checkModeFile(values, 'ABAC', 'authorization-policy-file');
  for (const name of ['authorization-webhook-version', 'authentication-token-webhook-version'] as const) {
    if (!REVIEW_VERSIONS.includes(values[name]))
      throw new OptionError(`option --${name} knows ${REVIEW_VERSIONS.join(' and ')}, not "${values[name]}"`);
  }
  if (!values['allow-privileged']) throw new OptionError('option --allow-privileged=false is not possible; leave the option out');
}

/** A mode and its file go together. */
function checkModeFile(
  values: ApiServerValues,
  mode: string,
  file: 'authorization-webhook-config-file' | 'authorization-policy-file',
): void {
  const isOn = values['authorization-mode'].includes(mode);
  if (isOn && values[file] === undefined) throw new OptionError(`option --authorization-mode=${mode} needs --${file}`);
  if (!isOn && values[file] !== undefined) throw new OptionError(`option --${file} needs --authorization-mode=${mode}`);
}

/** Upstream: pkg/kubeapiserver/options/authentication.go. */
function checkOidc(values: ApiServerValues): void {
  const { 'oidc-issuer-url': issuer, 'oidc-client-id': client, 'authentication-config': config, 'oidc-signing-algs': algorithms } = values;
  if ((issuer === undefined) !== (client === undefined))
    throw new OptionError('options --oidc-issuer-url and --oidc-client-id go together');
  if (issuer !== undefined && config !== undefined) {
    throw new OptionError('options --authentication-config and --oidc-issuer-url exclude each other; leave one out');
  }
  const unknown = algorithms.find((name) => !SIGNING_ALGORITHMS.includes(name));
  if (unknown !== undefined || algorithms.length === 0) {
    throw new OptionError(`option --oidc-signing-algs knows ${SIGNING_ALGORITHMS.join(', ')}, not "${unknown ?? ''}"`);
  }
}

function checkPairs(values: ApiServerValues): void {
  const pairs = [
    ['tls-cert-file', 'tls-private-key-file'],
    ['kubelet-client-certificate', 'kubelet-client-key'],
    ['etcd-certfile', 'etcd-keyfile'],
    ['proxy-client-cert-file', 'proxy-client-key-file'],
  ] as const;
  for (const [one, other] of pairs) {
    if ((values[one] === undefined) !== (values[other] === undefined)) throw new OptionError(`options --${one} and --${other} go together`);
  }
}

function checkAggregation(values: ApiServerValues): void {
  if (!values['enable-aggregator-routing']) throw new OptionError('option --enable-aggregator-routing=false is not possible; leave it out');
  const lists = [
    'requestheader-username-headers',
    'requestheader-uid-headers',
    'requestheader-group-headers',
    'requestheader-extra-headers-prefix',
  ] as const;
  for (const name of lists) {
    const wrong = values[name].find((header) => !HEADER_NAME.test(header));
    if (wrong !== undefined) throw new OptionError(`option --${name} takes names of headers, not ${JSON.stringify(wrong)}`);
  }
}

/** Upstream: apiserver/pkg/server/options/server_run_options.go. */
function checkLimits(values: ApiServerValues): void {
  const { 'max-requests-inflight': reads, 'max-mutating-requests-inflight': writes, 'enable-priority-and-fairness': isFair } = values;
  if (isFair && reads + writes === 0)
    throw new OptionError(
      'options --max-requests-inflight and --max-mutating-requests-inflight must not both be 0 with priority and fairness',
    );
}

const HEADER_NAME = /^[!#$&'*+\-.^_`|~0-9A-Za-z]+$/;

const RECONCILERS: readonly string[] = ['lease', 'none'];

/** Which kinds are in another etcd than the others. */
export interface StoreOverrideSetting {
  /** As `group/resource`. */
  readonly resources: string[];
  readonly servers: readonly string[];
}

/**
 * Reads `--etcd-servers-overrides`. What names the same servers, in whatever order, is one store. Upstream: `ParseEtcdServersOverrides` (apiserver,
 * pkg/server/options/etcd.go).
 *
 * @throws OptionError in upstream's words.
 */
export function storeOverrides(texts: readonly string[]): StoreOverrideSetting[] {
  const found = new Map<string, StoreOverrideSetting>();
  for (const text of texts) {
    const [resource = '', list = '', ...more] = text.split('#');
    const servers = list.split(';');
    if (more.length > 0 || resource.split('/').length !== 2 || servers.includes('')) {
      throw new OptionError(
        'option --etcd-servers-overrides invalid, must be of format: group/resource#servers, where servers are URLs, semicolon separated',
      );
    }
    const key = [...servers].sort().join(';');
    const known = found.get(key);
    if (known) known.resources.push(resource);
    else found.set(key, { resources: [resource], servers });
  }
  return [...found.values()];
}

function checkStore(values: ApiServerValues): void {
  storeOverrides(values['etcd-servers-overrides']);
  const { 'etcd-servers': servers, 'etcd-prefix': prefix, 'endpoint-reconciler-type': reconciler, ephemeral } = values;
  const wrong = servers.find((server) => !/^https?:\/\/[^/]+$/.test(server) || !URL.canParse(server));
  if (wrong !== undefined) throw new OptionError(`option --etcd-servers takes URLs such as http://127.0.0.1:2379, not "${wrong}"`);
  if (ephemeral && servers.length > 0) throw new OptionError('options --ephemeral and --etcd-servers exclude each other; leave one out');
  if (/^\/*$/.test(prefix)) throw new OptionError('option --etcd-prefix takes a path such as /registry');
  if (!RECONCILERS.includes(reconciler)) {
    throw new OptionError(`option --endpoint-reconciler-type knows ${RECONCILERS.join(' and ')}, not "${reconciler}"`);
  }
  if (values['service-account-key-file'].length > 0 && values['service-account-signing-key-file'] === undefined) {
    throw new OptionError('option --service-account-key-file needs --service-account-signing-key-file, or no token made here is good here');
  }
  if (values['encryption-provider-config-automatic-reload'] && values['encryption-provider-config'] === undefined) {
    throw new OptionError('option --encryption-provider-config-automatic-reload needs --encryption-provider-config');
  }
}

function portRange(text: string): { from: number; to: number } {
  const [, from, to] = /^(\d+)-(\d+)$/.exec(text) ?? [];
  const range = { from: Number(from), to: Number(to) };
  if (!(range.from >= 1 && range.from <= range.to && range.to <= PORT_MAX)) {
    throw new OptionError(`option --service-node-port-range takes two ports such as 30000-32767, not "${text}"`);
  }
  return range;
}

/** Bits that a range of IPv6 leaves to the network at least: no address is taken of a larger one (upstream: `NewIPAllocator`). */
const MASK_IPV6_MIN = 64;

/** Upstream: `validateClusterIPFlags` (`cmd/kube-apiserver/app/options/validation.go`); since each address is an object, a range may be large. */
function firstIp(ranges: string): string {
  const name = 'option --service-cluster-ip-range';
  const [first, second, ...more] = ranges.split(',').map((text) => readRange(name, text));
  if (!first || more.length > 0) throw new OptionError(`${name} must not contain more than two entries`);
  if (second && second.family === first.family)
    throw new OptionError(`${name} takes two ranges of different IP families only, not "${ranges}"`);
  return first.firstIp;
}

function readRange(name: string, text: string): IpRange {
  const prefix = parseCidr(text);
  if (!prefix) throw new OptionError(`${name} takes a range such as 10.96.0.0/16, or two of different IP families, not "${text}"`);
  const range = new IpRange(text);
  if (range.family === 'IPv6' && prefix.length < MASK_IPV6_MIN) {
    throw new OptionError(`${name} is too large with ${text}; the mask must be at least ${MASK_IPV6_MIN} bits long`);
  }
  if (prefix.length > (range.family === 'IPv4' ? 30 : 126)) throw new OptionError(`${name} has no room for a Service in ${text}`);
  return range;
}

/** Reads a PEM file that an option names. @throws UserError when it cannot be read or is none. */
export function readPem(optionName: string, path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UserError(`--${optionName}: ${path} cannot be read (${error instanceof Error ? error.message : String(error)})`);
  }
  if (!text.includes('-----BEGIN '))
    throw new UserError(`--${optionName}: ${path} holds no PEM; it must begin with a line like -----BEGIN CERTIFICATE-----`);
  return text;
}
