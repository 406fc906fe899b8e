import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, describe, expect, it } from 'vitest';
import { coreKinds, type KubeObject } from '../api/index.ts';
import { BUILT_IN_KINDS, encodeProtobuf } from '../api/schema.ts';
import { UserError } from '../runtime/index.ts';
import { decodeSnapshot, encodeEtcdSnapshot, encodeSnapshot } from '../store/index.ts';
import { readSnapshot } from './cluster-source.ts';

const directory = mkdtempSync(join(tmpdir(), 'nanokube-test-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'a', uid: 'u-a' }, spec: {}, status: { allocatable: { cpu: '4' } } };
const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'team', uid: 'u-p' },
  spec: { nodeName: 'a', containers: [{ name: 'c', image: 'i' }] },
  status: { phase: 'Running' },
};

function asProtobuf(object: KubeObject & { readonly kind: string }): Buffer {
  const served = BUILT_IN_KINDS.find(({ info }) => info.kind === object.kind);
  if (!served?.message) throw new Error(`no schema of ${object.kind}`);
  return encodeProtobuf(served.message, object, { apiVersion: 'v1', kind: object.kind });
}

function chunksOf(values: Readonly<Record<string, Buffer>>): Promise<Buffer[]> {
  const kvs = Object.entries(values).map(([key, value], i) => ({ key, value, createRevision: i + 2, modRevision: i + 2, version: 1 }));
  const pages = Readable.from([kvs]);
  return Readable.from(encodeSnapshot({ revision: kvs.length + 1, compactRevision: 0, leases: [], pages })).toArray();
}

async function snapshotOf(values: Readonly<Record<string, Buffer>>): Promise<string> {
  const file = join(directory, 'store.snap');
  writeFileSync(file, Buffer.concat(await chunksOf(values)));
  return file;
}

const json = (object: object): Buffer => Buffer.from(JSON.stringify(object));
const VALUES = {
  '/registry/minions/a': json(node),
  '/registry/pods/team/p': asProtobuf(pod as KubeObject & { kind: string }),
  '/registry/ranges/servicenodeports/30001': json({}),
  '/registry/secrets/team/s': Buffer.from('k8s:enc:aescbc:v1:key:…'),
  compact_rev_key: Buffer.from('7'),
};

describe('a snapshot that pods are simulated on', () => {
  it.each([
    ['nanokube', () => snapshotOf(VALUES)],
    [
      'etcd',
      async () => {
        await using made = await encodeEtcdSnapshot({ items: decodeSnapshot(Readable.from(await chunksOf(VALUES))), directory });
        const file = join(directory, 'etcd.db');
        writeFileSync(file, Buffer.concat(await Readable.from(made.chunks()).toArray()));
        return file;
      },
    ],
  ])('may be of %s, its objects stored as JSON or as protobuf', async (_format, make) => {
    const state = await readSnapshot(await make());
    expect(state.nodes.map(({ metadata }) => metadata.name)).toEqual(['a']);
    expect(state.pods).toMatchObject([{ metadata: { name: 'p', namespace: 'team', uid: 'u-p' }, spec: { nodeName: 'a' } }]);
    expect(state.of(coreKinds.secrets)).toEqual([]);
  });

  it('may be what kubectl wrote', async () => {
    const file = join(directory, 'list.json');
    writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [node, pod] }));
    const state = await readSnapshot(file);
    expect([state.nodes.length, state.pods.length]).toEqual([1, 1]);
  });

  it('is refused when what matters may be encrypted', async () => {
    const file = await snapshotOf({ '/registry/pods/team/p': Buffer.from('k8s:enc:aescbc:v1:key:…') });
    await expect(readSnapshot(file)).rejects.toThrow(new UserError(`${file}: /registry/pods/team/p is encrypted, and only Secrets may be`));
  });
});
