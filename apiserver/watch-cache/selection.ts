import type { FieldRequirement, LabelSelectorQuery } from '../../api/index.ts';
import type { Entry } from './entry.ts';

/** A requirement on a selectable field, by its index (see {@link Entry.field}). */
export interface FieldMatch {
  readonly index: number;
  readonly equal: boolean;
  readonly value: string;
}

/** Which objects of a kind a list or a watch is about. */
export class Selection {
  /** `''` for all namespaces. */
  readonly namespace: string;
  readonly labels: LabelSelectorQuery | undefined;
  readonly fields: readonly FieldMatch[];
  #id: string | undefined;

  constructor(namespace: string, labels?: LabelSelectorQuery, fields: readonly FieldMatch[] = []) {
    this.namespace = namespace;
    this.labels = labels?.empty ? undefined : labels;
    this.fields = fields;
  }

  /** Equal for equal selections. */
  get id(): string {
    this.#id ??= JSON.stringify([
      this.namespace,
      this.labels?.toString() ?? '',
      ...this.fields.map(({ index, equal, value }) => `${index}${equal ? '=' : '!'}${value}`),
    ]);
    return this.#id;
  }

  /** True when no selector narrows the namespace. */
  get isWhole(): boolean {
    return this.labels === undefined && this.fields.length === 0;
  }

  /** True when an object must have one name, which has the first place among selectable fields. */
  get isOfOneName(): boolean {
    return this.fields.some(({ index, equal }) => equal && index === 0);
  }

  /** A field that must have one value: by it watchers and lists find their objects without looking at the others. */
  get trigger(): FieldMatch | undefined {
    return this.fields.find(({ equal }) => equal);
  }

  matches(entry: Entry): boolean {
    if (this.namespace !== '' && entry.namespace !== this.namespace) return false;
    for (const { index, equal, value } of this.fields) if ((entry.field(index) === value) !== equal) return false;
    return this.labels === undefined || this.labels.matches(entry.labels);
  }
}

/** Turns parsed field requirements into matches. @param names selectable fields in index order. */
export function fieldMatches(requirements: readonly FieldRequirement[], names: readonly string[]): FieldMatch[] {
  return requirements.map(({ field, operator, value }) => ({ index: names.indexOf(field), equal: operator === '=', value }));
}
