import { describe, expect, it } from 'vitest';
import type { Live, PersistentVolume, Pod, VolumeAttachment } from '../../api/index.ts';
import { aNode, aPod, meta, NOW } from '../testing/builders.ts';
import { type AttachWorld, attachmentName, conflictMessage, planNode, uniqueName } from './plan.ts';

const MANAGED = { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' };

const volume = (name: string, accessModes = ['ReadWriteOnce']): Live<PersistentVolume> => ({
  metadata: meta(name, { namespace: undefined }),
  spec: { accessModes, csi: { driver: 'd.io', volumeHandle: `handle-${name}` } },
  status: {},
});
const attachment = (name: string, nodeName = 'n', attached = true): Live<VolumeAttachment> => ({
  metadata: meta(attachmentName(`handle-${name}`, 'd.io', nodeName), { namespace: undefined }),
  spec: { attacher: 'd.io', nodeName, source: { persistentVolumeName: name } },
  status: { attached },
});
const node = (status: object = {}, more: { annotations?: Record<string, string>; taint?: string } = {}) =>
  aNode('n', {
    metadata: { annotations: more.annotations ?? MANAGED },
    status,
    spec: more.taint ? { taints: [{ key: more.taint, effect: 'NoExecute' }] } : {},
  });
const users = (...pods: Live<Pod>[]) => pods;
const plan = (world: Partial<AttachWorld> & { volumes?: Live<PersistentVolume>[] }) => {
  const { volumes = [volume('v')], ...more } = world;
  return planNode({
    nodeName: 'n',
    node: node(),
    pods: [],
    volumesOf: () => volumes,
    volume: (name) => volumes.find(({ metadata }) => metadata.name === name),
    attachments: [],
    attachmentsOf: () => [],
    podsOn: () => [],
    unwantedSince: () => NOW,
    now: NOW,
    canForce: true,
    ...more,
  });
};
const pod = aPod('p').on('n').running().build();
const inNamespace = (namespace: string, name: string) =>
  aPod(name)
    .on('other')
    .change(({ metadata }) => Object.assign(metadata, { namespace }))
    .build();

describe('planNode', () => {
  it('attaches what the pods of the node use, each volume once', () => {
    const { create, remove, volumesAttached } = plan({ pods: users(pod, aPod('q').on('n').build()) });
    expect(create).toEqual([
      {
        apiVersion: 'storage.k8s.io/v1',
        kind: 'VolumeAttachment',
        metadata: { name: attachmentName('handle-v', 'd.io', 'n') },
        spec: { attacher: 'd.io', nodeName: 'n', source: { persistentVolumeName: 'v' } },
        status: { attached: false },
      },
    ]);
    expect([remove, volumesAttached]).toEqual([[], undefined]);
    expect(plan({ pods: users(pod), attachments: [attachment('v')] }).create).toEqual([]);
  });

  it('tells the node what is attached to it, and when it is no more', () => {
    const told = [{ name: 'kubernetes.io/csi/d.io^handle-v', devicePath: '' }];
    expect(plan({ pods: users(pod), attachments: [attachment('v')] }).volumesAttached).toEqual(told);
    expect(plan({ pods: users(pod), attachments: [attachment('v', 'n', false)] }).volumesAttached).toBeUndefined();
    expect(
      plan({ pods: users(pod), attachments: [attachment('v')], node: node({ volumesAttached: told }) }).volumesAttached,
    ).toBeUndefined();
    expect(plan({ attachments: [attachment('v')], node: node({ volumesAttached: told }) }).volumesAttached).toEqual([]);
  });

  it('takes away what no pod uses, once the node has let go of it', () => {
    const attachments = [attachment('v')];
    expect(plan({ attachments }).remove).toEqual(attachments);
    const inUse = { volumesInUse: [uniqueName(volume('v'))] };
    const busy = plan({ attachments, node: node(inUse) });
    expect([busy.remove, busy.requeueAfterMs]).toEqual([[], 360_000]);
    expect(plan({ attachments, pods: users(aPod('p').on('n').phase('Succeeded').build()) }).remove).toEqual(attachments);
  });

  it('takes it away all the same from a node that is gone, out of service, or not ready for long', () => {
    const attachments = [attachment('v')];
    const inUse = { volumesInUse: [uniqueName(volume('v'))] };
    const down = { ...inUse, conditions: [{ type: 'Ready', status: 'Unknown' }] };
    const long = { attachments, unwantedSince: () => NOW - 360_000 };
    const outOfService = { taint: 'node.kubernetes.io/out-of-service' };
    expect(plan({ attachments, node: undefined })).toMatchObject({ remove: attachments, forced: [] });
    expect(plan({ attachments, node: node({}, outOfService) })).toMatchObject({ remove: attachments, forced: [] });
    expect(plan({ attachments, node: node(inUse, outOfService) })).toMatchObject({ remove: attachments, forced: ['out-of-service'] });
    expect(plan({ ...long, node: node(down) })).toMatchObject({ remove: attachments, forced: ['timeout'] });
    expect(plan({ ...long, node: node(inUse) })).toMatchObject({ remove: [], forced: [] });
    expect(plan({ ...long, node: node(down), canForce: false })).toMatchObject({ remove: [], forced: [] });
  });

  it('does not attach to two nodes what one alone can have', () => {
    const attachmentsOf = () => [attachment('v', 'other')];
    const { create, conflicts } = plan({ pods: users(pod), attachmentsOf });
    expect([create, conflicts.map(({ volume: of, pods }) => [of.metadata.name, pods.length])]).toEqual([[], [['v', 1]]]);
    expect(plan({ pods: users(pod), attachmentsOf, volumes: [volume('v', ['ReadWriteMany'])] }).create).toHaveLength(1);
  });

  it.each([
    { users: [], told: "is already exclusively attached to one node and can't be attached to another" },
    { users: ['default/b', 'default/a'], told: 'is already used by pod(s) a, b' },
    { users: ['default/a', 'other/c'], told: 'is already used by pod(s) a and 1 pod(s) in different namespaces' },
    { users: ['other/c', 'more/d'], told: 'is already used by 2 pod(s) in different namespaces' },
  ])('says who has it: $told', ({ users: names, told }) => {
    const podsOn = () => names.map((name) => inNamespace(name.slice(0, name.indexOf('/')), name.slice(name.indexOf('/') + 1)));
    const [conflict] = plan({ pods: users(pod), attachmentsOf: () => [attachment('v', 'other')], podsOn }).conflicts;
    expect(conflict && conflictMessage(conflict, 'default')).toBe(`Multi-Attach error for volume "v" Volume ${told}`);
  });

  it('leaves alone nodes that attach by themselves, and attachments of others', () => {
    expect(plan({ pods: users(pod), node: node({}, { annotations: {} }) }).create).toEqual([]);
    const foreign = { ...attachment('v'), metadata: meta('made-by-hand') };
    expect(plan({ attachments: [foreign] }).remove).toEqual([]);
  });

  it('keeps the volumes of ended pods where the node says so', () => {
    const annotations = { ...MANAGED, 'volumes.kubernetes.io/keep-terminated-pod-volumes': 'true' };
    const ended = { attachments: [attachment('v')], pods: users(aPod('p').on('n').phase('Failed').build()) };
    expect(plan({ ...ended, node: node({}, { annotations }) }).remove).toEqual([]);
  });
});
