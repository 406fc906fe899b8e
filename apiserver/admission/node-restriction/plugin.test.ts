import { describe, expect, test } from 'vitest';
import {
  certificatesKinds,
  coordinationKinds,
  coreKinds,
  type KindInfo,
  type KubeObject,
  type Pod,
  storageKinds,
} from '../../../api/index.ts';
import type { AccessAttributes, Authorizer } from '../../auth/types.ts';
import { ask, type Request, readerOf } from '../testing/request.ts';
import { nodeRestriction } from './plugin.ts';

const MIRROR = { 'kubernetes.io/config.mirror': 'x' };
const OWNER = { apiVersion: 'v1', kind: 'Node', name: 'mine', uid: 'node-uid', controller: true };
const SLICES: KindInfo = { ...coreKinds.nodes, group: 'resource.k8s.io', resource: 'resourceslices', kind: 'ResourceSlice' };

/** Requests for CN=system:node:mine and CN=system:node:other. */
const OWN_REQUEST =
  'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlHeE1HVUNBUUF3TWpFVk1CTUdBMVVFQ2d3TWMzbHpkR1Z0T201dlpHVnpNUmt3RndZRFZRUUREQkJ6ZVhOMApaVzA2Ym05a1pUcHRhVzVsTUNvd0JRWURLMlZ3QXlFQWhiei9yUC9Ndk55TmJRZ3N4SFhxTnVkb2h4U0hsS0lmCmZtWThEN240TGthZ0FEQUZCZ01yWlhBRFFRQjEwZG03VlVFZURreVE1K25VV1lUZWQ0SUEvN1JoZWFvV2hnUGoKM3NzYmZmK3JWUkFPSHllV3h1ZGt5RHQzZWFrNGM4alc2cG8wTmI2S01BZmROa01PCi0tLS0tRU5EIENFUlRJRklDQVRFIFJFUVVFU1QtLS0tLQo=';
const OTHERS_REQUEST =
  'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlHeU1HWUNBUUF3TXpFVk1CTUdBMVVFQ2d3TWMzbHpkR1Z0T201dlpHVnpNUm93R0FZRFZRUUREQkZ6ZVhOMApaVzA2Ym05a1pUcHZkR2hsY2pBcU1BVUdBeXRsY0FNaEFQUnpJKzZYRXJtN0N4NTdyeVprTTBiSG4zM1ZkcUMwClZpL3lqSnZVdUQ5OG9BQXdCUVlESzJWd0EwRUFzZHArZWNKaC9nSE9QdVpXSjBLSkJ4RjR3MjZUeWdZVm1xdnEKRW1kdWQ5NGxIYUpPSVBBTjZSOTRqUjJ0NktFSzc4dHhvYXBhZkJGdDRVYTd6dnh2Q0E9PQotLS0tLUVORCBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K';

const NODE = { name: 'system:node:mine', groups: ['system:nodes', 'system:authenticated'] };

const podOf = (spec: object, metadata: object = {}): Pod =>
  ({
    metadata: { name: 'p', namespace: 'ns', uid: 'pod-uid', annotations: MIRROR, ownerReferences: [OWNER], ...metadata },
    spec: { containers: [], nodeName: 'mine', ...spec },
    status: {},
  }) as Pod;

const TOKEN_VOLUME = { name: 't', projected: { sources: [{ serviceAccountToken: { path: 't', audience: 'vault' } }] } };

const OBJECTS = readerOf(
  [coreKinds.nodes, [{ metadata: { name: 'mine', uid: 'node-uid' } }]],
  [
    coreKinds.pods,
    [
      podOf({
        volumes: [TOKEN_VOLUME, { name: 'c', csi: { driver: 'driver' } }, { name: 'd', persistentVolumeClaim: { claimName: 'claim' } }],
      }),
      podOf({ nodeName: 'other' }, { name: 'foreign', uid: 'foreign-uid' }),
      podOf(
        {
          volumes: [
            { name: 'a', csi: { driver: 'gone' } },
            { name: 'b', persistentVolumeClaim: { claimName: 'gone' } },
            { name: 'c', ephemeral: { volumeClaimTemplate: {} } },
            { name: 'd', azureFile: { secretName: 's', shareName: 's' } },
            { name: 'e', persistentVolumeClaim: { claimName: 'disk' } },
          ],
        },
        { name: 'broken', uid: 'broken-uid' },
      ),
    ],
  ],
  [
    storageKinds.csidrivers,
    [
      csiDriver('driver', 'csi'),
      csiDriver('bound', 'csi-bound'),
      csiDriver('file.csi.azure.com', 'file'),
      csiDriver('ebs.csi.aws.com', 'disk'),
    ],
  ],
  [coreKinds.persistentvolumeclaims, [claimOf('claim', 'volume'), claimOf('broken-c', 'gone'), claimOf('disk', 'disk')]],
  [
    coreKinds.persistentvolumes,
    [
      { metadata: { name: 'volume' }, spec: { csi: { driver: 'bound' } } } as KubeObject,
      { metadata: { name: 'disk' }, spec: { awsElasticBlockStore: { volumeID: 'v' } } } as KubeObject,
    ],
  ],
);

function csiDriver(name: string, audience: string): KubeObject {
  return { metadata: { name }, spec: { tokenRequests: [{ audience }] } } as KubeObject;
}

function claimOf(name: string, volumeName: string): KubeObject {
  return { metadata: { name, namespace: 'ns' }, spec: { volumeName } } as KubeObject;
}

const asked: AccessAttributes[] = [];
const AUTHORIZER: Authorizer = {
  authorize: (attributes) => {
    asked.push(attributes);
    return { allowed: attributes.resource === 'granted', reason: '' };
  },
  rulesFor: () => ({ resourceRules: [], nonResourceRules: [] }),
};
const PLUGIN = nodeRestriction(OBJECTS, AUTHORIZER);

/** Why it is refused, without the name of what. */
const why = async (request: Request) =>
  (await ask(PLUGIN, { context: { user: NODE }, ...request })).refused?.replace(/^\S+ "[^"]*" is forbidden: /, '');

describe('NodeRestriction', () => {
  test('is about nodes alone, and a node has a name', async () => {
    const other = { object: podOf({}), context: { user: { name: 'system:node:mine', groups: ['devs'] } } };
    expect(await why({ ...other, operation: 'UPDATE' })).toBeUndefined();
    const nameless = { user: { name: 'system:node:', groups: ['system:nodes'] } };
    expect(await why({ object: podOf({}), context: nameless })).toBe('could not determine node from user "system:node:"');
    expect(await why({ kind: coreKinds.secrets, object: { metadata: { name: 's' } } })).toBeUndefined();
  });

  test.each<readonly [name: string, spec: object, metadata: object, expected: string | undefined]>([
    ['a mirror pod', {}, {}, undefined],
    [
      'no mirror',
      {},
      { annotations: {} },
      'pod does not have "kubernetes.io/config.mirror" annotation, node "mine" can only create mirror pods',
    ],
    ['elsewhere', { nodeName: 'other' }, {}, 'node "mine" can only create pods with spec.nodeName set to itself'],
    ['no owner', {}, { ownerReferences: [] }, 'node "mine" can only create pods with an owner reference set to itself'],
    ['two owners', {}, { ownerReferences: [OWNER, OWNER] }, 'node "mine" can only create pods with a single owner reference set to itself'],
    [
      'another owner',
      {},
      { ownerReferences: [{ ...OWNER, name: 'other' }] },
      'node "mine" can only create pods with an owner reference set to itself',
    ],
    [
      'an owner that does not control it',
      {},
      { ownerReferences: [{ ...OWNER, controller: false }] },
      'node "mine" can only create pods with a controller owner reference set to itself',
    ],
    [
      'an owner that waits for it',
      {},
      { ownerReferences: [{ ...OWNER, blockOwnerDeletion: true }] },
      'node "mine" must not set blockOwnerDeletion on an owner reference',
    ],
    ['another node of that name', {}, { ownerReferences: [{ ...OWNER, uid: 'old' }] }, 'node mine UID mismatch: expected old got node-uid'],
    ['an account', { serviceAccountName: 'a' }, {}, 'node "mine" can not create pods that reference a service account'],
    [
      'a secret',
      { containers: [{ name: 'c', envFrom: [{ secretRef: { name: 's' } }] }] },
      {},
      'node "mine" can not create pods that reference secrets',
    ],
    [
      'a config map',
      { volumes: [{ name: 'v', configMap: { name: 'c' } }] },
      {},
      'node "mine" can not create pods that reference configmaps',
    ],
    [
      'a bundle',
      { volumes: [{ name: 'v', projected: { sources: [{ clusterTrustBundle: { path: 'p' } }] } }] },
      {},
      'node "mine" can not create pods that reference clustertrustbundles',
    ],
    [
      'a claim',
      { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }] },
      {},
      'node "mine" can not create pods that reference persistentvolumeclaims',
    ],
    ['a device', { resourceClaims: [{ name: 'r' }] }, {}, 'node "mine" can not create pods that reference resourceclaims'],
  ])('a pod that it creates: %s', async (_name, spec, metadata, expected) => {
    expect(await why({ object: podOf(spec, metadata) })).toBe(expected);
  });

  test('pods on it may be deleted, evicted and reported on, no others; and nothing else', async () => {
    const foreign = podOf({ nodeName: 'other' }, { name: 'foreign' });
    const remove = (old: Pod) => why({ operation: 'DELETE', old });
    expect([await remove(podOf({})), await remove(foreign)]).toEqual([
      undefined,
      'node "mine" can only delete pods with spec.nodeName set to itself',
    ]);
    const evict = (name: string) => why({ subresource: 'eviction', name, namespace: 'ns', object: { metadata: {} } });
    expect([await evict('p'), await evict('foreign'), await evict('gone')]).toEqual([
      undefined,
      'node mine can only evict pods with spec.nodeName set to itself',
      'pods "gone" not found',
    ]);
    const report = (object: Pod, old: Pod) => why({ operation: 'UPDATE', subresource: 'status', object, old });
    const withClaims = { ...podOf({}), status: { resourceClaimStatuses: [{ name: 'r', resourceClaimName: 'x' }] } } as Pod;
    expect([
      await report(podOf({}), podOf({})),
      await report(foreign, foreign),
      await report(podOf({}, { labels: { a: 'b' } }), podOf({})),
      await report(withClaims, podOf({})),
    ]).toEqual([
      undefined,
      'node "mine" can only update pod status for pods with spec.nodeName set to itself',
      'node "mine" cannot update labels through pod status',
      'node "mine" cannot update resource claim statues',
    ]);
    expect(await why({ operation: 'UPDATE', object: podOf({}), old: podOf({}) })).toBe(
      'unexpected operation "UPDATE", node "mine" can only create and delete mirror pods',
    );
    expect(await why({ operation: 'UPDATE', subresource: 'resize', object: podOf({}), old: podOf({}) })).toBe(
      "unexpected pod subresource \"resize\", only 'status' and 'eviction' are allowed",
    );
  });

  test('only its own node, with the labels that kubelets set', async () => {
    const node = (labels: Record<string, string>, more: object = {}) => ({ metadata: { name: 'mine', labels, ...more }, spec: {} });
    const create = (object: KubeObject) => why({ kind: coreKinds.nodes, object });
    expect(await create({ metadata: { name: 'other' } })).toBe('node "mine" is not allowed to modify node "other"');
    const fine = {
      'kubernetes.io/hostname': 'h',
      'node.kubernetes.io/instance-type': 'x',
      'a.kubelet.kubernetes.io/b': 'c',
      'example.com/a': 'b',
      plain: 'x',
    };
    expect(await create(node(fine))).toBeUndefined();
    const bad = {
      'node-restriction.kubernetes.io/a': 'b',
      'x.node-restriction.kubernetes.io/a': 'b',
      'foo.k8s.io/a': 'b',
      'kubernetes.io/role': 'x',
    };
    expect(await create(node({ ...fine, ...bad }))).toBe(
      'node "mine" is not allowed to set the following labels: foo.k8s.io/a, kubernetes.io/role, node-restriction.kubernetes.io/a, x.node-restriction.kubernetes.io/a',
    );
    const update = (object: object, old: object = node({ 'kubernetes.io/role': 'x' })) =>
      why({ kind: coreKinds.nodes, operation: 'UPDATE', object: object as KubeObject, old: old as KubeObject });
    expect(await update(node({ 'kubernetes.io/role': 'x', plain: 'y' }))).toBeUndefined();
    expect(await update(node({}))).toBe('is not allowed to modify labels: kubernetes.io/role');
    const tainted = { ...node({}), spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } };
    expect(await update(node({}), tainted)).toBe('node "mine" is not allowed to modify taints');
    expect(await update(node({}, { ownerReferences: [OWNER] }), node({}))).toBe('node "mine" is not allowed to modify ownerReferences');
    expect(await update({ ...node({}), spec: { configSource: { configMap: {} } } }, node({}))).toBe(
      'node "mine" is not allowed to update configSource to a new non-nil configSource',
    );
  });

  describe('tokens', () => {
    const token = (spec: object) =>
      why({
        kind: coreKinds.serviceaccounts,
        subresource: 'token',
        name: 'account',
        namespace: 'ns',
        object: { metadata: {}, spec } as KubeObject,
      });
    const ref = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'pod-uid' };
    const broken = { ...ref, name: 'broken', uid: 'broken-uid' };

    test.each<readonly [string, object, string | undefined]>([
      ['bound to nothing', {}, 'node requested token not bound to a pod'],
      ['bound to something else', { boundObjectRef: { ...ref, kind: 'Secret' } }, 'node requested token not bound to a pod'],
      ['without a uid', { boundObjectRef: { ...ref, uid: undefined } }, 'node requested token with a pod binding without a uid'],
      ['of a pod that is gone', { boundObjectRef: { ...ref, name: 'gone' } }, 'pods "gone" not found'],
      [
        'of an earlier pod',
        { boundObjectRef: { ...ref, uid: 'old' } },
        'the UID in the bound object reference (old) does not match the UID in record. The object might have been deleted and then recreated',
      ],
      [
        'of a pod elsewhere',
        { boundObjectRef: { ...ref, name: 'foreign', uid: 'foreign-uid' } },
        'node requested token bound to a pod scheduled on a different node',
      ],
      ['for whom the pod names', { boundObjectRef: ref, audiences: ['vault'] }, undefined],
      ['for whom its driver names', { boundObjectRef: ref, audiences: ['csi'] }, undefined],
      ['for whom the driver of its claim names', { boundObjectRef: ref, audiences: ['csi-bound'] }, undefined],
      ['for whom somebody allowed', { boundObjectRef: ref, audiences: ['granted'] }, undefined],
      [
        'for anybody',
        { boundObjectRef: ref, audiences: ['other'] },
        'audience "other" not found in pod spec volume, system:node:mine is not authorized to request tokens for this audience',
      ],
      ['for whom the driver names that took over from a plugin', { boundObjectRef: broken, audiences: ['file'] }, undefined],
      ['likewise by its claim', { boundObjectRef: broken, audiences: ['disk'] }, undefined],
      [
        'for anybody, of a pod whose volumes lack what they name',
        { boundObjectRef: broken, audiences: ['granted'] },
        'error validating audience "granted": [csidriver.storage.k8s.io "gone" not found, persistentvolumeclaim "gone" not found, ' +
          'persistentvolume "gone" not found]',
      ],
      ['for several', { boundObjectRef: ref, audiences: ['vault', 'csi'] }, 'node may only request 0 or 1 audiences'],
    ])('%s', async (_name, spec, expected) => {
      expect(await token(spec)).toBe(expected);
    });

    test('who may ask for others is asked of the authorizers', async () => {
      asked.length = 0;
      await token({ boundObjectRef: ref, audiences: ['granted'] });
      expect(asked).toMatchObject([
        { verb: 'request-serviceaccounts-token-audience', resource: 'granted', namespace: 'ns', name: 'account' },
      ]);
    });
  });

  test('only its own lease, CSI node and slices', async () => {
    const lease = (name: string, namespace: string) => why({ kind: coordinationKinds.leases, object: { metadata: { name, namespace } } });
    expect([await lease('mine', 'kube-node-lease'), await lease('other', 'kube-node-lease'), await lease('mine', 'ns')]).toEqual([
      undefined,
      'can only access node lease with the same name as the requesting node',
      'can only access leases in the "kube-node-lease" system namespace',
    ]);
    const csi = (name: string) => why({ kind: storageKinds.csinodes, object: { metadata: { name } } });
    expect([await csi('mine'), await csi('other')]).toEqual([
      undefined,
      'can only access CSINode with the same name as the requesting node',
    ]);
    const slice = (nodeName: string) => ({ metadata: { name: 's' }, spec: { nodeName } }) as KubeObject;
    expect([
      await why({ kind: SLICES, object: slice('mine') }),
      await why({ kind: SLICES, object: slice('other') }),
      await why({ kind: SLICES, operation: 'DELETE', old: slice('other') }),
      await why({ kind: SLICES, operation: 'UPDATE', object: slice('other'), old: slice('other') }),
    ]).toEqual([
      undefined,
      'can only create ResourceSlice with the same NodeName as the requesting node',
      'can only delete ResourceSlice with the same NodeName as the requesting node',
      undefined,
    ]);
  });

  test('of claims only how large they have become', async () => {
    const claim = (status: object, labels?: object) =>
      ({ metadata: { name: 'c', resourceVersion: '1', labels }, spec: {}, status }) as KubeObject;
    const old = claim({ phase: 'Bound' });
    const report = (object: KubeObject, subresource = 'status') =>
      why({ kind: coreKinds.persistentvolumeclaims, operation: 'UPDATE', subresource, object, old });
    expect(
      await report(claim({ phase: 'Bound', capacity: { storage: '1Gi' }, conditions: [], allocatedResources: { storage: '1' } })),
    ).toBeUndefined();
    const refused = 'node "mine" is not allowed to update fields other than status.capacity and status.conditions';
    expect([await report(claim({ phase: 'Lost' })), await report(claim({ phase: 'Bound' }, { a: 'b' }))]).toEqual([refused, refused]);
    expect(await report(old, '')).toBe('may only update PVC status');
  });

  test('certificates in its own name', async () => {
    const sign = (signerName: string, request: string) =>
      why({
        kind: certificatesKinds.certificatesigningrequests,
        object: { metadata: { name: 'r' }, spec: { signerName, request } } as KubeObject,
      });
    const kubelet = 'kubernetes.io/kube-apiserver-client-kubelet';
    expect(await sign('example.com/own', 'x')).toBeUndefined();
    expect(await sign(kubelet, 'x')).toBe('unable to parse csr: PEM block type must be CERTIFICATE REQUEST');
    expect(await sign(kubelet, OTHERS_REQUEST)).toBe('can only create a node CSR with CN=system:node:mine');
    expect(await sign(kubelet, OWN_REQUEST)).toBeUndefined();
  });
});
