import { readFileSync } from 'node:fs';
import { clientFromOptions, countClientMetrics, leaderElectionOf, loadKubeconfig, reviewingClient, withServing } from '../client/index.ts';
import {
  createMetrics,
  type Environment,
  processMain,
  readFeatureGates,
  readMetricRules,
  type Service,
  tellBuild,
  tellFeatures,
  UserError,
  withHealth,
} from '../runtime/index.ts';
import { configz } from './configz.ts';
import { absentControllers } from './controllers.ts';
import { garbageCollector } from './garbage-collector/controller.ts';
import { createControllerManager } from './index.ts';
import { type ControllerManagerOptionValues, controllerManagerOptions, settingsOf } from './options.ts';
import { QUEUE_NAMES } from './queue-names.ts';
import { checkUpstreamOptions, unheededGates } from './upstream-options.ts';

/** `nanokube controller-manager`. */
export async function main(argv: readonly string[]): Promise<void> {
  const about = 'Runs the controllers, which bring the cluster to what its objects ask for.';
  await processMain({ name: 'controller-manager', about, options: controllerManagerOptions, create }, argv);
}

function create(values: ControllerManagerOptionValues, environment: Environment): Service {
  checkUpstreamOptions(values);
  const { logger } = environment;
  const rules = readMetricRules(values, logger);
  const why = 'features are as Kubernetes 1.34 has them by default';
  for (const gate of unheededGates(values['feature-gates'])) logger.info({ gate, why }, 'feature gate has no effect here');
  const controllers = controllersOf(values);
  for (const note of absentControllers(controllers)) logger.info(note, 'controller is not run here');
  const process = { userAgent: 'kube-controller-manager', ...environment };
  const client = clientFromOptions(values, process);
  const reviewing = reviewingClient(client, values, (kubeconfig) =>
    clientFromOptions({ ...values, kubeconfig, master: undefined }, process),
  );
  const times = leaderElectionOf(values);
  const metrics = createMetrics(rules);
  tellBuild(metrics);
  tellFeatures(metrics, readFeatureGates([]));
  const manager = createControllerManager({
    ...environment,
    client,
    settings: settingsOf(values, rootCaOf(values)),
    controllers,
    metrics,
    pages: new Map([['/configz', () => configz(values)]]),
    leaderElection: times && {
      ...times,
      name: values['leader-elect-resource-name'],
      namespace: values['leader-elect-resource-namespace'],
    },
  });
  countClientMetrics(metrics, QUEUE_NAMES);
  const { health } = manager;
  const service = withServing(values, { ...environment, service: manager, client: reviewing.client, metrics, health });
  const close = async () => {
    await reviewing.close();
    await client.close();
  };
  return withHealth(values, service, close, { metrics, health });
}

/** `--enable-garbage-collector=false` has the last word. */
function controllersOf(values: ControllerManagerOptionValues): readonly string[] {
  if (values['enable-garbage-collector']) return values.controllers;
  const { name, alias } = garbageCollector;
  return [...values.controllers.filter((wanted) => wanted !== name && wanted !== alias), `-${name}`];
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
