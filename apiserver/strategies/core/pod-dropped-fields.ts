import type { Container, Lifecycle, Pod, PodSpec, PodStatus, PodTemplateSpec, Volume } from '../../../api/index.ts';
import { listOf } from '../../validation/field-errors.ts';

// Fields behind feature gates that are off by default in 1.34: they are dropped from what is written, unless the object had them.
// None can be there, so upstream's "unless it was in use" needs no code here.

export function dropDisabledTemplateFields(template: PodTemplateSpec | undefined): void {
  if (template?.spec) dropDisabledSpecFields(template.spec);
}

export function dropDisabledSpecFields(spec: PodSpec): void {
  if (spec.hostnameOverride !== undefined) delete spec.hostnameOverride;
  if (spec.volumes) dropVolumes(spec, spec.volumes);
  if (spec.containers) for (const container of spec.containers) dropContainerFields(container, false);
  if (spec.initContainers) for (const container of spec.initContainers) dropContainerFields(container, true);
  if (spec.ephemeralContainers) for (const container of spec.ephemeralContainers) dropContainerFields(container, false);
}

/** ContainerRestartRules, ContainerStopSignals and EnvFiles. Init containers may restart `Always`: sidecars. */
function dropContainerFields(container: Container, isInit: boolean): void {
  if (container.restartPolicy !== undefined && !(isInit && container.restartPolicy === 'Always')) delete container.restartPolicy;
  if (container.restartPolicyRules) delete container.restartPolicyRules;
  if (container.lifecycle?.stopSignal !== undefined) dropStopSignal(container, container.lifecycle);
  for (const { valueFrom } of listOf(container.env)) if (valueFrom?.fileKeyRef) delete valueFrom.fileKeyRef;
}

function dropStopSignal(container: Container, lifecycle: Lifecycle): void {
  delete lifecycle.stopSignal;
  if (!lifecycle.postStart && !lifecycle.preStop) delete container.lifecycle;
}

/** ImageVolume, ClusterTrustBundleProjection and PodCertificateRequest. */
function dropVolumes(spec: PodSpec, volumes: Volume[]): void {
  if (volumes.some(({ image }) => image)) dropImageVolumes(spec, volumes);
  for (const { projected } of listOf(spec.volumes)) {
    for (const source of listOf(projected?.sources)) {
      if (source.clusterTrustBundle) delete source.clusterTrustBundle;
      if (source.podCertificate) delete source.podCertificate;
    }
  }
}

/** They go as a whole, and what mounts them with them. Upstream: `dropImageVolumes` of `pkg/api/pod/util.go`. */
function dropImageVolumes(spec: PodSpec, volumes: Volume[]): void {
  const dropped = new Set(volumes.filter(({ image }) => image).map(({ name }) => name));
  spec.volumes = volumes.filter(({ image }) => !image);
  if (spec.volumes.length === 0) delete spec.volumes;
  for (const container of [...listOf(spec.containers), ...listOf(spec.initContainers), ...listOf(spec.ephemeralContainers)]) {
    const mounts = listOf(container.volumeMounts).filter(({ name }) => !dropped.has(name));
    if (mounts.length > 0) container.volumeMounts = mounts;
    else delete container.volumeMounts;
  }
}

/** ResourceHealthStatus and DRAExtendedResource. */
export function dropDisabledStatusFields(status: PodStatus): void {
  if (status.extendedResourceClaimStatus) delete status.extendedResourceClaimStatus;
  for (const statuses of [status.containerStatuses, status.initContainerStatuses, status.ephemeralContainerStatuses]) {
    for (const containerStatus of listOf(statuses)) {
      if (containerStatus.allocatedResourcesStatus) delete containerStatus.allocatedResourcesStatus;
    }
  }
}

export function dropDisabledPodFields({ spec, status }: Pod): void {
  dropDisabledSpecFields(spec);
  dropDisabledStatusFields(status);
}
