import type { Clock, Random } from '../../../runtime/index.ts';
import type { NamespaceMode, NodeProcess, PodSandboxConfig, PodSandboxStatus } from '../cri.ts';
import type { SimulatedContainer } from './container.ts';
import type { LogBudget } from './container-log.ts';
import { type DirectoryNode, newDirectory } from './files/tree.ts';
import type { HostFiles } from './host-files.ts';
import type { Affinities } from './network/affinities.ts';
import type { ClusterDirectory } from './network/cluster-directory.ts';
import type { Listener } from './network/listener.ts';
import type { RemotePods } from './network/remote-pods.ts';
import { type NewProcess, type Process, ProcessTable } from './process-table.ts';
import { fatalCode, type ProcessInfo } from './program.ts';

/** What all sandboxes of a process share. */
export interface SimulatedHost {
  readonly clock: Clock;
  readonly random: Random;
  /** Who holds an address; a pod with two has two entries. */
  readonly network: Map<string, Sandbox>;
  /** Nodes by their address. */
  readonly nodes?: Map<string, SimulatedNode> | undefined;
  /** What the logs of all containers may hold. */
  readonly logs?: LogBudget | undefined;
  /** The API server, behind the Service `kubernetes`. */
  readonly apiServer?: Listener | undefined;
  /** The kubelet of a node. */
  readonly kubelet?: ((node: SimulatedNode) => Listener | undefined) | undefined;
  /** Services, names and policies of the cluster; without it only addresses are known. */
  readonly directory?: ClusterDirectory | undefined;
  /** Pods and nodes of other processes; without it there are none. */
  readonly remote?: RemotePods | undefined;
  /** Where clients of services with session affinity went; made when there are such. */
  affinities?: Affinities | undefined;
  /** Names of drivers of volumes that have run in pods. */
  readonly driversOfPods?: Set<string> | undefined;
}

export interface NodeCapacity {
  readonly cpuMillis: number;
  readonly memoryBytes: number;
}

/** The node that sandboxes are on. */
export interface SimulatedNode {
  readonly name: string;
  readonly address: string;
  /** The one of the other family, where there are two. */
  readonly secondAddress?: string | undefined;
  readonly files: HostFiles;
  /** What it has, of which its containers see all. */
  readonly capacity: NodeCapacity;
  /** The next process ID of the node. */
  nextPid(): number;
  processes(): readonly NodeProcess[];
  /** Sends a signal to a process by the ID that the node knows it by; false when there is none. */
  signal(pid: number, signal: string): boolean;
  /** Sandboxes that use the node's own network. */
  readonly onHostNetwork: Set<Sandbox>;
  sandboxes(): Iterable<Sandbox>;
  readonly sharedMemory: DirectoryNode;
  /** Profiles of AppArmor that its kernel knows, beside the container runtime's own. */
  readonly appArmorProfiles: Set<string>;
}

/** What a sandbox is made of. */
export interface SandboxParts {
  readonly id: string;
  readonly config: PodSandboxConfig;
  readonly host: SimulatedHost;
  readonly node: SimulatedNode;
  readonly ip: string;
  readonly createdAt: number;
  readonly onDeath: (sandbox: Sandbox) => void;
}

/** Users that a pod with a user namespace of its own has (KEP-127). */
export const USERS_OF_POD = 65_536;
/** Ranges of them that a node has. */
const USER_RANGES = 65_535;

const PAUSE_ARGV: readonly string[] = ['/pause'];
/** User that pause runs as. */
const PAUSE_UID = 65_535;
/** Signals that end pause; of the others it handles SIGCHLD, to reap. */
const PAUSE_ENDS: ReadonlySet<string> = new Set(['SIGKILL', 'SIGTERM', 'SIGINT']);

/** The main process of a container, by both its names. */
export interface MainProcess {
  readonly pid: number;
  readonly nodePid: number;
}

/**
 * A pod's sandbox: a pause process that holds the pod's network, IPC and UTS namespaces and, when the pod shares its process namespace,
 * is PID 1 of all its processes: it adopts those whose parent has ended, and reaps them. When pause dies, everything in the sandbox dies.
 *
 * ```
 * shareProcessNamespace            otherwise                                  hostPID
 *   1 /pause                         1 /pause                                   1 /sbin/init …
 *   2 main process of container a    1 main process of container a (its own)    1001 /pause
 *   3 main process of container b    1 main process of container b (its own)    1002 main process of container a
 * ```
 */
export class Sandbox {
  readonly id: string;
  readonly config: PodSandboxConfig;
  readonly host: SimulatedHost;
  readonly node: SimulatedNode;
  readonly ip: string;
  readonly createdAt: number;
  /** Made anew when one comes or goes: few, and there are very many sandboxes. */
  containers: readonly SimulatedContainer[] = [];
  readonly #pid: number;
  #ready = true;
  /** The pause process's namespace, and those of the containers that have their own. */
  readonly #shared: ProcessTable | undefined;
  #own: Map<string, ProcessTable> | undefined;
  /** Who its root is on the node: the first user of a range that no other pod of the node has; 0 without a user namespace of its own. */
  readonly firstUser: number;
  readonly #onDeath: (sandbox: Sandbox) => void;
  #memory: DirectoryNode | undefined;

  constructor(parts: SandboxParts) {
    this.id = parts.id;
    this.config = parts.config;
    this.host = parts.host;
    this.node = parts.node;
    this.ip = parts.ip;
    this.createdAt = parts.createdAt;
    this.#onDeath = parts.onDeath;
    this.#pid = parts.node.nextPid();
    this.firstUser = parts.config.namespaces?.user === 'pod' ? freeUsers(parts.node, parts.host.random) : 0;
    if ('pool' in parts.config.network) for (const address of this.#addresses) parts.host.network.set(address, this);
    else parts.node.onHostNetwork.add(this);
    if (parts.config.namespaces?.pid === 'pod') {
      this.#shared = this.#newTable();
      this.#shared.spawn({
        ...this.#outside(PAUSE_ARGV),
        uid: PAUSE_UID,
        nodePid: this.#pid,
        reaps: () => true,
        deliver: (s) => this.#toPause(s),
      });
    }
  }

  /** A process that the runtime starts: its parent is not in the sandbox. */
  #outside(argv: readonly string[]): Pick<NewProcess, 'ppid' | 'argv' | 'startedAt' | 'containerId'> {
    return { ppid: 0, argv, startedAt: this.host.clock.now(), containerId: '' };
  }

  #newTable(isNode = false): ProcessTable {
    return new ProcessTable(() => this.node.nextPid(), isNode);
  }

  get usesHostNetwork(): boolean {
    return !('pool' in this.config.network);
  }

  get isReady(): boolean {
    return this.#ready;
  }

  /** Its address of the other family, where it has one: nothing that is kept for each sandbox. */
  get secondIp(): string | undefined {
    const { network } = this.config;
    return 'pool' in network ? network.pool.secondOf(this.ip) : this.node.secondAddress;
  }

  get #addresses(): readonly string[] {
    const { ip, secondIp } = this;
    return secondIp === undefined ? [ip] : [ip, secondIp];
  }

  get status(): PodSandboxStatus {
    const { id, createdAt, ip, secondIp } = this;
    const pid = this.#ready ? this.#pid : 0;
    const status = { id, ready: this.#ready, createdAt, attempt: this.config.attempt, ip, pid };
    return secondIp === undefined ? status : { ...status, secondIp };
  }

  #toPause(signal: string): void {
    if (PAUSE_ENDS.has(signal)) this.stop();
  }

  /** The memory that the containers of a pod share: its IPC namespace, or the node's. */
  sharedMemory(): DirectoryNode {
    if (this.config.namespaces?.ipc === 'node') return this.node.sharedMemory;
    this.#memory ??= newDirectory(this.createdAt, { mode: 0o1777 });
    return this.#memory;
  }

  /** A signal to the pause process. */
  signalPause(signal: string): void {
    this.#toPause(signal);
  }

  /** Ends the pause process and all others with it. */
  stop(): void {
    if (!this.#ready) return;
    this.#ready = false;
    for (const container of this.containers) container.signal('SIGKILL');
    this.node.onHostNetwork.delete(this);
    if ('pool' in this.config.network) {
      for (const address of this.#addresses) this.host.network.delete(address);
      this.config.network.pool.release(this.ip);
    }
    this.#onDeath(this);
  }

  /** Whose processes a container sees. */
  #modeOf({ config }: SimulatedContainer): NamespaceMode {
    return config.namespaces?.pid ?? this.config.namespaces?.pid ?? 'container';
  }

  /** Whether a container's main process is the first of its namespace. */
  isInit(container: SimulatedContainer): boolean {
    return this.#modeOf(container) === 'container';
  }

  /** The main process of a container starts. In a namespace of its own nothing is written down until somebody looks. */
  startMain(container: SimulatedContainer, deliver: (signal: string) => void): MainProcess {
    if (this.isInit(container)) return { pid: 1, nodePid: this.node.nextPid() };
    const table = this.#tableOf(container);
    return table ? table.spawn(this.#mainOf(container, deliver)) : { pid: 0, nodePid: 0 };
  }

  #mainOf(container: SimulatedContainer, deliver: (signal: string) => void): NewProcess {
    const { id, argv, user } = container;
    return { ...this.#outside(argv), containerId: id, uid: user.uid, reaps: () => container.reaps, deliver };
  }

  /** Another process of a container starts; undefined when the container does not run. */
  spawn(container: SimulatedContainer, made: Pick<NewProcess, 'ppid' | 'argv' | 'reaps' | 'deliver'>): Process | undefined {
    const { id, user } = container;
    return this.#tableOf(container)?.spawn({ ...made, containerId: id, uid: user.uid, startedAt: this.host.clock.now() });
  }

  /** The process that a server keeps beside its first one begins, where processes are counted. */
  startWorker(container: SimulatedContainer): void {
    const table = this.#existing(container);
    if (table) this.#addWorkers(container, table, container.mainPid);
  }

  /** As {@link startWorker}, in place of the one that is there: the server was told to read its configuration again. */
  restartWorker(container: SimulatedContainer): void {
    for (const worker of this.#workersOf(container)) worker.deliver('SIGTERM');
  }

  #workersOf({ id, image }: SimulatedContainer): readonly Process[] {
    const tables = [this.#shared, ...(this.#own?.values() ?? [])];
    return tables
      .flatMap((table) => table?.list() ?? [])
      .filter((found) => found.containerId === id && found.argv[0] === image.worker?.title);
  }

  #addWorkers(container: SimulatedContainer, table: ProcessTable, ppid: number): void {
    for (let i = 0; i < container.workers; i++) this.#addWorker(container, table, ppid);
  }

  /** Who ends it sees another take its place, as long as the server is there. */
  #addWorker(container: SimulatedContainer, table: ProcessTable, ppid: number): void {
    const { image, id, user } = container;
    const { worker } = image;
    if (worker === undefined || container.server?.facts !== image) return;
    const { pid } = table.spawn({
      ppid,
      argv: [worker.title],
      startedAt: this.host.clock.now(),
      containerId: id,
      uid: user.uid === 0 ? worker.uid : user.uid,
      reaps: () => true,
      deliver: (signal) => {
        if (signal !== 'SIGKILL' && fatalCode(signal) === undefined) return;
        table.exit(pid);
        if (container.isRunning) this.#addWorker(container, table, ppid);
      },
    });
  }

  /** A process ended. */
  exited(container: SimulatedContainer, pid: number): void {
    this.#existing(container)?.exit(pid);
  }

  /** A container's main process ended: what else runs in the container is killed. */
  mainExited(container: SimulatedContainer, pid: number): void {
    const table = this.#existing(container);
    if (this.isInit(container)) this.#own?.delete(container.id);
    table?.exit(pid);
    table?.killAll(container.id);
  }

  #existing(container: SimulatedContainer): ProcessTable | undefined {
    const mode = this.#modeOf(container);
    if (mode === 'pod') return this.#shared;
    return this.#own?.get(mode === 'target' ? (container.config.namespaces?.targetId ?? '') : container.id);
  }

  /** The namespace of a container; one of its own comes to be when somebody looks at it. */
  #tableOf(container: SimulatedContainer): ProcessTable | undefined {
    const existing = this.#existing(container);
    if (existing) return existing;
    const mode = this.#modeOf(container);
    if (mode === 'target') {
      const target = this.containers.find(({ id }) => id === container.config.namespaces?.targetId);
      return target && target !== container ? this.#tableOf(target) : undefined;
    }
    if (mode === 'container' && !container.isRunning) return undefined;
    const table = this.#newTable(mode === 'node');
    if (mode === 'container') {
      const deliver = (signal: string) => container.signal(signal);
      const made = { ...this.#mainOf(container, deliver), startedAt: container.startedAt, nodePid: container.nodePid };
      this.#addWorkers(container, table, table.spawn(made).pid);
    }
    this.#own ??= new Map();
    this.#own.set(container.id, table);
    return table;
  }

  /** A process of a container's namespace, by its ID there. */
  processOf(container: SimulatedContainer, pid: number): Process | undefined {
    return this.#tableOf(container)?.get(pid);
  }

  /** What a container sees of processes: with the node's namespace, all of the node's. */
  processesOf(container: SimulatedContainer): readonly ProcessInfo[] {
    return this.#modeOf(container) === 'node' ? this.node.processes() : (this.#tableOf(container)?.list() ?? []);
  }

  /** A signal from a process of a container. */
  kill(container: SimulatedContainer, pid: number, signal: string): boolean {
    if (this.#modeOf(container) === 'node') return this.node.signal(pid, signal);
    return this.#tableOf(container)?.kill(pid, signal) ?? false;
  }

  /** Its processes as the node sees them; those of a container that nobody looked into are one. */
  nodeProcesses(): NodeProcess[] {
    if (!this.#ready) return [];
    const pause: NodeProcess = {
      pid: this.#pid,
      ppid: 1,
      argv: PAUSE_ARGV,
      startedAt: this.createdAt,
      containerId: '',
      sandboxId: this.id,
      uid: PAUSE_UID,
      state: 'running',
    };
    const tables = new Set([this.#shared, ...(this.#own?.values() ?? [])]);
    const inTables = [...tables].flatMap((table) => (table ? this.#asNodeSees(table) : []));
    const unseen = this.containers.filter((container) => container.isRunning && !this.#existing(container));
    return [pause, ...inTables, ...unseen.map((container) => this.#mainAsNodeSees(container))];
  }

  #asNodeSees(table: ProcessTable): NodeProcess[] {
    return table
      .list()
      .filter(({ containerId }) => containerId !== '')
      .map(({ nodePid, ppid, argv, startedAt, containerId, uid, state }) => ({
        pid: nodePid,
        ppid: table.get(ppid)?.nodePid ?? this.#pid,
        argv,
        startedAt,
        containerId,
        sandboxId: this.id,
        uid,
        state,
      }));
  }

  #mainAsNodeSees({ id, argv, startedAt, nodePid, user }: SimulatedContainer): NodeProcess {
    return { pid: nodePid, ppid: this.#pid, argv, startedAt, containerId: id, sandboxId: this.id, uid: user.uid, state: 'running' };
  }

  /** A signal from the node, which no process can refuse; false when it has no such process. */
  signalFromNode(nodePid: number, signal: string): boolean {
    if (!this.#ready) return false;
    if (nodePid === this.#pid) {
      this.#toPause(signal);
      return true;
    }
    const main = this.containers.find((container) => container.isRunning && container.nodePid === nodePid);
    if (main) {
      main.signal(signal);
      return true;
    }
    for (const table of [this.#shared, ...(this.#own?.values() ?? [])]) {
      const process = table?.list().find((one) => one.nodePid === nodePid && one.state === 'running');
      process?.deliver(signal);
      if (process) return true;
    }
    return false;
  }
}

/** A range of users, by chance, that no other pod of the node has. Upstream: `pkg/kubelet/userns/userns_manager.go`. */
function freeUsers(node: SimulatedNode, random: Random): number {
  const taken = new Set([...node.sandboxes()].filter(({ isReady }) => isReady).map(({ firstUser }) => firstUser));
  for (;;) {
    const first = (1 + random.integer(USER_RANGES)) * USERS_OF_POD;
    if (!taken.has(first)) return first;
  }
}
