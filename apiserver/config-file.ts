import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { FieldError } from '../api/index.ts';
import { parseYaml } from '../api/schema.ts';
import { UserError } from '../runtime/index.ts';

/** A sort of configuration file: a kind, and its content in each of the versions it is understood in. */
export interface ConfigFormat<T> {
  /** The option that names the file. */
  readonly option: string;
  readonly kind: string;
  readonly apiVersions: readonly string[];
  /** What is in it, beside `kind` and `apiVersion`; unknown fields are mistakes, as upstream's strict decoding has it. */
  readonly schema: z.ZodType<T>;
}

/** Reads a configuration file's text. @throws UserError */
export function readConfigText(option: string, path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UserError(`--${option}: ${path} cannot be read (${error instanceof Error ? error.message : String(error)})`, {
      cause: error,
    });
  }
  if (text.trim() === '') throw new UserError(`--${option}: ${path} is empty`);
  return text;
}

const head = z.looseObject({ apiVersion: z.string().optional(), kind: z.string().optional() });

/** The content of a configuration file, YAML or JSON. @throws UserError that says what is wrong. */
export function parseConfig<T>({ option, kind, apiVersions, schema }: ConfigFormat<T>, path: string, text: string): T {
  const fail = (why: string) => new UserError(`--${option}: ${why} (in ${path})`);
  let content: unknown;
  try {
    content = parseYaml(text);
  } catch (error) {
    throw fail(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));
  }
  const found = head.safeParse(content);
  if (!found.success) throw fail('it must hold an object with kind and apiVersion');
  const { apiVersion = '', kind: foundKind = '', ...rest } = found.data;
  if (foundKind !== kind || !apiVersions.includes(apiVersion)) {
    throw fail(`it must hold kind ${kind} of ${apiVersions.join(' or ')}, not "${foundKind}" of "${apiVersion}"`);
  }
  const parsed = schema.safeParse(rest);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw fail(`${pathText(issue?.path ?? [])}: ${issue?.message}`);
}

/** @throws UserError with all errors, in upstream's words, when there are any. */
export function refuseConfig(option: string, path: string, errors: readonly FieldError[]): void {
  const texts = [...new Set(errors.map(({ field, body }) => `${field}: ${body}`))];
  if (texts.length > 0) throw new UserError(`--${option}: ${texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`} (in ${path})`);
}

const pathText = (path: readonly PropertyKey[]): string =>
  path.map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i === 0 ? '' : '.'}${String(part)}`)).join('');
