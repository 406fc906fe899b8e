import type { ContainerUsage, OwnLoad } from './container-usage.ts';
import type { ImageFacts } from './image-catalog.ts';
import { RequestedLoad } from './requested-load.ts';

/** Over how long the cost of requests is spread: it is looked at every so many seconds. */
const SPREAD_MS = 15_000;
/** What comes within this time is counted together. */
const TOGETHER_MS = 1000;

/** The container whose server does the work. */
interface Worker {
  readonly image: ImageFacts;
  readonly startedAt: number;
  now(): number;
  usage(): ContainerUsage;
  use(load: OwnLoad): void;
}

/** What requests cost a server, as use of processors that can be seen: a tutorial's autoscaler grows with those who ask. */
export class RequestLoad {
  readonly #worker: Worker;
  readonly #load: RequestedLoad;
  #countedMs = 0;
  #sinceMs = 0;

  constructor(worker: Worker) {
    this.#worker = worker;
    this.#load = new RequestedLoad(worker.image.cpuMillis);
  }

  /** A request has taken so many milliseconds of a processor. */
  add(costMs: number): void {
    const worker = this.#worker;
    const nowMs = worker.now() - worker.startedAt;
    this.#countedMs += costMs;
    if (nowMs - this.#sinceMs < TOGETHER_MS) return;
    const limit = worker.usage().resources.cpuLimitMillis || Number.POSITIVE_INFINITY;
    this.#load.add((this.#countedMs / SPREAD_MS) * 1000, { nowMs, forMs: SPREAD_MS, limit });
    worker.use({ cpuMillis: this.#load.curve() });
    this.#sinceMs = nowMs;
    this.#countedMs = 0;
  }
}
