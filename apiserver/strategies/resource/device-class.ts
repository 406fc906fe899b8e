import type { DeviceClass, FieldError } from '../../../api/index.ts';
import { NEXT_LOOK } from '../../registry/metadata-validation.ts';
import { CONFIG_MAX, checkConfiguration, checkSelectors } from '../../validation/device.ts';
import { checkList } from '../../validation/device-lists.ts';
import { semanticEqual } from '../../validation/semantic-equal.ts';
import { ageOf, strategyOf } from '../shared.ts';
import { deviceClassViews } from './beta-views.ts';

/** Upstream: `pkg/registry/resource/deviceclass`, `ValidateDeviceClass`, `ValidateDeviceClassUpdate`. */
export const deviceClassStrategy = strategyOf<DeviceClass>({
  views: deviceClassViews,
  metadataLooks: ['whole', 'changes'],
  deleteReturnsObject: true,
  prepareForCreate: (_context, deviceClass) => {
    deviceClass.metadata.generation = 1;
    dropDisabledFields(deviceClass);
  },
  prepareForUpdate: (_context, deviceClass, old) => {
    dropDisabledFields(deviceClass);
    const generation = old.metadata.generation ?? 0;
    if (!semanticEqual(deviceClass.spec, old.spec)) deviceClass.metadata.generation = generation + 1;
  },
  validateCreate: (_context, deviceClass) => specErrors(deviceClass),
  // As upstream: once as what is new, and once as a change.
  validateUpdate: (_context, deviceClass, old) => [...specErrors(deviceClass), NEXT_LOOK, ...specErrors(deviceClass, old)],
  tableRow: ({ metadata }, now) => [metadata.name, ageOf(metadata.creationTimestamp, now)],
});

/** Behind a gate that is off. */
function dropDisabledFields({ spec }: DeviceClass): void {
  delete spec.extendedResourceName;
}

function specErrors({ spec }: DeviceClass, old?: DeviceClass): FieldError[] {
  const errors: FieldError[] = [];
  const stored = old !== undefined && semanticEqual(spec.config, old.spec.config);
  checkSelectors(errors, 'spec.selectors', spec.selectors);
  checkList(errors, 'spec.config', spec.config, {
    max: CONFIG_MAX,
    item: (_errors, path, config) => checkConfiguration(errors, path, config, stored),
  });
  return errors;
}
