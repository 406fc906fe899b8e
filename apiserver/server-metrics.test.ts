// What `/metrics` tells, by upstream's names, labels and buckets: apiserver, `pkg/endpoints/metrics`, `pkg/storage/{cacher,etcd3}/metrics`,
// and the `metrics.go` beside the allocators.
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { coreKinds } from '../api/index.ts';
import { generateKey, issueCertificate, systemClock } from '../runtime/index.ts';
import { createAuthorizer } from './auth/index.ts';
import { ObjectsInMemory } from './auth/objects-in-memory.ts';
import { AccessMetrics } from './pipeline/access-metrics.ts';
import { AllocationMetrics } from './registry/allocation-metrics.ts';
import { CertificateMetrics } from './registry/certificate-metrics.ts';
import { countedSigningRequests } from './strategies/certificates/certificate-signing-request.ts';
import { serviceStrategy } from './strategies/core/service/strategy.ts';
import { REQUEST_OF_DEVS } from './testing/signing-requests.ts';
import { plainStrategy, startTestServer, type TestServer } from './testing/test-server.ts';

const PATH = '/api/v1/namespaces/default/configmaps';
const quiet = { discovery: { respond: () => undefined }, openapi: { respond: () => undefined } };
const start = () => startTestServer({ strategies: { '/configmaps': plainStrategy(), '/namespaces': plainStrategy() } });
const metricsOf = async (api: TestServer): Promise<string[]> => (await api.request('GET', '/metrics')).text.split('\n');
const configMap = (name: string, labels = {}) => ({ metadata: { name, labels }, data: {} });

test('lists are counted by where they came from and what they cost', async () => {
  await using api = await start();
  for (const name of ['a', 'b', 'c']) await api.request('POST', PATH, { body: configMap(name, name === 'a' ? { app: 'x' } : {}) });
  await api.request('GET', PATH);
  await api.request('GET', `${PATH}?labelSelector=app=x`);
  const first = await api.request('GET', `${PATH}?limit=2`);
  const { metadata } = first.json<{ metadata: { continue: string; resourceVersion: string } }>();
  await api.request('POST', PATH, { body: configMap('d') });
  await api.request('GET', `${PATH}?limit=2&continue=${metadata.continue}`);
  const lines = await metricsOf(api);
  for (const line of [
    'apiserver_cache_list_total{group="",index="",resource="configmaps"} 3',
    'apiserver_cache_list_fetched_objects_total{group="",index="",resource="configmaps"} 9',
    'apiserver_cache_list_returned_objects_total{group="",resource="configmaps"} 6',
    // One filled the cache.
    'apiserver_storage_list_total{group="",resource="configmaps"} 2',
    'apiserver_storage_list_fetched_objects_total{group="",resource="configmaps"} 1',
    'apiserver_storage_list_evaluated_objects_total{group="",resource="configmaps"} 1',
    'apiserver_storage_list_returned_objects_total{group="",resource="configmaps"} 1',
    'apiserver_watch_cache_consistent_read_total{fallback="false",group="",resource="configmaps",success="true"} 3',
    'apiserver_watch_cache_read_wait_seconds_count{group="",resource="configmaps"} 3',
  ]) {
    expect(lines).toContain(line);
  }
});

test('caches tell of what they were told, and how far they are', async () => {
  await using api = await start();
  const created = await api.request('POST', PATH, { body: configMap('a') });
  const { metadata } = created.json<{ metadata: { resourceVersion: string } }>();
  using watch = await api.watch(`${PATH}?watch=1&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan`);
  expect((await watch.next())?.type).toBe('ADDED');
  expect((await watch.next())?.type).toBe('BOOKMARK');
  const lines = await metricsOf(api);
  for (const line of [
    'apiserver_watch_cache_events_received_total{group="",resource="configmaps"} 1',
    'apiserver_watch_cache_events_dispatched_total{group="",resource="configmaps"} 1',
    'apiserver_storage_events_received_total{group="",resource="configmaps"} 1',
    'apiserver_watch_cache_initializations_total{group="",resource="configmaps"} 1',
    `apiserver_watch_cache_resource_version{group="",resource="configmaps"} ${metadata.resourceVersion}`,
    'watch_cache_capacity{group="",resource="configmaps"} 8192',
    'apiserver_watch_list_duration_seconds_count{group="",version="v1",resource="configmaps",scope="namespace"} 1',
  ]) {
    expect(lines).toContain(line);
  }
  // The bookmark is no event.
  expect(lines).toContain('apiserver_init_events_total{group="",resource="configmaps"} 1');
});

test('an object that cannot be read is counted', async () => {
  await using api = await start();
  await api.store.txn({ compare: [], success: [{ op: 'put', key: '/registry/configmaps/default/broken', value: Buffer.from('{') }] });
  await api.request('GET', PATH);
  expect(await metricsOf(api)).toContain('apiserver_storage_decode_errors_total{group="",resource="configmaps"} 1');
});

test('requests are timed in each filter, and their bodies measured', async () => {
  await using api = await start();
  await api.request('POST', `${PATH}?fieldValidation=Strict`, { body: configMap('a') });
  await api.request('PUT', `${PATH}/a`, { body: { ...configMap('a'), data: { text: 'x'.repeat(60_000) } } });
  await api.request('DELETE', `${PATH}/a`);
  await api.request('DELETE', PATH, { body: { kind: 'DeleteOptions', apiVersion: 'v1' } });
  const lines = await metricsOf(api);
  for (const filter of ['audit', 'authentication', 'authorization', 'impersonation', 'priorityandfairness']) {
    // Those before, and this one.
    expect(lines).toContain(`apiserver_request_filter_duration_seconds_count{filter="${filter}"} 5`);
  }
  for (const line of [
    'apiserver_request_body_size_bytes_bucket{group="",resource="configmaps",verb="create",le="50000"} 1',
    'apiserver_request_body_size_bytes_bucket{group="",resource="configmaps",verb="update",le="50000"} 0',
    'apiserver_request_body_size_bytes_bucket{group="",resource="configmaps",verb="update",le="150000"} 1',
    'apiserver_request_body_size_bytes_count{group="",resource="configmaps",verb="delete_collection"} 1',
    // Who deletes may say nothing of how, and has said as much.
    'apiserver_request_body_size_bytes_count{group="",resource="configmaps",verb="delete"} 1',
    'apiserver_resource_size_estimate_bytes{group="",resource="namespaces"} 0',
    'apiserver_nodeport_repair_reconcile_errors_total 0',
    'kube_apiserver_pod_logs_backend_tls_failure_total 0',
    'version_info{component="kube",binary="1.34.9",emulation="1.34",min_compat="1.33"} 1',
    'field_validation_request_duration_seconds_count{field_validation="Strict"} 0',
    'field_validation_request_duration_seconds_count{field_validation=""} 0',
    'apiserver_current_inqueue_requests{request_kind="mutating"} 0',
    'apiserver_current_inqueue_requests{request_kind="readOnly"} 0',
    'apiserver_audit_event_total 0',
    'apiserver_audit_requests_rejected_total 0',
  ]) {
    expect(lines).toContain(line);
  }
  expect(lines.find((line) => line.startsWith('kubernetes_build_info{'))).toContain('git_version="v1.34.9"');
});

test('requests for what containers have written are counted by whether kubelets are to be verified', async () => {
  await using api = await startTestServer({ strategies: { '/pods': plainStrategy(), '/namespaces': plainStrategy() } });
  const path = '/api/v1/namespaces/default/pods/none/log';
  await api.request('GET', path);
  await api.request('GET', `${path}?insecureSkipTLSVerifyBackend=true`);
  const lines = await metricsOf(api);
  expect(lines).toContain('kube_apiserver_pod_logs_insecure_backend_total{usage="enforce_tls"} 1');
  expect(lines).toContain('kube_apiserver_pod_logs_insecure_backend_total{usage="skip_tls_allowed"} 1');
});

test('a connection on which nobody speaks TLS is counted', async () => {
  await using api = await start();
  expect(await metricsOf(api)).toContain('apiserver_tls_handshake_errors_total 0');
  const socket = connect(api.server.port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.end('GET / HTTP/1.1\r\n\r\n');
  await expect.poll(() => metricsOf(api)).toContain('apiserver_tls_handshake_errors_total 1');
  socket.destroy();
});

test('cluster IPs and node ports are counted by who chose them', async () => {
  const allocations = new AllocationMetrics(systemClock);
  const options = { serviceClusterIpRange: '10.0.0.0/24', serviceNodePortRange: { from: 30000, to: 30003 }, eventTtlSeconds: 1 };
  await using api = await startTestServer({
    strategies: (objects) => ({ '/services': serviceStrategy({ ...options, objects, allocations }), '/namespaces': plainStrategy() }),
    serves: ['/services', '/namespaces'],
    documents: () => ({ ...quiet, strategyMetrics: allocations }),
  });
  const create = async (name: string, spec: object) => {
    const body = { metadata: { name }, spec: { ports: [{ port: 80 }], ...spec } };
    return (await api.request('POST', '/api/v1/namespaces/default/services', { body })).status;
  };
  expect(await create('a', {})).toBe(201);
  expect(await create('b', { clusterIP: '10.0.0.5', type: 'NodePort', ports: [{ port: 80, nodePort: 30001 }] })).toBe(201);
  expect(await create('c', { clusterIP: '10.0.0.5' })).toBe(422);
  expect(await create('d', { type: 'NodePort', ports: [{ port: 80, nodePort: 30001 }] })).toBe(422);
  expect(await create('e', { type: 'NodePort', ports: [{ port: 80, nodePort: 80 }] })).toBe(422);
  expect(await create('f', { type: 'NodePort' })).toBe(201);
  const lines = await metricsOf(api);
  const ips = 'kube_apiserver_clusterip_allocator';
  const ports = 'kube_apiserver_nodeport_allocator';
  for (const line of [
    `${ips}_allocation_total{cidr="10.0.0.0/24",scope="dynamic"} 2`,
    `${ips}_allocation_total{cidr="10.0.0.0/24",scope="static"} 1`,
    `${ips}_allocation_errors_total{cidr="10.0.0.0/24",scope="static"} 1`,
    `${ips}_allocation_duration_seconds_count{cidr="10.0.0.0/24"} 3`,
    `${ips}_allocated_ips{cidr="10.0.0.0/24"} 3`,
    `${ips}_available_ips{cidr="10.0.0.0/24"} 251`,
    `${ports}_allocation_total{scope="dynamic"} 1`,
    `${ports}_allocation_total{scope="static"} 1`,
    `${ports}_allocation_errors_total{scope="static"} 2`,
    `${ports}_allocated_ports 2`,
    `${ports}_available_ports 2`,
  ]) {
    expect(lines).toContain(line);
  }
});

test('who decides is told by sort and name, unless there is no opinion', async () => {
  const metrics = new AccessMetrics();
  const deny = {
    authorize: () => ({ allowed: false, denied: true, reason: '' }),
    rulesFor: () => ({ resourceRules: [], nonResourceRules: [] }),
  };
  const authorizer = createAuthorizer({
    objects: new ObjectsInMemory(),
    chain: () => ['RBAC', { ...deny, identity: { type: 'Webhook', name: 'strict' } }],
    decisions: metrics.decisions,
  });
  const user = { name: 'eve', groups: [] };
  const asked = { user, verb: 'get', resourceRequest: true, path: '', namespace: '', version: 'v1', subresource: '', name: '' };
  await authorizer.authorize({ ...asked, ...coreKinds.configmaps });
  await authorizer.authorize({ ...asked, ...coreKinds.configmaps, user: { name: 'root', groups: ['system:masters'] } });
  expect(metrics.decisions.lines().slice(2)).toEqual([
    'apiserver_authorization_decisions_total{decision="denied",type="Webhook",name="strict"} 1',
  ]);
});

test('comparisons of written objects are counted by how far one had to look', async () => {
  await using api = await start();
  const body = configMap('a');
  await api.request('POST', PATH, { body });
  const put = (data: object, manager: string) => api.request('PUT', `${PATH}/a?fieldManager=${manager}`, { body: { ...body, data } });
  await put({ a: '1' }, 'one');
  await put({ a: '2' }, 'two');
  const counts = (await metricsOf(api)).filter((line) => line.startsWith('apiserver_request_timestamp_comparison_time_count'));
  expect(counts).toEqual(['apiserver_request_timestamp_comparison_time_count{code_path="unequal_objects_fast"} 2']);
});

test('certificates that were asked for with a duration are counted, and those that have it', async () => {
  const certificates = new CertificateMetrics();
  await using api = await startTestServer({
    strategies: { 'certificates.k8s.io/certificatesigningrequests': countedSigningRequests(certificates) },
    documents: () => ({ ...quiet, strategyMetrics: certificates }),
  });
  const requests = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
  const now = systemClock.now();
  const life = { notBeforeMs: now - 60_000, notAfterMs: now + 3_600_000 };
  const pem = issueCertificate({ subject: { commonName: 'bob' }, key: generateKey(), use: 'client', ...life });
  const certificate = Buffer.from(pem).toString('base64');
  const ask = async (name: string, more: object, dryRun = '') => {
    const spec = { request: REQUEST_OF_DEVS, usages: ['client auth'], signerName: 'example.com/signer', ...more };
    const created = await api.request('POST', requests, { body: { metadata: { name }, spec } });
    expect(created.status, created.text).toBe(201);
    const headers = { 'content-type': 'application/merge-patch+json' };
    for (const status of [{ certificate }, { conditions: [] }]) {
      const answer = await api.request('PATCH', `${requests}/${name}/status${dryRun}`, { body: { status }, headers });
      expect(answer.status, answer.text).toBe(200);
    }
  };
  await ask('of-no-length', {});
  await ask('of-another-length', { expirationSeconds: 86_400 });
  await ask('as-long', { expirationSeconds: 3600, signerName: 'kubernetes.io/kube-apiserver-client' });
  await ask('for-show', { expirationSeconds: 600 }, '?dryRun=All');
  expect((await metricsOf(api)).filter((line) => /^apiserver_certificates_registry_csr_\w+\{/.test(line))).toEqual([
    'apiserver_certificates_registry_csr_honored_duration_total{signerName="kubernetes.io/kube-apiserver-client"} 1',
    'apiserver_certificates_registry_csr_requested_duration_total{signerName="other"} 1',
    'apiserver_certificates_registry_csr_requested_duration_total{signerName="kubernetes.io/kube-apiserver-client"} 1',
  ]);
});
