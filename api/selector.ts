// Label selectors (`app=web,tier in (a,b),!canary`), read and matched as upstream does.
import { goQuote } from './field-error.ts';
import { type LabelOperator, type LabelRequirement, parseInt64, requirement, SelectorError } from './label-requirement.ts';
import { LabelSelectorParser } from './label-selector-parser.ts';
import type { LabelSelector } from './meta/v1/selector.ts';

type Labels = Readonly<Record<string, string>> | undefined | null;

/** A label selector: all its requirements must hold. */
export interface LabelSelectorQuery {
  matches(labels: Labels): boolean;
  /** Canonical text: requirements by key, values sorted. */
  toString(): string;
  /** True if it selects everything. */
  readonly empty: boolean;
  readonly requirements: readonly LabelRequirement[];
}

/** Selects everything. */
export const EVERYTHING: LabelSelectorQuery = query([]);

/** Selects nothing: what an absent selector means in an object. */
export const NOTHING: LabelSelectorQuery = { matches: () => false, toString: () => '', empty: false, requirements: [] };

/** Reads the text form. Throws SelectorError. */
export function parseLabelSelector(text: string): LabelSelectorQuery {
  if (text === '') return EVERYTHING;
  return query(new LabelSelectorParser(text).parse());
}

/** The query of an object's selector: nothing when it is absent, everything when it is empty. Throws SelectorError. */
export function fromLabelSelector(selector: LabelSelector | null | undefined): LabelSelectorQuery {
  if (selector === undefined || selector === null) return NOTHING;
  const requirements = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => requirement(key, '=', [value]));
  for (const { key, operator, values } of selector.matchExpressions ?? []) {
    const known = OPERATORS.get(operator);
    if (known === undefined) throw new SelectorError(`${goQuote(operator)} is not a valid label selector operator`);
    requirements.push(requirement(key, known, values ?? []));
  }
  return query(requirements);
}

/** The query that a plain map of labels stands for, unchecked: everything when it is empty. */
export const fromLabels = (labels: Labels): LabelSelectorQuery =>
  query(Object.entries(labels ?? {}).map(([key, value]) => ({ key, operator: '=', values: [value] })));

const OPERATORS: ReadonlyMap<string, LabelOperator> = new Map<string, LabelOperator>([
  ['In', 'in'],
  ['NotIn', 'notin'],
  ['Exists', 'exists'],
  ['DoesNotExist', '!'],
]);

function query(unsorted: readonly LabelRequirement[]): LabelSelectorQuery {
  if (unsorted.length === 0) return { matches: () => true, toString: () => '', empty: true, requirements: [] };
  const requirements = [...unsorted].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  const tests = requirements.map(compile);
  const text = requirements.map(write).join(',');
  const [only] = tests;
  const all = (labels: Labels) => {
    const given = labels ?? {};
    for (const test of tests) if (!test(given)) return false;
    return true;
  };
  return {
    requirements,
    empty: false,
    toString: () => text,
    matches: only && tests.length === 1 ? (labels) => only(labels ?? {}) : all,
  };
}

function compile({ key, operator, values }: LabelRequirement): (labels: Readonly<Record<string, string>>) => boolean {
  const first = values[0];
  const has = (value: string): boolean => (values.length === 1 ? value === first : values.includes(value));
  const lookUp = (labels: Readonly<Record<string, string>>): string | undefined => (Object.hasOwn(labels, key) ? labels[key] : undefined);
  switch (operator) {
    case '=':
    case '==':
    case 'in':
      if (values.length === 1 && first !== undefined) return (labels) => labels[key] === first && Object.hasOwn(labels, key);
      return (labels) => {
        const value = lookUp(labels);
        return value !== undefined && has(value);
      };
    case '!=':
    case 'notin':
      return (labels) => {
        const value = lookUp(labels);
        return value === undefined || !has(value);
      };
    case 'exists':
      return (labels) => lookUp(labels) !== undefined;
    case '!':
      return (labels) => lookUp(labels) === undefined;
    case 'gt':
      return (labels) => compare(lookUp(labels), first) > 0;
    case 'lt':
      return (labels) => compare(lookUp(labels), first) < 0;
  }
}

/** Not a number when either is no integer, so that no comparison holds. */
function compare(a: string | undefined, b: string | undefined): number {
  const left = parseInt64(a);
  const right = parseInt64(b);
  if (left === undefined || right === undefined) return Number.NaN;
  return left < right ? -1 : left > right ? 1 : 0;
}

const SYMBOLS: Readonly<Partial<Record<LabelOperator, string>>> = { '=': '=', '==': '==', '!=': '!=', gt: '>', lt: '<' };

function write({ key, operator, values }: LabelRequirement): string {
  if (operator === '!') return `!${key}`;
  if (operator === 'exists') return key;
  const symbol = SYMBOLS[operator];
  if (symbol !== undefined) return `${key}${symbol}${values[0] ?? ''}`;
  return `${key} ${operator} (${[...values].sort().join(',')})`;
}
