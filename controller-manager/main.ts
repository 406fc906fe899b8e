import { readFileSync } from 'node:fs';
import { clientFromOptions, countClientMetrics, leaderElectionOf, loadKubeconfig, withServing } from '../client/index.ts';
import { createMetrics, type Environment, processMain, type Service, UserError, withHealth } from '../runtime/index.ts';
import { createControllerManager } from './index.ts';
import { type ControllerManagerOptionValues, controllerManagerOptions, settingsOf } from './options.ts';

/** `nanokube controller-manager`. */
export const main = (argv: readonly string[]): Promise<void> =>
  processMain(
    {
      name: 'controller-manager',
      about: 'Runs the controllers, which bring the cluster to what its objects ask for.',
      options: controllerManagerOptions,
      create,
    },
    argv,
  );

function create(values: ControllerManagerOptionValues, environment: Environment): Service {
  const client = clientFromOptions(values, { userAgent: 'kube-controller-manager', ...environment });
  const times = leaderElectionOf(values);
  const metrics = createMetrics();
  const manager = createControllerManager({
    ...environment,
    client,
    settings: settingsOf(values, rootCaOf(values)),
    controllers: values.controllers,
    metrics,
    leaderElection: times && {
      ...times,
      name: values['leader-elect-resource-name'],
      namespace: values['leader-elect-resource-namespace'],
    },
  });
  countClientMetrics(metrics);
  const service = withServing(values, { ...environment, service: manager, client, metrics });
  return withHealth(values, service, () => client.close(), metrics);
}

/** The CA that pods are to trust: the one that is named, else the one that we trust ourselves. */
function rootCaOf(values: ControllerManagerOptionValues): string | undefined {
  const path = values['root-ca-file'];
  if (path === undefined) return values.kubeconfig === undefined ? undefined : loadKubeconfig(values.kubeconfig).ca;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UserError(`cannot read --root-ca-file ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
