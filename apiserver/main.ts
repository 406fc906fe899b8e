import { processMain } from '../runtime/index.ts';
import { withoutEffect } from './accepted-options.ts';
import { composeApiServer } from './compose.ts';
import { apiServerOptions } from './options.ts';
import { verbosity, withLongNames } from './verbosity.ts';

/** `nanokube apiserver`. */
export const main = (argv: readonly string[]): Promise<void> =>
  processMain(
    {
      name: 'apiserver',
      about: 'Serves the Kubernetes API from a database of its own.',
      options: apiServerOptions,
      create: (values, environment, given) => {
        const { logger } = environment;
        if (!given.has('log-level')) logger.level = verbosity(values.v);
        const options = withoutEffect(given);
        if (options.length > 0) logger.info({ options }, 'options without effect here; --help says why');
        return composeApiServer(values, environment);
      },
    },
    withLongNames(argv),
  );
