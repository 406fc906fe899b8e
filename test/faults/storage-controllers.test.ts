/**
 * The controllers of claims and volumes (binder, provisioner, resizer, protection, ephemeral volumes, attach and detach) under a manager that is
 * killed at any instant, watches that lag and break, and requests that are refused or whose answers get lost, on a virtual clock: no volume
 * ever passes from one claim to another, none that is to be kept is deleted, and at rest everything is bound, grown, attached or gone
 * and nobody writes. One round; thirty with NANOKUBE_LONG_RUN=1.
 */
import { expect, test } from 'vitest';
import { coreKinds, type Live, type PersistentVolume } from '../../api/index.ts';
import { createInformerFactory } from '../../client/index.ts';
import { seededRandom, silentLogger } from '../../runtime/index.ts';
import { seedOf, times } from '../support/long-run.ts';
import { brokenStoragePromises } from '../support/storage-promises.ts';
import { StorageWork } from '../support/storage-work.ts';
import { WorkloadWorld } from '../support/workload-world.ts';

const ROUNDS = times(1, 30);
const STEPS = 70;
const STEP_MS_MAX = 700;
const SETTLE_MS_MAX = 15 * 60_000;
/** Several periods of the binder's, who looks at everything each time. */
const QUIET_MS = 40_000;
const WARM_UP_MS_MAX = 300_000;
const EVERY_WORK = [
  'create persistentvolumes',
  'create persistentvolumeclaims',
  'create volumeattachments',
  'delete volumeattachments',
  'delete persistentvolumes',
  'update persistentvolumeclaims',
];
const CHAOS = { refused: 60, lost: 20, broken: 60, lagMsMax: 400 };

for (let round = 0; round < ROUNDS; round++) {
  const seed = seedOf(20_261_121) + round;
  test(`claims and volumes come to rest, whatever happened (seed ${seed})`, { timeout: 600_000 }, async () => {
    const random = seededRandom(seed);
    await using world = await WorkloadWorld.start(random);
    const work = await StorageWork.begin(world);
    const stop = new AbortController();
    const broken = watchVolumes(world, work, stop.signal);
    await work.warmUp();
    expect(await idle(world), 'never tried').toEqual([]);
    world.faults = CHAOS;
    for (let step = 0; step < STEPS; step++) {
      await work.disturb();
      await world.pass(random.integer(STEP_MS_MAX));
    }
    await settle(world, work);
    stop.abort();
    expect(broken()).toEqual([]);
  });
}

/** @returns what of their work the controllers do not come to. */
async function idle(world: WorkloadWorld): Promise<string[]> {
  const end = world.clock.now() + WARM_UP_MS_MAX;
  const missing = () => {
    const did = new Set(world.writes.map(({ verb, resource }) => `${verb} ${resource}`));
    return EVERY_WORK.filter((work) => !did.has(work));
  };
  while (missing().length > 0 && world.clock.now() < end) await world.pass(500);
  return missing();
}

async function settle(world: WorkloadWorld, work: StorageWork): Promise<void> {
  await world.makePeace();
  const end = world.clock.now() + SETTLE_MS_MAX;
  let broken = await brokenStoragePromises(world);
  while (broken.length > 0 && world.clock.now() < end) {
    await work.serve();
    await world.pass(3000);
    await work.provide();
    broken = await brokenStoragePromises(world);
  }
  expect(broken, `after ${SETTLE_MS_MAX / 60_000} minutes of peace`).toEqual([]);
  let before = -1;
  while (before !== world.writes.length && world.clock.now() < end) {
    before = world.writes.length;
    await world.pass(20_000);
  }
  await world.pass(QUIET_MS);
  expect(world.writes.slice(before), 'writes at rest').toEqual([]);
  expect(await brokenStoragePromises(world)).toEqual([]);
}

/** @returns what tells what must not have happened to volumes on the way. */
function watchVolumes(world: WorkloadWorld, work: StorageWork, signal: AbortSignal): () => string[] {
  const broken: string[] = [];
  const { client, clock, random } = world;
  const factory = createInformerFactory({ client, clock, random: seededRandom(random.integer(2 ** 31)), logger: silentLogger });
  factory.informer<PersistentVolume>(coreKinds.persistentvolumes).addHandler({
    onUpdate: ({ metadata, spec }, old) => {
      const [before, after] = [old.spec.claimRef, spec.claimRef];
      if (before?.uid && after?.uid && before.uid !== after.uid)
        broken.push(`${metadata.name} passed from ${before.name} to ${after.name}`);
    },
    onDelete: (volume) => {
      if (!mayGo(volume) && !work.deletedVolumes.has(volume.metadata.name)) broken.push(`${volume.metadata.name} was to be kept`);
    },
  });
  factory.start(signal);
  return () => broken;
}

const mayGo = ({ spec }: Live<PersistentVolume>): boolean => spec.persistentVolumeReclaimPolicy === 'Delete';
