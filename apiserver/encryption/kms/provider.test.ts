import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { seededRandom, silentLogger, VirtualClock } from '../../../runtime/index.ts';
import { KmsPluginMock } from '../../../test/support/kms-plugin.ts';
import { tempDirectory } from '../../../test/support/temp-directory.ts';
import { aesGcm } from '../transformers.ts';
import { AES_GCM_KEY, decodeObject, encodeObject, HKDF_SEED, sourceId } from './encrypted-object.ts';
import { KmsMetrics } from './metrics.ts';
import { socketOf } from './plugin.ts';
import { KmsProvider } from './provider.ts';

const KEY = '/registry/secrets/default/a';
const TEXT = Buffer.from('a secret');

/** A plugin, and providers that ask it, each as another API server would. */
async function aPlugin() {
  const directory = await tempDirectory();
  const plugin = await KmsPluginMock.listen(join(directory.path, 'kms.sock'));
  const clock = new VirtualClock();
  const metrics = new KmsMetrics('me');
  const opened: KmsProvider[] = [];
  return {
    plugin,
    clock,
    metrics,
    provider: async (endpoint = plugin.endpoint) => {
      const options = { name: 'kms1', endpoint, timeoutMs: 3000, metrics, clock, random: seededRandom(1), logger: silentLogger };
      const provider = new KmsProvider(options);
      opened.push(provider);
      await provider.start();
      return provider;
    },
    [Symbol.asyncDispose]: async () => {
      for (const provider of opened) await provider.stop();
      await plugin[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

/** What a real kube-apiserver 1.34.9 wrote with upstream's mock plugin, which encrypts with base64. */
const OF_UPSTREAM =
  'CogCUKVo5J+d9bLqTkJZT1ileQRwyaIZrqdWkun3DpFG01g5Uc93yhx+1mYuLKlE8n9MbzEUiNi1LECVyjcNO12PlQwELNTYr+fislD0oCxdqoMNNdY6jyElWMIE0Y4MPK' +
  '/NYJP4wQS4K+py/TqoF4ZlsNsSlQwSQS1BgDMf5NsKLgu/vZzI9q16WTBynH5gfF/UUEqGxHfSBwNCt68+y8YJWTtLYDratUCFdolJfUDKivybTl3lT1GTbH1Ck5LWTmlf' +
  'Kcse39Wkew4/yV56YM8xMSljphW6xnnI3eDrWnh/MxC7VT+jNYbk5l6MH7+/1k5Ei0ZslJrwl4TDsbreYwz4qDSLUOvKQleuEgExGixVNWE1LzFRNEVLSlgvd29sVEtCVC' +
  'tWdUlCMmJta0RLWExRM09HRE9HTTd3PSIyChtsb2NhbC1rZWsua21zLmt1YmVybmV0ZXMuaW8SE2VuY3J5cHRlZC1sb2NhbC1rZWsoAQ==';

test('what a real kube-apiserver wrote is read', async () => {
  await using place = await aPlugin();
  const provider = await place.provider();
  const value = Buffer.from(OF_UPSTREAM, 'base64');
  expect(provider.isLocked(value)).toBe(true);
  await provider.unlock([value]);
  expect(provider.isLocked(value)).toBe(false);
  const { bytes, stale } = provider.open(KEY, value);
  expect(bytes.toString('latin1')).toContain('k8s\0');
  expect(bytes.toString('latin1')).toContain('secret');
  expect(stale).toBe(false);
  // The value's place is authenticated with it.
  expect(() => provider.open('/registry/secrets/default/b', value)).toThrow('cipher: message authentication failed');
});

test('sealing asks nobody, and another server asks once for all that a seed sealed', async () => {
  await using place = await aPlugin();
  const provider = await place.provider();
  expect(place.plugin.takeCalls()).toEqual(['Status', 'Encrypt']);
  const values = [1, 2, 3].map(() => provider.seal(KEY, TEXT));
  const [first] = values.map(decodeObject);
  expect(first).toMatchObject({ keyId: '1', sourceType: HKDF_SEED, annotations: place.plugin.annotations });
  expect(new Set(values.map((value) => decodeObject(value).data.subarray(0, 32).toString('hex'))).size).toBe(3);
  expect(provider.open(KEY, values[0] ?? TEXT)).toEqual({ bytes: TEXT, stale: false });
  expect(place.plugin.takeCalls()).toEqual([]);

  const other = await place.provider();
  place.plugin.takeCalls();
  await Promise.all([other.unlock(values), other.unlock(values)]);
  for (const value of values) expect(other.open(KEY, value)).toEqual({ bytes: TEXT, stale: false });
  expect(place.plugin.takeCalls()).toEqual(['Decrypt']);
});

test('values of the time before seeds are read, and are to be written again', async () => {
  await using place = await aPlugin();
  const provider = await place.provider();
  const key = randomBytes(32);
  const source = Buffer.from(key.toString('base64'));
  const old = { keyId: '1', source, annotations: [], sourceType: AES_GCM_KEY };
  const value = encodeObject({ ...old, data: aesGcm(key).seal(KEY, TEXT) });
  await provider.unlock([value]);
  expect(provider.open(KEY, value)).toEqual({ bytes: TEXT, stale: true });
});

test('a new key of the plugin is followed within a minute, and makes what is there stale', async () => {
  await using place = await aPlugin();
  const provider = await place.provider();
  const before = provider.seal(KEY, TEXT);
  place.plugin.keyId = '2';
  await place.clock.advance(59_999);
  expect(decodeObject(provider.seal(KEY, TEXT)).keyId).toBe('1');
  await place.clock.advance(1);
  await expect.poll(() => decodeObject(provider.seal(KEY, TEXT)).keyId).toBe('2');
  expect(provider.open(KEY, before)).toEqual({ bytes: TEXT, stale: true });
});

test('a plugin that fails is told of, is waited for, and keeps writes for three minutes only', async () => {
  await using place = await aPlugin();
  const provider = await place.provider();
  const value = provider.seal(KEY, TEXT);
  place.plugin.failure = 'no hardware';
  expect(await provider.check()).toBeUndefined(); // known for a while
  await place.clock.advance(20_000);
  const why = 'rpc error: code = FailedPrecondition desc = no hardware';
  expect(await provider.check()).toBe(`failed to perform status section of the healthz check for KMS Provider kms1, error: ${why}`);
  expect(await provider.check()).toBe(why);
  await place.clock.advance(159_000);
  provider.seal(KEY, TEXT);
  await place.clock.advance(2000);
  expect(() => provider.seal(KEY, TEXT)).toThrow(
    /^encryptedDEKSource with keyID hash "sha256:6b86b273\w+" expired at \d+-\d\d-\d\dT\d\d:\d\d:\d\dZ \(current time is /,
  );
  expect(provider.open(KEY, value).bytes).toEqual(TEXT);
  place.plugin.failure = undefined;
  await expect
    .poll(async () => {
      await place.clock.advance(10_000);
      return provider.check();
    })
    .toBeUndefined();
  expect(decodeObject(provider.seal(KEY, TEXT)).keyId).toBe('1');
});

test('without a plugin at the start nothing is sealed or opened until it comes', async () => {
  await using place = await aPlugin();
  const value = (await place.provider()).seal(KEY, TEXT);
  place.plugin.failure = 'not yet';
  const provider = await place.provider();
  expect(() => provider.seal(KEY, TEXT)).toThrow('got unexpected nil transformer');
  place.plugin.takeCalls();
  expect(provider.isLocked(value)).toBe(true);
  await provider.unlock([value]);
  expect(place.plugin.takeCalls()).toEqual([]);
  expect(() => provider.open(KEY, value)).toThrow('got unexpected nil transformer');
  place.plugin.failure = undefined;
  await place.clock.advance(10_000);
  await expect.poll(() => provider.check()).toBeUndefined();
  await provider.unlock([value]);
  expect(provider.open(KEY, value).bytes).toEqual(TEXT);
});

test('a source that the plugin does not decrypt is asked for again by whoever reads next', async () => {
  await using place = await aPlugin();
  const value = (await place.provider()).seal(KEY, TEXT);
  const provider = await place.provider();
  expect(() => provider.open(KEY, value)).toThrow('failed to decrypt DEK, error: the plugin was not asked yet');
  place.plugin.lostKeyIds.add('1');
  await provider.unlock([value]);
  expect(() => provider.open(KEY, value)).toThrow('failed to decrypt DEK, error: rpc error: code = NotFound desc = there is no key 1');
  place.plugin.lostKeyIds.clear();
  await provider.unlock([value]);
  expect(provider.open(KEY, value).bytes).toEqual(TEXT);
});

describe('a status that is not good', () => {
  it.each<[Partial<Pick<KmsPluginMock, 'healthz' | 'version' | 'keyId' | 'annotations'>>, string | RegExp]>([
    [{ healthz: 'tired' }, 'kmsv2 Provider kms1 is not healthy, error: got unexpected healthz status: tired'],
    [{ version: 'v3' }, 'kmsv2 Provider kms1 is not healthy, error: expected KMSv2 API version v2, got v3'],
    [{ keyId: '' }, 'kmsv2 Provider kms1 is not healthy, error: got invalid KMSv2 KeyID hash "": keyID is empty'],
    [{ keyId: 'k'.repeat(1025) }, /: keyID is 1025 bytes, which exceeds the max size of 1024$/],
    [{ healthz: 'tired', keyId: '' }, /error: \[got unexpected healthz status: tired, got invalid KMSv2 KeyID hash "": keyID is empty\]$/],
    [
      { annotations: [{ key: 'plain', value: Buffer.from('x') }] },
      /failed to rotate DEK uid="[\w-]+", useSeed=true, errState=got unexpected nil transformer, errGen=failed to validate annotations: annotations: Invalid value: "plain": should be a domain with at least two segments separated by dots, statusKeyIDHash="sha256:6b86\w+", encryptKeyIDHash="", stateKeyIDHash="", expirationTimestamp=0001-01-01T00:00:00Z$/,
    ],
  ])('%o', async (changed, why) => {
    await using place = await aPlugin();
    Object.assign(place.plugin, changed);
    const provider = await place.provider();
    expect(await provider.check()).toMatch(why);
  });
});

test('calls and keys are counted', async () => {
  await using place = await aPlugin();
  const provider = await place.provider();
  provider.seal(KEY, TEXT);
  const lines = place.metrics.text().split('\n');
  const key =
    'apiserver_id_hash="me",key_id_hash="sha256:6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b",provider_name="kms1"';
  expect(lines).toContain(`apiserver_envelope_encryption_key_id_hash_total{${key},transformation_type="to_storage"} 1`);
  expect(lines).toContain('apiserver_envelope_encryption_dek_source_cache_size{provider_name="kms1"} 1');
  const labels = 'grpc_status_code="OK",method_name="/v2.KeyManagementService/Encrypt",provider_name="kms1"';
  expect(lines).toContain(`apiserver_envelope_encryption_kms_operations_latency_seconds_count{${labels}} 1`);
});

test('a value that is no such message is refused', async () => {
  await using place = await aPlugin();
  const provider = await place.provider();
  const good = decodeObject(provider.seal(KEY, TEXT));
  const open = (value: Buffer) => () => provider.open(KEY, value);
  expect(open(encodeObject({ ...good, data: Buffer.alloc(0) }))).toThrow('encrypted data is empty');
  expect(open(encodeObject({ ...good, sourceType: 7 }))).toThrow('unknown encryptedDEKSourceType: 7');
  expect(open(encodeObject({ ...good, source: Buffer.alloc(1025, 1) }))).toThrow('which exceeds the max size of 1024');
  expect(open(Buffer.from([0x0a, 0x7f, 1]))).toThrow('proto: cannot parse invalid wire-format data');
  expect(provider.isLocked(Buffer.from('text'))).toBe(false);
});

test('annotations are told apart whatever their order', () => {
  const of = (...keys: string[]) =>
    sourceId({ sourceType: 1, source: TEXT, keyId: '1', annotations: keys.map((key) => ({ key, value: Buffer.from(key) })) });
  expect(of('a.b', 'b.a')).toBe(of('b.a', 'a.b'));
  expect(of('a.b')).not.toBe(of('b.a'));
});

test('sockets are named as upstream names them', () => {
  expect(socketOf('unix:///run/kms.sock')).toBe('/run/kms.sock');
  expect(socketOf('unix:///@kms')).toBe('\0kms');
});
