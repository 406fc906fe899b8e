import type { Place } from './config-error.ts';

/** A directive as it stands in the configuration. */
export interface Directive extends Place {
  readonly name: string;
  readonly args: readonly string[];
  /** What stands in its braces. */
  readonly block?: Scope | undefined;
}

/**
 * A block. What it does not say itself, the block around it says: a directive that is there on one level hides all of its name on the levels
 * above, as nginx merges nearly all of its settings.
 */
export class Scope {
  readonly parent: Scope | undefined;
  /** Which block it is, by the letter of the table of directives. */
  readonly context: string;
  /** Whether it is a location of which it is not known what its requests begin with: by pattern, or by name. */
  readonly takesNoUri: boolean;
  readonly directives: Directive[] = [];
  readonly #own = new Map<string, Directive[]>();

  constructor(context: string, parent?: Scope, takesNoUri = false) {
    this.context = context;
    this.parent = parent;
    this.takesNoUri = takesNoUri;
  }

  add(directive: Directive): void {
    this.directives.push(directive);
    const before = this.#own.get(directive.name);
    if (before) before.push(directive);
    else this.#own.set(directive.name, [directive]);
  }

  /** Those of a name in this block itself. */
  own(name: string): readonly Directive[] {
    return this.#own.get(name) ?? NONE;
  }

  /** Those of a name on the next level that has any of it, or of names that go together. */
  all(...names: readonly string[]): readonly Directive[] {
    for (let scope: Scope | undefined = this; scope; scope = scope.parent) {
      const { directives } = scope;
      if (!names.some((name) => scope?.own(name).length)) continue;
      return names.length === 1 ? scope.own(names[0] ?? '') : directives.filter(({ name }) => names.includes(name));
    }
    return NONE;
  }

  /** The last of a name. */
  find(name: string): Directive | undefined {
    return this.all(name).at(-1);
  }

  /** The first argument of a directive. */
  text(name: string): string | undefined {
    return this.find(name)?.args[0];
  }

  /** A directive that is on or off. */
  isOn(name: string, usual = false): boolean {
    const text = this.text(name);
    return text === undefined ? usual : text.toLowerCase() === 'on';
  }
}

const NONE: readonly Directive[] = [];
