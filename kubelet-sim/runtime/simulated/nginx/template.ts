import { type Place, wrongAt } from './config-error.ts';

/** Gives the value of a variable; undefined when it has none. */
export type ValueOf = (name: string) => string | undefined;

/** A text with variables in it, ready to be filled in. */
export interface Template {
  readonly source: string;
  /** The variables that it names. */
  readonly variables: readonly string[];
  /** @param quote what is done to values before they are put in */
  fill(valueFor: ValueOf, quote?: (value: string) => string): string;
}

const VARIABLE = /\$(?:\{([^}]*)\}?|(\w+))|\$/g;

/** Reads a text as nginx does (`ngx_http_script_compile`). @throws ConfigError */
export function compileTemplate(source: string, place: Place): Template {
  const parts: { readonly text: string; readonly name?: string }[] = [];
  let end = 0;
  for (const { 0: whole, 1: braced, 2: plain, index } of source.matchAll(VARIABLE)) {
    if (braced !== undefined && !whole.endsWith('}')) throw wrongAt(place, `the closing bracket in "${braced}" variable is missing`);
    const name = braced ?? plain ?? '';
    if (name === '') throw wrongAt(place, 'invalid variable name');
    parts.push({ text: source.slice(end, index), name: lowerOf(name) });
    end = index + whole.length;
  }
  const rest = source.slice(end);
  if (parts.length === 0) return { source, variables: [], fill: () => source };
  return {
    source,
    variables: parts.flatMap(({ name }) => name ?? []),
    fill(valueFor, quote = (value) => value) {
      let text = '';
      for (const part of parts) text += part.text + (part.name === undefined ? '' : quote(valueFor(part.name) ?? ''));
      return text + rest;
    },
  };
}

/** Names are compared without regard to case. */
const lowerOf = (name: string): string => name.toLowerCase();
