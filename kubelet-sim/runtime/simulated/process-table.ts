import type { ProcessInfo } from './program.ts';

/** A process to be. */
export interface NewProcess {
  readonly ppid: number;
  readonly argv: readonly string[];
  readonly startedAt: number;
  readonly containerId: string;
  readonly uid: number;
  /** Its ID as the node sees it, when it has one already. */
  readonly nodePid?: number | undefined;
  /** Whether it waits for its children; those of one that does not stay as zombies when they have ended. */
  readonly reaps: () => boolean;
  readonly deliver: (signal: string) => void;
}

/** A process of a namespace. */
export interface Process extends ProcessInfo {
  ppid: number;
  argv: readonly string[];
  state: 'running' | 'zombie';
  readonly nodePid: number;
  readonly containerId: string;
  readonly reaps: () => boolean;
  readonly deliver: (signal: string) => void;
}

/**
 * A process namespace: of a pod, of one container, or a container's part of the node's.
 *
 * ```
 * ends            its children go to PID 1; it stays as a zombie until its parent has looked,
 *                 which shells and pause do at once and a plain program never does
 * PID 1 ends      everything in the namespace is killed
 * ```
 */
export class ProcessTable {
  readonly #processes = new Map<number, Process>();
  readonly #nextNodePid: () => number;
  readonly #isNode: boolean;
  #next = 1;

  /** @param isNode processes have the IDs that the node gives them, and the node's first process adopts */
  constructor(nextNodePid: () => number, isNode = false) {
    this.#nextNodePid = nextNodePid;
    this.#isNode = isNode;
  }

  /** Adds a process; its ID is the next one of the namespace. */
  spawn(made: NewProcess): Process {
    const nodePid = made.nodePid ?? this.#nextNodePid();
    const pid = this.#isNode ? nodePid : this.#next++;
    const process: Process = { ...made, pid, nodePid, state: 'running' };
    this.#processes.set(pid, process);
    return process;
  }

  get(pid: number): Process | undefined {
    return this.#processes.get(pid);
  }

  /** A process has ended. */
  exit(pid: number): void {
    const process = this.#processes.get(pid);
    if (process?.state !== 'running') return;
    process.state = 'zombie';
    const adopterReaps = this.#isNode || (this.#processes.get(1)?.reaps() ?? true);
    for (const child of this.#processes.values()) {
      if (child.ppid !== pid) continue;
      child.ppid = 1;
      if (child.state === 'zombie' && adopterReaps) this.#processes.delete(child.pid);
    }
    // The parent of what a runtime starts is outside, and looks.
    const parent = process.ppid === 0 ? undefined : this.#processes.get(process.ppid);
    if (parent?.reaps() ?? true) this.#processes.delete(pid);
    if (pid === 1) this.killAll();
  }

  /** Kills what runs: all of it, or what is of one container. */
  killAll(containerId?: string): void {
    for (const process of [...this.#processes.values()]) {
      if (containerId !== undefined && process.containerId !== containerId) continue;
      if (process.state === 'running') process.deliver('SIGKILL');
      this.#processes.delete(process.pid);
    }
  }

  list(): readonly Process[] {
    return [...this.#processes.values()];
  }

  /**
   * Sends a signal from inside: the first process cannot be killed or stopped by its own namespace, and gets only signals that it
   * handles (pid_namespaces(7)). False when there is no such process.
   */
  kill(pid: number, signal: string): boolean {
    const process = this.#processes.get(pid);
    if (!process) return false;
    const isProtected = pid === 1 && (signal === 'SIGKILL' || signal === 'SIGSTOP');
    if (process.state === 'running' && !isProtected) process.deliver(signal);
    return true;
  }
}
