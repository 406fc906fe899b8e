import { UserError } from '../../runtime/index.ts';
import type { Handle, Plugin, PluginDefinition } from '../framework/plugin.ts';
import { Profile, type ProfileObserver } from '../framework/profile.ts';
import { CONFIGURATION_API_VERSION, type PluginConfig, type PluginRow, type ProfileConfiguration } from './configuration.ts';
import { expandPlugins, mergedWithDefaults, namesIn } from './plugin-sets.ts';

/** The plugins there are, and which of them a profile has by default. */
export interface PluginRegistry {
  readonly definitions: ReadonlyMap<string, PluginDefinition>;
  readonly defaults: readonly PluginRow[];
}

/** A registry with plugins added to it. @throws UserError when two have one name. */
export function registryWith({ definitions, defaults }: PluginRegistry, more: readonly PluginDefinition[]): PluginRegistry {
  const all = new Map(definitions);
  for (const definition of more) {
    if (all.has(definition.name)) throw new UserError(`pluginModules: there are two plugins of the name "${definition.name}"`);
    all.set(definition.name, definition);
  }
  return { definitions: all, defaults };
}

/** What a profile is made with, beside its configuration. */
export interface ProfileParts {
  readonly registry: PluginRegistry;
  /** The handle of the profile's plugins, without the profile itself. */
  readonly handleOf: (schedulerName: string) => Omit<Handle, 'framework'>;
  readonly observer?: ProfileObserver | undefined;
}

/**
 * Makes a profile and its plugins.
 *
 * @throws UserError that says all that is wrong: unknown plugins, arguments that cannot be used, plugins at points they take no part in.
 */
export function buildProfile(configuration: ProfileConfiguration, { registry, handleOf, observer }: ProfileParts): Profile {
  const { schedulerName, percentageOfNodesToScore, path } = configuration;
  const sets = mergedWithDefaults(configuration.plugins, registry.defaults);
  const errors = [...unknownPlugins(configuration, registry), ...enabledTwice(configuration)];
  const base = handleOf(schedulerName);
  let made: Profile | undefined;
  const handle: Handle = Object.defineProperty({ ...base } as Handle, 'framework', { get: () => made, enumerable: true });
  const plugins = new Map<string, Plugin>();
  for (const name of namesIn(sets)) {
    const definition = registry.definitions.get(name);
    const args =
      definition &&
      readArgs(
        definition,
        configuration.pluginConfig.find((row) => row.name === name),
      );
    if (args && 'errors' in args) errors.push(...args.errors);
    else if (definition && args) plugins.set(name, definition.create(args.args, handle));
  }
  const expanded = expandPlugins(sets, plugins, { path });
  const wrong = errors.length > 0 ? errors : expanded.errors;
  if (wrong.length > 0) throw new UserError(`the scheduler configuration is not valid:\n${wrong.map((line) => `  ${line}`).join('\n')}`);
  const { nominator, clock } = base;
  const { points, weights } = expanded;
  made = new Profile({ schedulerName, percentageOfNodesToScore, plugins: points, weights, nominator, clock, observer });
  return made;
}

function unknownPlugins({ plugins, pluginConfig, path }: ProfileConfiguration, { definitions }: PluginRegistry): string[] {
  const there = `there are ${[...definitions.keys()].sort().join(', ')}`;
  const errors: string[] = [];
  for (const [point, { enabled }] of Object.entries(plugins)) {
    enabled.forEach(({ name }, i) => {
      if (!definitions.has(name)) errors.push(`${path}.plugins.${point}.enabled[${i}]: there is no plugin "${name}"; ${there}`);
    });
  }
  for (const { name, path: at } of pluginConfig) {
    if (!definitions.has(name)) errors.push(`${at}: there is no plugin "${name}"; ${there}`);
  }
  return errors;
}

/** Points tell of it themselves; multiPoint is merged with the defaults before it comes to them. */
const enabledTwice = ({ plugins: { multiPoint }, path }: ProfileConfiguration): string[] =>
  multiPoint.enabled.flatMap(({ name }, i) =>
    multiPoint.enabled.findIndex((other) => other.name === name) < i
      ? [`${path}.plugins.multiPoint.enabled[${i}]: plugin "${name}" is enabled twice`]
      : [],
  );

function readArgs(definition: PluginDefinition, config: PluginConfig | undefined): ReturnType<NonNullable<PluginDefinition['readArgs']>> {
  const path = `${config?.path ?? 'pluginConfig'}.args`;
  const given: unknown = config?.args ?? {};
  if (!definition.readArgs) return { args: given };
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return { errors: [`${path}: must be an object`] };
  const { apiVersion, kind, ...args } = given as Readonly<Record<string, unknown>>;
  if (kind !== undefined && kind !== `${definition.name}Args`)
    return { errors: [`${path}.kind: must be ${definition.name}Args, not ${String(kind)}`] };
  if (apiVersion !== undefined && apiVersion !== CONFIGURATION_API_VERSION)
    return { errors: [`${path}.apiVersion: must be ${CONFIGURATION_API_VERSION}, not ${String(apiVersion)}`] };
  return definition.readArgs(args, path);
}
