// Keys, certificates and kubeconfigs of a cluster.
export { FollowedPair } from './followed-pair.ts';
export { type KubeconfigOptions, writeKubeconfig, writeKubeconfigs } from './kubeconfig.ts';
export {
  type CertificatePair,
  type ClientName,
  ensurePki,
  FRONT_PROXY_NAME,
  KUBELET_SIM_USER,
  type Pki,
  type PkiOptions,
} from './pki.ts';
export {
  CERTIFICATES,
  type CertificateName,
  type CertificateState,
  type CertificateStates,
  certificateStates,
  renewCertificates,
} from './renewal.ts';
export { type ServingContent, ServingFiles, type ServingPaths } from './serving-files.ts';
