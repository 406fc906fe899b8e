import { describe, expect, it } from 'vitest';
import type { Container, ContainerStatus, Pod } from '../../api/index.ts';
import { aPod } from '../testing/builders.ts';
import { podInfoOf } from './pod-info.ts';

type List = Readonly<Record<string, string>>;

const MI = 2 ** 20;
const asking = (requests: List, name = 'c'): Container => ({ name, resources: { requests } });
const sidecar = (requests: List): Container => ({ ...asking(requests, 's'), restartPolicy: 'Always' });
const given = (requests: List, allocatedResources: List = requests, name = 'c'): ContainerStatus =>
  ({ name, resources: { requests }, allocatedResources }) as unknown as ContainerStatus;

interface Spec {
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly pod?: List;
  readonly overhead?: List;
  readonly status?: Partial<Pod['status']>;
}

/** What is counted of a pod: cpu and memory (Mi) as it asks, on a node with defaults, and while it looks for a node. */
function counted({ containers, initContainers = [], pod, overhead, status = {} }: Spec) {
  const built = aPod('p').build();
  const spec = { ...built.spec, containers, initContainers, overhead, ...(pod ? { resources: { requests: pod } } : {}) } as Pod['spec'];
  const { requests, nonZero, scored } = podInfoOf({ ...built, spec, status: { ...built.status, ...status } });
  return [requests, nonZero, scored].map(({ milliCpu, memory }) => [milliCpu, memory / MI]);
}

const alike = (cpu: number, memory: number) => [0, 1, 2].map(() => [cpu, memory]);
/** While it looks for a node, only what its containers ask for. */
const placed = (cpu: number, memory: number, scored: number[]) => [[cpu, memory], [cpu, memory], scored];

/** Upstream: `TestPodInfoCalculateResources` of `pkg/scheduler/framework/types_test.go`. */
describe('what a pod takes', () => {
  const small = { cpu: '500m', memory: '500Mi' };
  const large = { cpu: '700m', memory: '800Mi' };
  const whole = { cpu: '1200m', memory: '1200Mi' };
  const cases: [string, Spec, number[][]][] = [
    [
      'nothing: a default per container',
      { containers: [asking({}), asking({})] },
      [
        [0, 0],
        [200, 400],
        [200, 400],
      ],
    ],
    ['what its container asks for', { containers: [asking(small)] }, alike(500, 500)],
    ['what its containers ask for', { containers: [asking(small), asking(large)] }, alike(1200, 1300)],
    ['the more of init containers and containers', { containers: [asking(small)], initContainers: [asking(large)] }, alike(700, 800)],
    ['containers and sidecars', { containers: [asking(small)], initContainers: [sidecar(large)] }, alike(1200, 1300)],
    ['overhead beside', { containers: [asking(small)], overhead: { cpu: '500m', memory: '500Mi' } }, alike(1000, 1000)],
    ['what it asks for as a whole', { containers: [asking(small), asking(large)], pod: whole }, placed(1200, 1200, [1200, 1300])],
    [
      '… whatever init containers ask for',
      { containers: [asking(small)], initContainers: [asking(small)], pod: whole },
      placed(1200, 1200, [500, 500]),
    ],
    ['… and sidecars', { containers: [asking(small)], initContainers: [sidecar(small)], pod: whole }, placed(1200, 1200, [1000, 1000])],
    [
      'memory as a whole, and a default of cpu',
      { containers: [asking({})], initContainers: [asking({})], pod: { memory: '1200Mi' } },
      [
        [0, 1200],
        [100, 1200],
        [100, 200],
      ],
    ],
    [
      'cpu as a whole, and a default of memory',
      { containers: [asking({})], initContainers: [asking({})], pod: { cpu: '500m' } },
      [
        [500, 0],
        [500, 200],
        [100, 200],
      ],
    ],
    [
      'cpu as a whole, and memory of some containers: the others have no default on the node',
      { containers: [asking({ memory: '500Mi' }), asking({})], pod: { cpu: '500m' } },
      [
        [500, 500],
        [500, 500],
        [200, 700],
      ],
    ],
    [
      'storage of containers, and cpu as a whole',
      { containers: [asking({ 'ephemeral-storage': '800Mi' })], pod: { cpu: '500m' } },
      [
        [500, 0],
        [500, 200],
        [100, 200],
      ],
    ],
  ];
  it.each(cases)('%s', (...[, spec, expected]) => {
    expect(counted(spec)).toEqual(expected);
  });

  it('is counted in the scheduler’s units, storage and devices too', () => {
    const { requests } = podInfoOf(
      aPod('p').asking({ 'ephemeral-storage': '1Ki', 'example.com/foo': '3', 'hugepages-2Mi': '4Mi' }).build(),
    );
    expect(requests).toEqual({
      milliCpu: 0,
      memory: 0,
      ephemeralStorage: 1024,
      scalars: new Map([
        ['example.com/foo', 3],
        ['hugepages-2Mi', 4 * MI],
      ]),
    });
  });
});

/** Upstream: `TestCalculatePodResourcesWithResize`. */
describe('what a pod takes while it is resized in place', () => {
  const [less, more] = [
    { cpu: '500m', memory: '500Mi' },
    { cpu: '700m', memory: '800Mi' },
  ];
  const pending = (reason: string) => ({ conditions: [{ type: 'PodResizePending', status: 'True', reason }] });
  const cases: [string, Spec, number[][]][] = [
    ['none is under way', { containers: [asking(less)], status: { containerStatuses: [given(less)] } }, alike(500, 500)],
    ['it grows, and has the old yet', { containers: [asking(more)], status: { containerStatuses: [given(less)] } }, alike(700, 800)],
    [
      'it shrinks, and has the old yet',
      { containers: [asking(less)], status: { containerStatuses: [given(more)] } },
      placed(700, 800, [500, 500]),
    ],
    [
      'it shrinks, and less is set aside',
      { containers: [asking(less)], status: { containerStatuses: [given(more, less)] } },
      placed(700, 800, [500, 500]),
    ],
    [
      'it is put off',
      { containers: [asking(more)], status: { containerStatuses: [given(less)], ...pending('Deferred') } },
      alike(700, 800),
    ],
    [
      'it can never be: what it has is what counts',
      { containers: [asking(more)], status: { containerStatuses: [given(less)], ...pending('Infeasible') } },
      placed(500, 500, [700, 800]),
    ],
    ['nothing is told of the container yet', { containers: [asking(more)], status: pending('Infeasible') }, alike(700, 800)],
    [
      'a sidecar shrinks',
      { containers: [asking(less)], initContainers: [sidecar(less)], status: { initContainerStatuses: [given(more, more, 's')] } },
      placed(1200, 1300, [1000, 1000]),
    ],
  ];
  it.each(cases)('%s', (...[, spec, expected]) => {
    expect(counted(spec)).toEqual(expected);
  });
});
