import { type Container, type Pod, parseQuantity } from '../../api/index.ts';
import type { ContainerConfig, MountableVolume } from '../runtime/cri.ts';
import type { ConfigSource } from './config-source.ts';
import { environmentOf, expand, refersToConfig } from './environment.ts';
import type { PodFacts } from './field-ref.ts';

/** What a container's configuration is made from. */
export interface ContainerParts {
  readonly facts: PodFacts;
  readonly container: Container;
  readonly attempt: number;
  readonly volumes: ReadonlyMap<string, MountableVolume>;
  readonly source: ConfigSource;
}

/**
 * The runtime's view of a container. Its environment is made now when it may be wrong or when the command needs it, else when a process
 * first asks.
 *
 * @throws ContainerConfigError
 */
export async function containerConfigOf(parts: ContainerParts): Promise<ContainerConfig> {
  const { container } = parts;
  if (!needsEnvironment(container)) return withEnvironment(parts, undefined);
  return withEnvironment(parts, await environmentOf(parts.facts, container, parts.source));
}

const hasVariable = (texts: readonly string[] | undefined): boolean => (texts ?? []).some((text) => text.includes('$('));

const needsEnvironment = (container: Container): boolean =>
  refersToConfig(container) ||
  hasVariable(container.command) ||
  hasVariable(container.args) ||
  (container.volumeMounts ?? []).some(({ subPathExpr }) => subPathExpr);

/** As {@link containerConfigOf} for a container that has been running: its configuration was right when it started. */
export function restoredConfigOf(parts: ContainerParts): ContainerConfig {
  return withEnvironment(parts, undefined);
}

function withEnvironment(parts: ContainerParts, environment: ReadonlyMap<string, string> | undefined): ContainerConfig {
  const { facts, container, attempt, source } = parts;
  const resolve = (text: string) => expand(text, (name) => environment?.get(name));
  const resolved = (texts: readonly string[] = NONE) => (environment ? texts.map(resolve) : texts);
  return {
    name: container.name,
    attempt,
    image: container.image ?? '',
    command: resolved(container.command),
    args: resolved(container.args),
    workingDir: container.workingDir ?? '',
    environment: () => (environment ? Promise.resolve(environment) : environmentOf(facts, container, source)),
    mounts: mountsOf(parts, resolve),
    ports: container.ports?.map(({ name = '', containerPort, protocol = 'TCP' }) => ({ name, containerPort, protocol })) ?? NONE,
    ...terminationOf(container),
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    tty: container.tty ?? false,
    ...resourcesOf(container),
  };
}

function mountsOf({ container, volumes }: ContainerParts, resolve: (text: string) => string): ContainerConfig['mounts'] {
  return (container.volumeMounts ?? NONE).flatMap(({ name, mountPath, readOnly = false, subPath = '', subPathExpr }) => {
    const volume = volumes.get(name);
    return volume ? [{ containerPath: mountPath, readOnly, volume, subPath: subPathExpr ? resolve(subPathExpr) : subPath }] : [];
  });
}

/** What it may use, and asks for; nothing when it says nothing. */
function resourcesOf({ resources }: Container): Pick<ContainerConfig, 'resources'> {
  const { limits, requests } = resources ?? {};
  if (!limits && !requests) return {};
  const millis = (text: string | undefined) => (text === undefined ? undefined : parseQuantity(text).milli());
  const bytes = (text: string | undefined) => (text === undefined ? undefined : parseQuantity(text).value());
  return {
    resources: {
      cpuRequestMillis: millis(requests?.cpu),
      cpuLimitMillis: millis(limits?.cpu),
      memoryRequestBytes: bytes(requests?.memory),
      memoryLimitBytes: bytes(limits?.memory),
    },
  };
}

const terminationOf = ({ terminationMessagePath, terminationMessagePolicy, lifecycle }: Container) => ({
  terminationMessagePath: terminationMessagePath ?? '/dev/termination-log',
  terminationMessagePolicy: terminationMessagePolicy ?? 'File',
  stopSignal: lifecycle?.stopSignal ?? '',
});

/** Shared, since most containers have none. */
const NONE: readonly never[] = [];

/** The host name of a pod. */
export const hostnameOf = (pod: Pod, nodeName: string): string =>
  pod.spec.hostNetwork
    ? nodeName
    : (pod.spec.hostnameOverride ?? (pod.spec.hostname || (pod.metadata.name ?? '').slice(0, 63).replace(/[-.]+$/, '')));
