import type { Container, Pod } from '../../api/index.ts';

/** A container of a pod, with the part it plays. */
export type ContainerRole = 'init' | 'sidecar' | 'main' | 'ephemeral';

/** An init container that runs beside the main ones. */
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

/** Whether what fails in a pod is tried again. */
export const restartsOnFailure = (pod: Pod): boolean => pod.spec.restartPolicy !== 'Never';

/**
 * Whether a container that exited is to run again by the policies that hold for it: its own rules and policy where it has them, else
 * the pod's. Upstream: `ContainerShouldRestart`, `pkg/api/v1/pod/util.go`, KEP-5307; the API takes a main container's own policy only
 * with that feature on.
 */
export function restartsAfter(pod: Pod, container: Container, exitCode: number): boolean {
  const { restartPolicy, restartPolicyRules = [] } = container;
  if (restartPolicy !== undefined && restartPolicyRules.some((rule) => rule.action === 'Restart' && matches(rule.exitCodes, exitCode)))
    return true;
  return byPolicy(restartPolicy ?? pod.spec.restartPolicy, exitCode);
}

/** As {@link restartsAfter}, by the pod's policy alone: what holds for init containers. */
export const podRestartsAfter = (pod: Pod, exitCode: number): boolean => byPolicy(pod.spec.restartPolicy, exitCode);

const byPolicy = (policy: string | undefined, exitCode: number): boolean =>
  policy !== 'Never' && (policy !== 'OnFailure' || exitCode !== 0);

function matches(
  codes: { readonly operator: string; readonly values?: readonly number[] | undefined } | undefined,
  exitCode: number,
): boolean {
  if (!codes) return false;
  const listed = (codes.values ?? []).includes(exitCode);
  return codes.operator === 'NotIn' ? !listed : listed;
}

/** `name_namespace(uid)`: how upstream's messages name a pod. */
export const podLabel = (pod: Pod): string => `${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})`;
