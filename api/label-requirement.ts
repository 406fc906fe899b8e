// One requirement of a label selector, and upstream's checks of it.
import { type FieldError, fieldError } from './field-error.ts';
import { isQualifiedName, isValidLabelValue } from './names.ts';

/** A selector that cannot be read; the message is upstream's. */
export class SelectorError extends Error {
  override readonly name = 'SelectorError';
}

export type LabelOperator = '=' | '==' | '!=' | 'in' | 'notin' | 'exists' | '!' | 'gt' | 'lt';

/** One condition on a label. */
export interface LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  readonly values: readonly string[];
}

/** A checked requirement. Throws SelectorError with every mistake, as upstream lists them. */
export function requirement(key: string, operator: LabelOperator, values: readonly string[]): LabelRequirement {
  const errors = requirementErrors(key, operator, values);
  if (errors.length > 0) throw new SelectorError(aggregate(errors));
  return { key, operator, values };
}

/** What is wrong with a requirement. Upstream: `labels.NewRequirement`. */
export function requirementErrors(key: string, operator: LabelOperator, values: readonly string[]): FieldError[] {
  const errors = [...keyErrors('key', key), ...countErrors(operator, values)];
  values.forEach((value, index) => {
    const messages = isValidLabelValue(value);
    if (messages.length > 0) errors.push(fieldError.invalid(`values[${index}][${key}]`, value, messages.join('; ')));
  });
  return errors;
}

function keyErrors(field: string, key: string): FieldError[] {
  const messages = isQualifiedName(key);
  return messages.length === 0 ? [] : [fieldError.invalid(field, key, messages.join('; '))];
}

function countErrors(operator: LabelOperator, values: readonly string[]): FieldError[] {
  const wrong = (detail: string): FieldError[] => [fieldError.invalid('values', values, detail)];
  switch (operator) {
    case 'in':
    case 'notin':
      return values.length > 0 ? [] : wrong("for 'in', 'notin' operators, values set can't be empty");
    case '=':
    case '==':
    case '!=':
      return values.length === 1 ? [] : wrong('exact-match compatibility requires one single value');
    case 'exists':
    case '!':
      return values.length === 0 ? [] : wrong('values set must be empty for exists and does not exist');
    case 'gt':
    case 'lt':
      return [
        ...(values.length === 1 ? [] : wrong("for 'Gt', 'Lt' operators, exactly one value is required")),
        ...values.flatMap((value, index) =>
          parseInt64(value) === undefined
            ? [fieldError.invalid(`values[${index}]`, value, "for 'Gt', 'Lt' operators, the value must be an integer")]
            : [],
        ),
      ];
  }
}

const aggregate = (errors: readonly FieldError[]): string => {
  const texts = [...new Set(errors.map(({ field, body }) => `${field}: ${body}`))];
  return texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`;
};

const INT64_MAX = 2n ** 63n - 1n;

/** Go's ParseInt of base 10. */
export function parseInt64(text: string | undefined): bigint | undefined {
  if (text === undefined || !/^[+-]?\d{1,64}$/.test(text)) return undefined;
  const value = BigInt(text.replace('+', ''));
  return value > INT64_MAX || value < -INT64_MAX - 1n ? undefined : value;
}
