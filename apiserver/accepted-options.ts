// Options of kube-apiserver 1.34 that command lines carry and that change nothing here, and those that cannot be followed.
import { inertProcessOptions, metricOptions, OptionError, type OptionTable, type OptionValues, option } from '../runtime/index.ts';

const LEADERSHIP = 'the leases of coordinated leader election are of an alpha feature';
const PEERS = 'there is no proxy between API servers of different versions';
const PORTS = 'the port lies in the data of each node';

/** Without effect, and why that is no loss. */
export const acceptedOptions = {
  ...inertProcessOptions,
  ...metricOptions,
  'debug-socket-path': option.inert('string', 'there are no profiles of Go here'),
  'enable-logs-handler': option.inert('boolean', 'there are no log files to serve'),
  'watch-cache': option.boolean('Answer lists of any state at once and whole; without it they are the newest, in pages.', true),
  'watch-cache-sizes': option.list(
    'Kinds that the same is to be so for, as resource.group#size: none with size 0, as events are; sizes follow from what happens.',
    [],
  ),
  'delete-collection-workers': option.inert('integer', 'collections are deleted in one go'),
  'etcd-count-metric-poll-period': option.inert('duration', 'objects are counted when somebody asks'),
  'etcd-db-metric-poll-interval': option.inert('duration', 'the size is looked up when somebody asks'),
  'storage-media-type': option.inert('string', 'objects are read in every form, and written as JSON'),
  'storage-initialization-timeout': option.inert('duration', 'the server does not listen before the store is read'),
  'livez-grace-period': option.inert('duration', 'the server does not listen before it is alive'),
  'shutdown-watch-termination-grace-period': option.inert('duration', 'watches end all at once, and in good order'),
  'max-connection-bytes-per-sec': option.inert('integer', 'connections are as fast as they can be'),
  'apiserver-count': option.inert('integer', 'servers that share a store know of each other'),
  'peer-ca-file': option.inert('string', PEERS),
  'peer-advertise-ip': option.inert('string', PEERS),
  'peer-advertise-port': option.inert('string', PEERS),
  'coordinated-leadership-lease-duration': option.inert('duration', LEADERSHIP),
  'coordinated-leadership-renew-deadline': option.inert('duration', LEADERSHIP),
  'coordinated-leadership-retry-period': option.inert('duration', LEADERSHIP),
  'runtime-config-emulation-forward-compatible': option.inert('boolean', 'no other version is emulated'),
  'kubelet-port': option.inert('integer', PORTS),
  'kubelet-read-only-port': option.inert('integer', PORTS),
  'kubelet-timeout': option.inert('duration', 'kubelets are waited for as long as the request may take'),
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
  const { 'storage-media-type': media = MEDIA_TYPES[0], 'watch-cache-sizes': sizes } = values;
  if (!MEDIA_TYPES.some((known) => known === media))
    throw new OptionError(`option --storage-media-type knows ${MEDIA_TYPES.join(', ')}, not "${media}"`);
  const wrong = sizes.find((size) => !/^[^#]*#\d+$/.test(size));
  if (wrong !== undefined) throw new OptionError(`option --watch-cache-sizes takes sizes such as pods#100, not "${wrong}"`);
  for (const [name, spec] of Object.entries(refusedOptions)) {
    const value = String(values[name as keyof typeof refusedOptions]);
    if (value !== String(spec.default) && !ALSO[name]?.includes(value)) {
      const { description } = spec;
      throw new OptionError(`option --${name}=${value} cannot be followed. ${description.slice(0, -1)}; leave the option out`);
    }
  }
}
