import type { Clock, Timer } from '../../../runtime/index.ts';
import type {
  ContainerBehaviour,
  ContainerConfig,
  ContainerItem,
  ContainerResources,
  ContainerState,
  ContainerStatus,
  ContainerUser,
  OutputStream,
  ProcessStreams,
  RestoredContainer,
} from '../cri.ts';
import type { ContainerStats } from '../usage.ts';
import { containerUser } from './accounts.ts';
import { isAsMade } from './as-made.ts';
import { Attachments } from './attachments.ts';
import { chooseProgram, commandLineOf } from './choose-program.ts';
import { environmentOf } from './container-environment.ts';
import { filesystemOf } from './container-filesystem.ts';
import { ContainerLog } from './container-log.ts';
import type { ContainerParts } from './container-parts.ts';
import { ContainerProcess } from './container-process.ts';
import { ContainerScript } from './container-script.ts';
import { type ContainerUsage, cpuUsage, memoryUsage, type OwnLoad, withOwnLoad } from './container-usage.ts';
import { fileProgram } from './file-program.ts';
import type { ContainerFiles } from './files/container-files.ts';
import { normalizePath } from './files/tree.ts';
import type { ImageFacts } from './image-catalog.ts';
import { loadOf } from './load-flags.ts';
import { ContainerSockets } from './network/container-sockets.ts';
import { isTaken } from './network/listeners.ts';
import type { Program, RunningProgram, ServerBehaviour } from './program.ts';
import { exitProgram } from './programs.ts';
import type { Sandbox } from './sandbox.ts';
import { shellProgram } from './shell-program.ts';
import { StdinPipe } from './stdin-pipe.ts';
import { terminalOf } from './terminal.ts';
import { messageFromFile, messageFromLog, startErrorText } from './termination-message.ts';

/** Exit code of a process that was killed with SIGKILL. */
const EXIT_KILLED = 137;
/** Exit code that runtimes give a container whose process could not be started. */
const EXIT_START_FAILED = 128;
const NO_RESOURCES: ContainerResources = {};

/** How it ended. */
type ContainerEnd = Pick<ContainerStatus, 'finishedAt' | 'exitCode' | 'reason' | 'message'>;

const NOT_ENDED: ContainerEnd = { finishedAt: 0, exitCode: 0, reason: '', message: '' };

/**
 * One container: created → running → exited, and never back. Its files, its log and its process namespace come to be when somebody
 * looks at them; a quiet server has none of them, and no timer.
 */
export class SimulatedContainer {
  readonly id: string;
  readonly config: ContainerConfig;
  readonly image: ImageFacts;
  readonly sandbox: Sandbox;
  readonly #imageName: string;
  readonly #imageRef: string;
  readonly #onChange: ContainerParts['onChange'];
  #state: ContainerState = 'created';
  readonly #createdAt: number;
  #startedAt = 0;
  #end: ContainerEnd = NOT_ENDED;
  #program: Program | undefined;
  #running: RunningProgram | undefined;
  #pid = 0;
  #nodePid = 0;
  #title: readonly string[] | undefined;
  #resources: ContainerResources | undefined;
  #behaviour: ContainerBehaviour | undefined;
  #ownLoad: OwnLoad | undefined;
  #script: ContainerScript | undefined;
  #environment: Promise<ReadonlyMap<string, string>> | undefined;
  #files: Promise<ContainerFiles> | undefined;
  #madeFiles: ContainerFiles | undefined;
  #hasMessage = false;
  #log: ContainerLog | undefined;
  #timer: Timer | undefined;
  #exitWaiters: (() => void)[] | undefined;
  #stdin: StdinPipe | undefined;
  #sockets: ContainerSockets | undefined;
  #attached: Attachments | undefined;

  constructor(parts: ContainerParts) {
    this.#imageName = parts.imageName;
    this.#imageRef = parts.imageRef;
    this.#onChange = parts.onChange;
    this.id = parts.id;
    this.config = parts.config;
    this.image = parts.image;
    this.sandbox = parts.sandbox;
    this.#resources = parts.config.resources;
    this.#behaviour = parts.config.behaviour ?? loadOf(parts.image, parts.config);
    this.#createdAt = this.now();
  }

  get state(): ContainerState {
    return this.#state;
  }

  get isRunning(): boolean {
    return this.#state === 'running';
  }

  get clock(): Clock {
    return this.sandbox.host.clock;
  }

  now(): number {
    return this.clock.now();
  }

  get startedAt(): number {
    return this.#startedAt;
  }

  /** Of its main process, in its own namespace. */
  get mainPid(): number {
    return this.#pid;
  }

  get nodePid(): number {
    return this.#nodePid;
  }

  get resources(): ContainerResources {
    return this.#resources ?? NO_RESOURCES;
  }

  get imageTag(): string {
    return this.#imageName.slice(this.#imageName.lastIndexOf(':') + 1);
  }

  /** What its main process is called. */
  get argv(): readonly string[] {
    if (this.#title) return this.#title;
    const { command, args, name } = this.config;
    if (command.length > 0 || (args.length > 0 && this.image.args === 'exec')) return commandLineOf(this.image, command, args);
    const title = this.image.title.length > 0 ? this.image.title : [name];
    return args.length > 0 ? [...title, ...args] : title;
  }

  /** Its main process runs another program from now on. */
  retitle(argv: readonly string[]): void {
    this.#title = argv;
  }

  /** Whether its main process waits for the children it has and adopts. */
  get reaps(): boolean {
    return this.#program?.reaps ?? false;
  }

  /** How it answers on its ports while it runs. */
  get server(): ServerBehaviour | undefined {
    return this.#state === 'running' ? (this.#running?.server ?? this.#program?.server) : undefined;
  }

  /** How many workers its main process keeps. */
  get workers(): number {
    return this.#running?.workers ?? 1;
  }

  get user(): ContainerUser {
    return containerUser(this.image, this.config.security);
  }

  get status(): ContainerStatus {
    return {
      id: this.id,
      name: this.config.name,
      attempt: this.config.attempt,
      state: this.#state,
      createdAt: this.#createdAt,
      startedAt: this.#startedAt,
      ...this.#end,
      image: this.#imageName,
      imageRef: this.#imageRef,
      pid: this.#state === 'running' ? this.#nodePid : 0,
      resources: this.resources,
      user: this.user,
    };
  }

  /** A container as lists show it. */
  get item(): ContainerItem {
    const { name, attempt } = this.config;
    const { id, state, sandbox } = this;
    const image = { image: this.#imageName, imageRef: this.#imageRef };
    return { id, sandboxId: sandbox.id, podUid: sandbox.config.uid, name, attempt, state, createdAt: this.#createdAt, ...image };
  }

  usage(): ContainerUsage {
    const { isRunning, resources } = this;
    const load = { behaviour: this.#bent, resources: this.#resources, usual: this.image };
    const ranMs = isRunning ? this.now() - this.#startedAt : 0;
    const idle = { behaviour: undefined, resources: this.#resources, usual: { cpuMillis: 0, memoryBytes: 0 } };
    return { cpu: cpuUsage(isRunning ? load : idle, ranMs), memory: memoryUsage(isRunning ? load : idle, ranMs), resources };
  }

  get #bent(): ContainerBehaviour | undefined {
    return this.#ownLoad ? withOwnLoad(this.#behaviour, this.#ownLoad) : this.#behaviour;
  }

  /** Its program uses so much from now on. */
  use(load: OwnLoad): void {
    this.#ownLoad = load;
    if (this.#state === 'running') this.#follow();
  }

  /** What it uses at this time. */
  get stats(): ContainerStats {
    const { id, config, startedAt } = this;
    const { cpu, memory } = this.usage();
    return {
      id,
      name: config.name,
      attempt: config.attempt,
      time: this.now(),
      startedAt,
      cpu,
      memory,
      writableLayer: this.#madeFiles?.written ?? { usedBytes: 0, inodesUsed: 0 },
      log: { usedBytes: this.#log?.bytes ?? 0, inodesUsed: 1 },
    };
  }

  /** Changes its limits, or what a script makes of it. */
  update(change: { resources?: ContainerResources; behaviour?: ContainerBehaviour }): void {
    if (change.resources) this.#resources = change.resources;
    if (change.behaviour) this.#behaviour = change.behaviour;
    if (this.#state === 'running') this.#follow();
  }

  /** The output; a server's start lines are put in when it is first asked for. */
  get log(): ContainerLog {
    if (!this.#log) {
      this.#log = new ContainerLog(() => this.now(), this.sandbox.host.logs);
      const banner = this.#program?.banner ?? [];
      this.#log.begin(typeof banner === 'function' ? banner(this.#startedAt) : banner, this.#startedAt);
      if (this.#state === 'exited') this.#log.close();
    }
    return this.#log;
  }

  /** Lets go of what it wrote: it is removed. */
  forgetLog(): void {
    this.#log?.reopen();
  }

  writeLog(text: string): void {
    if (this.#state === 'running') this.log.write('stdout', text);
  }

  #choose(): ReturnType<typeof chooseProgram> {
    const { image, config } = this;
    const { command, args, stdin, tty, isTask } = config;
    const isMounted = (path: string) => this.isMounted(path);
    return chooseProgram({ image, command, args, isMounted, hasInput: stdin || tty, isTask, asMade: () => isAsMade(this) });
  }

  /** Starts its process; answers why it cannot, in the runtime's words. */
  async start(): Promise<string | undefined> {
    const chosen = this.#choose();
    const program = 'file' in chosen ? await fileProgram(chosen.file, this) : chosen;
    if ('failure' in program) {
      this.#failStart(program.failure);
      return program.failure;
    }
    await program.prepare?.(this);
    if (this.#state !== 'created') return undefined;
    this.#startedAt = this.now();
    this.#launch(program);
    return undefined;
  }

  #launch(program: Program): void {
    this.#state = 'running';
    ({ pid: this.#pid, nodePid: this.#nodePid } = this.sandbox.startMain(this, (signal) => this.signal(signal)));
    if (this.config.stdin) this.#stdin = new StdinPipe();
    const delayMs = this.#behaviour?.startDelayMs ?? 0;
    const waitMs = this.#startedAt + delayMs - this.now();
    if (waitMs > 0) this.#timer = this.clock.setTimer(waitMs, () => this.#run(program));
    else this.#run(program);
    if (this.#state === 'running') this.#follow();
  }

  #run(wanted: Program): void {
    const program = this.#bound(wanted);
    this.#program = program;
    const { config, sandbox } = this;
    const running = program.start(
      new ContainerProcess(this, {
        argv: this.argv,
        isInit: sandbox.isInit(this),
        pid: this.#pid,
        ppid: 0,
        startedAt: this.#startedAt,
        terminal: config.tty ? terminalOf(this) : undefined,
        // A terminal without input is one on which nobody types.
        stdin: this.#stdin ?? (config.tty ? new StdinPipe() : undefined),
        owner: this,
      }),
    );
    if (this.#state === 'running') this.#running = running;
    else running.dispose();
    if (this.#running && this.image.worker && !sandbox.isInit(this)) sandbox.startWorker(this);
  }

  /** The program, or one that complains and ends, as it does itself, when another listens on one of its ports. */
  #bound(program: Program): Program {
    const taken = program.server && this.sockets.portsOf(program.server).find((port) => isTaken(port, 'TCP', this));
    if (taken === undefined) return program;
    if (program.ifTaken) return program.ifTaken;
    const { bindError, bindExitCode } = this.image;
    return exitProgram(bindExitCode, `${bindError.replaceAll('{{port}}', String(taken))}\n`, 'stderr');
  }

  /** The timers of a script, if there is one. */
  #follow(): void {
    const behaviour = this.#bent;
    if (!behaviour) return;
    this.#script ??= new ContainerScript({
      clock: this.clock,
      startedAt: this.#startedAt,
      writeLog: (text) => this.writeLog(text),
      exit: (code) => this.exit(code),
      killForMemory: () => this.exit(EXIT_KILLED, 'OOMKilled'), // as the kernel does
    });
    this.#script.follow(behaviour, this.resources);
  }

  /** Brings back a container that ran before this process started; what was finite starts again under the same name. */
  restore(before: RestoredContainer['status']): void {
    this.#startedAt = before.startedAt;
    if (before.state === 'exited') {
      const { finishedAt, exitCode, reason, message } = before;
      this.#state = 'exited';
      this.#end = { finishedAt, exitCode, reason, message };
      return;
    }
    if (before.state !== 'running') return;
    const chosen = this.#choose();
    this.#launch('file' in chosen ? shellProgram(chosen.file) : chosen);
  }

  #failStart(failure: string): void {
    this.#state = 'exited';
    this.#end = { finishedAt: this.now(), exitCode: EXIT_START_FAILED, reason: 'StartError', message: startErrorText(failure) };
  }

  isMounted(path: string): boolean {
    const clean = normalizePath(path, this.workingDir);
    return this.config.mounts.some(
      ({ containerPath }) => clean === containerPath || clean.startsWith(containerPath === '/' ? '/' : `${containerPath}/`),
    );
  }

  get workingDir(): string {
    return this.config.workingDir === '' ? this.image.workingDir : this.config.workingDir;
  }

  /** The variables its processes see: as they were when the first one asked. */
  environment(): Promise<ReadonlyMap<string, string>> {
    this.#environment ??= environmentOf(this).catch((error: unknown) => {
      this.#environment = undefined; // who asks again may be told
      throw error;
    });
    return this.#environment;
  }

  /** Whether anybody looked at its files. */
  get hasFiles(): boolean {
    return this.#files !== undefined;
  }

  /** Its file system, made when first asked for. */
  files(): Promise<ContainerFiles> {
    this.#files ??= this.#makeFiles();
    return this.#files;
  }

  async #makeFiles(): Promise<ContainerFiles> {
    const files = await filesystemOf(this, (path) => {
      if (path === this.config.terminationMessagePath) this.#hasMessage = true;
    });
    await files.mkdir(this.workingDir, { recursive: true }).catch(() => undefined); // as runc; a mount that is read-only has it or not
    this.#madeFiles = files;
    return files;
  }

  /** The ports that it listens on; kept once a process of it has opened one. */
  get sockets(): ContainerSockets {
    return (
      this.#sockets ??
      new ContainerSockets(this, (opened) => {
        this.#sockets = opened;
      })
    );
  }

  signal(name: string): void {
    if (this.#state !== 'running') return;
    if (name === 'SIGHUP' && this.image.worker) this.sandbox.restartWorker(this);
    if (name === 'SIGKILL') this.exit(EXIT_KILLED);
    else if (!this.#behaviour?.ignoresTerm) this.#running?.signal(name);
  }

  /** It ends of itself, once what it is doing is done. */
  exitSoon(code: number): void {
    this.#timer = this.clock.setTimer(0, () => this.exit(code));
  }

  /** Asks it to stop, and kills it after the grace period; resolves once it has exited. */
  stop(graceMs: number): Promise<void> {
    if (this.#state !== 'running') {
      this.#state = 'exited';
      return Promise.resolve();
    }
    const done = new Promise<void>((resolve) => {
      this.#exitWaiters ??= [];
      this.#exitWaiters.push(resolve);
    });
    const kill = () => this.signal('SIGKILL');
    this.#timer?.cancel();
    if (graceMs <= 0) kill();
    else {
      this.#timer = this.clock.setTimer(graceMs, kill);
      this.#askToStop(graceMs);
    }
    return done;
  }

  #askToStop(graceMs: number): void {
    const delayMs = this.#behaviour?.stopDelayMs ?? 0;
    const ask = () => this.signal(this.config.stopSignal || this.image.stopSignal);
    if (delayMs === 0) ask();
    else if (delayMs < graceMs) this.clock.setTimer(delayMs, ask);
  }

  /** Follows its output and, if it takes any, feeds its input. */
  async attach(streams: ProcessStreams, signal: AbortSignal): Promise<void> {
    if (this.#state === 'exited') return;
    this.#attached ??= new Attachments({
      input: this.#stdin,
      stdinOnce: this.config.stdinOnce,
      terminal: this.config.tty ? terminalOf(this) : undefined,
      output: (text) => this.output('stdout', text),
      signal: (name) => this.#running?.signal(name),
    });
    await this.#attached.follow(streams, signal);
  }

  /** Its main process wrote something. */
  output(stream: OutputStream, text: string): void {
    const shown = this.config.tty ? 'stdout' : stream;
    this.log.write(shown, text);
    this.#attached?.write(shown, text);
  }

  /** Its main process has ended. */
  exit(exitCode: number, reason = exitCode === 0 ? 'Completed' : 'Error'): void {
    if (this.#state !== 'running') return;
    this.#state = 'exited';
    this.#end = { finishedAt: this.now(), exitCode, reason, message: '' };
    this.#timer?.cancel();
    this.#script?.stop();
    this.#running?.dispose();
    this.#running = undefined;
    this.#sockets = undefined;
    this.#stdin?.end();
    this.#attached?.end();
    this.sandbox.mainExited(this, this.#pid);
    this.#log?.close();
    const tell = (message: string) => this.#tellExit(message);
    if (this.#hasMessage) this.#readMessage().then(tell, () => tell(''));
    else tell(this.#logMessage());
  }

  #tellExit(message: string): void {
    this.#end = { ...this.#end, message };
    for (const resolve of this.#exitWaiters?.splice(0) ?? []) resolve();
    this.#onChange(this);
  }

  async #readMessage(): Promise<string> {
    return (await messageFromFile(await this.files(), this.config.terminationMessagePath)) || this.#logMessage();
  }

  #logMessage(): string {
    const wantsLog = this.#end.exitCode !== 0 && this.config.terminationMessagePolicy === 'FallbackToLogsOnError';
    return wantsLog ? messageFromLog(this.log) : '';
  }
}
