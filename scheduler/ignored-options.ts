import { type OptionTable, option } from '../runtime/index.ts';

const LOGS = 'Taken, and changes nothing: --log-level says what is logged, as JSON.';
const METRICS = 'Taken, and changes nothing: all metrics are served as they are.';
const SERVING = 'Taken, and changes nothing: connections are served as Node.js does by itself.';
const REVIEWS = 'Taken, and changes nothing: each request is asked about anew.';
const PROXIES = 'Taken, and changes nothing: who asks says so by a certificate or a token of their own.';
const GATES = 'Taken, and changes nothing: features are those of 1.34, with their defaults.';
const PROFILING = 'Taken, and changes nothing: profiles are taken with Node.js’ own options.';

/** Options of upstream's kube-scheduler (1.34) that command lines have and that mean nothing here; who gives one reads so in the log. */
export const ignoredOptions = {
  'allow-metric-labels': option.string(METRICS, undefined),
  'allow-metric-labels-manifest': option.string(METRICS, undefined),
  'authentication-skip-lookup': option.boolean('Taken, and changes nothing: --client-ca-file says whose certificates are good.', false),
  'authentication-token-webhook-cache-ttl': option.duration(REVIEWS, 10_000),
  'authentication-tolerate-lookup-failure': option.boolean(
    'Taken, and changes nothing: whose certificates are good is asked for until it is known.',
    true,
  ),
  'authorization-webhook-cache-authorized-ttl': option.duration(REVIEWS, 10_000),
  'authorization-webhook-cache-unauthorized-ttl': option.duration(REVIEWS, 10_000),
  'contention-profiling': option.boolean(PROFILING, true),
  'disable-http2-serving': option.boolean(SERVING, false),
  'disabled-metrics': option.list(METRICS),
  'emulated-version': option.list(GATES),
  'emulation-forward-compatible': option.boolean(GATES, false),
  'feature-gates': option.list(GATES),
  'http2-max-streams-per-connection': option.integer(SERVING, 0, { min: 0 }),
  'kube-api-content-type': option.string(
    'Taken, and changes nothing: requests are made in the form that suits each.',
    'application/vnd.kubernetes.protobuf',
  ),
  'log-flush-frequency': option.duration(LOGS, 5000),
  'log-json-info-buffer-size': option.string(LOGS, undefined),
  'log-json-split-stream': option.boolean(LOGS, false),
  'log-text-info-buffer-size': option.string(LOGS, undefined),
  'log-text-split-stream': option.boolean(LOGS, false),
  'logging-format': option.string(LOGS, 'text'),
  'permit-address-sharing': option.boolean(SERVING, false),
  'permit-port-sharing': option.boolean(SERVING, false),
  profiling: option.boolean(PROFILING, true),
  'requestheader-allowed-names': option.list(PROXIES),
  'requestheader-client-ca-file': option.string(PROXIES, undefined, { placeholder: 'FILE' }),
  'requestheader-extra-headers-prefix': option.list(PROXIES, ['x-remote-extra-']),
  'requestheader-group-headers': option.list(PROXIES, ['x-remote-group']),
  'requestheader-uid-headers': option.list(PROXIES),
  'requestheader-username-headers': option.list(PROXIES, ['x-remote-user']),
  'show-hidden-metrics-for-version': option.string(METRICS, undefined),
  'tls-cipher-suites': option.list(SERVING),
  'tls-min-version': option.string(SERVING, undefined),
  'tls-sni-cert-key': option.string(SERVING, undefined),
  v: option.integer(`${LOGS} Also -v.`, 0),
  vmodule: option.list(LOGS),
} satisfies OptionTable;

/** A command line without the one short option that upstream's has: `-v=2`, `-v2` and `-v 2` become `--v`. */
export const withoutShortOptions = (argv: readonly string[]): string[] =>
  argv.map((argument) => argument.replace(/^-v(?:=?(?<level>-?\d+))?$/, (_all, level?: string) => (level ? `--v=${level}` : '--v')));
