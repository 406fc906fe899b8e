import { expect, test } from 'vitest';
import { ALL_KINDS } from '../../../api/schema.ts';
import type { AdmissionAttributes } from '../plugin.ts';
import { isExcluded } from './exclusion.ts';

test.each([
  ['configmaps', false],
  ['validatingwebhookconfigurations', false],
  ['mutatingwebhookconfigurations', false],
  ['validatingadmissionpolicies', true],
  ['validatingadmissionpolicybindings', true],
  ['mutatingadmissionpolicies', true],
  ['mutatingadmissionpolicybindings', true],
])('policies are asked about %s, or not', (resource, excluded) => {
  const kind = ALL_KINDS.find(({ info }) => info.resource === resource)?.info;
  expect(isExcluded({ kind } as AdmissionAttributes)).toBe(excluded);
});
