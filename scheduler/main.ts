import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clientFromOptions, type clientOptions, countClientMetrics, reviewingClient, withServing } from '../client/index.ts';
import {
  createMetrics,
  type Environment,
  type Logger,
  OptionError,
  type OptionValues,
  processMain,
  readFeatureGates,
  readMetricRules,
  tellBuild,
  tellFeatures,
  UserError,
  withHealth,
} from '../runtime/index.ts';
import { createScheduler, defaultConfiguration, loadConfiguration, loadPluginModules, type SchedulerConfiguration } from './index.ts';
import { schedulerOptions } from './options.ts';
import { IN_TREE } from './plugins/registry.ts';

type Values = OptionValues<typeof schedulerOptions>;

/** `nanokube scheduler`. */
export const main = (argv: readonly string[]): Promise<void> =>
  processMain(
    {
      name: 'scheduler',
      about: 'Finds a node for each pod.',
      options: schedulerOptions,
      create: async (values, environment, given) => {
        checkLock(values);
        readFeatureGates(values['feature-gates']);
        const rules = readMetricRules(values, environment.logger);
        const read = values.config === undefined ? defaultConfiguration() : await loadConfiguration(values.config);
        const configuration = withOptions(read, values, given);
        const options = clientValues(configuration, values, given);
        const client = clientFromOptions(options, clientOf(environment));
        const open = (kubeconfig: string) => clientFromOptions({ ...options, kubeconfig, master: undefined }, clientOf(environment));
        const reviews = reviewingClient(client, { ...values, kubeconfig: options.kubeconfig }, open);
        const metrics = createMetrics(rules);
        tellBuild(metrics);
        tellFeatures(metrics, readFeatureGates([]));
        const scheduler = createScheduler({
          ...environment,
          client,
          configuration,
          metrics,
          unschedulableMsMax: values['pod-max-in-unschedulable-pods-duration'],
          plugins: await loadPluginModules(configuration.pluginModules),
          // Whoever lost the lease must not go on: the process ends, and its supervisor starts it again.
          onLeadershipLost: () => process.exit(1),
        });
        await writeConfiguration(values['write-config-to'], configuration, environment.logger);
        countClientMetrics(metrics);
        const serving = { ...environment, service: scheduler, client: reviews.client, metrics, health: scheduler.health };
        const service = withServing({ ...values, ...certificateIn(values) }, serving);
        const close = async () => {
          await Promise.all([client, reviews].map((each) => each.close()));
        };
        return withHealth(values, service, close, { metrics, health: scheduler.health });
      },
    },
    argv,
  );

/**
 * Writes the configuration for who asks for it, and ends. Upstream: `LogOrWriteConfig` of cmd/kube-scheduler/app/options/configfile.go.
 *
 * @throws UserError
 */
async function writeConfiguration(file: string | undefined, configuration: SchedulerConfiguration, logger: Logger): Promise<void> {
  if (file === undefined || file === '') return;
  const { writtenConfiguration } = await import('./config/written-configuration.ts');
  try {
    writeFileSync(file, writtenConfiguration(configuration, IN_TREE));
  } catch (error) {
    throw new UserError(`--write-config-to: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  logger.info({ file }, 'configuration written');
  process.exit(0);
}

const clientOf = (environment: Environment) => ({ userAgent: 'kube-scheduler', ...environment });

/** @throws OptionError */
function checkLock({ 'leader-elect': leads, 'leader-elect-resource-lock': lock }: Values): void {
  if (leads && lock !== 'leases') throw new OptionError(`option --leader-elect-resource-lock takes leases, not "${lock}"`);
}

/** The certificate of `--cert-dir`, where it is there and no other is asked for. */
function certificateIn({ 'cert-dir': directory, 'tls-cert-file': certFile, 'tls-private-key-file': keyFile }: Values) {
  if (directory === undefined || directory === '' || certFile !== undefined || keyFile !== undefined) return {};
  const [cert, key] = [join(directory, 'kube-scheduler.crt'), join(directory, 'kube-scheduler.key')];
  return existsSync(cert) && existsSync(key) ? { 'tls-cert-file': cert, 'tls-private-key-file': key } : {};
}

/** What stands on the command line wins over the file. */
function withOptions(configuration: SchedulerConfiguration, values: Values, given: ReadonlySet<string>): SchedulerConfiguration {
  const { leaderElection: file, clientConnection: connection } = configuration;
  const chosen = <T, U>(name: keyof Values & string, option: T, inFile: U): T | U => (given.has(name) ? option : inFile);
  return {
    ...configuration,
    clientConnection: {
      ...connection,
      kubeconfig: values.kubeconfig ?? connection.kubeconfig,
      qps: chosen('kube-api-qps', values['kube-api-qps'], connection.qps),
      burst: chosen('kube-api-burst', values['kube-api-burst'], connection.burst),
    },
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
