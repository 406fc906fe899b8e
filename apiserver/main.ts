import { processMain } from '../runtime/index.ts';
import { composeApiServer } from './compose.ts';
import { apiServerOptions } from './options.ts';

/** `nanokube apiserver`. */
export const main = (argv: readonly string[]): Promise<void> =>
  processMain(
    {
      name: 'apiserver',
      about: 'Serves the Kubernetes API from a database of its own.',
      options: apiServerOptions,
      create: composeApiServer,
    },
    argv,
  );
