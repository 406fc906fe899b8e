import { objectMeta } from '../../meta/v1/object-meta.ts';
import { int32, list, of, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const exemptPriorityLevelConfiguration = message(
  'io.k8s.api.flowcontrol.v1.ExemptPriorityLevelConfiguration',
  'Seats reserved for a level that is never held back.',
  () => ({
    nominalConcurrencyShares: int32(1, "Its share of the server's seats, for lending; 0 unless given.", { pointer: true }),
    lendablePercent: int32(2, 'Percent of its seats that others may borrow; 0 unless given.', { pointer: true }),
  }),
);
export interface ExemptPriorityLevelConfiguration extends Of<typeof exemptPriorityLevelConfiguration> {}

export const queuingConfiguration = message(
  'io.k8s.api.flowcontrol.v1.QueuingConfiguration',
  'Queues for the requests of a level that must wait.',
  () => ({
    queues: int32(1, 'How many queues; 64 unless given.', { always: true }),
    handSize: int32(2, 'How many queues a flow may be dealt, of which it takes the shortest; 8 unless given.', { always: true }),
    queueLengthLimit: int32(3, 'Most requests waiting in one queue, beyond which they are refused; 50 unless given.', { always: true }),
  }),
);
export interface QueuingConfiguration extends Of<typeof queuingConfiguration> {}

export const limitResponse = message(
  'io.k8s.api.flowcontrol.v1.LimitResponse',
  'What to do with requests there is no seat for.',
  () => ({
    type: string(1, 'Queue lets them wait, Reject refuses them with 429.', { required: true }),
    queuing: ref(queuingConfiguration, 2, 'The queues; with Queue only.', { pointer: true }),
  }),
  { discriminator: 'type' },
);
export interface LimitResponse extends Of<typeof limitResponse> {}

export const limitedPriorityLevelConfiguration = message(
  'io.k8s.api.flowcontrol.v1.LimitedPriorityLevelConfiguration',
  'How many requests of a level may run at once, and what the others do.',
  () => ({
    nominalConcurrencyShares: int32(1, "Its share of the server's seats, relative to other levels; 30 unless given.", { nullable: true }),
    limitResponse: ref(limitResponse, 2, 'What to do with requests there is no seat for.'),
    lendablePercent: int32(3, 'Percent of its seats that others may borrow; 0 unless given.', { pointer: true }),
    borrowingLimitPercent: int32(4, 'Most it may borrow, in percent of its own seats; no limit unless given.', { pointer: true }),
  }),
);
export interface LimitedPriorityLevelConfiguration extends Of<typeof limitedPriorityLevelConfiguration> {}

export const priorityLevelConfigurationSpec = message(
  'io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationSpec',
  'How a priority level treats requests.',
  () => ({
    type: string(1, 'Exempt never holds requests back; Limited does.', { required: true }),
    limited: ref(limitedPriorityLevelConfiguration, 2, 'Details, required for Limited.', { pointer: true }),
    exempt: ref(exemptPriorityLevelConfiguration, 3, 'Details, for Exempt only.', { pointer: true }),
  }),
  { discriminator: 'type' },
);
export interface PriorityLevelConfigurationSpec extends Of<typeof priorityLevelConfigurationSpec> {}

export const priorityLevelConfigurationCondition = message(
  'io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationCondition',
  "One aspect of a priority level's state.",
  () => ({
    type: string(1, 'Which aspect of the object this condition speaks of.'),
    status: string(2, 'True, False or Unknown.'),
    lastTransitionTime: time(3, 'When status last went from one value to another.'),
    reason: string(4, 'One CamelCase word for programs: why the condition last changed.'),
    message: string(5, 'Explanation for people of why the condition last changed.'),
  }),
);
export interface PriorityLevelConfigurationCondition extends Of<typeof priorityLevelConfigurationCondition> {}

export const priorityLevelConfigurationStatus = message(
  'io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationStatus',
  'State of a priority level.',
  () => ({
    conditions: list(of(priorityLevelConfigurationCondition), 1, 'Aspects of its state, one entry per type.', {
      listType: 'map',
      listMapKeys: ['type'],
      patchMergeKey: 'type',
      patchStrategy: 'merge',
    }),
  }),
);
export interface PriorityLevelConfigurationStatus extends Of<typeof priorityLevelConfigurationStatus> {}

export const priorityLevelConfiguration = message(
  'io.k8s.api.flowcontrol.v1.PriorityLevelConfiguration',
  'A priority level: how many requests the API server handles at once for it.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
      present: true,
    }),
    spec: ref(priorityLevelConfigurationSpec, 2, 'The state that is wanted.', { present: true }),
    status: ref(priorityLevelConfigurationStatus, 3, 'The state last seen; written by the system, not by users.', { present: true }),
  }),
);
export interface PriorityLevelConfiguration extends Of<typeof priorityLevelConfiguration> {}

export const priorityLevelConfigurationReference = message(
  'io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationReference',
  'Names a priority level.',
  () => ({
    name: string(1, 'Name of the priority level.', { required: true }),
  }),
);
export interface PriorityLevelConfigurationReference extends Of<typeof priorityLevelConfigurationReference> {}
