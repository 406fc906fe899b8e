import { expect, it } from 'vitest';
import { agnhostPod, type Thing, type World } from './world.ts';

/** Three pods that say their names behind a service, and one to ask from. */
async function behind(world: () => World, prefix: string, spec: object) {
  const w = world();
  const ns = await w.namespace(prefix);
  const service = await w.create(`${ns}/services`, {
    metadata: { name: 'svc' },
    spec: { selector: { app: 'svc' }, ports: [{ port: 80, targetPort: 9376, protocol: 'TCP' }], ...spec },
  });
  const names = ['svc-1', 'svc-2', 'svc-3'];
  await w.pods(
    ns,
    ...names.map((name) => agnhostPod(name, ['serve-hostname', '--port=9376'], { labels: { app: 'svc' } })),
    agnhostPod('client'),
  );
  await w.endpoints(ns, 'svc', Object.fromEntries(names.map((name) => [name, [9376]])));
  return { w, ns, service, names };
}

const nodeAddresses = async (w: World): Promise<string[]> =>
  (await w.get('/api/v1/nodes')).items.map(({ status }: Thing) => status.addresses.find((one: Thing) => one.type === 'InternalIP').address);

export function services(world: () => World): void {
  it.concurrent('the cluster has the service kubernetes, secure, in the list of all', async () => {
    const service = await world().get('/api/v1/namespaces/default/services/kubernetes');
    expect(service.spec.ports.map((port: Thing) => [port.name, port.port])).toEqual([['https', 443]]);
    const { items } = await world().get('/api/v1/services');
    expect(items.some(({ metadata }: Thing) => metadata.name === 'kubernetes' && metadata.namespace === 'default')).toBe(true);
  });

  it.concurrent('endpoints follow the pods of a service, and what they serve is reached', async () => {
    const w = world();
    const ns = await w.namespace('endpoints');
    await w.create(`${ns}/services`, {
      metadata: { name: 'endpoint-test2' },
      spec: { selector: { app: 'e' }, ports: [{ port: 80, targetPort: 80, protocol: 'TCP' }] },
    });
    await w.endpoints(ns, 'endpoint-test2', {});
    const pod = (name: string) =>
      agnhostPod(name, ['netexec', '--http-port', '80'], { labels: { app: 'e' }, container: { ports: [{ containerPort: 80 }] } });
    await w.pods(ns, pod('pod1'), agnhostPod('execpod'));
    await w.endpoints(ns, 'endpoint-test2', { pod1: [80] });
    const said = async () => (await w.sh(ns, 'execpod', 'echo hostName | nc -v -t -w 2 endpoint-test2 80')).stdout;
    await w.until('an answer', async () => (await said()).includes('400 Bad Request'));
    await w.pods(ns, pod('pod2'));
    await w.endpoints(ns, 'endpoint-test2', { pod1: [80], pod2: [80] });
    await w.remove(`${ns}/pods/pod1`);
    await w.endpoints(ns, 'endpoint-test2', { pod2: [80] });
    await w.until('pod2 alone', async () => (await w.namesBehind(ns, 'execpod', 'http://endpoint-test2/hostname', 3)).join() === 'pod2');
    await w.remove(`${ns}/pods/pod2`);
    await w.endpoints(ns, 'endpoint-test2', {});
  });

  it.concurrent('each port of a service has the endpoints of the pods that have it', async () => {
    const w = world();
    const ns = await w.namespace('multiport');
    const ports = [
      { name: 'portname1', port: 80, targetPort: 'p1' },
      { name: 'portname2', port: 81, targetPort: 'p2' },
    ];
    await w.create(`${ns}/services`, { metadata: { name: 'multi' }, spec: { selector: { app: 'm' }, ports } });
    await w.endpoints(ns, 'multi', {});
    const pod = (name: string, port: string, number: number) =>
      agnhostPod(name, ['netexec', '--http-port', String(number)], {
        labels: { app: 'm' },
        container: { ports: [{ name: port, containerPort: number }] },
      });
    await w.pods(ns, pod('pod1', 'p1', 100), agnhostPod('execpod'));
    await w.endpoints(ns, 'multi', { pod1: [100] });
    await w.pods(ns, pod('pod2', 'p2', 101));
    await w.endpoints(ns, 'multi', { pod1: [100], pod2: [101] });
    const behindPort = async (port: number) => (await w.namesBehind(ns, 'execpod', `http://multi:${port}/hostname`, 2)).join();
    await w.until('one pod behind each port', async () => (await behindPort(80)) === 'pod1' && (await behindPort(81)) === 'pod2');
    await w.remove(`${ns}/pods/pod1`);
    await w.endpoints(ns, 'multi', { pod2: [101] });
    await w.remove(`${ns}/pods/pod2`);
    await w.endpoints(ns, 'multi', {});
  });

  it.concurrent('one port number serves TCP and UDP, each for as long as the service says', async () => {
    const w = world();
    const ns = await w.namespace('protocols');
    const tcp = { name: 'tcp-port', port: 80, targetPort: 80, protocol: 'TCP' };
    const udp = { name: 'udp-port', port: 80, targetPort: 80, protocol: 'UDP' };
    const update = (ports: object[]) => w.patch(`${ns}/services/both`, { spec: { ports } });
    await w.create(`${ns}/services`, { metadata: { name: 'both' }, spec: { selector: { app: 'b' }, ports: [tcp, udp] } });
    await w.pods(ns, agnhostPod('server', ['netexec', '--http-port=80', '--udp-port=80'], { labels: { app: 'b' } }), agnhostPod('execpod'));
    const both = async () => [await w.reaches(ns, 'execpod', 'both:80'), await w.reaches(ns, 'execpod', 'both:80', { protocol: 'udp' })];
    const become = (wanted: string[]) => w.until(`TCP and UDP ${wanted}`, async () => (await both()).join() === wanted.join());
    await become(['yes', 'yes']);
    await update([tcp]);
    await become(['yes', 'TIMEOUT']);
    await update([udp]);
    await become(['TIMEOUT', 'yes']);
  });

  it.concurrent('a service of type NodePort is reached by name, by cluster IP, and on every node', async () => {
    const { w, ns, service, names } = await behind(world, 'nodeport', { type: 'NodePort' });
    const { clusterIP, ports } = service.spec;
    for (const where of ['svc', clusterIP, ...(await nodeAddresses(w)).map((address) => `${address}:${ports[0].nodePort}`)])
      await w.until(`${where} to answer`, async () => {
        const found = await w.namesBehind(ns, 'client', `http://${where}/`, 3);
        return found.length > 0 && found.every((name) => names.includes(name));
      });
  });

  it.concurrent.each(['ClusterIP', 'NodePort'])(
    'session affinity of a service of type %s keeps a client to one pod, and can be switched',
    async (type) => {
      const { w, ns, service } = await behind(world, `affinity-${type.toLowerCase()}`, { type, sessionAffinity: 'ClientIP' });
      const [address] = await nodeAddresses(w);
      const url = type === 'NodePort' ? `http://${address}:${service.spec.ports[0].nodePort}/` : `http://${service.spec.clusterIP}/`;
      const counts = async () => (await w.namesBehind(ns, 'client', url)).length;
      // A node port answers once its node has heard of the service.
      await w.until('one pod at first', async () => (await counts()) === 1);
      await w.patch(`${ns}/services/svc`, { spec: { sessionAffinity: 'None' } });
      await w.until('several pods', async () => (await counts()) > 1);
      await w.patch(`${ns}/services/svc`, { spec: { sessionAffinity: 'ClientIP' } });
      await w.until('one pod', async () => (await counts()) === 1);
    },
  );

  it.concurrent('a service changes its type from and to ExternalName, and is reached or found by what it is', async () => {
    const { w, ns } = await behind(world, 'external', { type: 'NodePort' });
    const name = ns.split('/').at(-1);
    const target = `svc.${name}.svc.cluster.local`;
    const ports = [{ port: 80, protocol: 'TCP', name: 'http', targetPort: 9376 }];
    const found = async (service: string) => (await w.sh(ns, 'client', `nslookup ${service}.${name}.svc.cluster.local`)).stdout;
    for (const type of ['ClusterIP', 'NodePort']) {
      const path = `${ns}/services/from-${type.toLowerCase()}`;
      await w.create(`${ns}/services`, {
        metadata: { name: `from-${type.toLowerCase()}` },
        spec: { type, selector: { app: 'svc' }, ports },
      });
      const changed = await w.patch(path, { spec: { type: 'ExternalName', externalName: target } });
      expect([changed.spec.clusterIP, changed.spec.ports?.[0]?.nodePort]).toEqual([undefined, undefined]);
      await w.until('the other name', async () => (await found(`from-${type.toLowerCase()}`)).includes(`canonical name = ${target}`));
    }
    for (const type of ['ClusterIP', 'NodePort']) {
      const service = `to-${type.toLowerCase()}`;
      const made = await w.create(`${ns}/services`, {
        metadata: { name: service },
        spec: { type: 'ExternalName', externalName: 'example.com', selector: { app: 'svc' } },
      });
      expect(made.spec.clusterIP).toBeUndefined();
      const changed = await w.patch(`${ns}/services/${service}`, { spec: { type, externalName: null, ports } });
      expect(changed.spec.clusterIP).toMatch(/^10\./);
      expect(changed.spec.ports[0].nodePort !== undefined).toBe(type === 'NodePort');
      await w.until(`${service} to answer`, async () => (await w.namesBehind(ns, 'client', `http://${service}/`, 0)).length === 1);
    }
  });

  it.concurrent('the status of a service is read, patched and updated at its own address, and watched', async () => {
    const w = world();
    const ns = await w.namespace('status');
    const path = `${ns}/services/test-service`;
    await w.create(`${ns}/services`, {
      metadata: { name: 'test-service', labels: { 'test-service-static': 'true' } },
      spec: {
        type: 'LoadBalancer',
        loadBalancerClass: 'example.com/internal-vip',
        ports: [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 80 }],
      },
    });
    const patched = await w.patch(`${path}/status`, {
      metadata: { annotations: { patchedstatus: 'true' } },
      status: { loadBalancer: { ingress: [{ ip: '203.0.113.1' }] } },
    });
    expect([patched.metadata.annotations.patchedstatus, patched.status.loadBalancer.ingress]).toEqual([
      'true',
      [{ ip: '203.0.113.1', ipMode: 'VIP' }],
    ]);
    const condition = {
      type: 'StatusUpdate',
      status: 'True',
      reason: 'E2E',
      message: 'Set from e2e test',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    };
    const updated = await w.object('PUT', `${path}/status`, { ...patched, status: { ...patched.status, conditions: [condition] } });
    expect(updated.status.conditions).toEqual([condition]);
    const more = await w.patch(path, { metadata: { labels: { 'test-service': 'patched' } } }, 'application/strategic-merge-patch+json');
    expect(more.metadata.labels).toEqual({ 'test-service': 'patched', 'test-service-static': 'true' });
    await w.remove(path);
    expect((await w.ask('GET', path)).status).toBe(404);
  });

  it.concurrent('services are deleted together by a label', async () => {
    const w = world();
    const ns = await w.namespace('collection');
    for (const [i, label] of ['yes', 'yes', 'no'].entries())
      await w.create(`${ns}/services`, { metadata: { name: `svc-${i}`, labels: { e2e: label } }, spec: { ports: [{ port: 80 + i }] } });
    await w.remove(`${ns}/services?labelSelector=e2e%3Dyes`);
    expect((await w.get(`${ns}/services`)).items.map(({ metadata }: Thing) => metadata.name)).toEqual(['svc-2']);
  });

  it.concurrent('Endpoints are made, labelled, patched and deleted together', async () => {
    const w = world();
    const ns = await w.namespace('lifecycle');
    const labels = { 'test-endpoint-static': 'true' };
    const made = await w.create(`${ns}/endpoints`, {
      metadata: { name: 'testservice', labels },
      subsets: [{ addresses: [{ ip: '10.0.0.24' }], ports: [{ name: 'http', port: 80, protocol: 'TCP' }] }],
    });
    await w.object('PUT', `${ns}/endpoints/testservice`, {
      ...made,
      metadata: { ...made.metadata, labels: { ...labels, 'test-service': 'updated' } },
    });
    const subsets = [{ addresses: [{ ip: '10.0.0.25' }], ports: [{ name: 'http-test', port: 8080, protocol: 'TCP' }] }];
    const patched = await w.patch(
      `${ns}/endpoints/testservice`,
      { metadata: { labels: { 'test-service': 'patched' } }, subsets },
      'application/strategic-merge-patch+json',
    );
    expect([patched.metadata.labels['test-service'], patched.subsets]).toEqual(['patched', subsets]);
    await w.remove(`${ns}/endpoints?labelSelector=test-endpoint-static%3Dtrue`);
    expect((await w.get(`${ns}/endpoints`)).items).toEqual([]);
  });

  it.concurrent('a hundred services have their endpoints, made at once', async () => {
    const w = world();
    const ns = await w.namespace('latency');
    await w.pods(ns, {
      metadata: { name: 'p', labels: { name: 'svc-latency-rc' } },
      spec: { containers: [{ name: 'pause', image: 'registry.k8s.io/pause:3.10' }] },
    });
    const names = Array.from({ length: 100 }, (_, i) => `latency-svc-${i}`);
    await Promise.all(
      names.map((name) =>
        w.create(`${ns}/services`, {
          metadata: { name },
          spec: { selector: { name: 'svc-latency-rc' }, ports: [{ port: 80, protocol: 'TCP' }] },
        }),
      ),
    );
    await w.until(
      '100 Endpoints',
      async () =>
        (await w.get(`${ns}/endpoints`)).items.filter(({ subsets }: Thing) => subsets?.[0]?.addresses?.length === 1).length === 100,
    );
  });
}
