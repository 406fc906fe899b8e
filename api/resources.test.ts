import { describe, expect, test } from 'vitest';
import type { Container } from './core/v1/container.ts';
import type { PodSpec } from './core/v1/pod.ts';
import { podLimits, podRequests, qosClassOf, textsOf } from './resources.ts';

type List = Record<string, string>;
const container = (requests?: List, limits?: List, name = 'c'): Container => ({
  name,
  resources: { ...(requests ? { requests } : {}), ...(limits ? { limits } : {}) },
});
const sidecar = (requests: List): Container => ({ ...container(requests, requests), restartPolicy: 'Always' });
const pod = (spec: Partial<PodSpec>) => ({ spec: { containers: [], ...spec } });

describe('requests', () => {
  test('containers add up; an init container counts when it asks for more', () => {
    const spec = { containers: [container({ cpu: '100m', memory: '1Gi' }), container({ cpu: '200m' })] };
    expect(textsOf(podRequests(pod(spec)))).toEqual({ cpu: '300m', memory: '1Gi' });
    expect(textsOf(podRequests(pod({ ...spec, initContainers: [container({ cpu: '1', memory: '1Mi' })] })))).toEqual({
      cpu: '1',
      memory: '1Gi',
    });
  });

  test('a sidecar counts beside the main containers and beside the init containers after it', () => {
    const initContainers = [container({ cpu: '5' }), sidecar({ cpu: '1' }), container({ cpu: '4500m' })];
    expect(textsOf(podRequests(pod({ containers: [container({ cpu: '2' })], initContainers })))).toEqual({ cpu: '5500m' });
    expect(textsOf(podRequests(pod({ containers: [container({ cpu: '8' })], initContainers })))).toEqual({ cpu: '9' });
  });

  test('pod-level resources replace the sum, the overhead comes on top', () => {
    const spec = {
      containers: [container({ cpu: '100m', memory: '1Gi', 'example.com/gpu': '1' })],
      resources: { requests: { cpu: '500m', 'example.com/gpu': '7' } },
      overhead: { cpu: '50m', memory: '24Mi' },
    };
    expect(textsOf(podRequests(pod(spec)))).toEqual({ cpu: '550m', memory: '1048Mi', 'example.com/gpu': '1' });
    expect(textsOf(podRequests(pod(spec), { excludeOverhead: true, excludePodLevel: true }))).toEqual({
      cpu: '100m',
      memory: '1Gi',
      'example.com/gpu': '1',
    });
  });

  test('what a container does not ask for can be assumed, zero is an answer', () => {
    const spec = { containers: [container({ cpu: '0' }), container()] };
    expect(textsOf(podRequests(pod(spec), { missingRequests: { cpu: '100m', memory: '200Mi' } }))).toEqual({
      cpu: '100m',
      memory: '400Mi',
    });
  });

  test('during a resize the larger of wanted, allocated and actual counts, unless the resize is infeasible', () => {
    const status = {
      conditions: [] as { type: string; status: string; reason?: string }[],
      containerStatuses: [
        {
          name: 'c',
          ready: true,
          restartCount: 0,
          image: '',
          imageID: '',
          allocatedResources: { cpu: '2' },
          resources: { requests: { cpu: '1' }, limits: { cpu: '3' } },
        },
      ],
    };
    const resized = { ...pod({ containers: [container({ cpu: '4' }, { cpu: '4' })] }), status };
    expect(textsOf(podRequests(resized, { useStatus: true }))).toEqual({ cpu: '4' });
    expect(textsOf(podRequests(resized))).toEqual({ cpu: '4' });
    const stuck = { ...resized, status: { ...status, conditions: [{ type: 'PodResizePending', status: 'True', reason: 'Infeasible' }] } };
    expect(textsOf(podRequests(stuck, { useStatus: true }))).toEqual({ cpu: '2' });
    expect(textsOf(podLimits(stuck, { useStatus: true }))).toEqual({ cpu: '3' });
  });
});

test('limits: the overhead comes on top of a limit only', () => {
  const spec = { containers: [container({}, { cpu: '1' }), container({}, { cpu: '1' })], overhead: { cpu: '100m', memory: '10Mi' } };
  expect(textsOf(podLimits(pod(spec)))).toEqual({ cpu: '2100m' });
});

describe('QoS class', () => {
  const both = { cpu: '1', memory: '1Gi' };

  test.each([
    ['nothing asked', { containers: [container()] }, 'BestEffort'],
    ['only other resources', { containers: [container({ 'ephemeral-storage': '1Gi', 'example.com/gpu': '1' })] }, 'BestEffort'],
    ['zero is nothing', { containers: [container({ cpu: '0' })] }, 'BestEffort'],
    ['less than nothing is nothing', { containers: [container({ cpu: '-1' })] }, 'BestEffort'],
    ['a request of zero', { containers: [container({ cpu: '0', memory: '1Gi' }, both)] }, 'Burstable'],
    ['requests alone', { containers: [container(both)] }, 'Burstable'],
    ['limits and requests alike', { containers: [container(both, both)] }, 'Guaranteed'],
    ['the same amounts in other words', { containers: [container({ cpu: '1000m', memory: '1024Mi' }, both)] }, 'Guaranteed'],
    ['limits above requests', { containers: [container({ cpu: '1', memory: '1Mi' }, both)] }, 'Burstable'],
    ['memory without cpu', { containers: [container({ memory: '1Gi' }, { memory: '1Gi' })] }, 'Burstable'],
    ['one container without', { containers: [container(both, both), container()] }, 'Burstable'],
    ['an init container without', { containers: [container(both, both)], initContainers: [container()] }, 'Burstable'],
    ['pod-level resources decide alone', { containers: [container()], resources: { requests: both, limits: both } }, 'Guaranteed'],
    [
      'pod-level limits above requests',
      { containers: [container()], resources: { requests: { cpu: '500m', memory: '64Mi' }, limits: both } },
      'Burstable',
    ],
    ['pod-level requests alone', { containers: [container(both, both)], resources: { requests: both } }, 'Burstable'],
  ] as const)('%s', (_, spec, expected) => {
    expect(qosClassOf(pod(spec as unknown as Partial<PodSpec>))).toBe(expected);
  });
});
