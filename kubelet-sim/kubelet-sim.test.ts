import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { coordinationKinds, coreKinds, type Event, type Lease, type Node, type ObjectMeta, type Pod, type Service } from '../api/index.ts';
import { systemClock } from '../runtime/index.ts';
import { Gates } from '../test/support/gates.ts';
import { Cluster } from '../test/support/simulated-nodes.ts';
import { tempDirectory } from '../test/support/temp-directory.ts';
import { until } from '../test/support/wait.ts';

test('nodes register Ready, with addresses, capacity and leases, and come back when they are deleted', async () => {
  await using cluster = await Cluster.start();
  const sim = await cluster.nodes({
    runtimeHandlers: ['runsc'],
    nodeLabels: { zone: 'a' },
    taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' }],
  });
  const [first, second] = await cluster.list<Node>(coreKinds.nodes);
  expect(second?.metadata.labels).toMatchObject({
    'kubernetes.io/hostname': 'node-1',
    'kubernetes.io/os': 'linux',
    'kubernetes.io/arch': 'amd64',
    zone: 'a',
  });
  expect(second?.spec?.taints).toContainEqual({ key: 'k', value: 'v', effect: 'NoSchedule' });
  expect(second?.status?.addresses).toEqual([
    { type: 'InternalIP', address: '172.18.0.3' },
    { type: 'Hostname', address: 'node-1' },
    { type: 'InternalDNS', address: 'localhost' },
  ]);
  expect(second?.status?.conditions?.map(({ type, status }) => `${type} ${status}`)).toEqual([
    'MemoryPressure False',
    'DiskPressure False',
    'PIDPressure False',
    'Ready True',
  ]);
  const features = { recursiveReadOnlyMounts: true, userNamespaces: true };
  expect(second?.status?.runtimeHandlers).toEqual([
    { name: '', features },
    { name: 'runsc', features },
  ]);
  expect(second?.status?.features).toEqual({ supplementalGroupsPolicy: true });
  expect(second?.status?.daemonEndpoints?.kubeletEndpoint?.Port).toBe(sim.port);
  const csiNode = await cluster.admin.request('GET', '/apis/storage.k8s.io/v1/csinodes/node-1');
  expect(JSON.parse(csiNode.body.toString())).toMatchObject({
    metadata: {
      annotations: { 'storage.alpha.kubernetes.io/migrated-plugins': expect.stringMatching(/^kubernetes\.io\/aws-ebs,/) },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'node-1', uid: second?.metadata.uid }],
    },
    spec: { drivers: null },
  });
  const renewTimes = async () => {
    const { body } = await cluster.admin.request('GET', '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/node-0');
    return /"renewTime":"([^"]+)"/.exec(body.toString())?.[1] ?? '';
  };
  const before = await renewTimes();
  await cluster.clock.advance(10_000);
  await cluster.until('the lease is renewed', async () => (await renewTimes()) > before);
  await cluster.admin.resource<Node>(coreKinds.nodes).delete('node-0');
  await cluster.until('the node is back', async () =>
    (await cluster.list<Node>(coreKinds.nodes)).some(({ metadata }) => metadata.name === 'node-0' && metadata.uid !== first?.metadata.uid),
  );
});

test('leases and the statuses of nodes are written by a client of their own, so that they do not wait behind the statuses of thousands of pods', async () => {
  await using cluster = await Cluster.start();
  await cluster.nodes();
  await cluster.createPod('web');
  await cluster.until('the pod runs', async () => (await cluster.pod('web'))?.status.phase === 'Running');
  const managers = (objects: readonly { readonly metadata: ObjectMeta }[]) => [
    ...new Set(objects.flatMap(({ metadata }) => metadata.managedFields?.map(({ manager }) => manager) ?? [])),
  ];
  const leases = await cluster.list<Lease>(coordinationKinds.leases);
  expect(managers(leases.filter(({ metadata }) => metadata.name?.startsWith('node-')))).toEqual(['heartbeats']);
  expect(managers(await cluster.list<Node>(coreKinds.nodes))).toEqual(['nodes']);
  expect(managers(await cluster.list<Pod>(coreKinds.pods)).sort()).toEqual(['nodes', 'test']);
});

test('a pod runs, is seen in the API, tells its story in events, logs through the API server, and goes', async () => {
  await using cluster = await Cluster.start();
  await cluster.nodes();
  await cluster.createPod('web', {
    image: 'busybox',
    command: ['sh', '-c', 'trap "exit 0" TERM; echo hello from $HOSTNAME; sleep 3600 & wait'],
  });
  await cluster.until('the pod runs', async () => (await cluster.pod('web'))?.status.phase === 'Running');
  const pod = await cluster.pod('web');
  expect(pod?.status).toMatchObject({
    podIP: expect.stringMatching(/^10\.244\.\d+\.2$/),
    hostIP: '172.18.0.3',
    qosClass: 'BestEffort',
    observedGeneration: 1,
  });
  expect(pod?.status.containerStatuses).toMatchObject([
    { name: 'main', ready: true, started: true, image: 'docker.io/library/busybox:latest' },
  ]);
  let log = '';
  await cluster.until('the log is there', async () => {
    log = (await cluster.admin.request('GET', '/api/v1/namespaces/default/pods/web/log')).body.toString();
    return log !== '';
  });
  expect(log).toBe('hello from web\n');
  const told = async () =>
    (await cluster.list<Event>(coreKinds.events)).map(
      ({ reason, source, involvedObject }) => `${reason} ${source?.host} ${involvedObject.fieldPath}`,
    );
  const wanted = ['Pulled', 'Created', 'Started'].map((reason) => `${reason} node-1 spec.containers{main}`);
  await expect.poll(told).toEqual(expect.arrayContaining(wanted));
  await cluster.admin.resource<Pod>(coreKinds.pods).delete('web', { namespace: 'default' });
  await cluster.until('the pod is gone', async () => (await cluster.pod('web')) === undefined);
});

test('what the node has no room for is refused', async () => {
  await using cluster = await Cluster.start();
  await cluster.nodes({ cpu: '1' });
  await cluster.createPod('large', { resources: { requests: { cpu: '2' } } });
  await cluster.until('the pod is refused', async () => (await cluster.pod('large'))?.status.phase === 'Failed');
  expect((await cluster.pod('large'))?.status).toMatchObject({
    reason: 'OutOfcpu',
    message: "Pod was rejected: Node didn't have enough resource: cpu, requested: 2000, used: 0, capacity: 1000",
  });
});

test('a new process takes over the nodes and what runs on them', async () => {
  await using cluster = await Cluster.start();
  const first = await cluster.nodes();
  await cluster.createPod('web');
  await cluster.until('the pod runs', async () => (await cluster.pod('web'))?.status.phase === 'Running');
  const before = await cluster.pod('web');
  await first.stop();
  const second = await cluster.nodes();
  await cluster.clock.advance(30_000);
  expect((await cluster.pod('web'))?.status).toEqual(before?.status);
  expect((await cluster.pod('web'))?.metadata.resourceVersion).toBe(before?.metadata.resourceVersion);
  await cluster.admin.resource<Pod>(coreKinds.pods).delete('web', { namespace: 'default' });
  await cluster.until('the pod is gone', async () => (await cluster.pod('web')) === undefined);
  expect([...(second.agents.get('node-1')?.workers ?? [])]).toEqual([]);
});

test('of pods that were bound while no process ran, those made first find room', async () => {
  await using cluster = await Cluster.start();
  const first = await cluster.nodes({ cpu: '1' });
  await first.stop();
  const resources = { requests: { cpu: '600m' } };
  await cluster.createPod('old', { resources });
  const made = Date.parse((await cluster.pod('old'))?.metadata.creationTimestamp ?? '');
  await until('a second has passed: times are told in seconds', () => systemClock.now() >= made + 1000);
  await cluster.createPod('new', { resources });
  await cluster.nodes({ cpu: '1' });
  await cluster.until('the old pod runs', async () => (await cluster.pod('old'))?.status.phase === 'Running');
  expect((await cluster.pod('new'))?.status).toMatchObject({ phase: 'Failed', reason: 'OutOfcpu' });
});

test('a node that is short of memory says so, evicts one pod after the other, and takes no more', async () => {
  await using cluster = await Cluster.start();
  const sim = await cluster.nodes();
  await cluster.createPod('greedy', STUBBORN);
  await cluster.createPod('other', STUBBORN);
  for (const name of ['greedy', 'other'])
    await cluster.until('the pods run', async () => (await cluster.pod(name))?.status.phase === 'Running');
  const condition = async (type: string) =>
    (await cluster.list<Node>(coreKinds.nodes))
      .find(({ metadata }) => metadata.name === 'node-1')
      ?.status?.conditions?.find((c) => c.type === type)?.status;
  sim.agents.get('node-1')?.setFaults({ memoryUsed: '99.9%' });
  await cluster.until('the node says so', async () => (await condition('MemoryPressure')) === 'True');
  const evicted = async () => {
    const pods = await Promise.all(['greedy', 'other'].map((name) => cluster.pod(name)));
    return pods.filter((pod) => pod?.status.reason === 'Evicted');
  };
  await cluster.until('a pod is evicted', async () => (await evicted()).length > 0);
  const [first] = await evicted();
  expect(first?.status.message).toMatch(
    /^The node was low on resource: memory\. Threshold quantity: 100Mi, available: .*, has larger consumption of memory\. $/,
  );
  await cluster.clock.advance(2_000);
  await cluster.until('the other one follows when it has gone', async () => (await evicted()).length === 2);
  await cluster.createPod('late');
  await cluster.until('a new one is refused', async () => (await cluster.pod('late'))?.status.reason === 'Evicted');
  expect((await cluster.pod('late'))?.status.message).toBe('Pod was rejected: The node had condition: [MemoryPressure]. ');
  sim.agents.get('node-1')?.setFaults({});
  await cluster.clock.advance(300_000);
  await cluster.until('the node recovers', async () => (await condition('MemoryPressure')) === 'False');
});

test('a node that is cut off says nothing, and tells all when it is back; a reboot starts everything anew', async () => {
  await using cluster = await Cluster.start();
  const sim = await cluster.nodes();
  const agent = sim.agents.get('node-1');
  await cluster.createPod('web');
  await cluster.until('the pod runs', async () => (await cluster.pod('web'))?.status.phase === 'Running');
  agent?.setFaults({ networkCut: true });
  await cluster.createPod('unheard');
  await cluster.clock.advance(20_000);
  expect((await cluster.pod('unheard'))?.status.phase).toBe('Pending');
  await expect(cluster.admin.request('GET', '/api/v1/namespaces/default/pods/web/log')).rejects.toThrow();
  agent?.setFaults({});
  await cluster.until('the other one runs', async () => (await cluster.pod('unheard'))?.status.phase === 'Running');

  const before = await cluster.pod('web');
  const bootId = async () =>
    (await cluster.list<Node>(coreKinds.nodes)).find(({ metadata }) => metadata.name === 'node-1')?.status?.nodeInfo?.bootID;
  const oldBoot = await bootId();
  agent?.reboot();
  await cluster.until('the node tells of its boot', async () => (await bootId()) !== oldBoot);
  await cluster.until(
    'the container was started again',
    async () => (await cluster.pod('web'))?.status.containerStatuses?.[0]?.restartCount === 1,
  );
  expect((await cluster.pod('web'))?.status.podIP).not.toBe(before?.status.podIP);
});

test('a pod is not refused for a label that the scheduler saw before its node did', async () => {
  await using cluster = await Cluster.start();
  const gates = new Gates();
  await cluster.nodes({}, gates);
  gates.close('watch nodes');
  const nodes = cluster.admin.resource<Node>(coreKinds.nodes);
  await nodes.patch('node-1', { metadata: { labels: { disk: 'fast' } } }, { type: 'strategic' });
  await cluster.createPod('web', {}, { nodeSelector: { disk: 'fast' } });
  await cluster.createPod('other', {}, { nodeSelector: { disk: 'slow' } });
  const phase = async (name: string) => (await cluster.pod(name))?.status.phase;
  await cluster.until('the pod runs', async () => (await phase('web')) === 'Running');
  await cluster.until('the other is refused', async () => (await phase('other')) === 'Failed');
  expect((await cluster.pod('other'))?.status).toMatchObject({
    reason: 'NodeAffinity',
    message: "Pod was rejected: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
  });
});

const STUBBORN = { image: 'busybox', command: ['sh', '-c', 'sleep 3600'] };

const policies = '/apis/simulation.nanokube.io/v1alpha1/simulationpolicies';
const policy = (name: string, spec: object) => ({
  apiVersion: 'simulation.nanokube.io/v1alpha1',
  kind: 'SimulationPolicy',
  metadata: { name },
  spec,
});

test('policies and annotations say how pods and nodes behave', async () => {
  await using cluster = await Cluster.start();
  const sim = await cluster.nodes({ simulationPolicies: true });
  const create = (body: object) => cluster.admin.request('POST', policies, { body });
  await cluster.until('policies are served', async () => {
    const { status } = await cluster.admin.request('GET', policies).catch(() => ({ status: 404 }));
    return status === 200;
  });
  await create(policy('slow', { podSelector: { matchLabels: { app: 'bad' } }, pods: { exitAfter: '2s', exitCode: 7 } }));
  await create(policy('nodes', { nodeSelector: { names: ['node-0'] }, nodes: { networkCut: true } }));
  await cluster.until('the fault is there', async () => sim.agents.get('node-0')?.isReachable === false);
  const create2 = (name: string, metadata: object) =>
    cluster.admin.request('POST', '/api/v1/namespaces/default/pods', {
      body: {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, ...metadata },
        spec: { nodeName: 'node-1', restartPolicy: 'Never', containers: [{ name: 'main', image: 'nginx' }] },
      },
    });
  await create2('bad', { labels: { app: 'bad' } });
  await create2('never', { annotations: { 'simulation.nanokube.io/ready': 'never' } });
  await create2('unpulled', { annotations: { 'simulation.nanokube.io/image-pull-error': 'the registry is on fire' } });
  await cluster.until('the pod fails', async () => (await cluster.pod('bad'))?.status.phase === 'Failed');
  expect((await cluster.pod('bad'))?.status.containerStatuses?.[0]?.state?.terminated?.exitCode).toBe(7);
  await cluster.until('the other one runs', async () => (await cluster.pod('never'))?.status.phase === 'Running');
  await cluster.clock.advance(20_000);
  expect((await cluster.pod('never'))?.status.containerStatuses?.[0]).toMatchObject({ ready: false, state: { running: {} } });
  await cluster.until('the pull fails', async () =>
    ((await cluster.pod('unpulled'))?.status.containerStatuses?.[0]?.state?.waiting?.message ?? '').includes('the registry is on fire'),
  );
  await cluster.admin.request('DELETE', `${policies}/nodes`);
  await cluster.until('the fault is gone', async () => sim.agents.get('node-0')?.isReachable === true);
});

test('annotations that a running pod is given, and loses, are followed', async () => {
  await using cluster = await Cluster.start();
  await cluster.nodes();
  await cluster.createPod('web');
  const isReady = async () => (await cluster.pod('web'))?.status.containerStatuses?.[0]?.ready;
  await cluster.until('it is ready', async () => (await isReady()) === true);
  const annotate = (word: string, text: string | null) =>
    cluster.admin.request('PATCH', '/api/v1/namespaces/default/pods/web', {
      body: { metadata: { annotations: { [`simulation.nanokube.io/${word}`]: text } } },
      contentType: 'application/merge-patch+json',
    });
  await annotate('ready', 'never');
  await cluster.until('it is not ready', async () => (await isReady()) === false);
  await annotate('ready', null);
  await cluster.until('it is ready again', async () => (await isReady()) === true);
  await annotate('exit-after', '2s');
  await cluster.until('it ends', async () => ((await cluster.pod('web'))?.status.containerStatuses?.[0]?.restartCount ?? 0) > 0);
});

test('a static pod runs from its file: its mirror comes back, and goes with the file', async () => {
  await using cluster = await Cluster.start();
  await using directory = await tempDirectory();
  await mkdir(join(directory.path, 'node-1'));
  const file = join(directory.path, 'node-1', 'proxy'); // whatever its name
  const podNamed = (name: string) =>
    `apiVersion: v1\nkind: Pod\nmetadata: { name: ${name} }\nspec: { containers: [{ name: main, image: nginx }] }\n`;
  await writeFile(file, podNamed('proxy'));
  await writeFile(join(directory.path, 'node-1', '.proxy'), podNamed('hidden'));
  await writeFile(join(directory.path, 'deep.yaml'), `kind: Pod\nspec: ${'['.repeat(200_000)}`); // must not end the process
  const sim = await cluster.nodes({ podManifestPath: directory.path });
  const mirror = () => cluster.pod('proxy-node-1');
  await cluster.until('it runs', async () => (await mirror())?.status.phase === 'Running');
  const first = await mirror();
  expect(await cluster.pod('hidden-node-1')).toBeUndefined();
  expect(first?.metadata.annotations).toMatchObject({
    'kubernetes.io/config.source': 'file',
    'kubernetes.io/config.mirror': expect.any(String),
  });
  expect(first?.metadata.ownerReferences).toMatchObject([{ kind: 'Node', name: 'node-1', controller: true }]);
  expect(first?.metadata.generation).toBe(1);
  expect(JSON.stringify(first?.status)).not.toContain('observedGeneration');
  await cluster.admin.request('DELETE', '/api/v1/namespaces/default/pods/proxy-node-1');
  await cluster.until(
    'there is another mirror',
    async () => ((await mirror())?.metadata.uid ?? first?.metadata.uid) !== first?.metadata.uid,
  );
  await cluster.until('of the same containers', async () => (await mirror())?.status.phase === 'Running');
  const { status } = (await mirror()) ?? {};
  expect(status?.containerStatuses?.[0]?.containerID).toBe(first?.status.containerStatuses?.[0]?.containerID);
  // Its file changes: what runs instead waits until what ran has ended.
  const manifest = (image: string) =>
    `apiVersion: v1\nkind: Pod\nmetadata: { name: proxy }\nspec: { containers: [{ name: main, image: ${image}, command: [sleep, '3600'] }] }\n`;
  const becomes = async (image: string) => {
    await cluster.until(`it runs ${image} instead`, async () => {
      await cluster.clock.advance(1000);
      const now = await mirror();
      return now?.spec.containers[0]?.image === image && now.status.phase === 'Running';
    });
  };
  await writeFile(file, manifest('busybox:1'));
  await becomes('busybox:1');
  const before = await mirror();
  await writeFile(file, manifest('busybox:2'));
  const isEnding = () => [...(sim.agents.get('node-1')?.workers ?? [])].some(({ lifecycle }) => lifecycle === 'terminating');
  await cluster.until('it is ending', async () => {
    if (!isEnding()) await cluster.clock.advance(1000);
    return isEnding();
  });
  // sleep does not hear SIGTERM: what is there has its time, and its mirror as long.
  await cluster.clock.advance(19_000);
  const { metadata, status: meanwhile } = (await mirror()) ?? {};
  expect([metadata?.uid, meanwhile?.phase]).toEqual([before?.metadata.uid, 'Running']);
  await becomes('busybox:2');
  await rm(file);
  await cluster.until('it is gone', async () => {
    await cluster.clock.advance(1000);
    return (await mirror()) === undefined;
  });
});

test('a mirror of no manifest runs nowhere, and goes: that of a file that went while no kubelet ran, and what somebody made by hand', async () => {
  await using cluster = await Cluster.start();
  await using directory = await tempDirectory();
  const manifest = 'apiVersion: v1\nkind: Pod\nmetadata: { name: late }\nspec: { containers: [{ name: main, image: nginx }] }\n';
  await writeFile(join(directory.path, 'late.yaml'), manifest);
  const first = await cluster.nodes({ podManifestPath: directory.path });
  await cluster.until('it runs', async () => (await cluster.pod('late-node-0'))?.status.phase === 'Running');
  await first.stop();
  await rm(join(directory.path, 'late.yaml'));
  const second = await cluster.nodes({ podManifestPath: directory.path });
  await cluster.until('its mirror is gone', async () => {
    await cluster.clock.advance(1000);
    return (await cluster.pod('late-node-0')) === undefined;
  });
  await second.stop();
  await cluster.nodes();
  const annotations = { 'kubernetes.io/config.mirror': 'of-nothing' };
  const spec = { nodeName: 'node-0', containers: [{ name: 'main', image: 'nginx' }] };
  const pods = cluster.admin.resource<Pod>(coreKinds.pods);
  await pods.create({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'forged', namespace: 'default', annotations }, spec });
  await cluster.until('it is gone', async () => (await cluster.pod('forged')) === undefined);
});

test('a pod reaches the API server at its Service and at its own address, with its own credentials and none of the node’s; other pods by the Services there are', async () => {
  await using cluster = await Cluster.start();
  await cluster.nodes();
  const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace: 'default' } };
  await cluster.admin
    .resource<Service>(coreKinds.services)
    .create({ ...service, spec: { selector: { app: 'web' }, ports: [{ port: 80 }] } });
  const endpoints = JSON.parse((await cluster.admin.request('GET', '/api/v1/namespaces/default/endpoints/kubernetes')).body.toString());
  const [{ addresses, ports }] = endpoints.subsets;
  const script =
    `for host in kubernetes.default ${addresses[0].ip}:${ports[0].port}; do curl -s -k -o /dev/null -w "%{http_code} " https://$host/version; done; ` +
    'curl -s -k -o /dev/null -w "%{http_code} " https://kubernetes.default/api/v1/secrets; echo; curl -sS https://kubernetes.default/version 2>&1 | head -n 1; wget -qO- http://web; exit 0';
  await cluster.createPod('client', { image: 'busybox', command: ['sh', '-c', script] }, { restartPolicy: 'Never' });
  await cluster.until('the client is done', async () => (await cluster.pod('client'))?.status.phase === 'Succeeded');
  const log = await cluster.admin.request('GET', '/api/v1/namespaces/default/pods/client/log');
  expect(log.body.toString().replace(/\(10[\d.]+\)/, '(ADDRESS)')).toBe(
    "200 200 403 \ncurl: (60) SSL certificate problem: unable to get local issuer certificate\nwget: can't connect to remote host (ADDRESS): Connection refused\n",
  );
});

/** Reasons of the events about a node, and how often each was told. */
async function nodeEvents(cluster: Cluster, name: string): Promise<string[]> {
  const events = await cluster.list<Event>(coreKinds.events);
  return events.filter(({ involvedObject: { kind, name: node } }) => kind === 'Node' && node === name).map(({ reason = '' }) => reason);
}

test('a node that starts says so, and how it is; a boot tells the boot ID that the node has', async () => {
  await using cluster = await Cluster.start();
  const sim = await cluster.nodes();
  const reasons = ['NodeAllocatableEnforced', 'NodeHasNoDiskPressure', 'NodeHasSufficientMemory', 'NodeHasSufficientPID', 'Starting'];
  await cluster.until('events', async () => (await nodeEvents(cluster, 'node-1')).length === reasons.length);
  expect((await nodeEvents(cluster, 'node-1')).sort()).toEqual(reasons);
  sim.agents.get('node-1')?.reboot();
  await cluster.until('boot', async () => (await nodeEvents(cluster, 'node-1')).includes('Rebooted'));
  const rebooted = (await cluster.list<Event>(coreKinds.events)).find(({ reason }) => reason === 'Rebooted');
  await cluster.until('status', async () => {
    const node = (await cluster.list<Node>(coreKinds.nodes)).find(({ metadata }) => metadata.name === 'node-1');
    return rebooted?.message === `Node node-1 has been rebooted, boot id: ${node?.status?.nodeInfo?.bootID}`;
  });
});

test('a node whose conditions a controller has set to Unknown writes them again, and tells of it', async () => {
  await using cluster = await Cluster.start();
  await cluster.nodes();
  const nodes = cluster.admin.resource<Node>(coreKinds.nodes);
  const conditions = ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'Ready'].map((type) => ({ type, status: 'Unknown' }));
  await nodes.patch('node-0', { status: { conditions } }, { type: 'strategic', subresource: 'status' });
  await cluster.until('ready', async () => (await nodeEvents(cluster, 'node-0')).includes('NodeReady'));
  const node = await nodes.get('node-0');
  expect(node.status?.conditions?.every(({ status }) => status !== 'Unknown')).toBe(true);
  expect(node.metadata.managedFields).toContainEqual(expect.objectContaining({ manager: 'heartbeats', subresource: 'status' }));
});

test('a resource that somebody gives a node may be had by pods, until it is taken away', async () => {
  await using cluster = await Cluster.start();
  await cluster.nodes();
  const give = (amount: string | null) =>
    cluster.admin.request('PATCH', '/api/v1/nodes/node-1/status', {
      body: { status: { capacity: { 'example.com/dongle': amount } } },
      contentType: 'application/merge-patch+json',
    });
  const offered = async () =>
    (await cluster.list<Node>(coreKinds.nodes)).find(({ metadata }) => metadata.name === 'node-1')?.status?.allocatable;
  await give('4');
  await cluster.until('it is allocatable', async () => (await offered())?.['example.com/dongle'] === '4');
  await give(null);
  await cluster.until('it is gone', async () => (await offered())?.['example.com/dongle'] === undefined);
  expect(await offered()).toMatchObject({ pods: '110' });
});

test('a critical pod that the node has no room for preempts another, which fails and says why', async () => {
  await using cluster = await Cluster.start();
  await cluster.nodes({ cpu: '2' });
  const asking = (cpu: string) => ({ resources: { requests: { cpu } } });
  const lifecycle = { preStop: { sleep: { seconds: 12 } } };
  await cluster.createPod('common', { ...STUBBORN, ...asking('1500m'), lifecycle });
  await cluster.until('runs', async () => (await cluster.pod('common'))?.status.phase === 'Running');
  await cluster.createPod('critical', asking('1'), { priorityClassName: 'system-node-critical' });
  await cluster.until('preempted', async () => (await cluster.pod('common'))?.status.phase === 'Failed');
  await cluster.until('critical runs', async () => (await cluster.pod('critical'))?.status.phase === 'Running');
  const { status } = (await cluster.pod('common')) ?? {};
  const gaveWay = status?.containerStatuses?.[0]?.state?.terminated?.finishedAt ?? 'never';
  expect(((await cluster.pod('critical'))?.status.startTime ?? '') >= gaveWay).toBe(true);
  expect([status?.reason, status?.message]).toEqual(['Preempting', 'Preempted in order to admit critical pod']);
  expect(status?.conditions?.find(({ type }) => type === 'DisruptionTarget')).toMatchObject({
    status: 'True',
    reason: 'TerminationByKubelet',
    message: 'Pod was preempted by Kubelet to accommodate a critical pod.',
  });
});

test('pods resolve names in the domain and at the servers that the options name', async () => {
  await using cluster = await Cluster.start();
  const sim = await cluster.nodes({ clusterDomain: 'lab.example', clusterDns: ['10.96.0.53', '10.96.0.54'] });
  const script = ['sh', '-c', 'cat /etc/resolv.conf; nslookup kubernetes.default.svc.lab.example'];
  await cluster.createPod('names', { image: 'busybox', command: script });
  await cluster.createPod('host', { image: 'busybox', command: script }, { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' });
  const log = async (name: string) => {
    const path = `/api/v1/namespaces/default/pods/${name}/log`;
    return (await cluster.admin.request('GET', path).catch(() => undefined))?.body.toString() ?? '';
  };
  for (const name of ['names', 'host']) {
    await cluster.until(`${name} has looked`, async () => (await log(name)).includes('Address'));
    expect(await log(name)).toContain(
      'search default.svc.lab.example svc.lab.example lab.example\nnameserver 10.96.0.53\nnameserver 10.96.0.54\noptions ndots:5\n',
    );
    expect(await log(name)).toMatch(/kubernetes\.default\.svc\.lab\.example\nAddress: \d/);
  }
  expect(sim.agents.get('node-0')?.configuration()).toMatchObject({
    clusterDomain: 'lab.example',
    clusterDNS: ['10.96.0.53', '10.96.0.54'],
  });
});
