import { describe, expect, it } from 'vitest';
import {
  coreKinds,
  type KubeObject,
  type PersistentVolume,
  type Pod,
  resourceKinds,
  storageKinds,
  type VolumeAttachment,
} from '../../../api/index.ts';
import { createAuthorizer } from '../index.ts';
import { ObjectsInMemory } from '../objects-in-memory.ts';
import type { AccessAttributes } from '../types.ts';

const objects = new ObjectsInMemory();
const authorizer = createAuthorizer({ objects, nodeRules: [{ verbs: ['list'], apiGroups: [''], resources: ['services'] }] });

function aPod(name: string, node: string, more: Partial<Pod['spec']> = {}, annotations: Record<string, string> = {}): void {
  const spec = { nodeName: node, containers: [], serviceAccountName: `${name}-account`, ...more };
  objects.put<Pod>(coreKinds.pods, { metadata: { name, namespace: 'ns', annotations }, spec, status: {} });
}
const GROUPS: Readonly<Record<string, string>> = {
  leases: 'coordination.k8s.io',
  csinodes: 'storage.k8s.io',
  volumeattachments: 'storage.k8s.io',
  resourceclaims: 'resource.k8s.io',
  resourceslices: 'resource.k8s.io',
};

function aVolume(name: string, claim: string, source: Partial<PersistentVolume['spec']>): void {
  const spec = { claimRef: { namespace: 'ns', name: claim }, ...source };
  objects.put<PersistentVolume>(coreKinds.persistentvolumes, { metadata: { name }, spec, status: {} });
}

const secretPod = (name: string) => ({ imagePullSecrets: [{ name }] });

/** `get secrets ns/x`, `list pods`, `update nodes/status /n`: what node n1 is told. */
function asked(text: string, more: Partial<AccessAttributes> = {}) {
  const [verb = '', what = '', target = ''] = text.split(' ');
  const [resource = '', subresource = ''] = what.split('/');
  const [namespace = '', name = ''] = target.split('/');
  const group = GROUPS[resource] ?? '';
  const user = { name: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] };
  const attributes = { user, verb, resourceRequest: true, path: '', namespace, group, version: 'v1', resource, subresource, name };
  const { allowed, reason } = authorizer.authorize({ ...attributes, ...more });
  return allowed ? 'allowed' : reason;
}

const UNRELATED = "no relationship found between node 'n1' and this object";

describe('a node', () => {
  it.each([
    ['get nodes /n1', 'allowed'],
    ['get nodes /n2', "node 'n1' cannot read 'n2', only its own Node object"],
    ['list nodes', "node 'n1' cannot read all nodes, only its own Node object"],
    ['patch nodes/status /n1', 'allowed'],
    ['delete nodes /n1', ''],
    ['create leases kube-node-lease/', 'allowed'],
    ['update leases kube-node-lease/n1', 'allowed'],
    ['update leases kube-node-lease/n2', 'can only access node lease with the same name as the requesting node'],
    ['list leases kube-node-lease/', 'can only get, create, update, patch, or delete a node lease'],
    ['get leases ns/n1', 'can only access leases in the "kube-node-lease" system namespace'],
    ['list services', 'allowed'],
    ['list endpoints', ''],
    ['list secrets ns/', 'No Object name found'],
    ['list secrets', 'can only read namespaced object of this type'],
    ['delete secrets ns/s', 'can only read resources of this type'],
    ['get persistentvolumes /v', UNRELATED],
    ['list persistentvolumes', 'can only get individual resources of this type'],
    ['get volumeattachments /a', UNRELATED],
    ['patch csinodes /n1', 'allowed'],
    ['create csinodes /', 'allowed'],
    ['get csinodes /n2', 'can only access CSINode with the same name as the requesting node'],
    ['list csinodes', 'can only get, create, update, patch, or delete a CSINode'],
    ['create resourceslices', 'allowed'],
    ['list resourceslices', 'can only list/watch/deletecollection resourceslices with nodeName field selector'],
    ['patch resourceslices/status /s', 'cannot authorize ResourceSlice subresources'],
    ['get resourceslices /nothing', UNRELATED],
    ['create pods ns/', 'allowed'],
    ['create pods/eviction ns/p', 'allowed'],
    ['get pods/log ns/p', ''],
    ['list pods', 'can only list/watch pods with spec.nodeName field selector'],
    ['create serviceaccounts/token ns/', 'can only create tokens for individual service accounts'],
  ])('asks to %s: %s', (text, answer) => expect(asked(text)).toBe(answer));

  it('lists the pods that a field selector confines to it', () => {
    expect(asked('list pods', { fieldSelector: 'status.phase!=Failed,spec.nodeName=n1' })).toBe('allowed');
    expect(asked('watch pods', { fieldSelector: 'spec.nodeName=n2' })).toMatch(/^can only/);
    expect(asked('watch pods', { fieldSelector: 'spec.nodeName' })).toMatch(/^can only/);
  });

  it('is only one with a name and in the group', () => {
    expect(asked('get nodes /n1', { user: { name: 'system:node:n1', groups: [] } })).toBe('');
    expect(asked('get nodes /n1', { user: { name: 'system:node:', groups: ['system:nodes'] } })).toBe(
      'unknown node for user "system:node:"',
    );
  });
});

describe('what a node may read', () => {
  it('is what its pods need, as long as they are there', () => {
    aPod('before', 'n1', secretPod('early'));
    expect(asked('get secrets ns/early')).toBe('allowed');
    expect(asked('get secrets other/early')).toBe(UNRELATED);
    aPod('after', 'n1', secretPod('late'));
    expect(asked('watch secrets ns/late')).toBe('allowed');
    aPod('elsewhere', 'n2', secretPod('theirs'));
    expect(asked('get secrets ns/theirs')).toBe(UNRELATED);
    expect(asked('get pods ns/after')).toBe('allowed');
    expect(asked('get pods ns/elsewhere')).toBe(UNRELATED);
    expect(asked('create serviceaccounts/token ns/after-account')).toBe('allowed');
    expect(asked('create serviceaccounts/token ns/elsewhere-account')).toBe(UNRELATED);
  });

  it('is found wherever a pod names it', () => {
    aPod('p', 'n1', {
      containers: [
        {
          name: 'a',
          env: [
            { name: 'S', valueFrom: { secretKeyRef: { name: 'env-secret', key: 'k' } } },
            { name: 'C', valueFrom: { configMapKeyRef: { name: 'env-map', key: 'k' } } },
          ],
          envFrom: [{ secretRef: { name: 'from-secret' } }, { configMapRef: { name: 'from-map' } }],
        },
      ],
      volumes: [
        { name: 'a', secret: { secretName: 'volume-secret' } },
        { name: 'b', configMap: { name: 'volume-map' } },
        { name: 'c', projected: { sources: [{ secret: { name: 'projected-secret' } }, { configMap: { name: 'projected-map' } }] } },
        { name: 'd', csi: { driver: 'x', nodePublishSecretRef: { name: 'csi-secret' } } },
        { name: 'e', persistentVolumeClaim: { claimName: 'claim' } },
        { name: 'f', ephemeral: {} },
      ],
    });
    for (const place of ['env', 'from', 'volume', 'projected', 'csi'])
      expect([place, asked(`get secrets ns/${place}-secret`)]).toEqual([place, 'allowed']);
    for (const place of ['env', 'from', 'volume', 'projected'])
      expect([place, asked(`get configmaps ns/${place}-map`)]).toEqual([place, 'allowed']);
    expect(asked('get persistentvolumeclaims ns/claim')).toBe('allowed');
    expect(asked('get persistentvolumeclaims ns/p-f')).toBe('allowed');
    expect(asked('patch persistentvolumeclaims/status ns/claim')).toBe('allowed');
    expect(asked('get persistentvolumeclaims ns/other')).toBe(UNRELATED);
  });

  it('is the volumes that its pods claim, and what mounting them takes', () => {
    aPod('claiming', 'n1', { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'mine' } }] });
    aVolume('ours', 'mine', { iscsi: { targetPortal: 'p', iqn: 'i', lun: 0, secretRef: { name: 'chap' } } });
    const csi = { driver: 'd', volumeHandle: 'h', nodeStageSecretRef: { namespace: 'kube', name: 'stage' } };
    aVolume('driven', 'mine', { csi: { ...csi, controllerExpandSecretRef: { namespace: 'kube', name: 'grow' } } });
    aVolume('theirs', 'other', { azureFile: { secretName: 'azure', shareName: 's', secretNamespace: 'kube' } });
    expect(asked('get persistentvolumes /ours')).toBe('allowed');
    expect(asked('get persistentvolumes /theirs')).toBe(UNRELATED);
    expect(asked('get secrets ns/chap')).toBe('allowed');
    expect(asked('get secrets kube/stage')).toBe('allowed');
    expect(asked('get secrets kube/grow')).toBe(UNRELATED);
    expect(asked('get secrets kube/azure')).toBe(UNRELATED);
  });

  it('is the attachments to it', () => {
    const attach = (name: string, nodeName: string) => {
      const spec = { attacher: 'd', nodeName, source: { persistentVolumeName: 'v' } };
      objects.put<VolumeAttachment>(storageKinds.volumeattachments, { metadata: { name }, spec, status: { attached: false } });
    };
    attach('here', 'n1');
    attach('there', 'n2');
    expect(asked('get volumeattachments /here')).toBe('allowed');
    expect(asked('get volumeattachments /there')).toBe(UNRELATED);
  });

  it('is its slices, and the claims of devices of its pods', () => {
    const slice = (name: string, nodeName: string) =>
      objects.put(resourceKinds.resourceslices, { metadata: { name }, spec: { nodeName } } as KubeObject);
    slice('s-1', 'n1');
    slice('s-2', 'n2');
    expect(['s-1', 's-2'].map((name) => asked(`delete resourceslices /${name}`))).toEqual(['allowed', UNRELATED]);
    expect(asked('deletecollection resourceslices', { fieldSelector: 'spec.nodeName=n1' })).toBe('allowed');
    expect(asked('watch resourceslices', { fieldSelector: 'spec.nodeName=n2' })).toMatch(/^can only/);
    objects.put<Pod>(coreKinds.pods, {
      metadata: { name: 'devices', namespace: 'ns' },
      spec: {
        nodeName: 'n1',
        containers: [],
        resourceClaims: [
          { name: 'own', resourceClaimName: 'gpu' },
          { name: 'made', resourceClaimTemplateName: 't' },
        ],
      },
      status: {
        resourceClaimStatuses: [{ name: 'made', resourceClaimName: 'devices-made-x' }],
        extendedResourceClaimStatus: { requestMappings: [], resourceClaimName: 'devices-extended' },
      },
    });
    const claims = ['gpu', 'devices-made-x', 'devices-extended', 'other'].map((name) => asked(`get resourceclaims ns/${name}`));
    expect(claims).toEqual(['allowed', 'allowed', 'allowed', UNRELATED]);
    expect(asked('list resourceclaims ns/')).toBe('can only get individual resources of this type');
  });

  it('is not what its own mirror pods name', () => {
    aPod('mirror', 'n1', secretPod('wanted'), { 'kubernetes.io/config.mirror': 'x' });
    expect(asked('get secrets ns/wanted')).toBe(UNRELATED);
  });
});
