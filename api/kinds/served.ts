import { validatingAdmissionPolicy, validatingAdmissionPolicyBinding } from '../admissionregistration/v1/validating-admission-policy.ts';
import { mutatingWebhookConfiguration, validatingWebhookConfiguration } from '../admissionregistration/v1/webhook-configuration.ts';
import {
  mutatingAdmissionPolicyBinding as mutatingAdmissionPolicyBindingV1alpha1,
  mutatingAdmissionPolicy as mutatingAdmissionPolicyV1alpha1,
} from '../admissionregistration/v1alpha1/mutating-admission-policy.ts';
import { mutatingAdmissionPolicy, mutatingAdmissionPolicyBinding } from '../admissionregistration/v1beta1/mutating-admission-policy.ts';
import { customResourceDefinition } from '../apiextensions/v1/custom-resource-definition.ts';
import { apiService } from '../apiregistration/v1/api-service.ts';
import { controllerRevision } from '../apps/v1/controller-revision.ts';
import { daemonSet } from '../apps/v1/daemon-set.ts';
import { deployment } from '../apps/v1/deployment.ts';
import { replicaSet } from '../apps/v1/replica-set.ts';
import { statefulSet } from '../apps/v1/stateful-set.ts';
import { selfSubjectReview, tokenReview } from '../authentication/v1/token-review.ts';
import {
  localSubjectAccessReview,
  selfSubjectAccessReview,
  selfSubjectRulesReview,
  subjectAccessReview,
} from '../authorization/v1/access-review.ts';
import { horizontalPodAutoscaler as horizontalPodAutoscalerV1 } from '../autoscaling/v1/horizontal-pod-autoscaler.ts';
import { horizontalPodAutoscaler } from '../autoscaling/v2/horizontal-pod-autoscaler.ts';
import { cronJob } from '../batch/v1/cron-job.ts';
import { job } from '../batch/v1/job.ts';
import { certificateSigningRequest } from '../certificates/v1/certificate-signing-request.ts';
import { lease } from '../coordination/v1/lease.ts';
import { binding, componentStatus } from '../core/v1/component-status.ts';
import { configMap, secret } from '../core/v1/config-map.ts';
import { endpoints } from '../core/v1/endpoints.ts';
import { event } from '../core/v1/event.ts';
import { namespace } from '../core/v1/namespace.ts';
import { node as nodeMessage } from '../core/v1/node.ts';
import { persistentVolume } from '../core/v1/persistent-volume.ts';
import { persistentVolumeClaim } from '../core/v1/persistent-volume-claim.ts';
import { pod, podTemplate } from '../core/v1/pod.ts';
import { limitRange, resourceQuota } from '../core/v1/quota.ts';
import { replicationController } from '../core/v1/replication-controller.ts';
import { service } from '../core/v1/service.ts';
import { serviceAccount } from '../core/v1/service-account.ts';
import { endpointSlice } from '../discovery/v1/endpoint-slice.ts';
import { event as eventsEvent } from '../events/v1/event.ts';
import { flowSchema } from '../flowcontrol/v1/flow-schema.ts';
import { priorityLevelConfiguration } from '../flowcontrol/v1/priority-level-configuration.ts';
import type { ServedKind } from '../kind-info.ts';
import { nodeMetrics, podMetrics } from '../metrics/v1beta1/metrics.ts';
import { ingress, ingressClass } from '../networking/v1/ingress.ts';
import { ipAddress, serviceCIDR } from '../networking/v1/ip-address.ts';
import { networkPolicy } from '../networking/v1/network-policy.ts';
import { runtimeClass } from '../node/v1/runtime-class.ts';
import { podDisruptionBudget } from '../policy/v1/pod-disruption-budget.ts';
import { clusterRole, clusterRoleBinding, role, roleBinding } from '../rbac/v1/role.ts';
import { deviceClass } from '../resource/v1/device-class.ts';
import { resourceClaim, resourceClaimTemplate } from '../resource/v1/resource-claim.ts';
import { resourceSlice } from '../resource/v1/resource-slice.ts';
import { priorityClass } from '../scheduling/v1/priority-class.ts';
import { csiDriver, csiNode, csiStorageCapacity } from '../storage/v1/csi.ts';
import { storageClass } from '../storage/v1/storage-class.ts';
import { volumeAttachment } from '../storage/v1/volume-attachment.ts';
import { volumeAttributesClass } from '../storage/v1/volume-attributes-class.ts';
import * as admissionregistration from './admissionregistration.ts';
import * as apiextensions from './apiextensions.ts';
import * as apiregistration from './apiregistration.ts';
import * as apps from './apps.ts';
import * as authentication from './authentication.ts';
import * as authorization from './authorization.ts';
import * as autoscaling from './autoscaling.ts';
import * as batch from './batch.ts';
import * as certificates from './certificates.ts';
import * as coordination from './coordination.ts';
import * as core from './core.ts';
import * as discovery from './discovery.ts';
import * as events from './events.ts';
import * as flowcontrol from './flowcontrol.ts';
import * as metrics from './metrics.ts';
import * as networking from './networking.ts';
import * as node from './node.ts';
import { OLDER_KINDS } from './older.ts';
import * as policy from './policy.ts';
import * as rbac from './rbac.ts';
import * as resource from './resource.ts';
import * as scheduling from './scheduling.ts';
import * as storage from './storage.ts';

/** Every built-in kind with its schema, in the order discovery lists them: what is served unless told otherwise. */
export const BUILT_IN_KINDS: readonly ServedKind[] = [
  { info: core.bindings, message: binding },
  { info: core.componentstatuses, message: componentStatus },
  { info: core.configmaps, message: configMap },
  { info: core.endpoints, message: endpoints },
  { info: core.events, message: event },
  { info: core.limitranges, message: limitRange },
  { info: core.namespaces, message: namespace },
  { info: core.nodes, message: nodeMessage },
  { info: core.persistentvolumeclaims, message: persistentVolumeClaim },
  { info: core.persistentvolumes, message: persistentVolume },
  { info: core.pods, message: pod },
  { info: core.podtemplates, message: podTemplate },
  { info: core.replicationcontrollers, message: replicationController },
  { info: core.resourcequotas, message: resourceQuota },
  { info: core.secrets, message: secret },
  { info: core.serviceaccounts, message: serviceAccount },
  { info: core.services, message: service },
  { info: apiregistration.apiservices, message: apiService },
  { info: apps.controllerrevisions, message: controllerRevision },
  { info: apps.daemonsets, message: daemonSet },
  { info: apps.deployments, message: deployment },
  { info: apps.replicasets, message: replicaSet },
  { info: apps.statefulsets, message: statefulSet },
  { info: authentication.selfsubjectreviews, message: selfSubjectReview },
  { info: authentication.tokenreviews, message: tokenReview },
  { info: authorization.localsubjectaccessreviews, message: localSubjectAccessReview },
  { info: authorization.selfsubjectaccessreviews, message: selfSubjectAccessReview },
  { info: authorization.selfsubjectrulesreviews, message: selfSubjectRulesReview },
  { info: authorization.subjectaccessreviews, message: subjectAccessReview },
  { info: autoscaling.horizontalpodautoscalers, message: horizontalPodAutoscaler },
  { info: autoscaling.horizontalpodautoscalersV1, message: horizontalPodAutoscalerV1 },
  { info: batch.cronjobs, message: cronJob },
  { info: batch.jobs, message: job },
  { info: certificates.certificatesigningrequests, message: certificateSigningRequest },
  { info: networking.ingressclasses, message: ingressClass },
  { info: networking.ingresses, message: ingress },
  { info: networking.ipaddresses, message: ipAddress },
  { info: networking.networkpolicies, message: networkPolicy },
  { info: networking.servicecidrs, message: serviceCIDR },
  { info: policy.poddisruptionbudgets, message: podDisruptionBudget },
  { info: rbac.clusterrolebindings, message: clusterRoleBinding },
  { info: rbac.clusterroles, message: clusterRole },
  { info: rbac.rolebindings, message: roleBinding },
  { info: rbac.roles, message: role },
  { info: storage.csidrivers, message: csiDriver },
  { info: storage.csinodes, message: csiNode },
  { info: storage.csistoragecapacities, message: csiStorageCapacity },
  { info: storage.storageclasses, message: storageClass },
  { info: storage.volumeattachments, message: volumeAttachment },
  { info: storage.volumeattributesclasses, message: volumeAttributesClass },
  { info: admissionregistration.mutatingwebhookconfigurations, message: mutatingWebhookConfiguration },
  { info: admissionregistration.validatingadmissionpolicies, message: validatingAdmissionPolicy },
  { info: admissionregistration.validatingadmissionpolicybindings, message: validatingAdmissionPolicyBinding },
  { info: admissionregistration.validatingwebhookconfigurations, message: validatingWebhookConfiguration },
  { info: apiextensions.customresourcedefinitions, message: customResourceDefinition },
  { info: scheduling.priorityclasses, message: priorityClass },
  { info: coordination.leases, message: lease },
  { info: node.runtimeclasses, message: runtimeClass },
  { info: discovery.endpointslices, message: endpointSlice },
  { info: events.events, message: eventsEvent },
  { info: flowcontrol.flowschemas, message: flowSchema },
  { info: flowcontrol.prioritylevelconfigurations, message: priorityLevelConfiguration },
  { info: resource.deviceclasses, message: deviceClass },
  { info: resource.resourceclaims, message: resourceClaim },
  { info: resource.resourceclaimtemplates, message: resourceClaimTemplate },
  { info: resource.resourceslices, message: resourceSlice },
];

/** Those, and the versions that are served only when told to. */
export const ALL_KINDS: readonly ServedKind[] = [
  ...BUILT_IN_KINDS,
  ...OLDER_KINDS,
  { info: admissionregistration.mutatingadmissionpolicies, message: mutatingAdmissionPolicy },
  { info: admissionregistration.mutatingadmissionpolicybindings, message: mutatingAdmissionPolicyBinding },
  { info: admissionregistration.mutatingadmissionpoliciesV1alpha1, message: mutatingAdmissionPolicyV1alpha1 },
  { info: admissionregistration.mutatingadmissionpolicybindingsV1alpha1, message: mutatingAdmissionPolicyBindingV1alpha1 },
  { info: metrics.nodes, message: nodeMetrics },
  { info: metrics.pods, message: podMetrics },
];
