import { type Event, type FieldError, fieldError, parseTime, toTime } from '../../../api/index.ts';
import { ageOf, strategyOf } from '../shared.ts';

/** Upstream: `pkg/registry/core/event`, `pkg/apis/core/validation/events.go` (the legacy rules, which the core group keeps). */
export const eventStrategy = (ttlSeconds: number) =>
  strategyOf<Event>({
    ttlSeconds,
    allowCreateOnUpdate: true,
    validateCreate: (_context, event) => validate(event),
    validateUpdate: (_context, event) => validate(event),
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

/** Events about cluster-scoped objects live in default (or kube-system). */
function validate({ metadata, involvedObject }: Event): FieldError[] {
  const namespace = involvedObject.namespace ?? '';
  const own = metadata.namespace ?? '';
  const fits = namespace === '' ? own === 'default' || own === 'kube-system' : namespace === own;
  return fits ? [] : [fieldError.invalid('involvedObject.namespace', namespace, 'does not match event.namespace')];
}

function eventRow(event: Event, now: number): unknown[] {
  const { involvedObject, source, metadata, series } = event;
  const first = event.firstTimestamp ? ageOf(event.firstTimestamp, now) : sinceMicro(event.eventTime, now);
  const last = event.lastTimestamp ? ageOf(event.lastTimestamp, now) : first;
  const from = [source?.component || event.reportingComponent, source?.host || event.reportingInstance];
  return [
    series ? sinceMicro(series.lastObservedTime, now) : last,
    event.type,
    event.reason,
    [(involvedObject.kind ?? '').toLowerCase(), involvedObject.name].filter(Boolean).join('/'),
    involvedObject.fieldPath ?? '',
    from.filter(Boolean).join(', '),
    (event.message ?? '').trim(),
    first,
    series?.count ?? Math.max(event.count ?? 0, 1),
    metadata.name,
  ];
}

const sinceMicro = (time: string | null | undefined, now: number): string => (time ? ageOf(toTime(parseTime(time)), now) : '<unknown>');
