import { describe, expect, it } from 'vitest';
import { autoscalingKinds, coreKinds, type KubeObject, type Live, type Namespace } from '../../../api/index.ts';
import type { AdmissionAttributes } from '../plugin.ts';
import { isExempt, type MatchResources, matchCriteria, RequestMatcher } from './request-matcher.ts';
import type { ServedVersions } from './served-versions.ts';

const hpa1 = autoscalingKinds.horizontalpodautoscalersV1;
const hpa2 = autoscalingKinds.horizontalpodautoscalers;
const versions: ServedVersions = {
  equivalents: (kind) => (kind.group === 'autoscaling' ? [hpa2, hpa1] : [kind]),
  convert: (object) => object,
  read: (raw) => raw as KubeObject,
  applyType: () => undefined,
};

const labelled = (labels: Record<string, string>): KubeObject => ({ metadata: { name: 'a', labels } });
const namespace = { metadata: { name: 'ns', labels: { env: 'prod' } } } as unknown as Live<Namespace>;
const everything = { operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*'] };

function match(resources: MatchResources, more: Partial<AdmissionAttributes> = {}, stored: Live<Namespace> | undefined = namespace) {
  const attributes: AdmissionAttributes = {
    operation: 'CREATE',
    kind: coreKinds.pods,
    namespace: 'ns',
    name: 'a',
    subresource: '',
    object: labelled({}),
    old: undefined,
    ...more,
  };
  return new RequestMatcher(attributes, stored, versions).match(matchCriteria(resources));
}

const prod = { matchLabels: { env: 'prod' } };

describe('matching requests', () => {
  it('matches everything when there are no rules', () => {
    expect(match({})).toBe(coreKinds.pods);
  });

  it('selects by the labels of the namespace', () => {
    expect(match({ namespaceSelector: prod })).toBe(coreKinds.pods);
    expect(match({ namespaceSelector: { matchLabels: { env: 'test' } } })).toBeUndefined();
    expect(match({ namespaceSelector: { matchExpressions: [{ key: 'env', operator: 'DoesNotExist' }] } })).toBeUndefined();
  });

  it('selects what is in no namespace, whatever the selector of namespaces', () => {
    expect(match({ namespaceSelector: { matchLabels: { env: 'test' } } }, { kind: coreKinds.nodes, namespace: '' })).toBe(coreKinds.nodes);
  });

  it('selects a namespace by what it is to be, and one that goes by what it is', () => {
    const kind = coreKinds.namespaces;
    const criteria = { namespaceSelector: prod };
    expect(match(criteria, { kind, object: labelled({ env: 'prod' }) }, undefined)).toBe(kind);
    expect(
      match(criteria, { kind, operation: 'UPDATE', object: labelled({ env: 'test' }), old: labelled({ env: 'prod' }) }),
    ).toBeUndefined();
    expect(match(criteria, { kind, operation: 'DELETE', object: undefined, old: labelled({}) })).toBe(kind);
  });

  it('needs the namespace only when everything else matches', () => {
    const attributes: Partial<AdmissionAttributes> = { namespace: 'gone' };
    const asked = (resources: MatchResources) => {
      const matcher = new RequestMatcher(
        {
          operation: 'CREATE',
          kind: coreKinds.pods,
          name: 'a',
          subresource: '',
          object: labelled({}),
          old: undefined,
          ...attributes,
          namespace: 'gone',
        },
        undefined,
        versions,
      );
      return matcher.match(matchCriteria(resources));
    };
    expect(() => asked({ namespaceSelector: prod })).toThrow('namespaces "gone" not found');
    expect(asked({ namespaceSelector: prod, resourceRules: [{ ...everything, resources: ['secrets'] }] })).toBeUndefined();
  });

  it('selects by the labels of the object as it was or as it is to be', () => {
    const criteria = { objectSelector: prod };
    expect(match(criteria)).toBeUndefined();
    expect(match(criteria, { object: labelled({ env: 'prod' }) })).toBe(coreKinds.pods);
    expect(match(criteria, { operation: 'UPDATE', old: labelled({ env: 'prod' }) })).toBe(coreKinds.pods);
    expect(match(criteria, { operation: 'DELETE', object: undefined, old: labelled({ env: 'prod' }) })).toBe(coreKinds.pods);
    expect(match(criteria, { operation: 'CONNECT', object: undefined })).toBeUndefined();
  });

  it('leaves out what is excluded', () => {
    expect(match({ excludeResourceRules: [{ ...everything, resources: ['pods'] }] })).toBeUndefined();
    expect(match({ excludeResourceRules: [{ ...everything, resources: ['secrets'] }] })).toBe(coreKinds.pods);
  });

  it('shows objects in the version that a rule asks for, unless rules are exact', () => {
    const resourceRules = [{ ...everything, apiGroups: ['autoscaling'], apiVersions: ['v1'] }];
    expect(match({ resourceRules, matchPolicy: 'Equivalent' }, { kind: hpa2 })).toBe(hpa1);
    expect(match({ resourceRules, matchPolicy: 'Exact' }, { kind: hpa2 })).toBeUndefined();
    expect(match({ resourceRules, matchPolicy: 'Equivalent' }, { kind: hpa1 })).toBe(hpa1);
    const both = [...resourceRules, { ...everything, apiGroups: ['autoscaling'], apiVersions: ['v2'] }];
    expect(match({ resourceRules: both, matchPolicy: 'Equivalent' }, { kind: hpa2 })).toBe(hpa2);
  });

  it('asks nobody about what admission does', () => {
    const kind = { ...coreKinds.pods, group: 'admissionregistration.k8s.io', kind: 'ValidatingWebhookConfiguration' };
    const attributes = { operation: 'CREATE', namespace: '', name: 'a', subresource: '', object: undefined, old: undefined } as const;
    expect(isExempt({ ...attributes, kind })).toBe(true);
    expect(isExempt({ ...attributes, kind: coreKinds.pods })).toBe(false);
  });
});
