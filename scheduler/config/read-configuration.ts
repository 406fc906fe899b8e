import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fieldError } from '../../api/index.ts';
import { UserError } from '../../runtime/index.ts';
import { EXTENSION_POINTS, type ExtensionPoint } from '../framework/extension-points.ts';
import {
  CONFIGURATION_API_VERSION,
  CONFIGURATION_KIND,
  DEFAULT_SCHEDULER_NAME,
  type ExtenderConfiguration,
  type ExtenderTls,
  type PluginSet,
  type PluginSets,
  type ProfileConfiguration,
  type SchedulerConfiguration,
} from './configuration.ts';
import { type FieldReader, lineOf, type Problems, readObject } from './field-reader.ts';
import { validateConfiguration } from './validate-configuration.ts';

const NO_SET: PluginSet = { enabled: [], disabled: [] };

/** The configuration of a scheduler that was given none. */
export const defaultConfiguration = (): SchedulerConfiguration => readConfiguration({}, '.');

/**
 * Reads a `KubeSchedulerConfiguration` file, YAML or JSON.
 *
 * @throws UserError that says all that is wrong with it.
 */
export async function loadConfiguration(file: string): Promise<SchedulerConfiguration> {
  const { parse } = await import('yaml');
  const { apiVersion, kind, ...rest } = asFields(file, textOf(file), parse);
  if (apiVersion !== CONFIGURATION_API_VERSION || kind !== CONFIGURATION_KIND) {
    throw new UserError(
      `${file} is no ${CONFIGURATION_KIND} of ${CONFIGURATION_API_VERSION}: it says apiVersion ${apiVersion}, kind ${kind}`,
    );
  }
  return readConfiguration(rest, dirname(resolve(file)), file);
}

function asFields(file: string, text: string, parse: (text: string) => unknown): Readonly<Record<string, unknown>> {
  try {
    const value = parse(text);
    if (typeof value === 'object' && value !== null) return { ...value };
  } catch (error) {
    throw new UserError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  throw new UserError(`${file} holds no object`);
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UserError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/**
 * Fills in defaults and checks.
 *
 * @param directory what relative file names are relative to.
 * @throws UserError with a line for each mistake.
 */
export function readConfiguration(value: unknown, directory: string, name = 'the scheduler configuration'): SchedulerConfiguration {
  const problems: Problems = [];
  const configuration = readObject(value, '', problems, (reader) => read(reader, directory));
  problems.push(...validateConfiguration(configuration));
  if (problems.length > 0) throw new UserError(`${name} is not valid:\n${problems.map((problem) => `  ${lineOf(problem)}`).join('\n')}`);
  return configuration;
}

function read(reader: FieldReader, directory: string): SchedulerConfiguration {
  const enableProfiling = reader.boolean('enableProfiling') ?? true;
  const enableContentionProfiling = reader.boolean('enableContentionProfiling') ?? enableProfiling;
  const leaderElection = readLeaderElection(reader);
  const clientConnection = reader.object('clientConnection', readClientConnection);
  const profiles = reader.objects('profiles', readProfile);
  return {
    parallelism: reader.integer('parallelism') ?? 16,
    leaderElection,
    enableProfiling,
    enableContentionProfiling,
    delayCacheUntilActive: reader.boolean('delayCacheUntilActive') ?? false,
    clientConnection: clientConnection ?? readObject({}, '', [], readClientConnection),
    percentageOfNodesToScore: reader.integer('percentageOfNodesToScore') ?? 0,
    podInitialBackoffMs: 1000 * (reader.integer('podInitialBackoffSeconds') ?? 1),
    podMaxBackoffMs: 1000 * (reader.integer('podMaxBackoffSeconds') ?? 10),
    profiles: profiles.length === 0 ? [emptyProfile('profiles[0]')] : profiles,
    extenders: reader.objects('extenders', (extender) => readExtender(extender, directory)),
    pluginModules: reader.strings('pluginModules').map((file) => resolve(directory, file)),
  };
}

function readLeaderElection(reader: FieldReader): SchedulerConfiguration['leaderElection'] {
  const fields = (inner: FieldReader) => {
    const leaderElect = inner.boolean('leaderElect') ?? true;
    const lock = inner.string('resourceLock') || 'leases';
    if (leaderElect && lock !== 'leases')
      inner.note(fieldError.invalid(inner.pathOf('resourceLock'), lock, 'resourceLock value must be "leases"'));
    // What is empty or zero is taken for left out.
    return {
      leaderElect,
      leaseDurationMs: inner.duration('leaseDuration') || 15_000,
      renewDeadlineMs: inner.duration('renewDeadline') || 10_000,
      retryPeriodMs: inner.duration('retryPeriod') || 2_000,
      resourceName: inner.string('resourceName') || 'kube-scheduler',
      resourceNamespace: inner.string('resourceNamespace') || 'kube-system',
    };
  };
  return reader.object('leaderElection', fields) ?? readObject({}, '', [], fields);
}

function readClientConnection(reader: FieldReader): SchedulerConfiguration['clientConnection'] {
  return {
    kubeconfig: reader.string('kubeconfig') || undefined,
    qps: reader.number('qps') || undefined,
    burst: reader.integer('burst') || undefined,
    acceptContentTypes: reader.string('acceptContentTypes') ?? '',
    contentType: reader.string('contentType') || 'application/vnd.kubernetes.protobuf',
  };
}

const emptyProfile = (path: string): ProfileConfiguration => ({
  schedulerName: DEFAULT_SCHEDULER_NAME,
  percentageOfNodesToScore: undefined,
  plugins: emptySets(),
  pluginConfig: [],
  path,
});

const POINTS = Object.keys(EXTENSION_POINTS) as ExtensionPoint[];

export function emptySets(): PluginSets {
  return Object.fromEntries([...POINTS, 'multiPoint' as const].map((point) => [point, NO_SET])) as Record<
    ExtensionPoint | 'multiPoint',
    PluginSet
  >;
}

/** @param siblings how many profiles there are: only a single one has a name by default. */
function readProfile(reader: FieldReader, _index: number, siblings: number): ProfileConfiguration {
  return {
    schedulerName: reader.string('schedulerName') ?? (siblings === 1 ? DEFAULT_SCHEDULER_NAME : ''),
    percentageOfNodesToScore: reader.integer('percentageOfNodesToScore'),
    plugins: reader.object('plugins', readSets) ?? emptySets(),
    pluginConfig: reader.objects('pluginConfig', (row) => ({ name: row.string('name') ?? '', args: row.raw('args'), path: row.path })),
    path: reader.path,
  };
}

function readSets(reader: FieldReader): PluginSets {
  const sets = { ...emptySets() } as Record<ExtensionPoint | 'multiPoint', PluginSet>;
  for (const point of [...POINTS, 'multiPoint' as const]) sets[point] = reader.object(point, readSet) ?? NO_SET;
  return sets;
}

const readSet = (reader: FieldReader): PluginSet => ({
  enabled: reader.objects('enabled', readRow),
  disabled: reader.objects('disabled', readRow).map(({ name }) => name),
});

const readRow = (reader: FieldReader) => ({ name: reader.string('name') ?? '', weight: reader.integer('weight') ?? 0 });

function readExtender(reader: FieldReader, directory: string): ExtenderConfiguration {
  return {
    urlPrefix: reader.string('urlPrefix') ?? '',
    filterVerb: reader.string('filterVerb') ?? '',
    preemptVerb: reader.string('preemptVerb') ?? '',
    prioritizeVerb: reader.string('prioritizeVerb') ?? '',
    weight: reader.integer('weight') ?? 0,
    bindVerb: reader.string('bindVerb') ?? '',
    enableHTTPS: reader.boolean('enableHTTPS') ?? false,
    tls: reader.object('tlsConfig', (inner) => readTls(inner, directory, reader.raw('tlsConfig'))) ?? NO_TLS,
    httpTimeoutMs: reader.duration('httpTimeout') ?? 5_000,
    nodeCacheCapable: reader.boolean('nodeCacheCapable') ?? false,
    managedResources: reader.objects('managedResources', (inner) => ({
      name: inner.string('name') ?? '',
      ignoredByScheduler: inner.boolean('ignoredByScheduler') ?? false,
    })),
    ignorable: reader.boolean('ignorable') ?? false,
  };
}

const NO_TLS: ExtenderTls = { insecure: false, serverName: undefined, cert: undefined, key: undefined, ca: undefined, given: undefined };

function readTls(reader: FieldReader, directory: string, given: unknown): ExtenderTls {
  const pem = (name: string): string | undefined => {
    const data = reader.string(`${name}Data`);
    if (data !== undefined) return Buffer.from(data, 'base64').toString();
    const file = reader.string(`${name}File`);
    return file === undefined ? undefined : textOf(resolve(directory, file));
  };
  return {
    insecure: reader.boolean('insecure') ?? false,
    serverName: reader.string('serverName'),
    cert: pem('cert'),
    key: pem('key'),
    ca: pem('ca'),
    given: given as object,
  };
}
