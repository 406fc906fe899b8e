import { describe, expect, it } from 'vitest';
import {
  type APIService,
  apiregistrationKinds,
  appsKinds,
  autoscalingKinds,
  type CustomResourceDefinition,
  coreKinds,
} from '../../api/index.ts';
import { builtInServices, customServices, planRegistration, type Step } from './registration-plan.ts';

const LABEL = 'kube-aggregator.kubernetes.io/automanaged';
const service = (mode?: string, versionPriority = 1): APIService => ({
  metadata: { name: 'v1.a', ...(mode === undefined ? {} : { labels: { [LABEL]: mode } }) },
  spec: { group: 'a', version: 'v1', groupPriorityMinimum: 1, versionPriority },
  status: {},
});

it('every version that is served has an APIService, but that of APIServices themselves', () => {
  const kinds = [
    coreKinds.pods,
    apiregistrationKinds.apiservices,
    appsKinds.deployments,
    appsKinds.daemonsets,
    autoscalingKinds.horizontalpodautoscalers,
    { ...appsKinds.deployments, group: 'nobody.example.com' },
  ];
  const all = builtInServices(kinds);
  expect(all.map(({ metadata, spec }) => [metadata.name, spec.groupPriorityMinimum, spec.versionPriority])).toEqual([
    ['v1.', 18_000, 1],
    ['v1.apps', 17_800, 15],
    ['v2.autoscaling', 17_500, 30],
  ]);
  expect(all[0]).toEqual({
    metadata: { name: 'v1.', labels: { [LABEL]: 'onstart' } },
    spec: { version: 'v1', groupPriorityMinimum: 18_000, versionPriority: 1 },
    status: {},
  });
});

it('a definition has one for each version that it has served', () => {
  const versions = [
    { name: 'v1', served: true, storage: true },
    { name: 'v2', served: false, storage: false },
  ];
  const crd = { spec: { group: 'example.com', versions } } as CustomResourceDefinition;
  expect(customServices(crd)).toEqual([
    {
      metadata: { name: 'v1.example.com', labels: { [LABEL]: 'true' } },
      spec: { group: 'example.com', version: 'v1', groupPriorityMinimum: 1000, versionPriority: 100 },
      status: {},
    },
  ]);
});

// Upstream's table: kube-aggregator, `checkAPIService`.
describe.each<[string, APIService | undefined, readonly Step[]]>([
  // wanted: no, on start, on start and done, always
  ['is missing', undefined, ['nothing', 'create', 'nothing', 'create']],
  ['is not managed', service(), ['nothing', 'nothing', 'nothing', 'nothing']],
  ['was there at the start', service('onstart'), ['delete', 'update', 'nothing', 'update']],
  ['is kept always', service('true'), ['delete', 'update', 'nothing', 'update']],
])('an APIService that %s', (_, current, steps) => {
  it.each([
    ['not wanted', undefined, false],
    ['wanted on start', service('onstart', 2), false],
    ['wanted on start, and was seen to', service('onstart', 2), true],
    ['wanted always', service('true', 2), false],
  ] as const)('and is %s', (what, desired, isSynced) => {
    const index = ['not wanted', 'wanted on start', 'wanted on start, and was seen to', 'wanted always'].indexOf(what);
    expect(planRegistration({ desired, current, isSynced, wasThere: true })).toBe(steps[index]);
  });
});

it('what others made on start since we did is theirs, and what is right stays', () => {
  const known = { isSynced: false, wasThere: false };
  expect(planRegistration({ ...known, desired: undefined, current: service('onstart') })).toBe('nothing');
  expect(planRegistration({ ...known, desired: service('true'), current: service('true') })).toBe('nothing');
  expect(planRegistration({ ...known, isSynced: true, wasThere: true, desired: undefined, current: service('onstart') })).toBe('nothing');
});
