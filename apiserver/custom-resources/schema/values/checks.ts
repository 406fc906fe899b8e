// What a schema asks of a single value: upstream's validators of kube-openapi, `pkg/validation/validate`.

import { compileGoPattern, formatGoDouble } from '../../../../api/cel.ts';
import { type FieldError, fieldError, goQuote, type JSONSchemaProps, stringifyJson } from '../../../../api/index.ts';
import { equalJson, inGoOrder } from '../../../../api/schema.ts';
import { formatOf } from './formats.ts';
import { countRunes, isInteger, isJsonInteger, type JsonType, typeOf } from './kinds-of-value.ts';
import { invalidProblem, type Problem, typeProblem } from './result.ts';

/** One thing asked of a value. */
export interface Check<T = unknown> {
  passes(value: T): boolean;
  /** What to say when it does not pass. */
  problem(value: T, path: string): Problem;
}

/** What a schema says of a value's type. */
export interface TypeRule {
  readonly types: readonly string[];
  readonly nullable: boolean;
  /** `''` for none. */
  readonly format: string;
}

/** Formats that numbers have without being asked. */
const NATIVE_FORMATS: Readonly<Record<string, string>> = { integer: 'int64', number: 'float64' };

/** The check of a value's type. */
export function typeCheck(rule: TypeRule): Check {
  const allowed = SAMPLES.reduce<number>((mask, sample) => (wrongType(rule, sample) ? mask : mask | bitOf(sample)), 0);
  return {
    // Only of floats some are like integers and some are not.
    passes: (value) => (allowed & bitOf(value)) !== 0 || (isNumber(value) && wrongType(rule, value) === undefined),
    problem: (value, path) => typeProblem(path, ...(wrongType(rule, value) ?? ['', ''])),
  };
}

const isNumber = (value: unknown): boolean => typeof value === 'number' || typeof value === 'bigint';

/** One value of each type. */
const SAMPLES: readonly unknown[] = [null, '', true, 1, 1.5, [], {}];

const BITS = { string: 1, boolean: 2, integer: 4, number: 8, array: 16, object: 32 } as const;
const NULL_BIT = 64;

const bitOf = (value: unknown): number => (value === null || value === undefined ? NULL_BIT : BITS[typeOf(value)]);

function wrongType(rule: TypeRule, value: unknown): readonly [wanted: string, actual: string] | undefined {
  const { types, nullable, format } = rule;
  if (value === null || value === undefined) {
    return types.length > 0 && !types.includes('null') && !nullable ? [types.join(','), 'null'] : undefined;
  }
  if (types.length === 0 && format === '') return undefined;
  const type = typeOf(value);
  if (isOfType(types, type, value)) return undefined;
  const isTextual = type === 'string' || type === 'array';
  const hasNumbers = types.includes('number') || types.includes('integer');
  if (format !== '' && isTextual && !hasNumbers) return undefined;
  const native = NATIVE_FORMATS[type] ?? '';
  return format !== '' && !isTextual && native !== format ? [format, native] : [types.join(','), type];
}

/** Every integer is a number, and a number that is as good as an integer is one. */
function isOfType(types: readonly string[], type: JsonType, value: unknown): boolean {
  if (types.includes(type)) return true;
  if (type === 'integer') return types.includes('number');
  return type === 'number' && types.includes('integer') && isJsonInteger(Number(value));
}

/** The check of a value against the values allowed. */
export function enumCheck(allowed: readonly unknown[]): Check {
  const texts = new Set(allowed.filter((value) => typeof value === 'string'));
  const names = allowed.map((value) => (typeof value === 'string' ? value : stringifyJson(inGoOrder(value))));
  return {
    passes: (value) => (typeof value === 'string' ? texts.has(value) : allowed.some((one) => isSame(value, one))),
    problem: (value, path) => ({
      message: `${path} in body should be one of ${names.join(' ')}`,
      name: path,
      tell: (field) => fieldError.notSupported(field, inGoOrder(value), names),
    }),
  };
}

/** Go converts a value to the type of the allowed one, so that 1.5 is 1 where integers are allowed; null is like nothing. */
function isSame(value: unknown, allowed: unknown): boolean {
  if (value === null || value === undefined) return false;
  if (typeof value === 'number' && typeof allowed === 'number' && Number.isInteger(allowed)) return Math.trunc(value) === allowed;
  return equalJson(value, allowed);
}

/** The checks of a text, of which the first that fails is told. */
export function textChecks({ maxLength, minLength, pattern }: JSONSchemaProps): Check<string>[] {
  const checks: Check<string>[] = [];
  if (maxLength !== undefined) {
    checks.push({
      passes: (text) => text.length <= maxLength || countRunes(text) <= maxLength,
      problem: (_text, path) =>
        limitProblem(path, `should be at most ${maxLength} chars long`, (field) => fieldError.tooLong(field, maxLength)),
    });
  }
  if (minLength !== undefined) {
    checks.push({
      passes: (text) => text.length >= minLength && countRunes(text) >= minLength,
      problem: (text, path) => invalidProblem(path, text, `should be at least ${minLength} chars long`),
    });
  }
  if (pattern) checks.push(patternCheck(pattern));
  return checks;
}

function patternCheck(pattern: string): Check<string> {
  const { matches, error } = compileGoPattern(pattern);
  const shown = error === undefined ? pattern : `${pattern}, but pattern is invalid: ${error}`;
  return {
    passes: (text) => matches(text),
    problem: (text, path) => invalidProblem(path, text, `should match '${shown}'`),
  };
}

/** The check of a text against a format; undefined for formats that nobody knows. */
export function formatCheck(format: string): Check<string> | undefined {
  const isOf = formatOf(format);
  if (!isOf) return undefined;
  return { passes: isOf, problem: (text, path) => typeTextProblem(path, format, text) };
}

const typeTextProblem = (path: string, format: string, text: string): Problem => ({
  message: `${path} in body must be of type ${format}: ${goQuote(text)}`,
  name: path,
  tell: (field, message) => fieldError.typeInvalid(field, text, message),
});

/** The checks of a number, each of which is told. */
export function numberChecks(schema: JSONSchemaProps): Check<number | bigint>[] {
  const { multipleOf, maximum, minimum } = schema;
  const checks: Check<number | bigint>[] = [];
  if (multipleOf !== undefined) checks.push(multipleCheck(multipleOf));
  if (minimum !== undefined) checks.push(boundCheck(minimum, schema.exclusiveMinimum === true, LEAST));
  if (maximum !== undefined) checks.push(boundCheck(maximum, schema.exclusiveMaximum === true, GREATEST));
  return checks;
}

interface BoundKind {
  readonly words: string;
  isInside(value: number | bigint, bound: number): boolean;
}

const LEAST: BoundKind = { words: 'greater than', isInside: (value, bound) => value > bound };
const GREATEST: BoundKind = { words: 'less than', isInside: (value, bound) => value < bound };

/** Of a bound, integers see the whole part only. */
function boundCheck(bound: number, exclusive: boolean, { words, isInside }: BoundKind): Check<number | bigint> {
  const whole = Math.trunc(bound);
  const seenBy = (value: number | bigint): number => (isInteger(value) ? whole : bound);
  return {
    passes: (value) => isInside(value, seenBy(value)) || (!exclusive && Number(value) === seenBy(value)),
    problem: (value, path) => {
      const seen = seenBy(value);
      const text = isInteger(value) ? String(seen) : formatGoDouble(seen);
      return invalidProblem(path, value, `should be ${words} ${exclusive ? '' : 'or equal to '}${text}`);
    },
  };
}

function multipleCheck(factor: number): Check<number | bigint> {
  const seenBy = (value: number | bigint): number => (isInteger(value) ? Math.trunc(factor) : factor);
  return {
    passes: (value) => seenBy(value) > 0 && isMultiple(value, seenBy(value)),
    problem: (value, path) => {
      const seen = seenBy(value);
      if (seen > 0) return invalidProblem(path, value, `should be a multiple of ${formatGoDouble(seen)}`);
      const message = `factor MultipleOf declared for ${path} must be positive: ${formatGoDouble(seen)}`;
      return { message, name: path, tell: (field) => fieldError.invalid(field, seen, message) };
    },
  };
}

function isMultiple(value: number | bigint, factor: number): boolean {
  if (typeof value === 'bigint' && isInteger(value)) return value % BigInt(factor) === 0n;
  const number = Number(value);
  if (isInteger(number)) return number % factor === 0;
  return isJsonInteger(factor < 1 ? (1 / factor) * number : number / factor);
}

/** The checks of how many items a list has. */
export function sizeChecks({ minItems, maxItems }: JSONSchemaProps): Check<readonly unknown[]>[] {
  const checks: Check<readonly unknown[]>[] = [];
  if (minItems !== undefined) {
    checks.push({
      passes: (list) => list.length >= minItems,
      problem: (list, path) => invalidProblem(path, list.length, `should have at least ${minItems} items`),
    });
  }
  if (maxItems !== undefined) {
    checks.push({
      passes: (list) => list.length <= maxItems,
      problem: (list, path) => tooMany(path, { actual: list.length, max: maxItems, what: 'items' }),
    });
  }
  return checks;
}

/** The checks of how many fields an object has. */
export function countChecks({ minProperties, maxProperties }: JSONSchemaProps): Check<object>[] {
  const checks: Check<object>[] = [];
  if (minProperties !== undefined) {
    checks.push({
      passes: (object) => Object.keys(object).length >= minProperties,
      problem: (object, path) => invalidProblem(path, Object.keys(object).length, `should have at least ${minProperties} properties`),
    });
  }
  if (maxProperties !== undefined) {
    checks.push({
      passes: (object) => Object.keys(object).length <= maxProperties,
      problem: (object, path) => tooMany(path, { actual: Object.keys(object).length, max: maxProperties, what: 'properties' }),
    });
  }
  return checks;
}

const tooMany = (path: string, { actual, max, what }: { actual: number; max: number; what: string }): Problem =>
  limitProblem(path, `should have at most ${max} ${what}`, (field) => fieldError.tooMany(field, actual, max));

const limitProblem = (path: string, text: string, tell: (field: string) => FieldError): Problem => ({
  message: `${path} in body ${text}`,
  name: path,
  tell,
});
