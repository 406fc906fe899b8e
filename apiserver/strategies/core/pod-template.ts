import type { FieldError, PodTemplate } from '../../../api/index.ts';
import type { RequestContext, Strategy } from '../../registry/strategy.ts';
import type { Errors } from '../../validation/field-errors.ts';
import { checkPodTemplate } from '../../validation/pod-template.ts';
import { warnOfPod } from '../../validation/pod-warnings.ts';
import { semanticEqual } from '../../validation/semantic-equal.ts';
import { containerCells, labelsCell } from '../apps/cells.ts';
import { strategyOf } from '../shared.ts';
import { dropDisabledTemplateFields } from './pod-dropped-fields.ts';
import { setPodTemplateDefaults } from './pod-template-defaults.ts';

/** Upstream: `pkg/registry/core/podtemplate`. */
export const podTemplateStrategy: Strategy<PodTemplate> = strategyOf<PodTemplate>({
  setDefaults: ({ template }) => setPodTemplateDefaults(template),
  prepareForCreate: (_context, podTemplate) => {
    podTemplate.metadata.generation = 1;
    dropDisabledTemplateFields(podTemplate.template);
  },
  validateCreate: (context, podTemplate) => {
    const errors = validate(podTemplate);
    if (errors.length === 0) warn(context, podTemplate);
    return errors;
  },
  prepareForUpdate: (_context, podTemplate, old) => {
    dropDisabledTemplateFields(podTemplate.template);
    const generation = old.metadata.generation ?? 0;
    podTemplate.metadata.generation = semanticEqual(podTemplate.template, old.template) ? generation : generation + 1;
  },
  validateUpdate: (context, podTemplate, old) => {
    const errors = validate(podTemplate);
    if (errors.length === 0 && podTemplate.metadata.generation !== old.metadata.generation) warn(context, podTemplate);
    return errors;
  },
  deleteReturnsObject: true,
  tableRow: ({ metadata, template }) => [
    metadata.name,
    ...containerCells(template?.spec?.containers),
    labelsCell(template?.metadata?.labels),
  ],
});

function validate({ template }: PodTemplate): FieldError[] {
  const errors: Errors = [];
  checkPodTemplate(errors, 'template', template);
  return errors;
}

function warn(context: RequestContext, { template }: PodTemplate): void {
  if (!template?.spec) return;
  warnOfPod({ spec: template.spec, metadata: template.metadata, prefix: 'template.' }, (text) => context.warn(text));
}
