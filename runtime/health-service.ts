import { createHealthServer, Health } from './health.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { type OptionTable, type OptionValues, option } from './options.ts';
import type { Service } from './service.ts';

/** Options of every process but the API server, which has health and metrics of its own. */
export const healthOptions = {
  'healthz-port': option.integer('Port of /healthz, /livez, /readyz and /metrics on 127.0.0.1; 0 is none.', 0, { min: 0, max: 65_535 }),
} satisfies OptionTable;

/** What is told of a process; all is well, and nothing counted, unless given. */
export interface ToldHealth {
  readonly metrics?: Metrics | undefined;
  readonly health?: Health | undefined;
}

/** A service with its health and metrics served beside it, when a port is given; `close` is done last. */
export function withHealth(
  values: OptionValues<typeof healthOptions>,
  service: Service,
  close: () => Promise<void>,
  { metrics = createMetrics(), health: told = new Health() }: ToldHealth = {},
): Service {
  const port = values['healthz-port'];
  const health = port === 0 ? undefined : createHealthServer({ port, host: '127.0.0.1', health: told, metrics });
  return {
    get url() {
      return service.url;
    },
    start: async () => {
      await health?.start();
      await service.start();
    },
    stop: async () => {
      await service.stop();
      await health?.stop();
      await close();
    },
  };
}
