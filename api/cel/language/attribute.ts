// Chains of selections and indices on a value: `self.a[0].?b` (cel-go, `interpreter/attributes.go`). One loop runs the whole chain,
// because an optional step makes the rest of the chain optional too.
import type { Result } from './declarations.ts';
import type { Frame, Step } from './frame.ts';
import { CelError, CelList, CelMap, type CelValue, Optional, runtimeType, Uint } from './values.ts';

export interface Qualifier {
  /** The field or index, or how to get it. */
  readonly key: CelValue | Step;
  /** Written with `?`: nothing there is no error. */
  readonly optional: boolean;
  /** `has(…)`: only whether it is there. */
  readonly test: boolean;
}

/** The value at the end of the chain. Each qualifier that is applied costs 1. */
export function runChain(frame: Frame, root: Result, qualifiers: readonly Qualifier[]): Result {
  if (root instanceof CelError) return root;
  const absent = qualifiers.at(-1)?.test === true ? false : Optional.none;
  let optional = root instanceof Optional;
  let value = root instanceof Optional ? root.value : root;
  if (value === undefined) return absent;
  for (const qualifier of qualifiers) {
    optional ||= qualifier.optional;
    const next = apply(frame, value, qualifier, optional);
    if (next instanceof CelError || (qualifier.test && next !== undefined)) return next;
    if (next === undefined) return absent;
    value = next;
  }
  return optional ? new Optional(value) : value;
}

/** What one qualifier leads to; nothing if it is optional and leads nowhere. */
function apply(frame: Frame, value: CelValue, { key: given, test }: Qualifier, optional: boolean): Result | undefined {
  const key = typeof given === 'function' ? given(frame) : given;
  const next = key instanceof CelError ? key : qualify(value, key);
  if (test) return charged(frame, next instanceof CelError ? next : next !== undefined);
  if (next !== undefined) return charged(frame, next);
  return optional ? undefined : charged(frame, key instanceof CelError ? key : missing(value, key));
}

function charged(frame: Frame, result: Result): Result {
  frame.charge(1);
  return result;
}

function qualify(value: CelValue, key: CelValue): Result | undefined {
  if (value instanceof CelMap) return value.find(key);
  if (!(value instanceof CelList)) return undefined;
  const index = indexOf(key);
  if (index instanceof CelError) return index;
  return index >= 0 && index < value.size ? value.at(index) : undefined;
}

function missing(value: CelValue, key: CelValue): CelError {
  return new CelError(`${value instanceof CelList ? 'index out of bounds' : 'no such key'}: ${printKey(key)}`);
}

/** An index of a list: any number that is whole. */
export function indexOf(key: CelValue): number | CelError {
  if (typeof key === 'bigint') return Number(key);
  if (key instanceof Uint) return Number(key.value);
  if (typeof key !== 'number') return new CelError(`unsupported index type '${runtimeType(key).name}' in list`);
  return Number.isSafeInteger(key) ? key : new CelError(`unsupported index value ${key} in list`);
}

/** A key or index as errors print it. */
function printKey(key: CelValue): string {
  return key instanceof Uint ? String(key.value) : String(key);
}
