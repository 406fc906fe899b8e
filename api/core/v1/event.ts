import { objectMeta } from '../../meta/v1/object-meta.ts';
import { int32, microTime, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { objectReference } from './references.ts';

export const eventSource = message('io.k8s.api.core.v1.EventSource', '', () => ({
  component: string(1, ''),
  host: string(2, ''),
}));
export interface EventSource extends Of<typeof eventSource> {}

export const eventSeries = message('io.k8s.api.core.v1.EventSeries', '', () => ({
  count: int32(1, ''),
  lastObservedTime: microTime(2, ''),
}));
export interface EventSeries extends Of<typeof eventSeries> {}

export const event = message('io.k8s.api.core.v1.Event', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { required: true }),
  involvedObject: ref(objectReference, 2, '', { required: true }),
  reason: string(3, ''),
  message: string(4, ''),
  source: ref(eventSource, 5, ''),
  firstTimestamp: time(6, ''),
  lastTimestamp: time(7, ''),
  count: int32(8, ''),
  type: string(9, ''),
  eventTime: microTime(10, ''),
  series: ref(eventSeries, 11, '', { pointer: true }),
  action: string(12, ''),
  related: ref(objectReference, 13, '', { pointer: true }),
  reportingComponent: string(14, '', { always: true }),
  reportingInstance: string(15, '', { always: true }),
}));
export interface Event extends Of<typeof event> {}
