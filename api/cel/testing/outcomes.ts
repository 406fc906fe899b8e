// Expressions run for tests' tables, and what came of them as texts.
import { dynamicValue } from '../dynamic-value.ts';
import { elementsOf } from '../language/collections.ts';
import { formatGoDouble } from '../language/go-number.ts';
import { compile, type Evaluation, Program } from '../language/program.ts';
import { type CelType, DYN } from '../language/types.ts';
import {
  CelError,
  CelList,
  CelMap,
  type CelValue,
  Duration,
  Opaque,
  Optional,
  runtimeType,
  Timestamp,
  TypeValue,
  Uint,
} from '../language/values.ts';
import { environmentOf } from '../libraries/environment.ts';

const NO_STRUCTS = { has: () => false, fieldType: () => undefined };

export interface Inputs {
  /** Variables of type dyn, as JSON. */
  readonly values?: Readonly<Record<string, unknown>> | undefined;
  /** Types of variables that have one. */
  readonly types?: Readonly<Record<string, CelType>> | undefined;
}

/** Compiles and runs an expression. Throws what makes it unusable. */
export function evaluate(text: string, { values = {}, types = {} }: Inputs = {}): Evaluation {
  const names = [...Object.keys(values), ...Object.keys(types)];
  const environment = environmentOf(new Map(names.map((name) => [name, types[name] ?? DYN])), NO_STRUCTS);
  const program = new Program(compile(text, environment), environment, Number.POSITIVE_INFINITY);
  return program.evaluate((name) => (Object.hasOwn(values, name) ? dynamicValue(values[name]) : undefined));
}

/** What an expression gives: a value as an expression would have it, `error: …` of its evaluation, or why it is none. */
export function outcomeOf(text: string, inputs: Inputs = {}): string {
  try {
    return show(evaluate(text, inputs).result);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function show(value: CelValue | CelError): string {
  if (value instanceof CelError) return `error: ${value.message}`;
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') return formatGoDouble(value).replace(/^-?\d+$/, '$&.0');
  return value === null || typeof value !== 'object' ? String(value) : showObject(value);
}

function showObject(value: Exclude<CelValue, null | boolean | bigint | number | string>): string {
  if (value instanceof CelList) return showList(value);
  if (value instanceof CelMap)
    return `{${value
      .keys()
      .map((key) => `${show(key)}: ${show(value.find(key) ?? null)}`)
      .join(', ')}}`;
  if (value instanceof Uint8Array) return `b${JSON.stringify(Buffer.from(value).toString('latin1'))}`;
  if (value instanceof Optional) return value.value === undefined ? 'none' : `optional(${show(value.value)})`;
  if (value instanceof Timestamp) return `timestamp(${new Date(Number(value.nanos / 1_000_000n)).toISOString()})`;
  if (value instanceof Duration) return `duration(${Number(value.nanos) / 1e9}s)`;
  if (value instanceof Uint) return `${value.value}u`;
  return value instanceof TypeValue ? value.name : `a ${value instanceof Opaque ? value.type.name : runtimeType(value).name}`;
}

function showList(list: CelList): string {
  const items = elementsOf(list);
  return items instanceof CelError ? show(items) : `[${items.map(show).join(', ')}]`;
}

/** What is wrong with an expression, without the lines that show it: `1:5: …`. */
export function errorsOf(text: string, inputs: Inputs = {}): readonly string[] {
  return [...outcomeOf(text, inputs).matchAll(/^ERROR: <input>:(.*)$/gm)].map(([, error = '']) => error);
}
