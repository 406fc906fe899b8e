import { fieldError, type PodSpec, type PodTemplateSpec } from '../../api/index.ts';
import { type Errors, listOf } from './field-errors.ts';
import { checkAnnotations, checkLabels } from './meta.ts';
import { checkPodAnnotations, checkProfileAnnotations } from './pod-annotations.ts';
import { checkPodSpec } from './pod-spec.ts';

const NO_SPEC: PodSpec = { containers: [] };

/** The template of a workload's pods. */
export function checkPodTemplate(errors: Errors, path: string, template: PodTemplateSpec | undefined): void {
  const spec = template?.spec ?? NO_SPEC;
  const { labels, annotations } = template?.metadata ?? {};
  checkLabels(errors, `${path}.labels`, labels);
  checkAnnotations(errors, `${path}.annotations`, annotations);
  checkPodAnnotations(errors, `${path}.annotations`, annotations, spec);
  checkPodSpec(errors, `${path}.spec`, spec, { isPod: false, podName: '' });
  checkProfileAnnotations(errors, `${path}.spec`, annotations, spec);
  if (listOf(spec.ephemeralContainers).length > 0) {
    errors.push(fieldError.forbidden(`${path}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template'));
  }
}
