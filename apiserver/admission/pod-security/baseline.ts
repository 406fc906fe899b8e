import { type Container, goQuote, type LifecycleHandler, type Probe, type SecurityContext } from '../../../api/index.ts';
import { type Check, type CheckedPod, type CheckPod, containersNamed, namesOf, plural, quoted, setters, sorted } from './check.ts';

const always = (id: string, check: CheckPod): Check => ({ id, versions: [{ since: 0, check }] });

/** What both containers and pods say of security. */
type Context = Pick<SecurityContext, 'appArmorProfile' | 'seLinuxOptions' | 'seccompProfile' | 'windowsOptions'>;

/** The values that the pod and its containers give for something and may not; with who gives them. */
export function badValues(pod: CheckedPod, valuesOf: (context: Context) => readonly string[]): { values: string[]; setters: string } {
  const ofPod = pod.spec.securityContext ? valuesOf(pod.spec.securityContext) : [];
  const ofContainer = ({ securityContext }: Container) => (securityContext ? valuesOf(securityContext) : []);
  const names = namesOf(pod, (container) => ofContainer(container).length > 0);
  return { values: sorted([...ofPod, ...pod.containers.flatMap(ofContainer)]), setters: setters(ofPod.length > 0, names) };
}

const APP_ARMOR_ANNOTATION = 'container.apparmor.security.beta.kubernetes.io/';
const APP_ARMOR_TYPES: readonly string[] = ['RuntimeDefault', 'Localhost'];

const appArmorProfile: CheckPod = (pod) => {
  const bad = badValues(pod, ({ appArmorProfile: profile }) => (profile && !APP_ARMOR_TYPES.includes(profile.type) ? [profile.type] : []));
  const annotations = Object.entries(pod.annotations)
    .filter(
      ([key, value]) => key.startsWith(APP_ARMOR_ANNOTATION) && !['', 'runtime/default'].includes(value) && !value.startsWith('localhost/'),
    )
    .map(([key, value]) => `${key}=${goQuote(value)}`)
    .sort();
  const values = [...bad.values, ...annotations];
  if (values.length === 0) return undefined;
  const who = [bad.setters, annotations.length > 0 ? plural('annotation', annotations.length) : ''].filter(Boolean).join(' and ');
  return {
    reason: plural('forbidden AppArmor profile', values.length),
    detail: `${who} must not set AppArmor profile type to ${quoted(values)}`,
  };
};

const CAPABILITIES: ReadonlySet<string> = new Set([
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
]);

const capabilities: CheckPod = (pod) => {
  const added = ({ securityContext }: Container) => (securityContext?.capabilities?.add ?? []).filter((name) => !CAPABILITIES.has(name));
  const names = namesOf(pod, (container) => added(container).length > 0);
  if (names.length === 0) return undefined;
  const all = quoted(sorted(pod.containers.flatMap(added)));
  return {
    reason: 'non-default capabilities',
    detail: `${containersNamed(names)} must not include ${all} in securityContext.capabilities.add`,
  };
};

const hostNamespaces: CheckPod = ({ spec }) => {
  const shared = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((name) => spec[name]).map((name) => `${name}=true`);
  return shared.length === 0 ? undefined : { reason: 'host namespaces', detail: shared.join(', ') };
};

const hostPathVolumes: CheckPod = ({ spec }) => {
  const names = (spec.volumes ?? []).filter(({ hostPath }) => hostPath).map(({ name }) => name);
  return names.length === 0 ? undefined : { reason: 'hostPath volumes', detail: `${plural('volume', names.length)} ${quoted(names)}` };
};

const hostPorts: CheckPod = (pod) => {
  const portsOf = ({ ports = [] }: Container) => ports.flatMap(({ hostPort }) => (hostPort ? [String(hostPort)] : []));
  const names = namesOf(pod, (container) => portsOf(container).length > 0);
  if (names.length === 0) return undefined;
  const ports = sorted(pod.containers.flatMap(portsOf));
  const use = names.length === 1 ? 'uses' : 'use';
  return { reason: 'hostPort', detail: `${containersNamed(names)} ${use} ${plural('hostPort', ports.length)} ${ports.join(', ')}` };
};

/** Probes and hooks that go to a host of their own choice (since 1.34). */
const hostProbes: CheckPod = (pod) => {
  const names = sorted(namesOf(pod, (container) => hostsOf(container).length > 0));
  if (names.length === 0) return undefined;
  const hosts = sorted(pod.containers.flatMap(hostsOf));
  const use = names.length === 1 ? 'uses' : 'use';
  return {
    reason: 'probe or lifecycle host',
    detail: `${containersNamed(names)} ${use} ${plural('probe or lifecycle host', hosts.length)} ${quoted(hosts)}`,
  };
};

function hostsOf({ livenessProbe, readinessProbe, startupProbe, lifecycle }: Container): string[] {
  const handlers: readonly (Probe | LifecycleHandler | undefined)[] = [
    livenessProbe,
    readinessProbe,
    startupProbe,
    lifecycle?.postStart,
    lifecycle?.preStop,
  ];
  return handlers.flatMap((handler) => [handler?.httpGet?.host, handler?.tcpSocket?.host]).filter((host): host is string => Boolean(host));
}

const privileged: CheckPod = (pod) => {
  const names = namesOf(pod, ({ securityContext }) => securityContext?.privileged);
  if (names.length === 0) return undefined;
  return { reason: 'privileged', detail: `${containersNamed(names)} must not set securityContext.privileged=true` };
};

const procMount: CheckPod = (pod) => {
  const mountOf = ({ securityContext }: Container) => securityContext?.procMount ?? 'Default';
  const bad = pod.containers.filter((container) => mountOf(container) !== 'Default');
  if (bad.length === 0) return undefined;
  const names = containersNamed(bad.map(({ name }) => name));
  return { reason: 'procMount', detail: `${names} must not set securityContext.procMount to ${quoted(sorted(bad.map(mountOf)))}` };
};

const SELINUX_TYPES = ['', 'container_t', 'container_init_t', 'container_kvm_t'] as const;

/** The SELinux type is one of these; user and role are nobody's business. */
const seLinuxOptions =
  (types: readonly string[]): CheckPod =>
  (pod) => {
    const given = ({ seLinuxOptions: options }: Context): string[] => [
      ...(options && !types.includes(options.type ?? '') ? [`type ${options.type}`] : []),
      ...(options?.user ? ['user'] : []),
      ...(options?.role ? ['role'] : []),
    ];
    const bad = badValues(pod, given);
    if (bad.values.length === 0) return undefined;
    const badTypes = bad.values.filter((value) => value.startsWith('type ')).map((value) => value.slice('type '.length));
    const what = [
      ...(badTypes.length > 0 ? [`${plural('type', badTypes.length)} ${quoted(badTypes)}`] : []),
      ...(bad.values.includes('user') ? ['user may not be set'] : []),
      ...(bad.values.includes('role') ? ['role may not be set'] : []),
    ];
    return { reason: 'seLinuxOptions', detail: `${bad.setters} set forbidden securityContext.seLinuxOptions: ${what.join('; ')}` };
  };

const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod';
const SECCOMP_CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/';

/** Before 1.19 profiles were annotations. */
const seccompAnnotations: CheckPod = ({ annotations, containers }) => {
  const keys = [SECCOMP_POD, ...containers.map(({ name }) => `${SECCOMP_CONTAINER}${name}`)];
  const bad = keys.flatMap((key) => {
    const value = annotations[key];
    const isGood = value === undefined || value === 'runtime/default' || value === 'docker/default' || value.startsWith('localhost/');
    return isGood ? [] : [`${key}=${goQuote(value)}`];
  });
  const all = sorted(bad);
  return all.length === 0
    ? undefined
    : { reason: 'seccompProfile', detail: `forbidden ${plural('annotation', all.length)} ${all.join(', ')}` };
};

export const SECCOMP_TYPES: readonly string[] = ['Localhost', 'RuntimeDefault'];

/** Profiles that are given, and are none of the good ones. */
export const seccompProfile: CheckPod = (pod) => {
  const bad = badValues(pod, ({ seccompProfile: profile }) => (profile && !SECCOMP_TYPES.includes(profile.type) ? [profile.type] : []));
  if (bad.values.length === 0) return undefined;
  return { reason: 'seccompProfile', detail: `${bad.setters} must not set securityContext.seccompProfile.type to ${quoted(bad.values)}` };
};

const SYSCTLS = [
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
];
const SYSCTLS_27 = [...SYSCTLS, 'net.ipv4.ip_local_reserved_ports'];
const SYSCTLS_29 = [
  ...SYSCTLS_27,
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
];
const SYSCTLS_32 = [...SYSCTLS_29, 'net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem'];

const sysctls =
  (allowed: readonly string[]): CheckPod =>
  ({ spec }) => {
    const names = (spec.securityContext?.sysctls ?? []).map(({ name }) => name).filter((name) => !allowed.includes(name));
    return names.length === 0 ? undefined : { reason: 'forbidden sysctls', detail: names.join(', ') };
  };

const windowsHostProcess: CheckPod = (pod) => {
  const bad = badValues(pod, ({ windowsOptions }) => (windowsOptions?.hostProcess ? ['true'] : []));
  if (bad.values.length === 0) return undefined;
  return { reason: 'hostProcess', detail: `${bad.setters} must not set securityContext.windowsOptions.hostProcess=true` };
};

/** What keeps pods from taking over their node. Upstream: the baseline checks of k8s.io/pod-security-admission, `policy`. */
export const BASELINE: readonly Check[] = [
  always('appArmorProfile', appArmorProfile),
  always('capabilities_baseline', capabilities),
  always('hostNamespaces', hostNamespaces),
  always('hostPathVolumes', hostPathVolumes),
  always('hostPorts', hostPorts),
  { id: 'hostProbesAndHostLifecycle', versions: [{ since: 34, check: hostProbes }] },
  always('privileged', privileged),
  always('procMount', procMount),
  {
    id: 'seLinuxOptions',
    versions: [
      { since: 0, check: seLinuxOptions(SELINUX_TYPES) },
      { since: 31, check: seLinuxOptions([...SELINUX_TYPES, 'container_engine_t']) },
    ],
  },
  {
    id: 'seccompProfile_baseline',
    versions: [
      { since: 0, check: seccompAnnotations },
      { since: 19, check: seccompProfile },
    ],
  },
  {
    id: 'sysctls',
    versions: [
      { since: 0, check: sysctls(SYSCTLS) },
      { since: 27, check: sysctls(SYSCTLS_27) },
      { since: 29, check: sysctls(SYSCTLS_29) },
      { since: 32, check: sysctls(SYSCTLS_32) },
    ],
  },
  always('windowsHostProcess', windowsHostProcess),
];
