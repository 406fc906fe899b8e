import { describe, expect, it } from 'vitest';
import type { NamespaceCondition } from '../../api/index.ts';
import { ago, NOW } from '../testing/builders.ts';
import { type DeletionFindings, deletionConditions } from './conditions.ts';

const DISCOVERY = 'NamespaceDeletionDiscoveryFailure';
const PARSING = 'NamespaceDeletionGroupVersionParsingFailure';
const CONTENT = 'NamespaceDeletionContentFailure';
const REMAINING = 'NamespaceContentRemaining';
const FINALIZERS = 'NamespaceFinalizersRemaining';
const ALL = [DISCOVERY, PARSING, CONTENT, REMAINING, FINALIZERS];

const found = (more: Partial<DeletionFindings> = {}): DeletionFindings => ({
  discoveryErrors: [],
  contentErrors: [],
  remaining: [],
  finalizers: new Map(),
  ...more,
});
const were = (...conditions: [type: string, status: string][]): NamespaceCondition[] =>
  conditions.map(([type, status]) => ({ type, status, reason: '', message: '', lastTransitionTime: ago(60) }));
const conditionsOf = (findings: Partial<DeletionFindings>, current: NamespaceCondition[] = []): NamespaceCondition[] =>
  deletionConditions(current, found(findings), NOW) ?? [];
const told = (conditions: readonly NamespaceCondition[]) => conditions.map(({ type, status }) => `${type} ${status}`);

describe('order. Upstream: TestUpdateConditions', () => {
  it.each([
    { name: 'all are new', current: were(), order: ALL },
    { name: 'unknown ones stay', current: were(['mine', 'False']), order: ['mine', ...ALL] },
    { name: 'one is replaced where it is', current: were([DISCOVERY, 'True']), order: ALL },
    {
      name: 'another order stays',
      current: were([PARSING, 'True'], [DISCOVERY, 'True']),
      order: [PARSING, DISCOVERY, CONTENT, REMAINING, FINALIZERS],
    },
  ])('$name', ({ current, order }) => {
    expect(told(conditionsOf({}, current))).toEqual(order.map((type) => `${type} False`));
  });

  it('a failure takes the place of a success', () => {
    const current = were([CONTENT, 'False'], [DISCOVERY, 'True']);
    expect(told(conditionsOf({ contentErrors: ['no'] }, current))).toEqual([
      `${CONTENT} True`,
      `${DISCOVERY} False`,
      `${PARSING} False`,
      `${REMAINING} False`,
      `${FINALIZERS} False`,
    ]);
  });
});

describe('text. Upstream: TestProcessContentTotals', () => {
  const remaining = [
    { resource: 'deployments', group: 'apps', count: 5 },
    { resource: 'configmaps', group: '', count: 1 },
    { resource: 'daemonsets', group: 'apps', count: 5 },
  ];
  const finalizers = new Map([
    ['service-catalog', 6],
    ['kubedb', 5],
  ]);
  const left =
    'Some resources are remaining: configmaps. has 1 resource instances, daemonsets.apps has 5 resource instances, deployments.apps has 5 resource instances';
  const held =
    'Some content in the namespace has finalizers remaining: kubedb in 5 resource instances, service-catalog in 6 resource instances';

  it.each<{ name: string; findings: Partial<DeletionFindings>; texts: Record<string, [reason: string, message: string]> }>([
    { name: 'nothing', findings: {}, texts: {} },
    { name: 'just remaining', findings: { remaining }, texts: { [REMAINING]: ['SomeResourcesRemain', left] } },
    { name: 'just finalizers', findings: { finalizers }, texts: { [FINALIZERS]: ['SomeFinalizersRemain', held] } },
    {
      name: 'both',
      findings: { remaining, finalizers },
      texts: { [REMAINING]: ['SomeResourcesRemain', left], [FINALIZERS]: ['SomeFinalizersRemain', held] },
    },
    {
      name: 'one error',
      findings: { contentErrors: ['a timed out'] },
      texts: { [CONTENT]: ['ContentDeletionFailed', 'Failed to delete all resource types, 1 remaining: a timed out'] },
    },
    {
      name: 'errors, in whatever order they came',
      findings: { contentErrors: ['b is gone', 'a timed out'] },
      texts: { [CONTENT]: ['ContentDeletionFailed', 'Failed to delete all resource types, 2 remaining: a timed out, b is gone'] },
    },
    {
      name: 'groups that do not answer',
      findings: { discoveryErrors: ['x/v1: stale GroupVersion discovery: x/v1', 'a/v1: stale GroupVersion discovery: a/v1'] },
      texts: {
        [DISCOVERY]: [
          'DiscoveryFailed',
          'Discovery failed for some groups, 2 failing: unable to retrieve the complete list of server APIs: a/v1: stale GroupVersion discovery: a/v1, x/v1: stale GroupVersion discovery: x/v1',
        ],
      },
    },
    {
      name: 'a server that does not answer',
      findings: { discoveryFailure: 'connection refused' },
      texts: { [DISCOVERY]: ['DiscoveryFailed', 'connection refused'] },
    },
  ])('$name', ({ findings, texts }) => {
    const wrong = conditionsOf(findings).filter(({ status }) => status === 'True');
    expect(Object.fromEntries(wrong.map(({ type, reason, message }) => [type, [reason, message]]))).toEqual(texts);
  });
});

describe('changes', () => {
  const fine = conditionsOf({});

  it('what is fine is told too', () => {
    expect(fine.map(({ reason, message }) => [reason, message])).toEqual([
      ['ResourcesDiscovered', 'All resources successfully discovered'],
      ['ParsedGroupVersions', 'All legacy kube types successfully parsed'],
      ['ContentDeleted', 'All content successfully deleted, may be waiting on finalization'],
      ['ContentRemoved', 'All content successfully removed'],
      ['ContentHasNoFinalizers', 'All content-preserving finalizers finished'],
    ]);
  });

  it('there are none when all is as it was', () => {
    expect(deletionConditions(fine, found(), NOW + 5000)).toBeUndefined();
    const failing = conditionsOf({ contentErrors: ['no'] });
    expect(deletionConditions(failing, found({ contentErrors: ['no'] }), NOW + 5000)).toBeUndefined();
  });

  it('another status has another time, another message has not', () => {
    const timeOf = (conditions: readonly NamespaceCondition[]) => conditions.find(({ type }) => type === CONTENT)?.lastTransitionTime;
    const failing = deletionConditions(fine, found({ contentErrors: ['no'] }), NOW + 5000) ?? [];
    expect(timeOf(failing)).toBe(ago(-5));
    expect(timeOf(deletionConditions(failing, found({ contentErrors: ['never'] }), NOW + 9000) ?? [])).toBe(ago(-5));
    expect(timeOf(deletionConditions(failing, found(), NOW + 9000) ?? [])).toBe(ago(-9));
    expect(fine.map(({ lastTransitionTime }) => lastTransitionTime)).toEqual(ALL.map(() => ago(0)));
  });
});
