import { processMain } from '../runtime/index.ts';
import { composeStore } from './compose.ts';
import { storeOptions } from './options.ts';

/** `nanokube store`. */
export const main = (argv: readonly string[]): Promise<void> =>
  processMain(
    {
      name: 'store',
      about: 'Serves etcd’s v3 API from the database of a cluster that is down, or from one of its own.',
      options: storeOptions,
      create: composeStore,
    },
    argv,
  );
