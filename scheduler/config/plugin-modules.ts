import { pathToFileURL } from 'node:url';
import { UserError } from '../../runtime/index.ts';
import type { PluginDefinition } from '../framework/plugin.ts';

/**
 * Loads plugins of the user's own. A module's default export is one of them, or a list.
 *
 * @throws UserError when a module cannot be loaded or has no plugin.
 */
export async function loadPluginModules(files: readonly string[]): Promise<PluginDefinition[]> {
  const lists = await Promise.all(files.map(loadModule));
  return lists.flat();
}

async function loadModule(file: string): Promise<readonly PluginDefinition[]> {
  const module = await import(pathToFileURL(file).href).catch((error: unknown) => {
    throw new UserError(`pluginModules: ${file} cannot be loaded: ${whyNot(file, error)}`, { cause: error });
  });
  const exported: unknown = module.default;
  const plugins = Array.isArray(exported) ? exported : [exported];
  return plugins.map((plugin) => {
    if (isDefinition(plugin)) return plugin;
    throw new UserError(`pluginModules: the default export of ${file} is no plugin: it needs a name and a function create`);
  });
}

function whyNot(file: string, error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const isTypeScript = error instanceof Error && 'code' in error && error.code === 'ERR_UNKNOWN_FILE_EXTENSION' && /\.[cm]?ts$/.test(file);
  return isTypeScript ? `Node.js ${process.versions.node} does not run TypeScript (22.18 and later do); compile it to JavaScript` : text;
}

const isDefinition = (value: unknown): value is PluginDefinition =>
  typeof value === 'object' &&
  value !== null &&
  'name' in value &&
  typeof value.name === 'string' &&
  'create' in value &&
  typeof value.create === 'function';
