import type { ComponentStatus } from '../../../api/index.ts';
import { listOf } from '../../validation/field-errors.ts';
import { strategyOf } from '../shared.ts';

/** Upstream: `pkg/registry/core/componentstatus`; objects are made by `apiserver/rest/component-status.ts`. */
export const componentStatusStrategy = strategyOf<ComponentStatus>({
  deprecation: 'v1 ComponentStatus is deprecated in v1.19+',
  tableRow: ({ metadata, conditions }) => {
    const healthy = listOf(conditions).find(({ type }) => type === 'Healthy');
    if (!healthy) return [metadata.name, 'Unknown', '', ''];
    return [metadata.name, healthy.status === 'True' ? 'Healthy' : 'Unhealthy', healthy.message ?? '', healthy.error ?? ''];
  },
});
