import { readFileSync } from 'node:fs';
import { type ApiClient, clientFromOptions, createEventRecorder, loadKubeconfig } from '../client/index.ts';
import { type Environment, processMain, type Service, UserError, withHealth } from '../runtime/index.ts';
import { parseNodeIps } from './address-options.ts';
import { readImageCatalog } from './image-catalog-file.ts';
import { createKubeletSim } from './kubelet-sim.ts';
import { readNodeClasses } from './node-classes.ts';
import {
  type KubeletSimValues,
  kubeletSimOptions,
  parseAddresses,
  parseHandlers,
  parseLabels,
  parseSysctls,
  parseTaints,
  parseThresholds,
} from './options.ts';
import { ServerListener } from './server-listener.ts';

/** Of the API server's turns, thousands of nodes get as many as this process has connections: enough that none is late while others write all they can. */
const HEARTBEAT_CONNECTIONS = 64;

/** `nanokube kubelet-sim`. */
export const main = (argv: readonly string[]): Promise<void> =>
  processMain({ name: 'kubelet-sim', about: 'Runs simulated nodes, whose pods really run.', options: kubeletSimOptions, create }, argv);

async function create(values: KubeletSimValues, environment: Environment): Promise<Service> {
  const client = clientFromOptions(values, { userAgent: 'kubelet', ...environment });
  const heartbeatClient = heartbeatClientOf(values, environment);
  const sim = createKubeletSim({
    ...environment,
    client,
    heartbeatClient,
    apiServer: apiServerOf(values),
    recorder: createEventRecorder({ client, component: 'kubelet', ...environment }),
    nodes: values.nodes,
    nodeNamePrefix: values['node-name-prefix'],
    nodeStartIndex: values['node-start-index'],
    nodeLabels: parseLabels(values['node-labels']),
    taints: parseTaints(values['register-with-taints']),
    maxPods: values['max-pods'],
    clusterDomain: values['cluster-domain'],
    clusterDns: parseAddresses(values['cluster-dns']),
    cpu: values.cpu,
    memory: values.memory,
    ephemeralStorage: values['ephemeral-storage'],
    nodeIps: parseNodeIps(values['node-ip']),
    podCidr: values['pod-cidr'],
    statusFrequencyMs: values['node-status-update-frequency'],
    leaseDurationSeconds: values['node-lease-duration-seconds'],
    advertiseAddress: values['advertise-address'],
    address: values.address,
    port: values.port,
    clientCa: clientCaOf(values),
    podManifestPath: values['pod-manifest-path'],
    simulationPolicies: values['simulation-policies'],
    nodeClasses: values['node-classes'] === undefined ? [] : await readNodeClasses(values['node-classes']),
    evictionRules: {
      thresholds: parseThresholds(values),
      maxPodGraceSeconds: values['eviction-max-pod-grace-period'],
      transitionMs: values['eviction-pressure-transition-period'],
    },
    imageCatalog: values['image-catalog'] === undefined ? [] : await readImageCatalog(values['image-catalog']),
    imagePullMs: values['image-pull-duration'],
    imagePullBytesPerSecond: values['image-pull-bytes-per-second'],
    privateRegistries: values['private-registries'],
    unsafeSysctls: parseSysctls(values['allowed-unsafe-sysctls']),
    runtimeHandlers: parseHandlers(values['runtime-handlers']),
  });
  return withHealth(values, sim, async () => {
    await Promise.all([client.close(), heartbeatClient.close()]);
  });
}

/**
 * Heartbeats are not paced, and one that is not answered in the time of the next is given up: another connection may get through. Upstream:
 * cmd/kubelet/app/server.go, `heartbeatClientConfig`.
 */
export function heartbeatClientOf(values: KubeletSimValues, environment: Environment): ApiClient {
  const responseMsMax = Math.min(values['node-status-update-frequency'], values['node-lease-duration-seconds'] * 1000);
  const unpaced = { ...values, 'kube-api-qps': 0 };
  return clientFromOptions(unpaced, { userAgent: 'kubelet', connections: HEARTBEAT_CONNECTIONS, responseMsMax, ...environment });
}

/** The API server as pods reach it: at the same address, with none of our credentials. */
function apiServerOf({ kubeconfig, master }: KubeletSimValues): ServerListener | undefined {
  if (kubeconfig === undefined) return undefined;
  const { server, ca } = loadKubeconfig(kubeconfig);
  return new ServerListener({ server: master ?? server, ca });
}

/** Who may connect: those whose certificate is of the CA that is named, else of the API server's own. */
function clientCaOf(values: KubeletSimValues): string | undefined {
  const path = values['client-ca-file'];
  if (path === undefined) return values.kubeconfig === undefined ? undefined : loadKubeconfig(values.kubeconfig).ca;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UserError(`cannot read --client-ca-file ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
