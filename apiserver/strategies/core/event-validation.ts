// Upstream: `pkg/apis/core/validation/events.go`. The core group keeps the rules it always had; events.k8s.io/v1 asks for more.
import { coreKinds, type Event, type FieldError, fieldError, isDns1123Subdomain, isQualifiedName } from '../../../api/index.ts';
import {
  dnsSubdomainName,
  pathSegmentName,
  validateCoreMetadataChanges,
  validateKnownFinalizers,
  validateObjectMeta,
} from '../../registry/metadata-validation.ts';
import { IMMUTABLE_MESSAGE } from '../../validation/field-errors.ts';
import { goPart } from '../../validation/go-struct.ts';
import { semanticEqual } from '../../validation/semantic-equal.ts';
import { invalidEach } from '../shared.ts';

const NAMES_LENGTH_MAX = 128;
const MESSAGE_BYTES_MAX = 1024;
const TYPES: readonly string[] = ['Normal', 'Warning'];
const UNSET = 'needs to be unset';

/** What reports an event, as the group calls it through which it is written. */
type Reporter = 'reportingComponent' | 'reportingController';

/** The rules that events always had, in both groups. Metadata is looked at when the rest is good. */
export function validateEvent(event: Event, reporter: Reporter): FieldError[] {
  const errors = legacyErrors(event, reporter);
  return errors.length > 0 ? errors : validateObjectMeta(event.metadata, true, pathSegmentName);
}

export const validateEventUpdate = (event: Event, reporter: Reporter): FieldError[] => legacyErrors(event, reporter);

/** The rules of events.k8s.io/v1 for new events. */
export const validateStrictEvent = (event: Event): FieldError[] => [
  ...legacyErrors(event, 'reportingController'),
  ...validateObjectMeta(event.metadata, true, dnsSubdomainName),
  ...validateKnownFinalizers(event.metadata.finalizers),
  ...seriesErrors(event),
  ...(event.eventTime ? [] : [fieldError.required('eventTime')]),
  ...(TYPES.includes(event.type ?? '') ? [] : [fieldError.invalid('type', '', `has invalid value: ${event.type ?? ''}`)]),
  ...(event.firstTimestamp ? [fieldError.invalid('firstTimestamp', '', UNSET)] : []),
  ...(event.lastTimestamp ? [fieldError.invalid('lastTimestamp', '', UNSET)] : []),
  ...(event.count ? [fieldError.invalid('count', '', UNSET)] : []),
  ...(event.source?.component || event.source?.host ? [fieldError.invalid('source', '', UNSET)] : []),
];

/** The rules of events.k8s.io/v1 for changed ones: only the series goes on. */
export const validateStrictEventUpdate = (event: Event, old: Event): FieldError[] => [
  ...legacyErrors(event, 'reportingController'),
  ...validateCoreMetadataChanges(event.metadata, old.metadata),
  ...(semanticEqual(event.series, old.series) ? [] : seriesErrors(event)),
  ...IMMUTABLE.flatMap(([path, printed]) =>
    semanticEqual(printed(event), printed(old)) ? [] : [fieldError.invalid(path, printed(event), IMMUTABLE_MESSAGE)],
  ),
];

type Printed = readonly [path: string, (event: Event) => unknown];

const EVENTS = coreKinds.events;

/** What does not change, in upstream's order, as upstream prints it; one is looked at twice. */
const IMMUTABLE: readonly Printed[] = [
  ['involvedObject', ({ involvedObject }) => goPart(EVENTS, ['involvedObject'], involvedObject)],
  ['reason', ({ reason = '' }) => reason],
  ['message', ({ message = '' }) => message],
  ['source', ({ source = {} }) => goPart(EVENTS, ['source'], source)],
  ['firstTimestamp', ({ firstTimestamp = null }) => firstTimestamp],
  ['lastTimestamp', ({ lastTimestamp = null }) => lastTimestamp],
  ['count', ({ count = 0 }) => count],
  ['reason', ({ reason = '' }) => reason],
  ['type', ({ type = '' }) => type],
  ['eventTime', ({ eventTime = null }) => eventTime],
  ['action', ({ action = '' }) => action],
  ['related', ({ related }) => related && goPart(EVENTS, ['related'], related)],
  ['reportingController', ({ reportingComponent = '' }) => reportingComponent],
  ['reportingInstance', ({ reportingInstance = '' }) => reportingInstance],
];

function seriesErrors({ series }: Event): FieldError[] {
  if (!series) return [];
  return [
    ...((series.count ?? 0) < 2 ? [fieldError.invalid('series.count', '', 'should be at least 2')] : []),
    ...(series.lastObservedTime ? [] : [fieldError.required('series.lastObservedTime')]),
  ];
}

/** An event with a time of its own is of the new sort, wherever it comes from. */
const legacyErrors = (event: Event, reporter: Reporter): FieldError[] => [
  ...(event.eventTime ? newSortErrors(event, reporter) : placeErrors(event)),
  ...invalidEach('namespace', event.metadata.namespace ?? '', isDns1123Subdomain(event.metadata.namespace ?? '')),
];

const elsewhere = ({ involvedObject }: Event): FieldError =>
  fieldError.invalid('involvedObject.namespace', involvedObject.namespace ?? '', 'does not match event.namespace');

/** Events are where their objects are; those about cluster-scoped ones in default. */
function placeErrors(event: Event): FieldError[] {
  const { namespace: own = '' } = event.metadata;
  const { namespace = '' } = event.involvedObject;
  const fits = namespace === '' ? own === '' || own === 'default' : own === namespace;
  return fits ? [] : [elsewhere(event)];
}

function newSortErrors(event: Event, reporter: Reporter): FieldError[] {
  const { metadata, involvedObject, reportingComponent = '', reportingInstance = '', action = '', reason = '', message = '' } = event;
  const own = metadata.namespace ?? '';
  const isPlaced = Boolean(involvedObject.namespace) || own === 'default' || own === 'kube-system';
  return [
    ...(isPlaced ? [] : [elsewhere(event)]),
    ...(reportingComponent === '' ? [fieldError.required(reporter)] : []),
    ...invalidEach(reporter, reportingComponent, isQualifiedName(reportingComponent)),
    ...nameErrors('reportingInstance', reportingInstance),
    ...nameErrors('action', action),
    ...nameErrors('reason', reason),
    ...lengthErrors('message', message, MESSAGE_BYTES_MAX),
  ];
}

const nameErrors = (path: string, value: string): FieldError[] =>
  value === '' ? [fieldError.required(path)] : lengthErrors(path, value, NAMES_LENGTH_MAX);

const lengthErrors = (path: string, value: string, bytesMax: number): FieldError[] =>
  Buffer.byteLength(value) > bytesMax ? [fieldError.invalid(path, '', `can have at most ${bytesMax} characters`)] : [];
