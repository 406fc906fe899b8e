// What upstream's suite asks of parts of volumes (test/e2e/storage/subpath.go, test/e2e/storage/testsuites/subpath.go).
import { describe, expect, it } from 'vitest';
import { BUSYBOX, inScope, type Json, mounttest, type Scope, type World, waiting } from './world.ts';

const PATH = '/test-volume';
const WHOLE = { volumeMounts: [{ name: 'v', mountPath: PATH }] };
const part = (subPath = 'part', more: object = {}) => ({ volumeMounts: [{ name: 'v', mountPath: PATH, subPath, ...more }] });
const init = (line: string) => ({ name: 'init', image: BUSYBOX, command: ['/bin/sh', '-c', line], ...WHOLE });
const read = (path: string) => [`--file_content_in_loop=${path}`, '--retry_time=20'];
const write = (path: string) => [`--new_file_0644=${path}`, `--file_mode=${path}`];
/** Its class is named: another test takes the default one away for a while. */
const CLAIM = {
  metadata: { name: 'claim' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '5Gi' } }, storageClassName: 'standard' },
};
const NEW = (path: string) => `content of file "${path}": mount-tester new file`;

interface Files {
  readonly name: string;
  readonly source: object;
  readonly subPath: string;
  readonly value: string;
  readonly mountPath?: string;
}

const ATOMIC: readonly Files[] = [
  { name: 'secret', source: { secret: { secretName: 'my-secret' } }, subPath: 'secret-key', value: 'secret-value' },
  { name: 'configmap', source: { configMap: { name: 'my-configmap' } }, subPath: 'configmap-key', value: 'configmap-value' },
  {
    name: 'file',
    source: { configMap: { name: 'my-configmap' } },
    subPath: 'configmap-key',
    value: 'configmap-value',
    mountPath: '/etc/resolv.conf',
  },
  {
    name: 'downward',
    source: { downwardAPI: { items: [{ path: 'downward/podname', fieldRef: { fieldPath: 'metadata.name' } }] } },
    subPath: 'downward/podname',
    value: 'downward',
  },
  {
    name: 'projected',
    source: {
      projected: { sources: [{ configMap: { name: 'my-configmap', items: [{ path: 'projected/configmap-key', key: 'configmap-key' }] } }] },
    },
    subPath: 'projected/configmap-key',
    value: 'configmap-value',
  },
];

/** Volumes that keep what is written to them. */
const SOURCES: readonly (readonly [string, (scope: Scope) => Promise<object>])[] = [
  ['an emptyDir', async () => ({ emptyDir: {} })],
  ['a directory of the node', async ({ namespace }) => ({ hostPath: { path: `/tmp/sub-${namespace}`, type: 'DirectoryOrCreate' } })],
  [
    'a claim',
    async (scope) => {
      await scope.create('persistentvolumeclaims', CLAIM);
      return { persistentVolumeClaim: { claimName: 'claim' } };
    },
  ],
];

async function servesParts(scope: Scope, sourceOf: (scope: Scope) => Promise<object>): Promise<void> {
  const source = await sourceOf(scope);
  const volumes = [{ name: 'v', ...source }];
  const run = (name: string, spec: object) => scope.outputOf(name, { volumes, ...spec }, { container: 'test' });
  const file = `${PATH}/test-file`;
  const made = await run('made', {
    initContainers: [mounttest(write(file), { ...part('made'), name: 'writer' })],
    containers: [mounttest(read(`${PATH}/made/test-file`), WHOLE)],
  });
  expect(made).toContain(NEW(`${PATH}/made/test-file`));
  const there = await run('there', {
    initContainers: [init(`mkdir -p ${PATH}/there; echo "mount-tester new file" > ${PATH}/there/test-file`)],
    containers: [mounttest(read(file), part('there', { readOnly: true }))],
  });
  expect(there).toContain(NEW(file));
  const one = await run('one-file', {
    initContainers: [init(`echo mount-tester new file > ${PATH}/one`)],
    containers: [mounttest(read(PATH), part('one'))],
  });
  expect(one).toContain(NEW(PATH));
  const two = [
    { name: 'v', mountPath: '/one', subPath: 'subpath1' },
    { name: 'v', mountPath: '/two', subPath: 'subpath2' },
  ];
  const both = await run('two', { containers: [mounttest(['--new_file_0644=/one/f', '--new_file_0666=/two/f'], { volumeMounts: two })] });
  expect(both).toContain(NEW('/one/f'));
  expect(both).toContain(NEW('/two/f'));
}

async function staysInside(scope: Scope, sourceOf: (scope: Scope) => Promise<object>): Promise<void> {
  const volumes = [{ name: 'v', ...(await sourceOf(scope)) }];
  const links = { directory: '/bin', file: '/bin/sh', absent: '/bin/notanexistingpath', above: '../' };
  for (const [name, target] of Object.entries(links)) {
    const initContainers = [init(`ln -s ${target} ${PATH}/${name}`)];
    await scope.pod(name, { initContainers, containers: [mounttest([], part(name))], volumes, restartPolicy: 'Never' });
  }
  for (const name of Object.keys(links)) {
    const { status } = await scope.eventually(
      'pods',
      name,
      (pod) => pod.status.containerStatuses?.[0].state.waiting?.reason === 'CreateContainerConfigError',
    );
    expect(status.containerStatuses[0].state.waiting.message).toMatch(
      /^failed to (prepare subPath|create subPath directory) for volumeMount "v" of container "test"$/,
    );
    await scope.event(name, 'Failed', /^Error: failed to (prepare subPath|create subPath directory) for volumeMount/);
    await scope.remove('pods', name);
  }
}

export function subPathTests(world: () => World): void {
  it(
    'a part of what a kubelet writes is mounted, also over a file',
    inScope(world, async (scope) => {
      await scope.create('secrets', {
        metadata: { name: 'my-secret' },
        data: { 'secret-key': Buffer.from('secret-value').toString('base64') },
      });
      await scope.create('configmaps', { metadata: { name: 'my-configmap' }, data: { 'configmap-key': 'configmap-value' } });
      await Promise.all(
        ATOMIC.map(async ({ name, source, subPath, value, mountPath = PATH }) => {
          const container = mounttest(read(mountPath), part(subPath, { mountPath }));
          await scope.pod(name, { containers: [container], volumes: [{ name: 'v', ...source }], restartPolicy: 'Never' });
          const log = await scope.says(name, `content of file "${mountPath}": ${value}`);
          expect(log).toContain(value);
        }),
      );
    }),
  );

  describe.each(SOURCES)('a part of %s', (_what, source) => {
    it(
      'is made when it is not there, and seen from the whole',
      inScope(world, (scope) => servesParts(scope, source)),
    );
    it(
      'is never outside of it',
      inScope(world, (scope) => staysInside(scope, source)),
    );
  });

  it(
    'a part cannot be made in a volume that is only read, nor written there',
    inScope(world, async (scope) => {
      await scope.create('persistentvolumeclaims', CLAIM);
      const volumes = (readOnly: boolean) => [{ name: 'v', persistentVolumeClaim: { claimName: 'claim', readOnly } }];
      await scope.outputOf('format', {
        containers: [init(`mkdir ${PATH}/there; echo "mount-tester new file" > ${PATH}/there/f`)],
        volumes: volumes(false),
      });
      const log = await scope.outputOf('reads', { containers: [mounttest(read(`${PATH}/f`), part('there'))], volumes: volumes(true) });
      expect(log).toContain(NEW(`${PATH}/f`));
      await scope.pod('writes', {
        containers: [mounttest(write(`${PATH}/x`), part('absent'))],
        volumes: volumes(true),
        restartPolicy: 'Never',
      });
      const refused = ({ status }: Json) => status.containerStatuses?.[0].state;
      const { status } = await scope.eventually(
        'pods',
        'writes',
        (pod) => refused(pod)?.waiting?.reason === 'CreateContainerConfigError' || refused(pod)?.terminated,
      );
      expect(status.phase).not.toBe('Succeeded');
    }),
  );

  it(
    'a container with a part of a volume restarts, has the newest, and may lose the part',
    inScope(world, async (scope) => {
      await scope.create('configmaps', { metadata: { name: 'c' }, data: { key: 'value' } });
      const probe = (line: string) => ({
        exec: { command: ['sh', '-c', line] },
        initialDelaySeconds: 1,
        failureThreshold: 1,
        periodSeconds: 2,
      });
      const mounts = [
        { name: 'v', mountPath: PATH, subPath: 'part' },
        { name: 'c', mountPath: '/key', subPath: 'key' },
        { name: 'p', mountPath: '/probe' },
      ];
      const livenessProbe = probe("cat /probe/file || test `cat /key` = 'newer'");
      await scope.running('restarts', {
        initContainers: [{ ...init('touch /probe/file'), volumeMounts: [{ name: 'p', mountPath: '/probe' }] }],
        containers: [
          waiting(mounts, { name: 'one', livenessProbe, command: ['/bin/sh', '-c', 'while true; do sleep 1; done'] }),
          waiting(
            [
              { name: 'p', mountPath: '/probe' },
              { name: 'v', mountPath: PATH },
            ],
            { name: 'two' },
          ),
        ],
        volumes: [
          { name: 'v', emptyDir: {} },
          { name: 'c', configMap: { name: 'c' } },
          { name: 'p', emptyDir: {} },
        ],
      });
      const count = ({ status }: Json) => status.containerStatuses.find(({ name }: Json) => name === 'one').restartCount;
      await scope.shell('restarts', 'rm /probe/file', 'two');
      await scope.patch('configmaps', 'c', { data: { key: 'newer' } });
      await scope.eventually('pods', 'restarts', (pod) => count(pod) > 0);
      // One that came back before its node knew of the newest restarts once more.
      const key = () => scope.shell('restarts', 'cat /key', 'one');
      await scope.until('the container never had the newest', key, (text) => text === 'newer');
      await scope.shell('restarts', `rm -r ${PATH}/part`, 'two');
      await scope.end('pods', 'restarts');
    }),
  );
}
