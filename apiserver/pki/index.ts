// Keys, certificates and kubeconfigs of a cluster.
export { type KubeconfigOptions, writeKubeconfig, writeKubeconfigs } from './kubeconfig.ts';
export { type CertificatePair, type ClientName, ensurePki, FRONT_PROXY_NAME, KUBELET_SIM_USER, type Pki, type PkiOptions } from './pki.ts';
