import { clientFromOptions, leaderElectionOf } from '../client/index.ts';
import { processMain } from '../runtime/index.ts';
import { createScheduler } from './index.ts';
import { schedulerOptions } from './options.ts';

/** `nanokube scheduler`. */
export const main = (argv: readonly string[]): Promise<void> =>
  processMain(
    {
      name: 'scheduler',
      about: 'Finds a node for each pod.',
      options: schedulerOptions,
      create: (values, environment) =>
        createScheduler({
          ...environment,
          client: clientFromOptions(values, { userAgent: 'nanokube-scheduler', ...environment }),
          leaderElection: leaderElectionOf(values),
          // Whoever lost the lease must not go on: the process ends, and its supervisor starts it again.
          onLeadershipLost: () => process.exit(1),
        }),
    },
    argv,
  );
