// Field selectors: `spec.nodeName=n1,status.phase!=Failed`.
import { SelectorError } from './label-requirement.ts';

/** One condition on a field. */
export interface FieldRequirement {
  readonly field: string;
  readonly operator: '=' | '!=';
  readonly value: string;
}

/** Reads a field selector. Throws SelectorError. */
export function parseFieldSelector(text: string): FieldRequirement[] {
  return splitTerms(text)
    .sort()
    .filter((term) => term !== '')
    .map((term) => {
      const match = /^(.*?)(!=|==|=)(.*)$/s.exec(term);
      if (!match) throw new SelectorError(`invalid selector: '${text}'; can't understand '${term}'`);
      const [, field = '', operator, value = ''] = match;
      return { field, operator: operator === '!=' ? '!=' : '=', value: unescapeValue(value) };
    });
}

/** Terms are parted by commas, unless a backslash stands before one. */
const splitTerms = (text: string): string[] => text.match(/(?:\\[\s\S]|[^,\\]|\\$)+/g) ?? [];

function unescapeValue(value: string): string {
  return value.replace(/\\([\s\S]?)|[,=]/g, (all, escaped?: string) => {
    if (escaped === undefined) throw new SelectorError(`invalid field selector: unescaped character in value: ${all.charCodeAt(0)}`);
    if (escaped === '' || !'\\,='.includes(escaped)) throw new SelectorError(`invalid field selector: invalid escape sequence: ${all}`);
    return escaped;
  });
}

/** The text of field requirements, in which values are escaped. */
export const formatFieldSelector = (requirements: readonly FieldRequirement[]): string =>
  requirements.map(({ field, operator, value }) => `${field}${operator}${value.replace(/[\\,=]/g, '\\$&')}`).join(',');
