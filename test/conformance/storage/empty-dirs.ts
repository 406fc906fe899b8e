// What upstream's suite asks of emptyDir, hostPath and what wraps them (test/e2e/common/storage/{empty_dir,host_path}.go, test/e2e/storage/{empty_dir_wrapper,host_path_type}.go).
import { describe, expect, it } from 'vitest';
import { AGNHOST, BUSYBOX, inScope, type Json, mounttest, PAUSE, type Scope, WAIT, type World, waiting } from './world.ts';

const PATH = '/test-volume';
const FILE = `${PATH}/test-file`;
const MEMORY = { medium: 'Memory' };
const volumes = (emptyDir: object) => [{ name: 'v', emptyDir }];
const mounts = (more: object = {}) => ({ volumeMounts: [{ name: 'v', mountPath: PATH, ...more }] });
const PERMS = { '0644': '-rw-r--r--', '0666': '-rw-rw-rw-', '0777': '-rwxrwxrwx' } as const;
const SELINUX = { seLinuxOptions: { level: 's0' } };

interface Wish {
  readonly medium: object;
  readonly security?: object;
  readonly args: readonly string[];
  readonly mount?: object;
}

const outputOf = (scope: Scope, name: string, { medium, security, args, mount }: Wish): Promise<string> =>
  scope.outputOf(name, {
    containers: [mounttest([`--fs_type=${PATH}`, ...args], mounts(mount))],
    securityContext: { ...SELINUX, ...security },
    volumes: volumes(medium),
  });

const TMPFS = `mount type of "${PATH}": tmpfs`;
const CONTENT = `content of file "${FILE}": mount-tester new file`;

export function emptyDirTests(world: () => World): void {
  describe('an emptyDir', () => {
    it.each([
      ['root', 'tmpfs', {}, MEMORY],
      ['root', 'default', {}, {}],
      ['non-root', 'tmpfs', { runAsUser: 1001 }, MEMORY],
      ['non-root', 'default', { runAsUser: 1001 }, {}],
    ])('takes files of any mode (%s, %s)', async (_user, medium, security, source) => {
      await inScope(world, async (scope) => {
        const modes = Object.entries(PERMS).map(async ([mode, text]) => {
          const log = await outputOf(scope, `mode-${mode}`, {
            medium: source,
            security,
            args: [`--new_file_${mode}=${FILE}`, `--file_perm=${FILE}`],
          });
          expect(log).toContain(`perms of file "${FILE}": ${text}\n`);
          expect(log).toContain(CONTENT);
          expect(log.includes(TMPFS)).toBe(medium === 'tmpfs');
        });
        const root = outputOf(scope, 'root', { medium: source, security, args: [`--file_perm=${PATH}`] });
        expect(await root).toContain(`perms of file "${PATH}": -rwxrwxrwx\n`);
        await Promise.all(modes);
      })();
    });

    it(
      'belongs to the pod’s fsGroup, and what is made in it does',
      inScope(world, async (scope) => {
        const security = { fsGroup: 123 };
        const args = [`--new_file_0660=${FILE}`, `--file_perm=${FILE}`, `--file_owner=${FILE}`];
        for (const [name, user] of [
          ['as-root', {}],
          ['as-other', { runAsUser: 1001 }],
        ] as const) {
          const log = await outputOf(scope, name, { medium: MEMORY, security: { ...security, ...user }, args });
          for (const line of [`perms of file "${FILE}": -rw-rw----`, CONTENT, `owner GID of "${FILE}": 123`, TMPFS])
            expect(log).toContain(line);
        }
        const own = [`--file_perm=${PATH}`, `--file_owner=${PATH}`, `--file_mode=${PATH}`];
        const log = await outputOf(scope, 'sub', {
          medium: MEMORY,
          security: { fsGroup: 123, runAsUser: 1001 },
          args: own,
          mount: { subPath: 'test-sub' },
        });
        expect(log).toContain(`perms of file "${PATH}": -rwxrwxrwx\n`);
        expect(log).toContain(`owner UID of "${PATH}": 0\nowner GID of "${PATH}": 123\n`);
        expect(log).toContain(`mode of file "${PATH}": dgtrwxrwxrwx\n`);
        expect(await outputOf(scope, 'disk', { medium: {}, security, args: [`--file_perm=${PATH}`] })).toContain(
          `perms of file "${PATH}": -rwxrwxrwx`,
        );
      }),
    );

    it(
      'is shared by the containers of its pod',
      inScope(world, async (scope) => {
        const main = waiting([{ name: 'v', mountPath: '/usr/share/volumeshare' }]);
        const sub = {
          name: 'sub',
          image: BUSYBOX,
          command: ['/bin/sh'],
          args: ['-c', 'echo Hello from the busy-box sub-container > /pod-data/shareddata.txt'],
          volumeMounts: [{ name: 'v', mountPath: '/pod-data' }],
        };
        await scope.running('shared', { containers: [main, sub], volumes: volumes({}), restartPolicy: 'Never' });
        const read = () => scope.shell('shared', 'cat /usr/share/volumeshare/shareddata.txt', 'main');
        expect(await scope.until('the file never came', read)).toBe('Hello from the busy-box sub-container\n');
      }),
    );

    it(
      'in memory is as large as it may be, or as its pod may be',
      inScope(world, async (scope) => {
        const sized = waiting(
          [
            { name: 'v', mountPath: '/sized' },
            { name: 'w', mountPath: '/free' },
          ],
          { resources: { limits: { memory: '64Mi' } } },
        );
        const both = [
          { name: 'v', emptyDir: { ...MEMORY, sizeLimit: '10Mi' } },
          { name: 'w', emptyDir: MEMORY },
        ];
        await scope.running('sized', { containers: [sized], volumes: both });
        expect(await scope.shell('sized', "df | grep /sized | awk '{print $2}'")).toBe('10240\n');
        expect(await scope.shell('sized', "df | grep /free | awk '{print $2}'")).toBe('65536\n');
      }),
    );
  });

  describe('volumes wrapped in directories', () => {
    it(
      'do not conflict, however many a pod has',
      inScope(world, async (scope) => {
        const names = Array.from({ length: 50 }, (_none, i) => `racey-configmap-${i}`);
        await Promise.all(names.map((name) => scope.create('configmaps', { metadata: { name }, data: { 'data-1': 'value-1' } })));
        await scope.create('secrets', { metadata: { name: 'same' }, data: { 'data-1': Buffer.from('value-1\n').toString('base64') } });
        await scope.create('configmaps', {
          metadata: { name: 'same' },
          binaryData: { 'data-1': Buffer.from('value-1\n').toString('base64') },
        });
        const items = [{ key: 'data-1', path: 'data-1' }];
        const many = names.map((name) => ({ name, configMap: { name, items } }));
        const container = { name: 'test', image: PAUSE, volumeMounts: names.map((name, i) => ({ name, mountPath: `/etc/config-${i}` })) };
        const template = { metadata: { labels: { name: 'race' } }, spec: { containers: [container], volumes: many, dnsPolicy: 'Default' } };
        await scope.create('replicationcontrollers', {
          metadata: { name: 'race' },
          spec: { replicas: 5, selector: { name: 'race' }, template },
        });
        const two = {
          name: 'both',
          image: AGNHOST,
          args: ['test-webserver'],
          volumeMounts: [
            { name: 's', mountPath: '/etc/secret-volume', readOnly: true },
            { name: 'c', mountPath: '/etc/configmap-volume' },
          ],
        };
        await scope.running('both', {
          containers: [two],
          volumes: [
            { name: 's', secret: { secretName: 'same' } },
            { name: 'c', configMap: { name: 'same' } },
          ],
        });
        const pods = () => scope.items('pods', 'name=race');
        await scope.until(
          'five pods never ran',
          pods,
          (all) => all.length === 5 && all.every(({ status }: Json) => status.phase === 'Running'),
        );
      }),
    );
  });

  describe('a hostPath', () => {
    const pod = (first: readonly string[], second: readonly string[], mount: object = {}) => ({
      containers: [
        mounttest(first, { ...mounts(mount), name: 'one' }),
        mounttest(second, { ...mounts(), name: 'two', securityContext: { privileged: true } }),
      ],
      volumes: [{ name: 'v', hostPath: { path: '/tmp' } }],
    });

    it(
      'is the node’s own directory, with its mode, and may be written and mounted in part',
      inScope(world, async (scope) => {
        const mode = await scope.outputOf('mode', pod([`--fs_type=${PATH}`, `--file_mode=${PATH}`], []), { container: 'one' });
        expect(mode).toMatch(/mode of file "\/test-volume": dg?trwxrwx/);
        const name = `${scope.namespace}-file`;
        const write = [`--new_file_0644=${PATH}/${name}`, `--file_mode=${PATH}/${name}`];
        const read = [`--file_content_in_loop=${PATH}/${name}`, '--retry_time=180'];
        const log = await scope.outputOf('rw', pod(write, read), { container: 'two' });
        expect(log).toContain(`content of file "${PATH}/${name}": mount-tester new file`);
        const readSub = [`--file_content_in_loop=${PATH}/${name}-sub/${name}`, '--retry_time=180'];
        const sub = await scope.outputOf('sub', pod(write, readSub, { subPath: `${name}-sub` }), { container: 'two' });
        expect(sub).toContain(`content of file "${PATH}/${name}-sub/${name}": mount-tester new file`);
      }),
    );

    it(
      'is of the type that the pod says, or is not mounted',
      inScope(world, async (scope) => {
        const base = `/tmp/${scope.namespace}`;
        const of = (path: string, type: string, command = WAIT) => ({
          containers: [{ ...waiting([{ name: 'h', mountPath: '/mnt/test' }]), command: ['/bin/sh', '-c', command] }],
          volumes: [{ name: 'h', hostPath: { path, type } }],
        });
        const { spec } = await scope.running('base', of(base, 'DirectoryOrCreate', 'nc -lU /mnt/test/asocket'));
        const here = { nodeSelector: { 'kubernetes.io/hostname': spec.nodeName } };
        await scope.shell(
          'base',
          'mkdir /mnt/test/adir; touch /mnt/test/afile; mknod /mnt/test/achardev c 89 1; mknod /mnt/test/ablkdev b 89 1',
        );
        await scope.running('unset', { ...of(`${base}/adir`, ''), ...here });
        const things = { adir: 'Directory', afile: 'File', asocket: 'Socket', achardev: 'CharDevice', ablkdev: 'BlockDevice' };
        const words = {
          Directory: 'directory',
          File: 'file',
          Socket: 'socket file',
          CharDevice: 'character device',
          BlockDevice: 'block device',
        };
        const all = [...Object.entries(things), ['none', '']].flatMap(([thing, own]) =>
          Object.entries(words).map(async ([type, word]) => {
            const name = `${thing}-${type.toLowerCase()}`;
            await scope.pod(name, { ...of(`${base}/${thing}`, type), ...here });
            if (type === own) await scope.phase('pods', name, 'Running');
            else await scope.event(name, 'FailedMount', new RegExp(`hostPath type check failed: ${base}/${thing} is not a ${word}$`));
          }),
        );
        await Promise.all(all);
      }),
    );
  });
}
