// What upstream's conformance suite asks of storage, on one cluster of real processes; docs/conformance.md says which test is which.
import { afterAll, beforeAll, describe } from 'vitest';
import { claimTests } from './storage/claims.ts';
import { emptyDirTests } from './storage/empty-dirs.ts';
import { mountTests } from './storage/mounts.ts';
import { objectTests } from './storage/objects.ts';
import { payloadTests } from './storage/payloads.ts';
import { subPathTests } from './storage/sub-paths.ts';
import { startWorld, type World } from './storage/world.ts';

let world: World;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.[Symbol.asyncDispose]());

describe.concurrent('storage', () => {
  const theWorld = () => world;
  objectTests(theWorld);
  emptyDirTests(theWorld);
  payloadTests(theWorld);
  subPathTests(theWorld);
  claimTests(theWorld);
  mountTests(theWorld);
});
