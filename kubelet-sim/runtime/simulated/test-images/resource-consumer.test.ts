import { expect, test } from 'vitest';
import { FakeDirectory } from '../../../testing/fake-directory.ts';
import { TestRuntime } from '../../../testing/runtime-harness.ts';

const MIB = 1024 * 1024;

/** A consumer of load, behind a Service; a controller that spreads requests; a client. */
async function consumers(resources = {}) {
  const directory = new FakeDirectory();
  const node = new TestRuntime({ directory });
  const sandbox = node.sandbox({ name: 'rc' });
  const consumer = await node.start(sandbox, { image: 'registry.k8s.io/e2e-test-images/resource-consumer:1.13', resources });
  const address = node.runtime.podSandboxStatus(sandbox)?.ip ?? '';
  const ports = [{ port: 80, targetPort: 8080 }];
  directory.add('rc', { clusterIP: '10.96.1.1', clusterIPs: ['10.96.1.1'], ports }, [{ addresses: [address] }], 8080);
  const controlled = node.sandbox({ name: 'ctrl', dns: { servers: ['10.96.0.10'], searches: ['svc.cluster.local'], options: [] } });
  const args = ['resource-consumer-controller', '--consumer-service-name=rc', '--consumer-port=80'];
  await node.start(controlled, { image: 'registry.k8s.io/e2e-test-images/agnhost:2.56', args });
  const controller = `http://${node.runtime.podSandboxStatus(controlled)?.ip}:8080`;
  const client = await node.start(node.sandbox({ name: 'client' }), { script: 'sleep 100000' });
  const post = (url: string, form: string) => node.say(client, `curl -s -d '${form}' ${url}`);
  const used = () => {
    const stats = node.runtime.containerStats(consumer);
    return [Math.round((stats?.cpu.usageNanoCores ?? 0) / 1e6), Math.round((stats?.memory.workingSetBytes ?? 0) / MIB)];
  };
  return { node, client, consumer, controller, url: `http://${address}:8080`, post, used };
}

test('a consumer uses what it is asked to, for as long', async () => {
  const { node, url, post, used } = await consumers();
  const [cpu = 0, memory = 0] = used();
  expect(await post(`${url}/ConsumeCPU`, 'millicores=300&durationSec=30')).toBe('ConsumeCPU\n300 millicores\n30 durationSec\n');
  await post(`${url}/ConsumeCPU`, 'millicores=100&durationSec=60');
  expect(await post(`${url}/ConsumeMem`, 'megabytes=100&durationSec=20')).toBe('ConsumeMem\n100 megabytes\n20 durationSec\n');
  expect(used()).toEqual([cpu + 400, memory + 100]);
  await node.pass(30);
  expect(used()).toEqual([cpu + 100, memory]);
  await node.pass(40);
  expect(used()).toEqual([cpu, memory]);
});

test('it is held down by its limits, and dies of too much memory', async () => {
  const { node, consumer, url, post, used } = await consumers({ cpuLimitMillis: 200, memoryLimitBytes: 64 * MIB });
  await post(`${url}/ConsumeCPU`, 'millicores=300&durationSec=30');
  expect(used()[0]).toBe(200);
  await post(`${url}/ConsumeMem`, 'megabytes=100&durationSec=20');
  expect(node.state(consumer)).toBe('OOMKilled 137');
});

test('metrics are raised for a while, and shown', async () => {
  const { node, client, url, post } = await consumers();
  expect(await post(`${url}/BumpMetric`, 'metric=QPS&delta=50.5&durationSec=10')).toBe(
    'BumpMetric\nQPS metric\n50.5 delta\n10 durationSec\n',
  );
  const shown = () => node.say(client, `curl -s ${url}/Metrics`);
  expect(await shown()).toBe('# HELP QPS info message.\n# TYPE QPS gauge\nQPS 50.500000\n');
  await node.pass(10);
  expect(await shown()).toContain('QPS 0.000000');
});

test.each([
  ['/ConsumeCPU', '-d millicores=1', 'not given function argument\n'],
  ['/ConsumeCPU', '-d millicores=1x -d durationSec=1 -d requestSizeMillicores=1', 'incorrect function argument\n'],
  ['/ConsumeCPU', '', 'Bad request. Not a POST request\n'],
  ['/Other', '-d a=b', 'unknown function\n'],
])('what is asked for wrongly is refused: %s %s', async (path, options, text) => {
  const { node, client, url, controller } = await consumers();
  expect(await node.say(client, `curl -s ${options} ${url}${path}`)).toBe(text);
  expect(await node.say(client, `curl -s ${options} ${controller}${path}`)).toBe(text);
});

test('the controller spreads what it is asked for over consumers', async () => {
  const { controller, post, used } = await consumers();
  const [before = 0] = used();
  expect(await post(`${controller}/ConsumeCPU`, 'millicores=250&durationSec=30&requestSizeMillicores=100')).toBe(
    'RC manager: sending 2 requests to consume 100 millicores each and 1 request to consume 50 millicores\nConsumed 100 millicores\nConsumed 100 millicores\nConsumed 50 millicores\n',
  );
  expect(used()[0]).toBe(before + 250);
});

test('two consumers of one pod listen on ports of their own', async () => {
  const { node, client, url } = await consumers();
  const sandbox = node.sandbox({ name: 'two' });
  const image = 'registry.k8s.io/e2e-test-images/resource-consumer:1.13';
  const ids = [await node.start(sandbox, { image }), await node.start(sandbox, { image, command: ['/consumer', '-port=8081'] })];
  expect(ids.map((id) => node.runtime.containerStatus(id)?.state)).toEqual(['running', 'running']);
  const address = node.runtime.podSandboxStatus(sandbox)?.ip ?? url;
  for (const port of [8080, 8081])
    expect(await node.say(client, `curl -s -d 'millicores=10&durationSec=30' http://${address}:${port}/ConsumeCPU`)).toContain(
      '10 millicores',
    );
});
