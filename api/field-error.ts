import { formatGoDouble } from './cel/language/go-number.ts';
import { goJson } from './json.ts';

/** What is wrong with one field: upstream's `field.Error` (apimachinery, `pkg/util/validation/field`). */
export interface FieldError {
  readonly type: FieldErrorType;
  /** Path such as `spec.containers[0].name`. */
  readonly field: string;
  /** The text without the field: `Invalid value: "x": must be …`. */
  readonly body: string;
}

export type FieldErrorType =
  | 'FieldValueNotFound'
  | 'FieldValueRequired'
  | 'FieldValueDuplicate'
  | 'FieldValueInvalid'
  | 'FieldValueNotSupported'
  | 'FieldValueForbidden'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'InternalError'
  | 'FieldValueTypeInvalid';

const WORDS: Readonly<Record<FieldErrorType, string>> = {
  FieldValueNotFound: 'Not found',
  FieldValueRequired: 'Required value',
  FieldValueDuplicate: 'Duplicate value',
  FieldValueInvalid: 'Invalid value',
  FieldValueNotSupported: 'Unsupported value',
  FieldValueForbidden: 'Forbidden',
  FieldValueTooLong: 'Too long',
  FieldValueTooMany: 'Too many',
  InternalError: 'Internal error',
  FieldValueTypeInvalid: 'Invalid value',
};

const bare = (type: FieldErrorType, field: string, detail: string): FieldError => ({
  type,
  field,
  body: detail === '' ? WORDS[type] : `${WORDS[type]}: ${detail}`,
});

const withValue = (type: FieldErrorType, field: string, value: unknown, detail: string): FieldError => ({
  type,
  field,
  body: `${WORDS[type]}: ${printValue(value)}${detail === '' ? '' : `: ${detail}`}`,
});

/** As Go prints a bad value: `%q` for strings, `%v` for plain values, JSON for the rest. */
function printValue(value: unknown): string {
  if (typeof value === 'string') return goQuote(value);
  if (typeof value === 'number' && !Number.isInteger(value)) return formatGoDouble(value);
  return value === undefined ? 'null' : goJson(value);
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\n': '\\n',
  '\t': '\\t',
  '\r': '\\r',
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\v': '\\v',
};

/** A string in double quotes, as Go's `%q` writes it. */
export function goQuote(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is escaped
  return `"${text.replace(/[\\"]|[\u0000-\u001f\u007f]/g, (c) => {
    if (c === '\\' || c === '"') return `\\${c}`;
    return ESCAPES[c] ?? `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`;
  })}"`;
}

/** How Go writes the path of a field that has no name: what is wrong is wrong with the whole. */
export const NO_FIELD = '[]';

/** Constructors, named as upstream's. Paths are plain strings: `${path}.name`, `${path}[${i}]`, `${path}[key]`. */
export const fieldError = {
  notFound: (field: string, value: unknown): FieldError => withValue('FieldValueNotFound', field, value, ''),
  required: (field: string, detail = ''): FieldError => bare('FieldValueRequired', field, detail),
  duplicate: (field: string, value: unknown): FieldError => withValue('FieldValueDuplicate', field, value, ''),
  invalid: (field: string, value: unknown, detail: string): FieldError => withValue('FieldValueInvalid', field, value, detail),
  /** Invalid, without saying what the value is: upstream's `field.OmitValueType`. */
  invalidOmitted: (field: string, detail: string): FieldError => bare('FieldValueInvalid', field, detail),
  typeInvalid: (field: string, value: unknown, detail: string): FieldError => withValue('FieldValueTypeInvalid', field, value, detail),
  /** @param supported the values that would do, in the order the message lists them. */
  notSupported: (field: string, value: unknown, supported: readonly string[]): FieldError =>
    withValue('FieldValueNotSupported', field, value, supported.length ? `supported values: ${supported.map(goQuote).join(', ')}` : ''),
  forbidden: (field: string, detail: string): FieldError => bare('FieldValueForbidden', field, detail),
  /** @param max bytes allowed; negative when not said. */
  tooLong: (field: string, max: number): FieldError =>
    bare('FieldValueTooLong', field, max < 0 ? 'value is too long' : `may not be more than ${max} ${max === 1 ? 'byte' : 'bytes'}`),
  tooMany: (field: string, actual: number, max: number): FieldError =>
    withValue(
      'FieldValueTooMany',
      field,
      actual,
      max < 0 ? 'has too many items' : `must have at most ${max} ${max === 1 ? 'item' : 'items'}`,
    ),
  internal: (field: string, detail: string): FieldError => bare('InternalError', field, detail),
};
