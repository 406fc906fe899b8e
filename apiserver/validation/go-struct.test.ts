import { expect, it } from 'vitest';
import { batchKinds, coreKinds, type Job, type Pod } from '../../api/index.ts';
import { ALL_KINDS, decode, type Message } from '../../api/schema.ts';
import { goPart, goPodSpec } from './go-struct.ts';

function decoded<T>(kind: object, body: object): T {
  const { message } = ALL_KINDS.find(({ info }) => info === kind) ?? {};
  return decode(message as Message<T>, body).object;
}

it('a list that was given as empty is one in a struct that is shown whole, and null when it was not given', () => {
  const policyOf = (rule: object) => {
    const { spec } = decoded<Job>(batchKinds.jobs, {
      spec: { template: {}, podFailurePolicy: { rules: [{ action: 'Ignore', ...rule }] } },
    });
    return goPart(batchKinds.jobs, ['spec', 'podFailurePolicy'], spec.podFailurePolicy ?? {});
  };
  expect(policyOf({ onPodConditions: [] })).toEqual({ Rules: [{ Action: 'Ignore', OnExitCodes: null, OnPodConditions: [] }] });
  expect(policyOf({})).toEqual({ Rules: [{ Action: 'Ignore', OnExitCodes: null, OnPodConditions: null }] });
});

it('also in what the struct has elsewhere than the object', () => {
  const { spec } = decoded<Pod>(coreKinds.pods, { spec: { containers: [], tolerations: [], securityContext: { sysctls: [] } } });
  expect(goPodSpec(spec)).toMatchObject({
    Containers: [],
    Tolerations: [],
    Volumes: null,
    SecurityContext: { Sysctls: [], SupplementalGroups: null },
  });
});
