import type { FieldError, ResourceSlice } from '../../../api/index.ts';
import { withEmpties } from '../../../api/schema.ts';
import type { RequestContext } from '../../registry/strategy.ts';
import { listOf } from '../../validation/field-errors.ts';
import { checkSlice } from '../../validation/resource-slice.ts';
import { semanticEqual } from '../../validation/semantic-equal.ts';
import { ageOf, strategyOf } from '../shared.ts';
import { resourceSliceViews } from './beta-views.ts';

/** Upstream: `pkg/registry/resource/resourceslice`, `ValidateResourceSlice`, `ValidateResourceSliceUpdate`. */
export const resourceSliceStrategy = strategyOf<ResourceSlice>({
  views: resourceSliceViews,
  deleteReturnsObject: true,
  prepareForCreate: (_context, slice) => {
    slice.metadata.generation = 1;
    dropDisabledFields(slice);
  },
  prepareForUpdate: (_context, slice, old) => {
    const generation = old.metadata.generation ?? 0;
    if (!semanticEqual(slice.spec, old.spec)) slice.metadata.generation = generation + 1;
    dropDisabledFields(slice);
  },
  validateCreate: (context, slice) => sliceErrors(context, slice),
  validateUpdate: (context, slice, old) => sliceErrors(context, slice, old),
  fieldSelectors: {
    'spec.nodeName': ({ spec }) => spec.nodeName ?? '',
    'spec.driver': ({ spec }) => spec.driver,
  },
  unknownField: (field, { group, version, kind }) => `field label not supported for ${group}/${version}, Kind=${kind}: ${field}`,
  tableRow: ({ metadata, spec }, now) => [
    metadata.name,
    spec.nodeName ?? '',
    spec.driver,
    spec.pool.name,
    ageOf(metadata.creationTimestamp, now),
  ],
});

/** What is behind gates that are off: counters, nodes of single devices, taints, conditions of binding, shared capacity. */
function dropDisabledFields({ spec }: ResourceSlice): void {
  delete spec.sharedCounters;
  delete spec.perDeviceNodeSelection;
  for (const device of listOf(spec.devices)) {
    delete device.consumesCounters;
    delete device.nodeName;
    delete device.nodeSelector;
    delete device.allNodes;
    delete device.taints;
    delete device.bindsToNode;
    delete device.bindingConditions;
    delete device.bindingFailureConditions;
    delete device.allowMultipleAllocations;
    for (const capacity of Object.values(device.capacity ?? {})) delete capacity.requestPolicy;
  }
}

function sliceErrors(context: RequestContext, slice: ResourceSlice, old?: ResourceSlice): FieldError[] {
  const errors: FieldError[] = [];
  const { spec } = withEmpties(slice); // a list without items is shown as it was given
  checkSlice(errors, spec, old?.spec);
  if (errors.length === 0 && spec.driver !== spec.driver.toLowerCase()) {
    context.warn(`spec.driver: driver names should be lowercase; ${JSON.stringify(spec.driver)} contains uppercase characters`);
  }
  return errors;
}
