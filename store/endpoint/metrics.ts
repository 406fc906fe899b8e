/** etcd's metrics, by its names, as far as they mean something here. */
import { createMetrics, type Metrics } from '../../runtime/index.ts';
import type { StoreStatus } from '../store.ts';
import type { Backend } from './backend.ts';
import type { CallObserver } from './grpc/server.ts';
import { codeName, type GrpcCode } from './grpc/status.ts';

export class EndpointMetrics implements CallObserver {
  readonly #metrics: Metrics = createMetrics();
  readonly #started: Counts;
  readonly #finished = new Map<GrpcCode, Counts>();
  readonly #handled;
  #status: StoreStatus | undefined;

  constructor(backend: Backend) {
    const started = this.#metrics.counter({
      name: 'grpc_server_started_total',
      help: 'Calls begun.',
      labels: ['grpc_service', 'grpc_method'],
    });
    this.#started = new Counts((labels, by) => started.inc(labels, by));
    this.#handled = this.#metrics.counter({
      name: 'grpc_server_handled_total',
      help: 'Calls ended, however they ended.',
      labels: ['grpc_service', 'grpc_method', 'grpc_code'],
    });
    this.#addGauges(backend);
    this.#metrics.onRead(() => {
      this.#started.hand();
      for (const counts of this.#finished.values()) counts.hand();
    });
  }

  get contentType(): string {
    return this.#metrics.contentType;
  }

  onStarted(path: string): void {
    this.#started.add(path);
  }

  onFinished(path: string, code: GrpcCode): void {
    const handled = this.#handled;
    const known = this.#finished.get(code);
    const counts = known ?? new Counts((labels, by) => handled.inc({ ...labels, grpc_code: codeName(code) }, by));
    if (!known) this.#finished.set(code, counts);
    counts.add(path);
  }

  async text(backend: Backend): Promise<string> {
    this.#status = await backend.store.status();
    return this.#metrics.text();
  }

  #addGauges({ quota }: Backend): void {
    const gauges: [name: string, help: string, value: () => number][] = [
      ['etcd_server_has_leader', 'Whether there is a leader: always.', () => 1],
      ['etcd_server_is_leader', 'Whether this member is the leader: always.', () => 1],
      ['etcd_server_quota_backend_bytes', 'The most that the database may take on the disk.', () => quota.bytesMax ?? 0],
      ['etcd_mvcc_db_total_size_in_bytes', 'Bytes on the disk.', () => this.#status?.sizeBytes ?? 0],
      ['etcd_mvcc_db_total_size_in_use_in_bytes', 'Bytes on the disk that are in use.', () => this.#status?.sizeInUseBytes ?? 0],
      ['etcd_debugging_mvcc_current_revision', 'The newest revision.', () => this.#status?.revision ?? 0],
      ['etcd_debugging_mvcc_compact_revision', 'The revision of the last compaction.', () => this.#status?.compactRevision ?? 0],
    ];
    for (const [name, help, value] of gauges) {
      const gauge = this.#metrics.gauge({ name, help });
      this.#metrics.onRead(() => gauge.set(value()));
    }
  }
}

/** Counts by method: a number in a map per call, handed on when metrics are read. */
class Counts {
  readonly #hand: (labels: Readonly<Record<string, string>>, by: number) => void;
  readonly #since = new Map<string, number>();

  constructor(hand: (labels: Readonly<Record<string, string>>, by: number) => void) {
    this.#hand = hand;
  }

  add(path: string): void {
    this.#since.set(path, (this.#since.get(path) ?? 0) + 1);
  }

  hand(): void {
    for (const [path, count] of this.#since) {
      const [, service = '', method = ''] = path.split('/');
      this.#hand({ grpc_service: service, grpc_method: method }, count);
    }
    this.#since.clear();
  }
}
