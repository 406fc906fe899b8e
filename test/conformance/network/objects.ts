import { expect, it } from 'vitest';
import { agnhostPod, type Thing, type World } from './world.ts';

interface Kind {
  readonly group: string;
  readonly resource: string;
  /** Whether its status is written at an address of its own. */
  readonly hasStatus?: boolean;
  /** Its status is written without its metadata. */
  readonly keepsMetadata?: boolean;
  readonly isClusterWide?: boolean;
  /** Whether it stays for a while when it is deleted: then only that it is to go is waited for. */
  readonly lingers?: boolean;
  /** Whether its controller has written what it writes of a new one. */
  readonly isSettled?: (object: Thing) => boolean;
  readonly object: (name: string) => { metadata: { name: string; labels: Record<string, string> } };
}

const labels = { 'special-label': 'network' };
const backend = { service: { name: 'default-backend', port: { number: 80 } } };

const KINDS: readonly Kind[] = [
  {
    group: 'networking.k8s.io',
    resource: 'ingresses',
    hasStatus: true,
    object: (name) => ({
      metadata: { name, labels },
      spec: {
        defaultBackend: backend,
        rules: [
          {
            host: 'foo.bar.com',
            http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'test', port: { number: 8080 } } } }] },
          },
        ],
      },
    }),
  },
  {
    group: 'networking.k8s.io',
    resource: 'ingressclasses',
    isClusterWide: true,
    object: (name) => ({ metadata: { name, labels }, spec: { controller: 'example.com/controller' } }),
  },
  {
    group: 'networking.k8s.io',
    resource: 'networkpolicies',
    object: (name) => ({
      metadata: { name, labels },
      spec: {
        podSelector: { matchLabels: { 'pod-name': 'test' } },
        ingress: [{ from: [{ namespaceSelector: { matchLabels: { 'ns-name': 'pod-b' } } }] }],
      },
    }),
  },
  {
    group: 'networking.k8s.io',
    resource: 'servicecidrs',
    hasStatus: true,
    keepsMetadata: true,
    lingers: true,
    isClusterWide: true,
    isSettled: ({ status }) => status?.conditions?.length > 0,
    object: (name) => ({ metadata: { name, labels }, spec: { cidrs: [`10.${name.charCodeAt(name.length - 1)}.0.0/24`] } }),
  },
  {
    group: 'networking.k8s.io',
    resource: 'ipaddresses',
    isClusterWide: true,
    object: (name) => ({
      metadata: { name: `192.0.2.${name.charCodeAt(name.length - 1)}`, labels },
      spec: { parentRef: { resource: 'services', name: 'foo', namespace: 'bar' } },
    }),
  },
  {
    group: 'discovery.k8s.io',
    resource: 'endpointslices',
    object: (name) => ({
      metadata: { name, labels },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['1.2.3.4', '5.6.7.8'] }, { addresses: ['2.2.3.4', '6.6.7.8'] }],
    }),
  },
];

/** Whether a group and its resource are found, and every verb does what it says, as upstream's tests of an API go. */
async function goesItsWay(w: World, kind: Kind): Promise<void> {
  const { group, resource } = kind;
  expect(
    (await w.get('/apis')).groups.some((one: Thing) => one.name === group && one.versions.some((each: Thing) => each.version === 'v1')),
  ).toBe(true);
  expect((await w.get(`/apis/${group}`)).versions.map((one: Thing) => one.version)).toContain('v1');
  expect((await w.get(`/apis/${group}/v1`)).resources.map((one: Thing) => one.name)).toContain(resource);
  const ns = kind.isClusterWide ? '' : `namespaces/${(await w.namespace(resource)).split('/').at(-1)}/`;
  const path = `/apis/${group}/v1/${ns}${resource}`;
  const selected = `${path}?labelSelector=special-label%3Dnetwork`;
  const made: Thing[] = [];
  for (const name of ['test-a', 'test-b', 'test-c']) made.push(await w.create(path, kind.object(name)));
  const [{ metadata }] = made;
  const { isSettled = () => true } = kind;
  for (const one of made)
    await w.until(`${one.metadata.name} to be settled`, async () => isSettled(await w.get(`${path}/${one.metadata.name}`)));
  expect((await w.get(`${path}/${metadata.name}`)).metadata.uid).toBe(metadata.uid);
  const list = await w.get(selected);
  expect(list.items).toHaveLength(3);
  if (!kind.isClusterWide)
    expect((await w.get(`/apis/${group}/v1/${resource}?labelSelector=special-label%3Dnetwork`)).items.length).toBeGreaterThanOrEqual(3);
  const watch = await w.watch(`${selected}&watch=1&resourceVersion=${list.metadata.resourceVersion}`);
  const patched = await w.patch(`${path}/${metadata.name}`, { metadata: { annotations: { patched: 'true' } } });
  expect(patched.metadata.annotations.patched).toBe('true');
  const updated = await w.object('PUT', `${path}/${metadata.name}`, {
    ...patched,
    metadata: { ...patched.metadata, annotations: { updated: 'true' } },
  });
  expect(updated.metadata.annotations).toEqual({ updated: 'true' });
  await w.until('both changes', async () => watch.seen.filter((one) => one === `MODIFIED ${metadata.name}`).length >= 2);
  if (kind.hasStatus) {
    const status = await w.patch(`${path}/${metadata.name}/status`, { metadata: { annotations: { patchedstatus: 'true' } } });
    expect(status.metadata.annotations.patchedstatus).toBe(kind.keepsMetadata ? undefined : 'true');
    expect((await w.get(`${path}/${metadata.name}/status`)).metadata.uid).toBe(metadata.uid);
  }
  const isGoing = ({ metadata: { deletionTimestamp } }: Thing) => kind.lingers === true && deletionTimestamp !== undefined;
  await w.remove(`${path}/${metadata.name}`);
  await w.until('it to be gone', async () => {
    const { status, text } = await w.ask('GET', `${path}/${metadata.name}`);
    return status === 404 || isGoing(JSON.parse(text));
  });
  await w.remove(selected);
  await w.until('all to be gone', async () => (await w.get(selected)).items.every(isGoing));
  const told = kind.lingers ? 'MODIFIED' : 'DELETED';
  await w.until('to be told of all that go', async () => made.every((one) => watch.seen.includes(`${told} ${one.metadata.name}`)));
  watch.stop();
}

export function objects(world: () => World): void {
  it.concurrent.each(KINDS)(
    '$resource are found, made, read, listed, watched, patched, updated and deleted',
    async (kind) => await goesItsWay(world(), kind),
  );

  it.concurrent('the status of an Ingress is patched and updated', async () => {
    const w = world();
    const ns = `/apis/networking.k8s.io/v1/namespaces/${(await w.namespace('ingress-status')).split('/').at(-1)}/ingresses`;
    await w.create(ns, { metadata: { name: 'i' }, spec: { defaultBackend: backend } });
    const patched = await w.patch(`${ns}/i/status`, { status: { loadBalancer: { ingress: [{ ip: '169.1.1.1' }] } } });
    expect(patched.status.loadBalancer.ingress).toEqual([{ ip: '169.1.1.1' }]);
    const updated = await w.object('PUT', `${ns}/i/status`, { ...patched, status: { loadBalancer: { ingress: [{ ip: '169.1.1.2' }] } } });
    expect(updated.status.loadBalancer.ingress).toEqual([{ ip: '169.1.1.2' }]);
  });

  it.concurrent('the API server is behind its Service, in Endpoints and slices alike', async () => {
    const { subsets } = await world().get('/api/v1/namespaces/default/endpoints/kubernetes');
    const { items } = await world().get(
      '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dkubernetes',
    );
    expect(
      items.flatMap(({ endpoints, ports }: Thing) => [
        ...endpoints.flatMap((one: Thing) => one.addresses),
        ...ports.map((one: Thing) => one.port),
      ]),
    ).toEqual(
      subsets.flatMap(({ addresses, ports }: Thing) => [...addresses.map((one: Thing) => one.ip), ...ports.map((one: Thing) => one.port)]),
    );
  });

  it.concurrent('Endpoints and slices come with a Service that selects nobody, and go with it', async () => {
    const w = world();
    const ns = await w.namespace('slices-empty');
    const slices = `/apis/discovery.k8s.io/v1/namespaces/${ns.split('/').at(-1)}/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dexample`;
    await w.create(`${ns}/services`, {
      metadata: { name: 'example' },
      spec: { selector: { 'does-not-match': 'anything' }, ports: [{ name: 'example', port: 80, protocol: 'TCP' }] },
    });
    await w.until('Endpoints', async () => (await w.ask('GET', `${ns}/endpoints/example`)).status === 200);
    const [slice] = await w.until('a slice', async () => {
      const { items } = await w.get(slices);
      return items.length > 0 ? items : undefined;
    });
    expect([slice.metadata.labels['endpointslice.kubernetes.io/managed-by'], slice.endpoints ?? []]).toEqual([
      'endpointslice-controller.k8s.io',
      [],
    ]);
    await w.remove(`${ns}/services/example`);
    await w.until('no Endpoints', async () => (await w.ask('GET', `${ns}/endpoints/example`)).status === 404);
    await w.until('no slice', async () => (await w.get(slices)).items.length === 0);
  });

  it.concurrent('slices list the pods of a Service by its ports, one set for each set of ports, and come back when they are deleted', async () => {
    const w = world();
    const ns = await w.namespace('slices-pods');
    const pod = (name: string, ...ports: [string, number][]) => ({
      metadata: { name, labels: { [name]: 'on', shared12: 'on' } },
      spec: {
        containers: [
          {
            name: 'container1',
            image: 'registry.k8s.io/e2e-test-images/nginx:1.14-4',
            ports: ports.map(([portName, containerPort]) => ({ name: portName, containerPort })),
          },
        ],
      },
    });
    const service = (name: string, selector: object, targetPort: string | number) =>
      w.create(`${ns}/services`, {
        metadata: { name },
        spec: { selector, publishNotReadyAddresses: true, ports: [{ name: 'example', port: 80, targetPort, protocol: 'TCP' }] },
      });
    await Promise.all([
      service('one', { pod1: 'on' }, 3000),
      service('two', { shared12: 'on' }, 'example-name'),
      service('none', { pod3: 'on' }, 8080),
    ]);
    const [pod1, pod2] = await w.pods(ns, pod('pod1', ['example-name', 3000]), pod('pod2', ['example-name', 3001], ['other-port', 3002]));
    const found = async (name: string) => {
      const { items } = await w.get(
        `/apis/discovery.k8s.io/v1/namespaces/${ns.split('/').at(-1)}/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3D${name}`,
      );
      return items
        .map(
          ({ endpoints, ports }: Thing) =>
            `${(endpoints ?? []).map((one: Thing) => one.addresses[0])}:${(ports ?? []).map((one: Thing) => one.port)}`,
        )
        .sort();
    };
    const become = (name: string, ...wanted: string[]) =>
      w.until(`slices of ${name}`, async () => (await found(name)).join() === wanted.sort().join());
    const both = [`${pod1.status.podIP}:3000`, `${pod2.status.podIP}:3001`];
    await become('one', `${pod1.status.podIP}:3000`);
    await become('two', ...both);
    await become('none', ':');
    await w.until('Endpoints of two', async () => (await w.get(`${ns}/endpoints/two`)).subsets?.length === 2);
    await w.remove(
      `/apis/discovery.k8s.io/v1/namespaces/${ns.split('/').at(-1)}/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dtwo`,
    );
    await become('two', ...both);
  });

  it.concurrent('Endpoints made by hand are mirrored, followed and forgotten; what they name is reached through the Service', async () => {
    const w = world();
    const ns = await w.namespace('mirroring');
    const ports = [80, 81].map((port) => ({ name: `port${port}`, port, protocol: 'TCP' }));
    const container = (port: number) => ({
      name: `c-${port}`,
      image: 'registry.k8s.io/e2e-test-images/agnhost:2.57',
      args: ['netexec', '--http-port', String(port), '--udp-port', '-1'],
      ports: [{ containerPort: port }],
    });
    const [server] = await w.pods(
      ns,
      { metadata: { name: 'server' }, spec: { containers: [container(8090), container(9090)] } },
      agnhostPod('pause-pod'),
    );
    const { spec } = await w.create(`${ns}/services`, { metadata: { name: 'custom' }, spec: { ports } });
    const subset = (name: string, port: number, ip: string) => ({ ports: [{ name, port }], addresses: [{ ip }] });
    const slices = async () =>
      (
        await w.get(
          `/apis/discovery.k8s.io/v1/namespaces/${ns.split('/').at(-1)}/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dcustom`,
        )
      ).items;
    await w.create(`${ns}/endpoints`, {
      metadata: { name: 'custom' },
      subsets: [subset('port80', 8090, server.status.podIP), subset('port81', 9090, server.status.podIP)],
    });
    await w.until('the mirrors', async () => (await slices()).length > 0);
    for (const port of [80, 81])
      await w.until(
        `port ${port}`,
        async () =>
          (await w.sh(ns, 'pause-pod', `curl -q -s --connect-timeout 2 http://${spec.clusterIP}:${port}/hostname`)).stdout === 'server',
      );
    await w.patch(`${ns}/endpoints/custom`, { subsets: [subset('port80', 8090, '10.2.3.4')] });
    await w.until('the change', async () =>
      (await slices()).every(({ endpoints }: Thing) => endpoints.every((one: Thing) => one.addresses[0] === '10.2.3.4')),
    );
    await w.remove(`${ns}/endpoints/custom`);
    await w.until('no mirrors', async () => (await slices()).length === 0);
  });
}
