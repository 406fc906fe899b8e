import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type ApiServerProcess, startApiServer } from '../support/api-server.ts';
import { KmsPluginMock } from '../support/kms-plugin.ts';
import { tempDirectory } from '../support/temp-directory.ts';

const SECRETS = '/api/v1/namespaces/default/secrets';
const KEYS = [1, 2].map((n) => ({ name: `key${n}`, secret: Buffer.alloc(32, n).toString('base64') }));
const [one, two] = KEYS;

const configure = (path: string, ...providers: object[]) =>
  writeFileSync(
    path,
    JSON.stringify({
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'EncryptionConfiguration',
      resources: [{ resources: ['secrets'], providers }],
    }),
  );

/** Every file below a directory that holds one of the texts. */
function filesWith(directory: string, texts: readonly string[]): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((path) => statSync(path).isFile())
    .filter((path) => texts.some((text) => readFileSync(path).includes(text)));
}

async function start(directory: string, config: string | undefined): Promise<ApiServerProcess> {
  return await startApiServer({ directory, args: config === undefined ? [] : [`--encryption-provider-config=${config}`] });
}

test('no Secret is on the disk in the clear, keys are rotated by writing again, and a key that is gone is told of', async () => {
  await using place = await tempDirectory();
  const directory = join(place.path, 'data');
  mkdirSync(directory);
  const config = join(place.path, 'encryption.yaml');
  const secretText = randomBytes(24).toString('hex');
  const base64 = Buffer.from(secretText).toString('base64');
  const texts = [secretText, base64];
  const body = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' }, stringData: { password: secretText } };

  configure(config, { aescbc: { keys: [one] } }, { identity: {} });
  {
    await using api = await start(directory, config);
    expect((await api.call('POST', SECRETS, body)).status).toBe(201);
    expect((await api.call('GET', `${SECRETS}/a`)).body.data.password).toBe(base64);
    await api.kill('SIGTERM');
  }
  expect(filesWith(directory, texts)).toEqual([]);
  expect(filesWith(directory, ['k8s:enc:aescbc:v1:key1:'])).not.toEqual([]);

  // Another first key: what is stored is still read, and sealed anew when it is written, even unchanged.
  configure(config, { secretbox: { keys: [two] } }, { aescbc: { keys: [one] } });
  {
    await using api = await start(directory, config);
    const list = await api.call('GET', SECRETS);
    const [item] = list.body.items;
    expect(item.data.password).toBe(base64);
    const written = await api.call('PUT', `${SECRETS}/a`, { ...item, apiVersion: 'v1', kind: 'Secret' });
    expect(written.status).toBe(200);
    expect(written.body.metadata.resourceVersion).not.toBe(item.metadata.resourceVersion);
    await api.kill('SIGTERM');
  }
  expect(filesWith(directory, texts)).toEqual([]);

  // The old key can go now.
  configure(config, { secretbox: { keys: [two] } });
  {
    await using api = await start(directory, config);
    expect((await api.call('GET', `${SECRETS}/a`)).body.data.password).toBe(base64);
    await api.kill('SIGTERM');
  }

  // Without the key the server runs, and says what it cannot read.
  configure(config, { aescbc: { keys: [one] } }, { identity: {} });
  {
    await using api = await start(directory, config);
    const answer = await api.call('GET', `${SECRETS}/a`);
    expect(answer.status).toBe(500);
    expect(answer.body.message).toBe('Internal error occurred: no matching prefix found');
    expect((await api.call('GET', '/api/v1/namespaces')).status).toBe(200);
    await api.kill('SIGTERM');
  }
  {
    await using api = await start(directory, undefined);
    const answer = await api.call('GET', SECRETS);
    expect(answer.body.message).toContain('identity transformer tried to read encrypted data');
    await api.kill('SIGTERM');
  }
});

test('with a key management plugin, too; the server starts without it, and says what it waits for', async () => {
  await using place = await tempDirectory();
  const directory = join(place.path, 'data');
  mkdirSync(directory);
  const config = join(place.path, 'encryption.yaml');
  const socket = join(place.path, 'kms.sock');
  const secretText = randomBytes(24).toString('hex');
  const body = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' }, stringData: { password: secretText } };
  configure(config, { kms: { apiVersion: 'v2', name: 'vault', endpoint: `unix://${socket}`, timeout: '10s' } });
  {
    await using _plugin = await KmsPluginMock.listen(socket);
    await using api = await start(directory, config);
    expect((await api.call('POST', SECRETS, body)).status).toBe(201);
    await api.kill('SIGTERM');
  }
  expect(filesWith(directory, [secretText, Buffer.from(secretText).toString('base64')])).toEqual([]);
  expect(filesWith(directory, ['k8s:enc:kms:v2:vault:'])).not.toEqual([]);
  {
    await using api = await start(directory, config);
    const refused = await api.call('GET', `${SECRETS}/a`);
    expect(refused.status).toBe(500);
    expect(refused.body.message).toContain('got unexpected nil transformer');
    expect((await api.call('POST', SECRETS, body)).status).toBe(500);
    expect((await api.call('GET', '/api/v1/namespaces')).status).toBe(200);
    expect((await api.call('GET', '/livez')).status).toBe(200);
    expect((await api.call('GET', '/healthz/kms-providers')).status).toBe(500);
    await using _plugin = await KmsPluginMock.listen(socket);
    await expect.poll(async () => (await api.call('GET', '/healthz/kms-providers')).status).toBe(200);
    expect((await api.call('GET', `${SECRETS}/a`)).body.data.password).toBe(Buffer.from(secretText).toString('base64'));
    await api.kill('SIGTERM');
  }
});

test('a configuration that cannot be followed ends the start with one line', async () => {
  await using place = await tempDirectory();
  const config = join(place.path, 'encryption.yaml');
  configure(config, { aescbc: { keys: [{ name: 'a', secret: 'AAAA' }] } });
  await expect(startApiServer({ args: ['--ephemeral', `--encryption-provider-config=${config}`] })).rejects.toThrow(
    '--encryption-provider-config: resources[0].providers[0].aescbc.keys[0].secret: Invalid value: "REDACTED": secret is not of the expected length, got 3, expected one of [16 24 32]',
  );
  await expect(startApiServer({ args: ['--ephemeral', '--encryption-provider-config-automatic-reload'] })).rejects.toThrow(
    'needs --encryption-provider-config',
  );
});
