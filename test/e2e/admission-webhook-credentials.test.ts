// Webhooks that want to know who calls: --admission-control-config-file with a WebhookAdmissionConfiguration.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testAuthority } from '../support/authority.ts';
import { startWebhookCluster, type WebhookCluster } from '../support/webhook-cluster.ts';
import { startWebhookServer, type WebhookServer } from '../support/webhook-server.ts';

const PLUGINS = ['MutatingAdmissionWebhook', 'ValidatingAdmissionWebhook'];

const directory = mkdtempSync(join(tmpdir(), 'nanokube-test-'));
let cluster: WebhookCluster;
let certified: WebhookServer;

function write(name: string, content: object): string {
  const path = join(directory, name);
  writeFileSync(path, JSON.stringify(content));
  return path;
}

beforeAll(async () => {
  const clients = testAuthority('clients');
  certified = await startWebhookServer({ hosts: ['hooks.shop.svc'], clients });
  const { cert, key } = clients.issue('client');
  const base64 = (pem: string) => Buffer.from(pem).toString('base64');
  const users = [
    { name: `*.shop.svc:${certified.port}`, user: { 'client-certificate-data': base64(cert), 'client-key-data': base64(key) } },
  ];
  const kubeConfigFile = write('kubeconfig', { apiVersion: 'v1', kind: 'Config', users });
  const configuration = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'WebhookAdmissionConfiguration', kubeConfigFile };
  const admission = write('admission.yaml', {
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AdmissionConfiguration',
    plugins: PLUGINS.map((name) => ({ name, configuration })),
  });
  cluster = await startWebhookCluster([`--admission-control-config-file=${admission}`]);
});

afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
  await certified?.[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

describe('a webhook', () => {
  it('is shown the certificate that is kept for it', async () => {
    certified.serve('/who', () => ({ allowed: true }));
    const clientConfig = {
      service: { namespace: 'shop', name: 'hooks', path: '/who', port: certified.port },
      caBundle: certified.caBundle,
    };
    await cluster.validating('shop', { clientConfig });
    await cluster.make('/api/v1/namespaces/shop/services', {
      metadata: { name: 'hooks' },
      spec: { type: 'ExternalName', externalName: 'localhost' },
    });
    expect((await cluster.configMap('shop', 'a')).status).toBe(201);
    expect(certified.callers).toEqual([{ certified: 'client of clients', authorization: undefined }]);
  });

  it('for which nothing is kept is called by nobody', async () => {
    cluster.hooks.serve('/plain/0', () => ({ allowed: true }));
    await cluster.mutating('plain', {});
    expect((await cluster.configMap('plain', 'a')).status).toBe(201);
    expect(cluster.hooks.callers.at(-1)).toEqual({ certified: undefined, authorization: undefined });
  });
});
