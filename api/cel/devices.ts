// Expressions that choose devices (dynamic-resource-allocation, `cel/compile.go`): over `device`, with its driver, attributes and capacity.
import { ExpressionError, typeText } from './expression.ts';
import { estimateCost, type Path } from './language/estimate.ts';
import { PlanError } from './language/plan.ts';
import { compile, Program } from './language/program.ts';
import { type Range, range } from './language/range.ts';
import { CompileError } from './language/source.ts';
import { ANY, BOOL, mapOf, STRING, struct } from './language/types.ts';
import { environmentOf } from './libraries/environment.ts';
import { estimateCall } from './libraries/estimates.ts';
import { QUANTITY_TYPE } from './libraries/quantities.ts';
import { PER_CALL_LIMIT } from './limits.ts';

/** What a value of a device may hold at most: characters, or entries. */
interface Sized {
  readonly max: number;
  readonly fields?: Readonly<Record<string, Sized>> | undefined;
  readonly key?: Sized | undefined;
  readonly element?: Sized | undefined;
}

const ENTRIES_MAX = 32;
const DRIVER: Sized = { max: 63 };
const DOMAIN: Sized = { max: 63 };
const ID: Sized = { max: 32 };
const ATTRIBUTE: Sized = { max: 64 };
const mapSized = (key: Sized, element: Sized): Sized => ({ max: ENTRIES_MAX, key, element });

const DEVICE_SIZE: Sized = {
  max: 0,
  fields: {
    driver: DRIVER,
    attributes: mapSized(DOMAIN, mapSized(ID, ATTRIBUTE)),
    capacity: mapSized(DOMAIN, mapSized(ID, { max: 0 })),
  },
};

const DEVICE = struct('kubernetes.DRADevice');
const FIELDS: ReadonlyMap<string, typeof STRING> = new Map([
  ['driver', STRING],
  ['attributes', mapOf(STRING, mapOf(STRING, ANY))],
  ['capacity', mapOf(STRING, mapOf(STRING, QUANTITY_TYPE))],
]);

const ENVIRONMENT = {
  ...environmentOf(new Map([['device', DEVICE]]), {
    has: (name) => name === DEVICE.name,
    fieldType: (name, field) => (name === DEVICE.name ? FIELDS.get(field) : undefined),
  }),
  bindings: true,
};

/** How large what a path leads to can be; attributes all alike, whatever they are called. */
function sizeAt([root, ...path]: Path): Range | undefined {
  let at: Sized | undefined = root === 'device' ? DEVICE_SIZE : undefined;
  for (const step of path) {
    if (step === '@items' || step === '@values') at = at?.element;
    else if (step === '@keys') at = at?.key;
    else at = at?.fields?.[step] ?? (at?.element === ATTRIBUTE ? ATTRIBUTE : undefined);
  }
  return at && range(0, at.max);
}

/**
 * Compiles a selector of devices.
 *
 * @returns the most that it may cost, by estimate.
 * @throws ExpressionError with upstream's text.
 */
export function deviceSelectorCost(text: string): number {
  try {
    const checked = compile(text, ENVIRONMENT);
    const type = checked.typeOf(checked.root);
    if (type.kind !== 'bool' && type.kind !== 'any') {
      throw new ExpressionError(`must evaluate to ${BOOL.name} or the unknown type, not ${typeText(type)}`);
    }
    new Program(checked, ENVIRONMENT, PER_CALL_LIMIT);
    return estimateCost(checked, { size: sizeAt, call: estimateCall }).max;
  } catch (error) {
    if (error instanceof CompileError) throw new ExpressionError(`compilation failed: ${error.message}`, { cause: error });
    if (error instanceof PlanError) throw new ExpressionError(`program instantiation failed: ${error.message}`, { cause: error });
    throw error;
  }
}
