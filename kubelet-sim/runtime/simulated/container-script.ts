import type { Clock, Timer } from '../../../runtime/index.ts';
import type { ContainerBehaviour, ContainerResources } from '../cri.ts';
import { firstAbove } from './load-curve.ts';

/** How often lines are written that come faster: several at a time. */
const LINES_PERIOD_MS = 100;

/** What a script does to a container. */
export interface ScriptedContainer {
  readonly clock: Clock;
  readonly startedAt: number;
  writeLog(text: string): void;
  exit(code: number): void;
  killForMemory(): void;
}

/**
 * The timers of a container whose behaviour a script bends: it ends, runs out of memory, writes lines. Containers without a script have
 * none of this.
 */
export class ContainerScript {
  readonly #container: ScriptedContainer;
  #timers: Timer[] = [];
  #written = 0;

  constructor(container: ScriptedContainer) {
    this.#container = container;
  }

  /** Begins anew with this behaviour; times count from the container's start. */
  follow(behaviour: ContainerBehaviour, resources: ContainerResources): void {
    this.stop();
    const { exitAfter, memoryBytes, logLines } = behaviour;
    if (exitAfter && exitAfter !== 'never') this.#at(exitAfter.ms, () => this.#container.exit(exitAfter.code));
    const limit = resources.memoryLimitBytes;
    const tooMuchAt = memoryBytes && limit ? firstAbove(memoryBytes, limit, this.#ranMs) : undefined;
    if (tooMuchAt !== undefined) this.#at(tooMuchAt, () => this.#container.killForMemory());
    if (logLines && logLines.perSecond > 0) {
      this.#written = Math.floor((this.#ranMs / 1000) * logLines.perSecond);
      this.#writeLines(logLines);
    }
  }

  get #ranMs(): number {
    return this.#container.clock.now() - this.#container.startedAt;
  }

  #at(ranMs: number, work: () => void): void {
    this.#timers.push(this.#container.clock.setTimer(Math.max(0, ranMs - this.#ranMs), work));
  }

  #writeLines(lines: { readonly text: string; readonly perSecond: number }): void {
    const due = Math.floor((this.#ranMs / 1000) * lines.perSecond);
    for (; this.#written < due; this.#written++) this.#container.writeLog(`${lines.text.replaceAll('{{n}}', String(this.#written + 1))}\n`);
    const nextMs = Math.max(LINES_PERIOD_MS, 1000 / lines.perSecond);
    this.#timers = this.#timers.filter((timer) => timer !== this.#linesTimer);
    this.#linesTimer = this.#container.clock.setTimer(nextMs, () => this.#writeLines(lines));
    this.#timers.push(this.#linesTimer);
  }

  #linesTimer: Timer | undefined;

  stop(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers = [];
  }
}
