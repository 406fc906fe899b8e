import { type FieldError, fieldError, goQuote } from '../../../../api/index.ts';

/** Something wrong with a value: upstream's `errors.Validation` (kube-openapi, `pkg/validation/errors`). */
export interface Problem {
  /** The whole text; two problems with the same text are one. */
  readonly message: string;
  /** Path of the value; undefined where upstream does not tell it, which is where schemas are joined. */
  readonly name: string | undefined;
  /** The problem as the API tells it. */
  readonly tell: (field: string, message: string) => FieldError;
}

/** What a schema says of a value. */
export interface Result {
  /** Each once, by text. */
  readonly problems: Map<string, Problem>;
  /** How many checks were passed or made: of several schemas that do not match, the one with most is told about. */
  matches: number;
}

export const newResult = (): Result => ({ problems: new Map(), matches: 0 });

/** Adds a problem, unless it is known. */
export function addProblem({ problems }: Result, problem: Problem): void {
  if (!problems.has(problem.message)) problems.set(problem.message, problem);
}

/** Adds what another result says. */
export function merge(into: Result, other: Result): void {
  into.matches += other.matches;
  for (const problem of other.problems.values()) addProblem(into, problem);
}

/** A value that is not what it should be. */
export const invalidProblem = (path: string, value: unknown, text: string): Problem => ({
  message: `${path} in body ${text}`,
  name: path,
  tell: (field, message) => fieldError.invalid(field, value, message),
});

/** A value of a wrong type. */
export const typeProblem = (path: string, wanted: string, actual: string): Problem => ({
  message: `${path} in body must be of type ${wanted}: ${goQuote(actual)}`,
  name: path,
  tell: (field, message) => fieldError.typeInvalid(field, actual, message),
});

/** A problem that upstream knows no path of. */
export const looseProblem = (message: string): Problem => ({
  message,
  name: undefined,
  tell: (field, text) => fieldError.invalid(field, '', text),
});

/** How a path that is nowhere is printed. */
const NO_PATH = '<nil>';

/**
 * The problems as field errors.
 *
 * @param base path of the value that was looked at; undefined for a whole object.
 */
export const toFieldErrors = (problems: readonly Problem[], base: string | undefined): FieldError[] =>
  problems.map(({ name, message, tell }) => tell(fieldOf(base, name), message));

function fieldOf(base: string | undefined, name = ''): string {
  const path = name === '.' ? '' : name.startsWith('.') ? name.slice(1) : name;
  if (path === '') return base ?? NO_PATH;
  return base === undefined ? path : `${base}.${path}`;
}
