import { coreKinds, type KubeObject, type Live, type Node, type Pod, parseQuantity, QuantityError, type Taint } from '../api/index.ts';
import { type ApiClient, createInformerFactory, type EventRecorder, type Informer, trimManagedFields } from '../client/index.ts';
import type { Clock, Logger, Random, Service } from '../runtime/index.ts';
import { UserError } from '../runtime/index.ts';
import { FIRST_NODE_IP, nodeIpsOf, sharesOf } from './address-options.ts';
import { Agenda } from './agenda.ts';
import { ClientDirectory } from './cluster-directory.ts';
import { DEFAULT_EVICTION_RULES, type EvictionRules } from './node/eviction.ts';
import { NodeAgent } from './node/node-agent.ts';
import { type NodeSpec, partOfStatus } from './node/node-object.ts';
import { followManifests } from './node/static-pods.ts';
import { classLabels, classOf, type NodeClass } from './node-classes.ts';
import { CERTIFICATE_ANNOTATION } from './peers/peer-table.ts';
import { Peers } from './peers/peers.ts';
import { NodePlugins, sliceWiper } from './plugins/node-plugins.ts';
import { ClientConfigSource } from './pod/config-source.ts';
import { STATUS_SYNCS } from './pod/count-families.ts';
import { PacedEvents } from './pod/paced-events.ts';
import { CLUSTER_DNS, type ClusterDns } from './pod/pod-dns.ts';
import { StatusWriter } from './pod/status-writer.ts';
import { followedClaims } from './pod/volumes/followed-claims.ts';
import type { ImageService } from './runtime/image-service.ts';
import { LogBudget } from './runtime/simulated/container-log.ts';
import { ImageCatalog, type ImageEntry } from './runtime/simulated/image-catalog.ts';
import type { Listener } from './runtime/simulated/network/listener.ts';
import type { Sandbox, SimulatedHost } from './runtime/simulated/sandbox.ts';
import { ImageLibrary, SimulatedImages } from './runtime/simulated/simulated-images.ts';
import { hexId, SimulatedRuntime } from './runtime/simulated/simulated-runtime.ts';
import { KubeletAccess } from './server/access.ts';
import type { LocatedPod } from './server/served-nodes.ts';
import { createKubeletServer, type KubeletServer } from './server/server.ts';
import { newServerIdentity, type ServerIdentity } from './server/server-identity.ts';
import { ServerListener } from './server-listener.ts';
import type { SimulationPolicy } from './simulation/definitions.ts';
import { Scripts } from './simulation/scripts.ts';
import { followSimulation } from './simulation/simulation.ts';
import { StageEngine } from './simulation/stages/stage-engine.ts';

/** Nodes registered at the same time. */
const REGISTRATIONS_MAX = 64;
/** A kubelet writes 50 events a second at most; a start is five. */
const NODES_TOLD_OF_PER_SECOND = 10;

export interface KubeletSimOptions {
  readonly client: ApiClient;
  /** Writes leases and nodes, so that these do not wait behind the statuses of pods; `client` unless given. Upstream: `HeartbeatClient`, pkg/kubelet. */
  readonly heartbeatClient?: ApiClient | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly nodes: number;
  readonly nodeNamePrefix?: string | undefined;
  readonly nodeStartIndex?: number | undefined;
  readonly nodeLabels?: Readonly<Record<string, string>> | undefined;
  readonly taints?: readonly Taint[] | undefined;
  readonly maxPods?: number | undefined;
  readonly cpu?: string | undefined;
  readonly memory?: string | undefined;
  readonly ephemeralStorage?: string | undefined;
  /** Addresses of the node with index 0: one, or one of each family. */
  readonly nodeIps?: readonly string[] | undefined;
  /** `''` to wait until a controller gives nodes their ranges. */
  readonly podCidr?: string | undefined;
  readonly statusFrequencyMs?: number | undefined;
  readonly leaseDurationSeconds?: number | undefined;
  /** How the API server reaches this process. */
  readonly advertiseAddress?: string | undefined;
  readonly address?: string | undefined;
  readonly port?: number | undefined;
  /** CA of the clients that may connect, as PEM; without it the server answers only health checks. */
  readonly clientCa?: string | undefined;
  /** Directory of manifests of static pods. */
  readonly podManifestPath?: string | undefined;
  /** Whether SimulationPolicies and KWOK's Stages are defined and followed. */
  readonly simulationPolicies?: boolean | undefined;
  readonly nodeClasses?: readonly NodeClass[] | undefined;
  /** When a node counts as short of something, and what follows; a kubelet's own unless given. */
  readonly evictionRules?: EvictionRules | undefined;
  readonly unsafeSysctls?: readonly string[] | undefined;
  readonly imageCatalog?: readonly ImageEntry[] | undefined;
  readonly imagePullMs?: number | undefined;
  readonly imagePullBytesPerSecond?: number | undefined;
  readonly privateRegistries?: readonly string[] | undefined;
  /** The API server as pods reach it; without it they do not. */
  readonly apiServer?: Listener | undefined;
  /** Domain of the cluster's DNS names. */
  readonly clusterDomain?: string | undefined;
  /** Addresses of the cluster's DNS servers. */
  readonly clusterDns?: readonly string[] | undefined;
  /** Names that RuntimeClasses may give as their handler. */
  readonly runtimeHandlers?: readonly string[] | undefined;
  /** Writes events; without it there are none. */
  readonly recorder?: EventRecorder | undefined;
}

/** The kubelet process: a service whose nodes and pods can be looked at. */
export interface KubeletSim extends Service {
  readonly url: string | undefined;
  readonly port: number;
  readonly agents: ReadonlyMap<string, NodeAgent>;
}

/** Makes a process that holds simulated nodes. @throws UserError when an option makes no sense. */
export function createKubeletSim(options: KubeletSimOptions): KubeletSim {
  checkQuantities(options);
  return new SimulatedKubelets(options);
}

function checkQuantities({ cpu = '1', memory = '1', ephemeralStorage = '1' }: KubeletSimOptions): void {
  for (const [name, text] of Object.entries({ cpu, memory, 'ephemeral-storage': ephemeralStorage })) {
    try {
      parseQuantity(text);
    } catch (error) {
      if (error instanceof QuantityError) throw new UserError(`option --${name} takes a quantity such as 8 or 32Gi, not "${text}"`);
      throw error;
    }
  }
}

class SimulatedKubelets implements KubeletSim {
  readonly #options: KubeletSimOptions;
  readonly #agenda: Agenda;
  readonly #abort = new AbortController();
  readonly #statuses: StatusWriter;
  readonly #server: KubeletServer;
  readonly agents = new Map<string, NodeAgent>();
  readonly #events: PacedEvents;
  readonly #scripts: Scripts;
  readonly #identity: ServerIdentity;
  readonly #peers: Peers;
  /** Where the pods of this process are; made with its nodes. */
  readonly #host: SimulatedHost;
  /** All nodes of the cluster are told of: from the start, or once a pod reaches for another process. */
  #nodesFollowed: Promise<void> | undefined;
  #pods: Informer<Pod> | undefined;

  constructor(options: KubeletSimOptions) {
    this.#options = options;
    this.#agenda = new Agenda(options.clock);
    this.#statuses = new StatusWriter({
      client: options.client,
      clock: this.#agenda,
      logger: options.logger,
      onWritten: (pod, seconds) => this.#agentOf(pod)?.counts.tallies.observe(STATUS_SYNCS, seconds),
    });
    this.#scripts = new Scripts({ ...options, clock: this.#agenda, agents: () => this.agents.values() });
    this.#events = new PacedEvents({
      recorder: options.recorder ?? { event: () => undefined },
      clock: this.#agenda,
      isBusy: () => this.#statuses.size > 0,
    });
    const advertiseAddress = options.advertiseAddress ?? 'localhost';
    this.#identity = newServerIdentity({ clock: options.clock, advertiseAddress });
    this.#peers = new Peers({
      identity: this.#identity,
      clock: options.clock,
      logger: options.logger,
      isOwn: (name) => this.agents.has(name),
      follow: () => this.#followNodes(),
      host: () => this.#host,
    });
    this.#host = this.#newHost();
    this.#server = createKubeletServer({
      address: options.address ?? '127.0.0.1',
      port: options.port ?? 0,
      advertiseAddress,
      clientCa: options.clientCa,
      identity: this.#identity,
      acceptPeer: (socket) => this.#peers.server.accept(socket),
      clock: options.clock,
      logger: options.logger,
      access: new KubeletAccess({ client: options.client, clock: options.clock }),
      nodes: {
        node: (name) => this.agents.get(name),
        locate: (namespace, name) => this.#locate(namespace, name),
        all: () => this.agents.values(),
      },
    });
  }

  get url(): string | undefined {
    return this.#server.url;
  }

  get port(): number {
    return this.#server.port;
  }

  async start(): Promise<void> {
    await this.#server.start();
    this.#createAgents();
    const factory = createInformerFactory({
      client: this.#options.client,
      clock: this.#options.clock,
      random: this.#options.random,
      logger: this.#options.logger,
    });
    const single = this.#options.nodes === 1 ? [...this.agents.keys()][0] : undefined;
    const trim = (node: Live<Node>) => this.#trimNode(node);
    const nodes = factory.informer<Node>(
      coreKinds.nodes,
      single === undefined ? { transform: trim } : { transform: trim, fieldSelector: `metadata.name=${single}` },
    );
    const pods = factory.informer<Pod>(coreKinds.pods, {
      transform: trimManagedFields,
      fieldSelector: single === undefined ? 'spec.nodeName!=' : `spec.nodeName=${single}`,
    });
    this.#pods = pods;
    factory.start(this.#abort.signal);
    await factory.waitForSync(this.#abort.signal);
    nodes.addHandler({
      onAdd: (node) => this.#nodeChanged(node),
      onUpdate: (node) => this.#nodeChanged(node),
      onDelete: (node) => this.#nodeGone(node),
    });
    if (single === undefined) this.#nodesFollowed = Promise.resolve();
    const already: Live<Pod>[] = [];
    pods.addHandler({
      onAdd: (pod, isInitial) => (isInitial ? void already.push(pod) : this.#agentOf(pod)?.podAdded(pod, false)),
      onUpdate: (pod, old) => this.#podUpdated(pod, old),
      onDelete: (pod) => this.#agentOf(pod)?.podDeleted(pod),
    });
    this.#takeOver(already);
    await this.#registerAll();
    void this.#tellStart();
    if (this.#options.simulationPolicies) this.#followSimulation();
    this.#followManifests();
    this.#options.logger.info({ nodes: this.agents.size, url: this.url }, 'nodes registered');
  }

  /** Pods that were there before this process: who came last is the first that a node has no room for. Upstream: `HandlePodAdditions`. */
  #takeOver(pods: readonly Live<Pod>[]): void {
    const byAge = [...pods].sort((a, b) => Date.parse(a.metadata.creationTimestamp) - Date.parse(b.metadata.creationTimestamp));
    for (const pod of byAge) {
      try {
        this.#agentOf(pod)?.podAdded(pod, true);
      } catch (error) {
        this.#options.logger.error({ err: error, pod: pod.metadata.name }, 'pod not taken over');
      }
    }
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    for (const agent of this.agents.values()) agent.stop();
    this.#events.stop();
    await this.#options.recorder?.close();
    this.#statuses.stop();
    this.#peers.close();
    await this.#server.stop();
  }

  /** Other processes' nodes are of interest to one that holds several anyway; to one with a single node when it first needs them. */
  #followNodes(): Promise<void> {
    this.#nodesFollowed ??= this.#followOtherNodes();
    return this.#nodesFollowed;
  }

  async #followOtherNodes(): Promise<void> {
    const factory = createInformerFactory(this.#options);
    factory.informer<Node>(coreKinds.nodes, { transform: (node) => this.#trimNode(node) }).addHandler({
      onAdd: (node) => this.#peers.nodeChanged(node),
      onUpdate: (node) => this.#peers.nodeChanged(node),
      onDelete: (node) => this.#peers.nodeDeleted(node.metadata.name),
    });
    factory.start(this.#abort.signal);
    await factory.waitForSync(this.#abort.signal);
  }

  /** Only what an agent reads of its node, or of another's. */
  #trimNode(node: Live<Node>): Live<Node> {
    trimManagedFields(node);
    if (!node.status) return node;
    const { addresses, daemonEndpoints } = node.status;
    node.status = this.agents.has(node.metadata.name) ? partOfStatus(node.status) : { addresses, daemonEndpoints };
    return node;
  }

  #nodeGone({ metadata }: Live<Node>): void {
    this.#peers.nodeDeleted(metadata.name);
    this.agents.get(metadata.name)?.nodeDeleted();
  }

  #nodeChanged(node: Live<Node>): void {
    const agent = this.agents.get(node.metadata.name);
    if (!agent) return void this.#peers.nodeChanged(node);
    const old = agent.node;
    agent.nodeChanged(node);
    if (old?.metadata.annotations !== node.metadata.annotations || old?.metadata.labels !== node.metadata.labels)
      this.#scripts.nodeChanged(agent, node);
  }

  #followManifests(): void {
    const { podManifestPath: directory, logger } = this.#options;
    const { signal } = this.#abort;
    if (directory === undefined) return;
    followManifests({ directory, nodes: () => this.agents.values(), clock: this.#agenda, logger }, signal).catch((error: unknown) => {
      if (!signal.aborted) logger.error({ err: error }, 'static pods are not followed');
    });
  }

  get #heartbeatClient(): ApiClient {
    return this.#options.heartbeatClient ?? this.#options.client;
  }

  #followSimulation(): void {
    const { client, clock, random, logger } = this.#options;
    const heartbeatClient = this.#heartbeatClient;
    const { signal } = this.#abort;
    const onPolicies = (policies: readonly SimulationPolicy[]) => this.#scripts.setPolicies(policies);
    const engine = new StageEngine(
      {
        client,
        heartbeatClient,
        clock: this.#agenda,
        random,
        logger,
        recorderOf: (host) => this.#events.of(host),
        isOwn: (name) => this.agents.has(name),
      },
      signal,
    );
    const onStages = (stages: readonly KubeObject[]) => {
      engine.setStages(stages).catch((error: unknown) => logger.error({ err: error }, 'stages are not followed'));
    };
    followSimulation({ client, clock, random, logger, onPolicies, onStages }, signal).catch((error: unknown) => {
      if (!signal.aborted) logger.error({ err: error }, 'policies are not followed');
    });
  }

  #podUpdated(pod: Live<Pod>, old: Live<Pod>): void {
    if (pod.metadata.uid !== old.metadata.uid) this.#agentOf(old)?.podDeleted(old);
    this.#agentOf(pod)?.podUpdated(pod);
  }

  #locate(namespace: string, name: string): LocatedPod | undefined {
    const pod = this.#pods?.get(namespace, name);
    const agent = pod && this.#agentOf(pod);
    const worker = pod && agent?.workerOf(pod.metadata.uid);
    return agent && worker ? { node: agent, worker } : undefined;
  }

  #agentOf(pod: Pod): NodeAgent | undefined {
    return this.agents.get(pod.spec.nodeName ?? '');
  }

  async #registerAll(): Promise<void> {
    const waiting = [...this.agents.values()];
    const worker = async () => {
      for (let agent = waiting.shift(); agent && !this.#abort.signal.aborted; agent = waiting.shift()) await agent.start();
    };
    await Promise.all(Array.from({ length: REGISTRATIONS_MAX }, worker));
  }

  /** That nodes have started is told at the pace that one kubelet has (`event-qps`), so that thousands of nodes do not come with a flood. */
  async #tellStart(): Promise<void> {
    const { signal } = this.#abort;
    for (const [i, agent] of [...this.agents.values()].entries()) {
      if (i > 0 && i % NODES_TOLD_OF_PER_SECOND === 0) await this.#agenda.sleep(1000, signal).catch(() => undefined);
      if (signal.aborted) return;
      agent.tellStart();
    }
  }

  get #cluster(): ClusterDns {
    const { clusterDomain = CLUSTER_DNS.domain, clusterDns = CLUSTER_DNS.servers } = this.#options;
    return { domain: clusterDomain, servers: clusterDns };
  }

  #newHost(): SimulatedHost {
    const { client, random, apiServer } = this.#options;
    const clock = this.#agenda;
    return {
      clock,
      random,
      network: new Map<string, Sandbox>(),
      driversOfPods: new Set(),
      nodes: new Map(),
      directory: new ClientDirectory(client, clock, this.#cluster),
      remote: this.#peers.remote,
      apiServer,
      kubelet: ({ name: node }) => (this.url === undefined ? undefined : new ServerListener({ server: this.url, node })),
      logs: new LogBudget(),
    };
  }

  #createAgents(): void {
    const { client, random, logger, nodes, nodeStartIndex = 0 } = this.#options;
    const clock = this.#agenda;
    const catalog = new ImageCatalog(this.#options.imageCatalog);
    const library = new ImageLibrary({
      catalog,
      clock,
      pullMs: this.#options.imagePullMs,
      bytesPerSecond: this.#options.imagePullBytesPerSecond,
      privateRegistries: this.#options.privateRegistries,
    });
    const shared = {
      client,
      heartbeatClient: this.#heartbeatClient,
      clock,
      random,
      logger,
      source: new ClientConfigSource(client, clock),
      statuses: this.#statuses,
      claims: followedClaims({ ...this.#options, eventsOf: (node) => this.#events.of(node) }, this.#abort.signal),
      recorderOf: (name: string) => this.#events.of(name),
      statusFrequencyMs: this.#options.statusFrequencyMs ?? 10_000,
      leaseDurationSeconds: this.#options.leaseDurationSeconds ?? 40,
      cluster: this.#cluster,
      scripts: this.#scripts,
      evictionRules: this.#options.evictionRules ?? DEFAULT_EVICTION_RULES,
      unsafeSysctls: this.#options.unsafeSysctls,
      followsManifests: this.#options.podManifestPath !== undefined,
    };
    const deviceDrivers = new Set<string>();
    const wiperOf = sliceWiper(client);
    for (let i = nodeStartIndex; i < nodeStartIndex + nodes; i++) {
      const images = new SimulatedImages(library);
      const name = `${this.#options.nodeNamePrefix ?? 'node-'}${i}`;
      const { cpu, memory } = this.#sizeOf(i);
      const capacity = { cpuMillis: parseQuantity(cpu).milli(), memoryBytes: parseQuantity(memory).value() };
      const [ip = '', secondIp] = this.#ipsOf(i);
      const runtime = new SimulatedRuntime(this.#host, images, { name, ip, secondIp, capacity, ...this.#handlersOf(i) });
      this.#bringImages(images, i);
      const agent = new NodeAgent(shared, {
        spec: this.#specOf(i, runtime),
        runtime,
        images,
        plugins: new NodePlugins({
          ...shared,
          sockets: runtime.sockets,
          volumeDrivers: runtime.drivers,
          source: shared.claims.source,
          deviceDrivers,
          wipe: wiperOf(name),
        }),
        podCidrs: sharesOf(this.#options.podCidr ?? '10.244.0.0/16', i),
      });
      this.agents.set(agent.name, agent);
    }
  }

  /** Images that the nodes of a class have from the start. */
  #bringImages(images: ImageService, index: number): void {
    const { nodeClasses = [], nodeStartIndex = 0, logger } = this.#options;
    for (const image of classOf(nodeClasses, index - nodeStartIndex)?.nodeClass.images ?? []) {
      images.pullImage(image, [], this.#abort.signal).catch((error: unknown) => logger.warn({ err: error, image }, 'image not brought'));
    }
  }

  /** The handlers of RuntimeClasses that a node knows, where they are said. */
  #handlersOf(index: number): { readonly handlers?: readonly string[] } {
    const { nodeClasses = [], nodeStartIndex = 0, runtimeHandlers } = this.#options;
    const handlers = classOf(nodeClasses, index - nodeStartIndex)?.nodeClass.runtimeHandlers ?? runtimeHandlers;
    return handlers ? { handlers } : {};
  }

  #ipsOf(index: number): readonly string[] {
    return nodeIpsOf(this.#options.nodeIps ?? [FIRST_NODE_IP[4]], index);
  }

  /** What a node has of the usual. */
  #sizeOf(index: number): Pick<NodeSpec, 'cpu' | 'memory'> {
    const { nodeClasses = [], nodeStartIndex = 0, cpu = '8', memory = '32Gi' } = this.#options;
    const own = classOf(nodeClasses, index - nodeStartIndex)?.nodeClass;
    return { cpu: own?.cpu ?? cpu, memory: own?.memory ?? memory };
  }

  #specOf(index: number, runtime: SimulatedRuntime): NodeSpec {
    const { nodeNamePrefix = 'node-', nodeLabels = {}, taints = [], maxPods = 110, ephemeralStorage = '100Gi' } = this.#options;
    const own = classOf(this.#options.nodeClasses ?? [], index - (this.#options.nodeStartIndex ?? 0));
    const nodeClass: Partial<NodeClass> = own?.nodeClass ?? {};
    return {
      name: `${nodeNamePrefix}${index}`,
      ips: this.#ipsOf(index),
      address: this.#options.advertiseAddress ?? 'localhost',
      port: this.#server.port,
      ...this.#sizeOf(index),
      ephemeralStorage: nodeClass.ephemeralStorage ?? ephemeralStorage,
      thresholds: (this.#options.evictionRules ?? DEFAULT_EVICTION_RULES).thresholds,
      extendedResources: nodeClass.extendedResources,
      maxPods: nodeClass.maxPods ?? maxPods,
      labels: own ? { ...nodeLabels, ...classLabels(own.nodeClass, own.place) } : nodeLabels,
      annotations: { [CERTIFICATE_ANNOTATION]: this.#identity.fingerprint },
      taints: [...taints, ...(nodeClass.taints ?? [])],
      runtimeVersion: `${runtime.name}://${runtime.version}`,
      runtimeHandlers: runtime.handlers,
      machineId: hexId(this.#options.random).slice(0, 32),
    };
  }
}
