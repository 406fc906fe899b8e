// How configuration reaches containers, as statements that a learner would read. On the virtual clock.
import { expect, test } from 'vitest';
import type { Container, Pod, Service } from '../../api/index.ts';
import { aContainer, aPod } from '../../kubelet-sim/testing/builders.ts';
import { shell, TestNode } from '../../kubelet-sim/testing/node-harness.ts';

const DB: Service = {
  metadata: { name: 'db', namespace: 'default' },
  spec: { clusterIP: '10.96.0.7', ports: [{ port: 5432, protocol: 'TCP' }] },
  status: {},
};

async function waiting(
  container: Partial<Container>,
  spec: Partial<Pod['spec']> = {},
): Promise<[string | undefined, string | undefined, TestNode]> {
  const node = new TestNode();
  await node.run({ ...spec, containers: [aContainer('main', container)] });
  const { reason, message } = node.container()?.state?.waiting ?? {};
  return [reason, message, node];
}

test.each<[string, Partial<Container>, string]>([
  ['a config map that is not there', { envFrom: [{ configMapRef: { name: 'app' } }] }, 'configmap "app" not found'],
  ['a secret that is not there', { env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] }, 'secret "s" not found'],
  [
    'a resource of a container that is not there',
    { env: [{ name: 'X', valueFrom: { resourceFieldRef: { containerName: 'nobody', resource: 'limits.cpu' } } }] },
    'container nobody not found',
  ],
])('a container that refers to %s waits with CreateContainerConfigError', async (_what, container, message) => {
  const [reason, text, node] = await waiting(container);
  expect([reason, text]).toEqual(['CreateContainerConfigError', message]);
  expect(node.told('Failed')).toEqual([`Error: ${message}`]);
});

test('a key that is not there holds the container up too, unless it is optional', async () => {
  const node = new TestNode();
  node.source.configMaps.set('app', { level: 'debug' });
  const reference = (optional: boolean) => [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'app', key: 'color', optional } } }];
  await node.run({ containers: [aContainer('main', { env: reference(false) })] });
  expect(node.container()?.state?.waiting?.message).toBe("couldn't find key color in ConfigMap default/app");
  const other = new TestNode();
  other.source.configMaps.set('app', {});
  await other.run({ containers: [shell('main', 'echo "[$X]"; sleep 3600', { env: reference(true) })] });
  expect(await other.log()).toBe('[]\n');
});

test('services of the namespace are variables of containers, unless enableServiceLinks is false', async () => {
  const node = new TestNode();
  node.source.serviceList.push(DB);
  await node.run({ containers: [shell('main', 'echo $DB_SERVICE_HOST:$DB_SERVICE_PORT $DB_PORT; sleep 3600')] });
  expect(await node.log()).toBe('10.96.0.7:5432 tcp://10.96.0.7:5432\n');
  const without = new TestNode();
  without.source.serviceList.push(DB);
  await without.run({ enableServiceLinks: false, containers: [shell('main', 'echo "[$DB_SERVICE_HOST]"; sleep 3600')] });
  expect(await without.log()).toBe('[]\n');
});

test('runAsNonRoot: an image that runs as root is refused, another user is not', async () => {
  const where = '(pod: "web_default(uid-of-web)", container: main)';
  const [reason, message, node] = await waiting({ image: 'busybox', securityContext: { runAsNonRoot: true } });
  expect([reason, message]).toEqual(['CreateContainerConfigError', `container has runAsNonRoot and image will run as root ${where}`]);
  expect(node.told('Failed')).toEqual([`Error: container has runAsNonRoot and image will run as root ${where}`]);
  const [, root] = await waiting({ securityContext: { runAsNonRoot: true, runAsUser: 0 } });
  expect(root).toBe(`container's runAsUser breaks non-root policy ${where}`);
  const user = new TestNode();
  await user.run({ securityContext: { runAsNonRoot: true, runAsUser: 1000 }, containers: [shell('main', 'sleep 3600')] });
  expect(user.state()).toBe('running');
});

test("subPathExpr: a variable's value is the path; one that is not there holds the container up", async () => {
  const node = new TestNode();
  const env = [{ name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }];
  const volumes = [{ name: 'v', emptyDir: {} }];
  const mount = (subPathExpr: string) => [{ name: 'v', mountPath: '/logs', subPathExpr }];
  await node.run({
    volumes,
    containers: [
      shell('main', 'echo hello > /logs/out; sleep 3600', { env, volumeMounts: mount('$(POD)') }),
      shell('looker', 'sleep 3600', { volumeMounts: [{ name: 'v', mountPath: '/all' }] }),
    ],
  });
  expect(await node.exec('looker', 'cat', '/all/web/out')).toBe('hello\n');
  const [reason, message] = await waiting({ env, volumeMounts: mount('$(POD)/$(NOBODY)') }, { volumes });
  expect([reason, message]).toEqual(['CreateContainerConfigError', 'missing value for NOBODY']);
});

test('a debug container must name a target that is there', async () => {
  const node = new TestNode();
  await node.run({});
  const debug = { ...shell('debug', 'true'), targetContainerName: 'nobody' };
  await node.change((pod) => ({ ...pod, spec: { ...pod.spec, ephemeralContainers: [debug] } }));
  expect(node.status.ephemeralContainerStatuses?.[0]?.state?.waiting).toEqual({
    reason: 'CreateContainerConfigError',
    message: 'unable to find target container nobody',
  });
});

test('an image pull secret that is not there is told of, and the pull is tried without it', async () => {
  const node = new TestNode();
  await node.run({ imagePullSecrets: [{ name: 'absent' }] });
  expect(node.told('FailedToRetrieveImagePullSecret')[0]).toBe(
    'Unable to retrieve some image pull secrets (absent); attempting to pull the image may not succeed.',
  );
  expect(node.state()).toBe('running');
});

test.each<[string, Container['resources'], number | undefined]>([
  ['BestEffort', {}, undefined],
  ['Burstable', { requests: { memory: '16Gi' } }, 500],
  ['Guaranteed', { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '1', memory: '1Gi' } }, -997],
])('quality of service: the kernel kills containers of %s pods in their turn', async (qosClass, resources, score) => {
  const node = new TestNode();
  await node.run({}, aPod({ containers: [aContainer('main', { resources })] }, { status: { phase: 'Pending', qosClass } }));
  expect(node.runtime.containerStatus(node.worker?.containerId('main') ?? '')?.resources.oomScoreAdj).toBe(score);
  expect(node.status.qosClass).toBe(qosClass);
});

test('the kernel kills first who asks for little; a sidecar no sooner than who it serves; what a pod asks for as a whole is shared', async () => {
  const node = new TestNode();
  const containers = ['4Gi', '16Gi'].map((memory) => shell(memory.toLowerCase(), 'sleep 1000', { resources: { requests: { memory } } }));
  const plain = shell('plain', 'sleep 1000');
  const side = shell('side', 'sleep 1000', { restartPolicy: 'Always', resources: { requests: { memory: '1Gi' } } });
  const pod = aPod({ initContainers: [side], containers }, { status: { phase: 'Pending', qosClass: 'Burstable' } });
  await node.run({}, pod);
  const score = async (name: string) => (await node.exec(name, 'cat', '/proc/1/oom_score_adj')).trim();
  expect([await score('side'), await score('4gi'), await score('16gi')]).toEqual(['875', '875', '500']);
  const other = new TestNode();
  const whole = { resources: { requests: { memory: '16Gi' } }, containers: [plain, shell('b', 'sleep 1000')] };
  await other.run({}, aPod(whole, { status: { phase: 'Pending', qosClass: 'Burstable' } }));
  expect((await other.exec('plain', 'cat', '/proc/1/oom_score_adj')).trim()).toBe('750');
});
