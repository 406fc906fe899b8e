// Each case, with its answer, was given to RepackSubsets of Kubernetes 1.34.9: the orders are those of its hashes.
import { describe, expect, test } from 'vitest';
import type { EndpointAddress, EndpointPort, EndpointSubset } from '../../api/index.ts';
import { repack } from './subsets.ts';

const pod = (name: string, ip: string, more: Partial<EndpointAddress> = {}): EndpointAddress => ({
  ip,
  ...more,
  nodeName: 'node-0',
  targetRef: { kind: 'Pod', namespace: 'ns', name, uid: `u${name}` },
});
const port = (name: string, number: number): EndpointPort => ({ name, port: number, protocol: 'TCP' });
const a = pod('a', '10.0.0.1');
const b = pod('b', '10.0.0.2');
const c = pod('c', '10.0.0.3', { hostname: 'c' });
const h2c: EndpointPort = { name: 'b', port: 81, protocol: 'TCP', appProtocol: 'kubernetes.io/h2c' };
const unnamed: EndpointPort = { port: 80, protocol: 'TCP' };
const dns: EndpointPort = { name: 'dns', port: 53, protocol: 'UDP' };

test('ports come in the order of upstream’s hashes, as kubectl get endpoints shows them', () => {
  const numbers = [80, 81, 82, 83, 84, 85, 86, 87, 88, 89];
  const ports = [...numbers.map((number) => port(`port-${number}`, number)), unnamed, h2c, dns];
  const [subset] = repack([{ addresses: [a], notReadyAddresses: [{ ip: '1.2.3.5', hostname: 'h' }], ports }]);
  expect(subset?.ports?.map(({ name }) => name)).toEqual([
    'port-89',
    'port-86',
    'dns',
    'port-85',
    'port-87',
    'port-82',
    'port-81',
    'b',
    'port-88',
    'port-83',
    'port-84',
    'port-80',
    undefined,
  ]);
});

describe('ports are together that the same addresses have', () => {
  const rollout: EndpointSubset[] = [
    { addresses: [a], ports: [port('http', 80)] },
    { addresses: [a], ports: [port('metrics', 9090)] },
    { addresses: [b], ports: [port('http', 8080)] },
    { addresses: [b], ports: [port('metrics', 9090)] },
    { notReadyAddresses: [c], ports: [port('http', 80)] },
    { notReadyAddresses: [c], ports: [port('metrics', 9090)] },
  ];
  const both = { addresses: [a], ports: [port('a', 1), port('b', 2)] };

  test.each<[string, EndpointSubset[], EndpointSubset[]]>([
    [
      'a named port that changes its number leaves the others whole',
      rollout,
      [
        { addresses: [b], ports: [port('http', 8080)] },
        { addresses: [a, b], notReadyAddresses: [c], ports: [port('metrics', 9090)] },
        { addresses: [a], notReadyAddresses: [c], ports: [port('http', 80)] },
      ],
    ],
    [
      'not ready for a port beats ready',
      [both, { notReadyAddresses: [a], ports: [port('b', 2)] }],
      [
        { addresses: [a], ports: [port('a', 1)] },
        { notReadyAddresses: [a], ports: [port('b', 2)] },
      ],
    ],
    [
      'addresses without ports are a set of their own',
      [{ addresses: [a] }, { notReadyAddresses: [b] }, { addresses: [c], ports: [port('a', 1)] }],
      [
        { addresses: [c], ports: [port('a', 1)] },
        { addresses: [a], notReadyAddresses: [b] },
      ],
    ],
    ['ports without addresses go', [{ ports: [port('a', 1)] }], []],
    [
      'an address with a port and without has the port',
      [{ addresses: [a] }, { addresses: [a], ports: [port('a', 1)] }],
      [{ addresses: [a], ports: [port('a', 1)] }],
    ],
  ])('%s', (_, subsets, packed) => {
    expect(repack(subsets)).toEqual(packed);
  });
});
