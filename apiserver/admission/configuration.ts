import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { parseYaml } from '../../api/schema.ts';
import { UserError } from '../../runtime/index.ts';

/** What is written for one plugin. */
interface PluginSection {
  readonly content: unknown;
  /** The file it is in. */
  readonly path: string;
}

const API_VERSIONS = ['apiserver.config.k8s.io/v1', 'apiserver.k8s.io/v1alpha1'] as const;

const fileSchema = z.strictObject({
  apiVersion: z.enum(API_VERSIONS),
  kind: z.literal('AdmissionConfiguration'),
  plugins: z
    .array(z.strictObject({ name: z.string(), path: z.string().nullish(), configuration: z.unknown().optional() }))
    .nullish()
    .transform((plugins) => plugins ?? []),
});

/**
 * What `--admission-control-config-file` says to each plugin: in the file itself, or in a file that it names. Upstream:
 * `admission.ReadAdmissionConfiguration`.
 */
export class AdmissionConfiguration {
  readonly #sections: ReadonlyMap<string, PluginSection>;

  constructor(sections: ReadonlyMap<string, PluginSection> = new Map()) {
    this.#sections = sections;
  }

  /** The plugins that something is said to. */
  get names(): string[] {
    return [...this.#sections.keys()];
  }

  /**
   * What is said to a plugin; undefined when nothing is.
   *
   * @throws UserError when it is not what the plugin takes.
   */
  of<T>(plugin: string, schema: z.ZodType<T>): T | undefined {
    const section = this.#sections.get(plugin);
    if (!section) return undefined;
    const parsed = schema.safeParse(section.content);
    if (!parsed.success) throw mistake(section.path, `${plugin}: ${firstIssue(parsed.error)}`);
    return parsed.data;
  }

  /** That what is said to a plugin cannot be followed, in the words of upstream's validation. */
  refuse(plugin: string, problems: readonly string[]): UserError {
    return mistake(this.#sections.get(plugin)?.path ?? '', `${plugin}: ${problems.join(', ')}`);
  }
}

/** @throws UserError that says what is wrong with the file, or with one that it names. */
export function readAdmissionConfiguration(path: string): AdmissionConfiguration {
  const parsed = fileSchema.safeParse(readYaml(path));
  if (!parsed.success) throw mistake(path, firstIssue(parsed.error));
  const sections = parsed.data.plugins.map(({ name, path: own, configuration }): [string, PluginSection] => {
    if (!own) return [name, { content: configuration ?? undefined, path }];
    const there = resolve(dirname(path), own);
    return [name, { content: readYaml(there), path: there }];
  });
  return new AdmissionConfiguration(new Map(sections.filter(([, { content }]) => content !== undefined)));
}

function readYaml(path: string): unknown {
  try {
    return parseYaml(readFileSync(path, 'utf8'));
  } catch (error) {
    throw mistake(path, error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));
  }
}

function firstIssue({ issues: [issue] }: z.ZodError): string {
  const where = issue?.path.join('.') ?? '';
  return where === '' ? (issue?.message ?? '') : `${where}: ${issue?.message}`;
}

const mistake = (path: string, why: string) => new UserError(`--admission-control-config-file: ${why} (in ${path})`);

/** A list that may be left out. */
export const listIn = <T extends z.ZodType>(item: T) =>
  z
    .array(item)
    .nullish()
    .transform((items) => items ?? []);
