import { metricsKinds, type NodeMetrics, type PodMetrics, parseQuantity } from '../../../api/index.ts';
import { type Strategy, strategyKey } from '../../registry/strategy.ts';
import { strategyOf } from '../shared.ts';

/** As metrics-server's tables (`pkg/api/table.go`); objects are made by `apiserver/metrics-api/`. */
const nodeMetricsStrategy = strategyOf<NodeMetrics>({
  tableRow: ({ metadata, usage, window }) => [metadata.name, usage.cpu ?? '0', usage.memory ?? '0', window],
});

const podMetricsStrategy = strategyOf<PodMetrics>({
  tableRow: ({ metadata, containers, window }) => [metadata.name, total(containers, 'cpu'), total(containers, 'memory'), window],
});

function total(containers: PodMetrics['containers'], resource: string): string {
  const [first, ...others] = containers.map(({ usage }) => parseQuantity(usage[resource] ?? '0'));
  return others.reduce((sum, quantity) => sum.add(quantity), first ?? parseQuantity('0')).canonical();
}

type Entry = readonly [string, Strategy<NodeMetrics> | Strategy<PodMetrics>];

export const metricsStrategies: readonly Entry[] = [
  [strategyKey(metricsKinds.nodes), nodeMetricsStrategy],
  [strategyKey(metricsKinds.pods), podMetricsStrategy],
];
