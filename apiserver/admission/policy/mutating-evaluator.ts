// What a MutatingAdmissionPolicy makes of an object (apiserver, `pkg/admission/plugin/policy/mutating/{compilation,patch}`; KEP-3962).

import {
  CelError,
  CelList,
  type CelValue,
  type CompiledExpression,
  CostBudget,
  ExpressionError,
  NativeValueError,
  nativeValue,
  RUNTIME_BUDGET,
} from '../../../api/cel.ts';
import { apiError, apiVersionOf, type KindInfo, type KubeObject, type MutatingAdmissionPolicy, type Mutation } from '../../../api/index.ts';
import { applyJsonPatch, DecodeError, isObject, ownership, PatchError } from '../../../api/schema.ts';
import {
  AdmissionCompiler,
  type AdmissionInput,
  attempt,
  type CompiledVariable,
  Evaluator,
  type MatchOutcome,
  matchConditions,
  misplacedTypes,
  OutOfBudget,
  RETURNS,
  StructValue,
} from '../cel/index.ts';
import type { ServedVersions } from '../matching/served-versions.ts';

type Compiled = CompiledExpression | ExpressionError;

/** A mutation that cannot be made; what that means is up to the failure policy. */
export class MutationError extends Error {
  override readonly name = 'MutationError';
}

/** What a mutation is made on. */
export interface MutationTarget {
  readonly object: KubeObject;
  /** As what the object is seen. */
  readonly kind: KindInfo;
  readonly subresource: string;
  readonly versions: ServedVersions;
}

interface CompiledMutation {
  readonly patchType: string;
  readonly expression: Compiled;
}

/** The mutations of a policy, ready to run. */
export class MutatingEvaluator {
  readonly #failurePolicy: string;
  readonly #variables: ReadonlyMap<string, CompiledVariable>;
  readonly #conditions: readonly Compiled[];
  readonly mutations: readonly CompiledMutation[];

  constructor({ spec }: Pick<MutatingAdmissionPolicy, 'spec'>) {
    const compiler = new AdmissionCompiler({ composed: true });
    const declared = { params: spec.paramKind !== undefined, authorizer: true };
    this.#failurePolicy = spec.failurePolicy ?? 'Fail';
    for (const variable of spec.variables ?? []) compiler.addVariable(variable, declared);
    this.#variables = compiler.variables;
    this.#conditions = (spec.matchConditions ?? []).map(({ expression }) =>
      attempt(() => compiler.compile(expression, RETURNS.condition, declared)),
    );
    this.mutations = (spec.mutations ?? []).map((mutation) => ({
      patchType: mutation.patchType,
      expression: attempt(() => compiler.compileMutation(textOf(mutation), RETURNS[returnsOf(mutation)], declared)),
    }));
  }

  get hasConditions(): boolean {
    return this.#conditions.length > 0;
  }

  /** Whether the policy is to be run on the object. */
  match(input: AdmissionInput): MatchOutcome {
    if (this.#conditions.length === 0) return true;
    return matchConditions({ conditions: this.#conditions, variables: this.#variables, failurePolicy: this.#failurePolicy }, input);
  }

  /**
   * The object as a mutation makes it, with defaults; the one that was given is left as it is.
   *
   * @throws MutationError, or ApiError for what no failure policy excuses.
   */
  mutate({ patchType, expression }: CompiledMutation, input: AdmissionInput, target: MutationTarget): KubeObject {
    const { kind, subresource, versions } = target;
    const type = versions.applyType(kind, subresource);
    if (!type) {
      const why = 'There can be a delay between when CustomResourceDefinitions are created and when they are available.';
      throw apiError.serviceUnavailable(`Resource kind ${apiVersionOf(kind)}, Kind=${kind.kind} not found. ${why}`);
    }
    const value = this.#evaluate(expression, input);
    return patchType === 'JSONPatch' ? patched(target, value) : configured(target, type, value);
  }

  /** Each mutation sees the variables anew, and has a budget of its own. */
  #evaluate(expression: Compiled, input: AdmissionInput): CelValue {
    if (expression instanceof ExpressionError) throw new MutationError(expression.message);
    const evaluator = new Evaluator(input, this.#variables, new CostBudget(RUNTIME_BUDGET));
    try {
      const result = evaluator.evaluate(expression);
      if ('error' in result) throw new MutationError(result.error);
      return result.value;
    } catch (error) {
      throw error instanceof OutOfBudget ? new MutationError(error.message) : error;
    }
  }
}

const returnsOf = ({ patchType }: Mutation) => (patchType === 'JSONPatch' ? 'jsonPatch' : 'applyConfiguration');
const textOf = (mutation: Mutation): string => mutation[returnsOf(mutation)]?.expression ?? '';

/** Lays an `Object{}` over the object, as server-side apply does it; owners of fields are not noted. */
function configured({ object, ...target }: MutationTarget, type: ownership.ApplyType, value: CelValue): KubeObject {
  if (!(value instanceof StructValue)) throw new MutationError('unsupported return type from ApplyConfiguration expression');
  const misplaced = misplacedTypes(value);
  if (misplaced.length > 0) throw new MutationError(`type mismatch: ${misplaced.join('\n')}`);
  const given = zeroForNull(native(value, 'invalid return type'));
  const config = { ...asObject(given), kind: object.kind, apiVersion: object.apiVersion };
  try {
    ownership.validate(type, config);
  } catch (error) {
    if (!(error instanceof ownership.ApplyTypeError)) throw error;
    throw new MutationError(`error applying patch: failed to convert patch object to typed object: ${error.message}`, { cause: error });
  }
  const atomic = atomicsIn(type, config, '');
  if (atomic.length > 0) {
    const why = `may not mutate atomic arrays, maps or structs: ${atomic.join(', ')}`;
    throw new MutationError(`error applying patch: invalid ApplyConfiguration: ${why}`);
  }
  try {
    return target.versions.read(ownership.merge(type, object, config), target.kind, target.subresource);
  } catch (error) {
    if (error instanceof DecodeError || error instanceof ownership.ApplyTypeError) {
      throw new MutationError(`error applying patch: ${error.message}`, { cause: error });
    }
    throw error;
  }
}

/** A null is a number to upstream, the enumeration's only one (`structpb.NullValue`), and fits where that does. */
function zeroForNull(value: unknown): unknown {
  if (value === null) return 0;
  if (Array.isArray(value)) return value.map(zeroForNull);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, zeroForNull(inner)]));
}

/** Paths of what is owned as a whole: changing a part of it would take away the rest. Upstream: `findAtomics`. */
function atomicsIn({ map, list }: ownership.ApplyType, value: unknown, path: string): string[] {
  if (isObject(value) && map) {
    const inner = Object.entries(value).flatMap(([name, member]) => {
      const type = map.fields.get(name)?.type;
      return type ? atomicsIn(type, member, `${path}.${name}`) : [];
    });
    return map.atomic ? [path, ...inner] : inner;
  }
  if (!Array.isArray(value) || !list) return [];
  const inner = value.flatMap((item, i) => atomicsIn(list.items, item, `${path}[${i}]`));
  return list.atomic ? [path, ...inner] : inner;
}

/** Changes the object by a list of `JSONPatch{}`. One whose test fails leaves it as it is. */
function patched({ object, ...target }: MutationTarget, value: CelValue): KubeObject {
  const operations = operationsOf(value);
  let raw: unknown;
  try {
    raw = applyJsonPatch(object, operations);
  } catch (error) {
    if (!(error instanceof PatchError)) throw error;
    if (error.detail.endsWith('test failed')) return object;
    throw new MutationError(`JSON Patch: ${error.detail}`, { cause: error });
  }
  try {
    return target.versions.read(raw, target.kind, target.subresource, true);
  } catch (error) {
    if (error instanceof DecodeError) throw apiError.internal(error.message, error);
    throw error;
  }
}

function operationsOf(value: CelValue): readonly unknown[] {
  if (!(value instanceof CelList)) throw new MutationError('type mismatch: JSONPatchType.expression should evaluate to array');
  return Array.from({ length: value.size }, (_, i) => operationOf(value.at(i)));
}

function operationOf(value: CelValue | CelError): unknown {
  if (!(value instanceof StructValue)) {
    const why = value instanceof CelError ? `: ${value.message}` : '';
    throw new MutationError(`type mismatch: JSONPatchType.expression should evaluate to array of JSONPatch${why}`);
  }
  const { op = '', path = '', from, value: given } = Object.fromEntries(value.fields);
  if (given instanceof StructValue) {
    const misplaced = misplacedTypes(given);
    if (misplaced.length > 0) throw new MutationError(`type mismatch: ${misplaced.join('\n')}`);
  }
  const what = 'JSONPath valueExpression evaluated to a type that could not marshal to JSON';
  return { op, path, ...(from ? { from } : {}), ...(given === undefined ? {} : { value: native(given, what) }) };
}

function native(value: CelValue, what: string): unknown {
  try {
    return nativeValue(value);
  } catch (error) {
    if (error instanceof NativeValueError) throw new MutationError(`${what}: ${error.message}`, { cause: error });
    throw error;
  }
}

const asObject = (value: unknown): Record<string, unknown> => (isObject(value) ? value : {});
