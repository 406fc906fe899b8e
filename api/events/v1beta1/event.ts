import { microTime } from '../../schema/fields.ts';
import { otherVersion } from '../../schema/other-version.ts';
import { type Event, event as present } from '../v1/event.ts';

/** The same fields, of which fewer are asked for. */
export const event = otherVersion<Event>(present, {
  from: 'io.k8s.api.events.v1.',
  to: 'io.k8s.api.events.v1beta1.',
  fields: { Event: { eventTime: microTime(2, 'When it was first seen, to the microsecond; required.', { required: true }) } },
});
