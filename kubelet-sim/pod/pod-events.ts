import type { Pod } from '../../api/index.ts';
import type { EventRecorder } from '../../client/index.ts';
import { type ContainerRole, fieldPathOf } from './container-names.ts';

/** The container an event is about. */
export interface EventContainer {
  readonly name: string;
  readonly role: ContainerRole;
}

/** What an event says beside its words. */
export type EventDetails = EventContainer | { readonly annotations: Readonly<Record<string, string>> };

/** Events of the pods of a node, in upstream's reasons and words. */
export interface PodEvents {
  normal(pod: Pod, reason: string, message: string, details?: EventDetails): void;
  warning(pod: Pod, reason: string, message: string, details?: EventDetails): void;
}

export function podEvents(recorder: Pick<EventRecorder, 'event'>): PodEvents {
  const tell = (type: 'Normal' | 'Warning', [pod, reason, message, details]: Parameters<PodEvents['normal']>) =>
    recorder.event(
      { apiVersion: 'v1', kind: 'Pod', metadata: pod.metadata },
      type,
      reason,
      message,
      details && 'role' in details ? { fieldPath: fieldPathOf(details.role, details.name) } : (details ?? {}),
    );
  return { normal: (...args) => tell('Normal', args), warning: (...args) => tell('Warning', args) };
}
