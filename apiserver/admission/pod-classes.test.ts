import { describe, expect, test } from 'vitest';
import { coreKinds, type KindInfo, type KubeObject, nodeKinds, type Pod, schedulingKinds } from '../../api/index.ts';
import { BUILT_IN_KINDS, decode, type Message } from '../../api/schema.ts';
import type { ObjectReader } from '../registry/objects.ts';
import { contextOf } from '../strategies/testing/harness.ts';
import { defaultTolerationSeconds } from './default-toleration-seconds.ts';
import type { AdmissionPlugin } from './plugin.ts';
import { priority } from './priority.ts';
import { runtimeClass } from './runtime-class.ts';

/** Objects of one kind. `late` ones are seen only after asking for what is new. */
function readerOf(kind: KindInfo, all: readonly KubeObject[], late: readonly KubeObject[] = []): ObjectReader {
  let seen = all;
  return {
    get: (wanted, _namespace, name) => (wanted === kind ? seen.find(({ metadata }) => metadata.name === name) : undefined) as never,
    list: (wanted) => (wanted === kind ? seen : []) as never,
    fresh: () => {
      seen = [...all, ...late];
      return undefined;
    },
    onChange: () => ({ [Symbol.dispose]: () => undefined }),
  };
}

const podOf = (spec: object): Pod => ({ metadata: { name: 'p' }, spec: { containers: [], ...spec }, status: {} });

async function admit(plugin: AdmissionPlugin, spec: object, object: Pod = podOf(spec)): Promise<Pod['spec']> {
  const attributes = {
    operation: 'CREATE',
    kind: coreKinds.pods,
    namespace: 'ns',
    name: 'p',
    subresource: '',
    object,
    old: undefined,
  } as const;
  const { context } = contextOf();
  await plugin.admit?.(context, attributes);
  await plugin.validate?.(context, attributes);
  return object.spec;
}

const classOf = (name: string, more: object): KubeObject => ({ metadata: { name, uid: name }, ...more });

describe('DefaultTolerationSeconds', () => {
  const ours = (key: string, tolerationSeconds: number) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds });

  test.each([
    [undefined, [], [ours('node.kubernetes.io/not-ready', 300), ours('node.kubernetes.io/unreachable', 300)]],
    [{ notReady: 0, unreachable: 30 }, [], [ours('node.kubernetes.io/not-ready', 0), ours('node.kubernetes.io/unreachable', 30)]],
    [
      { notReady: 5, unreachable: 30 },
      [{ key: 'node.kubernetes.io/not-ready', operator: 'Exists' }],
      [{ key: 'node.kubernetes.io/not-ready', operator: 'Exists' }, ours('node.kubernetes.io/unreachable', 30)],
    ],
    [undefined, [{ operator: 'Exists' }], [{ operator: 'Exists' }]],
  ])('told %j makes of %j', async (seconds, tolerations, expected) => {
    expect((await admit(defaultTolerationSeconds(seconds), { tolerations })).tolerations).toEqual(expected);
  });
});

describe('Priority', () => {
  const high = classOf('high', { value: 1000, preemptionPolicy: 'Never' });
  const plugin = priority(readerOf(schedulingKinds.priorityclasses, [high], [classOf('new', { value: 7 })]));
  const withDefaults = priority(
    readerOf(schedulingKinds.priorityclasses, [
      high,
      classOf('d', { value: 5, globalDefault: true }),
      classOf('e', { value: 4, globalDefault: true }),
    ]),
  );

  test('gives what the class says, or the least default one', async () => {
    expect(await admit(plugin, { priorityClassName: 'high' })).toMatchObject({ priority: 1000, preemptionPolicy: 'Never' });
    expect(await admit(plugin, {})).toEqual({ containers: [], priority: 0, preemptionPolicy: 'PreemptLowerPriority' });
    expect(await admit(withDefaults, {})).toMatchObject({ priorityClassName: 'e', priority: 4 });
  });

  test('is kept by an update that does not name it', async () => {
    const updated = async (spec: object) => {
      const podOf = (more: object): Pod => ({ metadata: { name: 'p' }, spec: { containers: [], ...more }, status: {} });
      const object = podOf(spec);
      const old = podOf({ priority: 3, preemptionPolicy: 'Never' });
      const request = { operation: 'UPDATE', kind: coreKinds.pods, namespace: 'ns', name: 'p', subresource: '', object, old } as const;
      await withDefaults.admit?.(contextOf().context, request);
      return object.spec;
    };
    expect(await updated({})).toEqual({ containers: [], priority: 3, preemptionPolicy: 'Never' });
    expect(await updated({ priority: 9 })).toEqual({ containers: [], priority: 9, preemptionPolicy: 'Never' });
  });

  test('asks for what is new before it refuses', async () => {
    expect(await admit(plugin, { priorityClassName: 'new' })).toMatchObject({ priority: 7 });
    await expect(admit(plugin, { priorityClassName: 'none' })).rejects.toThrow(
      'pods "p" is forbidden: no PriorityClass with name none was found',
    );
  });

  test('refuses what the class does not say, and a second default', async () => {
    await expect(admit(plugin, { priorityClassName: 'high', priority: 5 })).rejects.toThrow(
      'the integer value of priority (5) must not be provided in pod spec; priority admission controller computed 1000 from the given PriorityClass name',
    );
    await expect(admit(plugin, { priorityClassName: 'high', preemptionPolicy: 'PreemptLowerPriority' })).rejects.toThrow(
      'the string value of PreemptionPolicy (PreemptLowerPriority) must not be provided in pod spec',
    );
    const kind = schedulingKinds.priorityclasses;
    const validate = (name: string, operation: 'CREATE' | 'UPDATE') => {
      const object = classOf(name, { value: 1, globalDefault: true });
      const attributes = { operation, kind, namespace: '', name, subresource: '', object, old: undefined };
      return withDefaults.validate?.(contextOf().context, attributes);
    };
    expect(() => validate('f', 'CREATE')).toThrow('PriorityClass e is already marked as default. Only one default can exist');
    expect(() => validate('e', 'UPDATE')).not.toThrow();
  });
});

describe('RuntimeClass', () => {
  const gv = classOf('gv', {
    handler: 'gv',
    overhead: { podFixed: { cpu: '100m' } },
    scheduling: { nodeSelector: { rt: 'gv' }, tolerations: [{ key: 'rt', operator: 'Exists' }] },
  });
  const plugin = runtimeClass(readerOf(nodeKinds.runtimeclasses, [gv, classOf('plain', { handler: 'runc' })]));

  test('adds overhead, labels and tolerations, none of them twice', async () => {
    const own = [
      { key: 'rt', value: 'x', effect: 'NoSchedule' },
      { key: 'other', operator: 'Exists' },
    ];
    expect(await admit(plugin, { runtimeClassName: 'gv', nodeSelector: { a: 'b' }, tolerations: own })).toMatchObject({
      nodeSelector: { a: 'b', rt: 'gv' },
      overhead: { cpu: '100m' },
      tolerations: [
        { key: 'other', operator: 'Exists' },
        { key: 'rt', operator: 'Exists' },
      ],
    });
  });

  test.each([
    [{ runtimeClassName: 'none' }, 'pod rejected: RuntimeClass "none" not found'],
    [{ runtimeClassName: '' }, 'resource name may not be empty'],
    [{ runtimeClassName: 'a/b' }, `invalid resource name "a/b": [may not contain '/']`],
    [{ runtimeClassName: 'gv', overhead: { cpu: '1' } }, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"],
    [
      { runtimeClassName: 'plain', overhead: { cpu: '1' } },
      'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead',
    ],
    [{ overhead: { cpu: '1' } }, 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead'],
    [
      { runtimeClassName: 'gv', nodeSelector: { rt: 'other' } },
      'conflict: runtimeClass.scheduling.nodeSelector[rt] = gv; pod.spec.nodeSelector[rt] = other',
    ],
  ])('refuses %j', async (spec, why) => {
    await expect(admit(plugin, spec)).rejects.toThrow(why);
  });

  test.each([
    [{ runtimeClassName: 'gv', overhead: {} }, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"],
    [{ overhead: {} }, 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead'],
  ])('refuses %j as it was sent: to cost nothing is to cost something else', async (spec, why) => {
    const message = BUILT_IN_KINDS.find(({ info }) => info === coreKinds.pods)?.message as Message<Pod>;
    await expect(admit(plugin, spec, decode(message, podOf(spec)).object)).rejects.toThrow(why);
  });

  test('refuses a pod that a webhook took the overhead from', async () => {
    const why = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";
    await expect(admit({ ...plugin, admit: () => undefined }, { runtimeClassName: 'gv' })).rejects.toThrow(why);
  });
});
