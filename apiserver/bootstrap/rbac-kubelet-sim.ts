import { KUBELET_CLIENT_USER } from '../../runtime/index.ts';
import { KUBELET_SIM_USER } from '../pki/index.ts';
import { type BindingSpec, type RoleSpec, rule } from './rbac-spec.ts';

/*
 * One kubelet-sim process is the kubelet of many nodes, so it cannot come as `system:node:<name>` and be held to its node by the Node
 * authorizer. It comes as one user of its own, who may do for every node what a kubelet does, and nothing else: it registers nodes and
 * reports on them, runs the pods that were bound to them, mounts what they mount, asks for their tokens, writes events, and asks whether
 * those who call its own HTTP API may. It can bind no pod, change no spec, and write no Secret.
 */

export const KUBELET_SIM_ROLE: RoleSpec = {
  name: KUBELET_SIM_USER,
  rules: [
    rule('create delete get list patch update watch', 'core', 'nodes'),
    rule('patch update', 'core', 'nodes/status'),
    rule('create delete get list watch', 'core', 'pods'),
    rule('patch update', 'core', 'pods/status'),
    rule('create', 'core', 'pods/eviction'),
    rule('get list watch', 'core', 'configmaps secrets services persistentvolumes persistentvolumeclaims'),
    rule('patch update', 'core', 'persistentvolumeclaims/status'),
    // It is also the pods' network: who is behind a service, and whom a policy lets through, as kube-proxy and a network plugin ask.
    rule('get', 'core', 'namespaces'),
    rule('get list watch', 'discovery.k8s.io', 'endpointslices'),
    rule('get list watch', 'networking.k8s.io', 'networkpolicies'),
    rule('get', 'core', 'serviceaccounts'),
    rule('create', 'core', 'serviceaccounts/token'),
    rule('create patch update', 'core events.k8s.io', 'events'),
    rule('create delete get list patch update watch', 'coordination.k8s.io', 'leases'),
    rule('get list watch', 'node.k8s.io', 'runtimeclasses'),
    rule('get list watch', 'storage.k8s.io', 'csidrivers volumeattachments'),
    // It stands in for the drivers of CSI, too.
    rule('patch update', 'storage.k8s.io', 'volumeattachments/status'),
    rule('create delete get list patch update watch', 'storage.k8s.io', 'csinodes'),
    rule('get', 'resource.k8s.io', 'resourceclaims'),
    rule('create delete deletecollection get list patch update watch', 'resource.k8s.io', 'resourceslices'),
    rule('create get list watch', 'certificates.k8s.io', 'certificatesigningrequests'),
    // What scripts the simulation: it defines the kinds, and reads them.
    rule('create get', 'apiextensions.k8s.io', 'customresourcedefinitions'),
    rule('get list watch', 'simulation.nanokube.io', 'simulationpolicies'),
    rule('get list watch', 'kwok.x-k8s.io', 'stages'),
    rule('create', 'authentication.k8s.io', 'tokenreviews'),
    rule('create', 'authorization.k8s.io', 'subjectaccessreviews'),
  ],
};

export const KUBELET_SIM_BINDING: BindingSpec = { name: KUBELET_SIM_USER, to: [`user:${KUBELET_SIM_USER}`] };

/** What a cluster with metrics-server has: whoever may view, may see what is used. */
export const METRICS_READER_ROLE: RoleSpec = {
  name: 'system:aggregated-metrics-reader',
  aggregateTo: 'view',
  rules: [rule('get list watch', 'metrics.k8s.io', 'pods nodes')],
};

/** Kubelets that ask what the API server may do with them are told by this: it does not come to them as one who may do everything. */
export const KUBELET_API_BINDING: BindingSpec = {
  name: 'system:nanokube:kubelet-api-admin',
  role: 'system:kubelet-api-admin',
  to: [`user:${KUBELET_CLIENT_USER}`],
};
