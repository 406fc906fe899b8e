// Which types fit where, with type parameters bound on the way (cel-go, `checker/types.go`).
import { type CelType, DYN, firstParam, isDyn, isDynOrError, isSameType, listOf, mapOf, opaque, secondParam, typeOfType } from './types.ts';

/** What type parameters stand for, by their name. */
type Bindings = ReadonlyMap<string, CelType>;

export class Unification {
  #bindings: Bindings = new Map();
  #fresh = 0;

  /** A type parameter that nothing else names. */
  freshVariable(): CelType {
    return { kind: 'param', name: `_var${this.#fresh++}`, params: [] };
  }

  /** Whether values of one type fit another; binds type parameters only if they do. */
  isAssignable(from: CelType, to: CelType): boolean {
    return this.areAssignable([from], [to]);
  }

  areAssignable(from: readonly CelType[], to: readonly CelType[]): boolean {
    const attempt = new Attempt(this.#bindings);
    if (!attempt.lists(from, to)) return false;
    this.#bindings = attempt.bindings;
    return true;
  }

  /** A type with its parameters replaced by what they stand for; unbound ones become dyn if asked. */
  resolve(type: CelType, unboundIsDyn: boolean): CelType {
    return substitute(this.#bindings, type, unboundIsDyn);
  }

  /** A function's types with parameters of their own. */
  instantiate(types: readonly CelType[], params: readonly string[]): readonly CelType[] {
    const own = new Map(params.map((name) => [name, this.freshVariable()]));
    return types.map((type) => substitute(own, type, false));
  }
}

/** The more general of two types that fit each other. */
export const mostGeneral = (a: CelType, b: CelType): CelType => (isEqualOrLessSpecific(a, b) ? a : b);

function substitute(bindings: Bindings, type: CelType, unboundIsDyn: boolean): CelType {
  if (type.kind === 'param') {
    const bound = bindings.get(type.name);
    if (bound) return substitute(bindings, bound, unboundIsDyn);
    return unboundIsDyn ? DYN : type;
  }
  if (type.params.length === 0) return type;
  const params = type.params.map((of) => substitute(bindings, of, unboundIsDyn));
  const first = params[0] ?? DYN;
  if (type.kind === 'list') return listOf(first);
  if (type.kind === 'map') return mapOf(first, params[1] ?? DYN);
  return type.kind === 'type' ? typeOfType(first) : opaque(type.name, ...params);
}

function isEqualOrLessSpecific(a: CelType, b: CelType): boolean {
  if (isDyn(a) || a.kind === 'param') return true;
  if (isDyn(b) || b.kind === 'param' || a.kind !== b.kind) return false;
  switch (a.kind) {
    case 'opaque':
      return (
        a.name === b.name && a.params.length === b.params.length && a.params.every((of, i) => isEqualOrLessSpecific(of, b.params[i] ?? DYN))
      );
    case 'list':
      return isEqualOrLessSpecific(firstParam(a), firstParam(b));
    case 'map':
      return isEqualOrLessSpecific(firstParam(a), firstParam(b)) && isEqualOrLessSpecific(secondParam(a), secondParam(b));
    case 'type':
      return true;
    default:
      return isSameType(a, b);
  }
}

/** Kinds that null fits (the legacy rule of cel-go's checker). */
const NULLABLE: ReadonlySet<string> = new Set(['opaque', 'struct', 'any', 'duration', 'timestamp', 'null']);

/** One try to make types fit, whose bindings count only if it succeeds. */
class Attempt {
  #own: Map<string, CelType> | undefined;
  readonly #base: Bindings;

  constructor(base: Bindings) {
    this.#base = base;
  }

  get bindings(): Bindings {
    return this.#own ?? this.#base;
  }

  lists(from: readonly CelType[], to: readonly CelType[]): boolean {
    return from.length === to.length && from.every((type, i) => this.#fits(type, to[i] ?? DYN));
  }

  #fits(a: CelType, b: CelType): boolean {
    if (b.kind === 'param') {
      const { valid, bound } = this.#substitutes(a, b);
      if (valid || bound) return valid;
    }
    if (a.kind === 'param') return this.#substitutes(b, a).valid;
    if (isDynOrError(a) || isDynOrError(b)) return true;
    if (a.kind === 'null') return NULLABLE.has(b.kind);
    if (b.kind === 'null') return NULLABLE.has(a.kind);
    if (a.kind !== b.kind) return false;
    if (a.kind === 'type') return true;
    return a.name === b.name && this.lists(a.params, b.params);
  }

  /** Whether `type` may stand for the parameter, and whether the parameter already stood for something. */
  #substitutes(type: CelType, variable: CelType): { readonly valid: boolean; readonly bound: boolean } {
    if (isSameType(type, variable)) return { valid: true, bound: true };
    const known = this.bindings.get(variable.name);
    if (!known) {
      const valid = this.#isFree(variable, type);
      if (valid) this.#bind(variable, type);
      return { valid, bound: false };
    }
    if (isSameType(type, known)) return { valid: true, bound: true };
    if (!this.#fits(type, known)) return { valid: false, bound: true };
    const general = mostGeneral(type, known);
    if (this.#isFree(variable, general)) this.#bind(variable, general);
    return { valid: true, bound: true };
  }

  #bind(variable: CelType, type: CelType): void {
    this.#own ??= new Map(this.#base);
    this.#own.set(variable.name, type);
  }

  /** The occurs check. */
  #isFree(variable: CelType, within: CelType): boolean {
    if (isSameType(variable, within)) return false;
    if (within.kind === 'param') {
      const bound = this.bindings.get(within.name);
      return !bound || this.#isFree(variable, bound);
    }
    return within.params.every((of) => this.#isFree(variable, of));
  }
}
