// Every type of the API by its upstream name; where two groups share one, the less used carries its group and version.
export type * from './admission/v1/admission-review.ts';
export type * from './admissionregistration/v1/match.ts';
export type * from './admissionregistration/v1/validating-admission-policy.ts';
export type * from './admissionregistration/v1/webhook-configuration.ts';
export type * from './admissionregistration/v1beta1/mutating-admission-policy.ts';
export type {
  CustomResourceColumnDefinition,
  CustomResourceConversion,
  CustomResourceDefinition,
  CustomResourceDefinitionCondition,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionSpec,
  CustomResourceDefinitionStatus,
  CustomResourceDefinitionVersion,
  CustomResourceSubresourceScale,
  CustomResourceSubresourceStatus,
  CustomResourceSubresources,
  CustomResourceValidation,
  SelectableField,
  ServiceReference as ApiextensionsV1ServiceReference,
  WebhookClientConfig as ApiextensionsV1WebhookClientConfig,
  WebhookConversion,
} from './apiextensions/v1/custom-resource-definition.ts';
export type * from './apiextensions/v1/json-schema.ts';
export type {
  APIService,
  APIServiceCondition,
  APIServiceSpec,
  APIServiceStatus,
  ServiceReference as ApiregistrationV1ServiceReference,
} from './apiregistration/v1/api-service.ts';
export type * from './apps/v1/controller-revision.ts';
export type * from './apps/v1/daemon-set.ts';
export type * from './apps/v1/deployment.ts';
export type * from './apps/v1/replica-set.ts';
export type * from './apps/v1/stateful-set.ts';
export type * from './authentication/v1/token-review.ts';
export type * from './authorization/v1/access-review.ts';
export type {
  CrossVersionObjectReference as AutoscalingV1CrossVersionObjectReference,
  HorizontalPodAutoscaler as AutoscalingV1HorizontalPodAutoscaler,
  HorizontalPodAutoscalerSpec as AutoscalingV1HorizontalPodAutoscalerSpec,
  HorizontalPodAutoscalerStatus as AutoscalingV1HorizontalPodAutoscalerStatus,
} from './autoscaling/v1/horizontal-pod-autoscaler.ts';
export type * from './autoscaling/v1/scale.ts';
export type * from './autoscaling/v2/horizontal-pod-autoscaler.ts';
export type * from './autoscaling/v2/metric.ts';
export type { HorizontalPodAutoscaler as AutoscalingV2beta1HorizontalPodAutoscaler } from './autoscaling/v2beta1/horizontal-pod-autoscaler.ts';
export type * from './batch/v1/cron-job.ts';
export type * from './batch/v1/job.ts';
export type * from './certificates/v1/certificate-signing-request.ts';
export type * from './coordination/v1/lease.ts';
export type * from './core/v1/component-status.ts';
export type * from './core/v1/config-map.ts';
export type * from './core/v1/container.ts';
export type * from './core/v1/container-status.ts';
export type * from './core/v1/endpoints.ts';
export type * from './core/v1/env.ts';
export type * from './core/v1/event.ts';
export type * from './core/v1/namespace.ts';
export type * from './core/v1/node.ts';
export type * from './core/v1/node-selector.ts';
export type * from './core/v1/persistent-volume.ts';
export type * from './core/v1/persistent-volume-claim.ts';
export type * from './core/v1/pod.ts';
export type * from './core/v1/pod-affinity.ts';
export type * from './core/v1/pod-status.ts';
export type * from './core/v1/probe.ts';
export type * from './core/v1/quota.ts';
export type * from './core/v1/references.ts';
export type * from './core/v1/replication-controller.ts';
export type * from './core/v1/security-context.ts';
export type * from './core/v1/service.ts';
export type * from './core/v1/service-account.ts';
export type * from './core/v1/volume.ts';
export type * from './core/v1/volume-projection.ts';
export type * from './core/v1/volume-source.ts';
export type {
  Endpoint,
  EndpointConditions,
  EndpointHints,
  EndpointPort as DiscoveryV1EndpointPort,
  EndpointSlice,
  ForNode,
  ForZone,
} from './discovery/v1/endpoint-slice.ts';
export type { EndpointSlice as DiscoveryV1beta1EndpointSlice } from './discovery/v1beta1/endpoint-slice.ts';
export type { Event as EventsV1Event, EventSeries as EventsV1EventSeries } from './events/v1/event.ts';
export type {
  FlowDistinguisherMethod,
  FlowSchema,
  FlowSchemaCondition,
  FlowSchemaSpec,
  FlowSchemaStatus,
  GroupSubject,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
  ServiceAccountSubject,
  Subject as FlowcontrolV1Subject,
  UserSubject,
} from './flowcontrol/v1/flow-schema.ts';
export type * from './flowcontrol/v1/priority-level-configuration.ts';
export type * from './meta/v1/condition.ts';
export type * from './meta/v1/discovery.ts';
export type * from './meta/v1/object-meta.ts';
export type * from './meta/v1/options.ts';
export type * from './meta/v1/selector.ts';
export type * from './meta/v1/status.ts';
export type * from './metrics/v1beta1/metrics.ts';
export type * from './networking/v1/ingress.ts';
export type * from './networking/v1/ip-address.ts';
export type * from './networking/v1/network-policy.ts';
export type {
  Ingress as NetworkingV1beta1Ingress,
  IngressBackend as NetworkingV1beta1IngressBackend,
} from './networking/v1beta1/ingress.ts';
export type * from './node/v1/runtime-class.ts';
export type * from './policy/v1/pod-disruption-budget.ts';
export type {
  AggregationRule,
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  Role,
  RoleBinding,
  RoleRef,
  Subject,
} from './rbac/v1/role.ts';
export type * from './resource/v1/device.ts';
export type * from './resource/v1/device-class.ts';
export type {
  AllocatedDeviceStatus,
  AllocationResult,
  CapacityRequirements,
  DeviceAllocationConfiguration,
  DeviceAllocationResult,
  DeviceClaim,
  DeviceClaimConfiguration,
  DeviceConstraint,
  DeviceRequest,
  DeviceRequestAllocationResult,
  DeviceSubRequest,
  DeviceToleration,
  ExactDeviceRequest,
  NetworkDeviceData,
  ResourceClaim as ResourceV1ResourceClaim,
  ResourceClaimConsumerReference,
  ResourceClaimSpec,
  ResourceClaimStatus,
  ResourceClaimTemplate,
  ResourceClaimTemplateSpec,
} from './resource/v1/resource-claim.ts';
export type * from './resource/v1/resource-slice.ts';
export type {
  DeviceClaim as ResourceV1beta1DeviceClaim,
  DeviceRequest as ResourceV1beta1DeviceRequest,
  ResourceClaim as ResourceV1beta1ResourceClaim,
  ResourceClaimTemplate as ResourceV1beta1ResourceClaimTemplate,
  ResourceSlice as ResourceV1beta1ResourceSlice,
} from './resource/v1beta1/resource.ts';
export type * from './scheduling/v1/priority-class.ts';
export type {
  CSIDriver,
  CSIDriverSpec,
  CSINode,
  CSINodeDriver,
  CSINodeSpec,
  CSIStorageCapacity,
  TokenRequest as StorageV1TokenRequest,
  VolumeNodeResources,
} from './storage/v1/csi.ts';
export type * from './storage/v1/storage-class.ts';
export type * from './storage/v1/volume-attachment.ts';
export type * from './storage/v1/volume-attributes-class.ts';
