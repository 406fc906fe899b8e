// The names of fields in Go, where they are not those in JSON with a capital letter.
import type { AnyMessage } from '../schema/message.ts';
import { structNameOf } from './go-types.ts';

/** Of pod templates and of what else is printed (`go-print.ts`). Where a name is one struct's only, with the struct. */
const NAMES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    apiGroup: 'APIGroup',
    apiVersion: 'APIVersion',
    awsElasticBlockStore: 'AWSElasticBlockStore',
    cephfs: 'CephFS',
    chapAuthDiscovery: 'DiscoveryCHAPAuth',
    chapAuthSession: 'SessionCHAPAuth',
    csi: 'CSI',
    diskURI: 'DataDiskURI',
    dnsConfig: 'DNSConfig',
    dnsPolicy: 'DNSPolicy',
    fc: 'FC',
    fsGroup: 'FSGroup',
    fsGroupChangePolicy: 'FSGroupChangePolicy',
    fsType: 'FSType',
    gcePersistentDisk: 'GCEPersistentDisk',
    gmsaCredentialSpec: 'GMSACredentialSpec',
    gmsaCredentialSpecName: 'GMSACredentialSpecName',
    grpc: 'GRPC',
    httpGet: 'HTTPGet',
    httpHeaders: 'HTTPHeaders',
    ip: 'IP',
    iqn: 'IQN',
    iscsi: 'ISCSI',
    iscsiInterface: 'ISCSIInterface',
    metadata: 'ObjectMeta',
    nfs: 'NFS',
    os: 'OS',
    pdName: 'PDName',
    rbd: 'RBD',
    seLinuxChangePolicy: 'SELinuxChangePolicy',
    seLinuxOptions: 'SELinuxOptions',
    sslEnabled: 'SSLEnabled',
    storageos: 'StorageOS',
    tcpSocket: 'TCPSocket',
    tty: 'TTY',
    uid: 'UID',
    wwids: 'WWIDs',
    'GlusterfsVolumeSource.endpoints': 'EndpointsName',
    'PodSpec.serviceAccount': 'DeprecatedServiceAccount',
    'RBDVolumeSource.image': 'RBDImage',
    'RBDVolumeSource.monitors': 'CephMonitors',
    'RBDVolumeSource.pool': 'RBDPool',
    'RBDVolumeSource.user': 'RadosUser',
  }),
);

/** Structs that others embed, by who does. Everything else that is embedded is a LocalObjectReference. */
const EMBEDDED: ReadonlyMap<string, string> = new Map([
  ['EphemeralContainer', 'EphemeralContainerCommon'],
  ['Probe', 'ProbeHandler'],
  ['Volume', 'VolumeSource'],
]);

/** `DNSPolicy` of the field `dnsPolicy`. */
export const goFieldName = (owner: AnyMessage, field: string): string =>
  NAMES.get(`${structNameOf(owner)}.${field}`) ?? NAMES.get(field) ?? field.charAt(0).toUpperCase() + field.slice(1);

/** The struct that one embeds: those of pod templates embed one at most. */
export const embeddedStructOf = (owner: AnyMessage): string => EMBEDDED.get(structNameOf(owner)) ?? 'LocalObjectReference';
