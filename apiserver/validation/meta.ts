import {
  fieldError,
  isQualifiedName,
  isValidLabelValue,
  type LabelSelector,
  type LabelSelectorRequirement,
  type ObjectMeta,
} from '../../api/index.ts';
import { emptyIn } from '../../api/schema.ts';
import { bytesOf, type Errors, keysOf, listOf, pushInvalid } from './field-errors.ts';

const ANNOTATIONS_BYTES_MAX = 256 * 1024;

type StringMap = Readonly<Record<string, string>> | undefined;

export function checkLabelName(errors: Errors, path: string, name: string): void {
  pushInvalid(errors, path, name, isQualifiedName(name));
}

export function checkLabels(errors: Errors, path: string, labels: StringMap): void {
  for (const key of keysOf(labels)) {
    checkLabelName(errors, path, key);
    const value = labels?.[key] ?? '';
    pushInvalid(errors, path, value, isValidLabelValue(value));
  }
}

export function checkAnnotations(errors: Errors, path: string, annotations: StringMap): void {
  let bytes = 0;
  for (const key of keysOf(annotations)) {
    pushInvalid(errors, path, key, isQualifiedName(key.toLowerCase()));
    bytes += bytesOf(key) + bytesOf(annotations?.[key] ?? '');
  }
  if (bytes > ANNOTATIONS_BYTES_MAX) errors.push(fieldError.tooLong(path, ANNOTATIONS_BYTES_MAX));
}

/** What of the metadata is a list: one that is empty is set, too. */
const LISTS = ['ownerReferences', 'finalizers', 'managedFields'] as const;

/** The metadata of what is made from a template: labels and annotations only. Upstream: `ValidateTemplateObjectMeta`. */
export function checkTemplateMeta(errors: Errors, path: string, metadata: ObjectMeta | undefined): void {
  checkAnnotations(errors, `${path}.annotations`, metadata?.annotations);
  checkLabels(errors, `${path}.labels`, metadata?.labels);
  for (const field of keysOf(metadata)) {
    if (field === 'labels' || field === 'annotations') continue;
    // Upstream makes the name from that of the struct's field.
    errors.push(fieldError.forbidden(`${path}.${field === 'uid' ? 'uID' : field}`, 'cannot be set'));
  }
  for (const field of LISTS) {
    if (metadata && emptyIn(metadata, field) !== undefined) errors.push(fieldError.forbidden(`${path}.${field}`, 'cannot be set'));
  }
}

export function checkLabelSelector(errors: Errors, path: string, selector: LabelSelector | null | undefined): void {
  if (!selector) return;
  checkLabels(errors, `${path}.matchLabels`, selector.matchLabels);
  listOf(selector.matchExpressions).forEach((requirement, i) => {
    checkRequirement(errors, `${path}.matchExpressions[${i}]`, requirement);
  });
}

function checkRequirement(errors: Errors, path: string, { key, operator, values }: LabelSelectorRequirement): void {
  checkOperator(errors, path, { operator, values: listOf(values) });
  checkLabelName(errors, `${path}.key`, key);
  listOf(values).forEach((value, i) => {
    pushInvalid(errors, `${path}.values[${i}]`, value, isValidLabelValue(value));
  });
}

function checkOperator(errors: Errors, path: string, { operator, values }: { operator: string; values: readonly string[] }): void {
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0) {
        errors.push(fieldError.required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
      }
      return;
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0) {
        errors.push(fieldError.forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
      }
      return;
    default:
      errors.push(fieldError.invalid(`${path}.operator`, operator, 'not a valid selector operator'));
  }
}

/** No selector, or one without a requirement. */
export const isEmptySelector = (selector: LabelSelector): boolean =>
  keysOf(selector.matchLabels).length + listOf(selector.matchExpressions).length === 0;
