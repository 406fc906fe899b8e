/**
 * The controllers of workloads, under random specs and edits, with a manager that is killed at any instant, watches that lag and break, and
 * requests that are refused or whose answers get lost, on a virtual clock: once left in peace, the cluster is what its objects ask for
 * and nobody writes any more; and no rollout breaks its budget on the way. One round; forty with NANOKUBE_LONG_RUN=1.
 */
import { expect, test } from 'vitest';
import { seededRandom } from '../../runtime/index.ts';
import { seedOf, times } from '../support/long-run.ts';
import { BudgetWatch } from '../support/workload-budgets.ts';
import { brokenPromises } from '../support/workload-promises.ts';
import { WorkloadWorld } from '../support/workload-world.ts';

const ROUNDS = times(1, 40);
const STEPS = 60;
const ROLLOUTS = 2;
/** In virtual time. */
const SETTLE_MS_MAX = 15 * 60_000;
const QUIET_MS = 120_000;

const CHAOS = { refused: 60, lost: 15, broken: 60, lagMsMax: 400 };
/** No answer gets lost: who is told that a pod was not made makes another, and has one too many until it notices. */
const ROUGH = { refused: 60, lost: 0, broken: 60, lagMsMax: 400 };

for (let round = 0; round < ROUNDS; round++) {
  const seed = seedOf(20_261_121) + round;
  test(`controllers come to rest at what is asked for, whatever happened (seed ${seed})`, { timeout: 600_000 }, async () => {
    const random = seededRandom(seed);
    await using world = await WorkloadWorld.start(random);

    world.faults = CHAOS;
    for (let step = 0; step < STEPS; step++) {
      await world.disturb();
      await world.pass(random.integer(3000));
    }
    await settle(world);

    for (let rollout = 0; rollout < ROLLOUTS; rollout++) {
      const budgets = new BudgetWatch(world);
      await budgets.begin();
      world.faults = ROUGH;
      await world.changeTemplates();
      for (let kill = 0; kill < 4; kill++) {
        await world.pass(random.integer(8000));
        await world.restartManager();
      }
      await settle(world);
      expect(budgets.end(), `writes of unknown outcome: ${world.unknown.join(', ') || 'none'}`).toEqual([]);
    }
  });
}

/** Waits until all promises hold, then sees that nothing is written any more. */
async function settle(world: WorkloadWorld): Promise<void> {
  await world.makePeace();
  let broken = await brokenPromises(world);
  const end = world.clock.now() + SETTLE_MS_MAX;
  while (broken.length > 0 && world.clock.now() < end) {
    await world.pass(2000);
    broken = await brokenPromises(world);
  }
  expect(broken, `after ${SETTLE_MS_MAX / 60_000} minutes of peace`).toEqual([]);
  await world.pass(10_000);
  const before = world.writes.length;
  await world.pass(QUIET_MS);
  expect(world.writes.slice(before), 'writes at rest').toEqual([]);
  expect(await brokenPromises(world)).toEqual([]);
}
