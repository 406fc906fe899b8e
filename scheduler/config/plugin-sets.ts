import { EXTENSION_POINTS, type ExtensionPoint, POINT_NAMES } from '../framework/extension-points.ts';
import type { Plugin } from '../framework/plugin.ts';
import type { PluginsByPoint } from '../framework/profile.ts';
import type { PluginRow, PluginSet, PluginSets, ProfileConfiguration } from './configuration.ts';

/** The plugins of a profile once its changes are made to the default ones: all of them are in `multiPoint`, unless the profile says otherwise. */
export function mergedWithDefaults(sets: PluginSets, defaults: readonly PluginRow[]): PluginSets {
  return { ...sets, multiPoint: { ...sets.multiPoint, enabled: mergeRows(defaults, sets.multiPoint) } };
}

/** A default plugin that is enabled again takes the new weight in its old place. Upstream: `mergePluginSet` of `apis/config/v1/default_plugins.go`. */
function mergeRows(defaults: readonly PluginRow[], { enabled, disabled }: PluginSet): readonly PluginRow[] {
  const kept = disabled.includes('*') ? [] : defaults.filter(({ name }) => !disabled.includes(name));
  const replacing = new Map(enabled.map((row) => [row.name, row]));
  const rows = kept.map((row) => replacing.get(row.name) ?? row);
  const named = new Set(rows.map(({ name }) => name));
  return [...rows, ...enabled.filter(({ name }) => !named.has(name))];
}

/** The plugins that must be made. */
export function namesIn(sets: PluginSets): ReadonlySet<string> {
  return new Set(Object.values(sets).flatMap(({ enabled }: PluginSet) => enabled.map(({ name }) => name)));
}

export interface Expanded {
  readonly points: PluginsByPoint;
  readonly weights: ReadonlyMap<string, number>;
  readonly errors: readonly string[];
}

/**
 * Spreads the plugins over the extension points: first those of the point's own list that are in multiPoint too, in the list's order, then
 * the rest of multiPoint, then the rest of the list. Upstream: `expandMultiPointPlugins` of `framework/runtime`.
 */
export function expandPlugins(
  sets: PluginSets,
  plugins: ReadonlyMap<string, Plugin>,
  { path }: Pick<ProfileConfiguration, 'path'>,
): Expanded {
  const errors: string[] = [];
  const points = Object.fromEntries(
    POINT_NAMES.map((point) => [point, expandPoint(point, sets, plugins, (text) => errors.push(`${path}.plugins.${text}`))]),
  ) as Record<ExtensionPoint, Plugin[]>;
  if (points.queueSort.length !== 1)
    errors.push(`${path}.plugins.queueSort: exactly one plugin must be enabled, not ${points.queueSort.length}`);
  if (points.bind.length === 0) errors.push(`${path}.plugins.bind: at least one plugin is needed`);
  const weights = weightsOf(sets, points);
  // Upstream adds the weights up, and takes what is less than nothing for more than can be counted.
  if ([...weights.values()].some((weight) => weight < 0)) errors.push(`${path}.plugins.score: total score of Score plugins could overflow`);
  return { points, weights, errors };
}

function expandPoint(
  point: ExtensionPoint,
  sets: PluginSets,
  plugins: ReadonlyMap<string, Plugin>,
  wrong: (text: string) => void,
): readonly Plugin[] {
  const method = EXTENSION_POINTS[point];
  const { enabled, disabled } = sets[point];
  const own = new Map<string, Plugin>();
  enabled.forEach(({ name }, i) => {
    const plugin = plugins.get(name);
    if (plugin && plugin[method] === undefined) wrong(`${point}.enabled[${i}]: plugin "${name}" does not take part in ${point}`);
    else if (own.has(name)) wrong(`${point}.enabled[${i}]: plugin "${name}" is enabled twice`);
    else if (plugin) own.set(name, plugin);
  });
  if (disabled.includes('*')) return [...own.values()];
  const everywhere = sets.multiPoint.enabled
    .filter(({ name }) => !disabled.includes(name))
    .flatMap(({ name }) => plugins.get(name) ?? [])
    .filter((plugin) => plugin[method] !== undefined);
  const shared = new Set(everywhere.map(({ name }) => name));
  const ordered = [...own.values()];
  return [
    ...ordered.filter(({ name }) => shared.has(name)),
    ...everywhere.filter(({ name }) => !own.has(name)),
    ...ordered.filter(({ name }) => !shared.has(name)),
  ];
}

/** What is in the score list has the weight that it has there, 1 when that does not say; the rest has that of multiPoint. Upstream: `getScoreWeights`. */
function weightsOf(sets: PluginSets, points: PluginsByPoint): ReadonlyMap<string, number> {
  const given = new Map([...sets.multiPoint.enabled, ...sets.score.enabled].map(({ name, weight }) => [name, weight]));
  return new Map(points.score.map(({ name }) => [name, given.get(name) || 1]));
}
