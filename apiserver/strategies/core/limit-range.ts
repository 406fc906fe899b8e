import type { LimitRange, LimitRangeItem } from '../../../api/index.ts';
import type { Strategy } from '../../registry/strategy.ts';
import { keysOf, listOf } from '../../validation/field-errors.ts';
import { validateLimitRange } from '../../validation/limit-range.ts';
import { sortedMap, strategyOf } from '../shared.ts';
import { roundAmounts } from './pod-template-defaults.ts';

/** Upstream: `pkg/registry/core/limitrange`, `SetDefaults_LimitRangeItem`. */
export const limitRangeStrategy: Strategy<LimitRange> = strategyOf<LimitRange>({
  metadataLooks: ['whole'],
  allowCreateOnUpdate: true,
  setDefaults: ({ spec }) => {
    for (const item of listOf(spec.limits)) setItemDefaults(item);
  },
  prepareForCreate: (_context, { metadata }) => {
    // Upstream draws a name for one that has none.
    metadata.name ||= metadata.uid;
  },
  validateCreate: (_context, limitRange) => validateLimitRange(limitRange),
  validateUpdate: (_context, limitRange) => validateLimitRange(limitRange),
});

/** Containers' limits begin as the highest there may be, and their requests as their limits. */
function setItemDefaults(item: LimitRangeItem): void {
  for (const amounts of [item.max, item.min, item.default, item.defaultRequest, item.maxLimitRequestRatio])
    if (amounts) roundAmounts(amounts);
  if (item.type !== 'Container') return;
  const limits = { ...item.max, ...item.default };
  const requests = { ...item.min, ...limits, ...item.defaultRequest };
  if (keysOf(limits).length > 0) item.default = sortedMap(limits);
  if (keysOf(requests).length > 0) item.defaultRequest = sortedMap(requests);
}
