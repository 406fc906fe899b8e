import type { Container, EnvFromSource, EnvVar, Live, Service } from '../../api/index.ts';
import { hostPort } from '../runtime/host-port.ts';
import type { ConfigSource } from './config-source.ts';
import { containerNamed, fieldValue, type PodFacts, resourceValue } from './field-ref.ts';

/** A container that cannot be configured; its reason is CreateContainerConfigError. */
export class ContainerConfigError extends Error {
  override readonly name = 'ContainerConfigError';
}

/** Whether a container's environment can fail, so that it must be made before the container is. */
export const refersToConfig = ({ env = [], envFrom = [] }: Container): boolean =>
  envFrom.length > 0 || env.some(({ valueFrom }) => valueFrom && !valueFrom.fieldRef);

/**
 * The environment of a container: what `envFrom` brings, then `env` in order (a later one may refer to those before as `$(NAME)`), and
 * the variables of services where nothing else has the name.
 *
 * @throws ContainerConfigError when something it refers to is not there.
 */
export async function environmentOf(facts: PodFacts, container: Container, source: ConfigSource): Promise<Map<string, string>> {
  const result = new Map<string, string>();
  const ofServices = await serviceVariables(facts, source);
  for (const from of container.envFrom ?? []) await addAll(result, from, facts.pod.metadata.namespace ?? '', source);
  const lookup = (name: string) => result.get(name) ?? ofServices.get(name);
  for (const variable of container.env ?? []) {
    const value = await variableValue(variable, { facts, container, source, lookup });
    if (value !== undefined) result.set(variable.name, value);
  }
  for (const [name, value] of ofServices) if (!result.has(name)) result.set(name, value);
  return result;
}

async function addAll(result: Map<string, string>, from: EnvFromSource, namespace: string, source: ConfigSource): Promise<void> {
  const { prefix = '', configMapRef, secretRef } = from;
  const { name = '', optional } = configMapRef ?? secretRef ?? {};
  const data = configMapRef
    ? await configMapData(source, namespace, { name, optional })
    : await secretData(source, namespace, { name, optional });
  for (const [key, value] of Object.entries(data)) result.set(`${prefix}${key}`, value);
}

interface Scope {
  readonly facts: PodFacts;
  readonly container: Container;
  readonly source: ConfigSource;
  readonly lookup: (name: string) => string | undefined;
}

async function variableValue({ value = '', valueFrom }: EnvVar, { facts, container, source, lookup }: Scope): Promise<string | undefined> {
  const namespace = facts.pod.metadata.namespace ?? '';
  if (valueFrom?.fieldRef || valueFrom?.resourceFieldRef) return ofPod(valueFrom, facts, container);
  if (valueFrom?.configMapKeyRef) {
    const { name = '', key, optional } = valueFrom.configMapKeyRef;
    const data = await configMapData(source, namespace, { name, optional });
    return pick(data, key, optional, `couldn't find key ${key} in ConfigMap ${namespace}/${name}`);
  }
  if (valueFrom?.secretKeyRef) {
    const { name = '', key, optional } = valueFrom.secretKeyRef;
    const data = await secretData(source, namespace, { name, optional });
    return pick(data, key, optional, `couldn't find key ${key} in Secret ${namespace}/${name}`);
  }
  return expand(value, lookup);
}

/** A value of the pod itself. @throws ContainerConfigError when it names something that there is not */
function ofPod({ fieldRef, resourceFieldRef }: NonNullable<EnvVar['valueFrom']>, facts: PodFacts, container: Container): string {
  try {
    if (fieldRef) return fieldValue(facts, fieldRef.fieldPath);
    const named = resourceFieldRef?.containerName ? containerNamed(facts.pod, resourceFieldRef.containerName) : container;
    return resourceFieldRef ? resourceValue(facts, named, resourceFieldRef) : '';
  } catch (error) {
    throw new ContainerConfigError(error instanceof Error ? error.message : String(error));
  }
}

function pick(
  data: Readonly<Record<string, string>> | undefined,
  key: string,
  optional: boolean | undefined,
  complaint: string,
): string | undefined {
  const value = data?.[key];
  if (value === undefined && !optional) throw new ContainerConfigError(complaint);
  return value;
}

interface Reference {
  readonly name: string;
  readonly optional: boolean | undefined;
}

async function configMapData(source: ConfigSource, namespace: string, { name, optional }: Reference): Promise<Record<string, string>> {
  const found = await source.configMap(namespace, name);
  if (!found && !optional) throw new ContainerConfigError(`configmap "${name}" not found`);
  return found?.data ?? {};
}

async function secretData(source: ConfigSource, namespace: string, { name, optional }: Reference): Promise<Record<string, string>> {
  const found = await source.secret(namespace, name);
  if (!found && !optional) throw new ContainerConfigError(`secret "${name}" not found`);
  return Object.fromEntries(Object.entries(found?.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]));
}

/** Replaces `$(NAME)`; `$$` is a dollar sign; what is not known stays as it is. */
export function expand(text: string, lookup: (name: string) => string | undefined): string {
  return text.includes('$')
    ? text.replace(/\$\$|\$\(([^)]*)\)/g, (whole, name: string | undefined) => (name === undefined ? '$' : (lookup(name) ?? whole)))
    : text;
}

/** The service that every namespace sees, unless it has one of that name itself. */
const MASTER = { namespace: 'default', name: 'kubernetes' };

/** Upstream: `getServiceEnvVarMap`, `pkg/kubelet/kubelet_pods.go`. */
async function serviceVariables({ pod }: PodFacts, source: ConfigSource): Promise<Map<string, string>> {
  const own = pod.spec.enableServiceLinks === false ? [] : await source.services(pod.metadata.namespace ?? '');
  const master = (await source.services(MASTER.namespace)).filter(({ metadata }) => metadata.name === MASTER.name);
  const visible = new Map([...master, ...own].filter(hasAddress).map((service) => [service.metadata.name, service]));
  return new Map([...visible.values()].flatMap(variablesOf));
}

/** Upstream: `IsServiceIPSet`. */
const hasAddress = ({ spec: { clusterIP = '' } }: Live<Service>): boolean => clusterIP !== '' && clusterIP !== 'None';

function variablesOf({ metadata, spec }: Live<Service>): [string, string][] {
  const ip = spec.clusterIP ?? '';
  const [first] = spec.ports ?? [];
  if (!first) return [];
  const prefix = metadata.name.toUpperCase().replaceAll('-', '_');
  const named = (spec.ports ?? []).filter(({ name }) => name);
  const links = (spec.ports ?? []).flatMap(({ port, protocol = 'TCP' }): [string, string][] => {
    const base = `${prefix}_PORT_${port}_${protocol.toUpperCase()}`;
    return [
      [base, `${protocol.toLowerCase()}://${hostPort(ip, port)}`],
      [`${base}_PROTO`, protocol.toLowerCase()],
      [`${base}_PORT`, String(port)],
      [`${base}_ADDR`, ip],
    ];
  });
  return [
    [`${prefix}_SERVICE_HOST`, ip],
    [`${prefix}_SERVICE_PORT`, String(first.port)],
    ...named.map(({ name = '', port }): [string, string] => [
      `${prefix}_SERVICE_PORT_${name.toUpperCase().replaceAll('-', '_')}`,
      String(port),
    ]),
    [`${prefix}_PORT`, `${(first.protocol ?? 'TCP').toLowerCase()}://${hostPort(ip, first.port)}`],
    ...links,
  ];
}
