// What upstream's conformance suite asks of workloads, on one cluster of real processes; docs/conformance.md says which test is which.
import { afterAll, beforeAll, describe } from 'vitest';
import { daemonSetTests } from './apps/daemon-sets.ts';
import { deploymentTests } from './apps/deployments.ts';
import { disruptionTests } from './apps/disruption.ts';
import { jobTests } from './apps/jobs.ts';
import { replicaSetTests } from './apps/replica-sets.ts';
import { statefulSetTests } from './apps/stateful-sets.ts';
import { startWorld, type World } from './apps/world.ts';

let world: World;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.[Symbol.asyncDispose]());

describe.concurrent('workloads', () => {
  const theWorld = () => world;
  deploymentTests(theWorld);
  replicaSetTests(theWorld);
  daemonSetTests(theWorld);
  statefulSetTests(theWorld);
  jobTests(theWorld);
  disruptionTests(theWorld);
});
