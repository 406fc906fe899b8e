// Events as events.k8s.io has them: the same with other names, and what was there before it called deprecated.
// Upstream: `pkg/apis/events/v1/conversion.go`.
import { coreKinds, type Event, type EventsV1Event, type KindInfo, type KubeObject } from '../../../api/index.ts';
import { rulesOfView, type VersionRules, type VersionView } from '../../registry/strategy.ts';
import { normalForm } from '../normal-form.ts';

/** Selectors of `AddFieldLabelConversionsForEvent` (`pkg/apis/events/v1/conversion.go`). */
const FIELD_SELECTORS: Readonly<Record<string, string>> = {
  reason: 'reason',
  'regarding.kind': 'involvedObject.kind',
  'regarding.namespace': 'involvedObject.namespace',
  'regarding.name': 'involvedObject.name',
  'regarding.uid': 'involvedObject.uid',
  'regarding.apiVersion': 'involvedObject.apiVersion',
  'regarding.resourceVersion': 'involvedObject.resourceVersion',
  'regarding.fieldPath': 'involvedObject.fieldPath',
  reportingController: 'reportingComponent',
  type: 'type',
};

/** The view of a version of events.k8s.io; they all have the same fields. */
export const eventView = (kind: KindInfo, rules: VersionRules<Event> = {}): VersionView => ({
  setDefaults: () => undefined,
  toStored,
  fromStored: (object) => fromStored(kind, object),
  fieldSelectors: FIELD_SELECTORS,
  rules: rulesOfView(rules),
});

/** The registry hands a view objects of its version, and of the stored one where those are meant. */
const asCore = (object: KubeObject): Event => object as Event;
const asView = (object: KubeObject): EventsV1Event => object as EventsV1Event;

function toStored(object: KubeObject): Event {
  const { reportingController, regarding, note, deprecatedSource, deprecatedFirstTimestamp, deprecatedLastTimestamp, ...same } =
    asView(object);
  const { deprecatedCount, ...rest } = same;
  return normalForm<Event>(coreKinds.events, {
    involvedObject: regarding ?? {},
    message: note,
    source: deprecatedSource,
    firstTimestamp: deprecatedFirstTimestamp,
    lastTimestamp: deprecatedLastTimestamp,
    count: deprecatedCount,
    reportingComponent: reportingController,
    ...rest,
  });
}

function fromStored(kind: KindInfo, object: KubeObject): EventsV1Event {
  const { involvedObject, message, source, firstTimestamp, lastTimestamp, count, reportingComponent, ...same } = asCore(object);
  return normalForm<EventsV1Event>(kind, {
    regarding: involvedObject,
    note: message,
    deprecatedSource: source,
    deprecatedFirstTimestamp: firstTimestamp,
    deprecatedLastTimestamp: lastTimestamp,
    deprecatedCount: count,
    reportingController: reportingComponent,
    ...same,
  });
}
