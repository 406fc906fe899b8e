import { clientFromOptions, leaderElectionOf } from '../client/index.ts';
import { createLogger, helpText, type Logger, parseOptions, runMain, systemClock, systemRandom } from '../runtime/index.ts';
import { createScheduler } from './index.ts';
import { schedulerOptions } from './options.ts';

/** `nanokube scheduler`. */
export async function main(argv: readonly string[]): Promise<void> {
  let logger: Logger | undefined;
  await runMain(
    () => {
      const { values, help } = parseOptions(schedulerOptions, argv);
      if (help) {
        process.stdout.write(helpText('nanokube scheduler [OPTIONS]', 'Finds a node for each pod.', schedulerOptions));
        process.exit(0);
      }
      logger = createLogger('scheduler', values['log-level']);
      const environment = { clock: systemClock, random: systemRandom, logger };
      const client = clientFromOptions(values, { userAgent: 'nanokube-scheduler', ...environment });
      // Whoever lost the lease must not go on: the process ends, and its supervisor starts it again.
      const onLeadershipLost = () => process.exit(1);
      return createScheduler({ client, ...environment, leaderElection: leaderElectionOf(values), onLeadershipLost });
    },
    () => logger,
  );
}
