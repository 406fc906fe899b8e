import { readFileSync } from 'node:fs';
import { createClient, loadKubeconfig } from '../client/index.ts';
import { createLogger, helpText, type Logger, parseOptions, runMain, systemClock, systemRandom, UserError } from '../runtime/index.ts';
import { readImageCatalog } from './image-catalog-file.ts';
import { createKubeletSim } from './kubelet-sim.ts';
import { KUBELET_SIM_OPTIONS, parseLabels, parseTaints } from './options.ts';

/** The `kubelet-sim` process: simulated nodes of a cluster. */
export async function main(argv: readonly string[]): Promise<void> {
  let logger: Logger | undefined;
  await runMain(
    async () => {
      const { values: options, help } = parseOptions(KUBELET_SIM_OPTIONS, argv);
      if (help) {
        process.stdout.write(helpText('nanokube kubelet-sim --kubeconfig FILE [options]', 'Runs simulated nodes.', KUBELET_SIM_OPTIONS));
        process.exit(0);
      }
      if (options.kubeconfig === undefined) throw new UserError('option --kubeconfig is missing; it names the file that says where the API server is');
      logger = createLogger('kubelet-sim', options['log-level']);
      const config = loadKubeconfig(options.kubeconfig);
      const qps = options['kube-api-qps'];
      const limits = qps > 0 ? { qps, burst: options['kube-api-burst'] || qps } : {};
      const client = createClient({ ...config, ...limits, userAgent: 'nanokube-kubelet-sim', clock: systemClock, random: systemRandom, logger });
      return createKubeletSim({
        client,
        clock: systemClock,
        random: systemRandom,
        logger,
        nodes: options.nodes,
        nodeNamePrefix: options['node-name-prefix'],
        nodeStartIndex: options['node-start-index'],
        nodeLabels: parseLabels(options['node-labels']),
        taints: parseTaints(options['register-with-taints']),
        maxPods: options['max-pods'],
        cpu: options.cpu,
        memory: options.memory,
        ephemeralStorage: options['ephemeral-storage'],
        podCidr: options['pod-cidr'],
        statusFrequencyMs: options['node-status-update-frequency'],
        leaseDurationSeconds: options['node-lease-duration-seconds'],
        advertiseAddress: options['advertise-address'],
        address: options.address,
        port: options.port,
        clientCa: options['client-ca-file'] === undefined ? config.ca : readFileSync(options['client-ca-file'], 'utf8'),
        imageCatalog: options['image-catalog'] === undefined ? [] : await readImageCatalog(options['image-catalog']),
        imagePullMs: options['image-pull-duration'],
        privateRegistries: options['private-registries'],
      });
    },
    () => logger,
  );
}
