import {
  type FieldError,
  fieldError,
  isDns1123Label,
  isDns1123Subdomain,
  type LabelSelector,
  type ObjectMeta,
  type PodTemplateSpec,
} from '../../../api/index.ts';
import type { RequestContext } from '../../registry/strategy.ts';
import { IMMUTABLE_MESSAGE } from '../../validation/field-errors.ts';
import { warnOfPod } from '../../validation/pod-warnings.ts';
import { semanticEqual } from '../../validation/semantic-equal.ts';

/** What is doubtful in a workload's template. */
export function warnOfTemplate(context: RequestContext, template: PodTemplateSpec | undefined): void {
  if (!template?.spec) return;
  warnOfPod({ spec: template.spec, metadata: template.metadata, prefix: 'spec.template.' }, (text) => context.warn(text));
}

/** What is doubtful in a new Deployment or ReplicaSet, of which the name becomes that of its pods, and these host names. */
export function warnOfWorkload(context: RequestContext, metadata: ObjectMeta, template: PodTemplateSpec | undefined): void {
  if (warnOfWorkloadName(context, metadata)) warnOfTemplate(context, template);
}

/** The name alone. @returns whether it is one that can be: nobody is warned of what is refused. */
export function warnOfWorkloadName(context: RequestContext, { name = '' }: ObjectMeta): boolean {
  if (isDns1123Subdomain(name).length > 0) return false;
  const messages = isDns1123Label(name);
  if (messages.length > 0) {
    const advice = 'this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended';
    context.warn(`metadata.name: ${advice}: [${messages.join(' ')}]`);
  }
  return true;
}

/** Which pods are a workload's never changes. */
export const selectorChange = (selector: LabelSelector, old: LabelSelector): FieldError[] =>
  semanticEqual(selector, old) ? [] : [fieldError.invalid('spec.selector', selector, IMMUTABLE_MESSAGE)];
