import type { Timer } from '../../../runtime/index.ts';
import type {
  ContainerBehaviour,
  ContainerConfig,
  ContainerItem,
  ContainerResources,
  ContainerState,
  ContainerStatus,
  ContainerUser,
  ProcessStreams,
  RestoredContainer,
} from '../cri.ts';
import type { ContainerStats } from '../usage.ts';
import { chooseProgram } from './choose-program.ts';
import { ContainerLog } from './container-log.ts';
import { ContainerProcess } from './container-process.ts';
import { cpuUsage, memoryUsage } from './container-usage.ts';
import { ContainerFiles } from './files/container-files.ts';
import { toolDirectory } from './files/tool-directory.ts';
import { normalizePath } from './files/tree.ts';
import type { ImageFacts } from './image-catalog.ts';
import type { Program, RunningProgram, ServerBehaviour } from './program.ts';
import type { Sandbox } from './sandbox.ts';
import { mountPointOf } from './volumes.ts';

/** Exit code of a process that was killed with SIGKILL. */
const EXIT_KILLED = 137;
/** Exit code that runtimes give a container whose process could not be started. */
const EXIT_START_FAILED = 128;
/** Limits of a termination message taken from the log, as upstream's. */
const MESSAGE_LINES_MAX = 80;
const MESSAGE_LOG_BYTES_MAX = 2048;
const MESSAGE_FILE_BYTES_MAX = 4096;

const NO_RESOURCES: ContainerResources = {};
/** A container that does not run. */
const NOTHING: ContainerBehaviour = { memoryBytes: { points: [] } };

/** What a container is made of, beside its configuration. */
export interface ContainerParts {
  readonly id: string;
  readonly sandbox: Sandbox;
  readonly config: ContainerConfig;
  readonly image: ImageFacts;
  readonly imageName: string;
  readonly imageRef: string;
  readonly onChange: () => void;
}

/**
 * One container: created → running → exited, and never back. Its files and its log come to be when somebody looks at them; a quiet
 * server has neither.
 */
export class SimulatedContainer {
  readonly id: string;
  readonly config: ContainerConfig;
  readonly image: ImageFacts;
  readonly #parts: ContainerParts;
  #state: ContainerState = 'created';
  readonly #createdAt: number;
  #startedAt = 0;
  #finishedAt = 0;
  #exitCode = 0;
  #reason = '';
  #message = '';
  #program: Program | undefined;
  #running: RunningProgram | undefined;
  #pid = 0;
  #nodePid = 0;
  #resources: ContainerResources | undefined;
  #behaviour: ContainerBehaviour | undefined;
  #files: Promise<ContainerFiles> | undefined;
  #hasMessage = false;
  #log: ContainerLog | undefined;
  #killTimer: Timer | undefined;
  #exitWaiters: (() => void)[] = [];
  #stdin: StdinPipe | undefined;

  constructor(parts: ContainerParts) {
    this.#parts = parts;
    this.id = parts.id;
    this.config = parts.config;
    this.image = parts.image;
    this.#resources = parts.config.resources;
    this.#behaviour = parts.config.behaviour;
    this.#createdAt = this.#now();
  }

  get state(): ContainerState {
    return this.#state;
  }

  get isRunning(): boolean {
    return this.#state === 'running';
  }

  /** What its main process is called. */
  get argv(): readonly string[] {
    const argv = [...this.config.command, ...this.config.args];
    return argv.length > 0 ? argv : [this.config.name];
  }

  /** How it answers on its ports while it runs. */
  get server(): ServerBehaviour | undefined {
    return this.#state === 'running' ? this.#program?.server : undefined;
  }

  get status(): ContainerStatus {
    return {
      id: this.id,
      name: this.config.name,
      attempt: this.config.attempt,
      state: this.#state,
      createdAt: this.#createdAt,
      startedAt: this.#startedAt,
      finishedAt: this.#finishedAt,
      exitCode: this.#exitCode,
      reason: this.#reason,
      message: this.#message,
      image: this.#parts.imageName,
      imageRef: this.#parts.imageRef,
      pid: this.#state === 'running' ? this.#nodePid : 0,
      resources: this.#resources ?? NO_RESOURCES,
      user: this.user,
    };
  }

  /** A container as lists show it. */
  get item(): ContainerItem {
    const { sandbox, imageName: image, imageRef } = this.#parts;
    const { name, attempt } = this.config;
    const { id, state } = this;
    return { id, sandboxId: sandbox.id, podUid: sandbox.config.uid, name, attempt, state, createdAt: this.#createdAt, image, imageRef };
  }

  /** Whom its first process runs as: the pod's word goes before the image's. */
  get user(): ContainerUser {
    const { runAsUser, runAsGroup, supplementalGroups = [] } = this.config.security ?? {};
    const uid = runAsUser ?? this.image.uid;
    const gid = runAsGroup ?? (runAsUser === undefined ? this.image.gid : 0);
    return { uid, gid, supplementalGroups: [...new Set([gid, ...supplementalGroups])] };
  }

  /** What it uses at this time. */
  get stats(): ContainerStats {
    const now = this.#now();
    const runMs = this.#state === 'running' ? now - this.#startedAt : 0;
    const load = { behaviour: this.#behaviour, resources: this.#resources, usual: this.image };
    return {
      id: this.id,
      name: this.config.name,
      attempt: this.config.attempt,
      time: now,
      startedAt: this.#startedAt,
      cpu: this.#state === 'running' ? cpuUsage(load, runMs) : { usageNanoCores: 0, usageCoreNanoSeconds: 0 },
      memory: memoryUsage(this.#state === 'running' ? load : { ...load, behaviour: NOTHING }, runMs),
      writableLayer: { usedBytes: 0, inodesUsed: 0 },
      log: { usedBytes: this.#log?.bytes ?? 0, inodesUsed: 1 },
    };
  }

  update(change: { resources?: ContainerResources; behaviour?: ContainerBehaviour }): void {
    if (change.resources) this.#resources = change.resources;
    if (change.behaviour) this.#behaviour = change.behaviour;
  }

  /** The output; a server's start lines are put in when it is first asked for. */
  get log(): ContainerLog {
    if (!this.#log) {
      const banner = this.#program?.banner ?? [];
      let time: number | undefined = this.#startedAt;
      this.#log = new ContainerLog(() => time ?? this.#now());
      for (const line of banner) this.#log.write('stdout', `${line}\n`);
      time = undefined;
      if (this.#state === 'exited') this.#log.close();
    }
    return this.#log;
  }

  /** Starts its process; returns why it cannot, in the runtime's words. */
  start(): string | undefined {
    const program = chooseProgram({
      image: this.image,
      command: this.config.command,
      args: this.config.args,
      isMounted: (path) => this.isMounted(path),
    });
    if ('failure' in program) {
      this.#failStart(program.failure);
      return program.failure;
    }
    this.#startedAt = this.#now();
    this.#launch(program);
    return undefined;
  }

  #launch(program: Program): void {
    this.#program = program;
    this.#state = 'running';
    const { argv } = this;
    const isInit = !this.#parts.sandbox.sharesProcesses;
    this.#nodePid = this.#parts.sandbox.node.nextPid();
    this.#pid = this.#parts.sandbox.startMain({ argv, deliver: (signal) => this.signal(signal) });
    if (this.config.stdin) this.#stdin = new StdinPipe();
    const running = program.start(
      new ContainerProcess(this, this.#parts.sandbox, {
        argv,
        isInit,
        pid: this.#pid,
        startedAt: this.#startedAt,
        tty: this.config.tty,
        stdin: this.#stdin,
        output: (stream, text) => this.log.write(stream, text),
        exit: (code) => this.#exited(code),
      }),
    );
    if (this.#state === 'running') this.#running = running;
    else running.dispose();
  }

  /** Brings back a container that ran before this process started; what was finite starts again under the same name. */
  restore(before: RestoredContainer['status']): void {
    this.#startedAt = before.startedAt;
    if (before.state === 'exited') {
      this.#state = 'exited';
      this.#finishedAt = before.finishedAt;
      this.#exitCode = before.exitCode;
      this.#reason = before.reason;
      this.#message = before.message;
      return;
    }
    if (before.state !== 'running') return;
    const program = chooseProgram({
      image: this.image,
      command: this.config.command,
      args: this.config.args,
      isMounted: (path) => this.isMounted(path),
    });
    if ('failure' in program) this.#failStart(program.failure);
    else this.#launch(program);
  }

  #failStart(failure: string): void {
    this.#state = 'exited';
    this.#exitCode = EXIT_START_FAILED;
    this.#reason = 'StartError';
    this.#message = startErrorText(failure);
    this.#finishedAt = this.#now();
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

  /** The variables its processes see. */
  async environment(): Promise<ReadonlyMap<string, string>> {
    const own = await this.config.environment();
    const base = {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      ...this.image.env,
      HOSTNAME: this.#parts.sandbox.config.hostname,
      HOME: '/root',
    };
    return new Map([...Object.entries(base), ...(this.config.tty ? [['TERM', 'xterm'] as const] : []), ...own]);
  }

  /** Its file system, made when first asked for. */
  files(): Promise<ContainerFiles> {
    this.#files ??= this.#makeFiles();
    return this.#files;
  }

  async #makeFiles(): Promise<ContainerFiles> {
    const now = () => this.#now();
    const { sandbox } = this.#parts;
    const mounts = await Promise.all(this.config.mounts.map((mount) => mountPointOf(mount, now)));
    const messagePath = this.config.terminationMessagePath;
    const { hostname } = sandbox.config;
    return new ContainerFiles({
      files: {
        '/etc/hostname': `${hostname}\n`,
        '/etc/hosts': `# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n${sandbox.ip}\t${hostname}\n`,
        '/etc/resolv.conf': `search ${sandbox.config.namespace}.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n`,
        '/etc/os-release': 'NAME="nanokube simulated container"\nID=nanokube\n',
        '/etc/passwd': 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n',
        ...this.image.files,
      },
      mounts: [...(this.image.shell ? [toolDirectory()] : []), ...mounts],
      now,
      onWrite: (path) => {
        if (path === messagePath) this.#hasMessage = true;
      },
    });
  }

  signal(name: string): void {
    if (this.#state !== 'running') return;
    if (name === 'SIGKILL') this.#exited(EXIT_KILLED);
    else this.#running?.signal(name);
  }

  /** Ends it as the kernel does when memory runs out. */
  killForMemory(): void {
    if (this.#state === 'running') this.#exited(EXIT_KILLED, 'OOMKilled');
  }

  /** Asks it to stop, and kills it after the grace period; resolves once it has exited. */
  stop(graceMs: number): Promise<void> {
    if (this.#state !== 'running') {
      this.#state = 'exited';
      return Promise.resolve();
    }
    const done = new Promise<void>((resolve) => this.#exitWaiters.push(resolve));
    const kill = () => this.signal('SIGKILL');
    this.#killTimer?.cancel();
    if (graceMs <= 0) kill();
    else {
      this.#killTimer = this.#parts.sandbox.host.clock.setTimer(graceMs, kill);
      this.signal(this.config.stopSignal);
    }
    return done;
  }

  /** Follows its output and, if it takes any, feeds its input. */
  async attach(streams: ProcessStreams, signal: AbortSignal): Promise<void> {
    if (streams.stdin && this.#stdin) this.#stdin.feed(streams.stdin, this.config.stdinOnce);
    const from = this.log.length;
    let seen = 0;
    for await (const batch of this.log.read({ follow: true, signal }))
      for (const entry of batch) if (seen++ >= from) streams.output(entry.stream, Buffer.from(entry.text, 'latin1'));
  }

  #exited(exitCode: number, reason = exitCode === 0 ? 'Completed' : 'Error'): void {
    if (this.#state !== 'running') return;
    this.#state = 'exited';
    this.#exitCode = exitCode;
    this.#reason = reason;
    this.#finishedAt = this.#now();
    this.#killTimer?.cancel();
    this.#running?.dispose();
    this.#running = undefined;
    this.#stdin?.end();
    this.#parts.sandbox.exited(this.id, this.#pid);
    this.#log?.close();
    if (this.#hasMessage)
      this.#readMessage().then(
        () => this.#tellExit(),
        () => this.#tellExit(),
      );
    else {
      if (exitCode !== 0 && this.config.terminationMessagePolicy === 'FallbackToLogsOnError') this.#message = this.#logTail();
      this.#tellExit();
    }
  }

  #tellExit(): void {
    for (const resolve of this.#exitWaiters.splice(0)) resolve();
    this.#parts.onChange();
  }

  async #readMessage(): Promise<void> {
    const files = await this.files();
    const content = await files.readFile(this.config.terminationMessagePath);
    this.#message = content.subarray(0, MESSAGE_FILE_BYTES_MAX).toString('utf8');
    const wantsLog = this.#message === '' && this.#exitCode !== 0 && this.config.terminationMessagePolicy === 'FallbackToLogsOnError';
    if (wantsLog) this.#message = this.#logTail();
  }

  #logTail(): string {
    return Buffer.from(this.log.tail(MESSAGE_LINES_MAX, MESSAGE_LOG_BYTES_MAX), 'latin1').toString('utf8');
  }

  #now(): number {
    return this.#parts.sandbox.host.clock.now();
  }
}

/** The text in which a runtime wraps the reason why a process could not be started. */
export const startErrorText = (failure: string): string =>
  `failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: ${failure}: unknown`;

/** Standard input that attachers feed. */
class StdinPipe implements AsyncIterable<string> {
  readonly #chunks: string[] = [];
  #ended = false;
  #wake: (() => void) | undefined;

  feed(source: AsyncIterable<Buffer>, endAfter: boolean): void {
    const pump = async () => {
      for await (const chunk of source) {
        this.#chunks.push(chunk.toString('latin1'));
        this.#wake?.();
      }
    };
    const done = () => {
      if (endAfter) this.end();
    };
    pump().then(done, done);
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) yield chunk;
      else if (this.#ended) return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}
