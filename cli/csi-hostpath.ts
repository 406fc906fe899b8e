import { type Clock, UserError } from '../runtime/index.ts';
import { type AddonObjects, ensureObjects } from './addon-objects.ts';
import type { AdminRequests } from './admin-requests.ts';
import { SNAPSHOT_CRDS } from './snapshot-crds.ts';

const ADDON = 'csi-hostpath';
const NAMESPACE = 'kube-system';
const DRIVER = 'hostpath.csi.k8s.io';
const PLUGIN = 'csi-hostpathplugin';
const ACCOUNT = `${PLUGIN}-sa`;
const CONTROLLER = 'snapshot-controller';
const REGISTRY = 'registry.k8s.io/sig-storage';
const LABELS = {
  'app.kubernetes.io/instance': DRIVER,
  'app.kubernetes.io/part-of': 'csi-driver-host-path',
  'app.kubernetes.io/name': PLUGIN,
  'app.kubernetes.io/component': 'plugin',
};
/** How long a server may take to serve the kinds of snapshots. */
const DEFINED_MS_MAX = 30_000;
const POLL_MS = 100;

const CORE = `/api/v1/namespaces/${NAMESPACE}`;
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const APPS = `/apis/apps/v1/namespaces/${NAMESPACE}`;
const STORAGE = '/apis/storage.k8s.io/v1';
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

/**
 * Puts the CSI driver for tests and learning into a cluster, with snapshots, as minikube's add-ons `volumesnapshots` and
 * `csi-hostpath-driver` do (upstream `deploy/kubernetes-1.34` of csi-driver-host-path, `deploy/kubernetes` of external-snapshotter): what is
 * there already stays as it is.
 *
 * @throws UserError when something cannot be made
 */
export async function ensureCsiHostPath(requests: AdminRequests, clock: Clock): Promise<void> {
  await ensureObjects(
    requests,
    ADDON,
    SNAPSHOT_CRDS.map((definition) => [CRDS, definition]),
  );
  for (const { metadata } of SNAPSHOT_CRDS) await untilDefined(requests, clock, metadata.name);
  await ensureObjects(requests, ADDON, allObjects());
}

async function untilDefined(requests: AdminRequests, clock: Clock, name: string): Promise<void> {
  const until = clock.monotonic() + DEFINED_MS_MAX;
  for (;;) {
    const { body } = await requests.send('GET', `${CRDS}/${name}`);
    const { status } = body as {
      readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
    };
    if (status?.conditions?.some((condition) => condition.type === 'Established' && condition.status === 'True')) return;
    if (clock.monotonic() > until)
      throw new UserError(`option --addons: ${name} of ${ADDON} is not served after ${DEFINED_MS_MAX / 1000} s`);
    await clock.sleep(POLL_MS);
  }
}

/** Each with the path it is sent to; the pods last, when all that they need is there. */
const allObjects = (): AddonObjects => [
  ...[ACCOUNT, CONTROLLER].map((name) => [`${CORE}/serviceaccounts`, serviceAccount(name)] as const),
  ...Object.entries(RULES).flatMap(([name, { account, rules }]) => [
    [`${RBAC}/clusterroles`, { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name }, rules }] as const,
    [`${RBAC}/clusterrolebindings`, binding(name, account)] as const,
  ]),
  [`${RBAC}/namespaces/${NAMESPACE}/roles`, leaseRole],
  [`${RBAC}/namespaces/${NAMESPACE}/rolebindings`, leaseBinding],
  [`${STORAGE}/csidrivers`, csiDriver],
  [`${STORAGE}/storageclasses`, storageClass],
  ['/apis/snapshot.storage.k8s.io/v1/volumesnapshotclasses', snapshotClass],
  [`${APPS}/deployments`, controllerDeployment],
  [`${APPS}/statefulsets`, pluginStatefulSet],
];

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

const LOOK = ['get', 'list', 'watch'];
const SNAPSHOT_GROUP = 'snapshot.storage.k8s.io';

const rule = (group: string, resources: string, ...verbs: readonly string[]): Rule => ({
  apiGroups: [group],
  resources: resources.split(' '),
  verbs,
});

const EVENTS = rule('', 'events', 'list', 'watch', 'create', 'update', 'patch');

/** What each role may do, and who has it: the roles of the sidecars' own manifests. */
const RULES: Readonly<Record<string, { readonly account: string; readonly rules: readonly Rule[] }>> = {
  'snapshot-controller-runner': {
    account: CONTROLLER,
    rules: [
      rule('', 'persistentvolumes', ...LOOK),
      rule('', 'persistentvolumeclaims', ...LOOK, 'update'),
      EVENTS,
      rule(SNAPSHOT_GROUP, 'volumesnapshotclasses', ...LOOK),
      rule(SNAPSHOT_GROUP, 'volumesnapshotcontents', 'create', ...LOOK, 'update', 'delete', 'patch'),
      rule(SNAPSHOT_GROUP, 'volumesnapshotcontents/status', 'patch'),
      rule(SNAPSHOT_GROUP, 'volumesnapshots', 'create', ...LOOK, 'update', 'patch', 'delete'),
      rule(SNAPSHOT_GROUP, 'volumesnapshots/status', 'update', 'patch'),
    ],
  },
  'external-provisioner-runner': {
    account: ACCOUNT,
    rules: [
      rule('', 'secrets', 'get', 'list'),
      rule('', 'persistentvolumes', ...LOOK, 'create', 'patch', 'delete'),
      rule('', 'persistentvolumeclaims', ...LOOK, 'update'),
      rule('storage.k8s.io', 'storageclasses csinodes volumeattachments', ...LOOK),
      EVENTS,
      rule(SNAPSHOT_GROUP, 'volumesnapshots', ...LOOK, 'update'),
      rule(SNAPSHOT_GROUP, 'volumesnapshotcontents', 'get', 'list'),
      rule('', 'nodes', ...LOOK),
    ],
  },
  'external-resizer-runner': {
    account: ACCOUNT,
    rules: [
      rule('', 'persistentvolumes', ...LOOK, 'patch'),
      rule('', 'persistentvolumeclaims pods', ...LOOK),
      rule('', 'persistentvolumeclaims/status', 'patch'),
      EVENTS,
      rule('storage.k8s.io', 'volumeattributesclasses', ...LOOK),
    ],
  },
  'external-snapshotter-runner': {
    account: ACCOUNT,
    rules: [
      EVENTS,
      rule(SNAPSHOT_GROUP, 'volumesnapshotclasses', ...LOOK),
      rule(SNAPSHOT_GROUP, 'volumesnapshotcontents', ...LOOK, 'update', 'patch'),
      rule(SNAPSHOT_GROUP, 'volumesnapshotcontents/status', 'update', 'patch'),
    ],
  },
  'external-attacher-runner': {
    account: ACCOUNT,
    rules: [
      rule('', 'persistentvolumes', ...LOOK, 'patch'),
      rule('storage.k8s.io', 'csinodes', ...LOOK),
      rule('storage.k8s.io', 'volumeattachments', ...LOOK, 'patch'),
      rule('storage.k8s.io', 'volumeattachments/status', 'patch'),
    ],
  },
  'external-health-monitor-controller-runner': {
    account: ACCOUNT,
    rules: [
      rule('', 'persistentvolumes persistentvolumeclaims nodes pods', ...LOOK),
      rule('', 'events', 'get', 'list', 'watch', 'create', 'patch'),
    ],
  },
};

const serviceAccount = (name: string) => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: NAMESPACE } });

const subjects = (...names: readonly string[]) => names.map((name) => ({ kind: 'ServiceAccount', name, namespace: NAMESPACE }));

const binding = (role: string, account: string) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name: role.replace(/-runner$/, '-role') },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
  subjects: subjects(account),
});

const LEASES = `${CONTROLLER}-leaderelection`;

const leaseRole = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'Role',
  metadata: { name: LEASES, namespace: NAMESPACE },
  rules: [rule('coordination.k8s.io', 'leases', ...LOOK, 'delete', 'update', 'create')],
};

const leaseBinding = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  metadata: { name: LEASES, namespace: NAMESPACE },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: LEASES },
  subjects: subjects(CONTROLLER, ACCOUNT),
};

const csiDriver = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'CSIDriver',
  metadata: { name: DRIVER },
  spec: { volumeLifecycleModes: ['Persistent', 'Ephemeral'], podInfoOnMount: true, fsGroupPolicy: 'File' },
};

const storageClass = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'csi-hostpath-sc' },
  provisioner: DRIVER,
  reclaimPolicy: 'Delete',
  volumeBindingMode: 'Immediate',
  allowVolumeExpansion: true,
};

const snapshotClass = {
  apiVersion: `${SNAPSHOT_GROUP}/v1`,
  kind: 'VolumeSnapshotClass',
  metadata: { name: 'csi-hostpath-snapclass' },
  driver: DRIVER,
  deletionPolicy: 'Delete',
};

const CONTROLLER_LABELS = { 'app.kubernetes.io/name': CONTROLLER };

/** One replica, as minikube has it: a second would only wait. */
const controllerDeployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: CONTROLLER, namespace: NAMESPACE },
  spec: {
    replicas: 1,
    selector: { matchLabels: CONTROLLER_LABELS },
    template: {
      metadata: { labels: CONTROLLER_LABELS },
      spec: {
        serviceAccountName: CONTROLLER,
        containers: [{ name: CONTROLLER, image: `${REGISTRY}/snapshot-controller:v8.6.0`, args: ['--v=5', '--leader-election=false'] }],
      },
    },
  },
};

const SOCKET = '/csi/csi.sock';
const socketDirectory = { name: 'socket-dir', mountPath: '/csi' };
const privileged = { privileged: true };
const nodeName = { name: 'KUBE_NODE_NAME', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'spec.nodeName' } } };
const healthOn = (failureThreshold: number, seconds: Readonly<Record<string, number>>) => ({
  failureThreshold,
  httpGet: { path: '/healthz', port: 'healthz' },
  ...seconds,
});

const pluginContainer = {
  name: 'hostpath',
  image: `${REGISTRY}/hostpathplugin:v1.17.1`,
  args: [`--drivername=${DRIVER}`, '--v=5', '--endpoint=$(CSI_ENDPOINT)', '--nodeid=$(KUBE_NODE_NAME)'],
  env: [{ name: 'CSI_ENDPOINT', value: `unix://${SOCKET}` }, nodeName],
  securityContext: privileged,
  ports: [{ containerPort: 9898, name: 'healthz', protocol: 'TCP' }],
  livenessProbe: healthOn(5, { initialDelaySeconds: 10, timeoutSeconds: 3, periodSeconds: 2 }),
  volumeMounts: [
    socketDirectory,
    { mountPath: '/var/lib/kubelet/pods', mountPropagation: 'Bidirectional', name: 'mountpoint-dir' },
    { mountPath: '/var/lib/kubelet/plugins', mountPropagation: 'Bidirectional', name: 'plugins-dir' },
    { mountPath: '/csi-data-dir', name: 'csi-data-dir' },
    { mountPath: '/dev', name: 'dev-dir' },
  ],
};

const registrarContainer = {
  name: 'node-driver-registrar',
  image: `${REGISTRY}/csi-node-driver-registrar:v2.17.0`,
  args: [
    '--v=5',
    `--csi-address=${SOCKET}`,
    '--kubelet-registration-path=/var/lib/kubelet/plugins/csi-hostpath/csi.sock',
    '--http-endpoint=:9809',
  ],
  securityContext: privileged,
  env: [nodeName],
  ports: [{ containerPort: 9809, name: 'healthz', protocol: 'TCP' }],
  livenessProbe: healthOn(3, { initialDelaySeconds: 30, timeoutSeconds: 15, periodSeconds: 10 }),
  volumeMounts: [
    socketDirectory,
    { mountPath: '/registration', name: 'registration-dir' },
    { mountPath: '/csi-data-dir', name: 'csi-data-dir' },
  ],
};

const sidecar = (name: string, version: string, args: readonly string[]) => ({
  name,
  image: `${REGISTRY}/${name === 'liveness-probe' ? 'livenessprobe' : name}:${version}`,
  args,
  securityContext: privileged,
  volumeMounts: [socketDirectory],
});

const hostPath = (name: string, path: string, type: string) => ({ name, hostPath: { path, type } });

const pluginStatefulSet = {
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: PLUGIN, namespace: NAMESPACE, labels: LABELS },
  spec: {
    serviceName: PLUGIN,
    replicas: 1,
    selector: { matchLabels: LABELS },
    template: {
      metadata: { labels: LABELS },
      spec: {
        serviceAccountName: ACCOUNT,
        containers: [
          pluginContainer,
          sidecar('csi-external-health-monitor-controller', 'v0.18.0', ['--v=5', `--csi-address=${SOCKET}`, '--leader-election']),
          registrarContainer,
          sidecar('liveness-probe', 'v2.19.0', [`--csi-address=${SOCKET}`, '--health-port=9898']),
          sidecar('csi-attacher', 'v4.12.0', ['--v=5', `--csi-address=${SOCKET}`]),
          sidecar('csi-provisioner', 'v6.3.0', ['-v=5', `--csi-address=${SOCKET}`, '--feature-gates=Topology=true']),
          sidecar('csi-resizer', 'v2.2.1', ['-v=5', `-csi-address=${SOCKET}`]),
          sidecar('csi-snapshotter', 'v8.6.0', ['-v=5', `--csi-address=${SOCKET}`]),
        ],
        volumes: [
          hostPath('socket-dir', '/var/lib/kubelet/plugins/csi-hostpath', 'DirectoryOrCreate'),
          hostPath('mountpoint-dir', '/var/lib/kubelet/pods', 'DirectoryOrCreate'),
          hostPath('registration-dir', '/var/lib/kubelet/plugins_registry', 'Directory'),
          hostPath('plugins-dir', '/var/lib/kubelet/plugins', 'Directory'),
          hostPath('csi-data-dir', '/var/lib/csi-hostpath-data/', 'DirectoryOrCreate'),
          hostPath('dev-dir', '/dev', 'Directory'),
        ],
      },
    },
  },
};
