import type { ResourceQuota } from '../../../api/index.ts';
import type { Strategy } from '../../registry/strategy.ts';
import { keysOf } from '../../validation/field-errors.ts';
import { validateResourceQuota, validateResourceQuotaStatus, validateResourceQuotaUpdate } from '../../validation/resource-quota.ts';
import { ageOf, strategyOf, updateOf } from '../shared.ts';
import { roundAmounts } from './pod-template-defaults.ts';

const LIMITS = 'limits.';

/** Upstream: `pkg/registry/core/resourcequota`. */
export const resourceQuotaStrategy: Strategy<ResourceQuota> = strategyOf<ResourceQuota>({
  setDefaults: ({ spec, status }) => {
    for (const amounts of [spec.hard, status.hard, status.used]) if (amounts) roundAmounts(amounts);
  },
  prepareForCreate: (_context, quota) => {
    quota.status = {};
  },
  validateCreate: (_context, quota) => validateResourceQuota(quota),
  prepareForUpdate: (_context, quota, old) => {
    quota.status = old.status;
  },
  validateUpdate: (_context, quota, old) => validateResourceQuotaUpdate(quota, old),
  deleteReturnsObject: true,
  tableRow: ({ metadata, status }, now) => {
    const cellOf = (isLimit: boolean) =>
      keysOf(status.hard)
        .filter((name) => name.startsWith(LIMITS) === isLimit)
        .sort()
        .map((name) => `${name}: ${status.used?.[name] ?? '0'}/${status.hard?.[name] ?? '0'}`)
        .join(', ');
    return [metadata.name, cellOf(false), cellOf(true), ageOf(metadata.creationTimestamp, now)];
  },
  subresources: {
    status: updateOf<ResourceQuota>({
      prepareForUpdate: (_context, quota, old) => {
        quota.spec = old.spec;
      },
      validateUpdate: (_context, { status }) => validateResourceQuotaStatus(status),
    }),
  },
});
