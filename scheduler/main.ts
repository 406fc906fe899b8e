import { clientFromOptions, countClientMetrics, leaderElectionOf, withServing } from '../client/index.ts';
import { createMetrics, processMain, withHealth } from '../runtime/index.ts';
import { createScheduler } from './index.ts';
import { schedulerOptions } from './options.ts';

/** `nanokube scheduler`. */
export const main = (argv: readonly string[]): Promise<void> =>
  processMain(
    {
      name: 'scheduler',
      about: 'Finds a node for each pod.',
      options: schedulerOptions,
      create: (values, environment) => {
        const client = clientFromOptions(values, { userAgent: 'kube-scheduler', ...environment });
        const scheduler = createScheduler({
          ...environment,
          client,
          leaderElection: leaderElectionOf(values),
          // Whoever lost the lease must not go on: the process ends, and its supervisor starts it again.
          onLeadershipLost: () => process.exit(1),
        });
        const metrics = createMetrics();
        countClientMetrics(metrics);
        const service = withServing(values, { ...environment, service: scheduler, client, metrics });
        return withHealth(values, service, () => client.close(), metrics);
      },
    },
    argv,
  );
