import { expect, it } from 'vitest';
import { agnhostPod, type Thing, type World } from './world.ts';

// What upstream's tests ask of services beside the conformance suite, where no cloud is needed (`test/e2e/network/service.go`).

const NODES = ['node-0', 'node-1'] as const;
const HTTP = { name: 'http', port: 80, protocol: 'TCP', targetPort: 80 };

const web = (name: string, node: string, more: { labels?: object; args?: string[]; spec?: object; container?: object } = {}) =>
  agnhostPod(name, ['netexec', '--http-port=80', ...(more.args ?? [])], {
    labels: { app: 'web', ...more.labels },
    spec: { nodeName: node, ...more.spec },
    container: { readinessProbe: { httpGet: { port: 80, path: '/readyz' }, periodSeconds: 1 }, ...more.container },
  });

const service = (w: World, ns: string, spec: object, metadata: object = {}) =>
  w.create(`${ns}/services`, { metadata: { name: 'svc', ...metadata }, spec: { selector: { app: 'web' }, ports: [HTTP], ...spec } });

const addressOf = async (w: World, node: string): Promise<string> =>
  (await w.get(`/api/v1/nodes/${node}`)).status.addresses.find((one: Thing) => one.type === 'InternalIP').address;

/** What a pod hears of a host name's server, or the exit code of its curl. */
async function hears(w: World, ns: string, pod: string, where: string): Promise<string> {
  const { stdout, code } = await w.sh(ns, pod, `curl -q -s --connect-timeout 1 http://${where}/hostname`);
  return code === 0 ? stdout : `exit ${code}`;
}

const become = (w: World, ns: string, pod: string, [where, wanted]: readonly [string, string]) =>
  w.until(`${pod} to hear ${wanted} at ${where}`, async () => (await hears(w, ns, pod, where)) === wanted);

export function traffic(world: () => World): void {
  it.concurrent('a service leads a pod back to itself, shows clients as they are, and refuses when nobody is behind it', async () => {
    const w = world();
    const ns = await w.namespace('hairpin');
    const { spec } = await service(w, ns, {});
    await w.create(`${ns}/services`, { metadata: { name: 'nobody' }, spec: { selector: { app: 'nobody' }, ports: [HTTP] } });
    const [, client] = await w.pods(ns, web('hairpin', 'node-0'), agnhostPod('client', ['pause'], { spec: { nodeName: 'node-1' } }));
    await become(w, ns, 'hairpin', [spec.clusterIP, 'hairpin']);
    await w.says({ ns, pod: 'client', script: `curl -s http://${spec.clusterIP}/clientip`, wanted: `${client.status.podIP}:40000` });
    await w.until('a refusal', async () => (await w.reaches(ns, 'client', 'nobody:80')) === 'REFUSED');
  });

  it.concurrent('a service is reached at an external address and at its load balancer’s', async () => {
    const w = world();
    const ns = await w.namespace('external-ip');
    await service(w, ns, { type: 'LoadBalancer', externalIPs: ['203.0.113.250'] });
    await w.pods(ns, web('web', 'node-0'), agnhostPod('client'));
    await become(w, ns, 'client', ['203.0.113.250', 'web']);
    const { status } = await w.until('a load balancer', async () => {
      const found = await w.get(`${ns}/services/svc`);
      return found.status.loadBalancer?.ingress ? found : undefined;
    });
    await become(w, ns, 'client', [status.loadBalancer.ingress[0].ip, 'web']);
  });

  it.concurrent('pods that are not ready are behind a service that publishes them, and behind no other', async () => {
    const w = world();
    const ns = await w.namespace('unready');
    const never = { readinessProbe: { exec: { command: ['/bin/false'] }, periodSeconds: 1 } };
    await service(w, ns, { publishNotReadyAddresses: true });
    await w.create(`${ns}/pods`, web('slow', 'node-0', { container: never }));
    await w.pods(ns, agnhostPod('client'));
    await become(w, ns, 'client', ['svc', 'slow']);
    await w.until('its name', async () => (await w.sh(ns, 'client', 'dig +short +search svc')).stdout !== '');
    await w.patch(`${ns}/services/svc`, { spec: { publishNotReadyAddresses: false } });
    await become(w, ns, 'client', ['svc', 'exit 7']);
    await w.patch(`${ns}/services/svc`, { spec: { publishNotReadyAddresses: true } });
    await become(w, ns, 'client', ['svc', 'slow']);
  });

  it.concurrent('internalTrafficPolicy Local keeps traffic on the node, of pods and of what is on the node itself', async () => {
    const w = world();
    const ns = await w.namespace('internal-local');
    const { spec } = await service(w, ns, { internalTrafficPolicy: 'Local' });
    const onNode = (i: number) => agnhostPod(`host-${i}`, ['pause'], { spec: { nodeName: NODES[i], hostNetwork: true } });
    const pause = (i: number) => agnhostPod(`pause-${i}`, ['pause'], { spec: { nodeName: NODES[i] } });
    await w.pods(ns, web('webserver', 'node-0'), pause(0), pause(1), onNode(0), onNode(1));
    await become(w, ns, 'pause-0', [spec.clusterIP, 'webserver']);
    await become(w, ns, 'host-0', [spec.clusterIP, 'webserver']);
    expect([await hears(w, ns, 'pause-1', spec.clusterIP), await hears(w, ns, 'host-1', spec.clusterIP)]).toEqual(['exit 28', 'exit 28']);
  });

  it.concurrent('externalTrafficPolicy Local keeps a node port to the pods of the node, whose health port says whether there are any', async () => {
    const w = world();
    const ns = await w.namespace('external-local');
    const { spec } = await service(w, ns, { type: 'LoadBalancer', externalTrafficPolicy: 'Local' });
    await w.pods(
      ns,
      web('webserver', 'node-0'),
      agnhostPod('host-1', ['pause'], { spec: { nodeName: 'node-1', hostNetwork: true } }),
      agnhostPod('host-2', ['pause'], { spec: { nodeName: 'node-2', hostNetwork: true } }),
    );
    const [first, second] = [await addressOf(w, 'node-0'), await addressOf(w, 'node-1')];
    const { nodePort } = spec.ports[0];
    await become(w, ns, 'host-1', [`${first}:${nodePort}`, 'webserver']);
    expect(await hears(w, ns, 'host-2', `${second}:${nodePort}`)).toBe('exit 28');
    const health = async (address: string) =>
      (await w.sh(ns, 'host-2', `curl -s -o /dev/null -w '%{http_code}' http://${address}:${spec.healthCheckNodePort}/healthz`)).stdout;
    await w.becomes(
      'the node with a pod',
      () => health(first),
      (status) => status === '200',
    );
    await w.becomes(
      'the node without',
      () => health(second),
      (status) => status === '503',
    );
  });

  it.concurrent.each(['internal', 'external'] as const)(
    'pods that end serve on while no other is ready, with a local policy for %s traffic too',
    async (kind) => {
      const w = world();
      const ns = await w.namespace(`terminating-${kind}`);
      const spec = kind === 'internal' ? { internalTrafficPolicy: 'Local' } : { type: 'NodePort', externalTrafficPolicy: 'Local' };
      const made = await service(w, ns, spec);
      // As upstream's it is not probed: it would say soon that it is not ready any more, and serve no longer.
      const ending = { spec: { terminationGracePeriodSeconds: 600 }, container: { readinessProbe: undefined } };
      await w.pods(
        ns,
        web('webserver', 'node-0', { args: ['--delay-shutdown=600'], ...ending }),
        agnhostPod('pause-0', ['pause'], { spec: { nodeName: 'node-0', hostNetwork: kind === 'external' } }),
        agnhostPod('pause-1', ['pause'], { spec: { nodeName: 'node-1', hostNetwork: kind === 'external' } }),
      );
      const where = kind === 'internal' ? made.spec.clusterIP : `${await addressOf(w, 'node-0')}:${made.spec.ports[0].nodePort}`;
      await become(w, ns, 'pause-0', [where, 'webserver']);
      await w.remove(`${ns}/pods/webserver`);
      await w.until('its end to begin', async () => (await w.get(`${ns}/pods/webserver`)).metadata.deletionTimestamp !== undefined);
      await w.until('it not to be ready', async () => ((await w.get(`${ns}/endpoints/svc`)).subsets ?? []).length === 0);
      await become(w, ns, 'pause-0', [where, 'webserver']);
      await become(w, ns, 'pause-1', [where, kind === 'internal' ? 'exit 28' : 'webserver']);
      await w.object('DELETE', `${ns}/pods/webserver`, { gracePeriodSeconds: 0 });
      await become(w, ns, 'pause-0', [where, 'exit 7']);
    },
  );

  it.concurrent('session affinity ends when a client has been silent for its timeout', async () => {
    const w = world();
    const ns = await w.namespace('affinity-timeout');
    await service(w, ns, { sessionAffinity: 'ClientIP' });
    await w.pods(ns, ...[0, 1, 2, 3].map((i) => web(`web-${i}`, 'node-0')), agnhostPod('client'));
    await w.until('four endpoints', async () => (await w.get(`${ns}/endpoints/svc`)).subsets?.[0]?.addresses?.length === 4);
    await w.until('one pod', async () => (await w.namesBehind(ns, 'client', 'http://svc/hostname')).length === 1);
    // Only now a short one: a client of a busy machine may be silent for a second between two questions.
    await w.patch(`${ns}/services/svc`, { spec: { sessionAffinityConfig: { clientIP: { timeoutSeconds: 1 } } } });
    const script = 'for i in 1 2 3 4 5 6 7 8; do curl -s http://svc/hostname; echo; sleep 1.2; done';
    await w.until('several pods', async () => new Set((await w.sh(ns, 'client', script)).stdout.trim().split('\n')).size > 1);
  });

  it.concurrent('a service that another proxy looks after is left to it', async () => {
    const w = world();
    const ns = await w.namespace('other-proxy');
    const { spec } = await service(w, ns, {});
    await w.pods(ns, web('web', 'node-0'), agnhostPod('client'));
    await become(w, ns, 'client', [spec.clusterIP, 'web']);
    for (const name of ['service.kubernetes.io/service-proxy-name', 'service.kubernetes.io/headless']) {
      await w.patch(`${ns}/services/svc`, { metadata: { labels: { [name]: 'foo-bar' } } });
      await become(w, ns, 'client', [spec.clusterIP, 'exit 7']);
      await w.patch(`${ns}/services/svc`, { metadata: { labels: { [name]: null } } });
      await become(w, ns, 'client', [spec.clusterIP, 'web']);
    }
  });

  it.concurrent('a node port may be of TCP and UDP at once; it is given back with its service, and nobody has it twice', async () => {
    const w = world();
    const ns = await w.namespace('node-ports');
    const udp = { name: 'udp', port: 80, protocol: 'UDP', targetPort: 80 };
    const first = await service(w, ns, { type: 'NodePort' });
    const { nodePort } = first.spec.ports[0];
    const both = await w.patch(`${ns}/services/svc`, {
      spec: {
        ports: [
          { ...HTTP, nodePort },
          { ...udp, nodePort },
        ],
      },
    });
    expect(both.spec.ports.map((one: Thing) => one.nodePort)).toEqual([nodePort, nodePort]);
    await w.pods(ns, web('web', 'node-0', { args: ['--udp-port=80'] }), agnhostPod('client'));
    const address = await addressOf(w, 'node-1');
    await become(w, ns, 'client', [`${address}:${nodePort}`, 'web']);
    await w.says({ ns, pod: 'client', script: `echo hostname | nc -u -w 1 ${address} ${nodePort}`, wanted: 'web' });
    const other = { metadata: { name: 'other' }, spec: { type: 'NodePort', ports: [{ ...HTTP, nodePort }] } };
    expect(JSON.parse((await w.ask('POST', `${ns}/services`, other)).text).message).toContain('provided port is already allocated');
    const outside = { metadata: { name: 'outside' }, spec: { type: 'NodePort', ports: [{ ...HTTP, nodePort: 65_535 }] } };
    expect(JSON.parse((await w.ask('POST', `${ns}/services`, outside)).text).message).toContain('provided port is not in the valid range');
    await w.remove(`${ns}/services/svc`);
    await w.until('the port to be free', async () => (await w.ask('POST', `${ns}/services`, other)).status === 201);
  });

  it.concurrent('an address of a service CIDR that is added is served as any other', async () => {
    const w = world();
    const ns = await w.namespace('service-cidr');
    await w.create('/apis/networking.k8s.io/v1/servicecidrs', { metadata: { name: 'more' }, spec: { cidrs: ['10.251.0.0/24'] } });
    await w.until('it to be ready', async () =>
      (await w.get('/apis/networking.k8s.io/v1/servicecidrs/more')).status?.conditions?.some(
        (one: Thing) => one.type === 'Ready' && one.status === 'True',
      ),
    );
    await service(w, ns, { clusterIP: '10.251.0.7' });
    await w.pods(ns, web('web', 'node-0'), agnhostPod('client'));
    await become(w, ns, 'client', ['10.251.0.7', 'web']);
    await w.remove(`${ns}/services/svc`);
    await w.remove('/apis/networking.k8s.io/v1/servicecidrs/more');
    await w.until('it to be gone', async () => (await w.ask('GET', '/apis/networking.k8s.io/v1/servicecidrs/more')).status === 404);
  });

  it.concurrent('a service that prefers the same node leads to the pods there, and to others when there are none', async () => {
    const w = world();
    const ns = await w.namespace('same-node');
    await service(w, ns, { trafficDistribution: 'PreferSameNode' });
    const client = (i: number) => agnhostPod(`client-${i}`, ['pause'], { spec: { nodeName: `node-${i}` } });
    await w.pods(ns, web('web-0', 'node-0'), web('web-1', 'node-1'), client(0), client(1), client(2));
    const heard = async (i: number) => (await w.namesBehind(ns, `client-${i}`, 'http://svc/hostname')).join();
    await w.until('each its own', async () => [await heard(0), await heard(1), await heard(2)].join(' ') === 'web-0 web-1 web-0,web-1');
  });

  it.concurrent('large requests arrive whole, over HTTP and UDP; kube-proxy says on its node how it is', async () => {
    const w = world();
    const ns = await w.namespace('large');
    const message = 'x'.repeat(1400);
    const [server] = await w.pods(
      ns,
      agnhostPod('server', ['netexec', '--http-port=8083', '--udp-port=8081']),
      agnhostPod('client', ['netexec', '--http-port=9080']),
      agnhostPod('host', ['pause'], { spec: { hostNetwork: true } }),
    );
    const dial = async (protocol: string, port: number, request: string) =>
      JSON.parse(
        (
          await w.sh(
            ns,
            'client',
            `curl -g -q -s 'http://127.0.0.1:9080/dial?request=${request}&protocol=${protocol}&host=${server.status.podIP}&port=${port}&tries=1'`,
          )
        ).stdout,
      ).responses;
    // Pods without probes are ready when they have started, which may be before they listen.
    const isWhole = (responses: string[] | undefined) => responses?.join() === message;
    await w.becomes('HTTP', () => dial('http', 8083, encodeURIComponent(`echo?msg=${message}`)), isWhole);
    await w.becomes('UDP', () => dial('udp', 8081, `echo%20${message}`), isWhole);
    await w.says({ ns, pod: 'host', script: 'curl -q -s http://localhost:10249/proxyMode', wanted: 'iptables' });
    await w.says({ ns, pod: 'host', script: "curl -q -s -o /dev/null -w '%{http_code}' http://localhost:10256/healthz", wanted: '200' });
  });
}
