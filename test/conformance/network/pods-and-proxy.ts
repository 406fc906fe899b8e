import { expect, it } from 'vitest';
import { AGNHOST, agnhostPod, type Thing, type World } from './world.ts';

const VERBS = ['DELETE', 'OPTIONS', 'PATCH', 'POST', 'PUT'];

/** Pods and nodes reach each other (upstream `test/e2e/common/network/networking.go`). */
export function pods(world: () => World): void {
  it.concurrent('every pod is reached by HTTP and UDP, from a pod and from a node', async () => {
    const w = world();
    const ns = await w.namespace('nettest');
    const nodes: string[] = (await w.get('/api/v1/nodes')).items.map(({ metadata }: Thing) => metadata.name);
    const probe = { httpGet: { path: '/healthz', port: 8083 }, initialDelaySeconds: 0, periodSeconds: 1, failureThreshold: 3 };
    const servers = nodes.map((node, i) =>
      agnhostPod(`netserver-${i}`, ['netexec', '--http-port=8083', '--udp-port=8081'], {
        spec: { nodeName: node },
        container: {
          ports: [
            { name: 'http', containerPort: 8083 },
            { name: 'udp', containerPort: 8081, protocol: 'UDP' },
          ],
          livenessProbe: probe,
          readinessProbe: probe,
        },
      }),
    );
    const client = agnhostPod('test-container-pod', ['netexec', '--http-port=9080', '--udp-port=8081']);
    const host = agnhostPod('host-test-container-pod', ['pause'], { spec: { hostNetwork: true } });
    const [...made] = await w.pods(ns, ...servers, client, host);
    const asker = made[nodes.length].status.podIP;
    for (const [i] of nodes.entries()) {
      const { podIP } = made[i].status;
      for (const [protocol, port] of [
        ['http', 8083],
        ['udp', 8081],
      ] as const) {
        const dial = `curl -g -q -s 'http://${asker}:9080/dial?request=hostname&protocol=${protocol}&host=${podIP}&port=${port}&tries=1'`;
        await w.says({ ns, pod: 'test-container-pod', script: dial, wanted: `{"responses":["netserver-${i}"]}` });
      }
      const onHost = { ns, pod: 'host-test-container-pod', wanted: `netserver-${i}` };
      await w.says({ ...onHost, script: `curl -g -q -s --max-time 15 --connect-timeout 1 http://${podIP}:8083/hostName` });
      await w.says({ ...onHost, script: `echo hostName | nc -w 1 -u ${podIP} 8081` });
    }
  });

  it.concurrent('addresses are not translated on the way: a pod is seen as itself', async () => {
    const w = world();
    const ns = await w.namespace('no-snat');
    const env = [
      { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      { name: 'NODE_IP', valueFrom: { fieldRef: { fieldPath: 'status.hostIP' } } },
    ];
    const made = await w.pods(
      ns,
      ...['node-0', 'node-1', 'node-2'].map((nodeName, i) =>
        agnhostPod(`no-snat-${i}`, ['no-snat-test'], { spec: { nodeName }, container: { env } }),
      ),
    );
    const others = made.map(({ status }) => `${status.podIP}:8080`);
    for (const { metadata } of made) {
      const ips = others.filter((_, i) => metadata.name !== `no-snat-${i}`).join();
      // A pod without a probe is ready when it has started, which may be before it listens.
      const check = () => w.ask('GET', `${ns}/pods/${metadata.name}:8080/proxy/checknosnat?ips=${ips}`);
      await w.becomes(`addresses as ${metadata.name} sees them`, check, (answer) => answer.status === 200 && answer.text === '');
    }
  });

  it.concurrent('pods share a host port when its address or protocol is another', async () => {
    const w = world();
    const ns = await w.namespace('hostport');
    const node = await w.get('/api/v1/nodes/node-1');
    const { address } = node.status.addresses.find((one: Thing) => one.type === 'InternalIP');
    const pod = (name: string, protocol: string, hostIP: string) =>
      agnhostPod(name, ['netexec', '--http-port=8080', '--udp-port=8080'], {
        spec: { nodeName: 'node-1' },
        container: {
          ports: [{ hostPort: 54323, containerPort: 8080, protocol, hostIP }],
          readinessProbe: { httpGet: { path: '/hostname', port: 8080, scheme: 'HTTP' } },
        },
      });
    await w.pods(
      ns,
      pod('pod1', 'TCP', '127.0.0.1'),
      pod('pod2', 'TCP', address),
      pod('pod3', 'UDP', address),
      agnhostPod('e2e-host-exec', ['pause'], { spec: { hostNetwork: true, nodeName: 'node-1' } }),
    );
    const curl = async (where: string) =>
      (await w.sh(ns, 'e2e-host-exec', `curl -g --connect-timeout 5 --interface ${address} http://${where}:54323/hostname`)).stdout;
    await w.becomes(
      'pod1',
      () => curl('127.0.0.1'),
      (name) => name === 'pod1',
    );
    await w.becomes(
      'pod2',
      () => curl(address),
      (name) => name === 'pod2',
    );
    await w.becomes(
      'UDP',
      () => w.sh(ns, 'e2e-host-exec', `nc -vuz -w 5 ${address} 54323`),
      ({ code }) => code === 0,
    );
  });
}

/** What pods and services serve is reached through the API server (upstream `test/e2e/network/proxy.go`). */
export function proxy(world: () => World): void {
  it.concurrent('a service’s and a pod’s ports are reached through the API server, over TLS too, and links lead through it', async () => {
    const w = world();
    const ns = await w.namespace('proxy');
    const ports = [
      { name: 'portname1', port: 80, targetPort: 'dest1' },
      { name: 'portname2', port: 81, targetPort: 162 },
      { name: 'tlsportname1', port: 443, targetPort: 'tlsdest1' },
      { name: 'tlsportname2', port: 444, targetPort: 462 },
    ];
    await w.create(`${ns}/services`, { metadata: { name: 'svc' }, spec: { selector: { app: 'p' }, ports } });
    const env = Object.entries({
      SERVE_PORT_80: '<a href="/rewriteme">test</a>',
      SERVE_PORT_1080: '<a href="/rewriteme">test</a>',
      SERVE_PORT_160: 'foo',
      SERVE_PORT_162: 'bar',
      SERVE_TLS_PORT_443: '<a href="/tlsrewriteme">test</a>',
      SERVE_TLS_PORT_460: 'tls baz',
      SERVE_TLS_PORT_462: 'tls qux',
    }).map(([name, value]) => ({ name, value }));
    const named = Object.entries({ dest1: 160, dest2: 162, tlsdest1: 460, tlsdest2: 462 }).map(([name, containerPort]) => ({
      name,
      containerPort,
    }));
    const container = {
      name: 'c',
      image: AGNHOST,
      command: ['/agnhost', 'porter'],
      env,
      ports: named,
      readinessProbe: { httpGet: { port: 80 }, periodSeconds: 1 },
    };
    await w.pods(ns, { metadata: { name: 'pod', labels: { app: 'p' } }, spec: { containers: [container] } });
    await w.until('endpoints', async () => (await w.get(`${ns}/endpoints/svc`)).subsets?.[0]?.addresses?.length === 1);
    const through = (what: string) => `${ns}/${what}/proxy`;
    const link = (what: string, path: string) => `<a href="${through(what)}${path}">test</a>`;
    const wanted: Record<string, string> = {
      'services/svc:portname1': 'foo',
      'services/http:svc:portname1': 'foo',
      'services/svc:portname2': 'bar',
      'services/https:svc:tlsportname1': 'tls baz',
      'services/https:svc:tlsportname2': 'tls qux',
      'pods/pod:1080': link('pods/pod:1080', '/rewriteme'),
      'pods/http:pod:1080': link('pods/http:pod:1080', '/rewriteme'),
      'pods/pod:160': 'foo',
      'pods/http:pod:162': 'bar',
      'pods/https:pod:443': link('pods/https:pod:443', '/tlsrewriteme'),
      'pods/https:pod:460': 'tls baz',
      'pods/https:pod:462': 'tls qux',
    };
    for (const [what, text] of Object.entries(wanted))
      await w.becomes(
        what,
        () => w.ask('GET', `${through(what)}/`),
        (answer) => answer.status === 200 && answer.text === text,
      );
  });

  it.concurrent('all methods pass through a pod’s and a service’s proxy, with a path and without; a root is redirected to', async () => {
    const w = world();
    const ns = await w.namespace('verbs');
    const container = {
      name: 'agnhost',
      image: AGNHOST,
      command: ['/agnhost', 'porter', '--json-response'],
      env: [{ name: 'SERVE_PORT_80', value: 'foo' }],
    };
    await w.pods(ns, { metadata: { name: 'agnhost', labels: { app: 'v' } }, spec: { restartPolicy: 'Never', containers: [container] } });
    await w.create(`${ns}/services`, {
      metadata: { name: 'test-service' },
      spec: { selector: { app: 'v' }, ports: [{ port: 80, targetPort: 80, protocol: 'TCP' }] },
    });
    for (const what of ['pods/agnhost', 'services/test-service']) {
      const base = `${ns}/${what}/proxy`;
      await w.until(`${what} to answer`, async () => (await w.ask('GET', `${base}/`)).status === 200);
      for (const verb of [...VERBS, 'GET']) {
        const { text } = await w.ask(verb, `${base}/some/path/with/${verb}`);
        expect(JSON.parse(text)).toEqual({ Method: verb, Body: 'foo' });
      }
      expect(await w.ask('HEAD', `${base}/some/path/with/HEAD`)).toMatchObject({ status: 200, text: '' });
      for (const verb of VERBS)
        expect(JSON.parse((await w.ask(verb, `${base}?method=${verb}`)).text)).toEqual({ Method: verb, Body: 'foo' });
      for (const verb of ['GET', 'HEAD']) {
        const { status, headers } = await w.ask(verb, `${base}?method=${verb}`);
        expect([status, headers.location]).toEqual([301, `${base}/?method=${verb}`]);
      }
    }
  });

  it.concurrent('a node’s logs are reached through its proxy, with its port and without', async () => {
    for (const path of ['/api/v1/nodes/node-0:10250/proxy/logs/', '/api/v1/nodes/node-0/proxy/logs/'])
      expect(await world().ask('GET', path), path).toMatchObject({ status: 200 });
  });
}
