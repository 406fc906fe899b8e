// A control plane with nodes and a scheduler, all in this process.
import { coreKinds } from '../../api/index.ts';
import { seededRandom, silentLogger, systemClock } from '../../runtime/index.ts';
import { createScheduler } from '../../scheduler/index.ts';
import { type ControlPlane, type ControlPlaneOptions, startControlPlane } from './control-plane.ts';
import { registerNode } from './fake-kubelet.ts';

/** Options of {@link startScheduledPlane}: those of a control plane, and nodes. */
export interface ScheduledPlaneOptions extends ControlPlaneOptions {
  /** Names of its nodes. */
  readonly nodes: readonly string[];
  /** What each of them has: cores, and as many GiB. */
  readonly cores: number;
}

/** Starts a control plane, makes its nodes, and lets a scheduler run as long as it does. */
export async function startScheduledPlane({ nodes, cores, ...options }: ScheduledPlaneOptions): Promise<ControlPlane> {
  const plane = await startControlPlane(options);
  const { client } = plane;
  for (const name of nodes) {
    await registerNode(client, name);
    const status = { allocatable: { cpu: `${cores}`, memory: `${cores}Gi`, pods: '110' } };
    await client.resource(coreKinds.nodes).patch(name, { status }, { type: 'merge', subresource: 'status' });
  }
  const scheduler = createScheduler({ client, clock: systemClock, random: seededRandom(5), logger: silentLogger, leaderElect: false });
  await scheduler.start();
  await plane.eventuallyAll(coreKinds.serviceaccounts, (all) => all.length > 0);
  const end = () => plane[Symbol.asyncDispose]();
  return {
    ...plane,
    async [Symbol.asyncDispose]() {
      await scheduler.stop();
      await end();
    },
  };
}
