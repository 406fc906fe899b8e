import { labelSelector } from '../../meta/v1/selector.ts';
import { bool, int32, int64, list, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { objectFieldSelector, resourceFieldSelector } from './references.ts';

export const clusterTrustBundleProjection = message('io.k8s.api.core.v1.ClusterTrustBundleProjection', '', () => ({
  name: string(1, '', { pointer: true }),
  signerName: string(2, '', { pointer: true }),
  labelSelector: ref(labelSelector, 3, '', { pointer: true }),
  optional: bool(5, '', { pointer: true }),
  path: string(4, '', { required: true }),
}));
export interface ClusterTrustBundleProjection extends Of<typeof clusterTrustBundleProjection> {}

export const keyToPath = message('io.k8s.api.core.v1.KeyToPath', '', () => ({
  key: string(1, '', { required: true }),
  path: string(2, '', { required: true }),
  mode: int32(3, '', { pointer: true }),
}));
export interface KeyToPath extends Of<typeof keyToPath> {}

export const configMapProjection = message('io.k8s.api.core.v1.ConfigMapProjection', '', () => ({
  name: string([1, 1], ''),
  items: list(of(keyToPath), 2, '', { listType: 'atomic' }),
  optional: bool(4, '', { pointer: true }),
}));
export interface ConfigMapProjection extends Of<typeof configMapProjection> {}

export const downwardAPIVolumeFile = message('io.k8s.api.core.v1.DownwardAPIVolumeFile', '', () => ({
  path: string(1, '', { required: true }),
  fieldRef: ref(objectFieldSelector, 2, '', { pointer: true }),
  resourceFieldRef: ref(resourceFieldSelector, 3, '', { pointer: true }),
  mode: int32(4, '', { pointer: true }),
}));
export interface DownwardAPIVolumeFile extends Of<typeof downwardAPIVolumeFile> {}

export const downwardAPIProjection = message('io.k8s.api.core.v1.DownwardAPIProjection', '', () => ({
  items: list(of(downwardAPIVolumeFile), 1, '', { listType: 'atomic' }),
}));
export interface DownwardAPIProjection extends Of<typeof downwardAPIProjection> {}

export const downwardAPIVolumeSource = message('io.k8s.api.core.v1.DownwardAPIVolumeSource', '', () => ({
  items: list(of(downwardAPIVolumeFile), 1, '', { listType: 'atomic' }),
  defaultMode: int32(2, '', { pointer: true }),
}));
export interface DownwardAPIVolumeSource extends Of<typeof downwardAPIVolumeSource> {}

export const podCertificateProjection = message('io.k8s.api.core.v1.PodCertificateProjection', '', () => ({
  signerName: string(1, '', { required: true, dropped: true }),
  keyType: string(2, '', { required: true, dropped: true }),
  maxExpirationSeconds: int32(3, '', { pointer: true }),
  credentialBundlePath: string(4, ''),
  keyPath: string(5, ''),
  certificateChainPath: string(6, ''),
}));
export interface PodCertificateProjection extends Of<typeof podCertificateProjection> {}

export const secretProjection = message('io.k8s.api.core.v1.SecretProjection', '', () => ({
  name: string([1, 1], ''),
  items: list(of(keyToPath), 2, '', { listType: 'atomic' }),
  optional: bool(4, '', { pointer: true }),
}));
export interface SecretProjection extends Of<typeof secretProjection> {}

export const serviceAccountTokenProjection = message('io.k8s.api.core.v1.ServiceAccountTokenProjection', '', () => ({
  audience: string(1, ''),
  expirationSeconds: int64(2, '', { pointer: true }),
  path: string(3, '', { required: true }),
}));
export interface ServiceAccountTokenProjection extends Of<typeof serviceAccountTokenProjection> {}

export const volumeProjection = message('io.k8s.api.core.v1.VolumeProjection', '', () => ({
  secret: ref(secretProjection, 1, '', { pointer: true }),
  downwardAPI: ref(downwardAPIProjection, 2, '', { pointer: true }),
  configMap: ref(configMapProjection, 3, '', { pointer: true }),
  serviceAccountToken: ref(serviceAccountTokenProjection, 4, '', { pointer: true }),
  clusterTrustBundle: ref(clusterTrustBundleProjection, 5, '', { pointer: true }),
  podCertificate: ref(podCertificateProjection, 6, '', { pointer: true }),
}));
export interface VolumeProjection extends Of<typeof volumeProjection> {}

export const projectedVolumeSource = message('io.k8s.api.core.v1.ProjectedVolumeSource', '', () => ({
  sources: list(of(volumeProjection), 1, '', { always: true, listType: 'atomic' }),
  defaultMode: int32(2, '', { pointer: true }),
}));
export interface ProjectedVolumeSource extends Of<typeof projectedVolumeSource> {}
