// What upstream's suite asks of volumes of ConfigMaps, Secrets and the downward API, alone and projected (test/e2e/common/storage).
import { describe, expect, it } from 'vitest';
import { BUSYBOX, inScope, type Json, mounttest, Refused, type Scope, type World } from './world.ts';

const DATA = { 'data-1': 'value-1', 'data-2': 'value-2', 'data-3': 'value-3' };
const encoded = (data: Readonly<Record<string, string>>): object =>
  Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')]));
const PATH = '/etc/test-volume';
const MOUNT = { volumeMounts: [{ name: 'v', mountPath: PATH, readOnly: true }] };
const USER = { runAsUser: 1000 };

/** The four ways to have an object's keys as files. */
interface Way {
  readonly resource: 'configmaps' | 'secrets';
  readonly dataOf: (data: Readonly<Record<string, string>>) => object;
  readonly volume: (name: string, more?: { defaultMode?: number; items?: object[]; optional?: boolean }) => object;
}

const plain = (data: Readonly<Record<string, string>>) => ({ data });
const secret = (data: Readonly<Record<string, string>>) => ({ data: encoded(data) });
const WAYS: readonly (readonly [string, Way])[] = [
  ['a ConfigMap', { resource: 'configmaps', dataOf: plain, volume: (name, more) => ({ configMap: { name, ...more } }) }],
  ['a Secret', { resource: 'secrets', dataOf: secret, volume: (secretName, more) => ({ secret: { secretName, ...more } }) }],
  [
    'a projected ConfigMap',
    {
      resource: 'configmaps',
      dataOf: plain,
      volume: (name, { defaultMode, ...more } = {}) => ({ projected: { defaultMode, sources: [{ configMap: { name, ...more } }] } }),
    },
  ],
  [
    'a projected Secret',
    {
      resource: 'secrets',
      dataOf: secret,
      volume: (name, { defaultMode, ...more } = {}) => ({ projected: { defaultMode, sources: [{ secret: { name, ...more } }] } }),
    },
  ],
];

interface Asked {
  readonly file: string;
  readonly source: object;
  readonly security?: object;
}

const fileOf = async (scope: Scope, name: string, { file, source, security = {} }: Asked): Promise<string> => {
  const container = mounttest([`--file_content=${PATH}/${file}`, `--file_mode=${PATH}/${file}`], MOUNT);
  return await scope.outputOf(name, { containers: [container], volumes: [{ name: 'v', ...source }], securityContext: security });
};

/** Lines that mounttest writes of a file. */
const linesOf = (file: string, value: string, mode: string): readonly string[] => [
  `mode of file "${PATH}/${file}": ${mode}\n`,
  `content of file "${PATH}/${file}": ${value}\n`,
];

const MAPPED = [{ key: 'data-2', path: 'path/to/data-2' }];
const MAPPED_TO = 'path/to/data-2';

async function hasModes(scope: Scope, { resource, dataOf, volume }: Way): Promise<void> {
  await scope.create(resource, { metadata: { name: 'test' }, ...dataOf(DATA) });
  const other = await scope.world.scope();
  await other.create(resource, { metadata: { name: 'test' }, ...dataOf({ 'data-1': 'of another namespace' }) });
  const cases: readonly (readonly [string, string, object, object, string, string])[] = [
    ['plain', 'data-1', volume('test'), {}, 'value-1', '-rw-r--r--'],
    ['other-user', 'data-1', volume('test'), USER, 'value-1', '-rw-r--r--'],
    ['mode', 'data-1', volume('test', { defaultMode: 0o400 }), {}, 'value-1', '-r--------'],
    ['group', 'data-1', volume('test', { defaultMode: 0o440 }), { ...USER, fsGroup: 1001 }, 'value-1', '-r--r-----'],
    ['group-mode', 'data-1', volume('test'), { ...USER, fsGroup: 1001 }, 'value-1', '-rw-r--r--'],
    ['mapped', MAPPED_TO, volume('test', { items: MAPPED }), {}, 'value-2', '-rw-r--r--'],
    ['mapped-user', MAPPED_TO, volume('test', { items: MAPPED }), USER, 'value-2', '-rw-r--r--'],
    ['mapped-mode', MAPPED_TO, volume('test', { items: MAPPED.map((item) => ({ ...item, mode: 0o400 })) }), {}, 'value-2', '-r--------'],
  ];
  await Promise.all(
    cases.map(async ([name, file, source, security, value, mode]) => {
      expect(await fileOf(scope, name, { file, source, security }), name).toBe(linesOf(file, value, mode).join(''));
    }),
  );
  await other.dispose();
}

async function followsChanges(scope: Scope, { resource, dataOf, volume }: Way): Promise<void> {
  const optional = { optional: true };
  const names = ['del', 'upd', 'create'];
  for (const name of ['del', 'upd']) await scope.create(resource, { metadata: { name }, ...dataOf({ 'data-1': 'value-1' }) });
  const files: Readonly<Record<string, string>> = { del: 'data-1', upd: 'data-3', create: 'data-1' };
  const containers = names.map((name) =>
    mounttest(['--break_on_expected_content=false', '--retry_time=240', `--file_content_in_loop=/etc/volumes/${name}/${files[name]}`], {
      name,
      volumeMounts: [{ name, mountPath: `/etc/volumes/${name}`, readOnly: true }],
    }),
  );
  await scope.running('updates', {
    containers,
    volumes: names.map((name) => ({ name, ...volume(name, optional) })),
    restartPolicy: 'Never',
  });
  const missing = (name: string) =>
    `Error reading file /etc/volumes/${name}/${files[name]}: open /etc/volumes/${name}/${files[name]}: no such file`;
  await scope.says('updates', missing('create'), 'create');
  await scope.says('updates', missing('upd'), 'upd');
  await scope.says('updates', 'value-1', 'del');
  await scope.remove(resource, 'del');
  await scope.update(resource, 'upd', (object) => Object.assign(object, dataOf({ 'data-3': 'value-3' })));
  await scope.create(resource, { metadata: { name: 'create' }, ...dataOf({ 'data-1': 'value-1' }) });
  await scope.says('updates', 'value-1', 'create');
  await scope.says('updates', 'value-3', 'upd');
  await scope.says('updates', missing('del'), 'del');
}

async function waitsForWhatIsNotOptional(scope: Scope, { resource, dataOf, volume }: Way): Promise<void> {
  await scope.create(resource, { metadata: { name: 'there' }, ...dataOf(DATA) });
  const items = [{ key: 'data-4', path: 'path/to/data-4' }];
  const pod = (source: object) => ({ containers: [mounttest([], MOUNT)], volumes: [{ name: 'v', ...source }] });
  const kind = resource === 'secrets' ? 'secret' : 'configmap';
  await scope.pod('no-object', pod(volume('absent', { optional: false })));
  await scope.pod('no-key', pod(volume('there', { optional: false, items })));
  await scope.event('no-object', 'FailedMount', new RegExp(`^MountVolume.SetUp failed for volume "v" : ${kind} "absent" not found$`));
  await scope.event(
    'no-key',
    'FailedMount',
    /^MountVolume.SetUp failed for volume "v" : .*references non-existent (config|secret) key: data-4$/,
  );
  for (const name of ['no-object', 'no-key']) expect((await scope.get('pods', name)).status.phase).toBe('Pending');
}

async function isInTwoPlaces(scope: Scope, { resource, dataOf, volume }: Way): Promise<void> {
  await scope.create(resource, { metadata: { name: 'test' }, ...dataOf(DATA) });
  const container = mounttest([`--file_content=${PATH}/data-1`, `--file_content_in_loop=${PATH}-2/data-1`, '--retry_time=1'], {
    volumeMounts: [
      { name: 'v', mountPath: PATH },
      { name: 'w', mountPath: `${PATH}-2` },
    ],
  });
  const volumes = ['v', 'w'].map((name) => ({ name, ...volume('test') }));
  const log = await scope.outputOf('two', { containers: [container], volumes });
  for (const path of [PATH, `${PATH}-2`]) expect(log).toContain(`content of file "${path}/data-1": value-1`);
}

const isInvalid = (work: Promise<Json>): Promise<void> =>
  expect(work).rejects.toSatisfy((error: unknown) => error instanceof Refused && error.status === 422);

async function staysAsItIs(scope: Scope, resource: string, value: (text: string) => string): Promise<void> {
  await scope.create(resource, { metadata: { name: 'immutable' }, data: { 'data-1': value('value-1') } });
  const change = (data: object) => scope.patch(resource, 'immutable', data);
  await change({ data: { 'data-4': value('value-4') } });
  await change({ immutable: true });
  await isInvalid(change({ data: { 'data-5': value('value-5') } }));
  await isInvalid(change({ immutable: false }));
  await change({ metadata: { labels: { label1: 'value1' } } });
  await scope.end(resource, 'immutable');
}

const FIELDS = [{ path: 'podname', fieldRef: { fieldPath: 'metadata.name' } }];
const RESOURCES = ['limits.cpu', 'limits.memory', 'requests.cpu', 'requests.memory'].map((resource) => ({
  path: resource.replace('.', '_'),
  resourceFieldRef: { containerName: 'test', resource },
}));
const DOWNWARD: readonly (readonly [string, (of: object) => object])[] = [
  ['the downward API', (of) => ({ downwardAPI: of })],
  [
    'a projected downward API',
    (of) => {
      const { defaultMode, ...downwardAPI } = of as { defaultMode?: number };
      return { projected: { defaultMode, sources: [{ downwardAPI }] } };
    },
  ],
];

async function tellsOfResources(scope: Scope, volume: (of: object) => object): Promise<void> {
  const all = RESOURCES.map(({ path }) => `cat ${PATH}/${path}; echo`).join('; ');
  const pod = (resources: object) => ({
    containers: [{ name: 'test', image: BUSYBOX, command: ['sh', '-c', all], resources, ...MOUNT }],
    volumes: [{ name: 'v', ...volume({ items: RESOURCES }) }],
  });
  const resources = { requests: { cpu: '250m', memory: '32Mi' }, limits: { cpu: '1250m', memory: '64Mi' } };
  expect(await scope.outputOf('given', pod(resources))).toBe('2\n67108864\n1\n33554432\n');
  const [cpu, memory] = (await scope.outputOf('default', pod({}))).split('\n');
  expect(Number(cpu)).toBeGreaterThan(0);
  expect(Number(memory)).toBeGreaterThan(2 ** 30);
}

async function tellsOfThePod(scope: Scope, volume: (of: object) => object): Promise<void> {
  expect(await fileOf(scope, 'plain', { file: 'podname', source: volume({ items: FIELDS }) })).toBe(
    linesOf('podname', 'plain', '-rw-r--r--').join(''),
  );
  expect(await fileOf(scope, 'mode', { file: 'podname', source: volume({ items: FIELDS, defaultMode: 0o400 }) })).toBe(
    linesOf('podname', 'mode', '-r--------').join(''),
  );
  const items = [{ ...FIELDS[0], mode: 0o400 }];
  expect(await fileOf(scope, 'item', { file: 'podname', source: volume({ items }) })).toBe(
    linesOf('podname', 'item', '-r--------').join(''),
  );
  const group = [{ ...FIELDS[0], mode: 0o440 }];
  const security = { ...USER, fsGroup: 1234 };
  expect(await fileOf(scope, 'group', { file: 'podname', source: volume({ items: group }), security })).toBe(
    linesOf('podname', 'group', '-r--r-----').join(''),
  );
}

async function tellsOfChanges(scope: Scope, volume: (of: object) => object): Promise<void> {
  const items = ['labels', 'annotations'].map((path) => ({ path, fieldRef: { fieldPath: `metadata.${path}` } }));
  const loop = (name: string) =>
    mounttest(['--break_on_expected_content=false', '--retry_time=120', `--file_content_in_loop=${PATH}/${name}`], { ...MOUNT, name });
  const spec = { containers: [loop('labels'), loop('annotations')], volumes: [{ name: 'v', ...volume({ items }) }] };
  await scope.running('updates', spec, { labels: { key1: 'value1', key2: 'value2' }, annotations: { builder: 'bar' } });
  await scope.says('updates', 'key1="value1"\n', 'labels');
  await scope.says('updates', 'builder="bar"\n', 'annotations');
  await scope.patch('pods', 'updates', { metadata: { labels: { key3: 'value3' }, annotations: { builder: 'foo' } } });
  await scope.says('updates', 'key3="value3"\n', 'labels');
  await scope.says('updates', 'builder="foo"\n', 'annotations');
}

export function payloadTests(world: () => World): void {
  describe.each(WAYS)('files of %s', (_what, way) => {
    it(
      'have the modes, owners and paths asked for',
      inScope(world, (scope) => hasModes(scope, way)),
    );
    it(
      'follow what becomes of it',
      inScope(world, (scope) => followsChanges(scope, way)),
    );
    it(
      'are waited for unless they are optional',
      inScope(world, (scope) => waitsForWhatIsNotOptional(scope, way)),
    );
    it(
      'are in as many places as they are mounted',
      inScope(world, (scope) => isInTwoPlaces(scope, way)),
    );
  });

  describe.each(DOWNWARD)('files of %s', (_what, volume) => {
    it(
      'tell of resources',
      inScope(world, (scope) => tellsOfResources(scope, volume)),
    );
    it(
      'tell of the pod',
      inScope(world, (scope) => tellsOfThePod(scope, volume)),
    );
    it(
      'tell of changes',
      inScope(world, (scope) => tellsOfChanges(scope, volume)),
    );
  });

  describe('what is immutable', () => {
    it(
      'stays as it is (ConfigMap)',
      inScope(world, (scope) => staysAsItIs(scope, 'configmaps', (text) => text)),
    );
    it(
      'stays as it is (Secret)',
      inScope(world, (scope) => staysAsItIs(scope, 'secrets', (text) => Buffer.from(text).toString('base64'))),
    );
  });

  it(
    'a projected volume has the files of all its sources, and binary data is as it was',
    inScope(world, async (scope) => {
      await scope.create('configmaps', {
        metadata: { name: 'c' },
        data: { 'configmap-data': 'configmap-value-1' },
        binaryData: { 'dump.bin': '3sr+utD+/w==' },
      });
      await scope.create('secrets', { metadata: { name: 's' }, ...secret({ 'secret-data': 'secret-value-1' }) });
      const sources = [
        { secret: { name: 's' } },
        { configMap: { name: 'c', items: [{ key: 'configmap-data', path: 'configmap-data' }] } },
        { downwardAPI: { items: FIELDS } },
      ];
      const read = 'cat /all/podname /all/secret-data /all/configmap-data && cat /all/podname > /dev/null && hexdump -C /config/dump.bin';
      const volumeMounts = [
        { name: 'all', mountPath: '/all' },
        { name: 'config', mountPath: '/config' },
      ];
      const log = await scope.outputOf('combined', {
        containers: [{ name: 'test', image: BUSYBOX, command: ['sh', '-c', read], volumeMounts }],
        volumes: [
          { name: 'all', projected: { sources } },
          { name: 'config', configMap: { name: 'c' } },
        ],
      });
      expect(log).toContain('combinedsecret-value-1configmap-value-1');
      expect(log).toContain('de ca fe ba d0 fe ff');
    }),
  );
}
