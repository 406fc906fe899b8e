import { join } from 'node:path';
import { type Container, coreKinds, type Event, type KindInfo, type Lease, type Live, type Node, type Pod } from '../../api/index.ts';
import { apiServerOptions, composeApiServer } from '../../apiserver/index.ts';
import { type ApiClient, createClient, createEventRecorder, loadKubeconfig } from '../../client/index.ts';
import { createKubeletSim, type KubeletSim, type KubeletSimOptions } from '../../kubelet-sim/index.ts';
import { ServerListener } from '../../kubelet-sim/server-listener.ts';
import { parseOptions, seededRandom, silentLogger, systemClock, systemRandom, VirtualClock } from '../../runtime/index.ts';
import { Gates, gated } from './gates.ts';
import { tempDirectory } from './temp-directory.ts';
import { until } from './wait.ts';

/** An API server on the machine's clock, with nodes on one of their own. */
export class Cluster implements AsyncDisposable {
  readonly clock = new VirtualClock(systemClock.now());
  readonly admin: ApiClient;
  readonly #directory: string;
  readonly #ends: (() => Promise<void>)[] = [];

  private constructor(directory: string, admin: ApiClient) {
    this.#directory = directory;
    this.admin = admin;
  }

  static async start(): Promise<Cluster> {
    const temporary = await tempDirectory();
    const directory = temporary.path;
    const environment = { clock: systemClock, random: systemRandom, logger: silentLogger };
    const { values } = parseOptions(apiServerOptions, [
      '--data-dir',
      directory,
      '--ephemeral',
      '--secure-port',
      '0',
      '--disable-admission-plugins',
      'ServiceAccount',
    ]);
    const server = composeApiServer(values, environment);
    await server.start();
    const admin = createClient({ ...loadKubeconfig(join(directory, 'admin.kubeconfig')), userAgent: 'test', ...environment });
    const cluster = new Cluster(directory, admin);
    cluster.#ends.push(
      async () => await temporary[Symbol.asyncDispose](),
      () => server.stop(),
      () => admin.close(),
    );
    return cluster;
  }

  /** @param gates hold up what the nodes are told. */
  async nodes(options: Partial<KubeletSimOptions> = {}, gates = new Gates()): Promise<KubeletSim> {
    const config = loadKubeconfig(join(this.#directory, 'kubelet.kubeconfig'));
    const environment = { clock: this.clock, random: seededRandom(this.#ends.length), logger: silentLogger };
    const client = createClient({ ...config, userAgent: 'nodes', logger: silentLogger });
    const heartbeatClient = createClient({ ...config, userAgent: 'heartbeats', logger: silentLogger });
    const recorder = createEventRecorder({ client, component: 'kubelet', ...environment });
    const sim = createKubeletSim({
      ...environment,
      client: gated(client, gates),
      heartbeatClient: gated(heartbeatClient, gates),
      recorder,
      nodes: 2,
      clientCa: config.ca,
      apiServer: new ServerListener(config),
      ...options,
    });
    this.#ends.push(async () => {
      await sim.stop();
      await Promise.all([client.close(), heartbeatClient.close()]);
    });
    await sim.start();
    await this.until('the nodes have pod ranges', async () => (await this.list<Node>(coreKinds.nodes)).every(({ spec }) => spec?.podCIDR));
    return sim;
  }

  async createPod(name: string, container: Partial<Container> = {}, spec: Partial<Pod['spec']> = {}): Promise<void> {
    const containers = [{ name: 'main', image: 'nginx', ...container }];
    await this.admin.resource<Pod>(coreKinds.pods).create({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default' },
      spec: { nodeName: 'node-1', containers, ...spec },
    });
  }

  async pod(name: string): Promise<Live<Pod> | undefined> {
    return (await this.list<Pod>(coreKinds.pods)).find(({ metadata }) => metadata.name === name);
  }

  async list<T extends Pod | Node | Event | Lease>(kind: KindInfo): Promise<Live<T>[]> {
    return (await this.admin.resource<T>(kind).list()).items;
  }

  /** Waits, while the nodes' time goes on: what is written and heard of takes time of the machine's. */
  until(what: string, condition: () => Promise<boolean>): Promise<void> {
    return until(what, condition, { clock: this.clock, stepMs: 100 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.#ends.reverse()) await end();
  }
}
