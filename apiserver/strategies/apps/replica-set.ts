import type { ReplicaSet } from '../../../api/index.ts';
import type { Strategy } from '../../registry/strategy.ts';
import { validateReplicaSetSpec } from '../../validation/workload.ts';
import { validateReplicaSetStatus } from '../../validation/workload-status.ts';
import { dropDisabledTemplateFields } from '../core/pod-dropped-fields.ts';
import { setPodTemplateDefaults } from '../core/pod-template-defaults.ts';
import { ageOf, raiseGeneration, strategyOf, updateOf } from '../shared.ts';
import { containerCells, selectorCell } from './cells.ts';
import { selectorChange, warnOfTemplate, warnOfWorkload } from './templates.ts';

/** Upstream: `pkg/registry/apps/replicaset`. */
export const replicaSetStrategy: Strategy<ReplicaSet> = strategyOf<ReplicaSet>({
  zero: { spec: { replicas: 0 } },
  formerNames: ['apps/v1beta2', 'extensions/v1beta1'],
  setDefaults: ({ spec }) => {
    spec.replicas ??= 1;
    setPodTemplateDefaults(spec.template);
  },
  prepareForCreate: (_context, replicaSet) => {
    replicaSet.status = { replicas: 0 };
    replicaSet.metadata.generation = 1;
    dropDisabledTemplateFields(replicaSet.spec.template);
  },
  validateCreate: (context, { metadata, spec }) => {
    const errors = validateReplicaSetSpec(spec);
    if (errors.length === 0) warnOfWorkload(context, metadata, spec.template);
    return errors;
  },
  prepareForUpdate: (_context, replicaSet, old) => {
    replicaSet.status = old.status;
    dropDisabledTemplateFields(replicaSet.spec.template);
    raiseGeneration(replicaSet, old);
  },
  validateUpdate: (context, { metadata, spec }, old) => {
    const errors = [...validateReplicaSetSpec(spec), ...selectorChange(spec.selector, old.spec.selector)];
    if (errors.length === 0 && metadata.generation !== old.metadata.generation) warnOfTemplate(context, spec.template);
    return errors;
  },
  tableRow: ({ metadata, spec, status }, now) => [
    metadata.name,
    spec.replicas ?? 0,
    status.replicas,
    status.readyReplicas ?? 0,
    ageOf(metadata.creationTimestamp, now),
    ...containerCells(spec.template?.spec?.containers),
    selectorCell(spec.selector),
  ],
  subresources: {
    status: updateOf<ReplicaSet>({
      prepareForUpdate: (_context, replicaSet, old) => {
        replicaSet.spec = old.spec;
        // Behind a gate that is off.
        delete replicaSet.status.terminatingReplicas;
      },
      validateUpdate: (_context, { status }) => validateReplicaSetStatus(status),
    }),
  },
});
