import type { Container, Lifecycle, Pod, PodSpec, PodStatus, PodTemplateSpec } from '../../../api/index.ts';
import { listOf } from '../../validation/field-errors.ts';

// Fields behind feature gates that are off by default in 1.34: they are dropped from what is written, unless the object had them.
// None can be there, so upstream's "unless it was in use" needs no code here.

export function dropDisabledTemplateFields(template: PodTemplateSpec | undefined): void {
  if (template?.spec) dropDisabledSpecFields(template.spec);
}

export function dropDisabledSpecFields(spec: PodSpec): void {
  if (spec.hostnameOverride !== undefined) delete spec.hostnameOverride;
  if (spec.volumes) for (const volume of spec.volumes) dropVolumeFields(volume);
  if (spec.containers) for (const container of spec.containers) dropContainerFields(container, false);
  if (spec.initContainers) for (const container of spec.initContainers) dropContainerFields(container, true);
  if (spec.ephemeralContainers) for (const container of spec.ephemeralContainers) dropContainerFields(container, true);
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
function dropVolumeFields(volume: NonNullable<PodSpec['volumes']>[number]): void {
  if (volume.image) delete volume.image;
  for (const source of listOf(volume.projected?.sources)) {
    if (source.clusterTrustBundle) delete source.clusterTrustBundle;
    if (source.podCertificate) delete source.podCertificate;
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
