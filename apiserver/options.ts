import { type OptionTable, type OptionValues, option, processOptions, UserError } from '../runtime/index.ts';

const PORT = { placeholder: 'PORT', min: 0, max: 65535 };
const FILE = { placeholder: 'FILE' };

/** Options of `nanokube apiserver`, under upstream's names. */
export const apiServerOptions = {
  ...processOptions,
  'data-dir': option.string('Where keys, certificates, kubeconfigs and the database are.', '.nanokube', { placeholder: 'DIR' }),
  ephemeral: option.boolean('Keep the objects in memory only.', false),
  'secure-port': option.integer('Port to serve HTTPS on; 0 picks a free one.', 6443, PORT),
  'bind-address': option.string('Address to listen on.', '0.0.0.0', { placeholder: 'IP' }),
  'advertise-address': option.string('Address that members of the cluster reach the API server at; default: of the first interface.', '', {
    placeholder: 'IP',
  }),
  'token-auth-file': option.string('CSV file of static tokens: token,user,uid,"group,group".', '', FILE),
  'client-ca-file': option.string('CA whose client certificates are accepted beside the own one.', '', FILE),
  'tls-cert-file': option.string('Serving certificate; default: one signed by the own CA.', '', FILE),
  'tls-private-key-file': option.string('Key of the serving certificate.', '', FILE),
  'service-cluster-ip-range': option.string('Range that Services take their IPs from.', '10.96.0.0/16', { placeholder: 'CIDR' }),
  'service-node-port-range': option.string('Range that Services take their node ports from.', '30000-32767', { placeholder: 'FROM-TO' }),
  'max-requests-inflight': option.integer('Reading requests served at a time; 0 for no limit.', 400, { min: 0 }),
  'max-mutating-requests-inflight': option.integer('Writing requests served at a time; 0 for no limit.', 200, { min: 0 }),
  'request-timeout': option.duration('How long a request may take.', 60_000),
  'min-request-timeout': option.integer('Shortest time in seconds given to a watch that names none.', 1800, {
    placeholder: 'SECONDS',
    min: 1,
  }),
  'event-ttl': option.duration('How long Events are kept.', 3_600_000),
  'anonymous-auth': option.boolean('Requests without credentials are system:anonymous.', true),
  'authorization-mode': option.list('Authorizers, in order: Node, RBAC, AlwaysAllow.', ['Node', 'RBAC']),
  'allow-privileged': option.boolean('Pods may have privileged containers.', true),
  'enable-admission-plugins': option.list('Admission plugins to run beside the default ones.', []),
  'disable-admission-plugins': option.list('Default admission plugins not to run.', []),
  'default-watch-cache-size': option.integer('Changes kept per kind for watches that come back.', 8192, { min: 100 }),
  'watch-cache': option.boolean('Answer reads from memory.', true),
  'kubelet-client-certificate': option.string('Certificate shown to kubelets; default: one signed by the own CA.', '', FILE),
  'kubelet-client-key': option.string('Key of the certificate shown to kubelets.', '', FILE),
  'kubelet-preferred-address-types': option.list('Which of a node’s addresses to use, most wanted first.', [
    'InternalDNS',
    'InternalIP',
    'Hostname',
  ]),
} satisfies OptionTable;

export type ApiServerOptionValues = OptionValues<typeof apiServerOptions>;

/** A range of ports, both ends in it. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** @throws UserError when the text is no range of ports. */
export function readPortRange(text: string): PortRange {
  const match = /^(\d+)(?:-(\d+)|\+(\d+))?$/.exec(text);
  const from = Number(match?.[1]);
  const to = match?.[3] === undefined ? Number(match?.[2] ?? match?.[1]) : from + Number(match[3]);
  if (match && from >= 1 && to >= from && to <= 65535) return { from, to };
  throw new UserError(`--service-node-port-range takes a range such as 30000-32767, not "${text}"`);
}

const AUTHORIZERS = ['Node', 'RBAC', 'AlwaysAllow'];

/** @throws UserError for combinations that cannot be. */
export function checkOptions(values: ApiServerOptionValues): void {
  const unknown = values['authorization-mode'].find((mode) => !AUTHORIZERS.includes(mode));
  if (unknown !== undefined) throw new UserError(`--authorization-mode knows ${AUTHORIZERS.join(', ')}, not "${unknown}"`);
  if (values['authorization-mode'].length === 0) throw new UserError('--authorization-mode needs at least one authorizer, such as RBAC');
  if (!values['watch-cache']) throw new UserError('--watch-cache=false is not possible: reads are always answered from the watch cache');
  if (!values['allow-privileged']) throw new UserError('--allow-privileged=false is not possible: leave the option out');
  for (const [certificate, key] of PAIRS) {
    if ((values[certificate] === '') !== (values[key] === ''))
      throw new UserError(`--${certificate} and --${key} are given together or not at all`);
  }
}

const PAIRS = [
  ['tls-cert-file', 'tls-private-key-file'],
  ['kubelet-client-certificate', 'kubelet-client-key'],
] as const;
