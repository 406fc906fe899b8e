// Options that a command line of kube-controller-manager may have, beside those that the controllers are told by.
import { OptionError, type OptionTable, type OptionType, type OptionValues, option } from '../runtime/index.ts';

/** From here on klog says what it does step by step. */
const VERBOSITY_DEBUG = 4;
const VERBOSITY_TRACE = 6;
/** The only one of its kind here; others are refused, for they would be missed. */
const CIDR_ALLOCATOR = 'RangeAllocator';
const RESOURCE_LOCK = 'leases';
const EXTERNAL_CLOUD = 'external';
const EMULATED_VERSIONS: readonly string[] = ['1.34', 'v1.34', 'kube=1.34', 'kube=v1.34'];

/** Options with a meaning of the process, not of a controller. */
export const upstreamOptions = {
  // Upstream's is a number with decimals.
  'kube-api-qps': option.number('Requests per second to the API server; 0 for no limit.', 0),
  'authentication-kubeconfig': option.string(
    'With whose rights tokens of who asks for metrics are reviewed; --kubeconfig unless given.',
    undefined,
    {
      placeholder: 'FILE',
    },
  ),
  'authorization-kubeconfig': option.string('With whose rights it is asked what they may; --kubeconfig unless given.', undefined, {
    placeholder: 'FILE',
  }),
  'cidr-allocator-type': option.string(`How nodes get blocks of addresses; there is ${CIDR_ALLOCATOR}.`, CIDR_ALLOCATOR),
  'cloud-provider': option.string(`Empty, or ${EXTERNAL_CLOUD}: there is no cloud.`, ''),
  'emulated-version': option.list('Version to behave like; there is 1.34.', [], { placeholder: 'VERSION' }),
  'feature-gates': option.list('GATE=true|false; taken, and without effect: features are as 1.34 has them by default.', [], {
    placeholder: 'GATES=BOOL',
  }),
  'leader-elect-resource-lock': option.string(`What leaders are elected by; there is ${RESOURCE_LOCK}.`, RESOURCE_LOCK),
  v: option.integer(`As -v: from ${VERBOSITY_DEBUG} on, what --log-level=debug logs; from ${VERBOSITY_TRACE} on, trace.`, 0),
  version: option.boolean('Print the version of Kubernetes, and end.', false),
} satisfies OptionTable;

interface Inert {
  /** Why they change nothing. */
  readonly why: string;
  readonly options: Readonly<Record<string, OptionType>>;
}

const INERT: readonly Inert[] = [
  {
    why: 'there is no cloud',
    options: {
      'cloud-config': 'string',
      'cluster-name': 'string',
      'configure-cloud-routes': 'boolean',
      'enable-leader-migration': 'boolean',
      'external-cloud-volume-plugin': 'string',
      'leader-migration-config': 'string',
      'route-reconciliation-period': 'duration',
    },
  },
  { why: 'all controllers act as the user of --kubeconfig', options: { 'use-service-account-credentials': 'boolean' } },
  {
    why: 'what is not known of who asks for metrics is always looked up, and not kept',
    options: {
      'authentication-skip-lookup': 'boolean',
      'authentication-token-webhook-cache-ttl': 'duration',
      'authentication-tolerate-lookup-failure': 'boolean',
      'authorization-webhook-cache-authorized-ttl': 'duration',
      'authorization-webhook-cache-unauthorized-ttl': 'duration',
    },
  },
  {
    why: 'no front proxy is believed',
    options: {
      'requestheader-allowed-names': 'list',
      'requestheader-client-ca-file': 'string',
      'requestheader-extra-headers-prefix': 'list',
      'requestheader-group-headers': 'list',
      'requestheader-uid-headers': 'list',
      'requestheader-username-headers': 'list',
    },
  },
  {
    why: "health and metrics are served over HTTP/1.1, by Node's rules for TLS",
    options: {
      'cert-dir': 'string',
      'disable-http2-serving': 'boolean',
      'http2-max-streams-per-connection': 'integer',
      'permit-address-sharing': 'boolean',
      'permit-port-sharing': 'boolean',
      'tls-cipher-suites': 'list',
      'tls-min-version': 'string',
      'tls-sni-cert-key': 'string',
    },
  },
  { why: 'no profiles are served', options: { 'contention-profiling': 'boolean', profiling: 'boolean' } },
  {
    why: 'all metrics are served as they are',
    options: {
      'allow-metric-labels': 'string',
      'allow-metric-labels-manifest': 'string',
      'disabled-metrics': 'list',
      'show-hidden-metrics-for-version': 'string',
    },
  },
  {
    why: 'the log is JSON, a line at a time',
    options: {
      'log-flush-frequency': 'string',
      'log-json-info-buffer-size': 'string',
      'log-json-split-stream': 'boolean',
      'log-text-info-buffer-size': 'string',
      'log-text-split-stream': 'boolean',
      'logging-format': 'string',
      vmodule: 'string',
    },
  },
  {
    why: 'caches are never synced again: they cannot miss anything',
    options: { 'min-resync-period': 'duration', 'namespace-sync-period': 'duration' },
  },
  { why: 'only 1.34 is emulated', options: { 'emulation-forward-compatible': 'boolean' } },
  { why: 'requests are JSON', options: { 'kube-api-content-type': 'string' } },
  { why: 'the API server checks the types of policies', options: { 'concurrent-validating-admission-policy-status-syncs': 'integer' } },
  {
    why: "volumes are wiped by pods of upstream's own template",
    options: { 'pv-recycler-pod-template-filepath-hostpath': 'string', 'pv-recycler-pod-template-filepath-nfs': 'string' },
  },
  {
    why: 'volumes are made by the provisioners that StorageClasses name',
    options: { 'enable-hostpath-provisioner': 'boolean', 'flex-volume-plugin-dir': 'string' },
  },
];

/** Options that change nothing here: they are taken, so that command lines of kube-controller-manager are. */
export const inertOptions: OptionTable = Object.fromEntries(
  INERT.flatMap(({ why, options }) =>
    Object.entries(options).map(([name, type]) => [name, { type, description: `Taken, and without effect: ${why}.`, default: undefined }]),
  ),
);

/** What was given and changes nothing, with the reason. */
export function withoutEffect(given: ReadonlySet<string>): { option: string; why: string }[] {
  const notes = INERT.flatMap(({ why, options }) => Object.keys(options).map((name) => ({ option: name, why })));
  return notes.filter(({ option: name }) => given.has(name)).map(({ option: name, why }) => ({ option: `--${name}`, why }));
}

/** @throws OptionError for what there is only one of, and something else is asked for. */
export function checkUpstreamOptions(values: OptionValues<typeof upstreamOptions>): void {
  only('cidr-allocator-type', values['cidr-allocator-type'], [CIDR_ALLOCATOR]);
  only('cloud-provider', values['cloud-provider'], ['', EXTERNAL_CLOUD]);
  only('leader-elect-resource-lock', values['leader-elect-resource-lock'], [RESOURCE_LOCK]);
  for (const version of values['emulated-version']) only('emulated-version', version, EMULATED_VERSIONS);
  for (const gate of values['feature-gates']) {
    if (!/^\w+=(true|false)$/.test(gate)) throw new OptionError(`option --feature-gates takes GATE=true or GATE=false, not "${gate}"`);
  }
}

function only(name: string, value: string, allowed: readonly string[]): void {
  if (allowed.includes(value)) return;
  const [first, ...others] = allowed.map((text) => (text === '' ? 'nothing' : text));
  throw new OptionError(`option --${name} takes ${[first, ...others].join(' or ')}, not "${value}"`);
}

/** The level to log at, by `-v`; undefined for the one that is set. */
export const levelOf = (verbosity: number): 'trace' | 'debug' | undefined =>
  verbosity >= VERBOSITY_TRACE ? 'trace' : verbosity >= VERBOSITY_DEBUG ? 'debug' : undefined;

/** A command line as pflag reads it: `-v` has a short name, and words of a name may be joined by underscores. */
export function normalized(argv: readonly string[]): string[] {
  return argv.map((argument) => {
    const [isVerbosity, level] = /^-v=?(\d*)$/.exec(argument) ?? [];
    if (isVerbosity !== undefined) return level === '' ? '--v' : `--v=${level}`;
    return argument.replace(/^--[^=]+/, (name) => name.replaceAll('_', '-'));
  });
}
