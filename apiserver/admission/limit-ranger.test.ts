import { describe, expect, test } from 'vitest';
import { coreKinds, type KubeObject, type LimitRangeItem, type Pod } from '../../api/index.ts';
import { limitRanger } from './limit-ranger.ts';
import { ask, readerOf } from './testing/request.ts';

const range = (...limits: readonly Partial<LimitRangeItem>[]) => ({ metadata: { name: 'r', namespace: 'ns' }, spec: { limits } });
const pluginWith = (...ranges: readonly KubeObject[]) => limitRanger(readerOf([coreKinds.limitranges, ranges]));
const podOf = (spec: object): Pod => ({ metadata: { name: 'p', namespace: 'ns' }, spec: { containers: [], ...spec }, status: {} }) as Pod;
const container = (name: string, requests?: object, limits?: object) => ({ name, resources: { requests, limits } });
const refusedBy = async (limit: Partial<LimitRangeItem>, spec: object) =>
  (await ask(pluginWith(range(limit)), { object: podOf(spec) })).refused?.replace('pods "p" is forbidden: ', '');

describe('LimitRanger', () => {
  test('fills in what is missing, and says so', async () => {
    const plugin = pluginWith(
      range({ type: 'Container', default: { memory: '1Gi', cpu: '2' }, defaultRequest: { cpu: '1', memory: '1Mi' } }),
    );
    const pod = podOf({
      containers: [container('a', { cpu: '1500m' }), { name: 'b' }],
      initContainers: [container('i', {}, { cpu: '3' })],
    });
    await ask(plugin, { object: pod });
    expect(pod.spec.containers.map(({ resources }) => resources)).toEqual([
      { requests: { cpu: '1500m', memory: '1Mi' }, limits: { cpu: '2', memory: '1Gi' } },
      { requests: { cpu: '1', memory: '1Mi' }, limits: { cpu: '2', memory: '1Gi' } },
    ]);
    expect(pod.metadata.annotations).toEqual({
      'kubernetes.io/limit-ranger':
        'LimitRanger plugin set: memory request for container a; cpu, memory limit for container a; ' +
        'cpu, memory request for container b; cpu, memory limit for container b; ' +
        'cpu, memory request for init container i; memory limit for init container i',
    });
  });

  test('leaves a pod alone that lacks nothing, and those of other namespaces', async () => {
    const plugin = pluginWith(range({ type: 'Container', defaultRequest: { cpu: '1' } }));
    const pod = podOf({ containers: [container('a', { cpu: '2' })] });
    await ask(plugin, { object: pod });
    expect(pod.metadata.annotations).toBeUndefined();
    const other = podOf({ containers: [{ name: 'a' }] });
    await ask(plugin, { object: other, namespace: 'other' });
    expect(other.spec.containers).toEqual([{ name: 'a' }]);
  });

  test.each([
    [{ min: { cpu: '1' } }, container('a'), 'minimum cpu usage per Container is 1.  No request is specified'],
    [{ min: { cpu: '1' } }, container('a', { cpu: '999m' }), 'minimum cpu usage per Container is 1, but request is 999m'],
    [{ min: { cpu: '1' } }, container('a', { cpu: '1' }, { cpu: '500m' }), 'minimum cpu usage per Container is 1, but limit is 500m'],
    [{ max: { cpu: '1' } }, container('a', { cpu: '1' }), 'maximum cpu usage per Container is 1.  No limit is specified'],
    [{ max: { cpu: '1' } }, container('a', {}, { cpu: '1001m' }), 'maximum cpu usage per Container is 1, but limit is 1001m'],
    [{ max: { cpu: '1' } }, container('a', { cpu: '2' }, { cpu: '1' }), 'maximum cpu usage per Container is 1, but request is 2'],
    [
      { maxLimitRequestRatio: { cpu: '2' } },
      container('a', { cpu: '300m' }, { cpu: '1' }),
      'cpu max limit to request ratio per Container is 2, but provided ratio is 3.333333',
    ],
    [
      { maxLimitRequestRatio: { cpu: '2' } },
      container('a', { cpu: '0' }, { cpu: '1' }),
      'cpu max limit to request ratio per Container is 2, but no request is specified or request is 0',
    ],
    [
      { maxLimitRequestRatio: { cpu: '2' } },
      container('a', { cpu: '1' }),
      'cpu max limit to request ratio per Container is 2, but no limit is specified or limit is 0',
    ],
    [{ min: { cpu: '1' }, max: { cpu: '2' }, maxLimitRequestRatio: { cpu: '2' } }, container('a', { cpu: '1' }, { cpu: '2' }), undefined],
  ])('%j of a container %j: %s', async (limit, of, message) => {
    expect(await refusedBy({ type: 'Container', ...limit }, { containers: [of] })).toBe(message);
    const filler = container('x', { cpu: '1' }, { cpu: '1' });
    expect(await refusedBy({ type: 'Container', ...limit }, { containers: [filler], initContainers: [of] })).toBe(message);
  });

  test('lists all that is wrong, each once', async () => {
    const limit = { type: 'Container', min: { cpu: '1', memory: '1Gi' }, max: { cpu: '2' } };
    const containers = [
      container('a', { cpu: '1', memory: '1Mi' }, { cpu: '3' }),
      container('b', { cpu: '1', memory: '1Mi' }, { cpu: '1' }),
    ];
    expect(await refusedBy(limit, { containers })).toBe(
      '[minimum memory usage per Container is 1Gi, but request is 1Mi, maximum cpu usage per Container is 2, but limit is 3]',
    );
  });

  test('takes a pod as a whole: init containers at their peak, sidecars beside, pod-level resources instead; no overhead', async () => {
    const limit = { type: 'Pod', max: { cpu: '3' } };
    const of = (cpu: string, name = 'c') => container(name, { cpu }, { cpu });
    expect(await refusedBy(limit, { containers: [of('1'), of('2')], overhead: { cpu: '1' } })).toBeUndefined();
    expect(await refusedBy(limit, { containers: [of('1')], initContainers: [of('4')] })).toBe(
      'maximum cpu usage per Pod is 3, but limit is 4',
    );
    expect(await refusedBy(limit, { containers: [of('2')], initContainers: [{ ...of('2'), restartPolicy: 'Always' }] })).toBe(
      'maximum cpu usage per Pod is 3, but limit is 4',
    );
    const resources = { requests: { cpu: '3' }, limits: { cpu: '3500m' } };
    expect(await refusedBy(limit, { containers: [of('1')], resources })).toBe('maximum cpu usage per Pod is 3, but limit is 3500m');
  });

  test('bounds what claims request, when they are changed too', async () => {
    const plugin = pluginWith(range({ type: 'PersistentVolumeClaim', min: { storage: '1Gi' }, max: { storage: '2Gi' } }));
    const claim = (storage: string) => ({ metadata: { name: 'c', namespace: 'ns' }, spec: { resources: { requests: { storage } } } });
    const asked = async (storage: string, operation: 'CREATE' | 'UPDATE', subresource = '') =>
      (await ask(plugin, { operation, kind: coreKinds.persistentvolumeclaims, object: claim(storage), subresource })).refused;
    expect(await asked('1Gi', 'CREATE')).toBeUndefined();
    expect(await asked('512Mi', 'CREATE')).toBe(
      'persistentvolumeclaims "c" is forbidden: minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 512Mi',
    );
    expect(await asked('3Gi', 'UPDATE')).toBe(
      'persistentvolumeclaims "c" is forbidden: maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi',
    );
    expect(await asked('3Gi', 'UPDATE', 'status')).toBeUndefined();
  });

  test('looks at pods that are resized, not at those that are changed otherwise or on their way out', async () => {
    const plugin = pluginWith(range({ type: 'Container', max: { cpu: '1' } }));
    const object = podOf({ containers: [container('a', {}, { cpu: '2' })] });
    const why = 'pods "p" is forbidden: maximum cpu usage per Container is 1, but limit is 2';
    const asked = async (subresource: string, old = object) =>
      (await ask(plugin, { operation: 'UPDATE', object, old, subresource })).refused;
    expect(await asked('resize')).toBe(why);
    expect(await asked('')).toBeUndefined();
    expect(await asked('status')).toBeUndefined();
    const leaving = { ...object, metadata: { ...object.metadata, deletionTimestamp: '2024-01-01T00:00:00Z' } };
    expect(await asked('resize', leaving)).toBeUndefined();
  });

  test('names an object without a name by what its name begins with', async () => {
    const plugin = pluginWith(range({ type: 'Container', max: { cpu: '1' } }));
    const object = { ...podOf({ containers: [container('a')] }), metadata: { generateName: 'web-', namespace: 'ns' } };
    expect((await ask(plugin, { object })).refused).toMatch(/^pods "web-" is forbidden: /);
  });
});
