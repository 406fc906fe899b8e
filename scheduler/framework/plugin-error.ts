import type { Plugin } from './plugin.ts';

/** A plugin failed. */
export class PluginError extends Error {
  override readonly name = 'PluginError';

  constructor(point: string, plugin: string, cause: unknown) {
    const which = point === 'Filter' ? `"${plugin}" filter plugin` : `${point} plugin "${plugin}"`;
    super(`running ${which}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** @throws what a plugin throws, saying which one it was. */
export function told<T>(point: string, { name }: Plugin, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw new PluginError(point, name, error);
  }
}

/** As {@link told}, for plugins in turn. */
export function toldEach<P extends Plugin>(point: string, plugins: readonly P[], run: (plugin: P) => void): void {
  let i = 0;
  try {
    for (; i < plugins.length; i++) run(plugins[i] as P);
  } catch (error) {
    throw new PluginError(point, plugins[i]?.name ?? '', error);
  }
}

/** @throws what a plugin throws, in the words that upstream has for scores. */
export function scoredBy<T>(what: string, { name }: Plugin, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    throw new Error(`${what}: plugin "${name}" failed with: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
