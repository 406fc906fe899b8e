import type { Container, Pod } from '../../api/index.ts';

/** A container of a pod, with the part it plays. */
export type ContainerRole = 'init' | 'sidecar' | 'main' | 'ephemeral';

export const isSidecar = (container: Container): boolean => container.restartPolicy === 'Always';

/** The event's `fieldPath`, as upstream writes it. */
export const fieldPathOf = (role: ContainerRole, name: string): string => {
  const list = role === 'main' ? 'containers' : role === 'ephemeral' ? 'ephemeralContainers' : 'initContainers';
  return `spec.${list}{${name}}`;
};

/** All containers, in the order they come to life. */
export function containersOf(pod: Pod): readonly { readonly container: Container; readonly role: ContainerRole }[] {
  const { initContainers = [], containers = [], ephemeralContainers = [] } = pod.spec;
  return [
    ...initContainers.map((container) => ({ container, role: isSidecar(container) ? ('sidecar' as const) : ('init' as const) })),
    ...ephemeralContainers.map((container) => ({ container, role: 'ephemeral' as const })),
    ...containers.map((container) => ({ container, role: 'main' as const })),
  ];
}

/** Whether a container that exited is to run again. */
export function shouldRestart(pod: Pod, container: Container, role: ContainerRole, exitCode: number): boolean {
  if (role === 'ephemeral') return false;
  if (role === 'sidecar') return true;
  if (role === 'init') return exitCode !== 0 && pod.spec.restartPolicy !== 'Never';
  switch (container.restartPolicy ?? pod.spec.restartPolicy) {
    case 'Never':
      return false;
    case 'OnFailure':
      return exitCode !== 0;
    default:
      return true;
  }
}

/** `name_namespace(uid)`: how upstream's messages name a pod. */
export const podLabel = (pod: Pod): string => `${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})`;
