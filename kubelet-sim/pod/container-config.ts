import { type Container, type Pod, parseQuantity, type ResourceRequirements } from '../../api/index.ts';
import type { ContainerBehaviour, ContainerConfig, ContainerResources, ContainerSecurity, NamespaceOptions } from '../runtime/cri.ts';
import type { Image } from '../runtime/image-service.ts';
import type { ConfigSource } from './config-source.ts';
import { isSidecar } from './container-names.ts';
import { ContainerConfigError, environmentOf, expand, refersToConfig } from './environment.ts';
import type { PodFacts } from './field-ref.ts';
import { runtimeResources } from './resize.ts';
import { checkNonRoot, oomScoreAdj, securityOf } from './security.ts';
import { type MountedVolume, mountableNamed } from './volumes/volume.ts';

/** What a container's configuration is made from. */
export interface ContainerParts {
  /** What is known of its pod, now. */
  readonly pod: { facts(): PodFacts };
  readonly container: Container;
  readonly attempt: number;
  readonly volumes: readonly MountedVolume[];
  readonly source: ConfigSource;
  /** A debug container's target. */
  readonly targetId?: string | undefined;
  readonly behaviour?: ContainerBehaviour | undefined;
}

/**
 * The runtime's view of a container. Its environment is made now when it may be wrong or when the command needs it, else when a process
 * first asks. Upstream: `generateContainerConfig`, `pkg/kubelet/kuberuntime/kuberuntime_container.go`.
 *
 * @throws ContainerConfigError
 */
export async function containerConfigOf(parts: ContainerParts, image: Pick<Image, 'uid' | 'username'>): Promise<ContainerConfig> {
  const { container } = parts;
  const facts = parts.pod.facts();
  const environment = needsEnvironment(container) ? await environmentOf(facts, container, parts.source) : undefined;
  const config = withEnvironment(parts, environment);
  checkNonRoot(facts.pod, container, image);
  return config;
}

const hasVariable = (texts: readonly string[] | undefined): boolean => (texts ?? []).some((text) => text.includes('$('));

const needsEnvironment = (container: Container): boolean =>
  refersToConfig(container) ||
  hasVariable(container.command) ||
  hasVariable(container.args) ||
  (container.volumeMounts ?? []).some(({ subPathExpr }) => subPathExpr);

/** As {@link containerConfigOf} for a container that has been running: its configuration was right when it started, whatever it is now. */
export async function restoredConfigOf(parts: ContainerParts): Promise<ContainerConfig> {
  if (!needsEnvironment(parts.container)) return withEnvironment(parts, undefined);
  try {
    return withEnvironment(parts, await environmentOf(parts.pod.facts(), parts.container, parts.source));
  } catch (error) {
    if (error instanceof ContainerConfigError) return withEnvironment(parts, undefined);
    throw error;
  }
}

function withEnvironment(parts: ContainerParts, environment: ReadonlyMap<string, string> | undefined): ContainerConfig {
  const { container, attempt } = parts;
  const resolved = (texts: readonly string[] = NONE) =>
    environment ? texts.map((text) => expand(text, (name) => environment.get(name))) : texts;
  return {
    name: container.name,
    attempt,
    image: container.image ?? '',
    command: resolved(container.command),
    args: resolved(container.args),
    workingDir: container.workingDir ?? '',
    environment: environment ? () => Promise.resolve(environment) : laterEnvironment(parts),
    mounts: mountsOf(parts, environment),
    ports: container.ports?.map(({ name = '', containerPort, protocol = 'TCP' }) => ({ name, containerPort, protocol })) ?? NONE,
    ...terminationOf(container),
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    tty: container.tty ?? false,
    ...optionalOf(parts),
  };
}

/**
 * The environment, when somebody asks. What a container reads of its pod it reads as the pod is now; one that reads nothing keeps nothing, and
 * its pod is asked then.
 */
function laterEnvironment({ container, pod, source }: ContainerParts): ContainerConfig['environment'] {
  if (!container.env?.some(({ valueFrom }) => valueFrom)) return undefined;
  const facts = pod.facts();
  return () => environmentOf(facts, container, source);
}

/** What a plain container does not have. */
function optionalOf({ pod, container, targetId, behaviour, volumes }: ContainerParts): Partial<ContainerConfig> {
  const facts = pod.facts();
  // Of most containers nothing is said: the runtime knows what becomes of those that nobody asks anything for.
  const isPlain =
    !container.resources?.limits &&
    !container.resources?.requests &&
    !facts.pod.spec.resources &&
    !facts.pod.spec.priority &&
    (facts.pod.status.qosClass ?? 'BestEffort') === 'BestEffort';
  const score = isPlain ? undefined : oomScoreAdj(facts.pod, container, facts.allocatable.memory);
  const security = withGroups(securityOf(facts.pod, container), volumes);
  const namespaces: NamespaceOptions | undefined = targetId === undefined ? undefined : { pid: 'target', targetId };
  return {
    ...(score === undefined ? {} : { resources: resourcesOf(facts.pod, container, score) }),
    ...(security ? { security } : {}),
    ...(namespaces ? { namespaces } : {}),
    ...(behaviour ? { behaviour } : {}),
    ...(isTaskOf(facts.pod, container) && !behaviour?.exitAfter ? { isTask: true } : {}),
  };
}

/** An init container that is no sidecar, or a main one of a pod that a controller made to be done at some time, as a Job does. */
function isTaskOf({ metadata, spec }: Pod, container: Container): boolean {
  const isIn = (containers: readonly Container[] = NONE) => containers.some(({ name }) => name === container.name);
  if (isIn(spec.initContainers)) return !isSidecar(container);
  if ((spec.restartPolicy ?? 'Always') === 'Always') return false;
  return isIn(spec.containers) && (metadata.ownerReferences?.some(({ controller }) => controller) ?? false);
}

/** What containers are given who ask for the same: one object for all of them, as what they ask for is one. */
const given = new WeakMap<ResourceRequirements, ContainerResources>();

function resourcesOf(pod: Pod, { resources = {} }: Container, score: number): ContainerResources {
  const shared = pod.spec.resources?.limits;
  if (shared) return { ...runtimeResources(limitedAs(resources, shared)), oomScoreAdj: score };
  const known = given.get(resources);
  if (known?.oomScoreAdj === score) return known;
  const made = { ...runtimeResources(resources), oomScoreAdj: score };
  given.set(resources, made);
  return made;
}

/**
 * What a container may use of what its pod as a whole may, where it has no limit of its own. Upstream: `getCPULimit`, `getMemoryLimit`,
 * `pkg/kubelet/kuberuntime/kuberuntime_container_linux.go`.
 */
function limitedAs(own: ResourceRequirements, shared: NonNullable<ResourceRequirements['limits']>): ResourceRequirements {
  const isNone = (name: string) => parseQuantity(own.limits?.[name] ?? '0').value() === 0;
  const inherited = Object.entries(shared).filter(([name]) => (name === 'cpu' || name === 'memory') && isNone(name));
  return { ...own, limits: { ...own.limits, ...Object.fromEntries(inherited) } };
}

/** With the groups that volumes ask for. Upstream: `GetExtraSupplementalGroupsForPod`, `pkg/kubelet/volumemanager/volume_manager.go`. */
function withGroups(security: ContainerSecurity | undefined, volumes: readonly MountedVolume[]): ContainerSecurity | undefined {
  const groups = volumes.flatMap(({ gid }) => gid ?? []);
  return groups.length === 0 ? security : { ...security, supplementalGroups: [...(security?.supplementalGroups ?? []), ...groups] };
}

/** Which mounts cross between node and container, as the runtime has it. */
const PROPAGATIONS: Readonly<Record<string, 'in' | 'both'>> = { HostToContainer: 'in', Bidirectional: 'both' };

function mountsOf(
  { container, volumes, pod }: ContainerParts,
  environment: ReadonlyMap<string, string> | undefined,
): ContainerConfig['mounts'] {
  const mounts = (container.volumeMounts ?? NONE).flatMap(
    ({ name, mountPath, readOnly: isAsked = false, subPath = '', subPathExpr, mountPropagation }) => {
      const volume = mountableNamed(volumes, name);
      if (!volume) return [];
      const isVolumeReadOnly = isReadOnly(pod.facts().pod, name);
      const part = subPathExpr && environment ? resolvePath(subPathExpr, environment) : subPath;
      const propagation = PROPAGATIONS[mountPropagation ?? ''];
      const mount = { containerPath: mountPath, readOnly: isAsked || isVolumeReadOnly, volume, subPath: part };
      const more = { ...(part !== '' && isVolumeReadOnly ? { isVolumeReadOnly } : {}), ...(propagation ? { propagation } : {}) };
      return [Object.keys(more).length > 0 ? { ...mount, ...more } : mount];
    },
  );
  const devices = (container.volumeDevices ?? NONE).flatMap(({ name, devicePath }) => {
    const volume = mountableNamed(volumes, name);
    return volume ? [{ containerPath: devicePath, readOnly: isReadOnly(pod.facts().pod, name), volume, subPath: '' }] : [];
  });
  // A copy has no room to grow.
  return [...mounts, ...devices].slice();
}

/** Whether the pod asks for no more than to read a volume, whatever its mounts say. */
function isReadOnly({ spec }: Pod, volumeName: string): boolean {
  const volume = spec.volumes?.find(({ name }) => name === volumeName);
  return Object.values(volume ?? {}).some((source) => typeof source === 'object' && 'readOnly' in source && source.readOnly === true);
}

/**
 * The path that a subPathExpr stands for. Upstream: `ExpandContainerVolumeMounts`, `pkg/kubelet/container/helpers.go`.
 *
 * @throws ContainerConfigError
 */
function resolvePath(expression: string, environment: ReadonlyMap<string, string>): string {
  const missing = new Set<string>();
  const path = expand(expression, (name) => {
    const value = environment.get(name) ?? '';
    if (value === '') missing.add(name);
    return value;
  });
  if (missing.size > 0) throw new ContainerConfigError(`missing value for ${[...missing].sort().join(', ')}`);
  if (path.startsWith('/')) throw new ContainerConfigError(`error SubPath \`${path}\` must not be an absolute path`);
  if (path.split('/').includes('..')) throw new ContainerConfigError(`unable to provision SubPath \`${path}\`: must not contain '..'`);
  return path;
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
