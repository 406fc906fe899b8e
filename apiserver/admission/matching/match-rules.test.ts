import { describe, expect, it } from 'vitest';
import { appsKinds, coreKinds, type KindInfo } from '../../../api/index.ts';
import type { AdmissionAttributes } from '../plugin.ts';
import { type MatchRule, matchesRule } from './match-rules.ts';

const attributes = (more: Partial<AdmissionAttributes> = {}): AdmissionAttributes => ({
  operation: 'CREATE',
  kind: coreKinds.pods,
  namespace: 'ns',
  name: 'a',
  subresource: '',
  object: undefined,
  old: undefined,
  ...more,
});

const all: MatchRule = { operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*'] };

const matches = (rule: Partial<MatchRule>, more: Partial<AdmissionAttributes> = {}, kind?: KindInfo) => {
  const asked = attributes(more);
  return matchesRule({ ...all, ...rule }, asked, kind ?? asked.kind);
};

describe('rules of webhooks and policies', () => {
  it.each<[string, Partial<MatchRule>, Partial<AdmissionAttributes>, boolean]>([
    ['everything', {}, {}, true],
    ['the operation', { operations: ['CREATE'] }, {}, true],
    ['another operation', { operations: ['UPDATE', 'DELETE'] }, {}, false],
    ['no operation', { operations: [] }, {}, false],
    ['the group', { apiGroups: [''] }, {}, true],
    ['another group', { apiGroups: ['apps'] }, {}, false],
    ['the version', { apiVersions: ['v2', 'v1'] }, {}, true],
    ['another version', { apiVersions: ['v2'] }, {}, false],
    ['the resource', { resources: ['pods'] }, {}, true],
    ['the resource, but a subresource is asked for', { resources: ['pods'] }, { subresource: 'status' }, false],
    ['all resources, but a subresource is asked for', { resources: ['*'] }, { subresource: 'status' }, false],
    ['the subresource', { resources: ['pods/status'] }, { subresource: 'status' }, true],
    ['another subresource', { resources: ['pods/exec'] }, { subresource: 'status' }, false],
    ['all subresources', { resources: ['pods/*'] }, { subresource: 'status' }, true],
    ['all subresources, and the object itself', { resources: ['pods/*'] }, {}, true],
    ['a subresource of all', { resources: ['*/status'] }, { subresource: 'status' }, true],
    ['everything with its subresources', { resources: ['*/*'] }, { subresource: 'exec' }, true],
    ['what is in namespaces', { scope: 'Namespaced' }, {}, true],
    ['what is in namespaces, not nodes', { scope: 'Namespaced' }, { kind: coreKinds.nodes, namespace: '' }, false],
    ['what is in no namespace', { scope: 'Cluster' }, { kind: coreKinds.nodes, namespace: '' }, true],
    ['what is in no namespace, not pods', { scope: 'Cluster' }, {}, false],
    ['namespaces, which are in none', { scope: 'Cluster' }, { kind: coreKinds.namespaces, namespace: 'a' }, true],
    ['not namespaces, which are in none', { scope: 'Namespaced' }, { kind: coreKinds.namespaces, namespace: 'a' }, false],
    ['any scope', { scope: '*' }, {}, true],
    ['the name', { resourceNames: ['b', 'a'] }, {}, true],
    ['another name', { resourceNames: ['b'] }, {}, false],
    ['any name', { resourceNames: [] }, {}, true],
  ])('match %s', (_, rule, asked, expected) => {
    expect(matches(rule, asked)).toBe(expected);
  });

  it('look at the resource that is given instead of that of the request', () => {
    expect(matches({ apiGroups: ['apps'], resources: ['deployments'] }, {}, appsKinds.deployments)).toBe(true);
    expect(matches({ apiGroups: [''], resources: ['pods'] }, {}, appsKinds.deployments)).toBe(false);
  });
});
