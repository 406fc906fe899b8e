import { describe, expect, test } from 'vitest';
import { generateKey, issueCertificate, keyToPem } from '../../../../runtime/index.ts';
import { FakeApiServer } from '../../../testing/fake-api-server.ts';
import { FakeDirectory } from '../../../testing/fake-directory.ts';
import { mounted, TestRuntime } from '../../../testing/runtime-harness.ts';

const INGRESSES = '/apis/networking.k8s.io/v1/ingresses';
const CONFIG = '/api/v1/configmaps';
const PREFIX = 'nginx.ingress.kubernetes.io';
const TOKEN = { name: 'token', files: () => Promise.resolve(new Map([['token', { content: Buffer.from('secret'), mode: 0o644 }]])) };
const CERTIFICATE = certificateFor('ingress-nginx-controller-admission');
const ENVIRONMENT = new Map([
  ['KUBERNETES_SERVICE_HOST', '10.96.0.1'],
  ['KUBERNETES_SERVICE_PORT', '443'],
  ['POD_NAME', 'controller'],
  ['POD_NAMESPACE', 'ingress-nginx'],
]);

function certificateFor(host: string): { readonly cert: string; readonly key: string } {
  const key = generateKey();
  const times = { notBeforeMs: Date.UTC(2020, 0), notAfterMs: Date.UTC(2050, 0) };
  return { cert: issueCertificate({ subject: { commonName: host }, key, use: 'server', hosts: [host], ...times }), key: keyToPem(key) };
}

/** A path of a host, and the Service that answers it. */
interface Wish {
  readonly host?: string;
  readonly path?: string;
  readonly pathType?: string;
  readonly service?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly spec?: object;
}

const ingress = (
  name: string,
  { host = 'foo.com', path = '/', pathType = 'Prefix', service = 'web', annotations = {}, spec }: Wish = {},
) => ({
  metadata: {
    name,
    namespace: 'default',
    annotations: Object.fromEntries(Object.entries(annotations).map(([key, value]) => [`${PREFIX}/${key}`, value])),
  },
  spec: {
    ingressClassName: 'nginx',
    rules: [{ host, http: { paths: [{ path, pathType, backend: { service: { name: service, port: { number: 80 } } } }] } }],
    ...spec,
  },
});

/** A cluster with the controller, a Service `web` of one pod, and a client. */
async function cluster({ args = [], config = {} }: { readonly args?: readonly string[]; readonly config?: Record<string, string> } = {}) {
  const api = new FakeApiServer();
  const directory = new FakeDirectory();
  const node = new TestRuntime({ directory });
  Object.assign(node.host, { apiServer: api });
  const ports = [{ port: 443 }];
  directory.add('kubernetes', { clusterIP: '10.96.0.1', clusterIPs: ['10.96.0.1'], ports }, [{ addresses: ['192.0.2.1'] }], 6443);
  const serve = async (service: string, image: string, port: number) => {
    const sandbox = node.sandbox({ name: service });
    await node.start(sandbox, { image, ports: [{ name: 'http', containerPort: port, protocol: 'TCP' }] });
    const ip = node.runtime.podSandboxStatus(sandbox)?.ip ?? '';
    api.put('/api/v1/services', { metadata: { name: service, namespace: 'default' }, spec: { ports: [{ port: 80 }] } } as never);
    const labels = { 'kubernetes.io/service-name': service };
    api.put('/apis/discovery.k8s.io/v1/endpointslices', {
      metadata: { name: service, namespace: 'default', labels },
      endpoints: [{ addresses: [ip] }],
      ports: [{ name: '', port, protocol: 'TCP' }],
    } as never);
    return ip;
  };
  await serve('web', 'registry.k8s.io/echoserver:1.10', 8080);
  api.put('/apis/networking.k8s.io/v1/ingressclasses', {
    metadata: { name: 'nginx' },
    spec: { controller: 'k8s.io/ingress-nginx' },
  } as never);
  api.put('/api/v1/pods', {
    metadata: { name: 'controller', namespace: 'ingress-nginx' },
    spec: { containers: [{ image: 'registry.k8s.io/ingress-nginx/controller:v1.13.2@sha256:0' }] },
  } as never);
  api.put(CONFIG, { metadata: { name: 'config', namespace: 'ingress-nginx' }, data: config } as never);
  const files = new Map(Object.entries(CERTIFICATE).map(([name, text]) => [name, { content: Buffer.from(text), mode: 0o644 }]));
  const sandbox = node.sandbox({ name: 'controller', namespace: 'ingress-nginx' });
  const id = await node.start(sandbox, {
    image: 'registry.k8s.io/ingress-nginx/controller:v1.13.2',
    args: [
      '/nginx-ingress-controller',
      '--configmap=ingress-nginx/config',
      '--election-id=ingress-nginx-leader',
      '--publish-status-address=192.0.2.7',
      '--validating-webhook=:8443',
      '--validating-webhook-certificate=/certs/cert',
      '--validating-webhook-key=/certs/key',
      ...args,
    ],
    environment: () => Promise.resolve(ENVIRONMENT),
    mounts: [
      mounted(TOKEN, '/var/run/secrets/kubernetes.io/serviceaccount', { readOnly: true }),
      mounted({ name: 'certs', files: () => Promise.resolve(files) }, '/certs', { readOnly: true }),
    ],
  });
  await node.pass(1);
  const ip = node.runtime.podSandboxStatus(sandbox)?.ip ?? '';
  const client = await node.start(node.sandbox({ name: 'client' }), { image: 'nicolaka/netshoot', command: ['sleep', '100000'] });
  const curl = (options: string, path = '/', scheme = 'http') => node.say(client, `curl -s ${options} ${scheme}://${ip}${path}`, 3);
  const add = async (...all: readonly ReturnType<typeof ingress>[]) => {
    for (const each of all) api.put(INGRESSES, each as never);
    await node.pass(1);
  };
  return { api, node, id, ip, curl, add, serve, sandbox };
}

const statusOf = (text: string): string => /^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? text;

describe('ingress-nginx in a pod', () => {
  test('serves what its Ingresses say, with the headers that backends know', async () => {
    const { curl, add } = await cluster();
    expect(await curl('-i -H "Host: foo.com"')).toContain('<hr><center>nginx</center>');
    await add(ingress('web'));
    const answer = await curl('-H "Host: foo.com" -H "X-Forwarded-For: 9.9.9.9"', '/bar?x=1');
    expect(answer).toContain('real path=/bar?x=1');
    for (const line of [
      'host: foo.com',
      'x-forwarded-host: foo.com',
      'x-forwarded-port: 80',
      'x-scheme: http',
      'x-original-forwarded-for: 9.9.9.9',
    ])
      expect(answer).toContain(`${line}\n`);
    expect(answer).toMatch(/x-real-ip: 10\.244\.0\.\d+\nx-forwarded-for: 10\.244\.0\.\d+\n/);
    expect(answer).toMatch(/x-request-id: [0-9a-f]{32}\n/);
    expect(statusOf(await curl('-i -H "Host: other.com"'))).toBe('404');
  });

  test('writes its log, events on Ingresses, its Lease and addresses', async () => {
    const { api, node, id, curl, add } = await cluster();
    await add(ingress('web'), { ...ingress('other'), spec: { ...ingress('other').spec, ingressClassName: 'traefik' } });
    await curl('-A test -H "Host: foo.com"', '/a');
    const log = await node.log(id);
    expect(log).toContain('  Release:       v1.13.2\n');
    expect(log).toMatch(/!I\d{4} \d\d:.* store\.go:443\] "Found valid IngressClass" ingress="default\/web" ingressclass="nginx"\n/);
    expect(log).toContain('"Ignoring ingress because of error while validating ingress class" ingress="default/other"');
    expect(log).toMatch(
      /\n10\.244\.0\.\d+ - - \[[^\]]+ \+0000\] "GET \/a HTTP\/1\.1" 200 \d+ "-" "test" \d+ 0\.000 \[default-web-80\] \[\] 10\.244\.0\.\d+:8080 \d+ 0\.000 200 [0-9a-f]{32}\n/,
    );
    const events = api.all('/api/v1/events') as unknown as {
      reason: string;
      message: string;
      involvedObject: { name: string };
      count: number;
    }[];
    expect(events.map(({ reason, message, involvedObject }) => `${involvedObject.name} ${reason}: ${message}`).sort()).toEqual([
      'config CREATE: ConfigMap ingress-nginx/config',
      'controller RELOAD: NGINX reload triggered due to a change in configuration',
      'web Sync: Scheduled for sync',
    ]);
    // The status that it writes is a change, too.
    expect(events.find(({ reason }) => reason === 'Sync')?.count).toBe(2);
    expect(api.all('/apis/coordination.k8s.io/v1/leases')).toMatchObject([{ spec: { holderIdentity: 'controller' } }]);
    expect(api.all(INGRESSES)).toMatchObject([
      { status: { loadBalancer: { ingress: [{ ip: '192.0.2.7' }] } } },
      { metadata: { name: 'other' } },
    ]);
  });

  test('sends to TLS where a host has a certificate, and says so on TLS', async () => {
    const { curl, add } = await cluster();
    await add(
      ingress('web', { spec: { tls: [{ hosts: ['foo.com'] }] } }),
      ingress('forced', { host: 'forced.com', annotations: { 'force-ssl-redirect': 'true' } }),
    );
    const redirect = await curl('-i -H "Host: foo.com"', '/a/?b');
    expect(statusOf(redirect)).toBe('308');
    expect(redirect).toContain('Location: https://foo.com/a/?b\r\n');
    expect(statusOf(await curl('-i -H "Host: forced.com"'))).toBe('308');
    const secure = await curl('-k -i -H "Host: foo.com"', '/a', 'https');
    expect(secure).toContain('Strict-Transport-Security: max-age=31536000; includeSubDomains\r\n');
    expect(secure).toContain('x-forwarded-port: 443\nx-forwarded-proto: https\n');
  });

  test('has nginx’s pages for backends that are not there, and follows them as they come and go', async () => {
    const { api, node, curl, add } = await cluster();
    await add(ingress('none', { service: 'later' }));
    expect(await curl('-i -H "Host: foo.com"')).toContain('<h1>503 Service Temporarily Unavailable</h1>');
    api.put('/api/v1/services', { metadata: { name: 'later', namespace: 'default' }, spec: { ports: [{ port: 80 }] } } as never);
    api.put('/apis/discovery.k8s.io/v1/endpointslices', {
      metadata: { name: 'later', namespace: 'default', labels: { 'kubernetes.io/service-name': 'later' } },
      endpoints: [{ addresses: ['172.18.0.2'] }],
      ports: [{ name: '', port: 9, protocol: 'TCP' }],
    } as never);
    await node.pass(1);
    expect(await curl('-i -H "Host: foo.com"')).toContain('<h1>502 Bad Gateway</h1>');
    api.delete(INGRESSES, 'default/none');
    await node.pass(1);
    expect(statusOf(await curl('-i -H "Host: foo.com"'))).toBe('404');
  });

  test.each<[string, Record<string, string>, readonly [options: string, path: string], RegExp]>([
    ['rewrite-target', { 'rewrite-target': '/$2' }, ['', '/x/a%20b?q=1'], /real path=\/a%20b\?q=1\n/],
    ['app-root', { 'app-root': '/app' }, ['', '/'], /^HTTP\/1\.1 302[\s\S]*Location: http:\/\/foo\.com\/app\r\n/],
    ['permanent-redirect', { 'permanent-redirect': 'https://x.org' }, ['', '/x/'], /^HTTP\/1\.1 301[\s\S]*Location: https:\/\/x\.org\r\n/],
    ['temporal-redirect', { 'temporal-redirect': 'https://x.org' }, ['', '/x/'], /^HTTP\/1\.1 302[\s\S]*Location: https:\/\/x\.org\r\n/],
    ['whitelist-source-range', { 'whitelist-source-range': '192.168.0.0/16' }, ['', '/x/'], /^HTTP\/1\.1 403/],
    ['denylist-source-range', { 'denylist-source-range': '10.244.0.0/16' }, ['', '/x/'], /^HTTP\/1\.1 403/],
    ['proxy-body-size', { 'proxy-body-size': '4' }, ['-d 12345', '/x/'], /^HTTP\/1\.1 413/],
    [
      'enable-cors',
      { 'enable-cors': 'true', 'cors-allow-origin': 'https://*.x.org' },
      ['-H "Origin: https://a.x.org"', '/x/'],
      /Access-Control-Allow-Origin: https:\/\/a\.x\.org\r\n/,
    ],
    ['a preflight', { 'enable-cors': 'true' }, ['-X OPTIONS', '/x/'], /^HTTP\/1\.1 204[\s\S]*Access-Control-Max-Age: 1728000\r\n/],
    ['upstream-vhost', { 'upstream-vhost': 'inner.org' }, ['', '/x/'], /\nhost: inner\.org\n/],
    ['x-forwarded-prefix', { 'rewrite-target': '/$2', 'x-forwarded-prefix': '/x' }, ['', '/x/'], /x-forwarded-prefix: \/x\n/],
    [
      'affinity',
      { affinity: 'cookie', 'session-cookie-name': 'route' },
      ['', '/x/'],
      /Set-Cookie: route=[\d.]+\|[0-9a-f]{32}; Path=\/x\(\/\|\$\)\(\.\*\); HttpOnly\r\n/,
    ],
    [
      'auth-type basic',
      { 'auth-type': 'basic', 'auth-secret': 'users', 'auth-realm': 'Members' },
      ['', '/x/'],
      /^HTTP\/1\.1 401[\s\S]*WWW-Authenticate: Basic realm="Members"\r\n/,
    ],
    ['auth-type basic, with the password', { 'auth-type': 'basic', 'auth-secret': 'users' }, ['-u foo:password', '/x/'], /^HTTP\/1\.1 200/],
    ['auth-secret that is not there', { 'auth-type': 'basic', 'auth-secret': 'absent' }, ['', '/x/'], /^HTTP\/1\.1 503/],
    ['backend-protocol that the backend does not speak', { 'backend-protocol': 'HTTPS' }, ['', '/x/'], /^HTTP\/1\.1 502/],
    [
      'custom-http-errors',
      { 'custom-http-errors': '403', 'default-backend': 'errors', 'denylist-source-range': '0.0.0.0/0' },
      ['', '/x/'],
      /x-code: 403\n[\s\S]*x-ingress-name: web\nx-service-name: web\n/,
    ],
  ])('%s', async (_, annotations, [options, path], expected) => {
    const { api, curl, add, serve } = await cluster();
    await serve('errors', 'registry.k8s.io/echoserver:1.10', 8080);
    const auth = Buffer.from('foo:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=').toString('base64');
    api.put('/api/v1/secrets', { metadata: { name: 'users', namespace: 'default' }, data: { auth } } as never);
    await add(
      ingress('web', { path: '/x(/|$)(.*)', pathType: 'ImplementationSpecific', annotations: { 'use-regex': 'true', ...annotations } }),
    );
    expect(await curl(`-i -H "Host: foo.com" ${options}`, path)).toMatch(expected);
  });

  test('limit-rps refuses what is too much, until time has passed', async () => {
    const { node, ip, add } = await cluster();
    await add(ingress('web', { annotations: { 'limit-rps': '1', 'limit-burst-multiplier': '1' } }));
    const client = await node.start(node.sandbox({ name: 'asker' }), { image: 'nicolaka/netshoot', command: ['sleep', '100000'] });
    const ask = `curl -s -o /dev/null -w '%{http_code} ' -H 'Host: foo.com' http://${ip}/`;
    expect(await node.say(client, `${ask}; ${ask}; ${ask}`)).toBe('200 200 503 ');
    await node.pass(3);
    expect(await node.say(client, ask)).toBe('200 ');
  });

  test('goes by its ConfigMap, from when it changes', async () => {
    const { api, node, id, curl, add } = await cluster({ config: { 'use-forwarded-headers': 'true' } });
    await add(ingress('web'));
    expect(await curl('-H "Host: foo.com" -H "X-Forwarded-For: 9.9.9.9" -H "X-Forwarded-Proto: https"')).toMatch(
      /x-real-ip: 9\.9\.9\.9\n[\s\S]*x-forwarded-proto: https\n/,
    );
    const data = { 'log-format-upstream': '$status $host $request_uri', 'proxy-body-size': '2' };
    api.put(CONFIG, { metadata: { name: 'config', namespace: 'ingress-nginx' }, data } as never);
    await node.pass(1);
    expect(statusOf(await curl('-i -d 123 -H "Host: foo.com"'))).toBe('413');
    expect(await node.log(id)).toContain('\n413 foo.com /\n');
  });

  test('judges Ingresses as a webhook', async () => {
    const { node, ip, add } = await cluster();
    await add(ingress('first'));
    const client = await node.start(node.sandbox({ name: 'asker' }), { image: 'nicolaka/netshoot', command: ['sleep', '100000'] });
    const ask = async (object: object) => {
      const request = { uid: 'u', name: 'second', namespace: 'default', kind: { kind: 'Ingress' }, object };
      const review = JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request });
      const text = await node.say(client, `curl -sk --json '${review}' https://${ip}:8443/networking/v1/ingresses`);
      return (JSON.parse(text) as { response: { allowed: boolean; status?: { message: string } } }).response;
    };
    expect((await ask(ingress('second', { path: '/other' }))).allowed).toBe(true);
    expect(await ask(ingress('second'))).toMatchObject({
      allowed: false,
      status: { message: 'host "foo.com" and path "/" is already defined in ingress default/first', code: 400 },
    });
    expect((await ask(ingress('second', { path: '/b', annotations: { 'server-snippet': 'return 200' } }))).status?.message).toBe(
      `${PREFIX}/server-snippet annotation cannot be used. Snippet directives are disabled by the Ingress administrator`,
    );
    expect(await ask(ingress('second', { path: '/a(.*)' }))).toMatchObject({
      warnings: ['path /a(.*) cannot be used with pathType Prefix'],
      status: { message: 'ingress contains invalid paths: path /a(.*) cannot be used with pathType Prefix' },
    });
    // Anybody may ask, and ask anything.
    const half = { metadata: { name: 'x' }, spec: { ingressClassName: 'nginx', rules: [{ http: {} }, { http: { paths: [{}] } }] } };
    expect((await ask(half)).allowed).toBe(true);
    const post = `curl -sk -o /dev/null -w '%{http_code}' --json '{"request":{"object":{},"kind":{"kind":"Ingress"}}}' https://${ip}:8443/`;
    expect(await node.say(client, post)).toBe('400');
  });

  test('is well, counts requests where it is to, and takes its addresses back when it ends', async () => {
    const { api, node, id, ip, add, curl } = await cluster({ args: ['--enable-metrics=true'] });
    await add(ingress('web'));
    await curl('-H "Host: foo.com"');
    const client = await node.start(node.sandbox({ name: 'asker' }), { script: 'sleep 100000' });
    expect(await node.say(client, `wget -qO- http://${ip}:10254/healthz`)).toBe('ok');
    expect(await node.say(client, `wget -qO- http://${ip}:10254/metrics | grep ^nginx_ingress_controller_requests`)).toMatch(
      /^nginx_ingress_controller_requests\{controller_class="k8s\.io\/ingress-nginx",.*host="foo\.com",ingress="web",method="GET",namespace="default",path="\/",service="web",status="200"\} 1\n$/,
    );
    const stopped = node.runtime.stopContainer(id, 30_000);
    await node.pass(1);
    expect(statusOf(await curl('-i -H "Host: foo.com"'))).not.toBe('200');
    await node.pass(10);
    await stopped;
    expect(node.state(id)).toBe('Completed 0');
    expect(api.all(INGRESSES)).toMatchObject([{ status: { loadBalancer: { ingress: [] } } }]);
  });
});
