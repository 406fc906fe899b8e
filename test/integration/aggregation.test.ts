// Another API server behind ours: who is told what, and what becomes of requests when it is not there.
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import https, { request } from 'node:https';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AggregatedServer, GROUP, type SeenRequest, startAggregatedServer, VERSION } from '../support/aggregated-server.ts';
import { type ApiServerProcess, startApiServer } from '../support/api-server.ts';
import { findKubectls, kubectlOf } from '../support/cluster.ts';

const SERVICES = '/apis/apiregistration.k8s.io/v1/apiservices';
const NAME = `${VERSION}.${GROUP}`;
const BASE = `/apis/${GROUP}/${VERSION}`;
const FLUNDERS = `${BASE}/namespaces/default/flunders`;
const V2 = { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' };
const service = { name: 'wardle', namespace: 'default' };

let server: ApiServerProcess;
let other: AggregatedServer;
beforeAll(async () => {
  server = await startApiServer({ args: ['--ephemeral', '--log-level=error'] });
  other = await startAggregatedServer(pki('front-proxy-ca.crt'), service);
});
afterAll(async () => {
  await other[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const pki = (file: string): string => readFileSync(join(server.directory, 'pki', file), 'utf8');
const apiService = (change: object = {}) => ({
  apiVersion: 'apiregistration.k8s.io/v1',
  kind: 'APIService',
  metadata: { name: NAME },
  spec: {
    group: GROUP,
    version: VERSION,
    groupPriorityMinimum: 2000,
    versionPriority: 10,
    service: { ...service, port: other.port },
    caBundle: other.caBundle,
    ...change,
  },
});
const kubeService = (spec: object) => ({ apiVersion: 'v1', kind: 'Service', metadata: { name: service.name }, spec });
const availability = async () => (await server.call('GET', `${SERVICES}/${NAME}`)).body.status.conditions?.[0];
const untilAvailable = (status: 'True' | 'False', reason: string) =>
  expect.poll(availability).toMatchObject({ type: 'Available', status, reason });
/** The last request that the other server was sent by a client. */
const lastSeen = (): SeenRequest => {
  const found = other.seen.findLast(({ headers }) => headers['user-agent'] !== 'kube-apiserver');
  if (!found) throw new Error('the other server has seen nothing');
  return found;
};
const valuesOf = ({ rawHeaders }: SeenRequest, name: string): string[] =>
  rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === name);

describe('what is served here', () => {
  const widgets = (served: boolean) => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Cluster',
      names: { plural: 'widgets', kind: 'Widget' },
      versions: [
        { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
        { name: 'v2', served, storage: false, schema: { openAPIV3Schema: { type: 'object' } } },
      ],
    },
  });
  const labelOf = async (name: string) =>
    (await server.call('GET', `${SERVICES}/${name}`)).body.metadata?.labels?.['kube-aggregator.kubernetes.io/automanaged'];

  it('has its APIServices, kept in step with definitions', async () => {
    expect(await labelOf('v1.')).toBe('onstart');
    await server.call('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', widgets(false));
    await expect.poll(() => labelOf('v1.example.com')).toBe('true');
    expect((await server.call('GET', `${SERVICES}/v2.example.com`)).status).toBe(404);
    expect((await server.call('GET', '/apis/example.com')).body.versions).toEqual([{ groupVersion: 'example.com/v1', version: 'v1' }]);
    const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.com';
    await server.call('PATCH', path, widgets(true), { 'content-type': 'application/merge-patch+json' });
    await expect.poll(() => labelOf('v2.example.com')).toBe('true');
    expect((await server.call('GET', '/apis/example.com')).body.preferredVersion.version).toBe('v2');

    await server.call('DELETE', `${SERVICES}/v1.example.com`);
    await expect.poll(() => labelOf('v1.example.com')).toBe('true');
    await server.call(
      'PATCH',
      `${SERVICES}/v1.example.com`,
      { spec: { versionPriority: 7 } },
      { 'content-type': 'application/merge-patch+json' },
    );
    const priority = async () => (await server.call('GET', `${SERVICES}/v1.example.com`)).body.spec.versionPriority;
    await expect.poll(priority).toBe(100);

    await server.call('DELETE', path);
    await expect.poll(() => labelOf('v1.example.com')).toBeUndefined();
    await expect.poll(async () => (await server.call('GET', '/apis/example.com')).status).toBe(404);
  });

  it('is told of as long as its APIServices are there; those that are made on start are not made again', async () => {
    const groups = async () => (await server.call('GET', '/apis')).body.groups.map(({ name }: { name: string }) => name);
    expect((await groups()).slice(0, 2)).toEqual(['apiregistration.k8s.io', 'apps']);
    await server.call('DELETE', `${SERVICES}/v1.node.k8s.io`);
    await expect.poll(groups).not.toContain('node.k8s.io');
    expect((await server.call('GET', '/apis/node.k8s.io/v1/runtimeclasses')).status).toBe(200);
    expect((await server.call('GET', '/apis/node.k8s.io')).body.name).toBe('node.k8s.io');
  });
});

it('the availability of another server follows its Service', async () => {
  await server.call('POST', SERVICES, apiService());
  await untilAvailable('False', 'ServiceNotFound');
  expect((await availability()).message).toBe('service/wardle in "default" is not present');
  expect(await server.call('GET', FLUNDERS)).toMatchObject({ status: 503, text: 'service unavailable\n' });
  await server.call('POST', '/api/v1/namespaces/default/services', kubeService({ ports: [{ name: 'https', port: 1 }] }));
  await untilAvailable('False', 'ServicePortError');
  expect((await availability()).message).toBe(`service/wardle in "default" is not listening on port ${other.port}`);
  const ports = { spec: { ports: [{ name: 'https', port: other.port }] } };
  await server.call('PATCH', '/api/v1/namespaces/default/services/wardle', ports, { 'content-type': 'application/merge-patch+json' });
  await untilAvailable('False', 'EndpointsNotFound');
  expect((await availability()).message).toBe('cannot find endpointslices for service/wardle in "default"');
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'wardle', labels: { 'kubernetes.io/service-name': 'wardle' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.1.2.3'], conditions: { ready: false } }],
    ports: [{ name: 'https', port: 1 }],
  };
  await server.call('POST', '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', slice);
  await untilAvailable('False', 'MissingEndpoints');
  expect((await availability()).message).toBe('endpointslices for service/wardle in "default" have no addresses with port name "https"');
  await server.call('DELETE', '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/wardle');
  // From here on by a name: a machine may have no other address than its loopback, which no slice can have.
  await server.call('DELETE', '/api/v1/namespaces/default/services/wardle');
  await server.call('POST', '/api/v1/namespaces/default/services', kubeService({ type: 'ExternalName', externalName: 'localhost' }));
  await untilAvailable('True', 'Passed');
  expect((await availability()).message).toBe('all checks passed');
  const probe = other.seen.find(({ url }) => url === BASE);
  expect(probe).toMatchObject({
    proxy: 'front-proxy-client',
    headers: { 'x-remote-user': 'system:kube-aggregator', 'x-remote-group': 'system:masters' },
  });
});

describe('requests passed on', () => {
  it('are answered, watches as they come', async () => {
    using watch = await server.watch(`${FLUNDERS}?watch=1`);
    const body = { metadata: { name: 'a' } };
    expect(await server.call('POST', FLUNDERS, body)).toMatchObject({ status: 201, body: { kind: 'Flunder', metadata: { name: 'a' } } });
    await expect.poll(() => watch.frames).toEqual([expect.stringMatching(/^ADDED a /)]);
    expect((await server.call('GET', FLUNDERS)).body.items).toHaveLength(1);
    expect((await server.call('GET', `${FLUNDERS}/nope`)).status).toBe(404);
    expect((await server.call('GET', BASE)).body.groupVersion).toBe(`${GROUP}/${VERSION}`);
    // What is ours stays ours.
    expect((await server.call('GET', `/apis/${GROUP}/v9/flunders`)).status).toBe(404);
  });

  it('say who makes them, whatever the client says, and carry no credentials', async () => {
    const forged = {
      'X-Remote-User': 'system:admin',
      'x-remote-uid': 'forged',
      'X-REMOTE-GROUP': 'system:masters',
      'X-Remote-Extra-Scopes': 'all',
      'X-Forwarded-Host': 'forged',
      Connection: 'close, X-Own',
      'X-Own': 'hop',
      'X-Kept': 'kept',
    };
    const answer = await server.call('GET', `${FLUNDERS}/a?b=2&a=1`, undefined, forged);
    expect(answer.status).toBe(200);
    const seen = lastSeen();
    expect(seen.proxy).toBe('front-proxy-client');
    expect(seen.url).toBe(`${FLUNDERS}/a?b=2&a=1`);
    expect(valuesOf(seen, 'x-remote-user')).toEqual(['admin']);
    expect(valuesOf(seen, 'x-remote-uid')).toEqual(['admin']);
    expect(valuesOf(seen, 'x-remote-group')).toEqual(['system:masters', 'system:authenticated']);
    expect(Object.keys(seen.headers).filter((name) => name.startsWith('x-remote-extra'))).toEqual([]);
    expect(seen.headers).not.toHaveProperty('authorization');
    expect(seen.headers).not.toHaveProperty('x-own');
    expect(seen.headers).toMatchObject({
      host: `localhost:${other.port}`,
      'x-kept': 'kept',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': `localhost:${other.port}`,
      'x-forwarded-uri': `${FLUNDERS}/a`,
      'x-forwarded-for': expect.stringContaining('127.0.0.1'),
      'audit-id': answer.headers['audit-id'],
    });
  });

  it('are for whom the client is allowed to be', async () => {
    const impersonation = {
      'Impersonate-User': 'jané',
      'Impersonate-Uid': 'u1',
      'Impersonate-Group': 'devs',
      'Impersonate-Extra-acme.com%2fproject': 'x',
    };
    const headers = { ...impersonation, 'Impersonate-User': Buffer.from('jané').toString('latin1') };
    // Nobody but administrators may do anything here.
    expect((await server.call('GET', `${FLUNDERS}/a`, undefined, headers)).status).toBe(403);
    const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: { name: 'devs' } };
    const subjects = [{ kind: 'Group', name: 'devs', apiGroup: 'rbac.authorization.k8s.io' }];
    const roleRef = { kind: 'ClusterRole', name: 'cluster-admin', apiGroup: 'rbac.authorization.k8s.io' };
    await server.call('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', { ...role, subjects, roleRef });
    expect((await server.call('GET', `${FLUNDERS}/a`, undefined, headers)).status).toBe(200);
    const seen = lastSeen();
    expect(valuesOf(seen, 'x-remote-group')).toEqual(['devs', 'system:authenticated']);
    expect(Buffer.from(seen.headers['x-remote-user']?.toString() ?? '', 'latin1').toString()).toContain('jan');
    expect(seen.headers).toMatchObject({ 'x-remote-uid': 'u1', 'x-remote-extra-acme.com%2fproject': 'x' });
    expect(Object.keys(seen.headers).filter((name) => name.startsWith('impersonate'))).toEqual([]);
  });

  it('lead nowhere else', async () => {
    expect(await server.call('GET', `${BASE}/elsewhere`)).toMatchObject({
      status: 502,
      text: 'the backend attempted to redirect this request, which is not permitted',
    });
    // A slash in disguise is not theirs to read otherwise.
    expect((await server.call('GET', `${FLUNDERS}/a%2Fstatus`)).status).toBe(404);
  });

  it('become other connections only where the other server agrees', async () => {
    const echoed = await upgrade(`${BASE}/echo`, 'hello');
    expect(echoed).toEqual({ status: 101, text: 'hello' });
    expect(lastSeen().headers).toMatchObject({ 'x-remote-user': 'admin', upgrade: 'echo' });
    const before = other.seen.length;
    const smuggled = `GET ${FLUNDERS}/a HTTP/1.1\r\nHost: x\r\nX-Remote-User: system:admin\r\n\r\n`;
    expect(await upgrade(`${BASE}/refused`, smuggled)).toEqual({ status: 403, text: 'no' });
    expect(other.seen.slice(before).filter(({ url }) => url === `${FLUNDERS}/a`)).toEqual([]);
  });
});

/** Asks for another protocol; sends a text once it is spoken, or after a refusal. */
function upgrade(path: string, text: string): Promise<{ status: number | undefined; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: 'Bearer admintoken', connection: 'Upgrade', upgrade: 'echo' };
    const asked = request(`${server.url}${path}`, { headers, agent: false, rejectUnauthorized: false });
    asked.on('error', reject);
    asked.on('upgrade', (response: IncomingMessage, socket) => {
      socket.once('data', (data: Buffer) => {
        resolve({ status: response.statusCode, text: data.toString() });
        socket.destroy();
      });
      socket.write(text);
    });
    asked.on('response', (response) => {
      response.socket.write(text);
      void response.toArray().then((chunks) => resolve({ status: response.statusCode, text: Buffer.concat(chunks).toString() }));
    });
    asked.end();
  });
}

describe('documents', () => {
  interface Group {
    metadata: { name?: string };
    versions: { version: string; freshness: string; resources?: { resource: string }[] }[];
  }
  const groups = async (): Promise<Group[]> => (await server.call('GET', '/apis', undefined, V2)).body.items;
  const ours = async () => (await groups()).find(({ metadata }) => metadata.name === GROUP)?.versions;

  it('tell of what the other server serves', async () => {
    await expect.poll(ours).toEqual([expect.objectContaining({ version: VERSION, freshness: 'Current' })]);
    expect((await ours())?.[0]?.resources?.map(({ resource }) => resource)).toEqual(['flunders']);
    const legacy = (await server.call('GET', '/apis')).body.groups;
    expect(legacy.at(-1)).toEqual({
      name: GROUP,
      versions: [{ groupVersion: `${GROUP}/${VERSION}`, version: VERSION }],
      preferredVersion: { groupVersion: `${GROUP}/${VERSION}`, version: VERSION },
    });
  });

  it('are made of what an older server has', async () => {
    other.aggregates = false;
    await server.call(
      'PATCH',
      `${SERVICES}/${NAME}`,
      { spec: { versionPriority: 11 } },
      { 'content-type': 'application/merge-patch+json' },
    );
    const resource = { resource: 'flunders', scope: 'Namespaced', subresources: [expect.objectContaining({ subresource: 'status' })] };
    await expect.poll(async () => (await ours())?.[0]?.resources).toEqual([expect.objectContaining(resource)]);
    other.aggregates = true;
  });

  it('have its OpenAPI, with names of its own where ours mean something else', async () => {
    const document = `apis/${GROUP}/${VERSION}`;
    const index = async () => (await server.call('GET', '/openapi/v3')).body.paths[document];
    await expect.poll(index).toEqual({ serverRelativeURL: `/openapi/v3/${document}?hash=X` });
    expect((await server.call('GET', `/openapi/v3/${document}?hash=X`)).body.info.title).toBe('wardle');
    const { definitions, paths } = (await server.call('GET', '/openapi/v2')).body;
    expect(paths).toHaveProperty([`${FLUNDERS.replace('default', '{namespace}')}`]);
    expect(definitions['com.example.wardle.v1alpha1.Flunder'].properties.metadata).toEqual({
      $ref: '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta_v2',
    });
    expect(definitions['io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta_v2'].description).toBe('in other words');
    expect(definitions).not.toHaveProperty(['com.example.unused']);
  });

  it('go on without a server that is gone, and have it again when it comes back', async () => {
    await other.close();
    // Nothing tells of it but the next look, which a change brings on.
    await server.call(
      'PATCH',
      `${SERVICES}/${NAME}`,
      { metadata: { labels: { look: 'now' } } },
      { 'content-type': 'application/merge-patch+json' },
    );
    await untilAvailable('False', 'FailedDiscoveryCheck');
    expect((await availability()).message).toMatch(
      /^failing or missing response from https:\/\/localhost:\d+\/apis\/wardle\.example\.com\/v1alpha1: Get "https:.*": dial tcp .*: connect: connection refused$/,
    );
    expect(await server.call('GET', FLUNDERS)).toMatchObject({ status: 503, text: 'service unavailable\n' });
    await expect.poll(ours).toEqual([expect.objectContaining({ version: VERSION, freshness: 'Stale' })]);
    expect((await groups()).find(({ metadata }) => metadata.name === 'apps')?.versions[0]?.freshness).toBe('Current');
    expect((await server.call('GET', '/apis/apps/v1')).status).toBe(200);
    const { text: metrics } = await server.call('GET', '/metrics');
    expect(metrics).toContain(`\naggregator_unavailable_apiservice{name="${NAME}"} 1\n`);
    expect(metrics).toContain('\naggregator_unavailable_apiservice{name="v1.apps"} 0\n');
    expect(metrics).toContain(`\naggregator_unavailable_apiservice_total{name="${NAME}",reason="FailedDiscoveryCheck"} 1\n`);
    expect(JSON.parse((await server.call('GET', '/')).text)).toMatchObject({
      paths: expect.arrayContaining([`/apis/${GROUP}/${VERSION}`]),
    });
    await other.listen();
    await expect.poll(availability, { timeout: 80_000 }).toMatchObject({ status: 'True' });
    expect((await server.call('GET', `${FLUNDERS}/a`)).status).toBe(200);
  });

  it('and certificates count', async () => {
    const patch = (spec: object) =>
      server.call('PATCH', `${SERVICES}/${NAME}`, { spec }, { 'content-type': 'application/merge-patch+json' });
    await patch({ caBundle: Buffer.from(pki('ca.crt')).toString('base64') });
    await expect
      .poll(() => server.call('GET', FLUNDERS))
      .toMatchObject({ status: 503, text: expect.stringContaining('error trying to reach service: tls: failed to verify certificate') });
    await patch({ caBundle: null, insecureSkipTLSVerify: true });
    await expect.poll(async () => (await server.call('GET', FLUNDERS)).status).toBe(200);
    await patch({ caBundle: other.caBundle, insecureSkipTLSVerify: null });
    await expect.poll(async () => (await server.call('GET', FLUNDERS)).status).toBe(200);
  });
});

it.each(findKubectls())('%s uses it as any other kind', async (binary) => {
  const kubectl = kubectlOf(binary, join(server.directory, 'admin.kubeconfig'));
  expect(await kubectl('api-resources', `--api-group=${GROUP}`)).toMatch(/flunders +fl +wardle.example.com\/v1alpha1 +true +Flunder/);
  expect(await kubectl('get', 'fl', 'a', '-o', 'jsonpath={.metadata.name}')).toBe('a');
  expect(await kubectl('get', 'flunders')).toMatch(/NAME +AGE\na/);
  expect(await kubectl('get', 'apiservice', NAME)).toMatch(/v1alpha1.wardle.example.com +default\/wardle +True/);
  expect(await kubectl('get', 'apiservices')).toMatch(/v1\.apps +Local +True/);
});

describe('a front proxy before this server', () => {
  const whoAmI = async (client: { cert?: string; key?: string }, headers: Record<string, string>) => {
    const agent = new https.Agent({ rejectUnauthorized: false, ...client });
    try {
      return await new Promise<{ status: number; user: unknown }>((resolve, reject) => {
        const url = `${server.url}/apis/authentication.k8s.io/v1/selfsubjectreviews`;
        const asked = request(
          url,
          { agent, method: 'POST', headers: { 'content-type': 'application/json', ...headers } },
          async (answer) => {
            const body = JSON.parse(Buffer.concat(await answer.toArray()).toString());
            resolve({ status: answer.statusCode ?? 0, user: body.status?.userInfo });
          },
        );
        asked.on('error', reject);
        asked.end(JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }));
      });
    } finally {
      agent.destroy();
    }
  };
  const clientOf = (name: string) => ({ cert: pki(`${name}.crt`), key: pki(`${name}.key`) });

  it('names users in headers, with its certificate', async () => {
    const headers = { 'X-Remote-User': 'jane', 'X-Remote-Uid': 'u1', 'X-Remote-Group': 'devs', 'X-Remote-Extra-Acme.com%2Fproject': 'x' };
    // Uids are taken only where it was said in which header they are.
    const user = { username: 'jane', groups: ['devs', 'system:authenticated'], extra: { 'acme.com/project': ['x'] } };
    expect(await whoAmI(clientOf('front-proxy-client'), headers)).toEqual({ status: 201, user });
    expect((await whoAmI(clientOf('front-proxy-client'), {})).status).toBe(401);
  });

  it('and nobody else does', async () => {
    const headers = { 'X-Remote-User': 'jane', 'X-Remote-Group': 'system:masters' };
    expect((await whoAmI(clientOf('admin'), headers)).user).toMatchObject({ username: 'kubernetes-admin' });
    expect((await whoAmI({}, headers)).status).toBe(403);
    expect((await whoAmI({}, { ...headers, authorization: 'Bearer admintoken' })).user).toMatchObject({ username: 'admin' });
  });

  it('is what others are told to trust', async () => {
    const { data } = (await server.call('GET', '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication')).body;
    expect(data).toEqual({
      'client-ca-file': pki('ca.crt'),
      'requestheader-allowed-names': '["front-proxy-client"]',
      'requestheader-client-ca-file': pki('front-proxy-ca.crt'),
      'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
      'requestheader-group-headers': '["X-Remote-Group"]',
      'requestheader-username-headers': '["X-Remote-User"]',
    });
  });
});
