import { isDns1123Label, nameIsDnsLabel, type PersistentVolumeClaim, type StatefulSet } from '../../../api/index.ts';
import type { RequestContext, Strategy } from '../../registry/strategy.ts';
import { listOf } from '../../validation/field-errors.ts';
import { warnOfClaim } from '../../validation/pod-warnings.ts';
import { validateStatefulSetSpec, validateStatefulSetSpecUpdate } from '../../validation/stateful-set.ts';
import { validateStatefulSetStatus } from '../../validation/workload-status.ts';
import { dropDisabledTemplateFields } from '../core/pod-dropped-fields.ts';
import { setClaimDefaults, setPodTemplateDefaults } from '../core/pod-template-defaults.ts';
import { ageOf, raiseGeneration, strategyOf, updateOf } from '../shared.ts';
import { containerCells } from './cells.ts';
import { warnOfTemplate } from './templates.ts';

/** Upstream: `pkg/registry/apps/statefulset`, `pkg/apis/apps/v1/defaults.go`. Its name becomes that of its pods, and these host names. */
export const statefulSetStrategy: Strategy<StatefulSet> = strategyOf<StatefulSet>({
  zero: { spec: { replicas: 0 } },
  formerNames: ['apps/v1beta2', 'apps/v1beta1'],
  setDefaults,
  validateName: nameIsDnsLabel,
  prepareForCreate: (_context, statefulSet) => {
    statefulSet.status = { replicas: 0, availableReplicas: 0 };
    statefulSet.metadata.generation = 1;
    dropDisabledFields(statefulSet);
  },
  validateCreate: (context, statefulSet) => {
    const errors = validateStatefulSetSpec(statefulSet.spec);
    if (errors.length > 0 || isDns1123Label(statefulSet.metadata.name ?? '').length > 0) return errors;
    warnOfTemplate(context, statefulSet.spec.template);
    warn(context, statefulSet, '');
    return errors;
  },
  prepareForUpdate: (_context, statefulSet, old) => {
    statefulSet.status = old.status;
    dropDisabledFields(statefulSet);
    raiseGeneration(statefulSet, old);
  },
  validateUpdate: (context, statefulSet, old) => {
    const errors = validateStatefulSetSpecUpdate(statefulSet.spec, old.spec);
    if (errors.length > 0) return errors;
    if (statefulSet.metadata.generation !== old.metadata.generation) warnOfTemplate(context, statefulSet.spec.template);
    // The path is upstream's slip.
    warn(context, statefulSet, '.Spec');
    return errors;
  },
  tableRow: ({ metadata, spec, status }, now) => [
    metadata.name,
    `${status.readyReplicas ?? 0}/${spec.replicas ?? 0}`,
    ageOf(metadata.creationTimestamp, now),
    ...containerCells(spec.template.spec?.containers),
  ],
  subresources: {
    status: updateOf<StatefulSet>({
      prepareForUpdate: (_context, statefulSet, old) => {
        statefulSet.spec = old.spec;
      },
      validateUpdate: (_context, statefulSet, old) => validateStatefulSetStatus(statefulSet.status, old.status),
    }),
  },
});

function setDefaults({ spec }: StatefulSet): void {
  spec.podManagementPolicy ||= 'OrderedReady';
  spec.updateStrategy ??= {};
  if (!spec.updateStrategy.type) {
    spec.updateStrategy.type = 'RollingUpdate';
    spec.updateStrategy.rollingUpdate ??= {};
  }
  if (spec.updateStrategy.type === 'RollingUpdate' && spec.updateStrategy.rollingUpdate) spec.updateStrategy.rollingUpdate.partition ??= 0;
  spec.persistentVolumeClaimRetentionPolicy ??= {};
  spec.persistentVolumeClaimRetentionPolicy.whenDeleted ||= 'Retain';
  spec.persistentVolumeClaimRetentionPolicy.whenScaled ||= 'Retain';
  spec.replicas ??= 1;
  spec.revisionHistoryLimit ??= 10;
  setPodTemplateDefaults(spec.template);
  for (const claim of listOf(spec.volumeClaimTemplates)) setClaimTemplateDefaults(claim);
}

/** Claims in it are whole objects, which say what they are. */
function setClaimTemplateDefaults(claim: PersistentVolumeClaim): void {
  claim.apiVersion = 'v1';
  claim.kind = 'PersistentVolumeClaim';
  claim.status.phase ||= 'Pending';
  setClaimDefaults(claim.spec);
}

/** MaxUnavailableStatefulSet is off in 1.34. */
function dropDisabledFields({ spec }: StatefulSet): void {
  delete spec.updateStrategy?.rollingUpdate?.maxUnavailable;
  dropDisabledTemplateFields(spec.template);
}

/** @param within what upstream puts between a claim's path and what it warns of. */
function warn(context: RequestContext, { spec }: StatefulSet, within: string): void {
  listOf(spec.volumeClaimTemplates).forEach((claim, i) => {
    warnOfClaim(claim.spec, `spec.volumeClaimTemplates[${i}]${within}`, (text) => context.warn(text));
  });
  if ((spec.revisionHistoryLimit ?? 0) < 0) {
    context.warn('spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended');
  }
}
