import type { DaemonSet } from '../../../api/index.ts';
import type { Strategy } from '../../registry/strategy.ts';
import { semanticEqual } from '../../validation/semantic-equal.ts';
import { validateDaemonSetSpec } from '../../validation/workload.ts';
import { validateDaemonSetStatus } from '../../validation/workload-status.ts';
import { dropDisabledTemplateFields } from '../core/pod-dropped-fields.ts';
import { setPodTemplateDefaults } from '../core/pod-template-defaults.ts';
import { ageOf, raiseGeneration, strategyOf, updateOf } from '../shared.ts';
import { annotatedNumber, annotateNumber, readTemplateGeneration, TEMPLATE_GENERATION } from './annotated-numbers.ts';
import { containerCells, labelsCell, selectorCell } from './cells.ts';
import { selectorChange, warnOfTemplate } from './templates.ts';

/** Upstream: `pkg/registry/apps/daemonset`. */
export const daemonSetStrategy: Strategy<DaemonSet> = strategyOf<DaemonSet>({
  zero: { metadata: { annotations: { [TEMPLATE_GENERATION]: '0' } } },
  formerNames: ['apps/v1beta2'],
  fieldAnnotations: [TEMPLATE_GENERATION],
  setDefaults,
  prepareForCreate: (_context, daemonSet) => {
    daemonSet.status = { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 };
    daemonSet.metadata.generation = 1;
    if (templateGenerationOf(daemonSet) < 1n) setTemplateGeneration(daemonSet, 1n);
    dropDisabledTemplateFields(daemonSet.spec.template);
  },
  validateCreate: (context, { spec }) => {
    const errors = validateDaemonSetSpec(spec);
    if (errors.length === 0) warnOfTemplate(context, spec.template);
    return errors;
  },
  prepareForUpdate: (_context, daemonSet, old) => {
    daemonSet.status = old.status;
    dropDisabledTemplateFields(daemonSet.spec.template);
    const sameTemplate = semanticEqual(daemonSet.spec.template, old.spec.template);
    setTemplateGeneration(daemonSet, templateGenerationOf(old) + (sameTemplate ? 0n : 1n));
    raiseGeneration(daemonSet, old);
  },
  validateUpdate: (context, { metadata, spec }, old) => {
    const errors = [...selectorChange(spec.selector, old.spec.selector), ...validateDaemonSetSpec(spec)];
    if (errors.length === 0 && metadata.generation !== old.metadata.generation) warnOfTemplate(context, spec.template);
    return errors;
  },
  tableRow: ({ metadata, spec, status }, now) => [
    metadata.name,
    status.desiredNumberScheduled,
    status.currentNumberScheduled,
    status.numberReady,
    status.updatedNumberScheduled ?? 0,
    status.numberAvailable ?? 0,
    labelsCell(spec.template.spec?.nodeSelector),
    ageOf(metadata.creationTimestamp, now),
    ...containerCells(spec.template.spec?.containers),
    selectorCell(spec.selector),
  ],
  subresources: {
    status: updateOf<DaemonSet>({
      prepareForUpdate: (_context, daemonSet, old) => {
        daemonSet.spec = old.spec;
        setTemplateGeneration(daemonSet, templateGenerationOf(old));
      },
      validateUpdate: (_context, daemonSet, old) => validateDaemonSetStatus(daemonSet.status, old.status),
    }),
  },
});

function setDefaults(daemonSet: DaemonSet): void {
  const { spec } = daemonSet;
  readTemplateGeneration(daemonSet);
  setTemplateGeneration(daemonSet, templateGenerationOf(daemonSet)); // upstream's conversion writes it always
  spec.updateStrategy ??= {};
  spec.updateStrategy.type ||= 'RollingUpdate';
  if (spec.updateStrategy.type === 'RollingUpdate') {
    spec.updateStrategy.rollingUpdate ??= {};
    spec.updateStrategy.rollingUpdate.maxUnavailable ??= 1;
  }
  const { rollingUpdate } = spec.updateStrategy;
  if (rollingUpdate) {
    // Upstream's internal version always has both.
    rollingUpdate.maxUnavailable ??= 0;
    rollingUpdate.maxSurge ??= 0;
  }
  spec.revisionHistoryLimit ??= 10;
  setPodTemplateDefaults(spec.template);
}

const templateGenerationOf = (daemonSet: DaemonSet): bigint => annotatedNumber(daemonSet, TEMPLATE_GENERATION) ?? 0n;

const setTemplateGeneration = (daemonSet: DaemonSet, generation: bigint): void =>
  annotateNumber(daemonSet, TEMPLATE_GENERATION, generation);
