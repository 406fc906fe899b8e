// What upstream's suite asks of nodes and pods ([sig-node]), on a cluster of real processes. What takes its time is in node-times.test.ts.
import { afterAll, beforeAll } from 'vitest';
import { configurationTests } from './node/configuration.ts';
import { containerTests } from './node/containers.ts';
import { podTests } from './node/pods.ts';
import { startWorld, type World } from './node/world.ts';

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
});

configurationTests(() => world);
containerTests(() => world);
podTests(() => world);
