import { afterEach } from 'vitest';
import { coreKinds, type Node, type Pod } from '../../api/index.ts';
import { MemoryApi } from '../../bench/scheduler/memory-api.ts';
import { createMetrics, type Service, seededRandom, silentLogger, VirtualClock } from '../../runtime/index.ts';
import { createScheduler, type PluginDefinition, readConfiguration } from '../../scheduler/index.ts';

/** Stopped after each test. */
export const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

export interface Running {
  readonly api: MemoryApi;
  readonly clock: VirtualClock;
  readonly scheduler: Service;
  readonly metrics: ReturnType<typeof createMetrics>;
  nodeOf(name: string): string | undefined;
  /** Lets everything happen that is going to, on real sockets too, until it is so. */
  until(what: () => boolean): Promise<void>;
}

/** A scheduler, on an API server in memory and a clock that does not go by itself. */
export async function run(configuration: object, plugins: readonly PluginDefinition[] = []): Promise<Running> {
  const api = new MemoryApi();
  const clock = new VirtualClock();
  const metrics = createMetrics();
  const scheduler = createScheduler({
    client: api,
    clock,
    random: seededRandom(1),
    logger: silentLogger,
    configuration: readConfiguration(configuration, '.'),
    plugins,
    metrics,
    leaderElect: false,
  });
  await scheduler.start();
  stops.push(() => scheduler.stop());
  const pods = api.resource<Pod>(coreKinds.pods).objects;
  return {
    api,
    clock,
    scheduler,
    metrics,
    nodeOf: (name) => pods.get(`default/${name}`)?.spec.nodeName,
    until: async (what) => {
      for (let i = 0; i < 2000 && !what(); i++) await clock.advance(5);
      if (!what())
        throw new Error(
          `not so: ${what}; ${JSON.stringify([...pods.values()].map(({ metadata, spec, status }) => [metadata.name, spec.nodeName, status]))}`,
        );
    },
  };
}

export function node(api: MemoryApi, name: string): void {
  const amounts = { cpu: '4', memory: '8Gi', pods: '110' };
  api.resource<Node>(coreKinds.nodes).put({ metadata: { name }, spec: {}, status: { allocatable: amounts, capacity: amounts } });
}

export function pod(api: MemoryApi, name: string, spec: Partial<Pod['spec']> = {}): void {
  const containers = [{ name: 'c', image: 'i', resources: { requests: { cpu: '1' } } }] as Pod['spec']['containers'];
  const metadata = { name, namespace: 'default' };
  api
    .resource<Pod>(coreKinds.pods)
    .put({ metadata, spec: { schedulerName: 'default-scheduler', containers, ...spec }, status: { phase: 'Pending' } } as never);
}

export const conditionOf = (api: MemoryApi, name: string) =>
  api
    .resource<Pod>(coreKinds.pods)
    .objects.get(`default/${name}`)
    ?.status.conditions?.find(({ type }) => type === 'PodScheduled');
