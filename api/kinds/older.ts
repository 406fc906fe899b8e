// Versions of built-in kinds that upstream served once, or serves only when told to. They are views of the version that is stored.
import { horizontalPodAutoscaler as horizontalPodAutoscalerV2beta1 } from '../autoscaling/v2beta1/horizontal-pod-autoscaler.ts';
import { horizontalPodAutoscaler as horizontalPodAutoscalerV2beta2 } from '../autoscaling/v2beta2/horizontal-pod-autoscaler.ts';
import { cronJob } from '../batch/v1beta1/cron-job.ts';
import { endpointSlice } from '../discovery/v1beta1/endpoint-slice.ts';
import { event } from '../events/v1beta1/event.ts';
import { apiVersionOf, type KindInfo, type ServedKind } from '../kind-info.ts';
import { ingress, ingressClass } from '../networking/v1beta1/ingress.ts';
import { ipAddress, serviceCIDR } from '../networking/v1beta1/ip-address.ts';
import { podDisruptionBudget } from '../policy/v1beta1/pod-disruption-budget.ts';
import {
  deviceClass as deviceClassV1beta1,
  resourceClaimTemplate as resourceClaimTemplateV1beta1,
  resourceClaim as resourceClaimV1beta1,
  resourceSlice as resourceSliceV1beta1,
} from '../resource/v1beta1/resource.ts';
import {
  deviceClass as deviceClassV1beta2,
  resourceClaimTemplate as resourceClaimTemplateV1beta2,
  resourceClaim as resourceClaimV1beta2,
  resourceSlice as resourceSliceV1beta2,
} from '../resource/v1beta2/resource.ts';
import { volumeAttributesClass } from '../storage/v1beta1/volume-attributes-class.ts';
import { horizontalpodautoscalers } from './autoscaling.ts';
import { cronjobs } from './batch.ts';
import { endpointslices } from './discovery.ts';
import { events } from './events.ts';
import { ingressclasses, ingresses, ipaddresses, servicecidrs } from './networking.ts';
import { poddisruptionbudgets } from './policy.ts';
import { deviceclasses, resourceclaims, resourceclaimtemplates, resourceslices } from './resource.ts';
import { volumeattributesclasses } from './storage.ts';

/** The same resource in another version. @param lifecycle as `prerelease-lifecycle-gen` has it for the type; none when it is yet to be deprecated. */
const older = (present: KindInfo, version: string, lifecycle?: KindInfo['lifecycle']): KindInfo => ({
  ...present,
  version,
  storedAs: present.storedAs ?? apiVersionOf(present),
  lifecycle,
});

export const horizontalpodautoscalersV2beta2 = older(horizontalpodautoscalers, 'v2beta2', {
  deprecated: '1.23',
  removed: '1.26',
  replacement: 'autoscaling/v2 HorizontalPodAutoscaler',
});
export const horizontalpodautoscalersV2beta1 = older(horizontalpodautoscalers, 'v2beta1', {
  deprecated: '1.22',
  removed: '1.25',
  replacement: 'autoscaling/v2 HorizontalPodAutoscaler',
});
export const cronjobsV1beta1 = older(cronjobs, 'v1beta1', { deprecated: '1.21', removed: '1.25', replacement: 'batch/v1 CronJob' });
export const endpointslicesV1beta1 = older(endpointslices, 'v1beta1', {
  deprecated: '1.21',
  removed: '1.25',
  replacement: 'discovery.k8s.io/v1 EndpointSlice',
});
export const eventsV1beta1 = older(events, 'v1beta1', { deprecated: '1.22', removed: '1.25' });
export const ingressesV1beta1 = older(ingresses, 'v1beta1', {
  deprecated: '1.19',
  removed: '1.22',
  replacement: 'networking.k8s.io/v1 Ingress',
});
// The replacement is upstream's: it names the list.
export const ingressclassesV1beta1 = older(ingressclasses, 'v1beta1', {
  deprecated: '1.19',
  removed: '1.22',
  replacement: 'networking.k8s.io/v1 IngressClassList',
});
export const ipaddressesV1beta1 = older(ipaddresses, 'v1beta1', { deprecated: '1.34', removed: '1.37' });
export const servicecidrsV1beta1 = older(servicecidrs, 'v1beta1', { deprecated: '1.34', removed: '1.37' });
export const poddisruptionbudgetsV1beta1 = older(poddisruptionbudgets, 'v1beta1', {
  deprecated: '1.21',
  removed: '1.25',
  replacement: 'policy/v1 PodDisruptionBudget',
});
export const volumeattributesclassesV1beta1 = older(volumeattributesclasses, 'v1beta1', {
  deprecated: '1.34',
  removed: '1.37',
  replacement: 'storage.k8s.io/v1 VolumeAttributesClass',
});
// Deprecated in 1.35 and 1.36.
export const deviceclassesV1beta2 = older(deviceclasses, 'v1beta2');
export const resourceclaimsV1beta2 = older(resourceclaims, 'v1beta2');
export const resourceclaimtemplatesV1beta2 = older(resourceclaimtemplates, 'v1beta2');
export const resourceslicesV1beta2 = older(resourceslices, 'v1beta2');
export const deviceclassesV1beta1 = older(deviceclasses, 'v1beta1');
export const resourceclaimsV1beta1 = older(resourceclaims, 'v1beta1');
export const resourceclaimtemplatesV1beta1 = older(resourceclaimtemplates, 'v1beta1');
export const resourceslicesV1beta1 = older(resourceslices, 'v1beta1');

/** With their schemas, newest versions first. */
export const OLDER_KINDS: readonly ServedKind[] = [
  { info: horizontalpodautoscalersV2beta2, message: horizontalPodAutoscalerV2beta2 },
  { info: horizontalpodautoscalersV2beta1, message: horizontalPodAutoscalerV2beta1 },
  { info: cronjobsV1beta1, message: cronJob },
  { info: endpointslicesV1beta1, message: endpointSlice },
  { info: eventsV1beta1, message: event },
  { info: ingressesV1beta1, message: ingress },
  { info: ingressclassesV1beta1, message: ingressClass },
  { info: ipaddressesV1beta1, message: ipAddress },
  { info: servicecidrsV1beta1, message: serviceCIDR },
  { info: poddisruptionbudgetsV1beta1, message: podDisruptionBudget },
  { info: deviceclassesV1beta2, message: deviceClassV1beta2 },
  { info: resourceclaimsV1beta2, message: resourceClaimV1beta2 },
  { info: resourceclaimtemplatesV1beta2, message: resourceClaimTemplateV1beta2 },
  { info: resourceslicesV1beta2, message: resourceSliceV1beta2 },
  { info: deviceclassesV1beta1, message: deviceClassV1beta1 },
  { info: resourceclaimsV1beta1, message: resourceClaimV1beta1 },
  { info: resourceclaimtemplatesV1beta1, message: resourceClaimTemplateV1beta1 },
  { info: resourceslicesV1beta1, message: resourceSliceV1beta1 },
  { info: volumeattributesclassesV1beta1, message: volumeAttributesClass },
];
