import type { Assignment, Word } from './ast.ts';
import { ShellError, type ShellState } from './state.ts';

/**
 * Arrays as bash has them: elements by number, or by text (`declare -A`). A variable that is no array is one of a single element; the element 0
 * of an array is what its name alone stands for.
 */

type Scope = Pick<ShellState, 'arrays' | 'variables' | 'associative'>;

/** Keys of the elements, in their order. */
export function keysOf({ arrays, variables, associative }: Scope, name: string): readonly string[] {
  const keys = [...(arrays.get(name)?.keys() ?? (variables.has(name) ? ['0'] : []))];
  return associative.has(name) ? keys : keys.sort((a, b) => Number(a) - Number(b));
}

export function elementOf({ arrays, variables }: Scope, name: string, key: string): string | undefined {
  return arrays.has(name) ? arrays.get(name)?.get(key) : key === '0' ? variables.get(name) : undefined;
}

export const valuesOf = (scope: Scope, name: string): readonly string[] =>
  keysOf(scope, name).map((key) => elementOf(scope, name, key) ?? '');

/** The number behind the last one. */
const nextNumber = (scope: Scope, name: string): number => Number(keysOf(scope, name).at(-1) ?? -1) + 1;

/** The key of a number; negative ones count from the end. @throws ShellError */
export function numberedKey(scope: Scope, name: string, index: number): string {
  const own = index < 0 ? nextNumber(scope, name) + index : index;
  if (own < 0) throw new ShellError(`${name}: bad array subscript`);
  return String(own);
}

const mustBeWritable = ({ readOnly }: ShellState, name: string): void => {
  if (readOnly.has(name)) throw new ShellError(`${name}: is read only`, 2);
};

function setElement(state: ShellState, name: string, key: string, value: string): void {
  const elements = state.arrays.get(name) ?? new Map(keysOf(state, name).map((own) => [own, elementOf(state, name, own) ?? '']));
  elements.set(key, value);
  state.arrays.set(name, elements);
  if (key === '0') state.variables.set(name, value);
}

/** An array of these values and no others. */
export function setArray(state: ShellState, name: string, values: readonly string[]): void {
  mustBeWritable(state, name);
  unsetArray(state, name);
  state.arrays.set(name, new Map());
  for (const [i, value] of values.entries()) setElement(state, name, String(i), value);
}

/** A variable with all of its elements is no more; or, as `name[key]`, one element. */
export function unsetArray(state: ShellState, name: string): void {
  const [, own = name, key] = /^(\w+)\[(.*)\]$/.exec(name) ?? [];
  if (key === undefined || key === '0') state.variables.delete(own);
  if (key === undefined) state.arrays.delete(own);
  else state.arrays.get(own)?.delete(key.replace(/^(["'])(.*)\1$/, '$2'));
}

/** What assignments need of the shell's expansion. */
interface Expansion {
  text(word: Word): Promise<string>;
  fields(words: readonly Word[]): Promise<string[]>;
  arrayKey(name: string, index: Word): Promise<string>;
}

/** Carries out `name=value`, `name[index]=value` or `name=(…)`, with `+=` too; what is being declared may be read-only already. */
export async function assign(state: ShellState, expansion: Expansion, assignment: Assignment, isDeclared = false): Promise<void> {
  const { name, value, append, index, elements } = assignment;
  if (!isDeclared) mustBeWritable(state, name);
  if (elements) return await assignArray(state, expansion, { ...assignment, elements });
  const text = await expansion.text(value);
  if (index === undefined) return state.set(name, append ? (state.variables.get(name) ?? '') + text : text);
  const key = await expansion.arrayKey(name, index);
  setElement(state, name, key, append ? (elementOf(state, name, key) ?? '') + text : text);
}

async function assignArray(
  state: ShellState,
  expansion: Expansion,
  { name, append, elements }: Assignment & Required<Pick<Assignment, 'elements'>>,
): Promise<void> {
  // What is on the right may name the array itself.
  const made: [string | undefined, string][] = [];
  for (const { index, value } of elements ?? []) {
    if (index === undefined) for (const field of await expansion.fields([value])) made.push([undefined, field]);
    else made.push([await expansion.arrayKey(name, index), await expansion.text(value)]);
  }
  if (!append) {
    unsetArray(state, name);
    state.arrays.set(name, new Map());
  }
  let next = append ? nextNumber(state, name) : 0;
  for (const [key, value] of made) {
    setElement(state, name, key ?? String(next), value);
    next = Number(key ?? next) + 1;
  }
}
