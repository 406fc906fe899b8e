import type { KindInfo } from '../kind-info.ts';
import { events as coreEvents } from './core.ts';

/** The core group's Events, with other names for their fields. */
export const events: KindInfo = { ...coreEvents, group: 'events.k8s.io', storedAs: 'v1' };
