import { type Event, eventsKinds, parseTime, toTime } from '../../../api/index.ts';
import { olderKinds } from '../../../api/schema.ts';
import { ageOf, strategyOf } from '../shared.ts';
import { validateEvent, validateEventUpdate, validateStrictEvent, validateStrictEventUpdate } from './event-validation.ts';
import { eventView } from './event-view.ts';

/** Upstream: `pkg/registry/core/event`. */
export const eventStrategy = (ttlSeconds: number) =>
  strategyOf<Event>({
    ttlSeconds,
    defaultPropagation: 'unsupported',
    allowCreateOnUpdate: true,
    validatesMetadata: true,
    allowsPlainFinalizers: true,
    validateCreate: (_context, event) => validateEvent(event, 'reportingComponent'),
    validateUpdate: (_context, event) => validateEventUpdate(event, 'reportingComponent'),
    views: {
      'events.k8s.io/v1': eventView(eventsKinds.events, {
        validateCreate: (_context, event) => validateStrictEvent(event),
        validateUpdate: (_context, event, old) => validateStrictEventUpdate(event, old),
      }),
      // The beta never asked for more than the core group does.
      'events.k8s.io/v1beta1': eventView(olderKinds.eventsV1beta1, {
        validateCreate: (_context, event) => validateEvent(event, 'reportingController'),
        validateUpdate: (_context, event) => validateEventUpdate(event, 'reportingController'),
      }),
    },
    fieldSelectors: {
      'involvedObject.kind': ({ involvedObject }) => involvedObject.kind ?? '',
      'involvedObject.namespace': ({ involvedObject }) => involvedObject.namespace ?? '',
      'involvedObject.name': ({ involvedObject }) => involvedObject.name ?? '',
      'involvedObject.uid': ({ involvedObject }) => involvedObject.uid ?? '',
      'involvedObject.apiVersion': ({ involvedObject }) => involvedObject.apiVersion ?? '',
      'involvedObject.resourceVersion': ({ involvedObject }) => involvedObject.resourceVersion ?? '',
      'involvedObject.fieldPath': ({ involvedObject }) => involvedObject.fieldPath ?? '',
      reason: ({ reason }) => reason ?? '',
      reportingComponent: (event) => event.reportingComponent ?? '',
      source: ({ source, reportingComponent }) => source?.component || (reportingComponent ?? ''),
      type: ({ type }) => type ?? '',
    },
    tableRow: eventRow,
  });

function eventRow(event: Event, now: number): unknown[] {
  const { involvedObject, source, metadata, series, type = '', reason = '' } = event;
  const first = event.firstTimestamp ? ageOf(event.firstTimestamp, now) : sinceMicro(event.eventTime, now);
  const last = event.lastTimestamp ? ageOf(event.lastTimestamp, now) : first;
  const kind = (involvedObject.kind ?? '').toLowerCase();
  const component = source?.component || (event.reportingComponent ?? '');
  const instance = source?.host || event.reportingInstance;
  return [
    series ? sinceMicro(series.lastObservedTime, now) : last,
    type,
    reason,
    involvedObject.name ? `${kind}/${involvedObject.name}` : kind,
    involvedObject.fieldPath ?? '',
    instance ? `${component}, ${instance}` : component,
    (event.message ?? '').trim(),
    first,
    series ? (series.count ?? 0) : event.count || 1,
    metadata.name ?? '',
  ];
}

const sinceMicro = (time: string | null | undefined, now: number): string => (time ? ageOf(toTime(parseTime(time)), now) : '<unknown>');
