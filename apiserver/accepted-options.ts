// Options of kube-apiserver 1.34 that command lines carry and that change nothing here, and those that cannot be followed.
import { OptionError, type OptionTable, type OptionValues, option } from '../runtime/index.ts';

const PROFILING = 'there are no profiles of Go here';
const LOGS = 'logs are JSON lines on standard output, written at once';
const METRICS = 'all metrics are served, with all labels';
const LEADERSHIP = 'the leases of coordinated leader election are of an alpha feature';
const PEERS = 'there is no proxy between API servers of different versions';
const PORTS = 'the port lies in the data of each node';

const idle = (why: string): string => `Without effect: ${why}.`;

/** Without effect, and why that is no loss. What they are set to is looked at for its form only. */
export const acceptedOptions = {
  profiling: option.boolean(idle(PROFILING), true),
  'contention-profiling': option.boolean(idle(PROFILING), false),
  'debug-socket-path': option.string(idle(PROFILING), ''),
  vmodule: option.list(idle('there are no files of Go here'), []),
  'logging-format': option.string(idle(LOGS), 'json'),
  'log-flush-frequency': option.duration(idle(LOGS), 5000),
  'log-json-info-buffer-size': option.string(idle(LOGS), '0'),
  'log-json-split-stream': option.boolean(idle(LOGS), false),
  'log-text-info-buffer-size': option.string(idle(LOGS), '0'),
  'log-text-split-stream': option.boolean(idle(LOGS), false),
  'enable-logs-handler': option.boolean(idle('there are no log files to serve'), true),
  'allow-metric-labels': option.list(idle(METRICS), []),
  'allow-metric-labels-manifest': option.string(idle(METRICS), ''),
  'disabled-metrics': option.list(idle(METRICS), []),
  'show-hidden-metrics-for-version': option.string(idle(METRICS), ''),
  'watch-cache': option.boolean(idle('reads that may come from memory come from memory; those that may not, do not'), true),
  'watch-cache-sizes': option.list(idle('sizes follow from what happens, as they do for all kinds upstream'), []),
  'delete-collection-workers': option.integer(idle('collections are deleted in one go'), 1),
  'etcd-count-metric-poll-period': option.duration(idle('objects are counted when somebody asks'), 60_000),
  'etcd-db-metric-poll-interval': option.duration(idle('the size is looked up when somebody asks'), 30_000),
  'storage-media-type': option.string(idle('objects are read in every form, and written as JSON'), 'application/json'),
  'storage-initialization-timeout': option.duration(idle('the server does not listen before the store is read'), 60_000),
  'livez-grace-period': option.duration(idle('the server does not listen before it is alive'), 0),
  'shutdown-watch-termination-grace-period': option.duration(idle('watches end all at once, and in good order'), 0),
  'cert-dir': option.string(idle('certificates that are made are in the data directory'), ''),
  'permit-address-sharing': option.boolean(idle('addresses are shared with connections that end'), false),
  'max-connection-bytes-per-sec': option.integer(idle('connections are as fast as they can be'), 0),
  'tracing-config-file': option.string(idle('no traces are sent'), ''),
  'apiserver-count': option.integer(idle('servers that share a store know of each other'), 1),
  'peer-ca-file': option.string(idle(PEERS), ''),
  'peer-advertise-ip': option.string(idle(PEERS), ''),
  'peer-advertise-port': option.string(idle(PEERS), ''),
  'coordinated-leadership-lease-duration': option.duration(idle(LEADERSHIP), 15_000),
  'coordinated-leadership-renew-deadline': option.duration(idle(LEADERSHIP), 10_000),
  'coordinated-leadership-retry-period': option.duration(idle(LEADERSHIP), 2000),
  'emulation-forward-compatible': option.boolean(idle('no other version is emulated'), false),
  'runtime-config-emulation-forward-compatible': option.boolean(idle('no other version is emulated'), false),
  'kubelet-port': option.integer(idle(PORTS), 10_250),
  'kubelet-read-only-port': option.integer(idle(PORTS), 10_255),
  'kubelet-timeout': option.duration(idle('kubelets are waited for as long as the request may take'), 5000),
} satisfies OptionTable;

const one = (only: string, why: string): string => `Only ${only} is possible: ${why}.`;
const never = (why: string): string => `Not possible: ${why}.`;

/** With other values than these, something would be believed that is not so. */
export const refusedOptions = {
  'service-account-lookup': option.boolean(one('true', 'tokens of accounts that are gone are no good here'), true),
  'enable-garbage-collector': option.boolean(one('true', 'owners and finalizers are always looked after'), true),
  'storage-backend': option.string(one('etcd3', 'it is what --etcd-servers speaks, and what the database here is like'), 'etcd3'),
  'emulated-version': option.list(one('1.34', 'no other version is emulated'), ['1.34']),
  'min-compatibility-version': option.list(one('1.34', 'no other version is emulated'), ['1.34']),
  'etcd-servers-overrides': option.list(never('all objects are in one store')),
  'egress-selector-config-file': option.string(never('connections are not led through proxies'), ''),
  'service-account-signing-endpoint': option.string(never('tokens are signed here, with --service-account-signing-key-file'), ''),
  'kubernetes-service-node-port': option.integer(never('the Service kubernetes is of type ClusterIP'), 0),
  'permit-port-sharing': option.boolean(never('a port has one server'), false),
  'admission-control': option.list(never('--enable-admission-plugins and --disable-admission-plugins are there instead')),
} satisfies OptionTable;

/** Ways to say a value that is the only one. */
const ALSO: Readonly<Record<string, readonly string[]>> = {
  'storage-backend': [''],
  'emulated-version': ['kube=1.34'],
  'min-compatibility-version': ['kube=1.34'],
};

type Values = OptionValues<typeof acceptedOptions & typeof refusedOptions>;

const MEDIA_TYPES: readonly string[] = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];

/** @throws OptionError for what cannot be followed, or has not the form that it should have. */
export function checkCompatible(values: Values): void {
  const media = String(values['storage-media-type']);
  if (!MEDIA_TYPES.includes(media)) throw new OptionError(`option --storage-media-type knows ${MEDIA_TYPES.join(', ')}, not "${media}"`);
  const wrong = values['watch-cache-sizes'].find((size) => !/^[^#]*#\d+$/.test(size));
  if (wrong !== undefined) throw new OptionError(`option --watch-cache-sizes takes sizes such as pods#100, not "${wrong}"`);
  for (const [name, spec] of Object.entries(refusedOptions)) {
    const value = String(values[name as keyof typeof refusedOptions]);
    if (value !== String(spec.default) && !ALSO[name]?.includes(value)) {
      const { description } = spec;
      throw new OptionError(`option --${name}=${value} cannot be followed. ${description.slice(0, -1)}; leave the option out`);
    }
  }
}

/** Of the options that were given, those that change nothing. */
export const withoutEffect = (given: ReadonlySet<string>): string[] => [...given].filter((name) => Object.hasOwn(acceptedOptions, name));
