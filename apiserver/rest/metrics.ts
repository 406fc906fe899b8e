import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { groupResourceOf } from '../../api/index.ts';
import type { InFlight } from '../pipeline/flow-control.ts';
import type { RequestMetrics } from '../pipeline/request-metrics.ts';
import type { StoreMetrics } from '../registry/measured-store.ts';
import type { Endpoint } from './rest.ts';

export interface MetricsSources {
  readonly requests: RequestMetrics;
  readonly inFlight: InFlight;
  readonly store: StoreMetrics;
  endpoints(): Iterable<Endpoint>;
}

/** The server's metrics, under upstream's names. Values are fetched when they are asked for: the hot paths keep plain numbers. */
export class ServerMetrics {
  readonly #registry = new Registry();
  readonly #sources: MetricsSources;

  constructor(sources: MetricsSources) {
    this.#sources = sources;
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    const inFlight = new Gauge({
      name: 'apiserver_current_inflight_requests',
      help: 'Requests being served, by whether they may change something.',
      labelNames: ['request_kind'],
      registers,
      collect: () => {
        inFlight.set({ request_kind: 'readOnly' }, sources.inFlight.readOnly);
        inFlight.set({ request_kind: 'mutating' }, sources.inFlight.mutating);
      },
    });
    const objects = new Gauge({
      name: 'apiserver_storage_objects',
      help: 'Objects stored, by resource.',
      labelNames: ['resource'],
      registers,
      collect: () => {
        for (const { resource } of sources.endpoints()) objects.set({ resource: groupResourceOf(resource.info) }, resource.cache.size);
      },
    });
    const watchers = new Gauge({
      name: 'apiserver_registered_watchers',
      help: 'Watchers, by kind.',
      labelNames: ['group', 'version', 'kind'],
      registers,
      collect: () => {
        for (const { resource } of sources.endpoints()) {
          const { group, version, kind } = resource.info;
          watchers.set({ group, version, kind }, resource.cache.watchers);
        }
      },
    });
  }

  async text(): Promise<{ contentType: string; text: string }> {
    const { requests, store } = this.#sources;
    return { contentType: this.#registry.contentType, text: `${await this.#registry.metrics()}${requests.text()}${store.text()}` };
  }
}
