import {
  type FieldError,
  fieldError,
  isQualifiedName,
  isValidLabelValue,
  parseFieldSelector,
  parseLabelSelector,
  type ResourceAttributes,
  SelectorError,
} from '../../api/index.ts';

/*
 * Selectors in access reviews: what is asked about is a request that is confined by them. Requirements are ANDed, so one that is not understood is
 * left out: then more is asked for than was meant. Upstream: pkg/registry/authorization/util/helpers.go, pkg/apis/authorization/validation.
 */

type Attributes = Pick<ResourceAttributes, 'fieldSelector' | 'labelSelector'>;
type Selector = NonNullable<Attributes['fieldSelector']>;
type Requirement = NonNullable<Selector['requirements']>[number];

/** A review's selectors as a request would have them, and what is to be told of those that were not understood. */
export interface AskedSelectors {
  readonly fieldSelector?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly errors: readonly string[];
}

export function askedSelectors({ fieldSelector, labelSelector }: Attributes): AskedSelectors {
  const field = fieldSelector && read(fieldSelector, parseFieldSelector, fieldText);
  const label = labelSelector && read(labelSelector, parseLabelSelector, labelText);
  return {
    ...(field?.text ? { fieldSelector: field.text } : {}),
    ...(label?.text ? { labelSelector: label.text } : {}),
    errors: [...ignored('fieldSelector', field), ...ignored('labelSelector', label)],
  };
}

interface Read {
  readonly text: string;
  readonly failed: boolean;
}

/** @param textOf a requirement as text; undefined when it cannot be one. */
function read(selector: Selector, parse: (text: string) => unknown, textOf: (requirement: Requirement) => string | undefined): Read {
  const { rawSelector = '', requirements = [] } = selector;
  if (requirements.length === 0) return isRead(parse, rawSelector) ? { text: rawSelector, failed: false } : { text: '', failed: true };
  const texts = requirements.map(textOf);
  const good = texts.filter((text) => text !== undefined && isRead(parse, text));
  return { text: good.join(','), failed: good.length < requirements.length };
}

function isRead(parse: (text: string) => unknown, text: string): boolean {
  try {
    parse(text);
    return true;
  } catch (error) {
    if (error instanceof SelectorError) return false;
    throw error;
  }
}

function ignored(name: string, found: Read | undefined): string[] {
  if (!found?.failed) return [];
  return [`spec.resourceAttributes.${name} ${found.text === '' ? '' : 'partially '}ignored due to parse error`];
}

/** Requests have one value in a field selector. */
function fieldText({ key = '', operator = '', values = [] }: Requirement): string | undefined {
  const sign = new Map([
    ['In', '='],
    ['NotIn', '!='],
  ]).get(operator);
  const [value] = values;
  return sign === undefined || value === undefined || values.length > 1 ? undefined : key + sign + value.replace(/[\\,=]/g, '\\$&');
}

function labelText({ key = '', operator = '', values = [] }: Requirement): string | undefined {
  if (operator === 'Exists') return values.length === 0 ? key : undefined;
  if (operator === 'DoesNotExist') return values.length === 0 ? `!${key}` : undefined;
  const word = new Map([
    ['In', 'in'],
    ['NotIn', 'notin'],
  ]).get(operator);
  return word === undefined || values.length === 0 ? undefined : `${key} ${word} (${values.join(',')})`;
}

export function validateSelectors({ fieldSelector, labelSelector }: Attributes): FieldError[] {
  const path = 'spec.resourceAttributes';
  return [
    ...(fieldSelector ? selectorErrors(fieldSelector, `${path}.fieldSelector`, fieldKeyErrors) : []),
    ...(labelSelector ? selectorErrors(labelSelector, `${path}.labelSelector`, labelErrors) : []),
  ];
}

type Check = (requirement: Requirement, path: string) => Parted;

/** Errors of a requirement: some come before those of its values, some behind. */
interface Parted {
  readonly before: readonly FieldError[];
  readonly behind: readonly FieldError[];
}

function selectorErrors({ rawSelector = '', requirements = [] }: Selector, path: string, check: Check): FieldError[] {
  const errors: FieldError[] = [];
  if (rawSelector !== '' && requirements.length > 0) {
    errors.push(fieldError.invalid(`${path}.rawSelector`, rawSelector, 'may not specified at the same time as requirements'));
  }
  if (rawSelector === '' && requirements.length === 0) {
    errors.push(fieldError.required(`${path}.requirements`, `when ${path} is specified, requirements or rawSelector is required`));
  }
  for (const [i, requirement] of requirements.entries()) {
    const at = `${path}.requirements[${i}]`;
    const { before, behind } = check(requirement, at);
    errors.push(...before, ...valuesErrors(requirement, at), ...behind);
  }
  return errors;
}

/** Operators that are not known may be known to a newer client, and are let through. */
function valuesErrors({ operator = '', values = [] }: Requirement, path: string): FieldError[] {
  if (['In', 'NotIn'].includes(operator) && values.length === 0) {
    return [fieldError.required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'")];
  }
  if (['Exists', 'DoesNotExist'].includes(operator) && values.length > 0) {
    return [fieldError.forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")];
  }
  return [];
}

const fieldKeyErrors: Check = ({ key = '' }, path) => ({
  before: key === '' ? [fieldError.required(`${path}.key`, 'must be specified')] : [],
  behind: [],
});

const labelErrors: Check = ({ key = '', values = [] }, path) => ({
  before: [],
  behind: [
    ...isQualifiedName(key).map((why) => fieldError.invalid(`${path}.key`, key, why)),
    ...values.flatMap((value, i) => isValidLabelValue(value).map((why) => fieldError.invalid(`${path}.values[${i}]`, value, why))),
  ],
});
