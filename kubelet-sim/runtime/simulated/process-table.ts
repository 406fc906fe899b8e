import type { ProcessInfo } from './program.ts';

/** A process of a sandbox; `deliver` takes a signal to it. */
interface Process extends ProcessInfo {
  ppid: number;
  readonly deliver: (signal: string) => void;
}

/** The process namespace of a sandbox, or of one container. PID 1 adopts the orphans. */
export class ProcessTable {
  readonly #processes = new Map<number, Process>();
  #next = 1;

  /** Adds a process; its PID is the next free one, as in a fresh namespace. */
  spawn(process: { ppid: number; argv: readonly string[]; startedAt: number; deliver: (signal: string) => void }): number {
    const pid = this.#next++;
    this.#processes.set(pid, { pid, ...process });
    return pid;
  }

  /** Removes a process; its children become those of PID 1. */
  exit(pid: number): void {
    if (!this.#processes.delete(pid)) return;
    for (const process of this.#processes.values()) if (process.ppid === pid) process.ppid = 1;
  }

  list(): readonly ProcessInfo[] {
    return [...this.#processes.values()].map(({ pid, ppid, argv, startedAt }) => ({ pid, ppid, argv, startedAt }));
  }

  kill(pid: number, signal: string): boolean {
    const process = this.#processes.get(pid);
    process?.deliver(signal);
    return process !== undefined;
  }
}
