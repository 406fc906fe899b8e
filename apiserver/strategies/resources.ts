import {
  apiextensionsKinds,
  apiregistrationKinds,
  type Binding,
  certificatesKinds,
  coordinationKinds,
  coreKinds,
  nodeKinds,
  policyKinds,
  rbacKinds,
  resourceKinds,
  schedulingKinds,
} from '../../api/index.ts';
import { type Strategy, type StrategyOptions, strategyKey } from '../registry/strategy.ts';
import { ruleChecks } from '../schema-rules/index.ts';
import { customResourceDefinitionStrategy } from './apiextensions/custom-resource-definition.ts';
import { apiServiceStrategy } from './apiregistration/api-service.ts';
import { countedSigningRequests } from './certificates/certificate-signing-request.ts';
import { leaseStrategy } from './coordination/lease.ts';
import { componentStatusStrategy } from './core/component-status.ts';
import { configMapStrategy } from './core/config-map.ts';
import { endpointsStrategy } from './core/endpoints.ts';
import { eventStrategy } from './core/event.ts';
import { limitRangeStrategy } from './core/limit-range.ts';
import { namespaceStrategy } from './core/namespace.ts';
import { nodeStrategy } from './core/node.ts';
import { persistentVolumeStrategy } from './core/persistent-volume.ts';
import { persistentVolumeClaimStrategy } from './core/persistent-volume-claim.ts';
import { resourceQuotaStrategy } from './core/resource-quota.ts';
import { secretStrategy } from './core/secret.ts';
import { serviceStrategy } from './core/service/strategy.ts';
import { serviceAccountStrategy } from './core/service-account.ts';
import { metricsStrategies } from './metrics/metrics.ts';
import { runtimeClassStrategy } from './node/runtime-class.ts';
import { podDisruptionBudgetStrategy } from './policy/pod-disruption-budget.ts';
import { clusterRoleStrategy, roleStrategy } from './rbac/role.ts';
import { clusterRoleBindingStrategy, roleBindingStrategy } from './rbac/role-binding.ts';
import { deviceClassStrategy } from './resource/device-class.ts';
import { resourceClaimStrategy } from './resource/resource-claim.ts';
import { resourceClaimTemplateStrategy } from './resource/resource-claim-template.ts';
import { resourceSliceStrategy } from './resource/resource-slice.ts';
import { priorityClassStrategy } from './scheduling/priority-class.ts';
import { strategyOf } from './shared.ts';

/** Strategies of the kinds that are not workloads. */
export const resourceStrategies = (options: StrategyOptions): readonly (readonly [string, Strategy<never>])[] => [
  [strategyKey(apiextensionsKinds.customresourcedefinitions), customResourceDefinitionStrategy(ruleChecks)],
  [strategyKey(certificatesKinds.certificatesigningrequests), countedSigningRequests(options.certificates)],
  [strategyKey(apiregistrationKinds.apiservices), apiServiceStrategy],
  // Never stored: a create binds a pod.
  [strategyKey(coreKinds.bindings), strategyOf<Binding>({})],
  [strategyKey(coreKinds.componentstatuses), componentStatusStrategy],
  [strategyKey(coreKinds.configmaps), configMapStrategy],
  [strategyKey(coreKinds.secrets), secretStrategy],
  [strategyKey(coreKinds.serviceaccounts), serviceAccountStrategy],
  [strategyKey(coreKinds.namespaces), namespaceStrategy],
  [strategyKey(coreKinds.nodes), nodeStrategy],
  [strategyKey(coreKinds.events), eventStrategy(options.eventTtlSeconds)],
  [strategyKey(coreKinds.endpoints), endpointsStrategy],
  [strategyKey(coreKinds.services), serviceStrategy(options)],
  [strategyKey(coreKinds.persistentvolumes), persistentVolumeStrategy],
  [strategyKey(coreKinds.persistentvolumeclaims), persistentVolumeClaimStrategy],
  [strategyKey(coreKinds.limitranges), limitRangeStrategy],
  [strategyKey(coreKinds.resourcequotas), resourceQuotaStrategy],
  [strategyKey(policyKinds.poddisruptionbudgets), podDisruptionBudgetStrategy],
  [strategyKey(schedulingKinds.priorityclasses), priorityClassStrategy],
  [strategyKey(nodeKinds.runtimeclasses), runtimeClassStrategy],
  [strategyKey(coordinationKinds.leases), leaseStrategy],
  ...metricsStrategies,
  [strategyKey(resourceKinds.deviceclasses), deviceClassStrategy],
  [strategyKey(resourceKinds.resourceclaims), resourceClaimStrategy],
  [strategyKey(resourceKinds.resourceclaimtemplates), resourceClaimTemplateStrategy],
  [strategyKey(resourceKinds.resourceslices), resourceSliceStrategy],
  [strategyKey(rbacKinds.roles), roleStrategy],
  [strategyKey(rbacKinds.clusterroles), clusterRoleStrategy],
  [strategyKey(rbacKinds.rolebindings), roleBindingStrategy],
  [strategyKey(rbacKinds.clusterrolebindings), clusterRoleBindingStrategy],
];
