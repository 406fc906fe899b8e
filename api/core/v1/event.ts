import { objectMeta } from '../../meta/v1/object-meta.ts';
import { int32, microTime, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { objectReference } from './references.ts';

export const eventSource = message('io.k8s.api.core.v1.EventSource', 'Who reported an event.', () => ({
  component: string(1, 'Program it comes from, such as kubelet.'),
  host: string(2, 'Node the program runs on.'),
}));
export interface EventSource extends Of<typeof eventSource> {}

export const eventSeries = message('io.k8s.api.core.v1.EventSeries', 'A run of equal events, kept as one.', () => ({
  count: int32(1, 'How many there were, up to the last one recorded.'),
  lastObservedTime: microTime(2, 'When the last one was seen.'),
}));
export interface EventSeries extends Of<typeof eventSeries> {}

export const event = message(
  'io.k8s.api.core.v1.Event',
  'Something that happened to an object, for people to read; kept only for a while.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, 'Name, namespace and the other facts every object carries.', { required: true }),
    involvedObject: ref(objectReference, 2, 'The object it happened to.', { required: true }),
    reason: string(3, 'One CamelCase word for what happened, such as Scheduled or BackOff.'),
    message: string(4, 'What happened, in words for people.'),
    source: ref(eventSource, 5, 'Who reported it.'),
    firstTimestamp: time(6, 'When it was first seen.'),
    lastTimestamp: time(7, 'When it was last seen.'),
    count: int32(8, 'How often it has been seen.'),
    type: string(9, 'Normal or Warning; more may come.'),
    eventTime: microTime(10, 'When it was first seen, to the microsecond.'),
    series: ref(eventSeries, 11, 'The run of events it stands for; absent if it happened once.', { pointer: true }),
    action: string(12, 'What was done, or went wrong, regarding the object.'),
    related: ref(objectReference, 13, 'A second object that has to do with it.', { pointer: true }),
    reportingComponent: string(14, 'Controller that reported it, such as kubernetes.io/kubelet.', { always: true }),
    reportingInstance: string(15, "Which instance of that controller, such as its pod's name.", { always: true }),
  }),
);
export interface Event extends Of<typeof event> {}
