import type { Affinity, Container, ContainerStatus, Live, Pod, ResourceRequirements, Volume } from '../../api/index.ts';

export const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';
/** What jobs write on their pods begins with this. */
const JOB_ANNOTATIONS = 'batch.kubernetes.io/';

/**
 * A pod cut down to what controllers read: with tens of thousands of pods, the rest would be most of the process's memory. A slim pod
 * must not be written back; patch it instead.
 */
export function slimPod(pod: Live<Pod>): Live<Pod> {
  return { metadata: slimMetadata(pod), spec: slimSpec(pod), status: slimStatus(pod) };
}

function slimMetadata({ metadata }: Live<Pod>): Live<Pod>['metadata'] {
  const { managedFields: _, annotations, generateName: _generateName, ...kept } = metadata;
  const read = Object.entries(annotations ?? {}).filter(([name]) => name === DELETION_COST || name.startsWith(JOB_ANNOTATIONS));
  return read.length === 0 ? kept : { ...kept, annotations: Object.fromEntries(read) };
}

function slimSpec({ spec }: Pod): Pod['spec'] {
  const { containers, initContainers, nodeName, hostname, subdomain, tolerations, restartPolicy, terminationGracePeriodSeconds } = spec;
  const { activeDeadlineSeconds, priorityClassName, resources } = spec;
  const claiming = (spec.volumes ?? []).filter(({ persistentVolumeClaim, ephemeral }) => persistentVolumeClaim || ephemeral);
  const affinity = slimAffinity(spec.affinity);
  return {
    containers: containers.map(slimContainer),
    ...(initContainers ? { initContainers: initContainers.map(slimContainer) } : {}),
    ...(resources ? { resources: slimResources(resources) } : {}),
    nodeName,
    hostname,
    subdomain,
    tolerations,
    restartPolicy,
    terminationGracePeriodSeconds,
    ...(activeDeadlineSeconds === undefined ? {} : { activeDeadlineSeconds }),
    ...(priorityClassName ? { priorityClassName } : {}),
    ...(spec.overhead ? { overhead: spec.overhead } : {}),
    ...(claiming.length > 0 ? { volumes: claiming.map(slimVolume) } : {}),
    ...(spec.resourceClaims ? { resourceClaims: spec.resourceClaims } : {}),
    ...(affinity ? { affinity } : {}),
  };
}

/** Which nodes a pod must be on, and which other pods it goes by: quotas may be about those of other namespaces. */
function slimAffinity({ nodeAffinity, podAffinity, podAntiAffinity }: Affinity = {}): Affinity | undefined {
  const required = nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  if (!required && !podAffinity && !podAntiAffinity) return undefined;
  return {
    ...(required ? { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } } : {}),
    ...(podAffinity ? { podAffinity } : {}),
    ...(podAntiAffinity ? { podAntiAffinity } : {}),
  };
}

const slimVolume = ({ name, persistentVolumeClaim, ephemeral }: Volume): Volume => ({
  name,
  ...(persistentVolumeClaim ? { persistentVolumeClaim } : {}),
  ...(ephemeral ? { ephemeral: {} } : {}),
});

/** Equal requests of thousands of pods are one object once they are cached. */
const slimContainer = ({ name, ports, restartPolicy, resources }: Container): Container => ({
  name,
  ports,
  restartPolicy,
  resources: resources ? slimResources(resources) : NO_RESOURCES,
});

const NO_RESOURCES = {};

function slimResources({ requests, limits }: ResourceRequirements): ResourceRequirements {
  if (!limits) return requests ? { requests } : NO_RESOURCES;
  return requests ? { requests, limits } : { limits };
}

function slimStatus({ status }: Pod): Pod['status'] {
  const { phase, reason, conditions, podIP, podIPs, containerStatuses, initContainerStatuses, startTime, resourceClaimStatuses } = status;
  return {
    ...(resourceClaimStatuses ? { resourceClaimStatuses } : {}),
    phase,
    reason,
    conditions,
    podIP,
    podIPs,
    startTime,
    containerStatuses: containerStatuses?.map(slimContainerStatus),
    initContainerStatuses: initContainerStatuses?.map(slimContainerStatus),
  };
}

function slimContainerStatus({ name, restartCount, ready, state, resources, allocatedResources }: ContainerStatus): ContainerStatus {
  const { exitCode, finishedAt } = state?.terminated ?? {};
  const ended = exitCode === undefined ? {} : { state: { terminated: { exitCode, finishedAt } } };
  const given = resources ? { resources: slimResources(resources) } : {};
  return { name, restartCount, ready, image: '', imageID: '', ...(allocatedResources ? { allocatedResources } : {}), ...given, ...ended };
}
