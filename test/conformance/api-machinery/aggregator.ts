// What Kubernetes' conformance tests ask of the aggregator: the sample API server, in a pod beside its etcd, behind a Service and an APIService.
import { describe, expect, it } from 'vitest';
import { testAuthority } from '../../support/authority.ts';
import type { Json } from '../../support/conformance.ts';
import { c } from './cluster.ts';

const GROUP = 'wardle.example.com';
const SERVICES = '/apis/apiregistration.k8s.io/v1/apiservices';
const base64 = (text: string) => Buffer.from(text).toString('base64');

/** Runs the sample API server; answers the authority of its certificate. */
async function deploy(ns: string): Promise<string> {
  const authority = testAuthority();
  const { cert, key } = authority.issue('server', [`sample-api.${ns}.svc`]);
  const data = { 'tls.crt': base64(cert), 'tls.key': base64(key) };
  await c.must('POST', `/api/v1/namespaces/${ns}/secrets`, { metadata: { name: 'sample-apiserver-secret' }, type: 'Opaque', data });
  const labels = { app: 'sample-apiserver', apiserver: 'true' };
  const files = '/apiserver.local.config/certificates';
  const containers = [
    {
      name: 'sample-apiserver',
      image: 'registry.k8s.io/e2e-test-images/sample-apiserver:1.29.2',
      volumeMounts: [{ name: 'apiserver-certs', readOnly: true, mountPath: files }],
      args: [
        '--etcd-servers=http://127.0.0.1:2379',
        `--tls-cert-file=${files}/tls.crt`,
        `--tls-private-key-file=${files}/tls.key`,
        '--audit-log-path=-',
        '--audit-log-maxage=0',
        '--audit-log-maxbackup=0',
      ],
      readinessProbe: { httpGet: { scheme: 'HTTPS', port: 443, path: '/readyz' }, initialDelaySeconds: 1, periodSeconds: 1 },
    },
    {
      name: 'etcd',
      image: 'registry.k8s.io/etcd:3.6.4-0',
      command: ['/usr/local/bin/etcd', '--listen-client-urls', 'http://127.0.0.1:2379', '--advertise-client-urls', 'http://127.0.0.1:2379'],
    },
  ];
  const volumes = [{ name: 'apiserver-certs', secret: { secretName: 'sample-apiserver-secret' } }];
  const template = { metadata: { labels }, spec: { terminationGracePeriodSeconds: 0, containers, volumes } };
  const deployments = `/apis/apps/v1/namespaces/${ns}/deployments`;
  const spec = { replicas: 1, selector: { matchLabels: labels }, template };
  await c.must('POST', deployments, { metadata: { name: 'sample-apiserver-deployment' }, spec });
  const ports = [{ protocol: 'TCP', port: 7443, targetPort: 443 }];
  const service = { metadata: { name: 'sample-api', labels: { test: 'aggregator' } }, spec: { selector: { apiserver: 'true' }, ports } };
  await c.must('POST', `/api/v1/namespaces/${ns}/services`, service);
  await c.eventually(`${deployments}/sample-apiserver-deployment`, ({ status }) => status.availableReplicas === 1);
  return base64(authority.ca);
}

describe('the sample API server', () => {
  it('serves flunders through the aggregator: in discovery, made, listed, patched and deleted', async () => {
    const ns = await c.namespace('sample');
    const caBundle = await deploy(ns);
    const name = `v1alpha1.${GROUP}`;
    const service = { namespace: ns, name: 'sample-api', port: 7443 };
    const spec = { group: GROUP, version: 'v1alpha1', service, caBundle, groupPriorityMinimum: 2000, versionPriority: 200 };
    await c.must('POST', SERVICES, { metadata: { name, labels: { sample: 'yes' } }, spec });
    const flunders = `/apis/${GROUP}/v1alpha1/namespaces/default/flunders`;
    await c.eventually(flunders, ({ items }) => items.length === 0);
    const flunder = (more: object) => ({
      apiVersion: `${GROUP}/v1alpha1`,
      kind: 'Flunder',
      metadata: { labels: { 'sample-label': 'true' }, ...more },
    });
    const made = await c.call('POST', flunders, flunder({ name: 'rest-flunder', namespace: 'default' }));
    expect([made.status, made.body.metadata.namespace]).toEqual([201, 'default']);
    expect((await c.call('POST', flunders, flunder({ name: 'rest-flunder' }))).body).toMatchObject({
      reason: 'AlreadyExists',
      message: 'flunders.wardle.example.com "rest-flunder" already exists',
    });
    const names = async (query = '') => (await c.get(`${flunders}${query}`)).items.map(({ metadata }: Json) => metadata.name);
    expect(await names()).toEqual(['rest-flunder']);
    expect(await names('?labelSelector=sample-label%3Dfalse')).toEqual([]);
    const patched = await c.patch(`${flunders}/rest-flunder`, { spec: { reference: 'another' } });
    expect(patched.spec).toEqual({ reference: 'another', referenceType: 'Flunder' });
    expect((await c.call('PUT', `${flunders}/rest-flunder`, made.body)).body.reason).toBe('Conflict');
    await c.must('DELETE', `${flunders}/rest-flunder`);
    expect((await c.call('GET', `${flunders}/rest-flunder`)).status).toBe(404);
    const discovered = await c.get('/apis');
    expect(discovered.groups.map((group: Json) => group.name)).toContain(GROUP);
    expect((await c.get(`/apis/${GROUP}/v1alpha1`)).resources.map((resource: Json) => resource.name)).toContain('flunders');
    if (c.kubectl) {
      await c.kubectl.run(['create', '-f', '-'], { input: JSON.stringify(flunder({ name: 'kubectl-flunder', namespace: 'default' })) });
      expect(await c.kubectl('get', 'flunders', '-o', 'name')).toBe('flunder.wardle.example.com/kubectl-flunder\n');
    }
    await c.must('DELETE', `${flunders}?labelSelector=sample-label%3Dtrue`);
    expect(await names()).toEqual([]);
    await c.must('DELETE', `${SERVICES}?labelSelector=sample%3Dyes`);
    await c.gone(`${SERVICES}/${name}`);
  });

  it('serves both of its versions, and OpenAPI 3 of them: an APIService of v1beta1 never became available, and held up the end of namespaces', async () => {
    const ns = await c.namespace('sample-versions');
    const caBundle = await deploy(ns);
    const service = { namespace: ns, name: 'sample-api', port: 7443 };
    for (const version of ['v1alpha1', 'v1beta1']) {
      const spec = { group: GROUP, version, service, caBundle, groupPriorityMinimum: 2000, versionPriority: 200 };
      await c.must('POST', SERVICES, { metadata: { name: `${version}.${GROUP}`, labels: { sample: 'both' } }, spec });
    }
    const [old, flunders] = ['v1alpha1', 'v1beta1'].map((version) => `/apis/${GROUP}/${version}/namespaces/${ns}/flunders`);
    for (const path of [old, flunders]) await c.eventually(`${path}`, ({ items }) => items.length === 0);
    await c.must('POST', `${old}`, { metadata: { name: 'f' }, spec: { reference: 'g' } });
    const seen = await c.get(`${flunders}/f`);
    expect([seen.apiVersion, seen.spec]).toEqual([`${GROUP}/v1beta1`, { flunderReference: 'g', referenceType: 'Flunder' }]);
    await c.patch(`${flunders}/f`, { spec: { flunderReference: null, fischerReference: 'h', referenceType: 'Fischer' } });
    expect((await c.get(`${old}`)).items[0].spec).toEqual({ reference: 'h', referenceType: 'Fischer' });
    expect((await c.call('POST', `${flunders}`, { metadata: { name: 'w' }, spec: { flunderReference: 'x' } })).body.message).toBe(
      'Flunder.wardle.example.com "w" is invalid: spec.flunderReference: Invalid value: "x": cannot be set if referenceType is not Flunder',
    );
    const cbor = { contentType: 'application/cbor' };
    expect((await c.call('POST', `${flunders}`, { metadata: { name: 'x' } }, cbor)).body).toMatchObject({
      code: 415,
      reason: 'UnsupportedMediaType',
    });
    for (const _ of ['once', 'again']) await c.must('POST', `${flunders}?dryRun=All`, { metadata: { name: 'dry' } });
    const document = `/openapi/v3/apis/${GROUP}/v1beta1`;
    const spec = await c.eventually(document, ({ components }) => Boolean(components));
    expect(Object.keys(spec.components.schemas)).toContain('com.example.wardle.v1beta1.Flunder');
    await c.must('DELETE', `${SERVICES}?labelSelector=sample%3Dboth`);
    await c.gone(document);
  });
});
