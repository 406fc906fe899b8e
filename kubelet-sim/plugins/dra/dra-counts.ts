import { Durations } from '../../durations.ts';

/** Upstream: `DRADurationBuckets`, `ExponentialBucketsRange(.1, 40, 15)` in `pkg/kubelet/metrics/metrics.go`. */
const BOUNDS: readonly number[] = Array.from({ length: 15 }, (_, i) => 0.1 * (40 / 0.1) ** (i / 14));

/** What was timed, with the labels that metrics give it. */
export interface Timed<L> {
  readonly labels: L;
  readonly durations: Durations;
}

/** What a kubelet tried for the claims of pods. */
export type OperationLabels = Readonly<Record<'operation_name' | 'is_error', string>>;
/** What it asked of drivers. */
export type CallLabels = Readonly<Record<'driver_name' | 'method_name' | 'grpc_status_code', string>>;

/** What a kubelet does about devices. Upstream: `DRAOperationsDuration`, `DRAGRPCOperationsDuration`, `DRAResourceClaimsInUseDesc`. */
export class DraCounts {
  readonly #operations = new Map<string, Timed<OperationLabels>>();
  readonly #calls = new Map<string, Timed<CallLabels>>();
  readonly #inUse: () => ReadonlyMap<string, number>;

  /** @param inUse how many claims are prepared now, by driver and for all */
  constructor(inUse: () => ReadonlyMap<string, number>) {
    this.#inUse = inUse;
  }

  get inUse(): ReadonlyMap<string, number> {
    return this.#inUse();
  }

  get operations(): Iterable<Timed<OperationLabels>> {
    return this.#operations.values();
  }

  get calls(): Iterable<Timed<CallLabels>> {
    return this.#calls.values();
  }

  operated(labels: OperationLabels, seconds: number): void {
    add(this.#operations, labels, seconds);
  }

  called(labels: CallLabels, seconds: number): void {
    add(this.#calls, labels, seconds);
  }
}

function add<L extends object>(into: Map<string, Timed<L>>, labels: L, seconds: number): void {
  const key = Object.values(labels).join(' ');
  const timed = into.get(key) ?? { labels, durations: new Durations(BOUNDS) };
  into.set(key, timed);
  timed.durations.add(seconds);
}
