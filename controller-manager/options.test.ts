import { describe, expect, it } from 'vitest';
import { helpText, OptionError, parseOptions } from '../runtime/index.ts';
import { CONTROLLERS, selectControllers } from './controllers.ts';
import { controllerManagerOptions, settingsOf } from './options.ts';
import { DEFAULT_SETTINGS } from './settings.ts';

const parse = (...argv: string[]) => parseOptions(controllerManagerOptions, argv).values;

describe('options', () => {
  it('default to the settings that controllers have by themselves', () => {
    expect(settingsOf(parse(), undefined)).toEqual(DEFAULT_SETTINGS);
  });

  it('are read into settings', () => {
    const values = parse(
      '--node-monitor-grace-period=40s',
      '--node-eviction-rate',
      '0.5',
      '--cluster-cidr=10.9.0.0/16',
      '--allocate-node-cidrs=false',
    );
    expect(settingsOf(values, 'PEM')).toMatchObject({
      nodeMonitorGracePeriodMs: 40_000,
      nodeEvictionRate: 0.5,
      clusterCidr: '10.9.0.0/16',
      allocateNodeCidrs: false,
      rootCa: 'PEM',
    });
  });

  it('refuse a rate that is no number', () => {
    expect(() => settingsOf(parse('--node-eviction-rate=often'), undefined)).toThrow(OptionError);
  });

  it('have help for each', () => {
    const help = helpText('x', 'y', controllerManagerOptions);
    for (const name of ['kubeconfig', 'controllers', 'leader-elect', 'concurrent-deployment-syncs', 'kube-api-qps'])
      expect(help).toContain(`--${name}`);
    expect(help).toContain('(default 50s)');
  });
});

describe('selectControllers', () => {
  const names = (...wanted: string[]) => selectControllers(wanted).map(({ name }) => name);

  it('takes all, some, all but some, and old names', () => {
    expect(names('*')).toHaveLength(CONTROLLERS.length - 2);
    expect(names('*', 'bootstrapsigner', 'tokencleaner')).toHaveLength(CONTROLLERS.length);
    expect(names('replicaset', 'garbage-collector-controller')).toEqual(['replicaset-controller', 'garbage-collector-controller']);
    expect(names('*', '-garbagecollector')).toHaveLength(CONTROLLERS.length - 3);
    expect(names()).toEqual([]);
  });

  it('says what there is when it does not know a name', () => {
    expect(() => names('nonsense')).toThrow(/no controller "nonsense"; there are serviceaccount-token-controller, /);
  });

  it('has the garbage collector last, which shares what the others have', () => {
    expect(CONTROLLERS.at(-1)?.name).toBe('garbage-collector-controller');
  });
});
