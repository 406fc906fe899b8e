import type { Plugin } from './plugin.ts';

/** The extension points that a configuration names, each with the method that takes part in it, in the order they run. */
export const EXTENSION_POINTS = {
  preEnqueue: 'preEnqueue',
  queueSort: 'less',
  preFilter: 'preFilter',
  filter: 'filter',
  postFilter: 'postFilter',
  preScore: 'preScore',
  score: 'score',
  reserve: 'reserve',
  permit: 'permit',
  preBind: 'preBind',
  bind: 'bind',
  postBind: 'postBind',
} as const satisfies Readonly<Record<string, keyof Plugin>>;

export type ExtensionPoint = keyof typeof EXTENSION_POINTS;

/** What is timed as one: undoing a reservation has a name of its own. */
export type ObservedPoint = ExtensionPoint | 'unreserve';

export const POINT_NAMES = Object.keys(EXTENSION_POINTS) as readonly ExtensionPoint[];

/** A plugin that has the method of a point. */
export type PluginAt<P extends ExtensionPoint> = Plugin & Required<Pick<Plugin, (typeof EXTENSION_POINTS)[P]>>;

/** Whether a plugin takes part in a point. One with only `unreserve` takes part in reserve. */
export const takesPartIn = <P extends ExtensionPoint>(plugin: Plugin, point: P): plugin is PluginAt<P> =>
  plugin[EXTENSION_POINTS[point]] !== undefined;

/** The names of the points in metrics. */
export const pointLabel = (
  point: ObservedPoint | 'preFilterExtensionAddPod' | 'preFilterExtensionRemovePod' | 'scoreExtensionNormalize',
): string => point.charAt(0).toUpperCase() + point.slice(1);
