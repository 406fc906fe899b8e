import { describe, expect, it } from 'vitest';
import {
  type Live,
  type PersistentVolume,
  type PersistentVolumeClaim,
  planResize,
  type StorageClass,
  settledVolume,
} from '../../api/index.ts';
import { ago, aNode, meta, NOW } from '../testing/builders.ts';
import { PROVISIONER_FINALIZER, planProvision, planUpkeep } from './plan.ts';

const MARK = { 'volume.kubernetes.io/storage-provisioner': 'nanokube.dev/hostpath' };
const OURS = { 'pv.kubernetes.io/provisioned-by': 'nanokube.dev/hostpath' };

const claim = (
  spec: Partial<PersistentVolumeClaim['spec']> = {},
  { annotations = MARK, status = {} }: { annotations?: Record<string, string>; status?: PersistentVolumeClaim['status'] } = {},
): Live<PersistentVolumeClaim> => ({
  metadata: meta('c', { annotations }),
  spec: { storageClassName: 'fast', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '2Gi' } }, ...spec },
  status,
});
const aClass = (more: Partial<StorageClass> = {}): Live<StorageClass> => ({
  provisioner: 'nanokube.dev/hostpath',
  volumeBindingMode: 'Immediate',
  reclaimPolicy: 'Delete',
  ...more,
  metadata: meta('fast'),
});
const plan = (
  of: Live<PersistentVolumeClaim>,
  { storageClass = aClass(), nodes = [aNode('n1'), aNode('n2')], volumes = [] as Live<PersistentVolume>[] } = {},
) =>
  planProvision(of, {
    storageClass: (name) => (name === 'fast' ? storageClass : undefined),
    nodes: () => nodes,
    volumes: () => volumes,
  });
const hostOf = (made: ReturnType<typeof plan>) =>
  made.action === 'provision'
    ? made.volume.spec.nodeAffinity?.required?.nodeSelectorTerms?.[0]?.matchExpressions?.[0]?.values
    : made.action;
const volumeOn = (host: string): Live<PersistentVolume> => {
  const made = plan(claim({}, { annotations: { ...MARK, 'volume.kubernetes.io/selected-node': host } }));
  if (made.action !== 'provision') throw new Error('not made');
  return { ...made.volume, metadata: meta(`on-${host}`, { annotations: OURS }) };
};

describe('planProvision', () => {
  it('makes what the claim asks for, on the node with the fewest volumes', () => {
    expect(hostOf(plan(claim(), { volumes: [volumeOn('n1')] }))).toEqual(['n2']);
    expect(hostOf(plan(claim(), { nodes: [aNode('n2'), aNode('n1')] }))).toEqual(['n1']);
    const made = plan(claim({ accessModes: ['ReadWriteOncePod'] }));
    expect(made.action === 'provision' && made.volume.spec).toMatchObject({
      accessModes: ['ReadWriteOncePod'],
      capacity: { storage: '2Gi' },
    });
  });

  it('keeps to nodes that are ready, not cordoned, and in the topologies', () => {
    const nodes = [
      aNode('cordoned', { spec: { unschedulable: true } }),
      aNode('down', { status: { conditions: [{ type: 'Ready', status: 'False' }] } }),
      aNode('away', { metadata: { labels: { zone: 'b' } } }),
    ];
    const storageClass = aClass({ allowedTopologies: [{ matchLabelExpressions: [{ key: 'zone', values: ['a'] }] }] });
    expect(plan(claim(), { nodes, storageClass })).toMatchObject({ action: 'fail', retry: 'later' });
    expect(hostOf(plan(claim(), { nodes: [...nodes, aNode('right', { metadata: { labels: { zone: 'a' } } })], storageClass }))).toEqual([
      'right',
    ]);
  });

  it('makes it on the node that the scheduler chose, and only then if it is to wait for that', () => {
    const storageClass = aClass({ volumeBindingMode: 'WaitForFirstConsumer' });
    const chosen = (node: string) => claim({}, { annotations: { ...MARK, 'volume.kubernetes.io/selected-node': node } });
    expect(plan(claim(), { storageClass }).action).toBe('nothing');
    expect(hostOf(plan(chosen('n2'), { storageClass }))).toEqual(['n2']);
    expect(plan(chosen('gone'), { storageClass })).toMatchObject({ action: 'fail', retry: 'elsewhere' });
  });

  it.each<[string, ReturnType<typeof plan>['action'], Parameters<typeof plan>]>([
    ['a claim of another provisioner', 'nothing', [claim({}, { annotations: {} })]],
    ['a claim that has a volume', 'nothing', [claim({ volumeName: 'v' })]],
    ['a class that names another provisioner by now', 'nothing', [claim(), { storageClass: aClass({ provisioner: 'x' }) }]],
    ['a class that is gone', 'nothing', [claim({ storageClassName: 'gone' })]],
    ['a raw device', 'fail', [claim({ volumeMode: 'Block' })]],
    ['a selector', 'fail', [claim({ selector: { matchLabels: { a: 'b' } } })]],
    ['a copy', 'fail', [claim({ dataSource: { kind: 'PersistentVolumeClaim', name: 'x' } })]],
    ['mount options', 'fail', [claim(), { storageClass: aClass({ mountOptions: ['ro'] }) }]],
  ])('for %s: %s', (_what, action, args) => {
    expect(plan(...args).action).toBe(action);
  });
});

describe('planUpkeep', () => {
  const volume = (own: Partial<Live<PersistentVolume>['metadata']>, policy: string, phase: string): Live<PersistentVolume> => ({
    metadata: meta('v', { annotations: OURS, ...own }),
    spec: { persistentVolumeReclaimPolicy: policy },
    status: { phase },
  });
  const held = { finalizers: [PROVISIONER_FINALIZER] };
  const going = { deletionTimestamp: ago(1) };

  it.each([
    ['delete', held, 'Delete', 'Released'],
    ['delete', { ...held, ...going }, 'Delete', 'Released'],
    ['nothing', { ...held, ...going }, 'Delete', 'Bound'],
    ['nothing', held, 'Delete', 'Bound'],
    ['nothing', held, 'Delete', 'Pending'],
    ['delete', { ...held, ...going }, 'Delete', 'Pending'],
    ['delete', { ...held, ...going }, 'Delete', 'Available'],
    ['protect', {}, 'Delete', 'Bound'],
    ['nothing', going, 'Delete', 'Released'],
    ['release', held, 'Retain', 'Released'],
    ['nothing', {}, 'Retain', 'Released'],
    ['nothing', { annotations: {}, ...held }, 'Delete', 'Released'],
  ] as const)('%s: %j %s %s', (wanted, own, policy, phase) => {
    expect(planUpkeep(volume({ ...own, finalizers: 'finalizers' in own ? [...own.finalizers] : undefined }, policy, phase))).toBe(wanted);
  });
});

describe('planResize', () => {
  const bound = (status: PersistentVolumeClaim['status'] = {}, storage = '3Gi') =>
    claim(
      { volumeName: 'v', resources: { requests: { storage } } },
      { status: { phase: 'Bound', capacity: { storage: '1Gi' }, ...status } },
    );
  const volume = (storage: string, annotations: Record<string, string> = OURS): Live<PersistentVolume> => ({
    metadata: meta('v', { annotations }),
    spec: { capacity: { storage }, claimRef: { uid: 'uid-c' } },
    status: {},
  });
  const at = (step: string, storage: string) => ({ allocatedResourceStatuses: { storage: step }, allocatedResources: { storage } });

  it('goes step by step', () => {
    const begun = planResize(bound(), volume('1Gi'), NOW);
    expect(begun).toMatchObject({ action: 'begin', status: at('ControllerResizeInProgress', '3Gi') });
    const grown = planResize(bound(at('ControllerResizeInProgress', '3Gi')), volume('1Gi'), NOW);
    expect(grown).toMatchObject({ action: 'grow', volume: { spec: { capacity: { storage: '3Gi' } } } });
    const handed = planResize(bound(at('ControllerResizeInProgress', '3Gi')), volume('3Gi'), NOW);
    expect(handed).toMatchObject({ action: 'handOver', status: at('NodeResizePending', '3Gi') });
    expect(planResize(bound(at('NodeResizePending', '3Gi')), volume('3Gi'), NOW).action).toBe('nothing');
  });

  it('lets the node finish before it grows again', () => {
    expect(planResize(bound(at('NodeResizeInProgress', '3Gi'), '9Gi'), volume('3Gi'), NOW).action).toBe('nothing');
  });

  it('is not for claims that are large enough, unbound, or without a volume', () => {
    expect(planResize(bound({}, '1Gi'), volume('1Gi'), NOW).action).toBe('nothing');
    expect(planResize(bound({ phase: 'Pending' }), volume('1Gi'), NOW).action).toBe('nothing');
    expect(planResize(bound(), undefined, NOW).action).toBe('nothing');
  });

  it('forgets how large the file system was once it has caught up', () => {
    const annotated = volume('3Gi', { ...OURS, 'volume.alpha.kubernetes.io/pre-resize-capacity': '1Gi' });
    expect(settledVolume(bound(), annotated)).toBeUndefined();
    expect(settledVolume(bound({ capacity: { storage: '3Gi' } }), annotated)?.metadata.annotations).toEqual(OURS);
    expect(settledVolume(bound({ capacity: { storage: '3Gi' } }), volume('3Gi'))).toBeUndefined();
  });
});
