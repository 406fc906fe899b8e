/** Backup and restore, by the commands a user types. */
import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import {
  decodeSnapshot,
  encodeEtcdSnapshot,
  encodeSnapshot,
  type KeyValue,
  openLevelStore,
  openMemoryStore,
  toStoreKey,
} from '../../store/index.ts';
import { type CommandResult, findKubectls, kubectlOf, startCluster, type TestCluster } from '../support/cluster.ts';
import { findEtcdctl } from '../support/etcd.ts';
import { etcdctl } from '../support/etcdctl.ts';
import { ROOT } from '../support/sources.ts';

const NOBODY = 65534;
const isRoot = process.getuid?.() === 0;
const kubectlBinary = findKubectls().at(-1) ?? 'kubectl';

let directory: string;
/** A good snapshot of some megabytes. */
let good: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'nanokube-test-'));
  good = join(directory, 'good.snap');
  await writeSnapshot(good, 3000);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function writeSnapshot(file: string, keys: number): Promise<void> {
  const kv = (i: number): KeyValue => ({
    key: `/registry/configmaps/default/${String(i).padStart(6, '0')}`,
    value: Buffer.from(Array.from({ length: 100 }, (_, k) => Math.imul(i + k, 0x9e3779b1).toString(36)).join('')),
    createRevision: i + 2,
    modRevision: i + 2,
    version: 1,
  });
  async function* pages() {
    for (let i = 0; i < keys; i++) yield await Promise.resolve([kv(i)]);
  }
  const chunks: Buffer[] = [];
  for await (const chunk of encodeSnapshot({ revision: keys + 1, compactRevision: 0, leases: [], pages: pages() })) chunks.push(chunk);
  writeFileSync(file, Buffer.concat(chunks));
}

interface RunOptions {
  readonly uid?: number | undefined;
}

function snapshot(args: readonly string[], { uid }: RunOptions = {}): Promise<CommandResult> {
  const argv = [join(ROOT, 'dist/cli/main.js'), 'snapshot', ...args];
  return new Promise((resolve) => {
    execFile(process.execPath, argv, { cwd: directory, ...(uid === undefined ? {} : { uid }) }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

/** A small file system of its own; undefined where that is not permitted. */
function smallDisk(name: string, bytes: number): (Disposable & { path: string }) | undefined {
  const path = join(directory, name);
  mkdirSync(path);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'none', path], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  return { path, [Symbol.dispose]: () => execFileSync('umount', [path]) };
}

const NO_SMALL_DISK = 'a small file system cannot be mounted here';

describe('a cluster is saved and restored', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startCluster({ nodes: 1 });
  });
  afterAll(() => cluster?.[Symbol.asyncDispose]());

  it('with every object, and watchers must list anew', async () => {
    const kubectl = kubectlOf(kubectlBinary, cluster.kubeconfig);
    await kubectl('create', 'configmap', 'kept', '--from-literal=colour=blue');
    await kubectl('create', 'secret', 'generic', 'kept', '--from-literal=word=hush');
    await kubectl('create', 'deployment', 'web', '--image=nginx', '--replicas=2');
    await kubectl('rollout', 'status', 'deployment/web', '--timeout=110s');
    const file = join(directory, 'cluster.snap');
    const saved = await snapshot(['save', file, `--data-dir=${cluster.directory}`]);
    expect(saved).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(/^saved \d+ keys at revision \d+ to .*cluster.snap \(\d+ bytes\)\n$/),
    });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const before = await kubectl('get', 'configmap', 'kept', '-o', 'json');
    const { revision } = JSON.parse((await snapshot(['status', file, '--write-out=json'])).stdout);
    const oldVersion = JSON.parse(before).metadata.resourceVersion;
    expect(revision).toBeGreaterThanOrEqual(Number(oldVersion));

    const restored = join(directory, 'restored');
    expect(await snapshot(['restore', file, `--data-dir=${restored}`])).toMatchObject({ code: 0, stderr: '' });
    await using second = await startCluster({ nodes: 1, directory: restored });
    const again = kubectlOf(kubectlBinary, second.kubeconfig);
    expect(JSON.parse(await again('get', 'configmap', 'kept', '-o', 'json'))).toEqual(JSON.parse(before));
    expect(await again('get', 'secret', 'kept', '-o', 'jsonpath={.data.word}')).toBe(Buffer.from('hush').toString('base64'));
    await again('scale', 'deployment/web', '--replicas=3');
    await again('rollout', 'status', 'deployment/web', '--timeout=110s');
    const watch = await again.run(['get', '--raw', `/api/v1/configmaps?watch=1&resourceVersion=${oldVersion}&timeoutSeconds=5`]);
    expect(watch.stdout + watch.stderr).toMatch(/too old resource version|Expired/);
    const newer = JSON.parse(await again('get', 'deployment', 'web', '-o', 'json')).metadata.resourceVersion;
    expect(Number(newer)).toBeGreaterThan(revision + 1_000_000_000);
  });

  it('as etcd’s file, which is restored too', async () => {
    const kubectl = kubectlOf(kubectlBinary, cluster.kubeconfig);
    await kubectl('create', 'configmap', 'for-etcd', '--from-literal=colour=green');
    const file = join(directory, 'cluster.db');
    const saved = await snapshot(['save', file, '--format=etcd', `--data-dir=${cluster.directory}`]);
    expect(saved).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/^saved \d+ keys at revision \d+ to .*cluster.db/) });
    expect(saved.stdout).toContain(`(${statSync(file).size} bytes)`);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(directory).filter((name) => name.includes('part') || name.includes('spool'))).toEqual([]);
    const status = JSON.parse((await snapshot(['status', file, '--write-out=json'])).stdout);
    expect(status).toMatchObject({ format: 'etcd', sizeBytes: statSync(file).size });
    expect(saved.stdout).toContain(`saved ${status.keys} keys at revision ${status.revision} `);
    if (findEtcdctl()) {
      expect(JSON.parse(await etcdctl('snapshot', 'status', file, '-w', 'json')).totalKey).toBeGreaterThan(status.keys);
    }
    const before = await kubectl('get', 'configmap', 'for-etcd', '-o', 'json');
    const restored = join(directory, 'restored-from-etcd');
    expect(await snapshot(['restore', file, `--data-dir=${restored}`])).toMatchObject({ code: 0, stderr: '' });
    await using second = await startCluster({ nodes: 1, directory: restored });
    const again = kubectlOf(kubectlBinary, second.kubeconfig);
    expect(JSON.parse(await again('get', 'configmap', 'for-etcd', '-o', 'json'))).toEqual(JSON.parse(before));
  });

  it('not to a full disk: the message says so, and nothing is left', async (context: TestContext) => {
    using disk = smallDisk('full-save', 65_536);
    if (!disk) return context.skip(NO_SMALL_DISK);
    const result = await snapshot(['save', join(disk.path, 'a.snap'), `--data-dir=${cluster.directory}`]);
    expect(result).toEqual({ code: 1, stdout: '', stderr: `nanokube: ${disk.path}/a.snap.part: no space is left on the device\n` });
    expect(readdirSync(disk.path)).toEqual([]);
  });

  it('an older snapshot stays when a newer one cannot be saved', async (context: TestContext) => {
    using disk = smallDisk('full-again', 65_536);
    if (!disk) return context.skip(NO_SMALL_DISK);
    const file = join(disk.path, 'a.snap');
    writeFileSync(file, 'older');
    expect(await snapshot(['save', file, `--data-dir=${cluster.directory}`])).toMatchObject({ code: 1 });
    expect(readFileSync(file, 'utf8')).toBe('older');
  });

  it('not over what is no file, nor to where nobody may write', async () => {
    const device = await snapshot(['save', directory, `--data-dir=${cluster.directory}`]);
    expect(device).toMatchObject({ code: 1, stderr: `nanokube: ${directory} is there already, and is not a file\n` });
    const nowhere = await snapshot(['save', join(directory, 'no', 'a.snap'), `--data-dir=${cluster.directory}`]);
    expect(nowhere).toMatchObject({ code: 1, stderr: expect.stringContaining('a.snap.part: no such file or directory') });
  });
});

describe('a damaged file is refused', () => {
  it.each<[string, (bytes: Buffer) => Buffer, string]>([
    ['empty', () => Buffer.alloc(0), 'it does not begin like one'],
    ['truncated', (bytes) => bytes.subarray(0, bytes.length >>> 1), 'it is cut off'],
    ['truncated by a byte', (bytes) => bytes.subarray(0, bytes.length - 1), 'it is cut off'],
    ['with a flipped bit in a value', (bytes) => flipped(bytes, bytes.length >>> 1), 'its checksum is wrong'],
    ['with a flipped bit in its checksum', (bytes) => flipped(bytes, bytes.length - 1), 'its checksum is wrong'],
    ['of something else', () => Buffer.from('hello, world\n'.repeat(100)), 'it does not begin like one'],
  ])('%s', async (name, spoil, text) => {
    const file = join(directory, `${name}.snap`);
    const target = join(directory, `from ${name}`);
    writeFileSync(file, spoil(readFileSync(good)));
    await refused(file, target, `not a whole snapshot: ${text}`);
  });

  it.each<[string, (bytes: Buffer) => Buffer, string]>([
    ['truncated', (bytes) => bytes.subarray(0, bytes.length >>> 1), 'it is cut off'],
    ['without its checksum', (bytes) => bytes.subarray(0, -32), 'it has no checksum, as a database that was copied has none'],
    ['with a flipped bit in a value', (bytes) => flipped(bytes, bytes.length >>> 1), 'its checksum is wrong'],
    ['with a flipped bit in its checksum', (bytes) => flipped(bytes, bytes.length - 1), 'its checksum is wrong'],
  ])('etcd’s, %s', async (name, spoil, text) => {
    const file = join(directory, `${name}.db`);
    await using snapshotFile = await encodeEtcdSnapshot({ items: decodeSnapshot(Readable.from([readFileSync(good)])) });
    const chunks: Buffer[] = [];
    for await (const chunk of snapshotFile.chunks()) chunks.push(chunk);
    writeFileSync(file, spoil(Buffer.concat(chunks)));
    await refused(file, join(directory, `from etcd's ${name}`), `not a whole etcd snapshot: ${text}`);
  });

  async function refused(file: string, target: string, text: string): Promise<void> {
    const refusal = { code: 1, stdout: '', stderr: expect.stringMatching(/^nanokube: .*\n$/) };
    for (const args of [
      ['status', file],
      ['restore', file, '--data-dir', target],
    ]) {
      const result = await snapshot(args);
      expect(result).toEqual(refusal);
      expect(result.stderr).toBe(`nanokube: ${file}: ${text}\n`);
    }
    expect(existsSync(target)).toBe(false);
  }

  const flipped = (bytes: Buffer, at: number): Buffer => {
    const copy = Buffer.from(bytes);
    copy[at] = (copy[at] ?? 0) ^ 4;
    return copy;
  };
});

describe('a place that will not do is refused', () => {
  it('a directory with something in it is left as it is', async () => {
    const target = join(directory, 'taken');
    mkdirSync(target);
    writeFileSync(join(target, 'mine'), 'kept');
    const result = await snapshot(['restore', good, `--data-dir=${target}`]);
    expect(result).toMatchObject({
      code: 1,
      stderr: `nanokube: ${target} is not empty: it has mine; give a directory that is not there yet\n`,
    });
    expect(readdirSync(target)).toEqual(['mine']);
  });

  it('a read-only directory', async () => {
    const parent = join(directory, 'read-only');
    mkdirSync(parent);
    chmodSync(parent, 0o555);
    chmodSync(directory, 0o755);
    chmodSync(good, 0o644);
    // Permissions do not hold root back.
    const uid = isRoot ? NOBODY : undefined;
    const result = await snapshot(['restore', good, `--data-dir=${join(parent, 'new')}`], { uid });
    expect(result).toEqual({ code: 1, stdout: '', stderr: `nanokube: ${join(parent, 'new')}: permission denied\n` });
    const empty = await snapshot(['restore', good, `--data-dir=${parent}`], { uid });
    expect(empty).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^nanokube: .*read-only\/store.*permission denied.*\n$/i),
    });
    expect(readdirSync(parent)).toEqual([]);
  });

  it('a full disk', async (context: TestContext) => {
    using disk = smallDisk('full-restore', 1 << 20);
    if (!disk) return context.skip(NO_SMALL_DISK);
    const result = await snapshot(['restore', good, `--data-dir=${disk.path}`]);
    expect(result).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^nanokube: restoring a snapshot to .*: No space left on device\n$/i),
    });
    expect(readdirSync(disk.path)).toEqual([]);
  });
});

describe('a wrong command line', () => {
  it.each([
    [['frob'], 'unknown command "snapshot frob"'],
    [['save'], 'the name of the snapshot file is missing'],
    [['status', 'a', 'b'], 'one file is taken, and "b" is too many'],
    [['restore', 'a'], 'option --data-dir is missing'],
    [['restore', 'a', '--data-dir=b', '--bump-revision=0'], 'option --bump-revision takes a whole number from 1'],
    [['status', 'a', '--write-out=xml'], 'option --write-out takes simple or json, not "xml"'],
  ])('%o', async (args, text) => {
    expect(await snapshot(args)).toEqual({ code: 2, stdout: '', stderr: expect.stringContaining(`nanokube: ${text}`) });
  });

  it('a file that is not there, a server that is not', async () => {
    expect(await snapshot(['status', '/none'])).toEqual({ code: 1, stdout: '', stderr: 'nanokube: /none: no such file or directory\n' });
    const saving = await snapshot(['save', 'a.snap', '--data-dir=/none']);
    expect(saving).toMatchObject({ code: 1, stderr: expect.stringContaining('/none/admin.kubeconfig') });
  });
});

it('a snapshot of a store in memory is the same as any', async () => {
  const store = await openMemoryStore();
  await store.txn({ compare: [], success: [{ op: 'put', key: 'a', value: Buffer.from('1') }] });
  const chunks: Buffer[] = [];
  for await (const chunk of store.snapshot()) chunks.push(chunk);
  await store.close();
  const file = join(directory, 'memory.snap');
  writeFileSync(file, Buffer.concat(chunks));
  const { stdout } = await snapshot(['status', file]);
  expect(stdout.split('\n').slice(0, 5)).toEqual([
    'format:          nanokube',
    'revision:        2',
    'compactRevision: 0',
    'keys:            1',
    'leases:          0',
  ]);
});

it('keys of etcd that are not text are refused, and taken as bytes when that is asked for', async () => {
  const file = join(directory, 'bytes.db');
  const store = await openMemoryStore();
  const key = toStoreKey(Buffer.from([0xff, 0x00, 0x61]));
  await store.txn({ compare: [], success: [{ op: 'put', key, value: Buffer.from('v') }] });
  await using snapshotFile = await encodeEtcdSnapshot({
    items: decodeSnapshot(store.snapshot()),
    keyBytes: () => Buffer.from([0xff, 0x00, 0x61]),
  });
  const chunks: Buffer[] = [];
  for await (const chunk of snapshotFile.chunks()) chunks.push(chunk);
  await store.close();
  writeFileSync(file, Buffer.concat(chunks));
  expect(await snapshot(['status', file])).toMatchObject({ code: 0, stderr: '' });
  const target = join(directory, 'bytes');
  expect(await snapshot(['restore', file, '--data-dir', target])).toEqual({
    code: 1,
    stdout: '',
    stderr: `nanokube: ${file}: the snapshot has the key "\u00ff\\u0000a", which is not text: --key-encoding=bytes takes it, for "nanokube store"\n`,
  });
  expect(existsSync(target)).toBe(false);
  expect(await snapshot(['restore', file, '--data-dir', target, '--key-encoding=bytes'])).toMatchObject({ code: 0, stderr: '' });
  const restored = await openLevelStore({ directory: join(target, 'store') });
  expect((await restored.range({ key })).count).toBe(1);
  await restored.close();
});
