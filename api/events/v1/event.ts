import { eventSource } from '../../core/v1/event.ts';
import { objectReference } from '../../core/v1/references.ts';
import { objectMeta } from '../../meta/v1/object-meta.ts';
import { int32, microTime, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const eventSeries = message('io.k8s.api.events.v1.EventSeries', '', () => ({
  count: int32(1, '', { required: true }),
  lastObservedTime: microTime(2, '', { required: true }),
}));
export interface EventSeries extends Of<typeof eventSeries> {}

export const event = message('io.k8s.api.events.v1.Event', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  eventTime: microTime(2, '', { required: true }),
  series: ref(eventSeries, 3, '', { pointer: true }),
  reportingController: string(4, ''),
  reportingInstance: string(5, ''),
  action: string(6, ''),
  reason: string(7, ''),
  regarding: ref(objectReference, 8, ''),
  related: ref(objectReference, 9, '', { pointer: true }),
  note: string(10, ''),
  type: string(11, ''),
  deprecatedSource: ref(eventSource, 12, ''),
  deprecatedFirstTimestamp: time(13, ''),
  deprecatedLastTimestamp: time(14, ''),
  deprecatedCount: int32(15, ''),
}));
export interface Event extends Of<typeof event> {}
