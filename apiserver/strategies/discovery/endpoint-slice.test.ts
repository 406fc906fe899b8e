import { describe, expect, it } from 'vitest';
import { discoveryKinds } from '../../../api/index.ts';
import { priorityClassStrategy } from '../scheduling/priority-class.ts';
import { contextOf, StrategyHarness } from '../testing/harness.ts';
import { endpointSliceStrategy } from './endpoint-slice.ts';

const slices = new StrategyHarness(endpointSliceStrategy, discoveryKinds.endpointslices);
const body = { addressType: 'IPv4', endpoints: [{ addresses: ['192.0.2.1'] }], ports: [{ port: 80 }] };

describe('EndpointSlice', () => {
  it('has ports with a name and a protocol, and counts changes of labels too', () => {
    const slice = slices.stored(body);
    expect(slice.ports).toEqual([{ name: '', port: 80, protocol: 'TCP' }]);
    expect(slices.patch(slice, {}).object.metadata.generation).toBe(1);
    expect(slices.patch(slice, { metadata: { labels: { a: 'b' } } }).object.metadata.generation).toBe(2);
    expect(slices.patch(slice, { addressType: 'IPv6' }).errors).toEqual(['addressType: Invalid value: "IPv6": field is immutable']);
  });

  it('is not made by a PUT, as no PriorityClass is', () => {
    expect([endpointSliceStrategy.allowCreateOnUpdate, priorityClassStrategy.allowCreateOnUpdate]).toEqual([undefined, undefined]);
  });

  it('checks its endpoints', () => {
    const endpoints = [
      { addresses: [] },
      { addresses: ['127.0.0.1', 'x', '2001:db8::1'], hostname: 'A', hints: { forZones: [{ name: 'z' }, { name: 'z' }] } },
    ];
    expect(slices.create({ ...body, endpoints }).errors).toEqual([
      'endpoints[0].addresses: Required value: must contain at least 1 address',
      'endpoints[1].addresses[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
      'endpoints[1].addresses[1]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      'endpoints[1].addresses: Invalid value: "2001:db8::1": must be an IPv4 address',
      expect.stringContaining('endpoints[1].hostname: Invalid value: "A": a lowercase RFC 1123 label'),
      'endpoints[1].hints.forZones[1].name: Duplicate value: "z"',
    ]);
  });

  it('wants addresses of IPv6 in their canonical form', () => {
    const endpoints = [{ addresses: ['2001:DB8::1', '2001:db8::2', '::ffff:1.2.3.4'] }];
    expect(slices.create({ ...body, addressType: 'IPv6', endpoints }).errors).toEqual([
      'endpoints[0].addresses[0]: Invalid value: "2001:DB8::1": must be in canonical form ("2001:db8::1")',
      'endpoints[0].addresses[2]: Invalid value: "::ffff:1.2.3.4": must not be an IPv4-mapped IPv6 address',
    ]);
  });

  it('says nothing of hints for nodes beside too many for zones', () => {
    const forZones = Array.from({ length: 9 }, (_, i) => ({ name: `z${i}` }));
    const endpoints = [{ addresses: ['10.1.2.3'], hints: { forZones, forNodes: [{ name: 'n' }, { name: 'n' }] } }];
    expect(slices.create({ ...body, endpoints }).errors).toEqual(['endpoints[0].hints.forZones: Too many: 9: must have at most 8 items']);
  });

  it('checks the labels of the beta version, where they are kept', () => {
    const many = Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`k${i}`, 'v']));
    const deprecatedTopology = { ...many, k0: 'a b' };
    const nodeName = 'A';
    const old = slices.stored(body);
    for (const endpoint of old.endpoints ?? []) Object.assign(endpoint, { deprecatedTopology, nodeName });
    const errors = endpointSliceStrategy.validateCreate(contextOf().context, old);
    expect(errors.map(({ field, body: text }) => `${field}: ${text}`)).toEqual([
      expect.stringMatching(/^endpoints\[0\]\.nodeName: Invalid value: "A"/),
      'endpoints[0].deprecatedTopology: Too many: 17: must have at most 16 items',
      expect.stringMatching(/^endpoints\[0\]\.deprecatedTopology: Invalid value: "a b": a valid label must be/),
    ]);
    // The version that has no such labels drops them.
    expect(slices.create({ ...body, endpoints: [{ addresses: ['192.0.2.1'], deprecatedTopology }] }).errors).toEqual([]);
  });

  it('checks its type and ports', () => {
    expect(slices.create({ addressType: 'IP', endpoints: [], ports: [{}, { protocol: 'X' }] }).errors).toEqual([
      'addressType: Unsupported value: "IP": supported values: "FQDN", "IPv4", "IPv6"',
      'ports[1].name: Duplicate value: ""',
      'ports[1].protocol: Unsupported value: "X": supported values: "SCTP", "TCP", "UDP"',
    ]);
  });

  it('tells of ports before endpoints, and of endpoints that are as they were nothing', () => {
    const endpoints = [{ addresses: ['192.0.2.1', 'all'] }];
    const ports = [{ name: 'p' }, { name: 'p' }];
    expect(slices.create({ ...body, endpoints, ports }).errors).toEqual([
      'ports[1].name: Duplicate value: "p"',
      expect.stringMatching(/^endpoints\[0\]\.addresses\[1\]: Invalid value: "all"/),
    ]);
    const old = slices.stored({ ...body, endpoints: [{ addresses: ['192.0.2.1'] }], ports: [] });
    for (const endpoint of old.endpoints ?? []) endpoint.addresses = ['192.0.2.1', 'all'];
    expect(slices.patch(old, { metadata: { labels: { a: 'b' } } }).errors).toEqual([]);
    // Of endpoints that change, each is looked at.
    expect(slices.patch(old, { endpoints: [...endpoints, { addresses: ['192.0.2.2'] }] }).errors).toHaveLength(1);
  });

  it('has many ports', () => {
    const named = (count: number) => Array.from({ length: count }, (_, i) => ({ name: `p${i}`, port: 1 }));
    expect(slices.create({ ...body, ports: named(20_000) }).errors).toEqual([]);
    expect(slices.create({ ...body, ports: named(20_001) }).errors).toEqual(['ports: Too many: 20001: must have at most 20000 items']);
  });

  it('takes domain names, with a warning', () => {
    const { errors, warnings } = slices.create({ addressType: 'FQDN', endpoints: [{ addresses: ['a.example.', 'single'] }], ports: [] });
    expect(warnings).toEqual(['spec.addressType: FQDN endpoints are deprecated']);
    expect(errors).toEqual([
      'endpoints[0].addresses[1]: Invalid value: "single": should be a domain with at least two segments separated by dots',
    ]);
  });

  it('shows three ports and addresses at most', () => {
    const endpoints = [{ addresses: ['192.0.2.1', '192.0.2.2'] }, { addresses: ['192.0.2.3', '192.0.2.4'] }];
    const slice = slices.stored({ ...body, endpoints, ports: [{ port: 80 }, { name: 'any' }] });
    slice.metadata.creationTimestamp = '2023-12-31T23:59:30Z';
    expect(slices.row(slice)).toEqual(['x', 'IPv4', '80,any', '192.0.2.1,192.0.2.2,192.0.2.3 + 1 more...', '30s']);
    expect(slices.row(slices.stored({ ...body, endpoints: [], ports: [] })).slice(2, 4)).toEqual(['<unset>', '<unset>']);
  });
});
