import type { Clock, Random } from '../../../runtime/index.ts';
import type { ContainerUser, OutputStream } from '../cri.ts';
import { hasCapability } from './capabilities.ts';
import type { SimulatedContainer } from './container.ts';
import type { ContainerUsage, OwnLoad } from './container-usage.ts';
import type { ContainerFiles } from './files/container-files.ts';
import type { ImageFacts, ServerFacts } from './image-catalog.ts';
import { programOf } from './native-programs.ts';
import type { ListeningPort, OpenSocket, StreamProtocol } from './network/container-sockets.ts';
import { ImageListener } from './network/image-listener.ts';
import type { DatagramListener, Listener } from './network/listener.ts';
import { listeningOn } from './network/listeners.ts';
import { PodNetwork } from './network/pod-network.ts';
import type { ProcessContext, ProcessInfo, ProcessOwner, RunningProgram } from './program.ts';
import type { Sandbox } from './sandbox.ts';
import type { TerminalState } from './terminal.ts';

/** Ports below are root's on a node; in pods they are everybody's, as containerd 2 sets it (`net.ipv4.ip_unprivileged_port_start`). */
const PRIVILEGED_PORTS = 1024;

/** What differs between the processes of a container. */
export interface ProcessParts {
  readonly argv: readonly string[];
  readonly pid: number;
  readonly ppid: number;
  readonly isInit: boolean;
  /** It, or who started it, is run beside the container's main process. */
  readonly isExec?: boolean | undefined;
  readonly startedAt: number;
  readonly terminal: TerminalState | undefined;
  readonly stdin: AsyncIterable<string> | undefined;
  readonly owner: ProcessOwner;
}

/** A process of a container: one object, for there are hundreds of thousands of them. */
export class ContainerProcess implements ProcessContext {
  readonly #container: SimulatedContainer;
  readonly #parts: ProcessParts;

  constructor(container: SimulatedContainer, parts: ProcessParts) {
    this.#container = container;
    this.#parts = parts;
  }

  get #sandbox(): Sandbox {
    return this.#container.sandbox;
  }

  get clock(): Clock {
    return this.#sandbox.host.clock;
  }

  get random(): Random {
    return this.#sandbox.host.random;
  }

  get argv(): readonly string[] {
    return this.#parts.argv;
  }

  get pid(): number {
    return this.#parts.pid;
  }

  /** Its parent now: another when that has ended. */
  get ppid(): number {
    return this.#sandbox.processOf(this.#container, this.pid)?.ppid ?? this.#parts.ppid;
  }

  get isInit(): boolean {
    return this.#parts.isInit;
  }

  get startedAt(): number {
    return this.#parts.startedAt;
  }

  get terminal(): TerminalState | undefined {
    return this.#parts.terminal;
  }

  get tty(): boolean {
    return this.#parts.terminal !== undefined;
  }

  get stdin(): AsyncIterable<string> | undefined {
    return this.#parts.stdin;
  }

  get hostname(): string {
    return this.#sandbox.config.hostname;
  }

  get ip(): string {
    return this.#sandbox.ip;
  }

  get secondIp(): string | undefined {
    return this.#sandbox.secondIp;
  }

  get workingDir(): string {
    return this.#container.workingDir;
  }

  get user(): ContainerUser {
    return this.#container.user;
  }

  get mainPid(): number {
    return this.#container.mainPid;
  }

  get isTask(): boolean {
    return this.#parts.isExec ?? this.#container.config.isTask ?? false;
  }

  get isPrivileged(): boolean {
    return this.#container.config.security?.privileged ?? false;
  }

  nodeFiles(): Promise<ContainerFiles> {
    return this.#sandbox.node.files.files();
  }

  loadAppArmorProfiles(names: readonly string[]): void {
    for (const name of names) this.#sandbox.node.appArmorProfiles.add(name);
  }

  nodeProcesses(): readonly ProcessInfo[] {
    return this.#sandbox.node.processes();
  }

  get isReadOnly(): boolean {
    return this.#container.config.security?.readOnlyRootFilesystem ?? false;
  }

  get image(): ImageFacts {
    return this.#container.image;
  }

  get imageTag(): string {
    return this.#container.imageTag;
  }

  isMounted(path: string): boolean {
    return this.#container.isMounted(path);
  }

  imageFile(path: string): string | undefined {
    return this.#isUntouched(path) ? this.image.files[path] : undefined;
  }

  imageLink(path: string): string | undefined {
    return this.#isUntouched(path) ? this.image.links[path] : undefined;
  }

  #isUntouched(path: string): boolean {
    return !this.#container.hasFiles && !this.isMounted(path);
  }

  mayBind(port: number): boolean {
    return port >= PRIVILEGED_PORTS || !this.#sandbox.usesHostNetwork || this.can('NET_BIND_SERVICE');
  }

  get network(): PodNetwork {
    return new PodNetwork(this.#sandbox);
  }

  environment(): Promise<ReadonlyMap<string, string>> {
    return this.#container.environment();
  }

  files(): Promise<ContainerFiles> {
    return this.#container.files();
  }

  output(stream: OutputStream, text: string): void {
    this.#parts.owner.output(stream, text);
  }

  /** The pause process, where it is the first, has nobody who reads what it writes. */
  outputOfInit(stream: OutputStream, text: string): void {
    if (this.#container.isRunning && this.mainPid === 1) this.#container.output(stream, text);
  }

  can(capability: string): boolean {
    return hasCapability(this.#container, capability);
  }

  exit(code: number): void {
    this.#parts.owner.exit(code);
  }

  processes(): readonly ProcessInfo[] {
    return this.#sandbox.processesOf(this.#container);
  }

  /** As kill(2): only root with CAP_KILL may signal processes of others. */
  kill(pid: number, signal: string): 'sent' | 'absent' | 'denied' {
    const target = this.processes().find((process) => process.pid === pid);
    if (!target) return 'absent';
    const { uid } = this.user;
    if (target.uid !== uid && !hasCapability(this.#container, 'KILL')) return 'denied';
    if (signal !== 'SIG0') this.#sandbox.kill(this.#container, pid, signal);
    return 'sent';
  }

  fork(argv: readonly string[], deliver: (signal: string) => void): ProcessContext {
    const container = this.#container;
    const process = this.#sandbox.spawn(container, { ppid: this.pid, argv, reaps: () => true, deliver });
    const pid = process?.pid ?? 0;
    return new ContainerProcess(container, {
      ...this.#parts,
      argv,
      pid,
      ppid: this.pid,
      isInit: false,
      startedAt: this.clock.now(),
      owner: { output: (stream, text) => this.output(stream, text), exit: () => this.#sandbox.exited(container, pid) },
    });
  }

  run(argv: readonly string[], owner: ProcessOwner, program = programOf(this.image, argv)): RunningProgram | undefined {
    return program?.start(new ContainerProcess(this.#container, { ...this.#parts, argv, owner }));
  }

  become(argv: readonly string[]): void {
    const process = this.#sandbox.processOf(this.#container, this.pid);
    if (process) process.argv = argv;
    if (this.#container.mainPid === this.pid) this.#container.retitle(argv);
  }

  listen(port: number, listener: Listener, protocol: StreamProtocol = 'TCP'): OpenSocket | undefined {
    return this.#container.sockets.listen(port, listener, protocol);
  }

  listenForDatagrams(port: number, listener: DatagramListener): OpenSocket | undefined {
    return this.#container.sockets.listenForDatagrams(port, listener);
  }

  listening(): readonly ListeningPort[] {
    return listeningOn(this.#sandbox);
  }

  listenAs(port: number, facts: ServerFacts): OpenSocket | undefined {
    return this.#container.sockets.listen(port, new ImageListener(this.#container, facts, port), 'TCP');
  }

  usage(): ContainerUsage {
    return this.#container.usage();
  }

  use(load: OwnLoad): void {
    this.#container.use(load);
  }
}
