import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { coreKinds } from '../../api/index.ts';
import { seededRandom, silentLogger, UserError, VirtualClock } from '../../runtime/index.ts';
import { openMemoryStore, prefixRange, type Store } from '../../store/index.ts';
import { KmsPluginMock } from '../../test/support/kms-plugin.ts';
import { tempDirectory } from '../../test/support/temp-directory.ts';
import { plainStrategy, startTestServer } from '../testing/test-server.ts';
import { Encryption } from './encryption.ts';

const KEY1 = Buffer.alloc(32, 1).toString('base64');
const KEY2 = Buffer.alloc(32, 2).toString('base64');
const head = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'EncryptionConfiguration' };
const key = (name: string, secret: string) => ({ keys: [{ name, secret }] });
const kms = (...every: object[]) => ({ ...head, resources: [{ resources: ['a'], providers: every.map((each) => ({ kms: each })) }] });
type Rule = { resources?: string[]; providers?: object[] };

/** A configuration file that can be written again. */
async function aFile(rules: Rule[]) {
  const directory = await tempDirectory();
  const path = join(directory.path, 'encryption.yaml');
  const write = (content: unknown) => writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  write({ ...head, resources: rules });
  const clock = new VirtualClock();
  return {
    path,
    clock,
    write,
    rules: (again: Rule[]) => write({ ...head, resources: again }),
    open: (reload = false) => new Encryption({ path, reload, clock, random: seededRandom(1), logger: silentLogger }),
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

const secrets = { group: '', resource: 'secrets' };
const AT = '/registry/secrets/ns/a';
const sealedWith = (encryption: Encryption, group: string, resource: string) =>
  encryption
    .sealingOf({ group, resource })
    .seal(AT, Buffer.from('text'))
    .toString('latin1')
    .replace(/^(k8s:enc:\w+:v1:\w+:)?.*$/s, '$1');

describe('a file that is not good', () => {
  const good = [{ aescbc: key('k', KEY1) }];
  it.each([
    ['', 'is empty'],
    ['{', 'encryption.yaml'],
    [{ ...head, kind: 'Policy' }, 'it must hold kind EncryptionConfiguration of apiserver.config.k8s.io/v1, not "Policy"'],
    [{ ...head, resource: [] }, 'Unrecognized key: "resource"'],
    [head, 'resources: Required value: at least one resources is required'],
    [
      { ...head, resources: [{ providers: good }] },
      'resources[0].resources: Required value: at least one resources[0].resources is required',
    ],
    [{ ...head, resources: [{ resources: ['secrets'] }] }, 'resources[0].providers: Required value'],
    [{ ...head, resources: [{ resources: ['Secrets'], providers: good }] }, 'resource name should not contain capital letters'],
    [{ ...head, resources: [{ resources: ['*'], providers: good }] }, "use '*.' to encrypt all the resources from core API group"],
    [{ ...head, resources: [{ resources: ['secrets', '*.'], providers: good }] }, 'using overlapping resources'],
    [{ ...head, resources: [{ resources: ['pods.apps', '*.*'], providers: good }] }, 'using overlapping resources'],
    [{ ...head, resources: [{ resources: ['a', 'a'], providers: good }] }, 'the same resource cannot be specified multiple times'],
    [{ ...head, resources: [{ resources: ['*.', '*.'], providers: good }] }, 'using overlapping resources'],
    [{ ...head, resources: [{ resources: ['events.events.k8s.io'], providers: good }] }, "Use 'events' instead in the config file"],
    [
      { ...head, resources: [{ resources: ['secrets.*'], providers: good }] },
      'encrypting the same resource across groups is not supported',
    ],
    [{ ...head, resources: [{ resources: ['a'], providers: [{}] }] }, 'provider does not contain any of the expected providers'],
    [{ ...head, resources: [{ resources: ['a'], providers: [{ ...good[0], identity: {} }] }] }, 'more than one provider specified'],
    [
      kms({ name: 'x', endpoint: 'unix:///s' }),
      'KMSv1 is deprecated and will only receive security updates going forward. Use KMSv2 instead.',
    ],
    [
      kms({ apiVersion: 'v2', endpoint: 'unix:///s' }),
      'resources[0].providers[0].kms.name: Required value: name is a mandatory field for a provider',
    ],
    [kms({ apiVersion: 'v2', name: 'a:b', endpoint: 'unix:///s' }), "invalid KMS provider name a:b, must not contain ':'"],
    [kms({ apiVersion: 'v2', name: 'a' }), 'kms.endpoint: Invalid value: "": endpoint is a mandatory field for a kms'],
    [kms({ apiVersion: 'v2', name: 'a', endpoint: 'tcp://h:1' }), 'unsupported scheme "tcp" for KMS provider, only unix is supported'],
    [
      kms({ apiVersion: 'v2', name: 'a', endpoint: 'unix:///%zz' }),
      'invalid endpoint for kms provider, error: parse "unix:///%zz": invalid URL escape',
    ],
    [kms({ apiVersion: 'v2', name: 'a', endpoint: 'unix:///s', timeout: '0s' }), 'timeout should be a positive value'],
    [kms({ apiVersion: 'v2', name: 'a', endpoint: 'unix:///s', timeout: 'soon' }), 'it is no duration such as 3s'],
    [
      kms({ apiVersion: 'v2', name: 'a', endpoint: 'unix:///s', cachesize: 5 }),
      'kms.cachesize: Invalid value: 5: cachesize is not supported in v2',
    ],
    [kms({ name: 'a', endpoint: 'unix:///s', cachesize: 0 }), 'cachesize should be a positive value, or negative to disable'],
    [
      kms({ apiVersion: 'v3', name: 'a', endpoint: 'unix:///s' }),
      'unsupported apiVersion apiVersion for KMS provider, only v1 and v2 are supported',
    ],
    [
      kms(...['a', 'a'].map((name) => ({ apiVersion: 'v2', name, endpoint: 'unix:///s' }))),
      'duplicate KMS provider name a, names must be unique',
    ],
    [{ ...head, resources: [{ resources: ['a'], providers: [{ secretbox: { keys: [] } }] }] }, 'at least one keys is required'],
    [
      { ...head, resources: [{ resources: ['a'], providers: [{ secretbox: key('k', 'AAAA') }] }] },
      'resources[0].providers[0].secretbox.keys[0].secret: Invalid value: "REDACTED": secret is not of the expected length, got 3, expected one of [32]',
    ],
    [{ ...head, resources: [{ resources: ['a'], providers: [{ aescbc: key('', '!') }] }] }, 'secrets must be base64 encoded'],
    [
      {
        ...head,
        resources: [
          { resources: ['*.'], providers: good },
          { resources: ['secrets'], providers: good },
        ],
      },
      'resource "secrets" is masked by earlier rule "*."',
    ],
  ])('%j: %s', async (content, why) => {
    await using file = await aFile([]);
    file.write(content);
    expect(() => file.open()).toThrow(UserError);
    expect(() => file.open()).toThrow(why);
  });
});

test('a resource is sealed with its own providers, then its group’s, then everybody’s', async () => {
  await using file = await aFile([
    { resources: ['secrets'], providers: [{ aescbc: key('own', KEY1) }] },
    { resources: ['*.apps'], providers: [{ aesgcm: key('group', KEY1) }] },
    { resources: ['events'], providers: [{ identity: {} }] },
    { resources: ['*.*'], providers: [{ secretbox: key('all', KEY1) }] },
  ]);
  const encryption = file.open();
  expect(sealedWith(encryption, '', 'secrets')).toBe('k8s:enc:aescbc:v1:own:');
  expect(sealedWith(encryption, 'apps', 'deployments')).toBe('k8s:enc:aesgcm:v1:group:');
  expect(sealedWith(encryption, 'example.com', 'widgets')).toBe('k8s:enc:secretbox:v1:all:');
  expect(sealedWith(encryption, '', 'events')).toBe('');
  expect(sealedWith(encryption, 'events.k8s.io', 'events')).toBe('');
});

test('what is written as a claim of something else stays readable when everything is encrypted', async () => {
  await using file = await aFile([{ resources: ['*.*'], providers: [{ secretbox: key('all', KEY1) }] }]);
  const encryption = file.open();
  const sealing = encryption.sealingOf({ group: 'networking.k8s.io', resource: 'ipaddresses' });
  const plain = Buffer.from('{}');
  expect(sealing.seal(AT, plain)).toEqual(plain);
  expect(sealing.open({ key: AT, value: plain })).toEqual(plain);
  const sealed = encryption.sealingOf({ group: 'networking.k8s.io', resource: 'ingresses' }).seal(AT, plain);
  expect(sealing.open({ key: AT, value: sealed })).toEqual(plain);
});

test('a file that changes is loaded again within a minute when asked for, and a bad one is not', async () => {
  await using file = await aFile([{ resources: ['secrets'], providers: [{ aescbc: key('one', KEY1) }] }]);
  const encryption = file.open(true);
  await encryption.start();
  const now = () => sealedWith(encryption, '', 'secrets');
  file.rules([{ resources: ['secrets'], providers: [{ aescbc: key('two', KEY2) }] }]);
  await file.clock.advance(59_000);
  expect(now()).toBe('k8s:enc:aescbc:v1:one:');
  await file.clock.advance(1000);
  expect(now()).toBe('k8s:enc:aescbc:v1:two:');
  file.write('nonsense');
  await file.clock.advance(60_000);
  expect(now()).toBe('k8s:enc:aescbc:v1:two:');
  await encryption.stop();
  expect(file.clock.pending).toBe(0);
});

const PATH = '/api/v1/namespaces/ns/secrets';
const kinds = { strategies: { '/secrets': plainStrategy(), '/configmaps': plainStrategy() } };
const secret = (name: string) => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name }, data: { a: 'c2VjcmV0' } });

test('a server seals what it stores, serves it as ever, and writes stale objects again', async () => {
  await using file = await aFile([{ resources: ['secrets'], providers: [{ aescbc: key('one', KEY1) }, { identity: {} }] }]);
  const encryption = file.open(true);
  await using api = await startTestServer({ ...kinds, sealing: (kind) => encryption.sealingOf(kind) });
  const stored = async (prefix = '/registry/secrets/') => {
    const { kvs } = await api.store.range(prefixRange(prefix));
    return kvs.map(({ value, modRevision }) => ({ head: value.subarray(0, 22).toString('latin1'), modRevision }));
  };
  using watch = await api.watch(`${PATH}?watch=1`);
  expect((await api.request('POST', PATH, { body: secret('a') })).status).toBe(201);
  await api.request('POST', '/api/v1/namespaces/ns/configmaps', { body: { metadata: { name: 'a' } } });
  expect((await stored('/registry/configmaps/'))[0]?.head).toMatch(/^\{"kind"/);
  const [first] = await stored();
  expect(first?.head).toBe('k8s:enc:aescbc:v1:one:');
  expect(await watch.next()).toMatchObject({ type: 'ADDED', object: { data: { a: 'c2VjcmV0' } } });
  const read = (await api.request('GET', `${PATH}/a`)).json();
  expect(read).toMatchObject(secret('a'));

  // Unchanged and not stale: not written.
  const same = () => api.request('PUT', `${PATH}/a`, { body: read });
  expect((await same()).status).toBe(200);
  expect((await stored())[0]?.modRevision).toBe(first?.modRevision);

  // Unchanged, but sealed with a key that is no longer the first.
  file.rules([{ resources: ['secrets'], providers: [{ aescbc: { keys: [...key('two', KEY2).keys, ...key('one', KEY1).keys] } }] }]);
  encryption.check();
  const again = (await same()).json();
  expect((await stored())[0]?.head).toBe('k8s:enc:aescbc:v1:two:');
  expect(Number(again.metadata.resourceVersion)).toBeGreaterThan(first?.modRevision ?? 0);

  // And back to plain text, as those who want to be rid of encryption do it.
  file.rules([{ resources: ['secrets'], providers: [{ identity: {} }, { aescbc: key('two', KEY2) }] }]);
  encryption.check();
  expect((await api.request('PUT', `${PATH}/a`, { body: again })).status).toBe(200);
  expect((await stored())[0]?.head).toMatch(/^\{"kind"/);
});

test('what cannot be opened is an error for those who ask for it, and for nobody else', async () => {
  await using file = await aFile([{ resources: ['secrets'], providers: [{ aesgcm: key('one', KEY1) }] }]);
  const store = await openMemoryStore();
  const encryption = file.open();
  const options = { ...kinds, store, sealing: (kind: typeof secrets) => encryption.sealingOf(kind) };
  await store.txn({
    compare: [],
    success: [{ op: 'put', key: '/registry/secrets/ns/old', value: Buffer.from('k8s:enc:aesgcm:v1:gone:xxxx') }],
  });
  await using api = await startTestServer(options);
  await api.request('POST', PATH, { body: secret('a') });
  const why = 'no matching key was found for the provided AES transformer';
  const message = async (path: string) => (await api.request('GET', path)).json().message;
  expect(await message(`${PATH}/old`)).toBe(`Internal error occurred: ${why}`);
  expect(await message(PATH)).toBe(`Internal error occurred: unable to transform key "/registry/secrets/ns/old": ${why}`);
  expect((await api.request('GET', `${PATH}/a`)).status).toBe(200);
  expect((await api.request('GET', '/api/v1/namespaces/ns/configmaps')).status).toBe(200);
});

test('a server that was told nothing of encryption does not take sealed objects for plain ones', async () => {
  const store = await openMemoryStore();
  await store.txn({ compare: [], success: [{ op: 'put', key: AT, value: Buffer.from('k8s:enc:aesgcm:v1:one:xxxx') }] });
  await using api = await startTestServer({ ...kinds, store });
  const answer = await api.request('GET', `${PATH}/a`);
  expect(answer.status).toBe(500);
  expect(answer.text).toContain('identity transformer tried to read encrypted data');
});

test('an object that cannot be opened is there: who makes one of its name is told so (a server that met its own such at its start ended)', async () => {
  const store = await openMemoryStore();
  await store.txn({ compare: [], success: [{ op: 'put', key: AT, value: Buffer.from('k8s:enc:aesgcm:v1:one:xxxx') }] });
  await using api = await startTestServer({ ...kinds, store });
  const answer = await api.request('POST', PATH, { body: secret('a') });
  expect([answer.status, answer.json().message]).toEqual([409, 'secrets "a" already exists']);
  const dryRun = await api.request('POST', `${PATH}?dryRun=All`, { body: secret('a') });
  expect([dryRun.status, dryRun.json().message]).toEqual([409, 'secrets "a" already exists']);
});

/** A plugin, and the provider that asks it. */
async function aPlugin(name: string) {
  const directory = await tempDirectory();
  const plugin = await KmsPluginMock.listen(join(directory.path, `${name}.sock`));
  return {
    plugin,
    provider: { kms: { apiVersion: 'v2', name, endpoint: plugin.endpoint } },
    [Symbol.asyncDispose]: async () => {
      await plugin[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

test('what a plugin is needed for is an error while it is not well, and is served once it is', async () => {
  await using first = await aPlugin('first');
  await using file = await aFile([{ resources: ['secrets'], providers: [first.provider, { identity: {} }] }]);
  const store = await openMemoryStore();
  const serve = (encryption: Encryption) => startTestServer({ ...kinds, store, sealing: (kind) => encryption.sealingOf(kind) });
  const writer = file.open();
  await writer.start();
  {
    await using api = await serve(writer);
    expect((await api.request('POST', PATH, { body: secret('a') })).status).toBe(201);
    expect((await api.request('GET', `${PATH}/a`)).json()).toMatchObject(secret('a'));
  }
  await writer.stop();

  // A server that does not know the seed: the plugin has to be asked, whoever reads.
  const encryption = file.open();
  await encryption.start();
  first.plugin.failure = 'busy';
  await using api = await serve(encryption);
  const why = 'failed to decrypt DEK, error: rpc error: code = FailedPrecondition desc = busy';
  for (const path of [PATH, `${PATH}/a`]) {
    const answer = await api.request('GET', path);
    expect(answer.status).toBe(500);
    expect(answer.text).toContain(why);
  }
  first.plugin.failure = undefined;
  first.plugin.takeCalls();
  using watch = await api.watch(`${PATH}?watch=1&resourceVersion=0`);
  expect(await watch.next()).toMatchObject({ type: 'ADDED', object: secret('a') });
  expect((await api.request('GET', PATH)).json().items).toHaveLength(1);
  expect((await api.request('PUT', `${PATH}/a`, { body: { ...secret('a'), data: { a: 'bmV3' } } })).status).toBe(200);
  expect(await watch.next()).toMatchObject({ type: 'MODIFIED', object: { data: { a: 'bmV3' } } });
  expect(first.plugin.takeCalls()).toEqual(['Decrypt']);
  await encryption.stop();
});

test('what another server seals with a seed of its own comes to watchers as anything does', async () => {
  await using first = await aPlugin('first');
  await using file = await aFile([{ resources: ['secrets'], providers: [first.provider] }]);
  const store = await openMemoryStore();
  const [one, two] = [file.open(), file.open()];
  await one.start();
  await two.start();
  {
    await using here = await startTestServer({ ...kinds, store, sealing: (kind) => one.sealingOf(kind) });
    await using there = await startTestServer({ ...kinds, store, sealing: (kind) => two.sealingOf(kind) });
    using watch = await here.watch(`${PATH}?watch=1`);
    for (const name of ['a', 'b']) expect((await there.request('POST', PATH, { body: secret(name) })).status).toBe(201);
    expect(await watch.next()).toMatchObject({ type: 'ADDED', object: secret('a') });
    expect(await watch.next()).toMatchObject({ type: 'ADDED', object: secret('b') });
    const read = (await here.request('GET', `${PATH}/a`)).json();
    expect((await here.request('PUT', `${PATH}/a`, { body: read })).json().metadata.resourceVersion).toBe(read.metadata.resourceVersion);
  }
  await one.stop();
  await two.stop();
});

test('a file that asks for a plugin that is not well is not followed until it is', async () => {
  await using first = await aPlugin('first');
  await using second = await aPlugin('second');
  await using file = await aFile([{ resources: ['secrets'], providers: [first.provider] }]);
  const encryption = file.open(true);
  await encryption.start();
  const provider = () => encryption.sealingOf(secrets).seal(AT, Buffer.from('text')).toString('latin1').split(':')[4];
  const health = async () => [encryption.healthCheck?.name, await encryption.healthCheck?.check()];
  expect(provider()).toBe('first');
  expect(await health()).toEqual(['kms-providers', undefined]);

  second.plugin.healthz = 'unwell';
  file.rules([{ resources: ['secrets'], providers: [second.provider, first.provider] }]);
  await file.clock.advance(60_000);
  await expect
    .poll(async () => {
      await file.clock.advance(1000);
      return second.plugin.takeCalls().length;
    })
    .toBeGreaterThan(0);
  expect(provider()).toBe('first');
  second.plugin.healthz = 'ok';
  await expect
    .poll(async () => {
      await file.clock.advance(10_000);
      return provider();
    })
    .toBe('second');
  const isLocked = encryption.sealingOf(secrets).isLocked({ key: AT, value: Buffer.from('k8s:enc:kms:v2:third:xxx') });
  expect(isLocked).toBe(false);

  second.plugin.failure = 'gone';
  await file.clock.advance(20_000);
  await expect
    .poll(async () => {
      await file.clock.advance(20_000);
      return (await health())[1];
    })
    .toMatch(/^kms-provider-0: .*rpc error: code = FailedPrecondition desc = gone/);

  // And without plugins at once.
  file.rules([{ resources: ['secrets'], providers: [{ identity: {} }] }]);
  await file.clock.advance(60_000);
  expect(provider()).toBeUndefined();
  expect(await health()).toEqual(['kms-providers', undefined]);
  await encryption.stop();
  expect(file.clock.pending).toBe(0);
});

const OLD = { metadata: { name: 'old', namespace: 'ns', uid: 'u' }, data: { a: 'c2VjcmV0' } };

/** A store that holds a Secret, sealed as a file says by now. */
async function storeWithOld(file: Awaited<ReturnType<typeof aFile>>): Promise<Store> {
  const store = await openMemoryStore();
  const writer = file.open();
  await writer.start();
  const bytes = Buffer.from(JSON.stringify({ apiVersion: 'v1', kind: 'Secret', ...OLD }));
  const value = writer.sealingOf(secrets).seal('/registry/secrets/ns/old', bytes);
  await writer.stop();
  await store.txn({ compare: [], success: [{ op: 'put', key: '/registry/secrets/ns/old', value }] });
  return store;
}

test('what no plugin had a key for is read once a changed file names the plugin that has', async () => {
  await using first = await aPlugin('first');
  await using second = await aPlugin('second');
  await using file = await aFile([{ resources: ['secrets'], providers: [second.provider] }]);
  const store = await storeWithOld(file);

  file.rules([{ resources: ['secrets'], providers: [first.provider] }]);
  const encryption = file.open(true);
  await encryption.start();
  await using api = await startTestServer({ ...kinds, store, sealing: (kind) => encryption.sealingOf(kind) });
  expect((await api.request('GET', `${PATH}/old`)).text).toContain('no matching prefix found');
  file.rules([{ resources: ['secrets'], providers: [first.provider, second.provider] }]);
  encryption.check();
  await expect.poll(async () => (await api.request('GET', `${PATH}/old`)).status).toBe(200);
  await encryption.stop();
});

test('the server’s own parts hear of what a plugin opens late, though nobody reads', async () => {
  await using first = await aPlugin('first');
  await using file = await aFile([{ resources: ['secrets'], providers: [first.provider] }]);
  const store = await storeWithOld(file);

  const encryption = file.open();
  await encryption.start();
  first.plugin.failure = 'busy';
  await using api = await startTestServer({ ...kinds, store, sealing: (kind) => encryption.sealingOf(kind) });
  const heard: string[] = [];
  using _listening = api.server.objects.onChange(coreKinds.secrets, ({ object }) => heard.push(object.metadata.name));
  expect(api.server.objects.list(coreKinds.secrets)).toEqual([]);
  first.plugin.failure = undefined;
  await file.clock.advance(10_000);
  await expect.poll(() => heard).toEqual(['old']);
  expect(api.server.objects.list(coreKinds.secrets).map(({ metadata }) => metadata.name)).toEqual(['old']);
  await encryption.stop();
});

test('what is sealed and opened is counted by prefix, and the file that says with what told by its hash', async () => {
  await using file = await aFile([{ resources: ['secrets'], providers: [{ aescbc: key('one', KEY1) }, { identity: {} }] }]);
  const hashes: string[] = [];
  const { path, clock } = file;
  const options = {
    path,
    reload: false,
    clock,
    random: seededRandom(1),
    logger: silentLogger,
    onHash: (hash: string) => hashes.push(hash),
  };
  const encryption = new Encryption(options);
  const sealing = encryption.sealingOf(secrets);
  const sealed = sealing.seal(AT, Buffer.from('text'));
  expect(sealing.open({ key: AT, value: sealed }).toString()).toBe('text');
  expect(sealing.open({ key: AT, value: Buffer.from('plain') }).toString()).toBe('plain');
  expect(() => sealing.open({ key: AT, value: Buffer.from('k8s:enc:aescbc:v1:gone:xxxx') })).toThrow('no matching key');
  const lines = encryption.metricsText().split('\n');
  const counted = (type: string, prefix: string, status: string, times: number) =>
    `apiserver_storage_transformation_operations_total{resource="secrets",status="${status}",transformation_type="${type}",transformer_prefix="${prefix}"} ${times}`;
  for (const line of [
    counted('to_storage', 'k8s:enc:aescbc:v1:', 'OK', 1),
    counted('from_storage', 'k8s:enc:aescbc:v1:', 'OK', 1),
    counted('from_storage', 'k8s:enc:aescbc:v1:', 'unknown-non-grpc', 1),
    counted('from_storage', 'identity', 'OK', 1),
    // A provider's keys are told apart likewise.
    counted('to_storage', 'one:', 'OK', 1),
    counted('from_storage', 'unknown', 'unknown-non-grpc', 1),
    'apiserver_storage_transformation_duration_seconds_count{transformation_type="to_storage",transformer_prefix="k8s:enc:aescbc:v1:"} 1',
  ]) {
    expect(lines).toContain(line);
  }
  expect(hashes).toEqual([expect.stringMatching(/^sha256:[\da-f]{64}$/)]);
  file.rules([{ resources: ['secrets'], providers: [{ aesgcm: key('two', KEY2) }] }]);
  encryption.check();
  expect(new Set(hashes).size).toBe(2);
});
