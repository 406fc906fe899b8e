import {
  fieldError,
  isDns1123Label,
  isPathSegmentName,
  type MetricIdentifier,
  type MetricSpec,
  type MetricTarget,
  parseQuantity,
} from '../../api/index.ts';
import { type Errors, isEmpty, pushInvalid } from './field-errors.ts';
import { checkContainerResourceName } from './resources.ts';
import { checkReference, type ReferenceRules } from './scaled-reference.ts';

const TYPES: readonly string[] = ['ContainerResource', 'External', 'Object', 'Pods', 'Resource'];
const TARGET_TYPES: readonly string[] = ['Utilization', 'Value', 'AverageValue'];

/** Where each type of metric is described. */
const FIELDS: ReadonlyMap<string, Source> = new Map<string, Source>([
  ['Object', 'object'],
  ['Pods', 'pods'],
  ['Resource', 'resource'],
  ['External', 'external'],
  ['ContainerResource', 'containerResource'],
]);

type Source = 'object' | 'external' | 'pods' | 'resource' | 'containerResource';

/** In upstream's order: of several, only the first is looked at. */
const SOURCES: readonly Source[] = ['object', 'external', 'pods', 'resource', 'containerResource'];

/** Upstream: `validateMetricSpec`. */
export function checkMetric(errors: Errors, path: string, metric: MetricSpec, rules: ReferenceRules): void {
  const { type } = metric;
  if (type === '') errors.push(fieldError.required(`${path}.type`, 'must specify a metric source type'));
  if (!TYPES.includes(type)) errors.push(fieldError.notSupported(`${path}.type`, type, TYPES));
  const present = SOURCES.filter((source) => metric[source] !== undefined);
  const [first] = present;
  if (first) checkSource(errors, `${path}.${first}`, { [first]: metric[first] }, rules);
  const expected = FIELDS.get(type);
  if (expected === undefined) errors.push(fieldError.notSupported(`${path}.type`, type, TYPES));
  else if (metric[expected] === undefined) {
    errors.push(fieldError.required(`${path}.${expected}`, 'must populate information for the given metric source'));
  }
  if (present.length <= 1) return;
  for (const source of present) {
    if (source !== expected) errors.push(fieldError.forbidden(`${path}.${source}`, 'must populate the given metric source only'));
  }
}

type Sources = Pick<MetricSpec, Source>;

function checkSource(errors: Errors, path: string, sources: Sources, rules: ReferenceRules): void {
  const { object, external, pods, resource, containerResource } = sources;
  if (object) {
    checkReference(errors, `${path}.describedObject`, object.describedObject, rules);
    checkIdentifier(errors, `${path}.metric`, object.metric);
    checkTarget(errors, `${path}.target`, object.target);
    checkHasValue(errors, `${path}.target`, object.target, 'must set either a target value or averageValue');
  } else if (external) {
    checkIdentifier(errors, `${path}.metric`, external.metric);
    checkTarget(errors, `${path}.target`, external.target);
    checkHasValue(errors, `${path}.target`, external.target, 'must set either a target value for metric or a per-pod target');
    if (external.target.value !== undefined && external.target.averageValue !== undefined) {
      errors.push(fieldError.forbidden(`${path}.target.value`, 'may not set both a target value for metric and a per-pod target'));
    }
  } else if (pods) {
    checkIdentifier(errors, `${path}.metric`, pods.metric);
    checkTarget(errors, `${path}.target`, pods.target);
    if (pods.target.averageValue === undefined) {
      errors.push(fieldError.required(`${path}.target.averageValue`, 'must specify a positive target averageValue'));
    }
  } else if (resource) {
    if (resource.name === '') errors.push(fieldError.required(`${path}.name`, 'must specify a resource name'));
    checkResourceTarget(errors, `${path}.target`, resource.target);
  } else if (containerResource) checkContainerResource(errors, path, containerResource);
}

function checkContainerResource(errors: Errors, path: string, source: NonNullable<MetricSpec['containerResource']>): void {
  const { name, container, target } = source;
  if (name === '') errors.push(fieldError.required(`${path}.name`, 'must specify a resource name'));
  else checkContainerResourceName(errors, `${path}.name`, name);
  if (container === '') errors.push(fieldError.required(`${path}.container`, 'must specify a container'));
  else pushInvalid(errors, `${path}.container`, container, isDns1123Label(container));
  checkResourceTarget(errors, `${path}.target`, target);
}

function checkHasValue(errors: Errors, path: string, { value, averageValue }: MetricTarget, why: string): void {
  if (value === undefined && averageValue === undefined) errors.push(fieldError.required(`${path}.averageValue`, why));
}

function checkResourceTarget(errors: Errors, path: string, target: MetricTarget): void {
  checkTarget(errors, path, target);
  const { averageUtilization, averageValue } = target;
  if (averageUtilization === undefined && averageValue === undefined) {
    errors.push(fieldError.required(`${path}.averageUtilization`, 'must set either a target raw value or a target utilization'));
  }
  if (averageUtilization !== undefined && averageValue !== undefined) {
    errors.push(fieldError.forbidden(`${path}.averageValue`, 'may not set both a target raw value and a target utilization'));
  }
}

function checkTarget(errors: Errors, path: string, { type, value, averageValue, averageUtilization }: MetricTarget): void {
  if (isEmpty(type)) errors.push(fieldError.required(`${path}.type`, 'must specify a metric target type'));
  if (!TARGET_TYPES.includes(type)) {
    errors.push(fieldError.invalid(`${path}.type`, type, 'must be either Utilization, Value, or AverageValue'));
  }
  checkPositive(errors, `${path}.value`, value);
  checkPositive(errors, `${path}.averageValue`, averageValue);
  if (averageUtilization !== undefined && averageUtilization < 1) {
    errors.push(fieldError.invalid(`${path}.averageUtilization`, averageUtilization, 'must be greater than 0'));
  }
}

function checkPositive(errors: Errors, path: string, amount: string | undefined): void {
  if (amount !== undefined && parseQuantity(amount).sign !== 1) errors.push(fieldError.invalid(path, amount, 'must be positive'));
}

function checkIdentifier(errors: Errors, path: string, { name }: MetricIdentifier): void {
  if (name === '') errors.push(fieldError.required(`${path}.name`, 'must specify a metric name'));
  else pushInvalid(errors, `${path}.name`, name, isPathSegmentName(name));
}
