import { clientFromOptions, type clientOptions, countClientMetrics, withServing } from '../client/index.ts';
import { createMetrics, type OptionValues, processMain, withHealth } from '../runtime/index.ts';
import { createScheduler, defaultConfiguration, loadConfiguration, loadPluginModules, type SchedulerConfiguration } from './index.ts';
import { schedulerOptions } from './options.ts';

type Values = OptionValues<typeof schedulerOptions>;

/** `nanokube scheduler`. */
export const main = (argv: readonly string[]): Promise<void> =>
  processMain(
    {
      name: 'scheduler',
      about: 'Finds a node for each pod.',
      options: schedulerOptions,
      create: async (values, environment, given) => {
        const read = values.config === undefined ? defaultConfiguration() : await loadConfiguration(values.config);
        const configuration = withOptions(read, values, given);
        const client = clientFromOptions(clientValues(configuration, values, given), { userAgent: 'kube-scheduler', ...environment });
        const metrics = createMetrics();
        const scheduler = createScheduler({
          ...environment,
          client,
          configuration,
          metrics,
          plugins: await loadPluginModules(configuration.pluginModules),
          // Whoever lost the lease must not go on: the process ends, and its supervisor starts it again.
          onLeadershipLost: () => process.exit(1),
        });
        countClientMetrics(metrics);
        const service = withServing(values, { ...environment, service: scheduler, client, metrics });
        return withHealth(values, service, () => client.close(), metrics);
      },
    },
    argv,
  );

/** What stands on the command line wins over the file. */
function withOptions(configuration: SchedulerConfiguration, values: Values, given: ReadonlySet<string>): SchedulerConfiguration {
  const { leaderElection: file } = configuration;
  const chosen = <T>(name: keyof Values & string, option: T, inFile: T): T => (given.has(name) ? option : inFile);
  return {
    ...configuration,
    leaderElection: {
      leaderElect: chosen('leader-elect', values['leader-elect'], file.leaderElect),
      leaseDurationMs: chosen('leader-elect-lease-duration', values['leader-elect-lease-duration'], file.leaseDurationMs),
      renewDeadlineMs: chosen('leader-elect-renew-deadline', values['leader-elect-renew-deadline'], file.renewDeadlineMs),
      retryPeriodMs: chosen('leader-elect-retry-period', values['leader-elect-retry-period'], file.retryPeriodMs),
      resourceName: chosen('leader-elect-resource-name', values['leader-elect-resource-name'], file.resourceName),
      resourceNamespace: chosen('leader-elect-resource-namespace', values['leader-elect-resource-namespace'], file.resourceNamespace),
    },
  };
}

/** The client is that of the options, filled up from the file; limits on requests only where somebody asks for them. */
function clientValues(
  { clientConnection }: SchedulerConfiguration,
  values: Values,
  given: ReadonlySet<string>,
): OptionValues<typeof clientOptions> {
  const { kubeconfig, qps, burst } = clientConnection;
  return {
    ...values,
    kubeconfig: values.kubeconfig ?? kubeconfig,
    'kube-api-qps': given.has('kube-api-qps') ? values['kube-api-qps'] : Math.max(0, qps ?? 0),
    'kube-api-burst': given.has('kube-api-burst') ? values['kube-api-burst'] : (burst ?? values['kube-api-burst']),
  };
}
