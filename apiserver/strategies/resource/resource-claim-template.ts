import {
  type FieldError,
  fieldError,
  type ResourceClaimTemplate,
  type ResourceClaimTemplateSpec,
  resourceKinds,
} from '../../../api/index.ts';
import { NEXT_LOOK } from '../../registry/metadata-validation.ts';
import { IMMUTABLE_MESSAGE } from '../../validation/field-errors.ts';
import { goPart } from '../../validation/go-struct.ts';
import { checkTemplateMeta } from '../../validation/meta.ts';
import { checkDeviceClaim } from '../../validation/resource-claim.ts';
import { semanticEqual } from '../../validation/semantic-equal.ts';
import { ageOf, strategyOf } from '../shared.ts';
import { resourceClaimTemplateViews } from './beta-views.ts';
import { claimAdminErrors, dropDisabledClaimFields, setClaimDefaults } from './device-fields.ts';

/** Upstream: `pkg/registry/resource/resourceclaimtemplate`, `ValidateResourceClaimTemplate`, `ValidateResourceClaimTemplateUpdate`. */
export const resourceClaimTemplateStrategy = strategyOf<ResourceClaimTemplate>({
  views: resourceClaimTemplateViews,
  metadataLooks: ['whole', 'changes'],
  deleteReturnsObject: true,
  setDefaults: ({ spec }) => setClaimDefaults(spec.spec?.devices),
  prepareForCreate: (_context, { spec }) => dropDisabledClaimFields(spec.spec?.devices),
  prepareForUpdate: (_context, { spec }) => dropDisabledClaimFields(spec.spec?.devices),
  validateCreate: (context, { spec }) => [...claimAdminErrors(context, spec.spec?.devices), ...specErrors(spec, false)],
  // As upstream: once as what is new, and once as a change.
  validateUpdate: (_context, template, old) => {
    const { spec } = template;
    const errors = [...specErrors(spec, false), NEXT_LOOK];
    if (!semanticEqual(spec, old.spec)) errors.push(fieldError.invalid('spec', printed(spec), IMMUTABLE_MESSAGE));
    return [...errors, ...specErrors(spec, true)];
  },
  tableRow: ({ metadata }, now) => [metadata.name, ageOf(metadata.creationTimestamp, now)],
});

/** Upstream's struct has the metadata in itself. */
const printed = ({ metadata, spec }: ResourceClaimTemplateSpec): unknown => ({
  ...metadata,
  Spec: goPart(resourceKinds.resourceclaimtemplates, ['spec', 'spec'], spec ?? {}),
});

function specErrors({ metadata, spec }: ResourceClaimTemplateSpec, stored: boolean): FieldError[] {
  const errors: FieldError[] = [];
  checkTemplateMeta(errors, 'spec.metadata', metadata);
  checkDeviceClaim(errors, 'spec.spec.devices', spec?.devices, stored);
  return errors;
}
