import { expect, it } from 'vitest';
import { aContainer, aPod } from '../testing/builders.ts';
import { TestNode } from '../testing/node-harness.ts';
import { volumeStatsOf } from './volume-stats.ts';

const DISK = { time: 0, mountpoint: '/', capacityBytes: 1000, usedBytes: 10, inodes: 100, inodesUsed: 1 };

it('of each volume but host paths is told what it holds, of how much, and which claim it is', async () => {
  const node = new TestNode();
  node.claims.bind('sized', { nfs: { server: 's', path: '/' }, capacity: { storage: '1Mi' } });
  node.claims.bind('p-own', { hostPath: { path: '/data', type: 'DirectoryOrCreate' } });
  const owner = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'uid-p', controller: true };
  const claim = node.claims.claims.get('p-own');
  if (claim) claim.metadata.ownerReferences = [owner];
  const names = ['host', 'scratch', 'sized', 'own'];
  const script = 'echo hello > /scratch/f; echo hello, world > /sized/f; mkdir /own/d; sleep 1000';
  const container = {
    image: 'busybox',
    command: ['sh', '-c', script],
    volumeMounts: names.map((name) => ({ name, mountPath: `/${name}` })),
  };
  const volumes = [
    { name: 'host', hostPath: { path: '/tmp' } },
    { name: 'scratch', emptyDir: {} },
    { name: 'sized', persistentVolumeClaim: { claimName: 'sized' } },
    { name: 'own', ephemeral: {} },
  ];
  const pod = aPod({ containers: [aContainer('main', container)], volumes }, { name: 'p' });
  const worker = await node.run({}, { ...pod, metadata: { ...pod.metadata, uid: 'uid-p' } });
  await node.pass(1);
  expect(volumeStatsOf(worker, node.runtime, DISK)).toEqual([
    { name: 'scratch', claim: undefined, isDevice: false, usage: { ...DISK, usedBytes: 6, inodesUsed: 2 } },
    {
      name: 'sized',
      claim: { name: 'sized', namespace: 'default' },
      isDevice: false,
      usage: { ...DISK, capacityBytes: 2 ** 20, inodes: 64, usedBytes: 13, inodesUsed: 2 },
    },
    { name: 'own', claim: { name: 'p-own', namespace: 'default' }, isDevice: false, usage: { ...DISK, usedBytes: 0, inodesUsed: 2 } },
  ]);
});
