import { eventSource } from '../../core/v1/event.ts';
import { objectReference } from '../../core/v1/references.ts';
import { objectMeta } from '../../meta/v1/object-meta.ts';
import { int32, microTime, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const eventSeries = message('io.k8s.api.events.v1.EventSeries', 'A run of equal events, kept as one.', () => ({
  count: int32(1, 'How many there were, up to the last one recorded.', { required: true }),
  lastObservedTime: microTime(2, 'When the last one was seen.', { required: true }),
}));
export interface EventSeries extends Of<typeof eventSeries> {}

export const event = message(
  'io.k8s.api.events.v1.Event',
  'Something that happened to an object, for people to read; kept only for a while.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
      present: true,
    }),
    eventTime: microTime(2, 'When it was first seen, to the microsecond; required.', { required: true }),
    series: ref(eventSeries, 3, 'The run of events it stands for; absent if it happened once.', { pointer: true }),
    reportingController: string(4, 'Controller that reported it, such as kubernetes.io/kubelet; required.'),
    reportingInstance: string(5, "Which instance of that controller, such as its pod's name; required."),
    action: string(6, 'What was done, or went wrong, regarding the object; required.'),
    reason: string(7, 'One CamelCase word for what happened, such as Scheduled or BackOff; required.'),
    regarding: ref(objectReference, 8, 'The object it happened to.'),
    related: ref(objectReference, 9, 'A second object that has to do with it.', { pointer: true }),
    note: string(10, 'What happened, in words for people; at most 1 kB.'),
    type: string(11, 'Normal or Warning; more may come.'),
    deprecatedSource: ref(eventSource, 12, "The core group's source."),
    deprecatedFirstTimestamp: time(13, "The core group's firstTimestamp."),
    deprecatedLastTimestamp: time(14, "The core group's lastTimestamp."),
    deprecatedCount: int32(15, "The core group's count."),
  }),
);
export interface Event extends Of<typeof event> {}
