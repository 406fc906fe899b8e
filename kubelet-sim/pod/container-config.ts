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
  refersToConfig(container) || hasVariable(container.command) || hasVariable(container.args) || (container.volumeMounts ?? []).some(({ subPathExpr }) => subPathExpr);

/** As {@link containerConfigOf} for a container that has been running: its configuration was right when it started. */
export function restoredConfigOf(parts: ContainerParts): ContainerConfig {
  return withEnvironment(parts, undefined);
}

function withEnvironment({ facts, container, attempt, volumes, source }: ContainerParts, environment: ReadonlyMap<string, string> | undefined): ContainerConfig {
  const resolve = (text: string) => expand(text, (name) => environment?.get(name));
  const memory = container.resources?.limits?.['memory'];
  return {
    name: container.name,
    attempt,
    image: container.image ?? '',
    command: environment ? (container.command ?? []).map(resolve) : (container.command ?? NONE),
    args: environment ? (container.args ?? []).map(resolve) : (container.args ?? NONE),
    workingDir: container.workingDir ?? '',
    environment: () => (environment ? Promise.resolve(environment) : environmentOf(facts, container, source)),
    mounts: (container.volumeMounts ?? []).flatMap((mount) => {
      const volume = volumes.get(mount.name);
      const subPath = mount.subPathExpr ? resolve(mount.subPathExpr) : (mount.subPath ?? '');
      return volume ? [{ containerPath: mount.mountPath, readOnly: mount.readOnly ?? false, volume, subPath }] : [];
    }),
    ports: container.ports ? container.ports.map(({ name = '', containerPort, protocol = 'TCP' }) => ({ name, containerPort, protocol })) : NONE,
    terminationMessagePath: container.terminationMessagePath ?? '/dev/termination-log',
    terminationMessagePolicy: container.terminationMessagePolicy ?? 'File',
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    tty: container.tty ?? false,
    stopSignal: container.lifecycle?.stopSignal ?? 'SIGTERM',
    memoryLimit: memory === undefined ? 0 : parseQuantity(memory).value(),
  };
}

/** Shared, since most containers have none. */
const NONE: readonly never[] = [];

/** The host name of a pod. */
export const hostnameOf = (pod: Pod, nodeName: string): string =>
  pod.spec.hostNetwork ? nodeName : (pod.spec.hostnameOverride ?? (pod.spec.hostname || (pod.metadata.name ?? '').slice(0, 63).replace(/[-.]+$/, '')));
