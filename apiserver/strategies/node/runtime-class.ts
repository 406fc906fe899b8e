import { type FieldError, fieldError, isDns1123Label, type RuntimeClass, type Toleration } from '../../../api/index.ts';
import { NEXT_LOOK } from '../../registry/metadata-validation.ts';
import type { RequestContext, Strategy } from '../../registry/strategy.ts';
import { type Errors, IMMUTABLE_MESSAGE, keysOf, listOf, pushInvalid } from '../../validation/field-errors.ts';
import { checkLabels } from '../../validation/meta.ts';
import { DEPRECATED_NODE_LABELS } from '../../validation/pod-warnings.ts';
import { checkContainerResources } from '../../validation/resources.ts';
import { checkTolerations } from '../../validation/tolerations.ts';
import { roundAmounts } from '../core/pod-template-defaults.ts';
import { ageOf, strategyOf } from '../shared.ts';

const NO_CLAIMS: ReadonlySet<string> = new Set();

/** Upstream: `pkg/registry/node/runtimeclass`, `pkg/apis/node/validation`. */
export const runtimeClassStrategy: Strategy<RuntimeClass> = strategyOf<RuntimeClass>({
  formerNames: ['node.k8s.io/v1beta1'],
  allowsPlainFinalizers: true,
  metadataLooks: ['whole', 'changes'],
  allowUnconditionalUpdate: false,
  setDefaults: ({ overhead }) => {
    if (overhead?.podFixed) roundAmounts(overhead.podFixed);
  },
  validateCreate: (context, runtimeClass) => {
    warn(context, runtimeClass);
    return validate(runtimeClass);
  },
  validateUpdate: (context, runtimeClass, old) => {
    warn(context, runtimeClass);
    const errors: Errors = [...validate(runtimeClass), NEXT_LOOK];
    if (runtimeClass.handler !== old.handler) errors.push(fieldError.invalid('handler', runtimeClass.handler, IMMUTABLE_MESSAGE));
    return errors;
  },
  tableRow: ({ metadata, handler }, now) => [metadata.name, handler, ageOf(metadata.creationTimestamp, now)],
});

/** Upstream: `GetWarningsForRuntimeClass`. */
function warn(context: RequestContext, { scheduling }: RuntimeClass): void {
  for (const key of keysOf(scheduling?.nodeSelector)) {
    const text = DEPRECATED_NODE_LABELS.get(key);
    if (text !== undefined) context.warn(`scheduling.nodeSelector: ${text}`);
  }
}

function validate({ handler, overhead, scheduling }: RuntimeClass): FieldError[] {
  const errors: Errors = [];
  pushInvalid(errors, 'handler', handler, isDns1123Label(handler));
  if (overhead) checkContainerResources(errors, 'overhead', { limits: overhead.podFixed ?? {} }, NO_CLAIMS);
  if (!scheduling) return errors;
  checkLabels(errors, 'scheduling.nodeSelector', scheduling.nodeSelector);
  const tolerations = listOf(scheduling.tolerations);
  checkTolerations(errors, 'scheduling.tolerations.tolerations', tolerations); // upstream names the list twice here
  checkUnique(errors, 'scheduling.tolerations', tolerations);
  return errors;
}

/** How long one lasts does not tell tolerations apart. */
function checkUnique(errors: Errors, path: string, tolerations: readonly Toleration[]): void {
  const seen = new Set<string>();
  tolerations.forEach((toleration, i) => {
    const { key = '', operator = '', value = '', effect = '' } = toleration;
    const text = JSON.stringify([key, operator, value, effect]);
    if (seen.has(text)) errors.push(fieldError.duplicate(`${path}[${i}]`, goToleration(toleration)));
    seen.add(text);
  });
}

/** A toleration as JSON of upstream's internal struct, which messages show. */
const goToleration = ({ key = '', operator = '', value = '', effect = '', tolerationSeconds }: Toleration): unknown => ({
  Key: key,
  Operator: operator,
  Value: value,
  Effect: effect,
  TolerationSeconds: tolerationSeconds ?? null,
});
