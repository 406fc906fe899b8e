// Upstream: kube-aggregator, `pkg/controllers/status/metrics`.
import { type APIService, apiregistrationKinds } from '../../api/index.ts';
import type { ObjectReader } from '../registry/objects.ts';

const GAUGE = 'aggregator_unavailable_apiservice';
const COUNTER = `${GAUGE}_total`;

export const isAvailable = ({ status }: Pick<APIService, 'status'>): boolean =>
  status.conditions?.some(({ type, status: is }) => type === 'Available' && is === 'True') ?? false;

/** Who cannot be reached, for whoever watches over the cluster. */
export class AvailabilityMetrics {
  readonly #objects: ObjectReader;
  /** How often one that could be reached could be no more, by labels. */
  readonly #falls = new Map<string, number>();

  constructor(objects: ObjectReader) {
    this.#objects = objects;
  }

  fell(name: string, reason: string): void {
    const labels = `name="${name}",reason="${reason}"`;
    this.#falls.set(labels, (this.#falls.get(labels) ?? 0) + 1);
  }

  text(): string {
    const services = this.#objects.list<APIService>(apiregistrationKinds.apiservices);
    const lines = [
      `# HELP ${GAUGE} Gauge of APIServices which are marked as unavailable broken down by APIService name.`,
      `# TYPE ${GAUGE} gauge`,
      ...services.map((service) => `${GAUGE}{name="${service.metadata.name}"} ${isAvailable(service) ? 0 : 1}`),
      `# HELP ${COUNTER} Counter of APIServices which are marked as unavailable broken down by APIService name and reason.`,
      `# TYPE ${COUNTER} counter`,
      ...[...this.#falls].map(([labels, count]) => `${COUNTER}{${labels}} ${count}`),
    ];
    return `${lines.join('\n')}\n`;
  }
}
