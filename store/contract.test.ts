import { storeContract } from '../test/contract/store-contract.ts';
import type { StoreFixture } from '../test/support/store-steps.ts';
import { tempDirectory } from '../test/support/temp-directory.ts';
import { openLevelStore, openMemoryStore } from './index.ts';

storeContract('LevelDB', async (): Promise<StoreFixture> => {
  const directory = await tempDirectory();
  const store = await openLevelStore({ directory: directory.path });
  const dispose = async () => {
    await store.close();
    await directory[Symbol.asyncDispose]();
  };
  return { store, [Symbol.asyncDispose]: dispose };
});

storeContract('memory', async (): Promise<StoreFixture> => {
  const store = await openMemoryStore();
  return { store, [Symbol.asyncDispose]: () => store.close() };
});
