import type { Directive } from './scope.ts';
import { compileTemplate, type Template } from './template.ts';

const compiled = new WeakMap<Directive, (Template | undefined)[]>();

/** An argument of a directive as a text with variables; read once. @throws ConfigError */
export function templateOf(directive: Directive, index = 0): Template {
  let templates = compiled.get(directive);
  if (!templates) {
    templates = [];
    compiled.set(directive, templates);
  }
  const known = templates[index];
  if (known) return known;
  const made = compileTemplate(directive.args[index] ?? '', directive);
  templates[index] = made;
  return made;
}
