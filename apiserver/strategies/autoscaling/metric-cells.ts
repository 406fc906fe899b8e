import type { MetricSpec, MetricStatus, MetricTarget, MetricValueStatus } from '../../../api/index.ts';

const UNKNOWN = '<unknown>';
/** Metrics that are shown; the others are counted. */
const SHOWN_MAX = 2;

/** What each metric is, and should be. Upstream: `formatHPAMetrics`. */
export function metricsCell(specs: readonly MetricSpec[], statuses: readonly MetricStatus[]): string {
  if (specs.length === 0) return '<none>';
  const cells = specs.map((spec, i) => metricCell(spec, statuses[i]));
  const shown = cells.slice(0, SHOWN_MAX).join(', ');
  return cells.length > SHOWN_MAX ? `${shown} + ${cells.length - SHOWN_MAX} more...` : shown;
}

function metricCell(spec: MetricSpec, status: MetricStatus | undefined): string {
  switch (spec.type) {
    case 'External':
      return spec.external ? valueCell(spec.external.target, status?.external?.current) : UNKNOWN;
    case 'Object':
      return spec.object ? valueCell(spec.object.target, status?.object?.current) : UNKNOWN;
    case 'Pods':
      return `${amountOf(status?.pods && (status.pods.current.averageValue ?? '<nil>'))}/${spec.pods?.target.averageValue ?? ''}`;
    case 'Resource':
      return spec.resource ? resourceCell(spec.resource, status?.resource?.current) : UNKNOWN;
    case 'ContainerResource':
      return spec.containerResource ? resourceCell(spec.containerResource, status?.containerResource?.current) : UNKNOWN;
    default:
      return '<unknown type>';
  }
}

const amountOf = (amount: string | undefined): string => amount ?? UNKNOWN;

function valueCell({ value, averageValue }: MetricTarget, current: MetricValueStatus | undefined): string {
  if (averageValue !== undefined) return `${amountOf(current?.averageValue)}/${averageValue} (avg)`;
  return `${amountOf(current && (current.value ?? '<nil>'))}/${value ?? '<nil>'}`;
}

interface Source {
  readonly name: string;
  readonly target: MetricTarget;
}

function resourceCell({ name, target }: Source, current: MetricValueStatus | undefined): string {
  if (target.averageValue !== undefined) {
    return `${name}: ${amountOf(current && (current.averageValue ?? '<nil>'))}/${target.averageValue}`;
  }
  const percent = (value: number | undefined, none: string) => (value === undefined ? none : `${value}%`);
  return `${name}: ${percent(current?.averageUtilization, UNKNOWN)}/${percent(target.averageUtilization, '<auto>')}`;
}
