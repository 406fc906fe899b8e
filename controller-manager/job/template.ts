import type { Container, Job, Live, Pod, PodTemplateSpec } from '../../api/index.ts';
import {
  COMPLETION_INDEX,
  INDEX_FAILURES,
  INDEX_IGNORED_FAILURES,
  ignoredFailureCount,
  indexFailureCount,
  TRACKING_FINALIZER,
} from './marks.ts';
import { judgeFailure } from './pod-failure-policy.ts';

const INDEX_VARIABLE = 'JOB_COMPLETION_INDEX';
const GENERATED_NAME_BASE_MAX = 58;

/** A pod to create: what its name begins with, and all else. */
export interface NewPod {
  readonly generateName: string;
  readonly template: PodTemplateSpec;
}

/**
 * The pod of a job, or of one of its indexes.
 *
 * @param replaced the failed pod of the same index that it takes the place of.
 */
export function podOf(job: Live<Job>, index: number | undefined, replaced: Live<Pod> | undefined): NewPod {
  const { name } = job.metadata;
  const { metadata = {}, spec = { containers: [] } } = job.spec.template;
  const finalizers = [...new Set([...(metadata.finalizers ?? []), TRACKING_FINALIZER])];
  if (index === undefined) return { generateName: `${name}-`, template: { metadata: { ...metadata, finalizers }, spec } };
  const { containers, initContainers } = spec;
  const labels = { ...metadata.labels, [COMPLETION_INDEX]: String(index) };
  const annotations = { ...metadata.annotations, [COMPLETION_INDEX]: String(index), ...failureCounts(job, replaced) };
  return {
    generateName: namePrefix(name, index),
    template: {
      metadata: { ...metadata, finalizers, labels, annotations },
      spec: {
        ...spec,
        containers: containers.map(withIndexVariable),
        ...(initContainers ? { initContainers: initContainers.map(withIndexVariable) } : {}),
        hostname: `${name}-${index}`,
      },
    },
  };
}

/** The index stays in the name, however long that of the job is. */
function namePrefix(name: string, index: number): string {
  const suffix = `-${index}-`;
  return `${name.slice(0, GENERATED_NAME_BASE_MAX - suffix.length)}${suffix}`;
}

function withIndexVariable(container: Container): Container {
  const { env = [] } = container;
  if (env.some(({ name }) => name === INDEX_VARIABLE)) return container;
  const fieldRef = { fieldPath: `metadata.labels['${COMPLETION_INDEX}']` };
  return { ...container, env: [...env, { name: INDEX_VARIABLE, valueFrom: { fieldRef } }] };
}

function failureCounts({ spec }: Live<Job>, replaced: Live<Pod> | undefined): Record<string, string> {
  if (spec.backoffLimitPerIndex === undefined) return {};
  if (!replaced) return { [INDEX_FAILURES]: '0' };
  const { counts } = judgeFailure(spec.podFailurePolicy, replaced);
  const failures = indexFailureCount(replaced) + (counts ? 1 : 0);
  const ignored = ignoredFailureCount(replaced) + (counts ? 0 : 1);
  return { [INDEX_FAILURES]: String(failures), ...(ignored > 0 ? { [INDEX_IGNORED_FAILURES]: String(ignored) } : {}) };
}
