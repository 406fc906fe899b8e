import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { aNode, aPod } from '../testing/builders.ts';
import { Placement } from '../testing/placement.ts';
import type { SchedulerConfiguration } from './configuration.ts';
import { loadPluginModules } from './plugin-modules.ts';
import { defaultConfiguration, loadConfiguration, readConfiguration } from './read-configuration.ts';

const read = (value: object): SchedulerConfiguration => readConfiguration(value, '.');
const oneProfile = (profile: object): SchedulerConfiguration => read({ profiles: [profile] });

/** All that is wrong with a configuration, the plugins made of it included; nothing when it is fine. */
function mistakes(value: object): string[] {
  try {
    new Placement({ configuration: read(value) });
    return [];
  } catch (error) {
    return String(error instanceof Error ? error.message : error)
      .split('\n')
      .slice(1)
      .map((line) => line.trim());
  }
}

/** A configuration whose profile adds a node selector term to every pod. */
const affinityOf = (term: object): object => {
  const addedAffinity = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] } };
  return { profiles: [{ pluginConfig: [{ name: 'NodeAffinity', args: { addedAffinity } }] }] };
};

describe('the scheduler configuration', () => {
  it('has upstream’s defaults', () => {
    expect(defaultConfiguration()).toMatchObject({
      parallelism: 16,
      leaderElection: {
        leaderElect: true,
        leaseDurationMs: 15_000,
        renewDeadlineMs: 10_000,
        retryPeriodMs: 2_000,
        resourceName: 'kube-scheduler',
      },
      percentageOfNodesToScore: 0,
      podInitialBackoffMs: 1_000,
      podMaxBackoffMs: 10_000,
      profiles: [{ schedulerName: 'default-scheduler' }],
    });
  });

  it('takes what is empty or zero for left out, as upstream does', () => {
    const empty = {
      resourceLock: '',
      resourceName: '',
      resourceNamespace: '',
      leaseDuration: '0s',
      renewDeadline: '0s',
      retryPeriod: '0s',
    };
    expect(read({ leaderElection: empty, clientConnection: { qps: 0, burst: 0 } })).toEqual(defaultConfiguration());
    expect(read({ clientConnection: { qps: 0.5 } }).clientConnection.qps).toBe(0.5);
    expect(read({ leaderElection: { leaderElect: false, resourceLock: 'endpoints' } }).leaderElection.leaderElect).toBe(false);
    const resources = [{ name: 'cpu', weight: 0 }, { name: 'memory' }];
    const pluginConfig = [
      { name: 'NodeResourcesFit', args: { scoringStrategy: { type: 'MostAllocated', resources } } },
      { name: 'NodeResourcesBalancedAllocation', args: { resources } },
    ];
    expect(mistakes({ profiles: [{ pluginConfig }] })).toEqual([]);
  });

  it('gives a single profile without a name the default one', () => {
    expect(oneProfile({ percentageOfNodesToScore: 5 }).profiles).toMatchObject([
      { schedulerName: 'default-scheduler', percentageOfNodesToScore: 5 },
    ]);
  });

  const wrong: [string, object, string][] = [
    ['an unknown field', { foo: 1 }, 'foo: Forbidden: there is no such field'],
    ['a field of the wrong type', { parallelism: 'many' }, 'parallelism: Invalid value: "many": must be an integer'],
    [
      'more parallelism than there are numbers for',
      { parallelism: 2 ** 40 },
      'parallelism: Invalid value: 1099511627776: must be an integer of 32 bits',
    ],
    [
      'a weight below nothing',
      { profiles: [{ plugins: { score: { enabled: [{ name: 'ImageLocality', weight: -1 }] } } }] },
      'profiles[0].plugins.score: total score of Score plugins could overflow',
    ],
    [
      'arguments of another version',
      { profiles: [{ pluginConfig: [{ name: 'NodeAffinity', args: { apiVersion: 'kubescheduler.config.k8s.io/v1beta2' } }] }] },
      'profiles[0].pluginConfig[0].args.apiVersion: must be kubescheduler.config.k8s.io/v1, not kubescheduler.config.k8s.io/v1beta2',
    ],
    [
      'an unknown field of a node affinity',
      { profiles: [{ pluginConfig: [{ name: 'NodeAffinity', args: { addedAffinity: { required: {} } } }] }] },
      'profiles[0].pluginConfig[0].args.addedAffinity.required: Forbidden: there is no such field',
    ],
    ['no parallelism', { parallelism: 0 }, 'parallelism: Invalid value: 0: should be an integer value greater than zero'],
    [
      'too much of the cluster',
      { percentageOfNodesToScore: 101 },
      'percentageOfNodesToScore: Invalid value: 101: not in valid range [0-100]',
    ],
    ['no back-off', { podInitialBackoffSeconds: 0 }, 'podInitialBackoffSeconds: Invalid value: 0: must be greater than 0'],
    [
      'back-offs the wrong way round',
      { podInitialBackoffSeconds: 20 },
      'podMaxBackoffSeconds: Invalid value: 10: must be greater than or equal to PodInitialBackoffSeconds',
    ],
    [
      'two profiles of one name',
      { profiles: [{ schedulerName: 'a' }, { schedulerName: 'a' }] },
      'profiles[1].schedulerName: Duplicate value: {}',
    ],
    ['a profile without a name', { profiles: [{ schedulerName: 'a' }, {}] }, 'profiles[1].schedulerName: Required value'],
    [
      'different orders',
      { profiles: [{ schedulerName: 'a' }, { schedulerName: 'b', plugins: { queueSort: { disabled: [{ name: '*' }] } } }] },
      'profiles[1].plugins.queueSort: Invalid value: {"enabled":[],"disabled":["*"]}: must be the same for all profiles',
    ],
    [
      'a point the plugin takes no part in',
      { profiles: [{ plugins: { filter: { enabled: [{ name: 'ImageLocality' }] } } }] },
      'profiles[0].plugins.filter.enabled[0]: plugin "ImageLocality" does not take part in filter',
    ],
    [
      'a plugin twice',
      { profiles: [{ plugins: { multiPoint: { enabled: [{ name: 'NodeName' }, { name: 'NodeName' }] } } }] },
      'profiles[0].plugins.multiPoint.enabled[1]: plugin "NodeName" is enabled twice',
    ],
    [
      'nobody who binds',
      { profiles: [{ plugins: { bind: { disabled: [{ name: '*' }] } } }] },
      'profiles[0].plugins.bind: at least one plugin is needed',
    ],
    [
      'arguments out of bounds',
      { profiles: [{ pluginConfig: [{ name: 'InterPodAffinity', args: { hardPodAffinityWeight: 101 } }] }] },
      'profiles[0].pluginConfig[0].args.hardPodAffinityWeight: Invalid value: 101: not in valid range [0, 100]',
    ],
    [
      'arguments of another plugin',
      { profiles: [{ pluginConfig: [{ name: 'NodeAffinity', args: { kind: 'InterPodAffinityArgs' } }] }] },
      'profiles[0].pluginConfig[0].args.kind: must be NodeAffinityArgs, not InterPodAffinityArgs',
    ],
    [
      'a strategy there is not',
      { profiles: [{ pluginConfig: [{ name: 'NodeResourcesFit', args: { scoringStrategy: { type: 'Best' } } }] }] },
      'profiles[0].pluginConfig[0].args.scoringStrategy.type: Unsupported value: "Best": supported values: "LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"',
    ],
    [
      'a shape that goes back',
      {
        profiles: [
          {
            pluginConfig: [
              {
                name: 'NodeResourcesFit',
                args: {
                  scoringStrategy: {
                    type: 'RequestedToCapacityRatio',
                    requestedToCapacityRatio: {
                      shape: [
                        { utilization: 50, score: 1 },
                        { utilization: 50, score: 2 },
                      ],
                    },
                  },
                },
              },
            ],
          },
        ],
      },
      'profiles[0].pluginConfig[0].args.scoringStrategy.requestedToCapacityRatio.shape[1].utilization: Invalid value: 50: values must be sorted in increasing order',
    ],
    [
      'defaults beside those of the system',
      {
        profiles: [
          {
            pluginConfig: [
              {
                name: 'PodTopologySpread',
                args: { defaultConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway' }] },
              },
            ],
          },
        ],
      },
      'profiles[0].pluginConfig[0].args.defaultingType: Invalid value: "System": when .defaultConstraints are not empty',
    ],
    ['a name that says nothing', { profiles: [{ schedulerName: '' }] }, 'profiles[0].schedulerName: Required value'],
    ['less than no burst', { clientConnection: { burst: -1 } }, 'clientConnection.burst: Invalid value: -1: must be non-negative'],
    [
      'a lease that ends before it is renewed',
      { leaderElection: { leaseDuration: '1m', renewDeadline: '90s' } },
      'leaderElection.leaseDuration: Invalid value: "1m30s": must be greater than `RenewDeadline`',
    ],
    [
      'a lock that is no lease',
      { leaderElection: { resourceLock: 'endpoints' } },
      'leaderElection.resourceLock: Invalid value: "endpoints": resourceLock value must be "leases"',
    ],
    [
      'a plugin that is no more',
      { profiles: [{ plugins: { filter: { enabled: [{ name: 'NodeName' }, { name: 'EBSLimits' }] } } }] },
      'profiles[0].plugins.filter.enabled[1]: Invalid value: "EBSLimits": was invalid in version "kubescheduler.config.k8s.io/v1" (KubeSchedulerConfiguration is version "kubescheduler.config.k8s.io/v1")',
    ],
    [
      'arguments for one that is no more',
      { profiles: [{ pluginConfig: [{ name: 'CinderLimits' }] }] },
      'profiles[0].pluginConfig[0]: Invalid value: "CinderLimits": was invalid in version "kubescheduler.config.k8s.io/v1" (KubeSchedulerConfiguration is version "kubescheduler.config.k8s.io/v1")',
    ],
    [
      'different arguments of the order',
      {
        profiles: ['a', 'b'].map((schedulerName, order) => ({
          schedulerName,
          plugins: { queueSort: { enabled: [{ name: 'Mine' }] } },
          pluginConfig: [{ name: 'Mine', args: { order } }],
        })),
      },
      'profiles[1].pluginConfig.args: Invalid value: {"order":1}: queueSort must be the same for all profiles',
    ],
    [
      'a strategy that does not say which',
      { profiles: [{ pluginConfig: [{ name: 'NodeResourcesFit', args: { scoringStrategy: {} } }] }] },
      'profiles[0].pluginConfig[0].args.scoringStrategy.type: Unsupported value: "": supported values: "LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"',
    ],
    [
      'a label that cannot be',
      affinityOf({ matchExpressions: [{ key: 'invalid/label/key', operator: 'Exists' }] }),
      "profiles[0].pluginConfig[0].args.addedAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].key: Invalid value: \"invalid/label/key\": a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
    ],
    [
      'two names at once',
      affinityOf({ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['a', 'b'] }] }),
      'profiles[0].pluginConfig[0].args.addedAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchFields[0].values: Invalid value: ["a","b"]: must have one element',
    ],
    [
      'an extender without weight',
      { extenders: [{ urlPrefix: 'http://x', prioritizeVerb: 'p' }] },
      'extenders[0].weight: Invalid value: 0: must have a positive weight applied to it',
    ],
    [
      'two extenders that bind',
      {
        extenders: [
          { urlPrefix: 'http://x', bindVerb: 'b' },
          { urlPrefix: 'http://y', bindVerb: 'b' },
        ],
      },
      'extenders: Invalid value: "found 2 extenders implementing bind": only one extender can implement bind',
    ],
  ];
  it.each(wrong)('is refused with %s', (_, value, message) => {
    expect(mistakes(value)).toContain(message);
  });

  it('is refused with a plugin there is not, and the answer says which there are', () => {
    const [line] = mistakes({ profiles: [{ plugins: { multiPoint: { enabled: [{ name: 'Foo' }] } } }] });
    expect(line).toMatch(/^profiles\[0\]\.plugins\.multiPoint\.enabled\[0\]: there is no plugin "Foo"; there are .*NodeAffinity/);
  });

  it('says of a file that it is none', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'nanokube-config-'));
    const file = join(directory, 'config.yaml');
    writeFileSync(file, 'apiVersion: v1\nkind: Pod\n');
    await expect(loadConfiguration(file)).rejects.toThrow(
      'is no KubeSchedulerConfiguration of kubescheduler.config.k8s.io/v1: it says apiVersion v1, kind Pod',
    );
    rmSync(directory, { recursive: true });
  });
});

describe('plugins of a profile', () => {
  const scored = (profile: object) => {
    const { profile: made } = new Placement({ configuration: oneProfile(profile) });
    return { weight: (name: string) => made.weightOf(name), names: made.plugins.map(({ name }) => name) };
  };

  it('take the weight of the point before that of multiPoint', () => {
    expect(scored({}).weight('TaintToleration')).toBe(3);
    expect(scored({ plugins: { multiPoint: { enabled: [{ name: 'TaintToleration', weight: 7 }] } } }).weight('TaintToleration')).toBe(7);
    const both = {
      multiPoint: { enabled: [{ name: 'TaintToleration', weight: 7 }] },
      score: { enabled: [{ name: 'TaintToleration', weight: 9 }] },
    };
    expect(scored({ plugins: both }).weight('TaintToleration')).toBe(9);
    expect(scored({ plugins: { score: { enabled: [{ name: 'TaintToleration' }] } } }).weight('TaintToleration')).toBe(1);
  });

  it('can be switched off at one point, everywhere, and all but those named', () => {
    const nodes = [aNode('a').tainted('k', 'v', 'NoSchedule')];
    const placed = (profile: object) => new Placement({ configuration: oneProfile(profile) }).with(nodes).nodeFor(aPod('p'));
    expect(placed({})).toContain('untolerated taint');
    expect(placed({ plugins: { filter: { disabled: [{ name: 'TaintToleration' }] } } })).toBe('a');
    expect(placed({ plugins: { multiPoint: { disabled: [{ name: 'TaintToleration' }] } } })).toBe('a');
    expect(placed({ plugins: { filter: { disabled: [{ name: '*' }], enabled: [{ name: 'NodeName' }] } } })).toBe('a');
  });

  it('enforce the affinity of the configuration', () => {
    const addedAffinity = {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'pool', operator: 'In', values: ['b'] }] }],
      },
    };
    const configuration = oneProfile({ pluginConfig: [{ name: 'NodeAffinity', args: { addedAffinity } }] });
    expect(new Placement({ configuration }).with([aNode('a'), aNode('b').labelled({ pool: 'b' })]).nodeFor(aPod('p'))).toBe('b');
    expect(new Placement({ configuration }).with([aNode('a')]).nodeFor(aPod('p'))).toBe(
      "0/1 nodes are available: 1 node(s) didn't match scheduler-enforced node affinity.",
    );
  });
});

describe('plugins of the user’s own', () => {
  const load = () => loadPluginModules([resolve('docs/examples/night-shift.js')]);

  it('are loaded, given their arguments, and asked', async () => {
    const configuration = oneProfile({
      plugins: { multiPoint: { enabled: [{ name: 'NightShift' }] } },
      pluginConfig: [{ name: 'NightShift', args: { label: 'asleep' } }],
    });
    const placement = new Placement({ configuration, plugins: await load() });
    placement.with([aNode('a').labelled({ asleep: 'yes' })]);
    expect(placement.nodeFor(aPod('p'))).toBe('0/1 nodes are available: 1 node(s) were asleep.');
    placement.with([aNode('b')]);
    expect(placement.nodeFor(aPod('p'))).toBe('b');
  });

  it('are told what is wrong with their arguments', async () => {
    const configuration = oneProfile({
      plugins: { multiPoint: { enabled: [{ name: 'NightShift' }] } },
      pluginConfig: [{ name: 'NightShift', args: { lable: 'x' } }],
    });
    const plugins = await load();
    expect(() => new Placement({ configuration, plugins })).toThrow('profiles[0].pluginConfig[0].args.lable: there is no such field');
  });

  it('must have a name that nobody has', async () => {
    const plugins = await load();
    expect(() => new Placement({ plugins: [...plugins, ...plugins] })).toThrow('there are two plugins of the name "NightShift"');
  });

  it('must be there', async () => {
    await expect(loadPluginModules(['/nowhere/plugin.js'])).rejects.toThrow('pluginModules: /nowhere/plugin.js cannot be loaded');
  });
});
