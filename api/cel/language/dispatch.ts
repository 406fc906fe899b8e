// Which overload a call runs, when only the values can tell (cel-go, `common/decls/decls.go`).
import type { FunctionDeclaration, Implementation, Overload, Result } from './declarations.ts';
import { type CelType, DYN, firstParam, secondParam } from './types.ts';
import { CelError, CelList, CelMap, type CelValue, runtimeType, typeName } from './values.ts';

/** What a call runs: the one overload that the checker found, or the first whose types fit the values. */
export function implementationOf(declared: FunctionDeclaration, overloads: readonly Overload[]): Implementation {
  if (declared.singleton) return declared.singleton;
  const [only] = overloads;
  const candidates = overloads.length === 1 && only ? [only] : declared.overloads;
  return (...args) => dispatch(declared.name, candidates, args);
}

function dispatch(name: string, candidates: readonly Overload[], args: readonly CelValue[]): Result {
  const overload = candidates.find((candidate) => fits(candidate, args));
  return overload ? overload.run(...args) : new CelError(`no such overload: ${name}(${args.map(typeName).join(', ')})`);
}

function fits({ args: types }: Overload, args: readonly CelValue[]): boolean {
  return types.length === args.length && types.every((type, i) => isOfType(args[i] ?? null, type));
}

/** Whether a value is of a type, as far as can be told from its first element. */
function isOfType(value: CelValue, type: CelType): boolean {
  if (type.kind === 'dyn' || type.kind === 'param' || type.kind === 'any') return true;
  if (runtimeType(value).name !== type.name) return false;
  if (value instanceof CelList) return value.size === 0 || isResultOfType(value.at(0), firstParam(type));
  if (!(value instanceof CelMap) || type.kind !== 'map') return true;
  const [key] = value.keys();
  return key === undefined || (isOfType(key, firstParam(type)) && isResultOfType(value.find(key), secondParam(type)));
}

function isResultOfType(result: Result | undefined, type: CelType): boolean {
  if (result === undefined || result instanceof CelError) return type === DYN;
  return isOfType(result, type);
}
