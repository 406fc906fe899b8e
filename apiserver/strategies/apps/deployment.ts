import { type Deployment, fromLabelSelector } from '../../../api/index.ts';
import type { Strategy } from '../../registry/strategy.ts';
import { semanticEqual } from '../../validation/semantic-equal.ts';
import { validateDeploymentSpec } from '../../validation/workload.ts';
import { validateDeploymentStatus } from '../../validation/workload-status.ts';
import { dropDisabledTemplateFields } from '../core/pod-dropped-fields.ts';
import { setPodTemplateDefaults } from '../core/pod-template-defaults.ts';
import { ageOf, strategyOf, updateOf } from '../shared.ts';
import { annotatedNumber, keepAnnotation, ROLLBACK_TO, readRollback } from './annotated-numbers.ts';
import { containerCells } from './cells.ts';
import { selectorChange, warnOfTemplate, warnOfWorkload } from './templates.ts';

/** Upstream: `pkg/registry/apps/deployment`. */
export const deploymentStrategy: Strategy<Deployment> = strategyOf<Deployment>({
  zero: { spec: { replicas: 0 } },
  formerNames: ['apps/v1beta2', 'apps/v1beta1', 'extensions/v1beta1'],
  fieldAnnotations: [ROLLBACK_TO],
  setDefaults,
  prepareForCreate: (_context, deployment) => {
    deployment.status = {};
    deployment.metadata.generation = 1;
    dropDisabledTemplateFields(deployment.spec.template);
  },
  validateCreate: (context, deployment) => {
    const { metadata, spec } = deployment;
    const errors = validateDeploymentSpec(spec, annotatedNumber(deployment, ROLLBACK_TO));
    if (errors.length === 0) warnOfWorkload(context, metadata, spec.template);
    return errors;
  },
  prepareForUpdate: (_context, deployment, old) => {
    deployment.status = old.status;
    dropDisabledTemplateFields(deployment.spec.template);
    // Annotations count too: they are handed on to ReplicaSets.
    const same = semanticEqual(deployment.spec, old.spec) && semanticEqual(deployment.metadata.annotations, old.metadata.annotations);
    const generation = old.metadata.generation ?? 0;
    deployment.metadata.generation = same ? generation : generation + 1;
  },
  validateUpdate: (context, deployment, old) => {
    const { metadata, spec } = deployment;
    const rollbackTo = annotatedNumber(deployment, ROLLBACK_TO);
    const errors = [...validateDeploymentSpec(spec, rollbackTo), ...selectorChange(spec.selector, old.spec.selector)];
    if (errors.length === 0 && metadata.generation !== old.metadata.generation) warnOfTemplate(context, spec.template);
    return errors;
  },
  tableRow: ({ metadata, spec, status }, now) => [
    metadata.name,
    `${status.readyReplicas ?? 0}/${spec.replicas ?? 0}`,
    status.updatedReplicas ?? 0,
    status.availableReplicas ?? 0,
    ageOf(metadata.creationTimestamp, now),
    ...containerCells(spec.template.spec?.containers),
    fromLabelSelector(spec.selector).toString(),
  ],
  subresources: {
    status: updateOf<Deployment>({
      resetFields: ['spec', 'metadata.labels'],
      prepareForUpdate: (_context, deployment, old) => {
        deployment.spec = old.spec;
        keepAnnotation(deployment, old, ROLLBACK_TO);
        if (old.metadata.labels) deployment.metadata.labels = old.metadata.labels;
        else delete deployment.metadata.labels;
        // Behind a gate that is off.
        delete deployment.status.terminatingReplicas;
      },
      validateUpdate: (_context, deployment, old) => validateDeploymentStatus(deployment.status, old.status),
    }),
  },
});

function setDefaults(deployment: Deployment): void {
  const { spec } = deployment;
  readRollback(deployment);
  spec.replicas ??= 1;
  spec.strategy ??= {};
  spec.strategy.type ||= 'RollingUpdate';
  if (spec.strategy.type === 'RollingUpdate') {
    spec.strategy.rollingUpdate ??= {};
    spec.strategy.rollingUpdate.maxUnavailable ??= '25%';
    spec.strategy.rollingUpdate.maxSurge ??= '25%';
  }
  spec.revisionHistoryLimit ??= 10;
  spec.progressDeadlineSeconds ??= 600;
  setPodTemplateDefaults(spec.template);
}
