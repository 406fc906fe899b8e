import { formatDuration, formatMilliseconds, parseDuration } from '../../api/index.ts';
import { POINT_NAMES, pointLabel } from '../framework/extension-points.ts';
import type { PluginRegistry } from './build-profiles.ts';
import {
  CONFIGURATION_API_VERSION,
  type PluginConfig,
  type PluginSet,
  type ProfileConfiguration,
  type SchedulerConfiguration,
} from './configuration.ts';
import { isObject } from './field-reader.ts';
import { withManagedResources } from './managed-resources.ts';
import { mergedWithDefaults } from './plugin-sets.ts';

const CPU_AND_MEMORY = [
  { Name: 'cpu', Weight: 1 },
  { Name: 'memory', Weight: 1 },
];

/** The arguments of plugins that have some, as they are unless a file says otherwise. */
const ARGUMENTS: Readonly<Record<string, object>> = {
  DefaultPreemption: { MinCandidateNodesPercentage: 10, MinCandidateNodesAbsolute: 100 },
  DynamicResources: { FilterTimeout: '10s' },
  InterPodAffinity: { HardPodAffinityWeight: 1, IgnorePreferredTermsOfExistingPods: false },
  NodeAffinity: { AddedAffinity: null },
  NodeResourcesBalancedAllocation: { Resources: CPU_AND_MEMORY },
  NodeResourcesFit: {
    IgnoredResources: null,
    IgnoredResourceGroups: null,
    ScoringStrategy: { Type: 'LeastAllocated', Resources: CPU_AND_MEMORY, RequestedToCapacityRatio: null },
  },
  PodTopologySpread: { DefaultConstraints: null, DefaultingType: 'System' },
  VolumeBinding: { BindTimeoutSeconds: 600, Shape: null },
};

/** Whether the arguments of a plugin have a type of upstream's; those of others stay as they are. */
export const hasTypedArguments = (plugin: string): boolean => Object.hasOwn(ARGUMENTS, plugin);

/** Fields that hold objects of the API, whose fields are called as ever. */
export const API_FIELDS: ReadonlySet<string> = new Set(['addedAffinity', 'defaultConstraints']);

/**
 * What a scheduler says on `/configz`: its configuration, defaults filled in, with the names of upstream's Go types. Upstream:
 * `configz.New("componentconfig")`, cmd/kube-scheduler/app/server.go.
 */
export function configz(configuration: SchedulerConfiguration, registry: PluginRegistry): object {
  const { leaderElection, clientConnection, extenders } = configuration;
  const { profiles } = withManagedResources(configuration);
  return {
    componentconfig: {
      apiVersion: CONFIGURATION_API_VERSION,
      Parallelism: configuration.parallelism,
      LeaderElection: {
        LeaderElect: leaderElection.leaderElect,
        LeaseDuration: formatMilliseconds(leaderElection.leaseDurationMs),
        RenewDeadline: formatMilliseconds(leaderElection.renewDeadlineMs),
        RetryPeriod: formatMilliseconds(leaderElection.retryPeriodMs),
        ResourceLock: 'leases',
        ResourceName: leaderElection.resourceName,
        ResourceNamespace: leaderElection.resourceNamespace,
      },
      ClientConnection: {
        Kubeconfig: clientConnection.kubeconfig ?? '',
        AcceptContentTypes: clientConnection.acceptContentTypes,
        ContentType: clientConnection.contentType,
        QPS: clientConnection.qps ?? 50,
        Burst: clientConnection.burst ?? 100,
      },
      EnableProfiling: configuration.enableProfiling,
      EnableContentionProfiling: configuration.enableContentionProfiling,
      PercentageOfNodesToScore: configuration.percentageOfNodesToScore,
      PodInitialBackoffSeconds: configuration.podInitialBackoffMs / 1000,
      PodMaxBackoffSeconds: configuration.podMaxBackoffMs / 1000,
      Profiles: profiles.map((profile, i) => profileOf(profile, configuration.profiles[i]?.pluginConfig ?? [], registry)),
      Extenders: orNull(extenders.map(extenderOf)),
      DelayCacheUntilActive: configuration.delayCacheUntilActive,
    },
  };
}

const orNull = <T>(list: readonly T[]): readonly T[] | null => (list.length === 0 ? null : list);

/** @param given the arguments as they stand in the file: they come first, in its order. */
function profileOf(profile: ProfileConfiguration, given: readonly PluginConfig[], { defaults }: PluginRegistry): object {
  const sets = mergedWithDefaults(profile.plugins, defaults);
  const points = [...POINT_NAMES.map((point) => [pointLabel(point), sets[point]] as const), ['MultiPoint', sets.multiPoint] as const];
  const names = new Set([...given.map(({ name }) => name), ...Object.keys(ARGUMENTS)]);
  return {
    SchedulerName: profile.schedulerName,
    PercentageOfNodesToScore: profile.percentageOfNodesToScore ?? null,
    Plugins: Object.fromEntries(points.map(([name, set]) => [name, setOf(set)])),
    PluginConfig: [...names].map((name) => ({ Name: name, Args: argsOf(name, profile.pluginConfig) })),
  };
}

const setOf = ({ enabled, disabled }: PluginSet): object => ({
  Enabled: orNull(enabled.map(({ name, weight }) => ({ Name: name, Weight: weight }))),
  Disabled: orNull(disabled.map((name) => ({ Name: name, Weight: 0 }))),
});

/** Of a plugin of the user's own, what stands in the file. */
function argsOf(name: string, pluginConfig: readonly PluginConfig[]): unknown {
  const args = pluginConfig.find((row) => row.name === name)?.args ?? {};
  const defaults = ARGUMENTS[name];
  if (!defaults) return args;
  const { ApiVersion: _, Kind: __, ...own } = fieldsOf(goNamed(args));
  return filledUp(own, defaults);
}

/** What is given, with defaults for the rest, within objects too. */
function filledUp(given: Readonly<Record<string, unknown>>, defaults: object): object {
  const known = Object.entries(defaults).map(([name, value]) => {
    const own = given[name] ?? value;
    return [name, isObject(own) && isObject(value) ? filledUp(own, value) : own];
  });
  return Object.fromEntries(known);
}

/** A value as upstream's types have it: names in capitals, resources with a weight, durations as Go prints them. */
function goNamed(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? null : value.map(goNamed);
  if (!isObject(value)) return value;
  const named = Object.entries(value).map(([name, field]) => {
    const go = name.charAt(0).toUpperCase() + name.slice(1);
    if (name === 'resources' && Array.isArray(field)) return [go, orNull(field.map(weighted))];
    if (name === 'filterTimeout') return [go, formatDuration(parseDuration(String(field)))];
    return [go, API_FIELDS.has(name) ? field : goNamed(field)];
  });
  return Object.fromEntries(named);
}

function weighted(row: unknown): object {
  const { Name, Weight } = fieldsOf(goNamed(row));
  return { Name, Weight: Weight || 1 };
}

/** Keys and certificates are nobody's business. */
const NOTHING_TOLD = { CertFile: '', KeyFile: '', CAFile: '', CertData: null, KeyData: null, CAData: null };

function extenderOf(extender: SchedulerConfiguration['extenders'][number]): object {
  const { tls, managedResources } = extender;
  const hasTls = tls.insecure || [tls.serverName, tls.cert, tls.key, tls.ca].some((text) => text !== undefined);
  return {
    URLPrefix: extender.urlPrefix,
    FilterVerb: extender.filterVerb,
    PreemptVerb: extender.preemptVerb,
    PrioritizeVerb: extender.prioritizeVerb,
    Weight: extender.weight,
    BindVerb: extender.bindVerb,
    EnableHTTPS: extender.enableHTTPS,
    TLSConfig: hasTls ? { Insecure: tls.insecure, ServerName: tls.serverName ?? '', ...NOTHING_TOLD } : null,
    HTTPTimeout: formatMilliseconds(extender.httpTimeoutMs),
    NodeCacheCapable: extender.nodeCacheCapable,
    ManagedResources: orNull(
      managedResources.map(({ name, ignoredByScheduler }) => ({ Name: name, IgnoredByScheduler: ignoredByScheduler })),
    ),
    Ignorable: extender.ignorable,
  };
}

/** The fields of an object; none of anything else. */
export const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> => (isObject(value) ? value : {});
