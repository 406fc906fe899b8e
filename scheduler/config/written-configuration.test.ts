import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { IN_TREE } from '../plugins/registry.ts';
import { readConfiguration } from './read-configuration.ts';
import { writtenConfiguration } from './written-configuration.ts';

const text = (value: object): string => writtenConfiguration(readConfiguration(value, '/dir'), IN_TREE);
/** What `--config` takes: the file without what says its kind. */
const fieldsOf = (file: string): object => {
  const { apiVersion: _, kind: __, ...fields } = parse(file);
  return fields;
};

const POINTS = [
  'bind',
  'filter',
  'permit',
  'postBind',
  'postFilter',
  'preBind',
  'preEnqueue',
  'preFilter',
  'preScore',
  'queueSort',
  'reserve',
];

/** What upstream's 1.34.9 writes of each of these was compared by hand. */
describe('the configuration that --write-config-to writes', () => {
  it('begins as upstream lays it out, and holds all defaults', () => {
    const file = text({});
    expect(file.split('\n').slice(0, 19)).toEqual([
      'apiVersion: kubescheduler.config.k8s.io/v1',
      'clientConnection:',
      '  acceptContentTypes: ""',
      '  burst: 100',
      '  contentType: application/vnd.kubernetes.protobuf',
      '  kubeconfig: ""',
      '  qps: 50',
      'enableContentionProfiling: true',
      'enableProfiling: true',
      'kind: KubeSchedulerConfiguration',
      'leaderElection:',
      '  leaderElect: true',
      '  leaseDuration: 15s',
      '  renewDeadline: 10s',
      '  resourceLock: leases',
      '  resourceName: kube-scheduler',
      '  resourceNamespace: kube-system',
      '  retryPeriod: 2s',
      'parallelism: 16',
    ]);
    const [profile] = parse(file).profiles;
    expect(profile.pluginConfig[3]).toEqual({
      name: 'NodeAffinity',
      args: { apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'NodeAffinityArgs' },
    });
    expect(profile.plugins).toMatchObject(Object.fromEntries(POINTS.map((point) => [point, {}])));
    expect(profile.plugins.multiPoint.enabled.slice(3, 5)).toEqual([
      { name: 'NodeName', weight: 0 },
      { name: 'TaintToleration', weight: 3 },
    ]);
  });

  it('leaves out what upstream leaves out of extenders, and keeps certificates as they were given', () => {
    const tlsConfig = { insecure: false, serverName: 's', certData: Buffer.from('c').toString('base64') };
    const extender = { urlPrefix: 'https://x', filterVerb: 'f', enableHTTPS: true, tlsConfig };
    const managedResources = [{ name: 'example.com/x' }, { name: 'example.com/y', ignoredByScheduler: true }];
    expect(parse(text({ extenders: [{ ...extender, managedResources }] })).extenders).toEqual([
      {
        urlPrefix: 'https://x',
        filterVerb: 'f',
        enableHTTPS: true,
        httpTimeout: '5s',
        tlsConfig: { serverName: 's', certData: tlsConfig.certData },
        managedResources,
      },
    ]);
  });

  it('is taken again by --config, and says the same', () => {
    const labels = { matchLabels: { App: 'x' } };
    const constraint = { maxSkew: 1, topologyKey: 'z', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: labels };
    const pluginConfig = [
      { name: 'PodTopologySpread', args: { defaultingType: 'List', defaultConstraints: [constraint] } },
      { name: 'InterPodAffinity', args: { hardPodAffinityWeight: 0, ignorePreferredTermsOfExistingPods: true } },
      { name: 'Own', args: { Some: { Thing: 1 } } },
    ];
    const plugins = { multiPoint: { disabled: [{ name: 'ImageLocality' }], enabled: [{ name: 'NodeResourcesFit', weight: 7 }] } };
    const file = text({
      delayCacheUntilActive: true,
      clientConnection: { qps: 3 },
      pluginModules: ['own.js'],
      profiles: [{ schedulerName: 'a', percentageOfNodesToScore: 0, plugins, pluginConfig }, { schedulerName: 'b' }],
    });
    expect(text(fieldsOf(file))).toBe(file);
    const written = parse(file);
    expect(written).toMatchObject({ delayCacheUntilActive: true, clientConnection: { qps: 3 }, pluginModules: ['/dir/own.js'] });
    expect(written.profiles[0]).toMatchObject({ percentageOfNodesToScore: 0 });
    expect(written.profiles[0].pluginConfig).toContainEqual(pluginConfig[2]);
    expect(written.profiles[0].pluginConfig).toContainEqual({
      name: 'PodTopologySpread',
      args: { apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'PodTopologySpreadArgs', ...pluginConfig[0]?.args },
    });
  });

  it('names resources that extenders manage alone in the place of those of the arguments', () => {
    const args = { ignoredResources: ['example.com/a'] };
    const [profile] = parse(
      text({
        profiles: [{ pluginConfig: [{ name: 'NodeResourcesFit', args }] }],
        extenders: [{ urlPrefix: 'http://x', managedResources: [{ name: 'example.com/x', ignoredByScheduler: true }] }],
      }),
    ).profiles;
    expect(profile.pluginConfig.find(({ name }: { name: string }) => name === 'NodeResourcesFit').args.ignoredResources).toEqual([
      'example.com/x',
    ]);
  });
});
