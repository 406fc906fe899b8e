import { describe, expect, it } from 'vitest';
import { OptionError } from '../runtime/index.ts';
import { readUpOptions } from './up-options.ts';

const handed = (...argv: string[]) => {
  const { apiServerArgv, controllerArgv } = readUpOptions(argv);
  return { apiServerArgv, controllerArgv };
};

describe('the options of up', () => {
  it('are handed over to whom they are for, as they were given', () => {
    expect(
      handed(
        '--nodes=5',
        '--event-ttl=2h',
        '--horizontal-pod-autoscaler-sync-period=5s',
        '--concurrent-gc-syncs',
        '3',
        '--controllers=*,-cronjob-controller',
        '--node-monitor-grace-period=15s',
      ),
    ).toEqual({
      apiServerArgv: ['--event-ttl=7200000ms'],
      controllerArgv: [
        '--horizontal-pod-autoscaler-sync-period=5000ms',
        '--concurrent-gc-syncs=3',
        '--controllers=*,-cronjob-controller',
        '--node-monitor-grace-period=15000ms',
      ],
    });
  });

  it('that both know go to both', () => {
    const range = '--service-cluster-ip-range=10.9.0.0/16,fd00:9::/112';
    expect(handed(range)).toEqual({ apiServerArgv: [range], controllerArgv: [range] });
  });

  it('that tell of addresses go to the nodes', () => {
    const given = ['--cluster-dns=10.9.0.53', '--node-ip=192.168.0.1,fd00::1'];
    expect(readUpOptions(given).addressArgv).toEqual(given);
  });

  it('name add-ons that there are', () => {
    expect(readUpOptions([]).values.addons).toEqual([]);
    expect(readUpOptions(['--addons=coredns']).values.addons).toEqual(['coredns']);
    expect(() => readUpOptions(['--addons=coredns,dashboard'])).toThrow(
      'option --addons: there is no add-on "dashboard"; there is coredns',
    );
  });

  it('are those of nobody else', () => {
    expect(() => handed('--leader-elect=true')).toThrow(OptionError);
  });
});
