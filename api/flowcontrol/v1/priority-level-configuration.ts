import { objectMeta } from '../../meta/v1/object-meta.ts';
import { int32, list, of, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const exemptPriorityLevelConfiguration = message('io.k8s.api.flowcontrol.v1.ExemptPriorityLevelConfiguration', '', () => ({
  nominalConcurrencyShares: int32(1, '', { pointer: true }),
  lendablePercent: int32(2, '', { pointer: true }),
}));
export interface ExemptPriorityLevelConfiguration extends Of<typeof exemptPriorityLevelConfiguration> {}

export const queuingConfiguration = message('io.k8s.api.flowcontrol.v1.QueuingConfiguration', '', () => ({
  queues: int32(1, '', { always: true }),
  handSize: int32(2, '', { always: true }),
  queueLengthLimit: int32(3, '', { always: true }),
}));
export interface QueuingConfiguration extends Of<typeof queuingConfiguration> {}

export const limitResponse = message('io.k8s.api.flowcontrol.v1.LimitResponse', '', () => ({
  type: string(1, '', { required: true }),
  queuing: ref(queuingConfiguration, 2, '', { pointer: true }),
}));
export interface LimitResponse extends Of<typeof limitResponse> {}

export const limitedPriorityLevelConfiguration = message('io.k8s.api.flowcontrol.v1.LimitedPriorityLevelConfiguration', '', () => ({
  nominalConcurrencyShares: int32(1, '', { nullable: true }),
  limitResponse: ref(limitResponse, 2, ''),
  lendablePercent: int32(3, '', { pointer: true }),
  borrowingLimitPercent: int32(4, '', { pointer: true }),
}));
export interface LimitedPriorityLevelConfiguration extends Of<typeof limitedPriorityLevelConfiguration> {}

export const priorityLevelConfigurationSpec = message('io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationSpec', '', () => ({
  type: string(1, '', { required: true }),
  limited: ref(limitedPriorityLevelConfiguration, 2, '', { pointer: true }),
  exempt: ref(exemptPriorityLevelConfiguration, 3, '', { pointer: true }),
}));
export interface PriorityLevelConfigurationSpec extends Of<typeof priorityLevelConfigurationSpec> {}

export const priorityLevelConfigurationCondition = message('io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationCondition', '', () => ({
  type: string(1, ''),
  status: string(2, ''),
  lastTransitionTime: time(3, ''),
  reason: string(4, ''),
  message: string(5, ''),
}));
export interface PriorityLevelConfigurationCondition extends Of<typeof priorityLevelConfigurationCondition> {}

export const priorityLevelConfigurationStatus = message('io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationStatus', '', () => ({
  conditions: list(of(priorityLevelConfigurationCondition), 1, '', {
    listType: 'map',
    listMapKeys: ['type'],
    patchMergeKey: 'type',
    patchStrategy: 'merge',
  }),
}));
export interface PriorityLevelConfigurationStatus extends Of<typeof priorityLevelConfigurationStatus> {}

export const priorityLevelConfiguration = message('io.k8s.api.flowcontrol.v1.PriorityLevelConfiguration', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  spec: ref(priorityLevelConfigurationSpec, 2, '', { present: true }),
  status: ref(priorityLevelConfigurationStatus, 3, '', { present: true }),
}));
export interface PriorityLevelConfiguration extends Of<typeof priorityLevelConfiguration> {}

export const priorityLevelConfigurationReference = message('io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationReference', '', () => ({
  name: string(1, '', { required: true }),
}));
export interface PriorityLevelConfigurationReference extends Of<typeof priorityLevelConfigurationReference> {}
