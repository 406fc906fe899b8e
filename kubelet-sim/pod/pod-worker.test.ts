import { expect, test } from 'vitest';
import { aContainer, aPod } from '../testing/builders.ts';
import { TestNode } from '../testing/node-harness.ts';
import { PodWorker } from './pod-worker.ts';

const busybox = (name: string, script: string, more = {}) => aContainer(name, { image: 'busybox', command: ['sh', '-c', script], ...more });

test('a pod goes from nothing to Running in one status, with the events of upstream', async () => {
  const node = new TestNode();
  await node.run({});
  expect(node.history.map(({ phase }) => phase)).toEqual(['Running']);
  expect(node.state()).toBe('running');
  expect(node.container()).toMatchObject({ ready: true, started: true, restartCount: 0 });
  expect(node.container()?.containerID).toMatch(/^containerd:\/\/[0-9a-f]{64}$/);
  expect(node.status).toMatchObject({ podIP: '10.244.0.2', hostIP: '172.18.0.2' });
  expect(node.events).toEqual([
    'Normal Pulling Pulling image "nginx"',
    'Normal Pulled Successfully pulled image "nginx" in 1ms (1ms including waiting). Image size: 72319283 bytes.',
    'Normal Created Created container: main',
    'Normal Started Started container main',
  ]);
  expect(await node.log()).toContain('ready for start up');
});

test('while an image is pulled the pod shows that it is being created', async () => {
  const node = new TestNode({ pullMs: 3000 });
  await node.run({});
  expect([node.status.phase, node.state()]).toEqual(['Pending', 'ContainerCreating']);
  await node.pass(3);
  expect(node.state()).toBe('running');
  expect(node.events).toContain(
    'Normal Pulled Successfully pulled image "nginx" in 3s (3s including waiting). Image size: 72319283 bytes.',
  );
});

test('init containers run in order, and share a volume with what comes after', async () => {
  const node = new TestNode();
  const volumeMounts = [{ name: 'v', mountPath: '/work' }];
  await node.run({
    initContainers: [
      busybox('first', 'sleep 5; echo one > /work/f', { volumeMounts }),
      busybox('second', 'echo two >> /work/f', { volumeMounts }),
    ],
    containers: [busybox('main', 'cat /work/f; sleep 3600', { volumeMounts })],
    volumes: [{ name: 'v', emptyDir: {} }],
  });
  expect([node.status.phase, node.state('first'), node.state('second'), node.state()]).toEqual([
    'Pending',
    'running',
    'PodInitializing',
    'PodInitializing',
  ]);
  await node.pass(5);
  expect([node.status.phase, node.state('first'), node.state('second'), node.state()]).toEqual([
    'Running',
    'Completed 0',
    'Completed 0',
    'running',
  ]);
  expect(await node.log()).toBe('one\ntwo\n');
});

test('a container that keeps failing is restarted with growing waits', async () => {
  const node = new TestNode();
  await node.runScript('echo try; exit 3');
  expect([node.state(), node.container()?.restartCount]).toEqual(['Error 3', 1]);
  expect(node.container()?.lastState?.terminated).toMatchObject({ exitCode: 3, reason: 'Error' });
  expect(node.status.phase).toBe('Running');
  await node.pass(10);
  expect([node.state(), node.container()?.restartCount]).toEqual(['Error 3', 2]);
  await node.pass(19);
  expect([node.state(), node.container()?.restartCount]).toEqual(['CrashLoopBackOff', 2]);
  await node.pass(1.5);
  expect(node.container()?.restartCount).toBe(3);
  expect(node.events.filter((text) => text.includes('BackOff')).at(-1)).toBe(
    'Warning BackOff Back-off restarting failed container main in pod web_default(uid-of-web)',
  );
  expect(await node.log('main', true)).toBe('try\n');
});

test('OnFailure: a clean exit ends the pod Succeeded; Never: a failure ends it Failed', async () => {
  const node = new TestNode();
  await node.runScript('sleep 2; exit 0', { restartPolicy: 'OnFailure' });
  await node.pass(2);
  expect([node.status.phase, node.state(), node.condition('Ready')]).toEqual(['Succeeded', 'Completed 0', 'False']);
  const other = new TestNode();
  await other.runScript('exit 7', { restartPolicy: 'Never' });
  expect([other.status.phase, other.state()]).toEqual(['Failed', 'Error 7']);
  expect(other.status.podIP).toBe('10.244.0.2');
});

test('a program that the image does not have cannot be started', async () => {
  const node = new TestNode();
  await node.run({ restartPolicy: 'Never', containers: [aContainer('main', { image: 'busybox', command: ['nope'] })] });
  expect([node.status.phase, node.state()]).toEqual(['Failed', 'StartError 128']);
  expect(node.events.at(-1)).toContain(
    'Warning Failed Error: failed to create containerd task: failed to create shim task: OCI runtime create failed',
  );
});

test('an image that does not exist is tried again and again', async () => {
  const node = new TestNode();
  await node.run({ containers: [aContainer('main', { image: 'nginx:does-not-exist' })] });
  expect(node.state()).toBe('ErrImagePull');
  expect(node.container()?.state?.waiting?.message).toMatch(
    /^rpc error: code = NotFound desc = failed to pull and unpack image "docker.io\/library\/nginx:does-not-exist"/,
  );
  const pulls = () => node.events.filter((text) => text.startsWith('Normal Pulling')).length;
  await node.pass(9);
  expect([node.state(), pulls()]).toEqual(['ErrImagePull', 1]);
  await node.pass(2);
  expect([node.state(), pulls()]).toEqual(['ImagePullBackOff', 2]);
  expect(node.container()?.state?.waiting?.message).toMatch(/^Back-off pulling image "nginx:does-not-exist": ErrImagePull: rpc error/);
  await node.pass(10);
  expect([node.state(), pulls()]).toEqual(['ErrImagePull', 2]);
  expect(node.status.phase).toBe('Pending');
});

test('an image name that cannot be parsed, and one that may not be pulled', async () => {
  const node = new TestNode();
  await node.run({ containers: [aContainer('main', { image: 'UPPER' })] });
  expect(node.state()).toBe('InvalidImageName');
  expect(node.events).toContain('Warning Failed Error: InvalidImageName');
  const other = new TestNode();
  await other.run({ containers: [aContainer('main', { imagePullPolicy: 'Never' })] });
  expect(other.state()).toBe('ErrImageNeverPull');
});

test('a private registry wants its secret', async () => {
  const node = new TestNode();
  const spec = { containers: [aContainer('main', { image: 'registry.example.com/team/app:1.0' })], imagePullSecrets: [{ name: 'reg' }] };
  await node.run(spec);
  expect(node.state()).toBe('ErrImagePull');
  const auths = { auths: { 'registry.example.com': { auth: 'dTpw' } } };
  node.source.secrets.set('reg', { '.dockerconfigjson': Buffer.from(JSON.stringify(auths)).toString('base64') });
  await node.pass(12);
  expect(node.state()).toBe('running');
});

test('configuration that is not there holds the container up until it is', async () => {
  const node = new TestNode();
  const env = [{ name: 'LEVEL', valueFrom: { configMapKeyRef: { name: 'app', key: 'level' } } }];
  await node.runScript('echo $LEVEL; sleep 3600', {}, { env });
  expect(node.state()).toBe('CreateContainerConfigError');
  expect(node.events).toContain('Warning Failed Error: configmap "app" not found');
  node.source.configMaps.set('app', { level: 'debug' });
  await node.pass(10);
  expect(await node.log()).toBe('debug\n');
});

test('a volume that is not there holds the pod up until it is', async () => {
  const node = new TestNode();
  const volumes = [{ name: 'config', configMap: { name: 'app' } }];
  await node.runScript('cat /etc/config/a/b; sleep 3600', { volumes }, { volumeMounts: [{ name: 'config', mountPath: '/etc/config' }] });
  expect(node.state()).toBe('ContainerCreating');
  expect(node.events).toEqual(['Warning FailedMount MountVolume.SetUp failed for volume "config" : configmap "app" not found']);
  node.source.configMaps.set('app', { 'a/b': 'text\n' });
  await node.pass(1);
  expect(await node.log()).toBe('text\n');
});

test("the service account's token is asked for when somebody reads it, and not before", async () => {
  const node = new TestNode();
  const volumes = [
    {
      name: 'kube-api-access-x',
      projected: { sources: [{ serviceAccountToken: { path: 'token' } }, { configMap: { name: 'kube-root-ca.crt' } }] },
    },
  ];
  const volumeMounts = [{ name: 'kube-api-access-x', mountPath: '/var/run/secrets/api', readOnly: true }];
  await node.runScript('echo on; cat /var/run/secrets/api/token || echo failed; sleep 3600', { volumes }, { volumeMounts });
  expect(await node.log()).toMatch(/^on\ncat: .*\nfailed\n$/);
  node.source.configMaps.set('kube-root-ca.crt', { 'ca.crt': 'PEM\n' });
  const id = node.worker?.containerId('main') ?? '';
  const read = await node.runtime.execSync(id, ['sh', '-c', 'cd /var/run/secrets/api; cat token ca.crt; touch x'], 0);
  expect(read.stdout.toString()).toBe('token-of-webPEM\n');
  expect(read.stderr.toString()).toContain('Read-only file system');
});

test('environment, command line and files see the pod', async () => {
  const node = new TestNode();
  node.source.secrets.set('s', { password: Buffer.from('s3cret').toString('base64') });
  const pod = aPod({
    volumes: [{ name: 'info', downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } }],
    containers: [
      aContainer('main', {
        image: 'busybox',
        command: ['sh', '-c', "echo $POD $IP $CPU $PASSWORD $BOTH; cat /info/labels; echo $(NODE) '$$(X)'; sleep 3600"],
        envFrom: [{ secretRef: { name: 's' }, prefix: 'P_' }],
        env: [
          { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
          { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
          { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
          { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
          { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 's', key: 'password' } } },
          { name: 'BOTH', value: '$(POD)-$(P_password)-$(NONE)' },
        ],
        resources: { limits: { cpu: '250m' } },
        volumeMounts: [{ name: 'info', mountPath: '/info' }],
      }),
    ],
  });
  pod.metadata.labels = { zone: 'us-east', app: 'x' };
  await node.run({}, pod);
  expect(await node.log()).toBe('web 10.244.0.2 1 s3cret web-s3cret-$(NONE)\napp="x"\nzone="us-east"node-0 $(X)\n');
});

test('deletion: SIGTERM, the grace period, SIGKILL; then the last status, then the pod goes', async () => {
  const node = new TestNode();
  await node.runScript('sleep 3600');
  await node.delete(30);
  expect([node.state(), node.deleted]).toEqual(['running', []]);
  await node.pass(29);
  expect(node.deleted).toEqual([]);
  await node.pass(1.5);
  expect([node.state(), node.deleted]).toEqual(['Error 137', ['web']]);
  expect(node.events).toContain('Normal Killing Stopping container main');
});

test('deletion: what ends on SIGTERM goes at once', async () => {
  const node = new TestNode();
  await node.run({});
  await node.delete(30);
  expect([node.status.phase, node.deleted]).toEqual(['Succeeded', ['web']]);
});

test('the preStop hook runs within the grace period; the postStart hook sees the container', async () => {
  const node = new TestNode();
  await node.run({
    containers: [
      aContainer('main', {
        lifecycle: {
          postStart: { exec: { command: ['sh', '-c', 'echo hello > /usr/share/message'] } },
          preStop: { sleep: { seconds: 10 } },
        },
      }),
    ],
  });
  const id = node.worker?.containerId('main') ?? '';
  expect((await node.runtime.execSync(id, ['cat', '/usr/share/message'], 1000)).stdout.toString()).toBe('hello\n');
  await node.delete(30);
  await node.pass(9);
  expect(node.deleted).toEqual([]);
  await node.pass(1.5);
  expect(node.deleted).toEqual(['web']);
});

test('a failing postStart hook kills the container, which starts again', async () => {
  const node = new TestNode();
  await node.run({ containers: [aContainer('main', { lifecycle: { postStart: { exec: { command: ['false'] } } } })] });
  await node.pass(1);
  expect(node.events).toContain('Warning FailedPostStartHook PostStartHook failed');
  expect(node.container()?.restartCount).toBeGreaterThan(0);
});

test('a sidecar starts before the main container, is restarted, and stops after it', async () => {
  const node = new TestNode();
  const side = busybox('side', 'trap "exit 0" TERM; sleep 4 & wait', { restartPolicy: 'Always' });
  await node.run({ restartPolicy: 'Never', initContainers: [side], containers: [busybox('main', 'sleep 20')] });
  expect([node.status.phase, node.state('side'), node.state()]).toEqual(['Running', 'running', 'running']);
  await node.pass(5);
  expect(node.container('side')?.restartCount).toBe(1);
  await node.pass(16);
  expect([node.status.phase, node.state()]).toEqual(['Succeeded', 'Completed 0']);
  expect(node.container('side')?.state?.running).toBeUndefined();
});

test('the pause process is the pod: when it dies the sandbox is made anew, with a new address', async () => {
  const node = new TestNode();
  await node.run({ initContainers: [busybox('init', 'echo again')] });
  const before = node.container()?.containerID;
  node.runtime.sandbox(node.worker?.sandboxId ?? '')?.signalPause('SIGKILL');
  await node.pass(1);
  expect(node.status.podIP).toBe('10.244.0.3');
  expect([node.state(), node.container()?.restartCount, node.container('init')?.restartCount]).toEqual(['running', 1, 1]);
  expect(node.container()?.containerID).not.toBe(before);
  expect(node.container()?.lastState?.terminated?.exitCode).toBe(137);
  expect(node.events).toContain('Normal SandboxChanged Pod sandbox changed, it will be killed and re-created.');
});

test('with a shared process namespace pause is PID 1, and a plain process dies of SIGTERM', async () => {
  const node = new TestNode();
  await node.runScript('sleep 3600', { shareProcessNamespace: true });
  const id = node.worker?.containerId('main') ?? '';
  expect((await node.runtime.execSync(id, ['ps'], 0)).stdout.toString()).toMatch(
    / +1 65535 +0:00 \/pause\n +2 root +0:00 sh -c sleep 3600\n/,
  );
  await node.delete(30);
  await node.pass(1);
  expect([node.state(), node.deleted]).toEqual(['Error 143', ['web']]);
});

test('a pod past its active deadline fails', async () => {
  const node = new TestNode();
  await node.runScript('sleep 3600', { activeDeadlineSeconds: 60, terminationGracePeriodSeconds: 1 });
  await node.pass(62);
  expect(node.status).toMatchObject({
    phase: 'Failed',
    reason: 'DeadlineExceeded',
    message: 'Pod was active on the node longer than the specified deadline',
  });
  expect(node.deleted).toEqual([]);
});

test('that a deadline is exceeded is told for each status of the end of a pod, as a kubelet tells it', async () => {
  const node = new TestNode();
  await node.runScript('sleep 3600', { activeDeadlineSeconds: 60, terminationGracePeriodSeconds: 10 });
  const told = () => node.told('DeadlineExceeded').length;
  await node.pass(61);
  expect(told()).toBe(2);
  await node.pass(11);
  expect([told(), node.status?.phase]).toEqual([4, 'Failed']);
});

test('a pod that the node refuses fails without having run', async () => {
  const node = new TestNode();
  node.worker = new PodWorker(node.services, aPod(), { reason: 'OutOfcpu', message: 'no' });
  node.worker.poke();
  await node.pass(0.1);
  expect(node.status).toMatchObject({ phase: 'Failed', reason: 'OutOfcpu', message: 'no' });
  expect(node.events).toEqual([]);
});

test('what ran goes on when only the agent starts again: same container, same count, same address', async () => {
  const node = new TestNode();
  await node.run({ containers: [aContainer('main'), busybox('crashed', 'exit 1')] });
  await node.pass(0.5);
  const { status } = node;
  const next = new TestNode({ seed: 12 });
  await next.clock.advance(5000);
  next.worker = new PodWorker(next.services, aPod({ containers: [aContainer('main'), busybox('crashed', 'exit 1')] }, { status }));
  next.worker.restore();
  await next.pass(0.1);
  expect(next.container()).toEqual(node.container());
  expect(next.status.podIP).toBe(status.podIP);
  // Waits between restarts are not remembered, as by upstream's kubelet: what had failed is tried at once.
  expect(next.container('crashed')?.restartCount).toBe(2);
  expect(next.events.filter((text) => text.includes('container: main'))).toEqual([]);
});

test('an idle pod holds no timer', async () => {
  const node = new TestNode();
  await node.run({});
  expect(node.clock.pending).toBe(0);
});

test('a termination message comes from its file, or from the end of the log', async () => {
  const node = new TestNode();
  await node.runScript('echo from file > /dev/termination-log; exit 1', { restartPolicy: 'Never' });
  expect(node.container()?.state?.terminated?.message).toBe('from file\n');
  const other = new TestNode();
  await other.runScript('echo from log; exit 1', { restartPolicy: 'Never' }, { terminationMessagePolicy: 'FallbackToLogsOnError' });
  expect(other.container()?.state?.terminated?.message).toBe('from log\n');
});

test('a RuntimeClass whose handler the runtime does not know, or that is gone, holds the pod; what is known runs', async () => {
  const node = new TestNode();
  node.source.handlers.set('strange', 'alien').set('sandboxed', 'runsc');
  await node.run({ runtimeClassName: 'strange' });
  expect([node.status.phase, node.state()]).toEqual(['Pending', 'ContainerCreating']);
  expect(node.told('FailedCreatePodSandBox')).toEqual([
    expect.stringMatching(
      /^Failed to create pod sandbox: rpc error: code = Unknown desc = unable to get OCI runtime for sandbox "[0-9a-f]{64}": no runtime for "alien" is configured$/,
    ),
  ]);
  node.source.handlers.delete('strange');
  await node.pass(10);
  expect(node.told('FailedCreatePodSandBox').at(-1)).toBe('Failed to create pod sandbox: runtimeclass.node.k8s.io "strange" not found');
  node.source.handlers.set('strange', 'runc');
  await node.pass(10);
  expect(node.state()).toBe('running');
  const other = new TestNode();
  other.source.handlers.set('sandboxed', 'runsc');
  await other.run({ runtimeClassName: 'sandboxed' });
  expect(other.state()).toBe('running');
});

test('of instances that have ended only the newest stays: what ended before it is told of once, by the look that saw the end', async () => {
  const node = new TestNode();
  await node.runScript('exit 1');
  const last = () => node.container()?.lastState?.terminated?.exitCode;
  expect([node.state(), node.container()?.restartCount, last()]).toEqual(['Error 1', 1, 1]);
  await node.pass(2);
  await node.delete(30);
  expect([node.state(), node.container()?.restartCount, last()]).toEqual(['Error 1', 1, undefined]);
});

test('an init container that came right does not show how it went wrong', async () => {
  const node = new TestNode();
  const volumeMounts = [{ name: 'v', mountPath: '/v' }];
  const init = busybox('init', 'test -e /v/x && exit 0; touch /v/x; exit 3', { volumeMounts });
  await node.run({ initContainers: [init], containers: [aContainer('main')], volumes: [{ name: 'v', emptyDir: {} }] });
  await node.pass(3);
  expect([node.state('init'), node.container('init')?.restartCount, node.container('init')?.lastState]).toEqual(['Completed 0', 1, {}]);
});

test('a pod that is past its deadline while a container waits to start again shows that it waited: its end is not known', async () => {
  const node = new TestNode();
  await node.run({ activeDeadlineSeconds: 6, containers: [busybox('main', 'exit 1'), busybox('other', 'sleep 3600')] });
  await node.pass(40);
  expect([node.status.phase, node.state()]).toEqual(['Failed', 'ContainerStatusUnknown 137']);
  expect(node.container()?.lastState?.terminated?.exitCode).toBe(1);
});

test('conditions of a pod that is deleted before it was initialized say what is not ready, not that it failed', async () => {
  const node = new TestNode();
  await node.run({ initContainers: [busybox('init', 'sleep 3600')], containers: [aContainer('main')] });
  await node.delete(1);
  await node.pass(2);
  expect([node.status.phase, node.reason('Ready'), node.message('Ready')]).toEqual([
    'Failed',
    'ContainersNotReady',
    'containers with unready status: [main]',
  ]);
});

test('image pull secrets that are not there are told of though nothing is pulled', async () => {
  const node = new TestNode();
  await node.runScript('exit 1', { imagePullSecrets: [{ name: 'a' }, { name: 'b' }] }, { imagePullPolicy: 'IfNotPresent' });
  expect(node.told('FailedToRetrieveImagePullSecret')[0]).toBe(
    'Unable to retrieve some image pull secrets (a, b); attempting to pull the image may not succeed.',
  );
  const before = node.told('FailedToRetrieveImagePullSecret').length;
  await node.pass(11);
  expect(node.told('FailedToRetrieveImagePullSecret').length).toBeGreaterThan(before);
});

test('an error of a pull without a code is told without it', async () => {
  const node = new TestNode();
  await node.run({ containers: [aContainer('main', { image: 'does-not-exist:1' })] });
  expect(node.told('Failed')[0]).toMatch(/^Failed to pull image "does-not-exist:1": failed to pull and unpack image/);
  await node.run({ containers: [aContainer('main', { image: 'nginx:404' })] });
  expect(node.told('Failed').some((text) => text.includes('rpc error: code = NotFound desc = failed to pull'))).toBe(true);
});

test('a refused pod that is deleted says of its containers that nobody knows what became of them', async () => {
  const node = new TestNode();
  node.api = aPod({}, { status: { phase: 'Failed', reason: 'OutOfcpu', message: 'Pod was rejected: no' } });
  node.worker = new PodWorker(node.services, node.api);
  await node.delete(3);
  expect([node.status.phase, node.status.reason, node.state(), node.reason('Ready')]).toEqual([
    'Failed',
    'OutOfcpu',
    'ContainerStatusUnknown 137',
    'PodFailed',
  ]);
  expect(node.deleted).toEqual(['web']);
});

test('of a termination message that is too long the end is told', async () => {
  const node = new TestNode();
  const script = 'for i in $(seq 600); do echo "line number $i" >> /dev/termination-log; done; exit 1';
  await node.runScript(script, { restartPolicy: 'Never' });
  await node.pass(1);
  const { message = '' } = node.container()?.state?.terminated ?? {};
  expect([message.length, message.endsWith('line number 600\n')]).toEqual([4096, true]);
});

test('a container without limits of its own may use what its pod as a whole may (KEP-2837)', async () => {
  const node = new TestNode();
  const stress = (name: string, limits?: Record<string, string>) =>
    aContainer(name, {
      image: 'polinux/stress',
      command: ['stress'],
      args: ['--vm', '1', '--vm-bytes', '150M'],
      ...(limits ? { resources: { limits } } : {}),
    });
  const resources = { limits: { cpu: '1', memory: '140Mi' }, requests: { cpu: '500m', memory: '100Mi' } };
  await node.run({ resources, containers: [stress('main'), stress('own', { memory: '200Mi' })], restartPolicy: 'Never' });
  await node.pass(1);
  expect([node.state(), node.state('own')]).toEqual(['OOMKilled 137', 'running']);
  expect(node.container()?.resources).toEqual({});
});

test('a part of a config map that is not there is an empty directory', async () => {
  const node = new TestNode();
  node.source.configMaps.set('app', { key: 'value' });
  const volumeMounts = [{ name: 'v', mountPath: '/w', subPath: 'absent/deep' }];
  await node.runScript('ls /w | wc -l; sleep 3600', { volumes: [{ name: 'v', configMap: { name: 'app' } }] }, { volumeMounts });
  expect([node.state(), (await node.log()).trim()]).toEqual(['running', '0']);
});

test('what a probe has killed shows how it ended before for as long as what ended by itself', async () => {
  const node = new TestNode();
  const livenessProbe = { exec: { command: ['false'] }, periodSeconds: 1, failureThreshold: 1 };
  const side = busybox('side', 'trap "exit 0" TERM; sleep 3600 & wait', { livenessProbe, restartPolicy: 'Always' });
  await node.run({ initContainers: [side], containers: [aContainer('main')] });
  for (let seconds = 0; seconds < 60 && node.state('side') === 'running'; seconds++) await node.pass(1);
  expect([node.state('side'), node.container('side')?.lastState?.terminated?.exitCode]).toEqual(['Completed 0', 0]);
});
