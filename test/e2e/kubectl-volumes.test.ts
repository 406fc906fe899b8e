import { describe, expect, it } from 'vitest';
import { manifestFile, useCluster } from '../support/cluster.ts';

const { kubectl } = useCluster({ manifest: 'storage' });
const until = (wanted: RegExp, ...args: string[]) => kubectl.until(args, wanted);
const field = (kind: string, name: string, path: string) => ['get', kind, name, '-o', `jsonpath={${path}}`];

describe('storage with a real kubectl', () => {
  it('has a default class', async () => {
    expect(await kubectl('get', 'storageclass', 'standard')).toMatch(
      /standard \(default\)\s+nanokube.dev\/hostpath\s+Delete\s+WaitForFirstConsumer\s+true/,
    );
  });

  it('binds what was made by hand at once', async () => {
    await until(/claim-static\s+Bound\s+by-hand\s+2Gi\s+RWO\s+manual/, 'get', 'pvc', 'claim-static');
    await until(/by-hand\s+2Gi\s+RWO\s+Retain\s+Bound\s+default\/claim-static\s+manual/, 'get', 'pv', 'by-hand');
  });

  it('makes a volume for the first pod that uses the claim, and the next pod finds what the first one wrote', async () => {
    await until(/^Succeeded$/, ...field('pod', 'writer', '.status.phase'));
    expect(await kubectl('logs', 'writer')).toBe('kept\n');
    await kubectl('apply', '-f', manifestFile('claim-reader'));
    await until(/^kept$/m, 'logs', 'reader');
    const node = await kubectl(...field('pod', 'writer', '.spec.nodeName'));
    expect(await kubectl(...field('pod', 'reader', '.spec.nodeName'))).toBe(node);
    const described = await until(/Successfully provisioned volume pvc-/, 'describe', 'pvc', 'claim-dynamic');
    expect(described).toMatch(/Used By:\s+reader\n\s+writer/);
    expect(described).toMatch(/volume.kubernetes.io\/selected-node: node-\d/);
  });

  it('gives every pod of a StatefulSet a volume of its own, and an ephemeral one to the pod that asks', async () => {
    await until(
      /statefulset rolling update complete|partitioned roll out complete: 3/,
      'rollout',
      'status',
      'statefulset/db',
      '--timeout=110s',
    );
    expect((await kubectl('get', 'pvc', '-l', 'app=db', '-o', 'name')).trim().split('\n')).toHaveLength(3);
    await until(/^mine$/m, 'logs', 'scratch');
    await kubectl('delete', 'pod', 'scratch', '--wait=false');
    await until(/NotFound/, 'get', 'pvc', 'scratch-s');
  });

  it('grows a volume while a pod has it', async () => {
    await kubectl('patch', 'pvc', 'claim-dynamic', '-p', '{"spec":{"resources":{"requests":{"storage":"3Gi"}}}}');
    await until(/^3Gi$/, ...field('pvc', 'claim-dynamic', '.status.capacity.storage'));
    for (const reason of [/ExternalExpanding/, /Resizing/, /FileSystemResizeRequired/, /FileSystemResizeSuccessful/]) {
      await until(reason, 'describe', 'pvc', 'claim-dynamic');
    }
    expect(await kubectl(...field('pvc', 'claim-dynamic', '.status.conditions'))).toBe('');
  });

  it('attaches the volumes of drivers, and takes them off the node when the pod is gone', async () => {
    await kubectl('apply', '-f', manifestFile('csi-volume'));
    await until(/^attached$/m, 'logs', 'of-driver');
    const node = await kubectl(...field('pod', 'of-driver', '.spec.nodeName'));
    expect(await kubectl('get', 'volumeattachments')).toMatch(
      new RegExp(`csi-[0-9a-f]{64}\\s+disks.example.com\\s+by-driver\\s+${node}\\s+true`),
    );
    await until(/kubernetes.io\/csi\/disks.example.com\^disk-1/, ...field('node', node, '.status.volumesAttached'));
    await until(/SuccessfulAttachVolume.*AttachVolume.Attach succeeded for volume "by-driver"/, 'describe', 'pod', 'of-driver');
    await until(/disks.example.com\^disk-1/, ...field('node', node, '.status.volumesInUse'));
    await kubectl('delete', 'pod', 'of-driver', '--grace-period=1');
    await until(/No resources found/, 'get', 'volumeattachments');
    await until(/^$/, ...field('node', node, '.status.volumesAttached'));
  });

  it('deletes what was made on demand with its claim, once no pod has it, and keeps the rest', async () => {
    const made = await kubectl(...field('pvc', 'claim-dynamic', '.spec.volumeName'));
    await kubectl('delete', 'pvc', 'claim-dynamic', 'claim-static', '--wait=false');
    expect(await kubectl('get', 'pvc', 'claim-dynamic')).toMatch(/Terminating/);
    await kubectl('delete', 'pod', 'writer', 'reader', '--wait=false', '--grace-period=1');
    await until(/NotFound/, 'get', 'pvc', 'claim-dynamic');
    await until(/NotFound/, 'get', 'pv', made);
    await until(/^Released$/, ...field('pv', 'by-hand', '.status.phase'));
  });
});
