import type { ExtensionPoint } from '../framework/extension-points.ts';

/** A plugin in a list of the configuration. */
export interface PluginRow {
  readonly name: string;
  /** 0 when not said. */
  readonly weight: number;
}

/** What a profile changes at an extension point, or at all of them at once (`multiPoint`). */
export interface PluginSet {
  readonly enabled: readonly PluginRow[];
  readonly disabled: readonly string[];
}

export type PluginSets = Readonly<Record<ExtensionPoint | 'multiPoint', PluginSet>>;

/** Arguments of a plugin, as they stand in the file. */
export interface PluginConfig {
  readonly name: string;
  readonly args: unknown;
  /** Where. */
  readonly path: string;
}

export interface ProfileConfiguration {
  readonly schedulerName: string;
  readonly percentageOfNodesToScore: number | undefined;
  readonly plugins: PluginSets;
  readonly pluginConfig: readonly PluginConfig[];
  /** Where the profile stands in the file. */
  readonly path: string;
}

/** A process beside the scheduler that is asked over HTTP. */
export interface ExtenderConfiguration {
  readonly urlPrefix: string;
  readonly filterVerb: string;
  readonly preemptVerb: string;
  readonly prioritizeVerb: string;
  readonly weight: number;
  readonly bindVerb: string;
  readonly enableHTTPS: boolean;
  readonly tls: ExtenderTls;
  readonly httpTimeoutMs: number;
  readonly nodeCacheCapable: boolean;
  readonly managedResources: readonly { readonly name: string; readonly ignoredByScheduler: boolean }[];
  readonly ignorable: boolean;
}

/** PEM texts. */
export interface ExtenderTls {
  readonly insecure: boolean;
  readonly serverName: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly ca: string | undefined;
  /** The fields as they stand in the file; nothing when there are none. */
  readonly given: object | undefined;
}

/** `KubeSchedulerConfiguration` of kubescheduler.config.k8s.io/v1 with its defaults filled in. */
export interface SchedulerConfiguration {
  readonly parallelism: number;
  /** Said of Go's profiles, of which there are none here. */
  readonly enableProfiling: boolean;
  readonly enableContentionProfiling: boolean;
  readonly leaderElection: {
    readonly leaderElect: boolean;
    readonly leaseDurationMs: number;
    readonly renewDeadlineMs: number;
    readonly retryPeriodMs: number;
    readonly resourceName: string;
    readonly resourceNamespace: string;
  };
  /** Whether who stands by gets to know the cluster only when it leads. */
  readonly delayCacheUntilActive: boolean;
  readonly clientConnection: {
    readonly kubeconfig: string | undefined;
    readonly qps: number | undefined;
    readonly burst: number | undefined;
    readonly acceptContentTypes: string;
    readonly contentType: string;
  };
  readonly percentageOfNodesToScore: number;
  readonly podInitialBackoffMs: number;
  readonly podMaxBackoffMs: number;
  readonly profiles: readonly ProfileConfiguration[];
  readonly extenders: readonly ExtenderConfiguration[];
  /** Files with plugins of the user's own; ours, not upstream's. */
  readonly pluginModules: readonly string[];
}

export const DEFAULT_SCHEDULER_NAME = 'default-scheduler';
export const CONFIGURATION_API_VERSION = 'kubescheduler.config.k8s.io/v1';
export const CONFIGURATION_KIND = 'KubeSchedulerConfiguration';
