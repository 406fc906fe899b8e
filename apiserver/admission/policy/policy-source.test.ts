import { describe, expect, it } from 'vitest';
import { admissionregistrationKinds, type KindInfo, type KubeObject, type Live } from '../../../api/index.ts';
import type { ObjectChange, ObjectReader } from '../../registry/objects.ts';
import { PolicySource } from './policy-source.ts';

const { validatingadmissionpolicies: POLICIES, validatingadmissionpolicybindings: BINDINGS } = admissionregistrationKinds;

/** Objects that can be put and taken away. */
function memory() {
  const objects = new Map<string, Live<KubeObject>>();
  const listeners = new Map<string, (change: ObjectChange<KubeObject>) => void>();
  let lists = 0;
  const key = ({ resource }: Pick<KindInfo, 'resource'>, name: string) => `${resource}/${name}`;
  const reader = {
    get: (kind: KindInfo, _namespace: string, name: string) => objects.get(key(kind, name)),
    list: (kind: KindInfo) => {
      lists++;
      return [...objects].filter(([at]) => at.startsWith(`${kind.resource}/`)).map(([, object]) => object);
    },
    fresh: () => undefined,
    onChange: (kind: KindInfo, listener: (change: ObjectChange<KubeObject>) => void) => {
      listeners.set(kind.resource, listener);
      return { [Symbol.dispose]: () => listeners.delete(kind.resource) };
    },
  } as unknown as ObjectReader;
  let version = 0;
  return {
    reader,
    lists: () => lists,
    put(kind: KindInfo, name: string, spec: object) {
      const metadata = { name, uid: name, resourceVersion: String(++version) };
      const object = { metadata, spec } as unknown as Live<KubeObject>;
      objects.set(key(kind, name), object);
      listeners.get(kind.resource)?.({ type: 'MODIFIED', object });
    },
    remove(kind: KindInfo, name: string) {
      const object = objects.get(key(kind, name));
      objects.delete(key(kind, name));
      if (object) listeners.get(kind.resource)?.({ type: 'DELETED', object });
    },
  };
}

function sourceOf(objects: ReturnType<typeof memory>) {
  const compiled: string[] = [];
  const source = new PolicySource({
    objects: objects.reader,
    policies: POLICIES,
    bindings: BINDINGS,
    compile: ({ metadata }) => {
      compiled.push(`${metadata.name}@${metadata.resourceVersion}`);
      return metadata.name;
    },
  });
  const names = () =>
    source.hooks.map(({ policy, bindings }) => [policy.metadata.name, ...bindings.map(({ binding }) => binding.metadata.name)]);
  return { source, compiled, names };
}

describe('the policies in force', () => {
  it('are those with bindings, by name, from one change to the next', () => {
    const objects = memory();
    const { source, names } = sourceOf(objects);
    expect(names()).toEqual([]);
    objects.put(POLICIES, 'p', {});
    expect(names()).toEqual([]);
    objects.put(BINDINGS, 'b', { policyName: 'p' });
    objects.put(BINDINGS, 'a', { policyName: 'p' });
    objects.put(BINDINGS, 'other', { policyName: 'missing' });
    expect(names()).toEqual([['p', 'a', 'b']]);
    objects.put(POLICIES, 'missing', {});
    expect(names()).toEqual([
      ['missing', 'other'],
      ['p', 'a', 'b'],
    ]);
    objects.remove(POLICIES, 'p');
    objects.remove(BINDINGS, 'other');
    expect(names()).toEqual([]);
    expect(source.hooks).toBe(source.hooks);
  });

  it('are looked for only after a change', () => {
    const objects = memory();
    const { names } = sourceOf(objects);
    names();
    const before = objects.lists();
    for (let i = 0; i < 100; i++) names();
    expect(objects.lists()).toBe(before);
  });

  it('are compiled when they are first needed, once for each version', () => {
    const objects = memory();
    const { source, compiled } = sourceOf(objects);
    objects.put(POLICIES, 'p', {});
    objects.put(BINDINGS, 'b', { policyName: 'p' });
    const use = () => source.hooks.map((hook) => hook.compiled);
    expect(source.hooks).toHaveLength(1);
    expect(compiled).toEqual([]);
    use();
    objects.put(BINDINGS, 'c', { policyName: 'p' });
    use();
    expect(compiled).toEqual(['p@1']);
    objects.put(POLICIES, 'p', { changed: true });
    use();
    expect(compiled).toEqual(['p@1', 'p@4']);
  });
});
