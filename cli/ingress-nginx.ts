import { type Clock, UserError } from '../runtime/index.ts';
import { type AddonObjects, ensureObjects } from './addon-objects.ts';
import type { AdminRequests } from './admin-requests.ts';

const NAMESPACE = 'ingress-nginx';
const NAME = 'ingress-nginx';
const CONTROLLER = `${NAME}-controller`;
const ADMISSION = `${NAME}-admission`;
const IMAGE = 'registry.k8s.io/ingress-nginx/controller:v1.14.1';
const CERTGEN_IMAGE = 'registry.k8s.io/ingress-nginx/kube-webhook-certgen:v1.6.5';
const LABELS = { 'app.kubernetes.io/instance': NAME, 'app.kubernetes.io/name': NAME };
const OF_CONTROLLER = { ...LABELS, 'app.kubernetes.io/component': 'controller' };
const OF_ADMISSION = { ...LABELS, 'app.kubernetes.io/component': 'admission-webhook' };

/**
 * Puts ingress-nginx into a cluster as `minikube addons enable ingress` does (upstream `deploy/static/provider/kind/deploy.yaml`, with
 * minikube's Service of node ports and its default class): what is there already stays as it is. {@link finishIngressNginx} does the rest.
 *
 * @throws UserError when something cannot be made
 */
export const ensureIngressNginx = (requests: AdminRequests): Promise<void> => ensureObjects(requests, ADDON, objects());

const ADDON = 'ingress';
const READY_MS_MAX = 120_000;
const POLL_MS = 200;
const DEPLOYMENTS = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`;
const WEBHOOKS = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';

/**
 * Has the webhook get its certificate's authority once there is a certificate (a Job that comes too early fails, and tries again only after
 * ten seconds), and waits until Ingresses can be made, which the webhook refuses before. Without nodes, or where the controller is to have
 * no pods, nothing is waited for.
 *
 * @throws UserError when it is not ready after two minutes
 */
export async function finishIngressNginx(requests: AdminRequests, clock: Clock, nodes: number): Promise<void> {
  const until = clock.monotonic() + READY_MS_MAX;
  const waitFor = async (holds: () => Promise<boolean>): Promise<void> => {
    while (!(await holds())) {
      if (clock.monotonic() > until)
        throw new UserError(`option --addons: ${CONTROLLER} is not ready after ${READY_MS_MAX / 1000} s; kubectl get pods -n ${NAMESPACE}`);
      await clock.sleep(POLL_MS);
    }
  };
  const read = async (path: string) => (await requests.send('GET', path)).body as Read;
  const isWanted = nodes > 0 && (await read(`${DEPLOYMENTS}/${CONTROLLER}`)).spec?.replicas !== 0;
  if (isWanted) await waitFor(async () => (await read(`${CORE}/secrets/${ADMISSION}`)).kind === 'Secret');
  await ensureObjects(requests, ADDON, [[JOBS, patchJob()]]);
  if (!isWanted) return;
  await waitFor(async () => ((await read(`${DEPLOYMENTS}/${CONTROLLER}`)).status?.readyReplicas ?? 0) > 0);
  await waitFor(async () => {
    const { webhooks = [] } = await read(`${WEBHOOKS}/${ADMISSION}`);
    return webhooks.every(({ clientConfig }) => clientConfig.caBundle !== undefined);
  });
}

/** What is looked at of a Deployment, a Secret and the webhook, or of the Status in its place. */
interface Read {
  readonly kind?: string;
  readonly spec?: { readonly replicas?: number };
  readonly status?: { readonly readyReplicas?: number };
  readonly webhooks?: readonly { readonly clientConfig: { readonly caBundle?: string } }[];
}

const CORE = `/api/v1/namespaces/${NAMESPACE}`;
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const JOBS = `/apis/batch/v1/namespaces/${NAMESPACE}/jobs`;

/** Each with the path it is sent to; the pods last, when all that they need is there. */
const objects = (): AddonObjects => [
  ['/api/v1/namespaces', namespace],
  ...[accountOf(NAME, OF_CONTROLLER), accountOf(ADMISSION, OF_ADMISSION)].map((each) => [`${CORE}/serviceaccounts`, each] as const),
  ...[controllerRole, admissionRole].map((each) => [`${RBAC}/namespaces/${NAMESPACE}/roles`, each] as const),
  ...[controllerClusterRole, admissionClusterRole].map((each) => [`${RBAC}/clusterroles`, each] as const),
  ...[NAME, ADMISSION].map((name) => [`${RBAC}/namespaces/${NAMESPACE}/rolebindings`, bindingOf('RoleBinding', 'Role', name)] as const),
  ...[NAME, ADMISSION].map((name) => [`${RBAC}/clusterrolebindings`, bindingOf('ClusterRoleBinding', 'ClusterRole', name)] as const),
  [`${CORE}/configmaps`, configMap],
  [`${CORE}/services`, controllerService],
  [`${CORE}/services`, admissionService],
  ['/apis/networking.k8s.io/v1/ingressclasses', ingressClass],
  [JOBS, jobOf('create', [`--host=${CONTROLLER}-admission,${CONTROLLER}-admission.$(POD_NAMESPACE).svc`])],
  [DEPLOYMENTS, deployment],
  [WEBHOOKS, webhook],
];

const namespaced = (name: string, labels: Readonly<Record<string, string>>) => ({ name, labels, namespace: NAMESPACE });

const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE, labels: LABELS } };

const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: namespaced(CONTROLLER, OF_CONTROLLER), data: { hsts: 'false' } };

const accountOf = (name: string, labels: Readonly<Record<string, string>>) => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: namespaced(name, labels),
  automountServiceAccountToken: true,
});

const READ = ['get', 'list', 'watch'];
const rule = (apiGroup: string, resources: readonly string[], verbs: readonly string[], resourceNames?: readonly string[]) => ({
  apiGroups: [apiGroup],
  resources,
  verbs,
  ...(resourceNames ? { resourceNames } : {}),
});

/** What its account may do in all namespaces and in its own. */
const SHARED_RULES = [
  rule('', ['services'], READ),
  rule('networking.k8s.io', ['ingresses', 'ingressclasses'], READ),
  rule('networking.k8s.io', ['ingresses/status'], ['update']),
  rule('discovery.k8s.io', ['endpointslices'], READ),
  rule('', ['events'], ['create', 'patch']),
];

const controllerRole = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'Role',
  metadata: namespaced(NAME, OF_CONTROLLER),
  rules: [
    ...SHARED_RULES,
    rule('', ['namespaces'], ['get']),
    rule('', ['configmaps', 'pods', 'secrets', 'endpoints'], READ),
    rule('coordination.k8s.io', ['leases'], ['get', 'update'], [`${NAME}-leader`]),
    rule('coordination.k8s.io', ['leases'], ['create']),
  ],
};

const controllerClusterRole = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: NAME, labels: LABELS },
  rules: [
    ...SHARED_RULES,
    rule('', ['configmaps', 'endpoints', 'nodes', 'pods', 'secrets', 'namespaces'], ['list', 'watch']),
    rule('coordination.k8s.io', ['leases'], ['list', 'watch']),
    rule('', ['nodes'], ['get']),
  ],
};

const admissionRole = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'Role',
  metadata: namespaced(ADMISSION, OF_ADMISSION),
  rules: [rule('', ['secrets'], ['get', 'create'])],
};

const admissionClusterRole = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: ADMISSION, labels: OF_ADMISSION },
  rules: [rule('admissionregistration.k8s.io', ['validatingwebhookconfigurations'], ['get', 'update'])],
};

const bindingOf = (kind: string, role: string, name: string) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind,
  metadata: kind === 'RoleBinding' ? namespaced(name, LABELS) : { name, labels: LABELS },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: role, name },
  subjects: [{ kind: 'ServiceAccount', name, namespace: NAMESPACE }],
});

const servicePort = (name: string, port: number, appProtocol: string, targetPort = name) => ({
  name,
  port,
  targetPort,
  appProtocol,
  protocol: 'TCP',
});

const controllerService = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: namespaced(CONTROLLER, OF_CONTROLLER),
  spec: { type: 'NodePort', ports: [servicePort('http', 80, 'http'), servicePort('https', 443, 'https')], selector: OF_CONTROLLER },
};

const admissionService = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: namespaced(`${CONTROLLER}-admission`, OF_CONTROLLER),
  spec: { type: 'ClusterIP', ports: [servicePort('https-webhook', 443, 'https', 'webhook')], selector: OF_CONTROLLER },
};

const ingressClass = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'IngressClass',
  metadata: { name: 'nginx', labels: OF_CONTROLLER, annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } },
  spec: { controller: 'k8s.io/ingress-nginx' },
};

const webhook = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  metadata: { name: ADMISSION, labels: OF_ADMISSION },
  webhooks: [
    {
      name: 'validate.nginx.ingress.kubernetes.io',
      admissionReviewVersions: ['v1'],
      clientConfig: {
        service: { name: `${CONTROLLER}-admission`, namespace: NAMESPACE, path: '/networking/v1/ingresses', port: 443 },
      },
      failurePolicy: 'Fail',
      matchPolicy: 'Equivalent',
      rules: [{ apiGroups: ['networking.k8s.io'], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['ingresses'] }],
      sideEffects: 'None',
    },
  ],
};

const fieldVariable = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });
const POD_NAMESPACE = fieldVariable('POD_NAMESPACE', 'metadata.namespace');

const jobOf = (command: string, args: readonly string[]) => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: namespaced(`${ADMISSION}-${command}`, OF_ADMISSION),
  spec: {
    template: {
      metadata: { name: `${ADMISSION}-${command}`, labels: OF_ADMISSION },
      spec: {
        serviceAccountName: ADMISSION,
        restartPolicy: 'OnFailure',
        nodeSelector: { 'kubernetes.io/os': 'linux' },
        containers: [
          {
            name: command,
            image: CERTGEN_IMAGE,
            imagePullPolicy: 'IfNotPresent',
            args: [command, '--namespace=$(POD_NAMESPACE)', `--secret-name=${ADMISSION}`, ...args],
            env: [POD_NAMESPACE],
            securityContext: {
              ...HARDENED,
              readOnlyRootFilesystem: true,
              runAsUser: 65_532,
              runAsGroup: 65_532,
              capabilities: { drop: ['ALL'] },
            },
          },
        ],
      },
    },
    ttlSecondsAfterFinished: 0,
  },
});

const patchJob = () => jobOf('patch', [`--webhook-name=${ADMISSION}`, '--patch-mutating=false', '--patch-failure-policy=Fail']);

const HARDENED = { allowPrivilegeEscalation: false, runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } };
const PROBE = { httpGet: { path: '/healthz', port: 10_254, scheme: 'HTTP' }, timeoutSeconds: 1, successThreshold: 1 };

const container = {
  name: 'controller',
  image: IMAGE,
  imagePullPolicy: 'IfNotPresent',
  args: [
    '/nginx-ingress-controller',
    `--election-id=${NAME}-leader`,
    '--controller-class=k8s.io/ingress-nginx',
    '--watch-ingress-without-class=true',
    `--configmap=$(POD_NAMESPACE)/${CONTROLLER}`,
    '--report-node-internal-ip-address',
    '--validating-webhook=:8443',
    '--validating-webhook-certificate=/usr/local/certificates/cert',
    '--validating-webhook-key=/usr/local/certificates/key',
  ],
  env: [fieldVariable('POD_NAME', 'metadata.name'), POD_NAMESPACE, { name: 'LD_PRELOAD', value: '/usr/local/lib/libmimalloc.so' }],
  lifecycle: { preStop: { exec: { command: ['/wait-shutdown'] } } },
  livenessProbe: { ...PROBE, initialDelaySeconds: 10, periodSeconds: 10, failureThreshold: 5 },
  // Sooner than upstream's, which waits ten seconds for an nginx that takes its time.
  readinessProbe: { ...PROBE, periodSeconds: 1, failureThreshold: 3 },
  ports: [
    { name: 'http', containerPort: 80, hostPort: 80, protocol: 'TCP' },
    { name: 'https', containerPort: 443, hostPort: 443, protocol: 'TCP' },
    { name: 'webhook', containerPort: 8443, protocol: 'TCP' },
  ],
  resources: { requests: { cpu: '100m', memory: '90Mi' } },
  securityContext: {
    ...HARDENED,
    readOnlyRootFilesystem: false,
    runAsUser: 101,
    runAsGroup: 82,
    capabilities: { add: ['NET_BIND_SERVICE'], drop: ['ALL'] },
  },
  volumeMounts: [{ name: 'webhook-cert', mountPath: '/usr/local/certificates/', readOnly: true }],
};

const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: namespaced(CONTROLLER, OF_CONTROLLER),
  spec: {
    replicas: 1,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } },
    revisionHistoryLimit: 10,
    minReadySeconds: 0,
    selector: { matchLabels: OF_CONTROLLER },
    template: {
      metadata: { labels: OF_CONTROLLER },
      spec: {
        serviceAccountName: NAME,
        dnsPolicy: 'ClusterFirst',
        nodeSelector: { 'kubernetes.io/os': 'linux' },
        terminationGracePeriodSeconds: 0,
        containers: [container],
        volumes: [{ name: 'webhook-cert', secret: { secretName: ADMISSION } }],
      },
    },
  },
};
