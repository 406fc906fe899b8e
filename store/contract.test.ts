import { VirtualClock } from '../runtime/index.ts';
import { storeContract } from '../test/contract/store-contract.ts';
import type { StoreFixture } from '../test/support/store-steps.ts';
import { tempDirectory } from '../test/support/temp-directory.ts';
import { openLevelStore, openMemoryStore } from './index.ts';

storeContract('LevelDB', async (): Promise<StoreFixture> => {
  const directory = await tempDirectory();
  const clock = new VirtualClock();
  const store = await openLevelStore({ directory: directory.path, clock });
  const dispose = async () => {
    await store.close();
    await directory[Symbol.asyncDispose]();
  };
  return { store, pass: (seconds) => clock.advance(seconds * 1000), [Symbol.asyncDispose]: dispose };
});

storeContract('memory', async (): Promise<StoreFixture> => {
  const clock = new VirtualClock();
  const store = await openMemoryStore({ clock });
  return { store, pass: (seconds) => clock.advance(seconds * 1000), [Symbol.asyncDispose]: () => store.close() };
});
