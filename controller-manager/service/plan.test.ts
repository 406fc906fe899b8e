import { describe, expect, it } from 'vitest';
import type { Live, Service } from '../../api/index.ts';
import { ago, aService, meta } from '../testing/builders.ts';
import { CLEANUP, changeEvent, planBalancer } from './plan.ts';
import { AddressPool } from './pool.ts';

const pool = new AddressPool(['10.1.0.0/30', 'fd00::10-fd00::11']);
const balanced = (spec: Service['spec'] = {}, more: { ips?: string[]; held?: boolean; going?: boolean } = {}): Live<Service> => ({
  ...aService({ type: 'LoadBalancer', ipFamilies: ['IPv4'], ...spec }),
  metadata: meta('web', { ...(more.held ? { finalizers: [CLEANUP] } : {}), ...(more.going ? { deletionTimestamp: ago(1) } : {}) }),
  status: { loadBalancer: { ingress: (more.ips ?? []).map((ip) => ({ ip })) } },
});
const plan = (service: Live<Service>, taken: Record<string, string> = {}) =>
  planBalancer('default/web', service, pool, (ip) => new Map(Object.entries(taken)).get(ip));
const ingress = (...ips: string[]) => ({ action: 'ensure', ingress: ips.map((ip) => ({ ip, ipMode: 'VIP' })) });

describe('a load balancer', () => {
  it('gets the first address that is free, one of each family', () => {
    expect(plan(balanced())).toEqual(ingress('10.1.0.1'));
    expect(plan(balanced(), { '10.1.0.1': 'default/other' })).toEqual(ingress('10.1.0.2'));
    expect(plan(balanced({ ipFamilies: ['IPv6', 'IPv4'] }), { 'fd00::10': 'default/other' })).toEqual(ingress('fd00::11', '10.1.0.1'));
  });

  it('keeps what it has, unless that is another’s or not in the pool', () => {
    const service = balanced({}, { ips: ['10.1.0.2'], held: true });
    expect(plan(service, { '10.1.0.2': 'default/web' })).toEqual({ action: 'none' });
    expect(plan(service, { '10.1.0.2': 'default/other' })).toEqual(ingress('10.1.0.1'));
    expect(plan(balanced({}, { ips: ['10.9.0.1'], held: true }))).toEqual(ingress('10.1.0.1'));
    // The address was written, and then the controller ended.
    expect(plan(balanced({}, { ips: ['10.1.0.2'] }))).toEqual(ingress('10.1.0.2'));
  });

  it('gets the address that is asked for, or a reason', () => {
    expect(plan(balanced({ loadBalancerIP: '10.1.0.2' }))).toEqual(ingress('10.1.0.2'));
    expect(plan(balanced({ loadBalancerIP: '10.1.0.2' }), { '10.1.0.2': 'default/other' })).toMatchObject({
      message: "the requested loadBalancerIP 10.1.0.2 is another Service's",
    });
    expect(plan(balanced({ loadBalancerIP: '10.2.0.1' }))).toMatchObject({ action: 'fail' });
    expect(plan(balanced(), { '10.1.0.1': 'a/b', '10.1.0.2': 'a/c' })).toMatchObject({
      message: 'no IPv4 address of the pool of load balancers is left',
    });
    expect(planBalancer('a/b', balanced({ ipFamilies: ['IPv6'] }), new AddressPool(['10.1.0.0/30']), () => undefined)).toMatchObject({
      action: 'fail',
    });
  });

  it('goes with its Service, and when it is wanted no more', () => {
    expect(plan(balanced({}, { held: true, going: true }))).toEqual({ action: 'remove' });
    expect(plan(balanced({ type: 'ClusterIP' }, { held: true }))).toEqual({ action: 'remove' });
    expect(plan(balanced({ type: 'ClusterIP' }))).toEqual({ action: 'none' });
  });

  it('of another class is another’s', () => {
    expect(plan(balanced({ loadBalancerClass: 'example.com/lb' }))).toEqual({ action: 'none' });
  });
});

it('says what changed', () => {
  expect(changeEvent(aService({ type: 'ClusterIP' }), balanced())).toEqual({ reason: 'Type', message: 'ClusterIP -> LoadBalancer' });
  expect(changeEvent(balanced(), balanced({ loadBalancerIP: '10.1.0.2' }))).toEqual({ reason: 'LoadbalancerIP', message: ' -> 10.1.0.2' });
  expect(changeEvent(balanced(), balanced({ loadBalancerSourceRanges: ['10.0.0.0/8'] }))?.message).toBe('[] -> [10.0.0.0/8]');
  expect(changeEvent(balanced(), balanced())).toBeUndefined();
});

describe('a pool', () => {
  it('is networks and ranges', () => {
    const all = (text: string) => {
      const seen: string[] = [];
      for (;;) {
        const ip = new AddressPool([text]).free(text.includes(':') ? 6 : 4, (candidate) => seen.includes(candidate));
        if (ip === undefined) return seen;
        seen.push(ip);
      }
    };
    expect(all('10.0.0.8/29')).toEqual(['10.0.0.9', '10.0.0.10', '10.0.0.11', '10.0.0.12', '10.0.0.13', '10.0.0.14']);
    expect(all('10.0.0.8/32')).toEqual(['10.0.0.8']);
    expect(all('10.0.0.8 - 10.0.0.9')).toEqual(['10.0.0.8', '10.0.0.9']);
    expect(all('fd00::/126')).toEqual(['fd00::1', 'fd00::2', 'fd00::3']);
  });

  it.each(['nonsense', '10.0.0.2-10.0.0.1', '10.0.0.1-fd00::1', '10.0.0.1-10.0.0.2-10.0.0.3'])('is not "%s"', (text) => {
    expect(() => new AddressPool([text])).toThrow('takes CIDRs and ranges');
  });
});
