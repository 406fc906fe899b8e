// Quantities (apiserver, `pkg/cel/library/quantity.go`).
import { parseQuantity, Quantity, QuantityError } from '../../quantity.ts';
import type { FunctionDeclaration, Implementation, Result } from '../language/declarations.ts';
import { define, method, overload, signature } from '../language/define.ts';
import { costSize, traversal } from '../language/runtime-cost.ts';
import { BOOL, DOUBLE, INT, STRING, struct } from '../language/types.ts';
import { CelError, type CelValue, noSuchOverload, Opaque } from '../language/values.ts';

export const QUANTITY_TYPE = struct('kubernetes.Quantity');

class QuantityValue extends Opaque {
  override readonly type = QUANTITY_TYPE;
  readonly quantity: Quantity;

  constructor(quantity: Quantity) {
    super();
    this.quantity = quantity;
  }

  override equals(other: CelValue): boolean {
    return other instanceof QuantityValue && this.quantity.equals(other.quantity);
  }
}

function read(text: CelValue = null): QuantityValue | CelError {
  if (typeof text !== 'string') return noSuchOverload();
  try {
    return new QuantityValue(parseQuantity(text));
  } catch (error) {
    if (error instanceof QuantityError) return new CelError(error.message);
    throw error;
  }
}

/** A quantity as a value; an error if the text is none. */
export const quantityValue = (text: string): CelValue | CelError => read(text);

const on =
  (run: (quantity: Quantity) => Result): Implementation =>
  (value) =>
    value instanceof QuantityValue ? run(value.quantity) : noSuchOverload();

const onTwo =
  (run: (a: Quantity, b: Quantity) => Result): Implementation =>
  (a, b) => {
    const other = typeof b === 'bigint' ? Quantity.of(b, 'DecimalExponent') : b instanceof QuantityValue ? b.quantity : undefined;
    return a instanceof QuantityValue && other ? run(a.quantity, other) : noSuchOverload();
  };

const two = signature([QUANTITY_TYPE, QUANTITY_TYPE], BOOL);
const sum = signature([QUANTITY_TYPE, QUANTITY_TYPE], QUANTITY_TYPE);
const sumWithInt = signature([QUANTITY_TYPE, INT], QUANTITY_TYPE);
const add = onTwo((a, b) => new QuantityValue(a.add(b)));
const sub = onTwo((a, b) => new QuantityValue(a.sub(b)));

const PARSERS: readonly FunctionDeclaration[] = [
  define('quantity', overload('string_to_quantity', signature([STRING], QUANTITY_TYPE), read)),
  define(
    'isQuantity',
    overload('is_quantity_string', signature([STRING], BOOL), (value) => !(read(value) instanceof CelError)),
  ),
].map((declared) => ({ ...declared, cost: (args: readonly CelValue[]) => traversal(costSize(args[0] ?? null)) }));

const OTHERS: readonly FunctionDeclaration[] = [
  define(
    'sign',
    overload(
      'quantity_sign',
      signature([QUANTITY_TYPE], INT),
      on(({ sign }) => BigInt(sign)),
    ),
  ),
  define(
    'isGreaterThan',
    method(
      'quantity_is_greater_than',
      two,
      onTwo((a, b) => a.cmp(b) > 0),
    ),
  ),
  define(
    'isLessThan',
    method(
      'quantity_is_less_than',
      two,
      onTwo((a, b) => a.cmp(b) < 0),
    ),
  ),
  define(
    'compareTo',
    method(
      'quantity_compare_to',
      signature(two.args, INT),
      onTwo((a, b) => BigInt(a.cmp(b))),
    ),
  ),
  define(
    'asApproximateFloat',
    method(
      'quantity_get_float',
      signature([QUANTITY_TYPE], DOUBLE),
      on((quantity) => quantity.approximate()),
    ),
  ),
  define(
    'asInteger',
    method(
      'quantity_get_int',
      signature([QUANTITY_TYPE], INT),
      on((quantity) => quantity.asInt64() ?? new CelError('cannot convert value to integer')),
    ),
  ),
  define(
    'isInteger',
    method(
      'quantity_is_integer',
      signature([QUANTITY_TYPE], BOOL),
      on((quantity) => quantity.asInt64() !== undefined),
    ),
  ),
  define('add', method('quantity_add', sum, add), method('quantity_add_int', sumWithInt, add)),
  define('sub', method('quantity_sub', sum, sub), method('quantity_sub_int', sumWithInt, sub)),
].map((declared) => ({ ...declared, cost: () => 1 }));

export const QUANTITY_FUNCTIONS: readonly FunctionDeclaration[] = [...PARSERS, ...OTHERS];
