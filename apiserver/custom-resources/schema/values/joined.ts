// Schemas that are joined by allOf, anyOf, oneOf and not: upstream's `schemaPropsValidator`.
import { goQuote } from '../../../../api/index.ts';
import { addProblem, looseProblem, merge, newResult, type Result } from './result.ts';

/** One of the schemas. */
export interface Part {
  accepts(value: unknown): boolean;
  explain(value: unknown, path: string): Result;
}

export interface Joined {
  readonly allOf: readonly Part[];
  readonly anyOf: readonly Part[];
  readonly oneOf: readonly Part[];
  readonly not: Part | undefined;
}

/** Whether a value is as the joined schemas want it. */
export function acceptsJoined({ allOf, anyOf, oneOf, not }: Joined, value: unknown): boolean {
  if (anyOf.length > 0 && !anyOf.some((part) => part.accepts(value))) return false;
  if (oneOf.length > 0 && oneOf.filter((part) => part.accepts(value)).length !== 1) return false;
  return allOf.every((part) => part.accepts(value)) && !not?.accepts(value);
}

/** What is wrong with a value, and how much is right. */
export function explainJoined(joined: Joined, value: unknown, path: string): Result {
  const result = newResult();
  if (joined.anyOf.length > 0) explainAny(joined.anyOf, { value, path }, result);
  if (joined.oneOf.length > 0) explainOne(joined.oneOf, { value, path }, result);
  if (joined.allOf.length > 0) explainAll(joined.allOf, { value, path }, result);
  if (joined.not && isValid(joined.not.explain(value, path))) {
    addProblem(result, looseProblem(`${goQuote(path)} must not validate the schema (not)`));
  }
  result.matches++;
  return result;
}

interface At {
  readonly value: unknown;
  readonly path: string;
}

const isValid = ({ problems }: Result): boolean => problems.size === 0;

/** The first of the results with most matches. */
const best = (results: readonly Result[]): Result | undefined =>
  results.reduce<Result | undefined>((found, result) => (found && found.matches >= result.matches ? found : result), undefined);

function explainAny(parts: readonly Part[], { value, path }: At, into: Result): void {
  const failures: Result[] = [];
  for (const part of parts) {
    const result = part.explain(value, path);
    if (isValid(result)) {
      merge(into, result);
      return;
    }
    failures.push(result);
  }
  addProblem(into, looseProblem(`${goQuote(path)} must validate at least one schema (anyOf)`));
  const told = best(failures);
  if (told) merge(into, told);
}

function explainOne(parts: readonly Part[], { value, path }: At, into: Result): void {
  const results = parts.map((part) => part.explain(value, path));
  const valid = results.filter(isValid);
  const [first] = valid;
  if (first && valid.length === 1) {
    merge(into, first);
    return;
  }
  const found = valid.length === 0 ? 'Found none valid' : `Found ${valid.length} valid alternatives`;
  addProblem(into, looseProblem(`${goQuote(path)} must validate one and only one schema (oneOf). ${found}`));
  const told = valid.length === 0 ? best(results) : undefined;
  if (told) merge(into, told);
}

function explainAll(parts: readonly Part[], { value, path }: At, into: Result): void {
  const results = parts.map((part) => part.explain(value, path));
  for (const result of results) merge(into, result);
  const valid = results.filter(isValid).length;
  if (valid === parts.length) return;
  addProblem(into, looseProblem(`${goQuote(path)} must validate all the schemas (allOf)${valid === 0 ? '. None validated' : ''}`));
}
