import { labelSelector } from '../../meta/v1/selector.ts';
import { bool, int32, int64, list, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { objectFieldSelector, resourceFieldSelector } from './references.ts';

export const clusterTrustBundleProjection = message(
  'io.k8s.api.core.v1.ClusterTrustBundleProjection',
  'Puts trusted certificates into a file, from one bundle by name or several by signer.',
  () => ({
    name: string(1, 'The one bundle to use; not together with signerName and labelSelector.', { pointer: true }),
    signerName: string(2, 'Uses all bundles of this signer; not together with name.', { pointer: true }),
    labelSelector: ref(labelSelector, 3, "Narrows the signer's bundles; absent matches none, empty matches all.", { pointer: true }),
    optional: bool(5, 'True starts the pod even if no bundle is found.', { pointer: true }),
    path: string(4, "Where the file goes, relative to the volume's root.", { required: true }),
  }),
);
export interface ClusterTrustBundleProjection extends Of<typeof clusterTrustBundleProjection> {}

export const keyToPath = message('io.k8s.api.core.v1.KeyToPath', "Which file a key's value goes to.", () => ({
  key: string(1, 'The key.', { required: true }),
  path: string(2, "Path of the file, relative to the volume's root; it may not lead out of it.", { required: true }),
  mode: int32(3, "Permission bits of the file, 0 to 0777 in octal; the volume's defaultMode unless given.", { pointer: true }),
}));
export interface KeyToPath extends Of<typeof keyToPath> {}

export const configMapProjection = message(
  'io.k8s.api.core.v1.ConfigMapProjection',
  "Puts a config map's keys into files of a projected volume.",
  () => ({
    name: string([1, 1], "Name of the config map, in the pod's namespace.", { default: '' }),
    items: list(of(keyToPath), 2, 'Which keys to take, and where to; all, under their own names, unless given.', { listType: 'atomic' }),
    optional: bool(4, 'True goes on even if the config map or a key is missing.', { pointer: true }),
  }),
);
export interface ConfigMapProjection extends Of<typeof configMapProjection> {}

export const downwardAPIVolumeFile = message(
  'io.k8s.api.core.v1.DownwardAPIVolumeFile',
  'A file that holds one fact about the pod.',
  () => ({
    path: string(1, "Path of the file, relative to the volume's root; it may not lead out of it.", { required: true }),
    fieldRef: ref(objectFieldSelector, 2, 'A field of the pod: labels, annotations, name, namespace or uid.', { pointer: true }),
    resourceFieldRef: ref(resourceFieldSelector, 3, 'A request or limit of a container, for cpu, memory and the like.', { pointer: true }),
    mode: int32(4, "Permission bits of the file, 0 to 0777 in octal; the volume's defaultMode unless given.", { pointer: true }),
  }),
);
export interface DownwardAPIVolumeFile extends Of<typeof downwardAPIVolumeFile> {}

export const downwardAPIProjection = message(
  'io.k8s.api.core.v1.DownwardAPIProjection',
  'Puts facts about the pod into files of a projected volume.',
  () => ({
    items: list(of(downwardAPIVolumeFile), 1, 'The files.', { listType: 'atomic' }),
  }),
);
export interface DownwardAPIProjection extends Of<typeof downwardAPIProjection> {}

export const downwardAPIVolumeSource = message(
  'io.k8s.api.core.v1.DownwardAPIVolumeSource',
  'A volume of files with facts about the pod.',
  () => ({
    items: list(of(downwardAPIVolumeFile), 1, 'The files.', { listType: 'atomic' }),
    defaultMode: int32(2, 'Permission bits of files that give none; 0644 in octal unless given.', { pointer: true }),
  }),
);
export interface DownwardAPIVolumeSource extends Of<typeof downwardAPIVolumeSource> {}

export const podCertificateProjection = message(
  'io.k8s.api.core.v1.PodCertificateProjection',
  'Has a key made and a certificate issued for the pod, renewed before it expires.',
  () => ({
    signerName: string(1, 'Signer to ask for the certificate.', { required: true, dropped: true }),
    keyType: string(2, 'Kind of key: RSA3072, RSA4096, ECDSAP256, ECDSAP384, ECDSAP521 or ED25519.', { required: true, dropped: true }),
    maxExpirationSeconds: int32(3, 'Most seconds the certificate may last; 86400 unless given, from an hour to 91 days.', {
      pointer: true,
    }),
    credentialBundlePath: string(4, 'Path of one PEM file with the key and then the certificates; the better choice.'),
    keyPath: string(5, 'Path of a PEM file with the key alone; it changes at another moment than the certificates.'),
    certificateChainPath: string(6, 'Path of a PEM file with the certificates alone.'),
  }),
);
export interface PodCertificateProjection extends Of<typeof podCertificateProjection> {}

export const secretProjection = message(
  'io.k8s.api.core.v1.SecretProjection',
  "Puts a secret's keys into files of a projected volume.",
  () => ({
    name: string([1, 1], "Name of the secret, in the pod's namespace.", { default: '' }),
    items: list(of(keyToPath), 2, 'Which keys to take, and where to; all, under their own names, unless given.', { listType: 'atomic' }),
    optional: bool(4, 'True goes on even if the secret or a key is missing.', { pointer: true }),
  }),
);
export interface SecretProjection extends Of<typeof secretProjection> {}

export const serviceAccountTokenProjection = message(
  'io.k8s.api.core.v1.ServiceAccountTokenProjection',
  "Puts a token of the pod's service account into a file and keeps it fresh.",
  () => ({
    audience: string(1, 'Who is to accept the token; the API server unless given.'),
    expirationSeconds: int64(2, 'Seconds a token lasts; 3600 unless given, at least 600. Renewed after 80% of it.', { pointer: true }),
    path: string(3, "Path of the file, relative to the volume's root.", { required: true }),
  }),
);
export interface ServiceAccountTokenProjection extends Of<typeof serviceAccountTokenProjection> {}

export const volumeProjection = message(
  'io.k8s.api.core.v1.VolumeProjection',
  'One source of a projected volume; exactly one of these.',
  () => ({
    secret: ref(secretProjection, 1, 'Keys of a secret.', { pointer: true }),
    downwardAPI: ref(downwardAPIProjection, 2, 'Facts about the pod.', { pointer: true }),
    configMap: ref(configMapProjection, 3, 'Keys of a config map.', { pointer: true }),
    serviceAccountToken: ref(serviceAccountTokenProjection, 4, "A token of the pod's service account.", { pointer: true }),
    clusterTrustBundle: ref(clusterTrustBundleProjection, 5, 'Trusted certificates.', { pointer: true }),
    podCertificate: ref(podCertificateProjection, 6, "A key and a certificate of the pod's own.", { pointer: true }),
  }),
);
export interface VolumeProjection extends Of<typeof volumeProjection> {}

export const projectedVolumeSource = message(
  'io.k8s.api.core.v1.ProjectedVolumeSource',
  'A volume whose files come from several sources.',
  () => ({
    sources: list(of(volumeProjection), 1, 'The sources; no two may claim the same path.', { always: true, listType: 'atomic' }),
    defaultMode: int32(2, 'Permission bits of files that give none; 0644 in octal unless given.', { pointer: true }),
  }),
);
export interface ProjectedVolumeSource extends Of<typeof projectedVolumeSource> {}
