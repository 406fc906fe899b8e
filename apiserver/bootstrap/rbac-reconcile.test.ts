import { describe, expect, it } from 'vitest';
import type { ClusterRole, ClusterRoleBinding, Live } from '../../api/index.ts';
import { reconcileBinding, reconcileRole } from './rbac-reconcile.ts';

type Words = Readonly<Record<string, string>>;

const META = { name: 'x', uid: 'u', resourceVersion: '1', creationTimestamp: '2024-01-01T00:00:00Z' };

/** A role that allows getting these resources, and gathers the roles with these labels. */
function role(resources: string, labels?: Words, annotations?: Words, gathers?: readonly Words[]): Live<ClusterRole> {
  const names = resources.split(' ').filter(Boolean);
  return {
    metadata: { ...META, ...(labels && { labels: { ...labels } }), ...(annotations && { annotations: { ...annotations } }) },
    rules: names.map((name) => ({ apiGroups: [''], verbs: ['get'], resources: [name] })),
    ...(gathers && { aggregationRule: { clusterRoleSelectors: gathers.map((matchLabels) => ({ matchLabels: { ...matchLabels } })) } }),
  };
}

/** Upstream's `TestComputeReconciledRole*`, of those that take nothing away: what is expected, what is there, and what it becomes. */
const ROLES: ReadonlyArray<readonly [string, Live<ClusterRole>, Live<ClusterRole>, Live<ClusterRole> | undefined]> = [
  ['nothing', role(''), role(''), undefined],
  ['the same', role('a', { 1: 'a' }, { 1: 'a' }), role('a', { 1: 'a' }, { 1: 'a' }), undefined],
  ['other rules', role('a'), role('b'), role('b a')],
  ['other labels', role('a', { 1: 'a' }), role('a', { 2: 'b' }), role('a', { 1: 'a', 2: 'b' })],
  ['other annotations', role('a', undefined, { 1: 'a' }), role('b', undefined, { 1: 'b' }), role('b a', undefined, { 1: 'b' })],
  ['all of it', role('a b', { 3: 'd' }, { 1: 'a' }), role('b c', { 4: 'e' }, { 1: 'b' }), role('b c a', { 3: 'd', 4: 'e' }, { 1: 'b' })],
  ['gathering none', role('', undefined, undefined, []), role(''), undefined],
  ['gathering', role('', undefined, undefined, [{ a: '1' }]), role(''), role('', undefined, undefined, [{ a: '1' }])],
  [
    'gathering others',
    role('', undefined, undefined, [{ a: '1' }]),
    role('', undefined, undefined, [{ b: '2' }]),
    role('', undefined, undefined, [{ b: '2' }, { a: '1' }]),
  ],
  ['gathering no more', role('a'), role('b', undefined, undefined, [{ a: '1' }]), { ...role('b a'), aggregationRule: undefined }],
];

describe('a role that is there already', () => {
  it.each(ROLES)('%s', (_name, expected, existing, result) => {
    expect(reconcileRole(existing, expected)).toStrictEqual(result);
  });
});

const binding = (name: string, ...subjects: string[]): Live<ClusterRoleBinding> => ({
  metadata: META,
  roleRef: { apiGroup: '', kind: '', name },
  subjects: subjects.map((subject) => ({ kind: '', name: subject })),
});

describe('a binding that is there already', () => {
  it.each([
    ['the same', binding('r', 'a'), binding('r', 'a'), undefined],
    ['of another role', binding('r', 'a'), binding('s', 'a'), 'recreate'],
    ['more subjects', binding('r', 'a'), binding('r', 'a', 'b'), undefined],
    ['other subjects', binding('r', 'a', 'c'), binding('r', 'a', 'b'), binding('r', 'a', 'b', 'c')],
  ])('%s', (_name, expected, existing, result) => {
    expect(reconcileBinding(existing, expected)).toEqual(result);
  });
});
