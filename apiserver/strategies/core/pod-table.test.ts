import { describe, expect, it } from 'vitest';
import { coreKinds } from '../../../api/index.ts';
import { NOW, StrategyHarness } from '../testing/harness.ts';
import { podStrategy } from './pod.ts';
import { podRowConditions } from './pod-table.ts';

const pods = new StrategyHarness(podStrategy, coreKinds.pods);
const CREATED = '2023-12-31T23:55:00Z';

/** READY, STATUS and RESTARTS of a pod. */
function row(status: object, spec: object = {}, metadata: object = {}): unknown[] {
  const pod = pods.stored({ metadata: { name: 'p', namespace: 'ns' }, spec: { containers: [{ name: 'c', image: 'x' }], ...spec } });
  Object.assign(pod.status, status);
  Object.assign(pod.metadata, { creationTimestamp: CREATED, ...metadata });
  return pods.row(pod).slice(1, 4);
}

const container = (state: object, more: object = {}): object => ({ name: 'c', ready: false, restartCount: 0, state, ...more });
const running = { running: { startedAt: CREATED } };
const completed = { terminated: { exitCode: 0, reason: 'Completed' } };

describe('rows of pods', () => {
  const two = {
    containers: [
      { name: 'c', image: 'x' },
      { name: 'd', image: 'x' },
    ],
  };
  const init = {
    initContainers: [
      { name: 'i', image: 'x' },
      { name: 's', image: 'x', restartPolicy: 'Always' },
    ],
  };
  const cases: readonly (readonly [name: string, status: object, spec: object, cells: readonly unknown[]])[] = [
    ['pending', {}, {}, ['0/1', 'Pending', '0']],
    ['evicted', { phase: 'Failed', reason: 'Evicted' }, {}, ['0/1', 'Evicted', '0']],
    [
      'running',
      { phase: 'Running', containerStatuses: [container(running, { ready: true, restartCount: 3 })] },
      {},
      ['1/1', 'Running', '3'],
    ],
    [
      'restarted lately',
      {
        phase: 'Running',
        containerStatuses: [
          container(running, {
            ready: true,
            restartCount: 3,
            lastState: { terminated: { exitCode: 1, finishedAt: '2023-12-31T23:58:00Z' } },
          }),
        ],
      },
      {},
      ['1/1', 'Running', '3 (2m ago)'],
    ],
    [
      'crash loop',
      { phase: 'Running', containerStatuses: [container({ waiting: { reason: 'CrashLoopBackOff' } }, { restartCount: 7 })] },
      {},
      ['0/1', 'CrashLoopBackOff', '7'],
    ],
    ['completed', { phase: 'Succeeded', containerStatuses: [container(completed)] }, {}, ['0/1', 'Completed', '0']],
    ['an exit code', { phase: 'Failed', containerStatuses: [container({ terminated: { exitCode: 3 } })] }, {}, ['0/1', 'ExitCode:3', '0']],
    [
      'a signal',
      { phase: 'Failed', containerStatuses: [container({ terminated: { exitCode: 137, signal: 9 } })] },
      {},
      ['0/1', 'Signal:9', '0'],
    ],
    [
      'one of two completed',
      { phase: 'Running', containerStatuses: [container(completed), { ...container(running, { ready: true }), name: 'd' }] },
      two,
      ['1/2', 'NotReady', '0'],
    ],
    [
      'one of two completed, the pod ready',
      {
        phase: 'Running',
        conditions: [{ type: 'Ready', status: 'True' }],
        containerStatuses: [container(completed), { ...container(running, { ready: true }), name: 'd' }],
      },
      two,
      ['1/2', 'Running', '0'],
    ],
    ['initialising', { initContainerStatuses: [{ ...container(running), name: 'i' }] }, init, ['0/2', 'Init:0/2', '0']],
    [
      'an init container that fails',
      { initContainerStatuses: [{ ...container({ waiting: { reason: 'CrashLoopBackOff' } }, { restartCount: 2 }), name: 'i' }] },
      init,
      ['0/2', 'Init:CrashLoopBackOff', '2'],
    ],
    [
      'an init container that failed',
      { initContainerStatuses: [{ ...container({ terminated: { exitCode: 1 } }), name: 'i' }] },
      init,
      ['0/2', 'Init:ExitCode:1', '0'],
    ],
    [
      'a sidecar that is up',
      {
        phase: 'Running',
        initContainerStatuses: [
          { ...container(completed, { restartCount: 4 }), name: 'i' },
          { ...container(running, { ready: true, started: true, restartCount: 1 }), name: 's' },
        ],
        containerStatuses: [container(running, { ready: true })],
      },
      init,
      ['2/2', 'Running', '1'],
    ],
    ['gated', {}, { schedulingGates: [{ name: 'g' }] }, ['0/1', 'SchedulingGated', '0']],
  ];

  it.each(cases)('%s', (_name, status, spec, cells) => {
    const gates = 'schedulingGates' in spec ? { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] } : {};
    expect(row({ ...gates, ...status }, spec)).toEqual(cells);
  });

  it('pods that are going, also from a lost node', () => {
    const deleted = { deletionTimestamp: CREATED };
    expect(row({ phase: 'Running' }, {}, deleted)[1]).toBe('Terminating');
    expect(row({ phase: 'Succeeded' }, {}, deleted)[1]).toBe('Succeeded');
    expect(row({ phase: 'Running', reason: 'NodeLost' }, {}, deleted)[1]).toBe('Unknown');
  });

  it('shows the wide columns', () => {
    const pod = pods.stored({
      spec: { containers: [{ name: 'c', image: 'x' }], nodeName: 'n1', readinessGates: [{ conditionType: 'g1' }, { conditionType: 'g2' }] },
    });
    pod.metadata.creationTimestamp = CREATED;
    Object.assign(pod.status, { podIPs: [{ ip: '10.1.1.1' }], nominatedNodeName: 'n9', conditions: [{ type: 'g1', status: 'True' }] });
    expect(pods.row(pod, NOW).slice(4)).toEqual(['5m', '10.1.1.1', 'n1', 'n9', '1/2']);
  });

  it('marks what is finished', () => {
    const pod = pods.stored({ spec: { containers: [{ name: 'c', image: 'x' }] } });
    expect(podRowConditions(pod)).toBeUndefined();
    pod.status.phase = 'Succeeded';
    expect(podRowConditions(pod)).toEqual([
      { type: 'Completed', status: 'True', reason: 'Succeeded', message: 'The pod has completed successfully.' },
    ]);
  });
});
