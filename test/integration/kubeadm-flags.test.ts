import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { seededRandom, silentLogger, systemClock } from '../../runtime/index.ts';
import { createEtcdEndpoint } from '../../store/endpoint/index.ts';
import { openMemoryStore } from '../../store/index.ts';
import { startApiServer } from '../support/api-server.ts';
import { startApiServerProcess } from '../support/api-server-process.ts';
import { testAuthority } from '../support/authority.ts';
import { bodyOf } from '../support/http-server.ts';
import { tempDirectory } from '../support/temp-directory.ts';

const HOUR_MS = 3_600_000;

test(
  'a server starts with the command line that kubeadm 1.34 writes, with other paths and ports',
  async () => {
    await using directory = await tempDirectory();
    const put = (name: string, text: string) => {
      const path = join(directory.path, name);
      writeFileSync(path, text);
      return path;
    };
    const pair = (name: string, { cert, key }: { cert: string; key: string }) => [put(`${name}.crt`, cert), put(`${name}.key`, key)];
    const cluster = testAuthority('kubernetes');
    const front = testAuthority('front-proxy-ca');
    const etcd = testAuthority('etcd-ca');
    const [serverCert, serverKey] = pair('apiserver', cluster.issue('server', ['127.0.0.1', 'kubernetes']));
    const [kubeletCert, kubeletKey] = pair('apiserver-kubelet-client', cluster.issue('client'));
    const [frontCert, frontKey] = pair('front-proxy-client', front.issue('client'));
    const [etcdCert, etcdKey] = pair('apiserver-etcd-client', etcd.issue('client'));
    const ca = put('ca.crt', cluster.ca);
    const signing = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const store = await openMemoryStore();
    const { cert, key } = etcd.issue('server', ['127.0.0.1']);
    const endpoint = createEtcdEndpoint({
      store,
      listenClientUrls: ['https://127.0.0.1:0'],
      tls: { cert, key, clientCa: etcd.ca },
      clock: systemClock,
      random: seededRandom(1),
      logger: silentLogger,
    });
    await endpoint.start();
    const args = [
      '--advertise-address=192.168.49.2',
      '--allow-privileged=true',
      '--authorization-mode=Node,RBAC',
      `--client-ca-file=${ca}`,
      '--enable-admission-plugins=NodeRestriction',
      '--enable-bootstrap-token-auth=true',
      `--etcd-cafile=${put('etcd-ca.crt', etcd.ca)}`,
      `--etcd-certfile=${etcdCert}`,
      `--etcd-keyfile=${etcdKey}`,
      `--etcd-servers=${endpoint.url}`,
      `--kubelet-client-certificate=${kubeletCert}`,
      `--kubelet-client-key=${kubeletKey}`,
      '--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname',
      `--proxy-client-cert-file=${frontCert}`,
      `--proxy-client-key-file=${frontKey}`,
      '--requestheader-allowed-names=front-proxy-client',
      `--requestheader-client-ca-file=${put('front-proxy-ca.crt', front.ca)}`,
      '--requestheader-extra-headers-prefix=X-Remote-Extra-',
      '--requestheader-group-headers=X-Remote-Group',
      '--requestheader-username-headers=X-Remote-User',
      '--secure-port=0',
      '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
      `--service-account-key-file=${put('sa.pub', String(signing.publicKey.export({ type: 'spki', format: 'pem' })))}`,
      `--service-account-signing-key-file=${put('sa.key', String(signing.privateKey.export({ type: 'pkcs1', format: 'pem' })))}`,
      '--service-cluster-ip-range=10.96.0.0/12',
      `--tls-cert-file=${serverCert}`,
      `--tls-private-key-file=${serverKey}`,
    ];
    const data = join(directory.path, 'data');
    {
      await using server = await startApiServerProcess(data, args);
      const admin = { cert: readFileSync(join(data, 'pki/admin.crt')), key: readFileSync(join(data, 'pki/admin.key')) };
      const ask = async (path: string) => {
        const request = get(`${server.url}${path}`, { ca: cluster.ca, ...admin });
        const [response]: IncomingMessage[] = await once(request, 'response');
        return { status: response?.statusCode, text: response ? await bodyOf(response) : '' };
      };
      // With the cluster's CA: the serving certificate is the one that was given.
      expect((await ask('/api/v1/namespaces/default/services/kubernetes')).status).toBe(200);
      expect((await ask('/metrics')).text).toMatch(/^apiserver_client_certificate_expiration_seconds_count 2$/m);
    }
    await endpoint.stop();
    await store.close();
  },
  HOUR_MS,
);

test('a server says which of its options change nothing, and logs as much as -v asks for', async () => {
  const args = [
    '--ephemeral',
    '--profiling=false',
    '--delete-collection-workers=2',
    '-v',
    '6',
    '--vmodule=a=3',
    '--feature-gates=NodeSwap=true,EventedPLEG=true',
  ];
  await using api = await startApiServer({ args });
  const told = () => [...api.output().matchAll(/"option":"([^"]+)".*"msg":"option has no effect here"/g)].map(([, option]) => option);
  await expect.poll(told).toEqual(['--profiling', '--delete-collection-workers', '--vmodule']);
  await expect.poll(() => api.output()).toMatch(/"gate":"EventedPLEG".*"msg":"feature gate has no effect here"/);
  const metrics = await api.call('GET', '/metrics');
  for (const [gate, value] of [
    ['name="AllAlpha",stage="ALPHA"', 0],
    ['name="EventedPLEG",stage="ALPHA"', 1],
    ['name="HPAScaleToZero",stage="ALPHA"', 0],
    ['name="NodeSwap",stage=""', 1],
    ['name="KMSv1",stage="DEPRECATED"', 0],
  ]) {
    expect(metrics.text).toContain(`kubernetes_feature_enabled{${gate}} ${value}\n`);
  }
  await api.call('GET', '/api/v1/nodes?limit=1');
  await expect
    .poll(() => api.output())
    .toMatch(/"verb":"list","uri":"\/api\/v1\/nodes\?limit=1","code":200,.*"user":"admin",.*"msg":"request served"/);
});
