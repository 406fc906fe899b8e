/** The API server, as kubelets know it; `apiserver/bootstrap` lets it use their API, and nothing else. */
export const KUBELET_CLIENT_USER = 'kube-apiserver-kubelet-client';
