import type { Clock, Random } from '../../../runtime/index.ts';
import type { NodeProcess, PodSandboxConfig, PodSandboxStatus } from '../cri.ts';
import type { SimulatedContainer } from './container.ts';
import type { HostFiles } from './host-files.ts';
import { ProcessTable } from './process-table.ts';
import type { HttpAnswer, ProcessInfo } from './program.ts';

/** What all sandboxes of a process share. */
export interface SimulatedHost {
  readonly clock: Clock;
  readonly random: Random;
  /** Who holds an address. */
  readonly network: Map<string, Sandbox>;
}

/** The node that sandboxes are on. */
export interface SimulatedNode {
  readonly files: HostFiles;
  /** The next process ID of the node. */
  nextPid(): number;
}

/** A connection that nobody answers; the message is the socket layer's. */
export class ConnectionRefused extends Error {
  override readonly name = 'ConnectionRefused';
}

/** A process to be: what it is called and how a signal reaches it. */
interface MainProcess {
  readonly argv: readonly string[];
  readonly deliver: (signal: string) => void;
}

const TEXT = { 'content-type': 'text/plain' };
const HTML = { 'content-type': 'text/html' };

/** What a sandbox is made of. */
export interface SandboxParts {
  readonly id: string;
  readonly config: PodSandboxConfig;
  readonly host: SimulatedHost;
  readonly node: SimulatedNode;
  readonly ip: string;
  readonly createdAt: number;
  readonly onDeath: () => void;
}

export const PAUSE_ARGV: readonly string[] = ['/pause'];

/**
 * A pod's sandbox: a pause process that holds the pod's IP and, when the pod shares its process namespace, is PID 1 of all its
 * processes. When pause dies, everything in the sandbox dies.
 *
 * ```
 * shareProcessNamespace            otherwise
 *   1 /pause                         1 /pause
 *   2 main process of container a    1 main process of container a   (its own namespace)
 *   3 main process of container b    1 main process of container b
 * ```
 */
export class Sandbox {
  readonly id: string;
  readonly config: PodSandboxConfig;
  readonly host: SimulatedHost;
  readonly ip: string;
  readonly createdAt: number;
  readonly containers: SimulatedContainer[] = [];
  readonly node: SimulatedNode;
  readonly #pid: number;
  #ready = true;
  /** The pause process's namespace, and those of the containers that have their own. */
  readonly #shared: ProcessTable | undefined;
  #own: Map<string, ProcessTable> | undefined;
  readonly #onDeath: () => void;

  constructor(parts: SandboxParts) {
    this.id = parts.id;
    this.config = parts.config;
    this.host = parts.host;
    this.ip = parts.ip;
    this.createdAt = parts.createdAt;
    this.#onDeath = parts.onDeath;
    this.node = parts.node;
    this.#pid = parts.node.nextPid();
    if ('pool' in parts.config.network) parts.host.network.set(parts.ip, this);
    if (parts.config.namespaces?.pid === 'pod') {
      this.#shared = new ProcessTable();
      this.#shared.spawn({ ppid: 0, argv: PAUSE_ARGV, startedAt: parts.createdAt, deliver: (signal) => this.signalPause(signal) });
    }
  }

  get sharesProcesses(): boolean {
    return this.#shared !== undefined;
  }

  get status(): PodSandboxStatus {
    return {
      id: this.id,
      ready: this.#ready,
      createdAt: this.createdAt,
      attempt: this.config.attempt,
      ip: this.ip,
      pid: this.#ready ? this.#pid : 0,
    };
  }

  /** Pause ends on SIGTERM, SIGINT and SIGKILL. */
  signalPause(signal: string): void {
    if (signal === 'SIGKILL' || signal === 'SIGTERM' || signal === 'SIGINT') this.stop();
  }

  /** Ends the pause process and all others with it. */
  stop(): void {
    if (!this.#ready) return;
    this.#ready = false;
    for (const container of this.containers) container.signal('SIGKILL');
    if ('pool' in this.config.network) {
      this.host.network.delete(this.ip);
      this.config.network.pool.release(this.ip);
    }
    this.#onDeath();
  }

  /** The main process of a container starts; returns its PID. */
  startMain(process: MainProcess): number {
    return this.#shared ? this.#shared.spawn({ ...process, ppid: 0, startedAt: this.host.clock.now() }) : 1;
  }

  /** Starts another process in a container's namespace; returns its PID. */
  spawn(containerId: string, process: MainProcess): number {
    return this.#tableOf(containerId)?.spawn({ ...process, ppid: 0, startedAt: this.host.clock.now() }) ?? 0;
  }

  /** A process ended; with a container's first process its own namespace ends. */
  exited(containerId: string, pid: number): void {
    if (this.#shared) this.#shared.exit(pid);
    else if (pid === 1) this.#own?.delete(containerId);
    else this.#own?.get(containerId)?.exit(pid);
  }

  /** The namespace of a container; one of its own comes to be when somebody looks at it. */
  #tableOf(containerId: string): ProcessTable | undefined {
    if (this.#shared) return this.#shared;
    let table = this.#own?.get(containerId);
    const container = this.containers.find(({ id }) => id === containerId);
    if (!table && container?.isRunning) {
      table = new ProcessTable();
      table.spawn({ ppid: 0, argv: container.argv, startedAt: container.status.startedAt, deliver: (signal) => container.signal(signal) });
      this.#own ??= new Map();
      this.#own.set(containerId, table);
    }
    return table;
  }

  processesOf(containerId: string): readonly ProcessInfo[] {
    return this.#tableOf(containerId)?.list() ?? [];
  }

  kill(containerId: string, pid: number, signal: string): boolean {
    return this.#tableOf(containerId)?.kill(pid, signal) ?? false;
  }

  /** Its processes as the node sees them. */
  nodeProcesses(): NodeProcess[] {
    if (!this.#ready) return [];
    const pause = { pid: this.#pid, ppid: 1, argv: PAUSE_ARGV, startedAt: this.createdAt, containerId: '', sandboxId: this.id };
    const mains = this.containers.filter(({ isRunning }) => isRunning);
    return [
      pause,
      ...mains.map(({ id, argv, status }) => ({
        pid: status.pid,
        ppid: this.#pid,
        argv,
        startedAt: status.startedAt,
        containerId: id,
        sandboxId: this.id,
      })),
    ];
  }

  /** A signal from the node, to a process by its ID there; false when it has none such. */
  signalFromNode(pid: number, signal: string): boolean {
    if (!this.#ready) return false;
    if (pid === this.#pid) {
      this.signalPause(signal);
      return true;
    }
    const container = this.containers.find(({ isRunning, status }) => isRunning && status.pid === pid);
    container?.signal(signal);
    return container !== undefined;
  }

  /** The container that listens on a TCP port. */
  listener(port: number): SimulatedContainer | undefined {
    if (!this.#ready) return undefined;
    for (const container of this.containers) {
      const { server } = container;
      const listens = server?.ports.includes(port) || container.config.ports.some((p) => p.containerPort === port && p.protocol !== 'UDP');
      if (server && listens) return container;
    }
    return undefined;
  }

  /** Answers a request for one of its ports. @throws ConnectionRefused */
  async answer(port: number, path: string): Promise<HttpAnswer> {
    const container = this.listener(port);
    const server = container?.server;
    if (!container || !server) throw new ConnectionRefused(`dial tcp ${this.ip}:${port}: connect: connection refused`);
    if (server.docroot === '') return { status: 200, headers: TEXT, body: server.body };
    const clean = path.replace(/[?#].*$/, '');
    const file = `${server.docroot}${clean.endsWith('/') ? `${clean}index.html` : clean}`;
    const preset = container.image.files[file];
    if (preset !== undefined && !container.isMounted(file)) return { status: 200, headers: HTML, body: preset };
    const files = await container.files();
    const content = await files.readFile(file).catch(() => undefined);
    if (!content) return { status: 404, headers: HTML, body: 'not found\n' };
    return { status: 200, headers: file.endsWith('.html') ? HTML : TEXT, body: content.toString('utf8') };
  }

  /** A request from within the sandbox: to itself or to another sandbox of this machine. */
  fetch(url: URL): Promise<HttpAnswer> {
    const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
    const host = url.hostname;
    const isSelf = host === 'localhost' || host === '127.0.0.1' || host === '[::1]' || host === this.config.hostname;
    const target = isSelf ? this : this.host.network.get(host);
    if (!target) return Promise.reject(new ConnectionRefused(`dial tcp ${host}:${port}: connect: no route to host`));
    return target.answer(port, `${url.pathname}${url.search}`);
  }
}
