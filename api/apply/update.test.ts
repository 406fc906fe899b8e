import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../runtime/index.ts';
import { decode } from '../codec/index.ts';
import { BUILT_IN_KINDS } from '../kinds/served.ts';
import { applyTypeOf } from './apply-type.ts';
import { type FieldSet, has, isEmpty, LEAF, pathsOf, union } from './field-set.ts';
import { capUpdates, encode, idOf, type Managed } from './managed.ts';
import { apply, ConflictsError, type Target, trackUpdate } from './update.ts';

const message = BUILT_IN_KINDS.find(({ info }) => info.resource === 'pods')?.message;
if (!message) throw new Error('no schema');
const TARGET: Target = { apiVersion: 'v1', type: applyTypeOf(message), otherVersion: () => undefined, reset: LEAF };
const by = (manager: string, operation: 'Apply' | 'Update' = 'Update') => ({
  manager,
  operation,
  apiVersion: 'v1',
  time: '2026-01-01T00:00:00Z',
});

/** An object as it is stored. */
const normal = (object: unknown): unknown => decode(message, structuredClone(object)).object;

interface State {
  object: unknown;
  managed: Managed;
}

function applyBy(state: State, manager: string, config: unknown, force = false): State {
  const managed: Managed = new Map(state.managed);
  const { object } = apply(TARGET, managed, { live: state.object, config }, { ...by(manager, 'Apply'), force });
  return { object: object === undefined ? state.object : normal(object), managed };
}

function updateBy(state: State, manager: string, wanted: unknown): State {
  const object = normal(wanted);
  const managed: Managed = new Map(state.managed);
  trackUpdate(TARGET, managed, { live: state.object, next: object }, by(manager));
  return { object, managed };
}

const setOf = ({ managed }: State, manager: string): FieldSet =>
  [...managed.values()].filter((entry) => entry.manager === manager).reduce((set, entry) => union(set, entry.set), LEAF);

const NOTHING: State = { object: normal({}), managed: new Map() };

describe('many managers in any order', () => {
  const SEED = 20_260_101;
  const random = seededRandom(SEED);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random.next() * items.length)] as T;
  const chance = (): boolean => random.next() < 0.5;
  const NAMES = ['a', 'b', 'c'];
  /** At least one: what is empty is owned, and yet not there in an object's normal form. */
  const subset = (): string[] => [...new Set([pick(NAMES), ...NAMES.filter(chance)])].sort();

  const container = (name: string) => ({
    name,
    ...(chance() ? { image: pick(['x', 'y']) } : {}),
    ...(chance() ? { env: subset().map((each) => ({ name: each, value: pick(['1', '2']) })) } : {}),
    ...(chance() ? { args: subset() } : {}),
  });
  const config = () => ({
    metadata: {
      name: 'p',
      ...(chance() ? { labels: Object.fromEntries(subset().map((each) => [each, pick(['1', '2'])])) } : {}),
      ...(chance() ? { finalizers: subset() } : {}),
    },
    spec: { ...(chance() ? { hostname: pick(['x', 'y']) } : {}), containers: subset().map(container) },
  });

  /** Applies, by force if need be, and checks what was taken from whom. */
  function applyAnyhow(state: State, manager: string, wanted: unknown): State {
    const id = idOf(by(manager, 'Apply'));
    try {
      return applyBy(state, manager, wanted);
    } catch (error) {
      if (!(error instanceof ConflictsError)) throw error;
      const next = applyBy(state, manager, wanted, true);
      for (const { manager: other, path } of error.conflicts) {
        expect(idOf(other)).not.toBe(id);
        expect(owners(state, path)).toContain(idOf(other));
        expect(owners(next, path).filter((owner) => owner !== id)).toEqual([]);
      }
      return next;
    }
  }

  /** Lists and maps: who emptied one may own it still, as upstream has it. */
  const COLLECTIONS = new Set(['f:labels', 'f:finalizers', 'f:containers', 'f:env']);

  /** Applying again changes nothing and meets nobody; what is owned is there. */
  function check(state: State, manager: string, wanted: unknown): void {
    const again = applyBy(state, manager, wanted);
    expect(again.object).toEqual(state.object);
    expect(sets(again)).toEqual(sets(state));
    for (const [id, { set }] of state.managed) {
      expect(isEmpty(set), id).toBe(false);
      for (const path of pathsOf(set).filter((each) => !COLLECTIONS.has(each.at(-1) ?? '')))
        expect(exists(state.object, path), `${id} ${path.join('')}`).toBe(true);
    }
  }

  function step(state: State): State {
    const manager = pick(['one', 'two', 'three']);
    const wanted = config();
    if (random.next() < 0.2) return updateBy(state, manager, wanted);
    const next = applyAnyhow(state, manager, wanted);
    check(next, manager, wanted);
    return next;
  }

  it(`keep the rules of ownership (seed ${SEED})`, () => {
    let state = NOTHING;
    for (let round = 0; round < 400; round++) state = step(state);
  });
});

const owners = ({ managed }: State, path: readonly string[]): string[] =>
  [...managed].filter(([, { set }]) => has(set, path)).map(([id]) => id);

const sets = ({ managed }: State) => [...managed].map(([id, { set }]) => [id, set]).sort();

/** Whether there is a value where a path leads. */
function exists(object: unknown, path: readonly string[]): boolean {
  let value: unknown = object;
  for (const element of path) {
    const content = element.slice(2);
    if (element.startsWith('f:')) value = (value as Record<string, unknown> | undefined)?.[content];
    else if (element.startsWith('v:')) value = (value as unknown[]).find((item) => JSON.stringify(item) === content);
    else {
      const keys: Record<string, unknown> = JSON.parse(content);
      value = (value as Record<string, unknown>[]).find((item) => Object.entries(keys).every(([name, key]) => item[name] === key));
    }
  }
  return value !== undefined;
}

describe('ownership', () => {
  const labels = (values: Record<string, string>) => ({ metadata: { name: 'p', labels: values } });

  it('is shared by those who apply the same, and what one drops stays while another has it', () => {
    let state = applyBy(NOTHING, 'one', labels({ a: '1', b: '1' }));
    state = applyBy(state, 'two', labels({ a: '1' }));
    state = applyBy(state, 'one', labels({ b: '1' }));
    expect(state.object).toMatchObject(labels({ a: '1', b: '1' }));
    state = applyBy(state, 'two', { metadata: { name: 'p' } });
    expect(state.object).toMatchObject(labels({ b: '1' }));
    expect(setOf(state, 'two')).toEqual({});
  });

  it('of an update goes to who changed the field, and only of what changed', () => {
    let state = updateBy(NOTHING, 'one', labels({ a: '1', b: '1' }));
    state = updateBy(state, 'two', labels({ a: '2', b: '1' }));
    expect(setOf(state, 'one')).toEqual({ 'f:metadata': { 'f:labels': { '.': {}, 'f:b': {} } } });
    expect(setOf(state, 'two')).toEqual({ 'f:metadata': { 'f:labels': { 'f:a': {} } } });
  });

  it('has no time before it changed anything', () => {
    const state = applyBy(applyBy(NOTHING, 'one', labels({ a: '1' })), 'two', labels({ a: '1' }));
    expect(encode(state.managed)?.map(({ manager, time }) => [manager, time])).toEqual([
      ['two', undefined],
      ['one', '2026-01-01T00:00:00Z'],
    ]);
  });

  it('in a version that is gone is forgotten', () => {
    const managed: Managed = new Map([['old', { ...by('old'), apiVersion: 'v0', set: { 'f:spec': {} } }]]);
    const state = updateBy({ object: {}, managed }, 'one', labels({ a: '1' }));
    expect([...state.managed.values()].map(({ manager }) => manager)).toEqual(['one']);
  });

  it('of parts of what has become one piece since is ownership of the whole', () => {
    const spread = (selector: FieldSet): FieldSet => ({
      'f:spec': { 'f:topologySpreadConstraints': { 'k:{"topologyKey":"z","whenUnsatisfiable":"x"}': { 'f:labelSelector': selector } } },
    });
    const managed: Managed = new Map([['old', { ...by('old'), set: spread({ 'f:matchLabels': { 'f:a': {} } }) }]]);
    const state = updateBy({ object: normal({}), managed }, 'one', {});
    expect(setOf(state, 'old')).toEqual(spread(LEAF));
  });

  it('in another version is followed through its conversion', () => {
    const rename = (from: string, to: string) => (object: unknown) => {
      const { [from]: value, ...rest } = object as Record<string, unknown>;
      return value === undefined ? rest : { ...rest, [to]: value };
    };
    const wide = {
      type: { map: undefined, scalar: undefined, list: undefined },
      convert: rename('spec', 'old'),
      restore: rename('old', 'spec'),
    };
    const scalar = { map: undefined, scalar: 'untyped', list: undefined } as const;
    const field = { name: 'old', element: 'f:old', type: scalar, fallback: undefined };
    const type = { ...wide.type, map: { fields: new Map([['old', field]]), ordered: [field], values: undefined, atomic: false } };
    const target: Target = { ...TARGET, otherVersion: (version) => (version === 'v0' ? { ...wide, type } : undefined) };
    const managed: Managed = new Map([['old', { ...by('old'), apiVersion: 'v0', set: { 'f:old': {} } }]]);
    trackUpdate(target, managed, { live: { spec: { hostname: 'a' } }, next: { spec: { hostname: 'b' } } }, by('one'));
    expect([...managed.values()].map(({ manager }) => manager)).toEqual(['one']);
  });
});

it('puts the oldest of more than ten updates together', () => {
  const managed: Managed = new Map();
  for (let i = 0; i < 13; i++) {
    const entry = { ...by(`m${i}`), time: `2026-01-01T00:00:${String(i).padStart(2, '0')}Z`, set: { [`f:${i}`]: {} } };
    managed.set(idOf(entry), entry);
  }
  capUpdates(managed);
  const entries = encode(managed) ?? [];
  expect(entries).toHaveLength(10);
  expect(entries[0]).toEqual({
    manager: 'ancient-changes',
    operation: 'Update',
    apiVersion: 'v1',
    time: '2026-01-01T00:00:03Z',
    fieldsType: 'FieldsV1',
    fieldsV1: { 'f:0': {}, 'f:1': {}, 'f:2': {}, 'f:3': {} },
  });
});
