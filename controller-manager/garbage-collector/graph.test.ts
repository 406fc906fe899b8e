import { beforeEach, describe, expect, it } from 'vitest';
import { appsKinds, coreKinds, type KindInfo, type KubeObject, type Live, type LiveMeta, type OwnerReference } from '../../api/index.ts';
import { meta } from '../testing/builders.ts';
import { AbsentOwners } from './absent-owners.ts';
import {
  blockingDependents,
  type Coordinates,
  coordinatesOfOwner,
  FOREGROUND,
  ORPHAN,
  OwnerGraph,
  otherPlaces,
  refersTo,
} from './graph.ts';

const object = (name: string, more: Partial<LiveMeta> = {}): Live<KubeObject> => ({ metadata: meta(name, more) });
const owner = (name: string, more: Partial<OwnerReference> = {}): OwnerReference => ({
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  name,
  uid: `uid-${name}`,
  ...more,
});
const sets: KindInfo = appsKinds.replicasets;
const pods: KindInfo = coreKinds.pods;

let told: string[] = [];
let graph: OwnerGraph;
beforeEach(() => {
  told = [];
  graph = new OwnerGraph({
    check: ({ coordinates }) => told.push(`check ${coordinates.name}`),
    orphan: ({ coordinates }) => told.push(`orphan ${coordinates.name}`),
    strayed: ({ coordinates }, { name }) => told.push(`strayed ${coordinates.name} from ${name}`),
    gone: ({ name }) => told.push(`gone ${name}`),
  });
});
const news = () => told.splice(0);

describe('OwnerGraph', () => {
  it('has the dependents of an object that goes checked', () => {
    graph.upsert(sets, object('rs'));
    graph.upsert(pods, object('a', { ownerReferences: [owner('rs')] }));
    graph.upsert(pods, object('b'));
    expect(news()).toEqual([]);
    graph.remove('uid-rs');
    expect(news()).toEqual(['gone rs', 'check a']);
  });

  it('has an owner that was never seen looked for, once', () => {
    graph.upsert(pods, object('a', { ownerReferences: [owner('rs')] }));
    graph.upsert(pods, object('b', { ownerReferences: [owner('rs')] }));
    expect(news()).toEqual(['check rs']);
    expect(graph.get('uid-rs')?.isVirtual).toBe(true);
    graph.upsert(sets, object('rs'));
    expect([graph.get('uid-rs')?.isVirtual, graph.get('uid-rs')?.dependents.size, ...news()]).toEqual([false, 2]);
  });

  it('forgets an owner that was never seen with the last who refers to it', () => {
    graph.upsert(pods, object('a', { ownerReferences: [owner('rs')] }));
    graph.remove('uid-a');
    expect(graph.size).toBe(0);
  });

  it('has a dependent checked that means another object by the uid', () => {
    graph.upsert(sets, object('rs', { namespace: 'elsewhere' }));
    graph.upsert(pods, object('a', { ownerReferences: [owner('rs')] }));
    expect(news()).toEqual(['check a', 'strayed a from rs']);
    graph.upsert(pods, object('b', { ownerReferences: [owner('late')] }));
    news();
    graph.upsert(sets, object('late', { namespace: 'elsewhere' }));
    expect(news()).toEqual(['check b', 'strayed b from late']);
  });

  it('follows owners that change', () => {
    graph.upsert(sets, object('one'));
    graph.upsert(sets, object('two'));
    graph.upsert(pods, object('a', { ownerReferences: [owner('one')] }));
    graph.upsert(pods, object('a', { ownerReferences: [owner('two')] }));
    expect([graph.get('uid-one')?.dependents.size, graph.get('uid-two')?.dependents.size]).toEqual([0, 1]);
    graph.remove('uid-one');
    expect(news()).toEqual([]);
  });

  it('has all dependents checked when an owner begins to wait for them, and the owner as they go', () => {
    graph.upsert(sets, object('rs'));
    graph.upsert(pods, object('a', { ownerReferences: [owner('rs', { blockOwnerDeletion: true })] }));
    graph.upsert(pods, object('b', { ownerReferences: [owner('rs')] }));
    const waiting = object('rs', { deletionTimestamp: 'now', finalizers: [FOREGROUND] });
    graph.upsert(sets, waiting);
    expect(news()).toEqual(['check a', 'check b', 'check rs']);
    graph.upsert(sets, waiting);
    expect(news()).toEqual([]);
    const rs = graph.get('uid-rs');
    expect(rs && blockingDependents(rs).map(({ coordinates }) => coordinates.name)).toEqual(['a']);
    graph.remove('uid-a');
    expect(news()).toEqual(['check rs']);
  });

  it('has a waiting owner checked when a dependent blocks no more', () => {
    graph.upsert(sets, object('rs', { deletionTimestamp: 'now', finalizers: [FOREGROUND] }));
    graph.upsert(pods, object('a', { ownerReferences: [owner('rs', { blockOwnerDeletion: true })] }));
    news();
    graph.upsert(pods, object('a', { ownerReferences: [owner('rs', { blockOwnerDeletion: false })] }));
    expect(news()).toEqual(['check rs']);
  });

  it('tells of an owner that leaves its dependents alone, once', () => {
    graph.upsert(sets, object('rs'));
    const leaving = object('rs', { deletionTimestamp: 'now', finalizers: [ORPHAN] });
    graph.upsert(sets, leaving);
    graph.upsert(sets, leaving);
    expect(news()).toEqual(['orphan rs']);
  });
});

describe('references', () => {
  const at = (more: Partial<Coordinates> = {}): Coordinates => ({
    group: 'apps',
    version: 'v1',
    kind: 'ReplicaSet',
    namespace: 'ns1',
    name: 'rs',
    ...more,
  });

  it.each([
    { apiVersion: 'v1', group: '', version: 'v1' },
    { apiVersion: 'apps/v1', group: 'apps', version: 'v1' },
    { apiVersion: 'example.com/v1beta1', group: 'example.com', version: 'v1beta1' },
  ])('$apiVersion is version $version of group "$group"', ({ apiVersion, group, version }) => {
    expect(coordinatesOfOwner(owner('rs', { apiVersion }), 'ns1')).toEqual(at({ group, version }));
  });

  it.each<{ name: string; reference: Partial<OwnerReference>; to: Partial<Coordinates>; expected: boolean }>([
    { name: 'what it says', reference: {}, to: {}, expected: true },
    { name: 'it at another version', reference: { apiVersion: 'apps/v1beta1' }, to: {}, expected: true },
    { name: 'one of another group', reference: { apiVersion: 'extensions/v1' }, to: {}, expected: false },
    { name: 'one of another kind', reference: { kind: 'Deployment' }, to: {}, expected: false },
    { name: 'one of another name', reference: { name: 'other' }, to: {}, expected: false },
    { name: 'one in another namespace', reference: {}, to: { namespace: 'ns2' }, expected: false },
    { name: 'one without a namespace', reference: {}, to: { namespace: '' }, expected: true },
  ])('means $name: $expected', ({ reference, to, expected }) => {
    expect(refersTo(owner('rs', reference), 'ns1', at(to))).toBe(expected);
  });

  it('from a cluster-scoped object means nothing in a namespace', () => {
    expect(refersTo(owner('rs'), '', at())).toBe(false);
  });

  it.each<{ name: string; asked: Partial<Coordinates>; uid: string; expected: boolean }>([
    { name: 'the same', asked: {}, uid: 'u', expected: true },
    { name: 'another uid', asked: {}, uid: 'w', expected: false },
    { name: 'another version', asked: { version: 'v2' }, uid: 'u', expected: false },
    { name: 'another kind', asked: { kind: 'Deployment' }, uid: 'u', expected: false },
    { name: 'another namespace', asked: { namespace: 'ns2' }, uid: 'u', expected: false },
    { name: 'another name', asked: { name: 'other' }, uid: 'u', expected: false },
  ])('an owner that is not there, asked for $name: $expected', ({ asked, uid, expected }) => {
    const absent = new AbsentOwners();
    absent.add(at(), 'u');
    expect(absent.has(at(asked), uid)).toBe(expected);
  });

  it('of 500 owners that are not there are remembered, the last used', () => {
    const absent = new AbsentOwners();
    for (let i = 0; i < 500; i++) absent.add(at(), `u${i}`);
    expect(absent.has(at(), 'u0')).toBe(true);
    absent.add(at(), 'u500');
    expect([absent.has(at(), 'u0'), absent.has(at(), 'u1'), absent.has(at(), 'u2')]).toEqual([true, false, true]);
  });
});

// Upstream: `TestProcessEvent`, `TestConflictingData`.
describe('what is to be looked at', () => {
  const dependent = (name: string, more: Partial<OwnerReference> = {}) => object(name, { ownerReferences: [owner('rs', more)] });
  const steps: Record<string, { readonly steps: readonly (() => void)[]; readonly told: readonly string[] }> = {
    'a dependent that comes before its owner': {
      steps: [() => graph.upsert(pods, dependent('a')), () => graph.upsert(sets, object('rs'))],
      told: ['check rs'],
    },
    'a dependent that comes after its owner': {
      steps: [() => graph.upsert(sets, object('rs')), () => graph.upsert(pods, dependent('a'))],
      told: [],
    },
    'a dependent whose owner goes before it was seen': {
      steps: [() => graph.upsert(pods, dependent('a')), () => graph.remove('uid-rs')],
      told: ['check rs', 'gone rs', 'check a'],
    },
    'two dependents that call one owner by two names': {
      steps: [() => graph.upsert(pods, dependent('a')), () => graph.upsert(pods, dependent('b', { name: 'other' }))],
      told: ['check rs', 'check b'],
    },
    'a dependent that calls its owner by another kind, after it': {
      steps: [() => graph.upsert(sets, object('rs')), () => graph.upsert(pods, dependent('a', { kind: 'Deployment' }))],
      told: ['check a'],
    },
    'a dependent that calls its owner by another kind, before it': {
      steps: [() => graph.upsert(pods, dependent('a', { kind: 'Deployment' })), () => graph.upsert(sets, object('rs'))],
      told: ['check rs', 'check a'],
    },
    'a dependent that calls its owner by another version': {
      steps: [() => graph.upsert(pods, dependent('a', { apiVersion: 'apps/v1beta1' })), () => graph.upsert(sets, object('rs'))],
      told: ['check rs'],
    },
    'a dependent that goes before its owner': {
      steps: [
        () => graph.upsert(sets, object('rs')),
        () => graph.upsert(pods, dependent('a')),
        () => graph.remove('uid-a'),
        () => graph.remove('uid-rs'),
      ],
      told: [],
    },
    'a dependent that comes when its owner waits for dependents': {
      steps: [
        () => graph.upsert(sets, object('rs', { deletionTimestamp: 'now', finalizers: [FOREGROUND] })),
        () => graph.upsert(pods, dependent('a')),
      ],
      told: ['check rs', 'check a'],
    },
    'an object that owns itself and goes': {
      steps: [() => graph.upsert(sets, object('rs', { ownerReferences: [owner('rs')] })), () => graph.remove('uid-rs')],
      told: ['gone rs', 'check rs'],
    },
    'a dependent with two owners, of whom one goes': {
      steps: [
        () => graph.upsert(sets, object('rs')),
        () => graph.upsert(sets, object('two')),
        () => graph.upsert(pods, object('a', { ownerReferences: [owner('rs'), owner('two')] })),
        () => graph.remove('uid-two'),
      ],
      told: ['gone two', 'check a'],
    },
    'an object that was never there and goes': { steps: [() => graph.remove('uid-rs')], told: [] },
  };

  it('a dependent that calls its owner rightly, when another does not, though the owner is not seen for long', () => {
    graph.upsert(pods, dependent('a', { name: 'other' }));
    graph.upsert(pods, dependent('b'));
    const node = graph.get('uid-rs');
    const [place] = node ? otherPlaces(node) : [];
    if (node && place) graph.relocate(node, place);
    graph.upsert(sets, object('rs'));
    expect(news()).toEqual(['check other', 'check b', 'check a', 'check rs', 'check a']);
    graph.remove('uid-rs');
    expect(news()).toEqual(['gone rs', 'check a', 'check b']);
  });

  it.each(Object.entries(steps))('%s', (_, { steps: all, told: expected }) => {
    for (const step of all) step();
    expect(news()).toEqual(expected);
  });
});
