import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UserError } from '../runtime/index.ts';
import { loadKubeconfig } from './kubeconfig.ts';

const CA = '-----BEGIN CERTIFICATE-----\nca\n-----END CERTIFICATE-----\n';
const CERT = '-----BEGIN CERTIFICATE-----\ncert\n-----END CERTIFICATE-----\n';
const KEY = '-----BEGIN PRIVATE KEY-----\nkey\n-----END PRIVATE KEY-----\n';
const base64 = (text: string) => Buffer.from(text).toString('base64');

function folder(files: Record<string, string>) {
  const directory = mkdtempSync(join(tmpdir(), 'nanokube-kubeconfig-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  return { path: (name: string) => join(directory, name), [Symbol.dispose]: () => rmSync(directory, { recursive: true }) };
}

const YAML = `
apiVersion: v1
kind: Config
current-context: main
contexts:
- name: main
  context: {cluster: local, user: admin, namespace: work}
- name: second
  context: {cluster: open, user: bearer}
- name: nobody
  context: {cluster: open}
- name: lost
  context: {cluster: nowhere, user: admin}
- name: cloud
  context: {cluster: open, user: cloud}
clusters:
- name: local
  cluster: {server: 'https://127.0.0.1:6443/', certificate-authority: ca.crt}
- name: open
  cluster: {server: 'http://localhost:8080', insecure-skip-tls-verify: true, tls-server-name: kubernetes}
users:
- name: admin
  user: {client-certificate-data: ${base64(CERT)}, client-key: key.pem}
- name: bearer
  user: {tokenFile: token}
- name: cloud
  user: {exec: {command: aws}}
`;

describe('loadKubeconfig', () => {
  const files = { config: YAML, 'ca.crt': CA, 'key.pem': KEY, token: 'secret\n' };

  it('reads the current context: data and files, relative to the file', () => {
    using dir = folder(files);
    expect(loadKubeconfig(dir.path('config'))).toEqual({
      server: 'https://127.0.0.1:6443',
      ca: CA,
      cert: CERT,
      key: KEY,
      namespace: 'work',
    });
  });

  it('reads another context: token file, no verification, server name', () => {
    using dir = folder(files);
    expect(loadKubeconfig(dir.path('config'), { context: 'second' })).toEqual({
      server: 'http://localhost:8080',
      insecureSkipTlsVerify: true,
      tlsServerName: 'kubernetes',
      token: 'secret',
    });
    expect(loadKubeconfig(dir.path('config'), { context: 'nobody' })).not.toHaveProperty('token');
  });

  it('reads JSON', () => {
    const config = {
      'current-context': 'a',
      contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
      clusters: [{ name: 'a', cluster: { server: 'https://h:1', 'certificate-authority-data': base64(CA) } }],
      users: [{ name: 'a', user: { token: 't' } }],
    };
    using dir = folder({ config: JSON.stringify(config) });
    expect(loadKubeconfig(dir.path('config'))).toEqual({ server: 'https://h:1', ca: CA, token: 't' });
  });

  it.each([
    ['no file', {}, undefined, /^cannot read kubeconfig .*: there is no such file$/],
    ['no YAML', { config: 'a: b: c' }, undefined, /is neither YAML nor JSON: /],
    ['a list', { config: '[]' }, undefined, /the file is not a map of fields$/],
    ['no current context', { config: 'kind: Config' }, undefined, /current-context is not set$/],
    ['an unknown context', files, 'other', /contexts has no "other"$/],
    ['an unknown cluster', files, 'lost', /clusters has no "nowhere"$/],
    ['a login by program', files, 'cloud', /user "cloud" logs in by exec, which is not supported; use a certificate or a token$/],
    ['a missing CA', { ...files, 'ca.crt': undefined }, undefined, /^cannot read certificate-authority .*ca\.crt: there is no such file$/],
    ['a CA that is none', { ...files, 'ca.crt': 'hello' }, undefined, /certificate-authority is not PEM$/],
    [
      'a server that is none',
      { ...files, config: YAML.replace('https://127.0.0.1:6443/', 'here') },
      undefined,
      /server "here" is not a URL/,
    ],
    ['a server with a path', { ...files, config: YAML.replace(':6443/', ':6443/k8s') }, undefined, /has a path, which is not supported$/],
    ['a number for a token', { ...files, config: YAML.replace('tokenFile: token', 'token: 7') }, 'second', /token is not text$/],
  ])('says in one line what is wrong: %s', (_, given, context, message) => {
    using dir = folder(Object.fromEntries(Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined)));
    const load = () => loadKubeconfig(dir.path('config'), { context });
    expect(load).toThrow(UserError);
    expect(load).toThrow(message);
    expect(load).not.toThrow('\n');
  });
});
