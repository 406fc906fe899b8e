// How long rules of schemas take, under upstream's names (apiserver, `pkg/cel/metrics/metrics.go`).
import type { Clock } from '../../runtime/index.ts';
import { Histogram } from '../registry/histogram.ts';

/** Upper bounds of the buckets, in seconds: those of Prometheus' own. */
const BOUNDS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Times rules of custom resources, which is all that upstream times. */
export class RuleMetrics {
  readonly #clock: Clock;
  readonly #compilation = new Histogram(BOUNDS_SECONDS);
  readonly #evaluation = new Histogram(BOUNDS_SECONDS);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Compiles the rules of a schema. */
  compiling<T>(work: () => T): T {
    return this.#timed(this.#compilation, work);
  }

  /** Runs the rules of an object. */
  evaluating<T>(work: () => T): T {
    return this.#timed(this.#evaluation, work);
  }

  /** Prometheus' text format. */
  text(): string {
    const lines = [
      ...family('apiserver_cel_compilation_duration_seconds', 'CEL compilation time in seconds.', this.#compilation),
      ...family('apiserver_cel_evaluation_duration_seconds', 'CEL evaluation time in seconds.', this.#evaluation),
    ];
    return `${lines.join('\n')}\n`;
  }

  #timed<T>(histogram: Histogram, work: () => T): T {
    const start = this.#clock.monotonic();
    try {
      return work();
    } finally {
      histogram.observe((this.#clock.monotonic() - start) / 1000);
    }
  }
}

const family = (name: string, help: string, histogram: Histogram): string[] => [
  `# HELP ${name} ${help}`,
  `# TYPE ${name} histogram`,
  ...histogram.lines(name, ''),
];
