import { type AddonObjects, ensureObjects } from './addon-objects.ts';
import type { AdminRequests } from './admin-requests.ts';

const NAMESPACE = 'kube-system';
const LABELS = { 'k8s-app': 'kube-dns' };
const DOMAIN = 'cluster.local';
const IMAGE = 'registry.k8s.io/coredns/coredns:v1.12.1';
const REPLICAS = 2;

/** The Corefile that kubeadm writes. */
const COREFILE = `.:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes ${DOMAIN} in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30 {
       disable success ${DOMAIN}
       disable denial ${DOMAIN}
    }
    loop
    reload
    loadbalance
}
`;

/**
 * Puts CoreDNS into a cluster as kubeadm 1.34 does (upstream `cmd/kubeadm/app/phases/addons/dns/manifests.go`): what is there already stays
 * as it is.
 *
 * @param address of its Service, which is what pods' resolv.conf names
 * @throws UserError when something cannot be made
 */
export const ensureCoreDns = (requests: AdminRequests, address: string): Promise<void> =>
  ensureObjects(requests, 'coredns', objectsOf(address));

const CORE = `/api/v1/namespaces/${NAMESPACE}`;
const RBAC = '/apis/rbac.authorization.k8s.io/v1';

/** Each with the path it is sent to; the pods last, when all that they need is there. */
const objectsOf = (address: string): AddonObjects => [
  [`${CORE}/configmaps`, configMap],
  [`${RBAC}/clusterroles`, clusterRole],
  [`${RBAC}/clusterrolebindings`, clusterRoleBinding],
  [`${CORE}/serviceaccounts`, serviceAccount],
  [`${CORE}/services`, serviceAt(address)],
  [`/apis/apps/v1/namespaces/${NAMESPACE}/deployments`, deployment],
];

const configMap = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'coredns', namespace: NAMESPACE },
  data: { Corefile: COREFILE },
};

const clusterRole = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: 'system:coredns' },
  rules: [
    { apiGroups: [''], resources: ['endpoints', 'services', 'pods', 'namespaces'], verbs: ['list', 'watch'] },
    { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
  ],
};

const clusterRoleBinding = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name: 'system:coredns' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:coredns' },
  subjects: [{ kind: 'ServiceAccount', name: 'coredns', namespace: NAMESPACE }],
};

const serviceAccount = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'coredns', namespace: NAMESPACE } };

const serviceAt = (clusterIP: string) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: {
    name: 'kube-dns',
    namespace: NAMESPACE,
    labels: { ...LABELS, 'kubernetes.io/cluster-service': 'true', 'kubernetes.io/name': 'CoreDNS' },
    annotations: { 'prometheus.io/port': '9153', 'prometheus.io/scrape': 'true' },
  },
  spec: {
    clusterIP,
    ports: [
      { name: 'dns', port: 53, protocol: 'UDP', targetPort: 53 },
      { name: 'dns-tcp', port: 53, protocol: 'TCP', targetPort: 53 },
      { name: 'metrics', port: 9153, protocol: 'TCP', targetPort: 9153 },
    ],
    selector: LABELS,
  },
});

const httpGet = (path: string, port: string) => ({ httpGet: { path, port, scheme: 'HTTP' } });

const container = {
  name: 'coredns',
  image: IMAGE,
  imagePullPolicy: 'IfNotPresent',
  resources: { limits: { memory: '170Mi' }, requests: { cpu: '100m', memory: '70Mi' } },
  args: ['-conf', '/etc/coredns/Corefile'],
  volumeMounts: [{ name: 'config-volume', mountPath: '/etc/coredns', readOnly: true }],
  ports: [
    { containerPort: 53, name: 'dns', protocol: 'UDP' },
    { containerPort: 53, name: 'dns-tcp', protocol: 'TCP' },
    { containerPort: 9153, name: 'metrics', protocol: 'TCP' },
    { containerPort: 8080, name: 'liveness-probe', protocol: 'TCP' },
    { containerPort: 8181, name: 'readiness-probe', protocol: 'TCP' },
  ],
  livenessProbe: {
    ...httpGet('/health', 'liveness-probe'),
    initialDelaySeconds: 60,
    timeoutSeconds: 5,
    successThreshold: 1,
    failureThreshold: 5,
  },
  readinessProbe: httpGet('/ready', 'readiness-probe'),
  securityContext: {
    allowPrivilegeEscalation: false,
    capabilities: { add: ['NET_BIND_SERVICE'], drop: ['ALL'] },
    readOnlyRootFilesystem: true,
  },
};

const apart = {
  weight: 100,
  podAffinityTerm: {
    labelSelector: { matchExpressions: [{ key: 'k8s-app', operator: 'In', values: ['kube-dns'] }] },
    topologyKey: 'kubernetes.io/hostname',
  },
};

const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'coredns', namespace: NAMESPACE, labels: LABELS },
  spec: {
    replicas: REPLICAS,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } },
    selector: { matchLabels: LABELS },
    template: {
      metadata: { labels: LABELS },
      spec: {
        priorityClassName: 'system-cluster-critical',
        serviceAccountName: 'coredns',
        affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [apart] } },
        tolerations: [
          { key: 'CriticalAddonsOnly', operator: 'Exists' },
          { key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' },
        ],
        nodeSelector: { 'kubernetes.io/os': 'linux' },
        containers: [container],
        dnsPolicy: 'Default',
        volumes: [{ name: 'config-volume', configMap: { name: 'coredns', items: [{ key: 'Corefile', path: 'Corefile' }] } }],
      },
    },
  },
};
