// Metrics as autoscaling/v1 knew them, before targets and current values were structs of their own. They live in annotations alone.
// Upstream: `pkg/apis/autoscaling/v1/conversion.go`, k8s.io/api `autoscaling/v1/types.go`.
import type { MetricSpec, MetricStatus } from '../../../api/index.ts';

const NO_AMOUNT = '0';

/** Members in the order in which Go writes them; those that are undefined are left out. */
export const metricToV1 = ({ type, object, pods, resource, containerResource, external }: MetricSpec): object => ({
  type,
  object: object && {
    target: referenceToV1(object.describedObject),
    metricName: object.metric.name,
    targetValue: object.target.value ?? NO_AMOUNT,
    selector: object.metric.selector,
    averageValue: object.target.averageValue,
  },
  pods: pods && {
    metricName: pods.metric.name,
    targetAverageValue: pods.target.averageValue ?? NO_AMOUNT,
    selector: pods.metric.selector,
  },
  resource: resource && {
    name: resource.name,
    targetAverageUtilization: resource.target.averageUtilization,
    targetAverageValue: resource.target.averageValue,
  },
  containerResource: containerResource && {
    name: containerResource.name,
    targetAverageUtilization: containerResource.target.averageUtilization,
    targetAverageValue: containerResource.target.averageValue,
    container: containerResource.container,
  },
  external: external && {
    metricName: external.metric.name,
    metricSelector: external.metric.selector,
    targetValue: external.target.value,
    targetAverageValue: external.target.averageValue,
  },
});

export const metricStatusToV1 = ({ type, object, pods, resource, containerResource, external }: MetricStatus): object => ({
  type,
  object: object && {
    target: referenceToV1(object.describedObject),
    metricName: object.metric.name,
    currentValue: object.current.value ?? NO_AMOUNT,
    selector: object.metric.selector,
    averageValue: object.current.averageValue,
  },
  pods: pods && {
    metricName: pods.metric.name,
    currentAverageValue: pods.current.averageValue ?? NO_AMOUNT,
    selector: pods.metric.selector,
  },
  resource: resource && {
    name: resource.name,
    currentAverageUtilization: resource.current.averageUtilization,
    currentAverageValue: resource.current.averageValue ?? NO_AMOUNT,
  },
  containerResource: containerResource && {
    name: containerResource.name,
    currentAverageUtilization: containerResource.current.averageUtilization,
    currentAverageValue: containerResource.current.averageValue ?? NO_AMOUNT,
    container: containerResource.container,
  },
  external: external && {
    metricName: external.metric.name,
    metricSelector: external.metric.selector,
    currentValue: external.current.value ?? NO_AMOUNT,
    currentAverageValue: external.current.averageValue,
  },
});

const referenceToV1 = ({ kind, name, apiVersion }: NonNullable<MetricSpec['object']>['describedObject']): object => ({
  kind,
  name,
  apiVersion: apiVersion || undefined,
});

/** Parsed JSON of which nothing is known: reading it into a kind's form is what checks it. */
type Raw = Readonly<Record<string, unknown>>;

const part = (metric: Raw, name: string): Raw | undefined => {
  const value = metric[name];
  return typeof value === 'object' && value !== null ? (value as Raw) : undefined;
};

/** The source of each type of metric, with its target, in v2's form. */
export function metricFromV1(metric: object): unknown {
  const raw = metric as Raw;
  const object = part(raw, 'object');
  const pods = part(raw, 'pods');
  const external = part(raw, 'external');
  return {
    type: raw.type,
    object: object && { describedObject: object.target, metric: identifier(object, 'selector'), target: objectTarget(object) },
    pods: pods && {
      metric: identifier(pods, 'selector'),
      target: { type: 'AverageValue', averageValue: pods.targetAverageValue ?? NO_AMOUNT },
    },
    resource: resourceFromV1(part(raw, 'resource')),
    containerResource: resourceFromV1(part(raw, 'containerResource')),
    external: external && { metric: identifier(external, 'metricSelector'), target: externalTarget(external) },
  };
}

const identifier = (source: Raw, selector: string): unknown => ({ name: source.metricName, selector: source[selector] });

const objectTarget = ({ targetValue = NO_AMOUNT, averageValue }: Raw): unknown =>
  averageValue === undefined ? { type: 'Value', value: targetValue } : { type: 'AverageValue', value: targetValue, averageValue };

const externalTarget = ({ targetValue, targetAverageValue }: Raw): unknown => ({
  type: targetValue === undefined ? 'AverageValue' : 'Value',
  value: targetValue,
  averageValue: targetAverageValue,
});

const resourceFromV1 = (source: Raw | undefined): unknown =>
  source && {
    name: source.name,
    container: source.container,
    target: {
      type: source.targetAverageUtilization === undefined ? 'AverageValue' : 'Utilization',
      averageUtilization: source.targetAverageUtilization,
      averageValue: source.targetAverageValue,
    },
  };

export function metricStatusFromV1(metric: object): unknown {
  const raw = metric as Raw;
  const object = part(raw, 'object');
  const pods = part(raw, 'pods');
  const external = part(raw, 'external');
  return {
    type: raw.type,
    object: object && {
      describedObject: object.target,
      metric: identifier(object, 'selector'),
      current: { value: object.currentValue ?? NO_AMOUNT, averageValue: object.averageValue },
    },
    pods: pods && { metric: identifier(pods, 'selector'), current: { averageValue: pods.currentAverageValue ?? NO_AMOUNT } },
    resource: resourceStatusFromV1(part(raw, 'resource')),
    containerResource: resourceStatusFromV1(part(raw, 'containerResource')),
    external: external && {
      metric: identifier(external, 'metricSelector'),
      current: { value: external.currentValue ?? NO_AMOUNT, averageValue: external.currentAverageValue },
    },
  };
}

const resourceStatusFromV1 = (source: Raw | undefined): unknown =>
  source && {
    name: source.name,
    container: source.container,
    current: { averageUtilization: source.currentAverageUtilization, averageValue: source.currentAverageValue ?? NO_AMOUNT },
  };
