import {
  coreKinds,
  type KindInfo,
  type NodeSelectorTerm,
  type PersistentVolumeSpec,
  type PodIP,
  type PodResourceClaim,
  type PodSpec,
  type PodTemplateSpec,
  type SeccompProfile,
  type SecurityContext,
} from '../../api/index.ts';
import { type AnyMessage, BUILT_IN_KINDS, emptyIn, type FieldInfo, type FieldType, sharesEmpties } from '../../api/schema.ts';

/**
 * Upstream prints some bad values, and the differences between pods, as JSON of its internal structs: Go's field names, every field
 * present, and a few fields in another place than in the public API. Only error messages need this.
 */
type Fields = Readonly<Record<string, unknown>>;

/** The struct itself: it is known what it was given as empty. */
const fieldsOf = (struct: object): Fields => struct as Fields;

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Go names that are not just the JSON name with a capital letter; `type.field` where it differs by type. */
const GO_NAMES: ReadonlyMap<string, string> = new Map([
  ['apiGroup', 'APIGroup'],
  ['apiGroups', 'APIGroups'],
  ['apiVersion', 'APIVersion'],
  ['awsElasticBlockStore', 'AWSElasticBlockStore'],
  ['cephfs', 'CephFS'],
  ['cel', 'CEL'],
  ['chapAuthDiscovery', 'DiscoveryCHAPAuth'],
  ['chapAuthSession', 'SessionCHAPAuth'],
  ['csi', 'CSI'],
  ['diskURI', 'DataDiskURI'],
  ['dnsConfig', 'DNSConfig'],
  ['dnsPolicy', 'DNSPolicy'],
  ['endpoints', 'EndpointsName'],
  ['fc', 'FC'],
  ['fsGroup', 'FSGroup'],
  ['fsGroupChangePolicy', 'FSGroupChangePolicy'],
  ['fsType', 'FSType'],
  ['gcePersistentDisk', 'GCEPersistentDisk'],
  ['gmsaCredentialSpec', 'GMSACredentialSpec'],
  ['gmsaCredentialSpecName', 'GMSACredentialSpecName'],
  ['grpc', 'GRPC'],
  ['httpGet', 'HTTPGet'],
  ['httpHeaders', 'HTTPHeaders'],
  ['ip', 'IP'],
  ['ips', 'IPs'],
  ['iqn', 'IQN'],
  ['iscsi', 'ISCSI'],
  ['iscsiInterface', 'ISCSIInterface'],
  ['nfs', 'NFS'],
  ['os', 'OS'],
  ['pdName', 'PDName'],
  ['rbd', 'RBD'],
  ['seLinuxChangePolicy', 'SELinuxChangePolicy'],
  ['seLinuxOptions', 'SELinuxOptions'],
  ['sslEnabled', 'SSLEnabled'],
  ['storageos', 'StorageOS'],
  ['tcpSocket', 'TCPSocket'],
  ['tty', 'TTY'],
  ['uid', 'UID'],
  ['wwids', 'WWIDs'],
  ['ObjectReference.uid', 'UID'],
  ...['RBDVolumeSource', 'RBDPersistentVolumeSource'].flatMap((type): readonly [string, string][] => [
    [`${type}.image`, 'RBDImage'],
    [`${type}.monitors`, 'CephMonitors'],
    [`${type}.pool`, 'RBDPool'],
    [`${type}.user`, 'RadosUser'],
  ]),
  ['DeviceAttribute.bool', 'BoolValue'],
  ['DeviceAttribute.int', 'IntValue'],
  ['DeviceAttribute.string', 'StringValue'],
  ['DeviceAttribute.version', 'VersionValue'],
  ['RBDVolumeSource.image', 'RBDImage'],
  ['RBDVolumeSource.monitors', 'CephMonitors'],
  ['RBDVolumeSource.pool', 'RBDPool'],
  ['RBDVolumeSource.user', 'RadosUser'],
]);

/** Types whose fields upstream keeps in another order, or has other fields. */
const ORDERS: ReadonlyMap<string, (fields: readonly string[]) => readonly string[]> = new Map([
  ['PodSpec', () => POD_SPEC_FIELDS],
  ['PodSecurityContext', (fields: readonly string[]) => [...HOST_FIELDS, ...moveAfter(fields, 'sysctls', 'fsGroupChangePolicy')]],
  ['Volume', (fields: readonly string[]) => moveAfter(fields, 'quobyte', 'rbd')],
  ['ObjectReference', (fields: readonly string[]) => moveAfter(fields, 'apiVersion', 'uid')],
  [
    'PersistentVolumeSpec',
    (fields: readonly string[]) => ['capacity', ...PERSISTENT_VOLUME_SOURCES, ...fields.slice(fields.indexOf('csi') + 1)],
  ],
]);

/** Lists that upstream makes anew of what features that are off leave of them, or drops: never empty (`pkg/api/pod/util.go`, `dropDisabledFields`). */
const NEVER_EMPTY: ReadonlySet<string> = new Set(['volumes', 'volumeMounts', 'restartPolicyRules']);

/** What the public PodSpec has at its top and the internal one in its security context. */
const HOST_FIELDS = ['hostNetwork', 'hostPID', 'hostIPC', 'shareProcessNamespace', 'hostUsers'] as const;

/** The sources of a persistent volume: in the public API in the order in which they came, in the internal struct in another. */
export const PERSISTENT_VOLUME_SOURCES: readonly (keyof PersistentVolumeSpec)[] = [
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'hostPath',
  'glusterfs',
  'nfs',
  'rbd',
  'quobyte',
  'iscsi',
  'flexVolume',
  'cinder',
  'cephfs',
  'fc',
  'flocker',
  'azureFile',
  'vsphereVolume',
  'azureDisk',
  'photonPersistentDisk',
  'portworxVolume',
  'scaleIO',
  'local',
  'storageos',
  'csi',
];

const POD_SPEC_FIELDS: readonly (keyof PodSpec)[] = [
  'volumes',
  'initContainers',
  'containers',
  'ephemeralContainers',
  'restartPolicy',
  'terminationGracePeriodSeconds',
  'activeDeadlineSeconds',
  'dnsPolicy',
  'nodeSelector',
  'serviceAccountName',
  'automountServiceAccountToken',
  'nodeName',
  'securityContext',
  'imagePullSecrets',
  'hostname',
  'subdomain',
  'setHostnameAsFQDN',
  'affinity',
  'schedulerName',
  'tolerations',
  'hostAliases',
  'priorityClassName',
  'priority',
  'preemptionPolicy',
  'dnsConfig',
  'readinessGates',
  'runtimeClassName',
  'overhead',
  'enableServiceLinks',
  'topologySpreadConstraints',
  'os',
  'schedulingGates',
  'resourceClaims',
  'resources',
  'hostnameOverride',
];

function moveAfter(fields: readonly string[], field: string, other: string): readonly string[] {
  const rest = fields.filter((name) => name !== field);
  return rest.flatMap((name) => (name === other ? [name, field] : [name]));
}

/** A pod's spec, as upstream's internal struct. */
export function goPodSpec(spec: PodSpec): unknown {
  const securityContext: Record<string, unknown> = sharesEmpties({ ...spec.securityContext }, spec.securityContext ?? {});
  for (const field of HOST_FIELDS) securityContext[field] = spec[field];
  return goStruct(podSpecMessage(), sharesEmpties({ ...spec, securityContext }, spec));
}

export const goSecurityContext = (context: SecurityContext): unknown =>
  goStruct(messageAt('spec', 'containers', 'securityContext'), fieldsOf(context));

export const goSeccompProfile = (profile: SeccompProfile): unknown =>
  goStruct(messageAt('spec', 'securityContext', 'seccompProfile'), fieldsOf(profile));

export const goResourceClaim = (claim: PodResourceClaim): unknown => goStruct(messageAt('spec', 'resourceClaims'), fieldsOf(claim));

export const goEphemeralContainer = (container: object): unknown => goStruct(messageAt('spec', 'ephemeralContainers'), fieldsOf(container));

export const goNodeSelectorTerm = (term: NodeSelectorTerm): unknown => {
  const path = ['spec', 'affinity', 'nodeAffinity', 'requiredDuringSchedulingIgnoredDuringExecution', 'nodeSelectorTerms'];
  return goStruct(messageAt(...path), fieldsOf(term));
};

/** A part of any kind's object, as upstream's internal struct: what `path` leads to from the kind (`spec`, `podFailurePolicy`). */
export const goPart = (kind: KindInfo, path: readonly string[], value: object): unknown => goStruct(messageIn(kind, path), fieldsOf(value));

/** What a persistent volume is made of, as upstream's internal struct. */
export function goPersistentVolumeSource(spec: PersistentVolumeSpec): unknown {
  const message = messageIn(coreKinds.persistentvolumes, ['spec']);
  return goFields(message, fieldsOf(spec), PERSISTENT_VOLUME_SOURCES);
}

export const goPodTemplate = ({ metadata, spec }: PodTemplateSpec): unknown => ({
  ...metadata,
  Spec: goPodSpec(spec ?? { containers: [] }),
});

export const goIp = (ip: PodIP): unknown => ({ IP: ip.ip });

const podSpecMessage = (): AnyMessage => messageAt('spec');

/** The message that a path of fields leads to from a Pod. */
const messageAt = (...path: readonly string[]): AnyMessage => messageIn(coreKinds.pods, path);

/** The message that a path of fields leads to from a kind's object. */
function messageIn(kind: KindInfo, path: readonly string[]): AnyMessage {
  let message = BUILT_IN_KINDS.find(({ info }) => info === kind)?.message;
  for (const name of path) {
    const type = message?.fields.get(name)?.type;
    message = type && messageOf(type);
  }
  if (!message) throw new Error(`no message at ${path.join('.')} of a ${kind.kind}`);
  return message;
}

function messageOf(type: FieldType): AnyMessage | undefined {
  if (type.kind === 'message') return type.message;
  if (type.kind === 'map') return messageOf(type.values);
  return type.kind === 'list' ? messageOf(type.items) : undefined;
}

function goStruct(message: AnyMessage, value: Fields): unknown {
  // Types of apimachinery have one form only.
  if (message.name.includes('apimachinery')) return value;
  const names = [...message.fields.keys()];
  return goFields(message, value, ORDERS.get(typeName(message))?.(names) ?? names);
}

const typeName = ({ name }: AnyMessage): string => name.slice(name.lastIndexOf('.') + 1);

function goFields(message: AnyMessage, value: Fields, names: readonly string[]): Fields {
  const type = typeName(message);
  const out: Record<string, unknown> = {};
  for (const name of names) {
    const field = message.fields.get(name) ?? podSpecMessage().fields.get(name);
    if (name === 'metadata')
      Object.assign(out, value.metadata); // embedded without a name
    else if (field) out[goName(type, name)] = goField(field, value[name]) ?? (NEVER_EMPTY.has(name) ? null : emptyIn(value, name)) ?? null;
  }
  return out;
}

const goName = (type: string, name: string): string =>
  GO_NAMES.get(`${type}.${name}`) ?? GO_NAMES.get(name) ?? name.charAt(0).toUpperCase() + name.slice(1);

function goField(field: FieldInfo, value: unknown): unknown {
  if (value === undefined || value === null) return field.presence === 'set' || field.nullable ? null : zeroOf(field.type);
  return goValue(field.type, value);
}

function goValue(type: FieldType, value: unknown): unknown {
  switch (type.kind) {
    case 'scalar':
      return value;
    case 'message':
      return isFields(value) ? goStruct(type.message, value) : value;
    case 'list':
      return Array.isArray(value) && value.length > 0 ? value.map((item) => goValue(type.items, item)) : null;
    case 'map':
      return isFields(value) ? sorted(value, (item) => goValue(type.values, item)) : null;
  }
}

const sorted = (value: Fields, convert: (item: unknown) => unknown): Fields =>
  Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, convert(value[key])]),
  );

function zeroOf(type: FieldType): unknown {
  switch (type.kind) {
    case 'list':
    case 'map':
      return null;
    case 'message':
      return goStruct(type.message, {});
    case 'scalar':
      if (NULL_SCALARS.has(type.scalar)) return null;
      return type.scalar === 'bool' ? false : NUMBERS.has(type.scalar) ? 0 : type.scalar === 'quantity' ? '0' : '';
  }
}

const NULL_SCALARS: ReadonlySet<string> = new Set(['time', 'microTime', 'rawExtension']);
const NUMBERS: ReadonlySet<string> = new Set(['int32', 'int64', 'double', 'intOrString']);
