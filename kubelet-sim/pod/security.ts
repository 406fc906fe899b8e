import { type Container, type Pod, parseQuantity, podRequests, qosClassOf } from '../../api/index.ts';
import type { AppArmorProfile, ContainerSecurity } from '../runtime/cri.ts';
import type { Image } from '../runtime/image-service.ts';
import { isSidecar, podLabel } from './container-names.ts';
import { ContainerConfigError } from './environment.ts';

/** What a container may do, its own word before the pod's. Upstream: `DetermineEffectiveSecurityContext`, `pkg/securitycontext`. */
export function securityOf({ spec }: Pod, { securityContext: own }: Container): ContainerSecurity | undefined {
  const shared = spec.securityContext;
  if (own && Object.keys(own).length > 0) return effectiveSecurity(shared, own);
  if (!shared) return undefined;
  const known = ofPods.get(shared) ?? effectiveSecurity(shared, {});
  ofPods.set(shared, known);
  return known;
}

/** What pods say for containers that say nothing: many pods say the same, and share it. */
type PodSecurity = NonNullable<Pod['spec']['securityContext']>;
const ofPods = new WeakMap<PodSecurity, ContainerSecurity>();

function effectiveSecurity(shared: PodSecurity = {}, own: NonNullable<Container['securityContext']>): ContainerSecurity {
  const groups = [...(shared.supplementalGroups ?? []), ...(shared.fsGroup === undefined ? [] : [shared.fsGroup])];
  const { capabilities } = own;
  return {
    runAsUser: own.runAsUser ?? shared.runAsUser,
    runAsGroup: own.runAsGroup ?? shared.runAsGroup,
    ...(groups.length > 0 ? { supplementalGroups: groups } : {}),
    ...(shared.supplementalGroupsPolicy === 'Strict' ? { supplementalGroupsPolicy: 'Strict' as const } : {}),
    readOnlyRootFilesystem: own.readOnlyRootFilesystem,
    privileged: own.privileged,
    ...(capabilities ? { capabilities: { add: capabilities.add ?? [], drop: capabilities.drop ?? [] } } : {}),
    ...(own.allowPrivilegeEscalation === false ? { noNewPrivileges: true } : {}),
    seccomp: SECCOMP.find((type) => type === (own.seccompProfile ?? shared.seccompProfile)?.type),
    ...(own.procMount === 'Unmasked' ? { procMount: 'Unmasked' as const } : {}),
    ...appArmorOf(own.appArmorProfile ?? shared.appArmorProfile),
  };
}

/** Upstream: `getAppArmorProfile`, `pkg/kubelet/kuberuntime/helpers.go`. */
function appArmorOf(profile: PodSecurity['appArmorProfile']): { readonly appArmor?: AppArmorProfile } {
  switch (profile?.type) {
    case 'Localhost':
      return { appArmor: { type: 'Localhost', name: profile.localhostProfile ?? '' } };
    case 'Unconfined':
    case 'RuntimeDefault':
      return { appArmor: { type: profile.type } };
    default:
      return {};
  }
}

const SECCOMP = ['Unconfined', 'RuntimeDefault', 'Localhost'] as const;

/**
 * A container that must not run as root, and would. Upstream: `verifyRunAsNonRoot`, `pkg/kubelet/kuberuntime/security_context.go`; an
 * image that says nothing of its user runs as root.
 *
 * @throws ContainerConfigError
 */
export function checkNonRoot(pod: Pod, container: Container, image: Pick<Image, 'uid' | 'username'>): void {
  const shared = pod.spec.securityContext;
  const own = container.securityContext;
  if (!(own?.runAsNonRoot ?? shared?.runAsNonRoot)) return;
  const where = `(pod: ${JSON.stringify(podLabel(pod))}, container: ${container.name})`;
  const user = own?.runAsUser ?? shared?.runAsUser;
  if (user !== undefined) {
    if (user === 0) throw new ContainerConfigError(`container's runAsUser breaks non-root policy ${where}`);
    return;
  }
  if (image.uid === undefined && image.username)
    throw new ContainerConfigError(
      `container has runAsNonRoot and image has non-numeric user (${image.username}), cannot verify user is non-root ${where}`,
    );
  if (!image.uid) throw new ContainerConfigError(`container has runAsNonRoot and image will run as root ${where}`);
}

/** The one class whose pods are to be the last that the kernel kills. */
const NODE_CRITICAL = 'system-node-critical';
/** Scores by class, and between which those of Burstable pods are. */
const SCORE = { critical: -997, guaranteed: -997, bestEffort: 1000, burstableMin: 3, burstableMax: 999 } as const;

/**
 * How soon the kernel kills a container when the node runs out of memory: the less of it the container asks for the sooner, and sidecars
 * no sooner than any container that they serve. Upstream: `GetContainerOOMScoreAdjust`, `pkg/kubelet/qos/policy.go`.
 *
 * @param memory of the node
 */
export function oomScoreAdj(pod: Pod, container: Container, memory: string | undefined): number {
  if (pod.spec.priorityClassName === NODE_CRITICAL) return SCORE.critical;
  const qos = pod.status.qosClass || qosClassOf(pod);
  if (qos === 'Guaranteed') return SCORE.guaranteed;
  if (qos === 'BestEffort') return SCORE.bestEffort;
  const capacity = Math.max(1, parseQuantity(memory ?? '0').value());
  const own = memoryRequest(container);
  const counted = isSidecar(container) ? Math.max(own, Math.min(...pod.spec.containers.map(memoryRequest))) : own;
  const share = Math.floor((1000 * (counted + shareOfRest(pod))) / capacity);
  return Math.min(Math.max(1000 - share, SCORE.burstableMin), SCORE.burstableMax);
}

const memoryRequest = ({ resources }: Container): number => parseQuantity(resources?.requests?.memory ?? '0').value();

/** A container's share of what the pod as a whole asks for beyond its containers. */
function shareOfRest(pod: Pod): number {
  const { resources, containers, initContainers = [] } = pod.spec;
  const wanted = resources?.requests?.memory;
  if (wanted === undefined) return 0;
  const asked = podRequests(pod, { excludePodLevel: true, excludeOverhead: true }).get('memory')?.value() ?? 0;
  return Math.floor((parseQuantity(wanted).value() - asked) / (containers.length + initContainers.length));
}
