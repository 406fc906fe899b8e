import { describe, expect, it } from 'vitest';
import { IN_TREE } from '../plugins/registry.ts';
import { configz } from './configz.ts';
import { readConfiguration } from './read-configuration.ts';

interface Told {
  readonly componentconfig: {
    readonly ClientConnection: object;
    readonly Extenders: unknown;
    readonly Profiles: readonly {
      readonly SchedulerName: string;
      readonly PercentageOfNodesToScore: number | null;
      readonly Plugins: Readonly<
        Record<
          string,
          { readonly Enabled: readonly { readonly Name: string; readonly Weight: number }[] | null; readonly Disabled: unknown }
        >
      >;
      readonly PluginConfig: readonly { readonly Name: string; readonly Args: unknown }[];
    }[];
  };
}

/** What is told of a configuration; upstream's 1.34.9 tells the same of each of these. */
const told = (value: object) => (configz(readConfiguration(value, '.'), IN_TREE) as Told).componentconfig;

describe('what a scheduler tells of its configuration', () => {
  it('has all defaults, by the names of Go', () => {
    const { Profiles, ...rest } = told({});
    expect(rest).toEqual({
      apiVersion: 'kubescheduler.config.k8s.io/v1',
      Parallelism: 16,
      LeaderElection: {
        LeaderElect: true,
        LeaseDuration: '15s',
        RenewDeadline: '10s',
        RetryPeriod: '2s',
        ResourceLock: 'leases',
        ResourceName: 'kube-scheduler',
        ResourceNamespace: 'kube-system',
      },
      ClientConnection: {
        Kubeconfig: '',
        AcceptContentTypes: '',
        ContentType: 'application/vnd.kubernetes.protobuf',
        QPS: 50,
        Burst: 100,
      },
      EnableProfiling: true,
      EnableContentionProfiling: true,
      PercentageOfNodesToScore: 0,
      PodInitialBackoffSeconds: 1,
      PodMaxBackoffSeconds: 10,
      Extenders: null,
      DelayCacheUntilActive: false,
    });
    const [profile] = Profiles;
    expect(profile).toMatchObject({ SchedulerName: 'default-scheduler', PercentageOfNodesToScore: null });
    expect(profile?.Plugins.Filter).toEqual({ Enabled: null, Disabled: null });
    expect(profile?.Plugins.MultiPoint?.Enabled?.slice(3, 6)).toEqual([
      { Name: 'NodeName', Weight: 0 },
      { Name: 'TaintToleration', Weight: 3 },
      { Name: 'NodeAffinity', Weight: 2 },
    ]);
    expect(profile?.PluginConfig.at(-2)).toEqual({
      Name: 'PodTopologySpread',
      Args: { DefaultConstraints: null, DefaultingType: 'System' },
    });
  });

  it('has what the file says first, and the rest of it filled up', () => {
    const addedAffinity = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [] }] } };
    const [profile] = told({
      profiles: [
        {
          plugins: { multiPoint: { disabled: [{ name: 'ImageLocality' }], enabled: [{ name: 'NodeResourcesFit', weight: 7 }] } },
          pluginConfig: [
            { name: 'NodeResourcesFit', args: { scoringStrategy: { type: 'MostAllocated', resources: [{ name: 'cpu' }] } } },
            { name: 'DynamicResources', args: { filterTimeout: '90s' } },
            { name: 'NodeAffinity', args: { addedAffinity } },
          ],
        },
      ],
      extenders: [{ urlPrefix: 'http://x', managedResources: [{ name: 'example.com/x', ignoredByScheduler: true }] }],
    }).Profiles;
    expect(profile?.Plugins.MultiPoint?.Disabled).toEqual([{ Name: 'ImageLocality', Weight: 0 }]);
    expect(profile?.Plugins.MultiPoint?.Enabled).toContainEqual({ Name: 'NodeResourcesFit', Weight: 7 });
    expect(profile?.PluginConfig.slice(0, 4)).toEqual([
      {
        Name: 'NodeResourcesFit',
        Args: {
          IgnoredResources: ['example.com/x'],
          IgnoredResourceGroups: null,
          ScoringStrategy: { Type: 'MostAllocated', Resources: [{ Name: 'cpu', Weight: 1 }], RequestedToCapacityRatio: null },
        },
      },
      { Name: 'DynamicResources', Args: { FilterTimeout: '1m30s' } },
      { Name: 'NodeAffinity', Args: { AddedAffinity: addedAffinity } },
      { Name: 'DefaultPreemption', Args: { MinCandidateNodesPercentage: 10, MinCandidateNodesAbsolute: 100 } },
    ]);
  });

  it('tells of extenders, but not their keys', () => {
    const tlsConfig = { insecure: true, serverName: 's', keyData: Buffer.from('secret').toString('base64') };
    const { Extenders } = told({ extenders: [{ urlPrefix: 'https://x', filterVerb: 'f', enableHTTPS: true, tlsConfig }] });
    expect(Extenders).toEqual([
      {
        URLPrefix: 'https://x',
        FilterVerb: 'f',
        PreemptVerb: '',
        PrioritizeVerb: '',
        Weight: 0,
        BindVerb: '',
        EnableHTTPS: true,
        TLSConfig: { Insecure: true, ServerName: 's', CertFile: '', KeyFile: '', CAFile: '', CertData: null, KeyData: null, CAData: null },
        HTTPTimeout: '5s',
        NodeCacheCapable: false,
        ManagedResources: null,
        Ignorable: false,
      },
    ]);
  });
});
