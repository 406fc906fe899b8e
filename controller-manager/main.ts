import { readFileSync } from 'node:fs';
import { createClient, loadKubeconfig } from '../client/index.ts';
import { createLogger, helpText, type Logger, OptionError, parseOptions, runMain, type Service, UserError } from '../runtime/index.ts';
import { createControllerManager } from './index.ts';
import { controllerManagerOptions, settingsOf } from './options.ts';

/** Runs the controller manager as this process. */
export async function main(argv: readonly string[]): Promise<void> {
  let logger: Logger | undefined;
  await runMain(
    () => {
      const { values, positionals, help } = parseOptions(controllerManagerOptions, argv);
      if (help) {
        const about = 'Runs the controllers that bring the cluster to what its objects ask for.';
        process.stdout.write(helpText('nanokube controller-manager [OPTIONS]', about, controllerManagerOptions));
        process.exit(0);
      }
      if (positionals.length > 0) throw new OptionError(`unexpected argument "${positionals[0]}"`);
      logger = createLogger('controller-manager', values['log-level']);
      return build(values, logger);
    },
    () => logger,
  );
}

function build(values: ReturnType<typeof parseOptions<typeof controllerManagerOptions>>['values'], logger: Logger): Service {
  if (values.kubeconfig === undefined) throw new OptionError('option --kubeconfig is needed: it says where the API server is');
  const config = loadKubeconfig(values.kubeconfig);
  const rootCaFile = values['root-ca-file'];
  const client = createClient({
    ...config,
    userAgent: 'kube-controller-manager',
    qps: values['kube-api-qps'],
    burst: values['kube-api-burst'],
    logger,
  });
  const manager = createControllerManager({
    client,
    logger,
    settings: settingsOf(values, rootCaFile === undefined ? config.ca : readText(rootCaFile)),
    controllers: values.controllers,
    leaderElection: values['leader-elect']
      ? {
          name: values['leader-elect-resource-name'],
          namespace: values['leader-elect-resource-namespace'],
          leaseDurationMs: values['leader-elect-lease-duration'],
          renewDeadlineMs: values['leader-elect-renew-deadline'],
          retryPeriodMs: values['leader-elect-retry-period'],
        }
      : undefined,
  });
  return {
    start: () => manager.start(),
    stop: async () => {
      await manager.stop();
      await client.close();
    },
  };
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UserError(`cannot read --root-ca-file ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
