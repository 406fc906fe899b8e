import { describe, expect, it } from 'vitest';
import { seededRandom } from '../runtime/index.ts';
import { StructureSharing } from './structure-sharing.ts';

const pod = (name: string, image = 'registry.k8s.io/pause:3.10') => ({
  metadata: { name, uid: `uid of ${name}`, labels: { app: 'web' } },
  spec: { containers: [{ name: 'app', image, resources: { requests: { cpu: '100m' } } }], tolerations: [{ key: 'a' }, { key: 'b' }] },
});

const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value));

describe('StructureSharing', () => {
  it('makes equal parts one, and leaves unequal ones alone', () => {
    const sharing = new StructureSharing();
    const [a, b, c] = [pod('a'), pod('b'), pod('c', 'other')].map((p) => sharing.share(p));
    expect([a, b, c]).toEqual([pod('a'), pod('b'), pod('c', 'other')]);
    expect(b?.spec.containers).toBe(a?.spec.containers);
    expect(b?.spec.tolerations).toBe(a?.spec.tolerations);
    expect(b?.metadata.labels).toBe(a?.metadata.labels);
    expect(b?.spec).not.toBe(a?.spec);
    expect(c?.spec.containers).not.toBe(a?.spec.containers);
    expect(c?.spec.containers[0]?.resources).toBe(a?.spec.containers[0]?.resources);
  });

  it('does not take same values under other keys, an array for a map, or a text for a number, for equal', () => {
    const sharing = new StructureSharing();
    const parts = [
      { a: 'x' },
      { b: 'x' },
      ['x'],
      { a: 1 },
      { a: '1' },
      [1],
      { a: null },
      { a: false },
      {},
      [],
      { a: {} },
      { a: [] },
      { a: 1.5 },
    ];
    const objects = [...parts, ...parts].map((part) => sharing.share({ top: { part: copy(part) } }));
    expect(objects.map(({ top }) => top.part)).toEqual([...parts, ...parts]);
  });

  it('never changes a value, over many random ones and beyond what its table holds', () => {
    const seed = 5;
    const random = seededRandom(seed);
    const value = (depth: number): unknown => {
      const dice = random.integer(depth > 3 ? 4 : 7);
      if (dice < 4) return [random.integer(3), `t${random.integer(4)}`, null, random.integer(2) === 0][dice];
      const parts = Array.from({ length: random.integer(4) }, () => value(depth + 1));
      return dice === 4 ? parts : Object.fromEntries(parts.map((part, i) => [`k${(i + random.integer(2)) % 5}`, part]));
    };
    const sharing = new StructureSharing();
    const kept: { object: object; text: string }[] = [];
    let last: object = {};
    for (let i = 0; i < 15_000; i++) {
      const object = { a: value(0), b: value(0), n: { unique: { i } } };
      const text = JSON.stringify(object);
      const shared = random.integer(2) === 0 ? sharing.share(object) : sharing.adopt<object>(object, last);
      expect(JSON.stringify(shared), `seed ${seed}`).toBe(text);
      last = shared;
      if (i % 10 === 0) kept.push({ object: shared, text });
    }
    for (const { object, text } of kept) expect(JSON.stringify(object), `seed ${seed}`).toBe(text);
  });
});

const adopt = <T>(next: T, last: T): T => new StructureSharing().adopt(next, last);

describe('adopt', () => {
  it('takes over what did not change', () => {
    const last = pod('a');
    const next = { ...pod('a'), metadata: { ...pod('a').metadata, uid: 'new' } };
    const text = JSON.stringify(next);
    expect(adopt(next, last)).toBe(next);
    expect(JSON.stringify(next)).toBe(text);
    expect(next.spec).toBe(last.spec);
    expect(next.metadata.labels).toBe(last.metadata.labels);
    expect(adopt(pod('a'), last)).toBe(last);
  });

  it('notices fields and items that went or came', () => {
    for (const [a, b] of [
      [{ x: 1, y: 2 }, { x: 1 }],
      [[1, 2], [1]],
      [{ x: {} }, { x: [] }],
      [{ x: 1 }, null],
    ]) {
      expect(adopt(copy(a), b)).toEqual(a);
      expect(adopt(copy(b), a)).toEqual(b);
    }
  });

  it('is not fooled by a field called __proto__', () => {
    const next = JSON.parse('{"__proto__":{}}');
    expect(Object.hasOwn(adopt(next, JSON.parse('{"a":1}')), '__proto__')).toBe(true);
    expect(Object.getOwnPropertyDescriptor(next, '__proto__')?.value).not.toBe(Object.prototype);
  });
});
