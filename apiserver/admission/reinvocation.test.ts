import { describe, expect, it } from 'vitest';
import { Reinvocation } from './reinvocation.ts';

describe('reinvocation', () => {
  it('is due for members that were called before another changed the object', () => {
    const members = new Reinvocation().membersOf('x');
    members.addCalled('a');
    members.requireCalled();
    members.addCalled('b');
    expect([members.isDue('a'), members.isDue('b'), members.isDue('c')]).toEqual([true, false, false]);
    members.requireCalled();
    expect(members.isDue('b')).toBe(true);
  });

  it('knows what others changed since a plugin left the object', () => {
    const members = new Reinvocation().membersOf('x');
    const object = { metadata: { name: 'a', labels: { a: 'b' } } };
    members.setOutput(object);
    expect(members.isOutputChanged(object)).toBe(false);
    expect(members.isOutputChanged({ metadata: { labels: { a: 'b' }, name: 'a', uid: undefined } })).toBe(false);
    object.metadata.labels.a = 'c';
    expect(members.isOutputChanged(object)).toBe(true);
    members.setOutput(undefined);
    expect(members.isOutputChanged(undefined)).toBe(false);
  });

  it('keeps the members of plugins apart', () => {
    const reinvocation = new Reinvocation();
    reinvocation.membersOf('x').addCalled('a');
    reinvocation.membersOf('x').requireCalled();
    expect([reinvocation.membersOf('x').isDue('a'), reinvocation.membersOf('y').isDue('a')]).toEqual([true, false]);
  });
});
