import { type FieldError, fieldError, fromLabels, type ReplicationController, type ReplicationControllerSpec } from '../../../api/index.ts';
import { NEXT_LOOK } from '../../registry/metadata-validation.ts';
import type { Strategy } from '../../registry/strategy.ts';
import { checkNonnegative, type Errors, keysOf } from '../../validation/field-errors.ts';
import { checkPodTemplate } from '../../validation/pod-template.ts';
import { checkLongRunning, checkTemplateMatches } from '../../validation/workload.ts';
import { validateReplicaSetStatus } from '../../validation/workload-status.ts';
import { containerCells, labelsCell } from '../apps/cells.ts';
import { warnOfTemplate, warnOfWorkload } from '../apps/templates.ts';
import { ageOf, raiseGeneration, strategyOf, updateOf } from '../shared.ts';
import { dropDisabledTemplateFields } from './pod-dropped-fields.ts';
import { setPodTemplateDefaults } from './pod-template-defaults.ts';

/** Upstream: `pkg/registry/core/replicationcontroller`. What a ReplicaSet was before: its selector is a plain map, and may change. */
export const replicationControllerStrategy: Strategy<ReplicationController> = strategyOf<ReplicationController>({
  metadataLooks: ['whole', 'changes'],
  setDefaults: ({ metadata, spec }) => {
    const labels = spec.template?.metadata?.labels;
    if (labels) {
      if (keysOf(spec.selector).length === 0) spec.selector = { ...labels };
      if (keysOf(metadata.labels).length === 0) metadata.labels = { ...labels };
    }
    spec.replicas ??= 1;
    setPodTemplateDefaults(spec.template);
  },
  prepareForCreate: (_context, controller) => {
    controller.status = { replicas: 0 };
    controller.metadata.generation = 1;
    dropDisabledTemplateFields(controller.spec.template);
  },
  validateCreate: (context, { metadata, spec }) => {
    const errors = validate(spec);
    if (errors.length === 0) warnOfWorkload(context, metadata, spec.template);
    return errors;
  },
  prepareForUpdate: (_context, controller, old) => {
    controller.status = old.status;
    dropDisabledTemplateFields(controller.spec.template);
    raiseGeneration(controller, old);
  },
  validateUpdate: (context, { metadata, spec }, old) => {
    const wrong = validate(spec);
    // Upstream checks the spec twice, and says so; what it warns of is what was there.
    const errors = [...wrong, NEXT_LOOK, ...wrong];
    if (wrong.length === 0 && metadata.generation !== old.metadata.generation) warnOfTemplate(context, old.spec.template);
    return errors;
  },
  fieldSelectors: { 'status.replicas': ({ status }) => String(status.replicas) },
  defaultPropagation: 'orphan',
  tableRow: ({ metadata, spec, status }, now) => [
    metadata.name,
    spec.replicas ?? 0,
    status.replicas,
    status.readyReplicas ?? 0,
    ageOf(metadata.creationTimestamp, now),
    ...containerCells(spec.template?.spec?.containers),
    labelsCell(spec.selector),
  ],
  subresources: {
    status: updateOf<ReplicationController>({
      prepareForUpdate: (_context, controller, old) => {
        controller.spec = old.spec;
      },
      validateUpdate: (_context, { status }) => validateReplicaSetStatus(status),
    }),
  },
});

/** Upstream: `ValidateReplicationControllerSpec`. */
function validate({ minReadySeconds, selector, replicas, template }: ReplicationControllerSpec): FieldError[] {
  const errors: Errors = [];
  checkNonnegative(errors, 'spec.minReadySeconds', minReadySeconds);
  if (keysOf(selector).length === 0) errors.push(fieldError.required('spec.selector'));
  checkNonnegative(errors, 'spec.replicas', replicas);
  if (!template) {
    errors.push(fieldError.required('spec.template'));
    return errors;
  }
  checkTemplateMatches(errors, fromLabels(selector ?? {}), template);
  checkPodTemplate(errors, 'spec.template', template);
  checkLongRunning(errors, template, 'ReplicationController');
  return errors;
}
