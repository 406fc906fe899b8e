import type { PluginConfig, SchedulerConfiguration } from './configuration.ts';

const FIT = 'NodeResourcesFit';

/** Resources that an extender manages alone are none of NodeResourcesFit's business, in the place of those that its arguments name. Upstream: `buildExtenders` of `pkg/scheduler/scheduler.go`. */
export function withManagedResources(configuration: SchedulerConfiguration): SchedulerConfiguration {
  const ignored = configuration.extenders.flatMap(({ managedResources }) =>
    managedResources.filter((one) => one.ignoredByScheduler).map(({ name }) => name),
  );
  if (ignored.length === 0) return configuration;
  return {
    ...configuration,
    profiles: configuration.profiles.map((profile) => ({ ...profile, pluginConfig: ignoring(profile.pluginConfig, ignored) })),
  };
}

function ignoring(pluginConfig: readonly PluginConfig[], ignored: readonly string[]): readonly PluginConfig[] {
  const given = pluginConfig.find(({ name }) => name === FIT);
  const args = asObject(given?.args);
  const fit = { name: FIT, path: given?.path ?? 'pluginConfig', args: { ...args, ignoredResources: ignored } };
  return [...pluginConfig.filter(({ name }) => name !== FIT), fit];
}

const asObject = (value: unknown): Readonly<Record<string, unknown>> => (typeof value === 'object' && value !== null ? { ...value } : {});
