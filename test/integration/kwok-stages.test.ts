import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import {
  coreKinds,
  type KindInfo,
  type KubeObject,
  type Node,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  rbacKinds,
  storageKinds,
} from '../../api/index.ts';
import { createClient, createEventRecorder, loadKubeconfig } from '../../client/index.ts';
import { createKubeletSim } from '../../kubelet-sim/index.ts';
import { seededRandom, silentLogger, systemClock } from '../../runtime/index.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';

const STAGES: KindInfo = {
  group: 'kwok.x-k8s.io',
  version: 'v1alpha1',
  kind: 'Stage',
  resource: 'stages',
  singular: 'stage',
  namespaced: false,
  verbs: ['get', 'list', 'watch', 'create'],
  subresources: [],
};
const CLASS = 'staged';

/** What a provisioner does, as Stages: a claim gets a volume and is bound, a volume that is released goes. */
const PROVISIONER = [
  `
metadata: { name: provision }
spec:
  resourceRef: { apiGroup: v1, kind: PersistentVolumeClaim }
  selector:
    matchExpressions:
    - cel: { expression: "self.spec.storageClassName == '${CLASS}' && !has(self.spec.volumeName)" }
    - cel: { expression: "!has(self.metadata.deletionTimestamp)" }
  steps:
  - apply:
      template: |
        apiVersion: v1
        kind: PersistentVolume
        metadata: { name: "volume-{{ .metadata.name }}" }
        spec:
          accessModes: {{ YAML .spec.accessModes 5 }}
          capacity: {{ YAML .spec.resources.requests 5 }}
          persistentVolumeReclaimPolicy: Delete
          storageClassName: {{ .spec.storageClassName | Quote }}
          hostPath: { path: "/tmp/{{ .metadata.uid }}" }
          claimRef:
            apiVersion: {{ .apiVersion | Quote }}
            kind: {{ .kind | Quote }}
            name: {{ .metadata.name | Quote }}
            namespace: {{ .metadata.namespace | Quote }}
            uid: {{ .metadata.uid | Quote }}
  - patch:
      root: metadata
      template: |
        annotations: { pv.kubernetes.io/bind-completed: "yes" }
  - patch:
      root: spec
      template: |
        volumeName: "volume-{{ .metadata.name }}"
`,
  `
metadata: { name: mark }
spec:
  resourceRef: { apiGroup: v1, kind: PersistentVolume }
  selector:
    matchExpressions:
    - cel: { expression: "self.spec.storageClassName == '${CLASS}' && self.status.phase == 'Bound'" }
    - cel: { expression: "!('marked' in (has(self.metadata.labels) ? self.metadata.labels : {}))" }
  steps:
  - patch: { root: metadata, template: "labels: { marked: 'yes' }" }
  - event: { type: Normal, reason: Marked, message: "marked {{ .metadata.name }}" }
`,
];

const RIGHTS = {
  metadata: { name: 'staged-volumes' },
  rules: [
    { apiGroups: [''], resources: ['persistentvolumes'], verbs: ['create', 'patch', 'update', 'get', 'list', 'watch', 'delete'] },
    { apiGroups: [''], resources: ['persistentvolumeclaims'], verbs: ['patch', 'get', 'list', 'watch'] },
  ],
};

/** Nodes' process, with none of its own. */
async function startNodes(plane: ControlPlane, directory: string) {
  const environment = { clock: systemClock, random: seededRandom(5), logger: silentLogger };
  const config = loadKubeconfig(join(directory, 'kubelet.kubeconfig'));
  const client = createClient({ ...config, userAgent: 'nodes' });
  const recorder = createEventRecorder({ client, component: 'kubelet', ...environment });
  const sim = createKubeletSim({ ...environment, client, recorder, nodes: 0, clientCa: plane.config.ca, simulationPolicies: true });
  await sim.start();
  return {
    async [Symbol.asyncDispose]() {
      await sim.stop();
      await client.close();
    },
  };
}

it('Stages of any kind are lived out, for who has the rights: a provisioner of volumes', async () => {
  await using plane = await startControlPlane({});
  const { directory } = plane;
  await using _ = await startNodes(plane, directory);
  await plane.create(rbacKinds.clusterroles, RIGHTS);
  const subjects = [{ kind: 'User', name: 'system:nanokube:kubelet-sim', apiGroup: 'rbac.authorization.k8s.io' }];
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: RIGHTS.metadata.name };
  await plane.create(rbacKinds.clusterrolebindings, { metadata: { name: 'staged-volumes' }, roleRef, subjects });
  await plane.create(storageKinds.storageclasses, {
    metadata: { name: CLASS },
    provisioner: 'example.com/staged',
    volumeBindingMode: 'Immediate',
  });
  for (const text of PROVISIONER) await whenDefined(plane, { apiVersion: 'kwok.x-k8s.io/v1alpha1', kind: 'Stage', ...parse(text) });
  const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '5Gi' } }, storageClassName: CLASS };
  await plane.create<PersistentVolumeClaim>(coreKinds.persistentvolumeclaims, { metadata: { name: 'c', namespace: 'default' }, spec });
  const claim = await plane.eventually<PersistentVolumeClaim>(
    coreKinds.persistentvolumeclaims,
    'c',
    ({ status }) => status.phase === 'Bound',
  );
  expect(claim.status.capacity).toEqual({ storage: '5Gi' });
  const volume = await plane.eventually<PersistentVolume>(
    coreKinds.persistentvolumes,
    'volume-c',
    ({ metadata }) => metadata.labels?.marked === 'yes',
  );
  expect(volume.spec).toMatchObject({
    accessModes: ['ReadWriteOnce'],
    capacity: { storage: '5Gi' },
    claimRef: { name: 'c', uid: claim.metadata.uid },
  });
});

/** The nodes' process defines Stages when it starts. */
async function whenDefined(plane: ControlPlane, stage: KubeObject): Promise<void> {
  for (;;) {
    try {
      await plane.create(STAGES, stage);
      return;
    } catch {
      await systemClock.sleep(50);
    }
  }
}

it('a node that is made for KWOK, and its pods, live by Stages', async () => {
  await using plane = await startControlPlane({});
  await using _ = await startNodes(plane, plane.directory);
  const stage = (name: string, kind: string, template: string) => ({
    apiVersion: 'kwok.x-k8s.io/v1alpha1',
    kind: 'Stage',
    metadata: { name },
    spec: {
      resourceRef: { apiGroup: 'v1', kind },
      selector: { matchExpressions: [{ key: '.status.phase', operator: 'NotIn', values: ['Running'] }] },
      next: { statusTemplate: template },
    },
  });
  await whenDefined(plane, stage('node', 'Node', 'phase: Running\nconditions:\n{{ range NodeConditions }}\n- {{ YAML . 1 }}\n{{ end }}'));
  await whenDefined(plane, stage('pod', 'Pod', 'phase: Running\nhostIP: {{ NodeIPWith .spec.nodeName | Quote }}'));
  await plane.create<Node>(coreKinds.nodes, { metadata: { name: 'fake', annotations: { 'kwok.x-k8s.io/node': 'fake' } } });
  const node = await plane.eventually<Node>(coreKinds.nodes, 'fake', ({ status }) => status?.conditions?.[0]?.type === 'Ready');
  expect(node.status?.conditions).toHaveLength(5);
  const pod = { metadata: { name: 'p', namespace: 'default' }, spec: { nodeName: 'fake', containers: [{ name: 'c', image: 'i' }] } };
  await plane.create<Pod>(coreKinds.pods, pod);
  expect((await plane.eventually<Pod>(coreKinds.pods, 'p', ({ status }) => status?.phase === 'Running')).status?.hostIP).toBe('10.0.0.1');
});
