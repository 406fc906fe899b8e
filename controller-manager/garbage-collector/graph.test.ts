import { beforeEach, describe, expect, it } from 'vitest';
import { appsKinds, coreKinds, type KindInfo, type KubeObject, type Live, type LiveMeta, type OwnerReference } from '../../api/index.ts';
import { meta } from '../testing/builders.ts';
import { blockingDependents, FOREGROUND, ORPHAN, OwnerGraph } from './graph.ts';

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
