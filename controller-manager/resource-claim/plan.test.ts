import { describe, expect, it } from 'vitest';
import {
  CLAIM_PROTECTION,
  type Live,
  type Pod,
  type ResourceV1ResourceClaim as ResourceClaim,
  type ResourceClaimTemplate,
} from '../../api/index.ts';
import { ago, aPod, meta } from '../testing/builders.ts';
import { generateName, planClaim, planPod } from './plan.ts';

const OWNED = [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'uid-p', controller: true }];
const ALLOCATED: ResourceClaim['status'] = { allocation: { devices: { results: [] } } };
const BY_P = { reservedFor: [{ resource: 'pods', name: 'p', uid: 'uid-p' }] };

const claim = (more: Partial<Live<ResourceClaim>['metadata']> = {}, status: ResourceClaim['status'] = {}): Live<ResourceClaim> => ({
  metadata: meta('c', more),
  spec: {},
  status,
});
const template: Live<ResourceClaimTemplate> = {
  metadata: meta('t'),
  spec: { metadata: { labels: { a: 'b' }, annotations: { x: 'y' } }, spec: { devices: { requests: [{ name: 'gpu' }] } } },
};
const pod = (claims: Pod['spec']['resourceClaims'], status: Partial<Pod['status']> = {}) =>
  aPod('p').change((made) => {
    made.spec.resourceClaims = claims;
    Object.assign(made.status, status);
  });
const ofTemplate = [{ name: 'gpu', resourceClaimTemplateName: 't' }];
const told = (resourceClaimName?: string) => ({ resourceClaimStatuses: [{ name: 'gpu', resourceClaimName }] });
const plan = (of: Live<Pod>, { claims = [] as Live<ResourceClaim>[], templates = [template] } = {}) =>
  planPod(of, {
    claim: (name) => claims.find(({ metadata }) => metadata.name === name),
    owned: () => claims.filter(({ metadata }) => metadata.ownerReferences),
    template: (name) => templates.find(({ metadata }) => metadata.name === name),
  });

describe('a pod’s claim', () => {
  it('is made from its template, and belongs to the pod', () => {
    const { create } = plan(pod(ofTemplate).build());
    expect(create).toMatchObject([
      {
        podClaim: 'gpu',
        claim: {
          metadata: {
            generateName: 'p-gpu-',
            namespace: 'default',
            labels: { a: 'b' },
            annotations: { x: 'y', 'resource.kubernetes.io/pod-claim-name': 'gpu' },
            ownerReferences: [{ kind: 'Pod', name: 'p', uid: 'uid-p', controller: true, blockOwnerDeletion: true }],
          },
          spec: template.spec.spec,
        },
      },
    ]);
  });

  it('is told to the pod when it was made before, and not made again', () => {
    const made = claim({ ownerReferences: OWNED, annotations: { 'resource.kubernetes.io/pod-claim-name': 'gpu' } });
    expect(plan(pod(ofTemplate).build(), { claims: [made] })).toMatchObject({
      create: [],
      found: [{ name: 'gpu', resourceClaimName: 'c' }],
    });
    expect(plan(pod(ofTemplate, told('c')).build(), { claims: [made] })).toEqual({ create: [], found: [], reserve: [] });
    expect(plan(pod(ofTemplate, told('gone')).build()).create).toHaveLength(1);
  });

  it('is not made where there is to be none, for nobody, or without a template', () => {
    expect(plan(pod(ofTemplate, told()).build()).create).toEqual([]);
    expect(plan(pod([{ name: 'gpu', resourceClaimName: 'c' }]).build()).create).toEqual([]);
    expect(plan(pod(ofTemplate).deleting().build()).create).toEqual([]);
    expect(plan(pod(ofTemplate).build(), { templates: [] }).failure).toEqual({
      podClaim: 'gpu',
      why: 'resource claim template "t": resourceclaimtemplate.resource.k8s.io "t" not found',
    });
  });

  it('is not another’s: a new one is made', () => {
    expect(plan(pod(ofTemplate, told('c')).build(), { claims: [claim()] }).create).toHaveLength(1);
  });

  it('waits for those before it', () => {
    const claims = ['t', 'missing', 't'].map((resourceClaimTemplateName, i) => ({ name: `c${i}`, resourceClaimTemplateName }));
    const { create, failure } = plan(pod(claims).build());
    expect([create.map(({ podClaim }) => podClaim), failure?.podClaim]).toEqual([['c0'], 'c1']);
  });

  it('is reserved for a pod that got its node without the scheduler', () => {
    const named = pod([{ name: 'gpu', resourceClaimName: 'c' }])
      .on('n')
      .build();
    expect(plan(named, { claims: [claim({}, ALLOCATED)] }).reserve).toHaveLength(1);
    expect(plan(named, { claims: [claim({}, { ...ALLOCATED, ...BY_P })] }).reserve).toEqual([]);
    expect(plan(named, { claims: [claim()] }).reserve).toEqual([]);
  });

  it('has a name that says whose it is, however long the names are', () => {
    expect(generateName('p', 'gpu')).toBe('p-gpu-');
    const long = generateName('p'.repeat(60), 'c'.repeat(30));
    expect([long.length <= 58, long.includes('p-c')]).toEqual([true, true]);
  });
});

describe('a claim', () => {
  const running = aPod('p').on('n').running().build();
  const done = aPod('p').on('n').phase('Succeeded').build();
  const held = { finalizers: [CLAIM_PROTECTION] };
  const with_ = (of: Live<Pod> | 'gone' | 'unknown') => () => of;

  it('stays as it is while a pod uses it, or may', () => {
    const used = claim(held, { ...ALLOCATED, ...BY_P });
    for (const of of [running, 'unknown'] as const) expect(planClaim(used, with_(of))).toEqual({ unprotect: false, remove: false });
  });

  it('is freed when the last pod is done or gone', () => {
    const used = claim(held, { ...ALLOCATED, ...BY_P });
    expect(planClaim(used, with_(done))).toEqual({ status: {}, unprotect: true, remove: false });
    expect(planClaim(claim(held, ALLOCATED), with_(done))).toEqual({ unprotect: false, remove: false });
    expect(planClaim(used, with_('gone')).status).toEqual({});
    const foreign = claim({}, { ...ALLOCATED, ...BY_P });
    expect(planClaim(foreign, with_('gone')).status).toEqual(ALLOCATED);
  });

  it('keeps those who still use it, and who are no pods', () => {
    const reservedFor = [...BY_P.reservedFor, { apiGroup: 'x.io', resource: 'things', name: 't', uid: 't' }];
    expect(planClaim(claim(held, { ...ALLOCATED, reservedFor }), with_('gone')).status).toEqual({
      ...ALLOCATED,
      reservedFor: reservedFor.slice(1),
    });
  });

  it('that is to go is freed, and goes', () => {
    const going = { ...held, deletionTimestamp: ago(1) };
    expect(planClaim(claim(going, ALLOCATED), with_('gone'))).toEqual({ status: {}, unprotect: true, remove: false });
    expect(planClaim(claim(going), with_('gone'))).toEqual({ unprotect: true, remove: false });
    expect(planClaim(claim(going, { ...ALLOCATED, ...BY_P }), with_(running)).unprotect).toBe(false);
  });

  it('that was made for a pod goes when the pod is done', () => {
    expect(planClaim(claim({ ownerReferences: OWNED }), with_(done)).remove).toBe(true);
    expect(planClaim(claim({ ownerReferences: OWNED }), with_(running)).remove).toBe(false);
    expect(planClaim(claim({ ownerReferences: OWNED }), with_('gone')).remove).toBe(false);
    expect(planClaim(claim(), with_(done)).remove).toBe(false);
  });
});
