// What a container is told: its command, its environment, and paths made of it (test/e2e/common/node/{configmap,secrets,downwardapi,expansion,containers}.go).
import { describe, expect, it } from 'vitest';
import { AGNHOST, inScope, type Json, MERGE, type Scope, STRATEGIC, script, type World } from './world.ts';

/** Says all its variables. */
const ENV = script('env');
const field = (fieldPath: string) => ({ valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath } } });
const resource = (name: string) => ({ valueFrom: { resourceFieldRef: { resource: name } } });

/** A pod that mounts an emptyDir at two paths, the first of them by an expression. */
const expanding = (value: string | undefined, expression: string, more: object[] = []) => ({
  container: {
    env: [...(value === undefined ? [] : [{ name: 'POD_NAME', value }]), ...more],
    volumeMounts: [
      { name: 'workdir1', mountPath: '/subpath_mount', subPathExpr: expression },
      { name: 'workdir1', mountPath: '/volume_mount' },
    ],
  },
  spec: { restartPolicy: 'Never', volumes: [{ name: 'workdir1', emptyDir: {} }] },
});

export function configurationTests(world: () => World): void {
  const test = (name: string, work: (scope: Scope) => Promise<void>) => it(name, inScope(world, work));

  describe.concurrent('ConfigMaps and Secrets', () => {
    test('a variable of a container is a value of a ConfigMap', async (scope) => {
      await scope.create('configmaps', { metadata: { name: 'map' }, data: { 'data-1': 'value-1', 'data-2': 'value-2' } });
      const from = { valueFrom: { configMapKeyRef: { name: 'map', key: 'data-1' } } };
      expect(await scope.outputOf('reads', { ...ENV, env: [{ name: 'CONFIG_DATA_1', ...from }] })).toContain('CONFIG_DATA_1=value-1\n');
    });

    test('all values of a ConfigMap are variables, with a prefix where one is given', async (scope) => {
      await scope.create('configmaps', { metadata: { name: 'map' }, data: { 'data-1': 'value-1', data_2: 'value-2', data_3: 'value-3' } });
      const envFrom = [{ configMapRef: { name: 'map' } }, { prefix: 'p-', configMapRef: { name: 'map' } }];
      const text = await scope.outputOf('reads', { ...ENV, envFrom });
      for (const line of ['data_2=value-2', 'data_3=value-3', 'data-1=value-1', 'p-data_2=value-2', 'p-data_3=value-3', 'p-data-1=value-1'])
        expect(text).toContain(`${line}\n`);
    });

    test('variables are values of Secrets, one by one and all at once', async (scope) => {
      const data = Object.fromEntries([1, 2, 3].map((i) => [`data${i}`, Buffer.from(`value-${i}`).toString('base64')]));
      await scope.create('secrets', { metadata: { name: 'secret' }, data });
      const one = [{ name: 'SECRET_DATA', valueFrom: { secretKeyRef: { name: 'secret', key: 'data1' } } }];
      const all = [{ secretRef: { name: 'secret' } }, { prefix: 'p_', secretRef: { name: 'secret' } }];
      const text = await scope.outputOf('reads', { ...ENV, env: one, envFrom: all });
      for (const line of ['SECRET_DATA=value-1', 'data1=value-1', 'data3=value-3', 'p_data2=value-2']) expect(text).toContain(`${line}\n`);
    });

    test('a ConfigMap or Secret with an empty key is refused', async (scope) => {
      const map = await scope.world.call('POST', scope.path('configmaps'), { metadata: { name: 'map' }, data: { '': 'value-1' } });
      const secret = await scope.world.call('POST', scope.path('secrets'), { metadata: { name: 's' }, data: { '': 'dmFsdWUtMQo=' } });
      expect([map.status, secret.status]).toEqual([422, 422]);
      expect(map.body.message).toBe(
        "ConfigMap \"map\" is invalid: data[]: Invalid value: \"\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
      );
    });

    test('a ConfigMap lives from its creation to its deletion by a selector', async (scope) => {
      const selector = 'test-configmap-static=true';
      const { metadata } = await scope.create('configmaps', {
        metadata: { name: 'map', labels: { 'test-configmap-static': 'true' } },
        data: { valueName: 'value' },
      });
      const change = { metadata: { labels: { 'test-configmap': 'patched' } }, data: { valueName: 'value1' } };
      await scope.patch('configmaps', 'map', change, { type: STRATEGIC });
      const { resourceVersion } = metadata;
      await scope.watch('configmaps', { resourceVersion, labelSelector: selector }, ({ type }) => type === 'MODIFIED');
      const map = await scope.get('configmaps', 'map');
      expect([map.data.valueName, map.metadata.labels['test-configmap']]).toEqual(['value1', 'patched']);
      const everywhere = await scope.ok('GET', `api/v1/configmaps?labelSelector=${selector}`);
      expect(everywhere.items.map((one: Json) => one.metadata.namespace)).toContain(scope.namespace);
      await scope.removeAll('configmaps', selector);
      await scope.watch('configmaps', { resourceVersion, labelSelector: selector }, ({ type }) => type === 'DELETED');
      expect(await scope.items('configmaps', selector)).toEqual([]);
    });

    test('a Secret is patched, found everywhere by its label, and deleted by it', async (scope) => {
      const data = { key: Buffer.from('value').toString('base64') };
      await scope.create('secrets', { metadata: { name: 'secret', labels: { testsecret: 'true' } }, data, type: 'Opaque' });
      const changed = Buffer.from('value1').toString('base64');
      const change = { metadata: { labels: { 'testsecret-constant': 'patched', testsecret: 'false' } }, data: { key: changed } };
      await scope.patch('secrets', 'secret', change);
      const { items } = await scope.ok('GET', 'api/v1/secrets?labelSelector=testsecret-constant%3Dpatched');
      const found = items.find((one: Json) => one.metadata.namespace === scope.namespace);
      expect([found.metadata.labels.testsecret, found.data.key]).toEqual(['false', changed]);
      await scope.removeAll('secrets', 'testsecret-constant=patched');
      expect(await scope.items('secrets', 'testsecret-constant=patched')).toEqual([]);
    });
  });

  describe.concurrent('the downward API', () => {
    const limits = { requests: { cpu: '250m', memory: '32Mi' }, limits: { cpu: '1250m', memory: '64Mi' } };

    test('variables are name, namespace, addresses and UID of the pod', async (scope) => {
      const paths = { POD_NAME: 'metadata.name', POD_NAMESPACE: 'metadata.namespace', POD_UID: 'metadata.uid' };
      const addresses = { POD_IP: 'status.podIP', HOST_IP: 'status.hostIP' };
      const env = Object.entries({ ...paths, ...addresses }).map(([name, path]) => ({ name, ...field(path) }));
      const text = await scope.outputOf('reads', { ...ENV, env });
      const { metadata, status } = await scope.get('pods', 'reads');
      const wanted = {
        POD_NAME: 'reads',
        POD_NAMESPACE: scope.namespace,
        POD_UID: metadata.uid,
        POD_IP: status.podIP,
        HOST_IP: status.hostIP,
      };
      for (const [name, value] of Object.entries(wanted)) expect(text).toContain(`${name}=${value}\n`);
      expect([status.podIP, status.hostIP].every((ip) => /^\d+(\.\d+){3}$/.test(ip))).toBe(true);
    });

    test('on the network of the node both addresses are the node’s', async (scope) => {
      const env = [
        { name: 'HOST_IP', ...field('status.hostIP') },
        { name: 'POD_IP', ...field('status.podIP') },
      ];
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the shell's
      const line = '[[ "${HOST_IP:?}" == "${POD_IP:?}" ]] && echo OK || echo "HOST_IP: ${HOST_IP} != POD_IP: ${POD_IP}"';
      expect(await scope.outputOf('reads', { ...script(line), env }, { hostNetwork: true })).toBe('OK\n');
    });

    test('variables are requests and limits of the container, and where it has none what the node can give', async (scope) => {
      const names = {
        CPU_LIMIT: 'limits.cpu',
        MEMORY_LIMIT: 'limits.memory',
        CPU_REQUEST: 'requests.cpu',
        MEMORY_REQUEST: 'requests.memory',
      };
      const env = Object.entries(names).map(([name, value]) => ({ name, ...resource(value) }));
      const text = await scope.outputOf('limited', { ...ENV, env, resources: limits });
      for (const line of ['CPU_LIMIT=2', 'MEMORY_LIMIT=67108864', 'CPU_REQUEST=1', 'MEMORY_REQUEST=33554432'])
        expect(text).toContain(`${line}\n`);
      const free = await scope.outputOf('unlimited', { ...ENV, env: env.slice(0, 2) });
      expect(free).toMatch(/^CPU_LIMIT=[1-9]/m);
      expect(free).toMatch(/^MEMORY_LIMIT=[1-9]/m);
    });
  });

  describe.concurrent('the expansion of variables', () => {
    test('variables are made of those before them', async (scope) => {
      const env = [
        { name: 'FOO', value: 'foo-value' },
        { name: 'BAR', value: 'bar-value' },
        { name: 'FOOBAR', value: '$(FOO);;$(BAR)' },
      ];
      expect(await scope.outputOf('composed', { ...ENV, env })).toContain('FOOBAR=foo-value;;bar-value\n');
    });

    test('in a command and in arguments the kubelet’s value stands, not the shell’s', async (scope) => {
      const env = [{ name: 'TEST_VAR', value: 'test-value' }];
      const line = 'TEST_VAR=wrong echo "$(TEST_VAR)"';
      expect(await scope.outputOf('command', { ...script(line), env })).toBe('test-value\n');
      expect(await scope.outputOf('args', { command: ['sh', '-c'], args: [line], env })).toBe('test-value\n');
    });

    test('a path below a volume is made of them', async (scope) => {
      const { container, spec } = expanding('named', '$(POD_NAME)');
      expect(await scope.outputOf('named', { ...script('test -d /volume_mount/named; echo $?'), ...container }, spec)).toBe('0\n');
    });

    test('a path that leads out of its volume, or begins at the root, is no configuration', async (scope) => {
      const wanted = { '..': /unable to provision SubPath `\.\.`/, '/tmp': /SubPath `\/tmp` must not be an absolute path/ };
      for (const [index, [value, message]] of Object.entries(wanted).entries()) {
        const { container, spec } = expanding(value, '$(POD_NAME)');
        await scope.pod(`bad-${index}`, { ...script('true'), ...container }, spec);
        const { status } = await scope.eventually('pods', `bad-${index}`, waitingFor('CreateContainerConfigError'));
        expect(status.containerStatuses[0].state.waiting.message).toMatch(message);
      }
    });

    test('a path whose annotation comes later is a path then', async (scope) => {
      const annotation = { name: 'ANNOTATION', ...field("metadata.annotations['mysubpath']") };
      const { container, spec } = expanding('foo', '$(ANNOTATION)/$(POD_NAME)', [annotation]);
      await scope.pod('late', { ...script('tail -f /dev/null'), ...container }, spec, { annotations: { notmysubpath: 'mypath' } });
      await scope.eventually('pods', 'late', waitingFor('CreateContainerConfigError'));
      await scope.patch('pods', 'late', { metadata: { annotations: { mysubpath: 'mypath' } } }, { type: MERGE });
      await scope.ready('late');
      await scope.remove('pods', 'late', { gracePeriodSeconds: 0 });
    });

    test('what is written below such a path is on the volume, and stays there when the annotation changes', async (scope) => {
      const annotation = { name: 'ANNOTATION', ...field("metadata.annotations['mysubpath']") };
      const { container, spec } = expanding('foo', '$(ANNOTATION)/$(POD_NAME)', [annotation]);
      await scope.runningPod('writes', { ...script('tail -f /dev/null'), ...container }, spec, { annotations: { mysubpath: 'mypath' } });
      await scope.exec('writes', ['/bin/sh', '-c', 'touch /volume_mount/mypath/foo/test.log']);
      const found = ['/bin/sh', '-c', 'test -f /subpath_mount/test.log'];
      expect((await scope.exec('writes', found)).status.status).toBe('Success');
      await scope.patch('pods', 'writes', { metadata: { annotations: { mysubpath: 'mynewpath' } } }, { type: MERGE });
      expect((await scope.exec('writes', found)).status.status).toBe('Success');
      expect((await scope.get('pods', 'writes')).status.phase).toBe('Running');
    });
  });

  describe.concurrent('commands and arguments', () => {
    test('without any the image runs as it is', async (scope) => {
      await scope.runningPod('default', { image: AGNHOST });
      await scope.until(
        'it said nothing',
        () => scope.log('default'),
        (text) => text.includes('Paused'),
      );
    });

    test('arguments, a command, and both take the place of the image’s', async (scope) => {
      const args = ['entrypoint-tester', 'override', 'arguments'];
      expect(await scope.outputOf('args', { image: AGNHOST, args })).toBe('[/agnhost entrypoint-tester override arguments]\n');
      const command = ['/agnhost-2', 'entrypoint-tester'];
      expect(await scope.outputOf('command', { image: AGNHOST, command })).toBe('[/agnhost-2 entrypoint-tester]\n');
      const both = await scope.outputOf('both', { image: AGNHOST, command: ['/agnhost-2'], args });
      expect(both).toBe('[/agnhost-2 entrypoint-tester override arguments]\n');
    });

    test('the Services of the namespace are variables', async (scope) => {
      const ports = [{ port: 8765, targetPort: 8080 }];
      const { spec } = await scope.create('services', { metadata: { name: 'fooservice' }, spec: { ports, selector: { name: 'server' } } });
      const address = spec.clusterIP;
      const text = await scope.outputOf('reads', ENV);
      const wanted = {
        FOOSERVICE_SERVICE_HOST: address,
        FOOSERVICE_SERVICE_PORT: '8765',
        FOOSERVICE_PORT: `tcp://${address}:8765`,
        FOOSERVICE_PORT_8765_TCP_PORT: '8765',
        FOOSERVICE_PORT_8765_TCP_PROTO: 'tcp',
        FOOSERVICE_PORT_8765_TCP: `tcp://${address}:8765`,
        FOOSERVICE_PORT_8765_TCP_ADDR: address,
      };
      for (const [name, value] of Object.entries(wanted)) expect(text).toContain(`${name}=${value}\n`);
    });
  });
}

const waitingFor =
  (reason: string) =>
  ({ status }: Json): boolean =>
    status.containerStatuses?.[0]?.state.waiting?.reason === reason;
