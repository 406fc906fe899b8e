import { describe, expect, it, vi } from 'vitest';
import { coreKinds, type EventsV1Event, eventsKinds, type Pod } from '../../api/index.ts';
import type { Handle, PluginDefinition } from '../../scheduler/index.ts';
import { conditionOf, node, pod, run } from './running.ts';

describe('several profiles', () => {
  it('serve the pods that name them, and leave all others alone', async () => {
    const { api, nodeOf, until } = await run({
      profiles: [
        { schedulerName: 'default-scheduler' },
        { schedulerName: 'mine', plugins: { filter: { disabled: [{ name: 'NodeResourcesFit' }] } } },
      ],
    });
    node(api, 'a');
    pod(api, 'theirs', { schedulerName: 'somebody-else' });
    pod(api, 'mine', { schedulerName: 'mine', containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '99' } } }] });
    await until(() => nodeOf('mine') === 'a');
    node(api, 'b');
    pod(api, 'usual');
    await until(() => nodeOf('usual') === 'b');
    expect(nodeOf('theirs')).toBeUndefined();
  });
});

describe('pods that are being deleted', () => {
  it('get no node; an event says so', async () => {
    const { api, nodeOf, until } = await run({});
    node(api, 'a');
    const metadata = { name: 'going', namespace: 'default', finalizers: ['example.com/f'], deletionTimestamp: '2026-01-01T00:00:00Z' };
    const spec = { schedulerName: 'default-scheduler', containers: [{ name: 'c', image: 'i' }] };
    api.resource<Pod>(coreKinds.pods).put({ metadata, spec, status: { phase: 'Pending' } } as never);
    pod(api, 'p');
    const events = vi.spyOn(api.resource<EventsV1Event>(eventsKinds.events), 'create');
    await until(() => nodeOf('p') === 'a' && events.mock.calls.length === 2);
    expect(nodeOf('going')).toBeUndefined();
    const note = 'skip schedule deleting pod: default/going';
    expect(events.mock.calls.map(([event]) => event)).toContainEqual(expect.objectContaining({ reason: 'FailedScheduling', note }));
  });
});

describe('what plugins answer', () => {
  const one = (plugin: Omit<ReturnType<PluginDefinition['create']>, 'name'>): PluginDefinition[] => [
    { name: 'Mine', create: () => ({ name: 'Mine', ...plugin }) },
  ];
  const mine = { profiles: [{ plugins: { multiPoint: { enabled: [{ name: 'Mine' }] } } }] };
  const no = (code: 'Unschedulable' | 'UnschedulableAndUnresolvable', reason: string) => ({ code, reasons: [reason], plugin: '' });
  const fail = () => {
    throw new Error('oh');
  };
  const cases: [string, Parameters<typeof one>[0], string, string][] = [
    ['PreScore that fails', { preScore: fail }, 'SchedulerError', 'running PreScore plugin "Mine": oh'],
    ['Score that fails', { score: fail }, 'SchedulerError', 'running Score plugins: plugin "Mine" failed with: oh'],
    [
      'Normalize that fails',
      { score: () => 1, normalize: fail },
      'SchedulerError',
      'running Normalize on Score plugins: plugin "Mine" failed with: oh',
    ],
    [
      'a score out of bounds',
      { score: () => 101 },
      'SchedulerError',
      'applying score defaultWeights on Score plugins: plugin "Mine" returns an invalid score 101, it should in the range of [0, 100] after normalizing',
    ],
    ['PreBind that rejects', { preBind: async () => no('Unschedulable', 'not now') }, 'Unschedulable', 'not now'],
    ['PreBind that fails', { preBind: async () => fail() }, 'SchedulerError', 'running PreBind plugin "Mine": oh'],
    [
      'PreFilter that rejects',
      { preFilter: () => no('Unschedulable', 'not so many') },
      'Unschedulable',
      '0/2 nodes are available: not so many. no new claims to deallocate, preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod.',
    ],
    [
      'PreFilter that leaves no node',
      { preFilter: () => ({ nodeNames: new Set<string>() }) },
      'Unschedulable',
      "0/2 nodes are available: node(s) didn't satisfy plugin Mine. no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.",
    ],
  ];
  it.each(cases)('%s', async (...[, plugin, reason, message]) => {
    const { api, until } = await run(mine, one(plugin));
    for (const name of ['a', 'b']) node(api, name);
    pod(api, 'p');
    await until(() => conditionOf(api, 'p') !== undefined);
    expect(conditionOf(api, 'p')).toMatchObject({ reason, message });
  });
});

describe('a victim that was marked before, and is still there', () => {
  const marked = { type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler', lastTransitionTime: '2026-01-01T00:00:00Z' };
  const message = 'default-scheduler: preempting to accommodate a higher priority pod';

  it.each([
    ['goes, and is not marked again', message, []],
    ['keeps the time of its mark', 'another: preempting', [{ type: marked.type, message }]],
  ])('%s', async (_, before, written) => {
    const { api, nodeOf, until } = await run({});
    const pods = api.resource<Pod>(coreKinds.pods);
    const patches = vi.spyOn(pods, 'patch');
    node(api, 'a');
    const containers = [{ name: 'c', image: 'i', resources: { requests: { cpu: '4' } } }];
    const status = { phase: 'Running', conditions: [{ ...marked, message: before }] };
    pods.put({ metadata: { name: 'low', namespace: 'default' }, spec: { nodeName: 'a', containers }, status } as never);
    pod(api, 'high', { priority: 10 });
    await until(() => nodeOf('high') === 'a');
    const conditions = patches.mock.calls.filter(([name]) => name === 'low').map(([, patch]) => (patch as Pod).status.conditions?.[0]);
    expect(conditions).toEqual(written);
  });
});

describe('a plugin that fails while preemption tries nodes', () => {
  const breaks = (node: (name: string) => boolean): PluginDefinition[] => [
    {
      name: 'Mine',
      create: () => ({
        name: 'Mine',
        preFilter: () => undefined,
        removePod: (_state, _pod, _removed, { name }) => {
          if (node(name)) throw new Error(`oh ${name}`);
        },
      }),
    },
  ];
  const start = async (plugins: PluginDefinition[]) => {
    const running = await run({ profiles: [{ plugins: { multiPoint: { enabled: [{ name: 'Mine' }] } } }] }, plugins);
    for (const name of ['a', 'b']) {
      node(running.api, name);
      pod(running.api, `low-${name}`, { nodeName: name, containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '4' } } }] });
    }
    pod(running.api, 'high', { priority: 10 });
    return running;
  };

  it('leaves the other nodes to be tried', async () => {
    const { nodeOf, until } = await start(breaks((name) => name === 'a'));
    await until(() => nodeOf('high') === 'b');
  });

  it('is quoted when no other will do', async () => {
    const { api, until } = await start(breaks(() => true));
    await until(() => conditionOf(api, 'high') !== undefined);
    expect(conditionOf(api, 'high')?.message).toMatch(
      /^0\/2 nodes are available: 2 Insufficient cpu\. preemption: \[running RemovePod on PreFilter plugin "Mine": oh [ab], running RemovePod on PreFilter plugin "Mine": oh [ab]\]$/,
    );
  });
});

/** Holds every pod back until it is told what to do. */
function permitting(handles: Handle[], waitMs: number): PluginDefinition {
  return {
    name: 'Hold',
    create: (_args, handle) => {
      handles.push(handle);
      return { name: 'Hold', permit: () => ({ waitMs }) };
    },
  };
}

describe('Permit', () => {
  const profiles = [{ plugins: { permit: { enabled: [{ name: 'Hold' }] } } }];
  const waitingOf = ([handle]: readonly Handle[]) => [...(handle?.waitingPods.values() ?? [])];

  it('holds a binding back until the plugin allows it; the pod has its place meanwhile', async () => {
    const handles: Handle[] = [];
    const { api, nodeOf, until } = await run({ profiles }, [permitting(handles, 60_000)]);
    node(api, 'a');
    for (let i = 0; i < 5; i++) pod(api, `p${i}`);
    await until(() => waitingOf(handles).length === 4 && conditionOf(api, 'p4') !== undefined);
    expect(conditionOf(api, 'p4')?.message).toContain('Insufficient cpu');
    for (const waiting of waitingOf(handles)) waiting.allow('Hold');
    await until(() => ['p0', 'p1', 'p2', 'p3'].every((name) => nodeOf(name) === 'a'));
  });

  it('rejects when the plugin does, and when it waits too long', async () => {
    const handles: Handle[] = [];
    const { api, clock, until } = await run({ profiles }, [permitting(handles, 10_000)]);
    node(api, 'a');
    pod(api, 'p');
    await until(() => waitingOf(handles).length === 1);
    waitingOf(handles)[0]?.reject('Hold', 'not today');
    await until(() => conditionOf(api, 'p') !== undefined);
    expect(conditionOf(api, 'p')?.message).toBe('0/1 nodes are available: 1 not today.');
    pod(api, 'q');
    await until(() => waitingOf(handles).some(({ info }) => info.key === 'default/q'));
    await clock.advance(10_000);
    await until(() => conditionOf(api, 'q') !== undefined);
    expect(conditionOf(api, 'q')?.message).toBe('0/1 nodes are available: 1 rejected due to timeout after waiting 10s at plugin Hold.');
  });

  it('lets go of pods that are deleted', async () => {
    const handles: Handle[] = [];
    const { api, until } = await run({ profiles }, [permitting(handles, 60_000)]);
    node(api, 'a');
    pod(api, 'p');
    await until(() => waitingOf(handles).length === 1);
    const [waiting] = api.resource<Pod>(coreKinds.pods).objects.values();
    if (waiting) api.resource<Pod>(coreKinds.pods).remove(waiting);
    await until(() => waitingOf(handles).length === 0);
  });
});

describe('a cluster without nodes', () => {
  it('has no place for pods; the first node that comes is looked at, whatever it is', async () => {
    const { api, until, metrics } = await run({});
    pod(api, 'big', { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '99' } } }] });
    await until(() => conditionOf(api, 'big') !== undefined);
    expect(conditionOf(api, 'big')?.message).toBe('no nodes available to schedule pods');
    expect(await metrics.text()).not.toMatch(/^scheduler_unschedulable_pods\{/m);
    node(api, 'a');
    await until(() => conditionOf(api, 'big')?.message?.startsWith('0/1 nodes are available: 1 Insufficient cpu.') === true);
  });
});

describe('a pod that is deleted before it is bound', () => {
  // Upstream: `handleAssumedPodDeletion` of `eventhandlers.go`.
  it.each([
    ['goes', {}],
    ['is to go, and is held by a finalizer', { finalizers: ['example.com/f'], deletionTimestamp: '2026-01-01T00:00:00Z' }],
  ])('%s: what it was to take is free at once, whatever its plugins still wait for', async (_, more) => {
    let waits = 0;
    const plugin: PluginDefinition = {
      name: 'Slow',
      create: () => ({
        name: 'Slow',
        preBind: (_state, { pod: { metadata } }, _nodeName, signal) => {
          if (metadata.name !== 'slow') return Promise.resolve(undefined);
          waits++;
          return new Promise((resolve) => signal.addEventListener('abort', () => resolve(undefined), { once: true }));
        },
      }),
    };
    const { api, nodeOf, until } = await run({ profiles: [{ plugins: { multiPoint: { enabled: [{ name: 'Slow' }] } } }] }, [plugin]);
    const pods = api.resource<Pod>(coreKinds.pods);
    node(api, 'a');
    const containers = [{ name: 'c', image: 'i', resources: { requests: { cpu: '4' } } }] as Pod['spec']['containers'];
    pod(api, 'slow', { containers });
    await until(() => waits === 1);
    pod(api, 'next', { containers });
    await until(() => conditionOf(api, 'next') !== undefined);
    const slow = pods.objects.get('default/slow');
    if (!slow) throw new Error('it is gone already');
    if ('finalizers' in more) pods.put({ ...slow, metadata: { ...slow.metadata, ...more } });
    else pods.remove(slow);
    await until(() => nodeOf('next') === 'a');
  });
});

describe('metrics', () => {
  it.each([
    ['schedule_attempts_total', 'counter', '[STABLE] Number of attempts to schedule pods, by the result. '],
    ['scheduling_attempt_duration_seconds', 'histogram', '[STABLE] Scheduling attempt latency in seconds (scheduling algorithm + binding)'],
    ['preemption_victims', 'histogram', '[STABLE] Number of selected preemption victims'],
    ['preemption_attempts_total', 'counter', '[STABLE] Total preemption attempts in the cluster till now'],
    ['pending_pods', 'gauge', "[STABLE] Number of pending pods, by the queue type. 'active' means number of pods in activeQ; "],
    ['pod_scheduling_sli_duration_seconds', 'histogram', '[BETA] E2e latency for a pod being scheduled, from the time the pod enters'],
    ['pod_scheduling_attempts', 'histogram', '[STABLE] Number of attempts to successfully schedule a pod.'],
    ['framework_extension_point_duration_seconds', 'histogram', '[STABLE] Latency for running all plugins of a specific extension point.'],
    ['queue_incoming_pods_total', 'counter', '[STABLE] Number of pods added to scheduling queues by event and queue type.'],
  ])('are told in upstream’s words: %s', async (name, type, help) => {
    const { metrics } = await run({});
    const text = await metrics.text();
    expect(text).toContain(`# HELP scheduler_${name} ${help}`);
    expect(text).toContain(`# TYPE scheduler_${name} ${type}\n`);
  });

  it('have upstream’s names', async () => {
    const { api, clock, metrics, nodeOf, until } = await run({});
    node(api, 'a');
    pod(api, 'p');
    pod(api, 'big', { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '99' } } }] });
    await until(() => nodeOf('p') === 'a' && conditionOf(api, 'big') !== undefined);
    await clock.advance(20);
    const text = await metrics.text();
    for (const line of [
      'scheduler_schedule_attempts_total{result="scheduled",profile="default-scheduler"} 1',
      'scheduler_schedule_attempts_total{result="unschedulable",profile="default-scheduler"} 1',
      'scheduler_pending_pods{queue="unschedulable"} 1',
      'scheduler_queue_incoming_pods_total{queue="active",event="UnschedulablePodAdd"} 2',
      'scheduler_preemption_attempts_total 1',
      'scheduler_pod_scheduling_attempts_count 1',
      'scheduler_cache_size{type="nodes"} 1',
      'scheduler_inflight_events{event="PodPopped"} 0',
      'scheduler_unschedulable_pods{plugin="NodeResourcesFit",profile="default-scheduler"} 1',
      'scheduler_plugin_evaluation_total{plugin="NodeResourcesFit",extension_point="Filter",profile="default-scheduler"} 2',
      'scheduler_event_handling_duration_seconds_count{event="NodeAdd"} 1',
      'scheduler_event_handling_duration_seconds_count{event="UnschedulablePodAdd"} 2',
      'scheduler_event_handling_duration_seconds_count{event="AssignedPodAdd"} 1',
      'scheduler_event_handling_duration_seconds_count{event="UnschedulablePodDelete"} 1',
      'scheduler_event_handling_duration_seconds_count{event="UnschedulablePodUpdate"} 1',
      'scheduler_scheduling_algorithm_duration_seconds_count 2',
    ]) {
      expect(text).toContain(line);
    }
    for (const point of ['PreFilter', 'Filter', 'PreScore', 'Score', 'Reserve', 'Permit', 'PreBind', 'Bind', 'PostBind']) {
      const labels = `extension_point="${point}",status="Success",profile="default-scheduler"`;
      // One node is chosen without scores.
      const times = point.endsWith('Score') ? 0 : 1;
      expect(text.includes(`scheduler_framework_extension_point_duration_seconds_count{${labels}} `), point).toBe(times === 1);
    }
    expect(text).toMatch(/scheduler_plugin_execution_duration_seconds_count\{plugin="NodeResourcesFit",extension_point="Filter"/);
    expect(await metrics.textAt('/metrics/resources')).toContain('resource="cpu",scheduler="default-scheduler",unit="cores"} 99\n');
  });
});
