import type { Random } from '../../../runtime/index.ts';
import {
  type Connection,
  type ContainerBehaviour,
  type ContainerConfig,
  type ContainerItem,
  type ContainerListener,
  type ContainerResources,
  type ContainerStatus,
  type ExecRequest,
  type ExecResult,
  type FileTree,
  type HostEntry,
  type HostPathType,
  type LogEntry,
  type Mount,
  type MountableVolume,
  type NodeProcess,
  type PodSandboxConfig,
  type PodSandboxItem,
  type PodSandboxStatus,
  type ProcessStreams,
  type RestoredSandbox,
  RuntimeError,
  type RuntimeService,
  type RuntimeStatus,
} from '../cri.ts';
import { hostPort } from '../host-port.ts';
import type { ImageService } from '../image-service.ts';
import { NodeDrivers } from '../node-drivers.ts';
import type { NodeSockets } from '../node-sockets.ts';
import type { ContainerStats, PodSandboxStats, VolumeUsage } from '../usage.ts';
import { withCdiDevices } from './cdi.ts';
import { chooseProgram } from './choose-program.ts';
import { SimulatedContainer } from './container.ts';
import { ContainerProcess } from './container-process.ts';
import { sumCpu, sumMemory } from './container-usage.ts';
import { fileProgram } from './file-program.ts';
import type { ContainerFiles } from './files/container-files.ts';
import { type DirectoryNode, newDirectory } from './files/tree.ts';
import { HostFiles } from './host-files.ts';
import { ConnectError } from './network/listener.ts';
import { listenerOn } from './network/listeners.ts';
import { onTheNode } from './network/network-user.ts';
import { NodeConnection } from './network/node-connection.ts';
import { PodNetwork } from './network/pod-network.ts';
import type { Program } from './program.ts';
import { RUNTIME_HANDLERS } from './runtime-handlers.ts';
import { type NodeCapacity, Sandbox, type SimulatedHost, type SimulatedNode } from './sandbox.ts';
import type { SimulatedImages } from './simulated-images.ts';
import { followSize, newTerminalState, Terminal } from './terminal.ts';
import { startErrorText } from './termination-message.ts';
import { giveVolumeToGroup, prepareSubPath, usageOf } from './volumes.ts';

/** The runtime's name and version, as a node reports them: the first that has all the features that the node tells of. */
const RUNTIME = { name: 'containerd', version: '2.0.6' } as const;

/** What runs on a node beside pods; process IDs of pods begin above. */
const NODE_PROCESSES: readonly (readonly string[])[] = [['/sbin/init'], ['/usr/bin/containerd'], ['/usr/bin/kubelet']];
const FIRST_PID = 1000;
const CAPACITY: NodeCapacity = { cpuMillis: 8000, memoryBytes: 32 * 1024 ** 3 };
/** Exit code of a process that was killed. */
const EXIT_KILLED = 137;

/** What a node gives its runtime. */
interface RuntimeParts {
  readonly name: string;
  readonly ip: string;
  /** The one of the other family, where there are two. */
  readonly secondIp: string | undefined;
  readonly capacity: NodeCapacity;
  readonly handlers: readonly string[];
}

/** The container runtime of one simulated node. */
export class SimulatedRuntime implements RuntimeService {
  readonly name = RUNTIME.name;
  readonly version = RUNTIME.version;
  readonly handlers: readonly string[];
  readonly drivers: NodeDrivers;
  readonly images: SimulatedImages & ImageService;
  readonly #host: SimulatedHost;
  readonly #sandboxes = new Map<string, Sandbox>();
  readonly #containers = new Map<string, { readonly container: SimulatedContainer; readonly sandbox: Sandbox }>();
  readonly #listeners: ContainerListener[] = [];
  readonly #node: SimulatedNode;
  readonly #startedAt: number;

  constructor(
    host: SimulatedHost,
    images: SimulatedImages,
    { name = 'node', ip = '', secondIp, capacity = CAPACITY, handlers = RUNTIME_HANDLERS }: Partial<RuntimeParts> = {},
  ) {
    this.handlers = handlers;
    this.#host = host;
    this.drivers = new NodeDrivers(host.driversOfPods ?? new Set());
    this.images = images;
    this.#startedAt = host.clock.now();
    let pid = FIRST_PID;
    let memory: DirectoryNode | undefined;
    this.#node = {
      name,
      address: ip,
      secondAddress: secondIp,
      files: new HostFiles(
        name,
        () => host.clock.now(),
        () => this.#node,
      ),
      capacity,
      nextPid: () => pid++,
      processes: () => this.listProcesses(),
      signal: (target, signal) => this.signalProcess(target, signal),
      onHostNetwork: new Set(),
      appArmorProfiles: new Set(),
      sandboxes: () => this.#sandboxes.values(),
      get sharedMemory() {
        memory ??= newDirectory(0, { mode: 0o1777 });
        return memory;
      },
    };
    if (ip !== '') host.nodes?.set(ip, this.#node);
    if (secondIp !== undefined) host.nodes?.set(secondIp, this.#node);
  }

  runPodSandbox(config: PodSandboxConfig): PodSandboxStatus {
    const { runtimeHandler = '' } = config;
    if (runtimeHandler !== '' && !this.handlers.includes(runtimeHandler)) {
      const id = hexId(this.#host.random);
      throw new RuntimeError('Unknown', `unable to get OCI runtime for sandbox "${id}": no runtime for "${runtimeHandler}" is configured`);
    }
    const ip = 'host' in config.network ? config.network.host : config.network.pool.take();
    if (ip === undefined)
      throw new RuntimeError(
        'Unknown',
        `failed to setup network for sandbox "${hexId(this.#host.random)}": no IP addresses available in range set`,
      );
    return this.#addSandbox(config, ip, this.#host.clock.now()).status;
  }

  #addSandbox(config: PodSandboxConfig, ip: string, createdAt: number): Sandbox {
    const sandbox = new Sandbox({
      id: hexId(this.#host.random),
      config,
      host: this.#host,
      node: this.#node,
      ip,
      createdAt,
      onDeath: this.#sandboxDied,
    });
    this.#sandboxes.set(sandbox.id, sandbox);
    return sandbox;
  }

  stopPodSandbox(id: string): void {
    this.#sandboxes.get(id)?.stop();
  }

  removePodSandbox(id: string): void {
    const sandbox = this.#sandboxes.get(id);
    if (!sandbox) return;
    sandbox.stop();
    for (const container of sandbox.containers) {
      container.forgetLog();
      this.#containers.delete(container.id);
    }
    this.#sandboxes.delete(id);
  }

  podSandboxStatus(id: string): PodSandboxStatus | undefined {
    return this.#sandboxes.get(id)?.status;
  }

  listPodSandboxes(): readonly PodSandboxItem[] {
    return [...this.#sandboxes.values()].map(({ status, config: { uid, name, namespace } }) => ({
      ...status,
      podUid: uid,
      name,
      namespace,
    }));
  }

  podSandboxStats(id: string): PodSandboxStats | undefined {
    const sandbox = this.#sandboxes.get(id);
    if (!sandbox) return undefined;
    const containers = sandbox.containers.filter(({ isRunning }) => isRunning).map(({ stats }) => stats);
    return {
      id,
      podUid: sandbox.config.uid,
      time: this.#host.clock.now(),
      createdAt: sandbox.createdAt,
      cpu: sumCpu(containers.map(({ cpu }) => cpu)),
      memory: sumMemory(containers.map(({ memory }) => memory)),
      network: { interface: 'eth0', rxBytes: 0, txBytes: 0 },
      processCount: this.listProcesses().filter(({ sandboxId }) => sandboxId === id).length,
      containers,
    };
  }

  get sockets(): NodeSockets {
    return this.#node.files.sockets;
  }

  /** The node's own file system. */
  nodeFiles(): Promise<ContainerFiles> {
    return this.#node.files.files();
  }

  /** The sandbox itself: its processes can be looked at and killed. */
  sandbox(id: string): Sandbox | undefined {
    return this.#sandboxes.get(id);
  }

  createContainer(sandboxId: string, config: ContainerConfig): ContainerStatus {
    const sandbox = this.#sandboxes.get(sandboxId);
    if (!sandbox?.status.ready) throw new RuntimeError('NotFound', `failed to find sandbox id "${sandboxId}": not found`);
    if (!this.images.imageStatus(config.image)) throw new RuntimeError('NotFound', `failed to resolve image "${config.image}": not found`);
    this.#checkAppArmor(config);
    return this.#addContainer(sandbox, config, hexId(this.#host.random)).status;
  }

  /** As containerd does (`generateApparmorSpecOpts`). @throws RuntimeError when the node's kernel does not know the profile */
  #checkAppArmor({ security }: ContainerConfig): void {
    const { appArmor } = security ?? {};
    if (appArmor?.type !== 'Localhost' || this.#node.appArmorProfiles.has(appArmor.name)) return;
    const why = `failed to get container spec opts: failed to generate apparmor spec opts: apparmor profile not found ${appArmor.name}`;
    throw new RuntimeError('Unknown', why);
  }

  #addContainer(sandbox: Sandbox, config: ContainerConfig, id: string): SimulatedContainer {
    const { facts, name, ref } = this.images.describe(config.image);
    const container = new SimulatedContainer({
      id,
      sandbox,
      config,
      image: facts,
      imageName: name,
      imageRef: ref,
      onChange: this.#containerChanged,
    });
    sandbox.containers = sandbox.containers.concat(container); // of just the size it needs, which a literal with a spread is not
    this.#containers.set(id, { container, sandbox });
    return container;
  }

  async startContainer(id: string): Promise<void> {
    const container = this.#container(id);
    if (container.state !== 'created')
      throw new RuntimeError('FailedPrecondition', `container is in ${container.state.toUpperCase()} state`);
    const sandbox = this.#containers.get(id)?.sandbox;
    if (!sandbox?.status.ready) throw new RuntimeError('Unknown', `sandbox container "${sandbox?.id}" is not running`);
    const failure = await container.start();
    if (failure !== undefined) throw new RuntimeError('Unknown', startErrorText(failure));
  }

  async stopContainer(id: string, graceMs: number): Promise<void> {
    await this.#containers.get(id)?.container.stop(graceMs);
  }

  removeContainer(id: string): void {
    const found = this.#containers.get(id);
    if (!found) return;
    found.container.signal('SIGKILL');
    found.container.forgetLog();
    found.sandbox.containers = found.sandbox.containers.filter((one) => one !== found.container);
    this.#containers.delete(id);
  }

  containerStatus(id: string): ContainerStatus | undefined {
    return this.#containers.get(id)?.container.status;
  }

  listContainers(): readonly ContainerItem[] {
    return [...this.#containers.values()].map(({ container }) => container.item);
  }

  containerStats(id: string): ContainerStats | undefined {
    return this.#containers.get(id)?.container.stats;
  }

  updateContainerResources(id: string, resources: ContainerResources): void {
    const container = this.#container(id);
    if (container.state === 'exited') throw new RuntimeError('FailedPrecondition', `container is in ${stateName(container)} state`);
    container.update({ resources });
  }

  updateContainerBehaviour(id: string, behaviour: ContainerBehaviour): void {
    this.#container(id).update({ behaviour });
  }

  async execSync(id: string, command: readonly string[], timeoutMs: number): Promise<ExecResult> {
    const chunks = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
    const abort = new AbortController();
    const timeout = () =>
      abort.abort(
        new RuntimeError(
          'DeadlineExceeded',
          `failed to exec in container: timeout ${timeoutMs / 1000}s exceeded: context deadline exceeded`,
        ),
      );
    const timer = timeoutMs > 0 ? this.#host.clock.setTimer(timeoutMs, timeout) : undefined;
    const streams: ProcessStreams = { output: (stream, chunk) => chunks[stream].push(chunk) };
    try {
      const exitCode = await this.exec(id, { command, tty: false, streams, signal: abort.signal });
      return { stdout: Buffer.concat(chunks.stdout), stderr: Buffer.concat(chunks.stderr), exitCode };
    } finally {
      timer?.cancel();
    }
  }

  async exec(id: string, request: ExecRequest): Promise<number> {
    const container = this.#container(id);
    const sandbox = this.#containers.get(id)?.sandbox;
    if (!container.isRunning || !sandbox)
      throw new RuntimeError('FailedPrecondition', `failed to exec in container: container is in ${stateName(container)} state`);
    const chosen = chooseProgram({
      image: container.image,
      command: request.command,
      args: [],
      isMounted: (path) => container.isMounted(path),
      isExec: true,
    });
    const program = 'file' in chosen ? await fileProgram(chosen.file, container) : chosen;
    if ('failure' in program)
      throw new RuntimeError(
        'Unknown',
        `failed to exec in container: failed to start exec "${hexId(this.#host.random)}": OCI runtime exec failed: exec failed: unable to start container process: ${program.failure}: unknown`,
      );
    return await this.#runExec(sandbox, container, program, request);
  }

  /** A process beside the main one; it ends with its container. */
  async #runExec(
    sandbox: Sandbox,
    container: SimulatedContainer,
    program: Program,
    { command, tty, streams, signal }: ExecRequest,
  ): Promise<number> {
    const state = tty ? newTerminalState() : undefined;
    const terminal = state && new Terminal(streams, state);
    // It is over when the client is gone.
    if (state) followSize(state, streams).catch(() => undefined);
    return await new Promise<number>((resolve, reject) => {
      const end = (settle: () => void) => {
        signal.removeEventListener('abort', onAbort);
        sandbox.exited(container, pid);
        settle();
        queueMicrotask(() => running.dispose());
      };
      const onAbort = () => end(() => reject(signal.reason));
      const deliver = (name: string) => (name === 'SIGKILL' ? end(() => resolve(EXIT_KILLED)) : running.signal(name));
      const pid = sandbox.spawn(container, { ppid: 0, argv: command, reaps: () => program.reaps ?? false, deliver })?.pid ?? 0;
      const running = program.start(
        new ContainerProcess(container, {
          argv: command,
          isInit: false,
          isExec: true,
          pid,
          ppid: 0,
          startedAt: this.#host.clock.now(),
          terminal: state,
          stdin: terminal?.input((name) => running.signal(name)) ?? (streams.stdin && textOf(streams.stdin)),
          owner: {
            output: (stream, text) => (terminal ? terminal.output(text) : streams.output(stream, Buffer.from(text, 'latin1'))),
            exit: (code) => queueMicrotask(() => end(() => resolve(code))),
          },
        }),
      );
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  async attach(id: string, streams: ProcessStreams, signal: AbortSignal): Promise<void> {
    await this.#container(id).attach(streams, signal);
  }

  readLog(id: string, options: { readonly follow: boolean; readonly signal: AbortSignal }): AsyncIterable<readonly LogEntry[]> {
    return this.#container(id).log.read(options);
  }

  reopenContainerLog(id: string): void {
    const container = this.#container(id);
    if (!container.isRunning) throw new RuntimeError('FailedPrecondition', `container is not running`);
    container.log.reopen();
  }

  listProcesses(): readonly NodeProcess[] {
    const own = NODE_PROCESSES.map((argv, i) => ({
      pid: i + 1,
      ppid: i === 0 ? 0 : 1,
      argv,
      startedAt: this.#startedAt,
      containerId: '',
      sandboxId: '',
      uid: 0,
      state: 'running' as const,
    }));
    return [...own, ...[...this.#sandboxes.values()].flatMap((sandbox) => sandbox.nodeProcesses())].sort((a, b) => a.pid - b.pid);
  }

  signalProcess(pid: number, signal: string): boolean {
    for (const sandbox of this.#sandboxes.values()) if (sandbox.signalFromNode(pid, signal)) return true;
    return false;
  }

  hostPath(path: string, type: HostPathType, modeMade?: number): Promise<FileTree> {
    return this.#node.files.at(path, type, modeMade);
  }

  removeHostPath(path: string, root: string): Promise<void> {
    return this.#node.files.remove(path, root);
  }

  localVolume(path: string): Promise<FileTree> {
    return this.#node.files.localVolume(path);
  }

  async servedTree(address: string, path: string): Promise<FileTree | undefined> {
    const server = this.#host.network.get(address)?.containers.find(({ isRunning, image }) => isRunning && image.exports !== '');
    if (!server) return undefined;
    const { exports } = server.image;
    const files = await server.files();
    return await files.nodeAt(path === '/' ? exports : path).catch(() => undefined);
  }

  readHostPath(path: string): Promise<HostEntry | undefined> {
    return this.#node.files.read(path);
  }

  prepareSubPath(mount: Mount): Promise<void> {
    return prepareSubPath(mount, () => this.#host.clock.now());
  }

  async injectDevices(config: ContainerConfig, devices: readonly string[]): Promise<ContainerConfig> {
    return await withCdiDevices(await this.nodeFiles(), config, devices);
  }

  giveVolumeToGroup(volume: MountableVolume, gid: number, policy: 'Always' | 'OnRootMismatch'): void {
    giveVolumeToGroup(volume, gid, { onRootMismatch: policy === 'OnRootMismatch', now: () => this.#host.clock.now() });
  }

  volumeUsage(volume: MountableVolume): VolumeUsage {
    return usageOf(volume);
  }

  status(): RuntimeStatus {
    return { runtimeReady: true, networkReady: true, message: '' };
  }

  connect(sandboxId: string, port: number): Connection {
    const sandbox = this.#sandboxes.get(sandboxId);
    const host = sandbox?.ip ?? '127.0.0.1';
    const listener = sandbox?.isReady ? listenerOn(sandbox, port) : undefined;
    if (!listener) throw new ConnectError('refused', { host, port });
    return new NodeConnection(listener, { from: this.#node.address, host: hostPort(host, port) });
  }

  async dial(host: string, port: number): Promise<Connection> {
    const { listener } = await new PodNetwork(onTheNode(this.#host, this.#node)).find(host, port);
    return new NodeConnection(listener, { from: this.#node.address, host: hostPort(host, port) });
  }

  onContainerEvent(listener: ContainerListener): void {
    this.#listeners.push(listener);
  }

  restore(before: RestoredSandbox): PodSandboxStatus {
    if ('pool' in before.config.network) before.config.network.pool.reserve(before.ip);
    const sandbox = this.#addSandbox(before.config, before.ip, before.createdAt);
    for (const { config, status } of before.containers) {
      this.images.preload(config.image);
      this.#addContainer(sandbox, config, status.id).restore(status);
    }
    return sandbox.status;
  }

  #container(id: string): SimulatedContainer {
    const found = this.#containers.get(id);
    if (!found) throw new RuntimeError('NotFound', `an error occurred when try to find container "${id}": not found`);
    return found.container;
  }

  // One of each for all, not one per container.
  readonly #sandboxDied = (sandbox: Sandbox): void => this.#tell(sandbox.config.uid, '');
  readonly #containerChanged = (container: SimulatedContainer): void => this.#tell(container.sandbox.config.uid, container.id);

  #tell(podUid: string, containerId: string): void {
    for (const listener of this.#listeners) listener({ podUid, containerId });
  }
}

const stateName = (container: SimulatedContainer): string => `CONTAINER_${container.state.toUpperCase()}`;

async function* textOf(source: AsyncIterable<Buffer>): AsyncGenerator<string> {
  for await (const chunk of source) yield chunk.toString('latin1');
}

/** 64 hexadecimal digits, as runtimes name things; joined, for what `replaceAll` makes takes six times the memory. */
export const hexId = (random: Random): string => [...random.uuid().split('-'), ...random.uuid().split('-')].join('');
