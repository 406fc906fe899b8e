import { type FieldError, fieldError, formatMilliseconds, isExtendedResource, isQualifiedName } from '../../api/index.ts';
import { equalJson } from '../../client/index.ts';
import { POINT_NAMES } from '../framework/extension-points.ts';
import {
  CONFIGURATION_API_VERSION,
  type ExtenderConfiguration,
  type ProfileConfiguration,
  type SchedulerConfiguration,
} from './configuration.ts';

/** Plugins that upstream once had. */
const REMOVED = ['AzureDiskLimits', 'CinderLimits', 'EBSLimits', 'GCEPDLimits'];

/** Upstream: `pkg/scheduler/apis/config/validation/validation.go`. */
export function validateConfiguration(configuration: SchedulerConfiguration): FieldError[] {
  const { parallelism, percentageOfNodesToScore, podInitialBackoffMs, podMaxBackoffMs, profiles, extenders } = configuration;
  const errors: FieldError[] = [];
  const burst = configuration.clientConnection.burst ?? 0;
  if (burst < 0) errors.push(fieldError.invalid('clientConnection.burst', burst, 'must be non-negative'));
  errors.push(...leaderElectionErrors(configuration.leaderElection));
  if (parallelism <= 0) errors.push(fieldError.invalid('parallelism', parallelism, 'should be an integer value greater than zero'));
  profiles.forEach((profile, i) => {
    errors.push(...profileErrors(profile));
    const known = profiles.slice(0, i).some(({ schedulerName }) => schedulerName === profile.schedulerName);
    // Upstream shows the path of the other, of which nothing is left in the text.
    if (known) errors.push(fieldError.duplicate(`${profile.path}.schedulerName`, {}));
  });
  errors.push(...queueSortErrors(profiles), ...percentageErrors('percentageOfNodesToScore', percentageOfNodesToScore));
  if (podInitialBackoffMs <= 0)
    errors.push(fieldError.invalid('podInitialBackoffSeconds', podInitialBackoffMs / 1000, 'must be greater than 0'));
  if (podMaxBackoffMs < podInitialBackoffMs) {
    const detail = 'must be greater than or equal to PodInitialBackoffSeconds';
    errors.push(fieldError.invalid('podMaxBackoffSeconds', podMaxBackoffMs / 1000, detail));
  }
  return [...errors, ...extenderErrors(extenders)];
}

/** Upstream: component-base's `config/validation`. */
function leaderElectionErrors({
  leaderElect,
  leaseDurationMs,
  renewDeadlineMs,
  retryPeriodMs,
}: SchedulerConfiguration['leaderElection']): FieldError[] {
  if (!leaderElect) return [];
  const errors: FieldError[] = [];
  const wrong = (name: string, ms: number, detail: string) =>
    errors.push(fieldError.invalid(`leaderElection.${name}`, formatMilliseconds(ms), detail));
  if (leaseDurationMs <= 0) wrong('leaseDuration', leaseDurationMs, 'must be greater than zero');
  if (renewDeadlineMs <= 0) wrong('renewDeadline', renewDeadlineMs, 'must be greater than zero');
  if (retryPeriodMs <= 0) wrong('retryPeriod', retryPeriodMs, 'must be greater than zero');
  // Upstream shows the other figure.
  if (leaseDurationMs <= renewDeadlineMs) wrong('leaseDuration', renewDeadlineMs, 'must be greater than `RenewDeadline`');
  return errors;
}

function profileErrors({ schedulerName, percentageOfNodesToScore, plugins, pluginConfig, path }: ProfileConfiguration): FieldError[] {
  const errors: FieldError[] = [];
  if (schedulerName === '') errors.push(fieldError.required(`${path}.schedulerName`));
  if (percentageOfNodesToScore !== undefined)
    errors.push(...percentageErrors(`${path}.percentageOfNodesToScore`, percentageOfNodesToScore));
  for (const point of POINT_NAMES) {
    for (const [i, { name }] of plugins[point].enabled.entries())
      errors.push(...removedErrors(`${path}.plugins.${point}.enabled[${i}]`, name));
  }
  pluginConfig.forEach(({ name, path: at }, i) => {
    if (pluginConfig.slice(0, i).some((other) => other.name === name)) errors.push(fieldError.duplicate(at, name));
    errors.push(...removedErrors(at, name));
  });
  return errors;
}

function removedErrors(path: string, name: string): FieldError[] {
  if (!REMOVED.includes(name)) return [];
  const version = JSON.stringify(CONFIGURATION_API_VERSION);
  return [fieldError.invalid(path, name, `was invalid in version ${version} (KubeSchedulerConfiguration is version ${version})`)];
}

const percentageErrors = (path: string, percentage: number): FieldError[] =>
  percentage < 0 || percentage > 100 ? [fieldError.invalid(path, percentage, 'not in valid range [0-100]')] : [];

/** There is one active queue: all profiles must agree on its order. */
function queueSortErrors(profiles: readonly ProfileConfiguration[]): FieldError[] {
  const [first, ...others] = profiles;
  if (!first) return [];
  const errors: FieldError[] = [];
  const count = first.plugins.queueSort.enabled.length;
  if (count > 1)
    errors.push(fieldError.invalid(`${first.path}.plugins.queueSort.Enabled`, count, 'only one queue sort plugin can be enabled'));
  const sort = first.plugins.queueSort.enabled[0]?.name;
  const args = argsFor(first, sort);
  for (const profile of others) {
    const { path, plugins } = profile;
    if (!equalJson(plugins.queueSort, first.plugins.queueSort))
      errors.push(fieldError.invalid(`${path}.plugins.queueSort`, plugins.queueSort, 'must be the same for all profiles'));
    const own = argsFor(profile, sort);
    if (own !== undefined && !equalJson(own, args))
      errors.push(fieldError.invalid(`${path}.pluginConfig.args`, own, 'queueSort must be the same for all profiles'));
  }
  return errors;
}

const argsFor = ({ pluginConfig }: ProfileConfiguration, plugin: string | undefined): unknown =>
  pluginConfig.find(({ name }) => name === plugin)?.args;

function extenderErrors(extenders: readonly ExtenderConfiguration[]): FieldError[] {
  const errors: FieldError[] = [];
  const managed = new Set<string>();
  extenders.forEach(({ prioritizeVerb, weight, managedResources }, i) => {
    const path = `extenders[${i}]`;
    if (prioritizeVerb !== '' && weight <= 0)
      errors.push(fieldError.invalid(`${path}.weight`, weight, 'must have a positive weight applied to it'));
    managedResources.forEach(({ name }, j) => {
      const at = `${path}.managedResources[${j}].name`;
      for (const detail of isQualifiedName(name)) errors.push(fieldError.invalid(at, name, detail));
      if (isQualifiedName(name).length === 0 && !isExtendedResource(name)) {
        errors.push(fieldError.invalid(at, name, 'is an invalid extended resource name'));
      }
      if (managed.has(name)) errors.push(fieldError.invalid(at, name, 'duplicate extender managed resource name'));
      managed.add(name);
    });
  });
  const binders = extenders.filter(({ bindVerb }) => bindVerb !== '').length;
  if (binders > 1)
    errors.push(fieldError.invalid('extenders', `found ${binders} extenders implementing bind`, 'only one extender can implement bind'));
  return errors;
}
