import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readAdmissionConfiguration } from '../configuration.ts';
import { webhookCredentials } from './webhook-credentials.ts';

const directory = mkdtempSync(join(tmpdir(), 'nanokube-test-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const PLUGIN = 'ValidatingAdmissionWebhook';

function written(name: string, content: object): string {
  const path = join(directory, name);
  writeFileSync(path, JSON.stringify(content));
  return path;
}

function configured(configuration: object) {
  const path = written('admission.yaml', {
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AdmissionConfiguration',
    plugins: [{ name: PLUGIN, configuration }],
  });
  return webhookCredentials(readAdmissionConfiguration(path), PLUGIN);
}

const file = (kubeConfigFile: string) => ({
  apiVersion: 'apiserver.config.k8s.io/v1',
  kind: 'WebhookAdmissionConfiguration',
  kubeConfigFile,
});
const user = (name: string) => ({ name, user: { token: `token of ${name}` } });

describe('credentials for webhooks', () => {
  it('are those of the user with the name of the host, or of its domain', () => {
    const users = ['hooks.shop.svc:8443', 'hooks.shop.svc', '*.shop.svc', '*.example.com', 'example.com:444'].map(user);
    const find = configured(file(written('kubeconfig', { kind: 'Config', users })));
    const service = (name: string, port: number) => find?.({ service: { name, namespace: 'shop', port } })?.token;
    expect(service('hooks', 8443)).toBe('token of hooks.shop.svc:8443');
    expect(service('hooks', 443)).toBe('token of hooks.shop.svc');
    expect(service('others', 443)).toBe('token of *.shop.svc');
    expect(service('others', 8443)).toBeUndefined();
    expect(find?.({ url: 'https://a.example.com/x' })?.token).toBe('token of *.example.com');
    expect(find?.({ url: 'https://example.com:444/x' })?.token).toBe('token of example.com:444');
    expect(find?.({ url: 'https://example.org/' })).toBeUndefined();
  });

  it('are nobody’s when nothing is said', () => {
    const path = written('empty.yaml', { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AdmissionConfiguration', plugins: [] });
    expect(webhookCredentials(readAdmissionConfiguration(path), PLUGIN)).toBeUndefined();
  });

  it('are in a file that is there, named from the root, and written for this', () => {
    expect(() => configured(file('kubeconfig'))).toThrow('kubeConfigFile: Invalid value: "kubeconfig": must be an absolute file path');
    expect(() => configured(file(join(directory, 'gone')))).toThrow(/cannot read kubeconfig .*gone: there is no such file/);
    expect(() => configured({ kind: 'X' })).toThrow(/a WebhookAdmissionConfiguration of .* is expected/);
    const users = [{ name: 'a', user: { exec: {} } }];
    expect(() => configured(file(written('foreign', { users })))).toThrow('user "a" logs in by exec, which is not supported');
  });
});
