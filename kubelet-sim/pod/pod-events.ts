import type { Pod } from '../../api/index.ts';
import type { EventRecorder } from '../../client/index.ts';
import { type ContainerRole, fieldPathOf } from './container-names.ts';

/** The container an event is about. */
export interface EventContainer {
  readonly name: string;
  readonly role: ContainerRole;
}

/** Events of the pods of a node, in upstream's reasons and words. */
export interface PodEvents {
  normal(pod: Pod, reason: string, message: string, container?: EventContainer): void;
  warning(pod: Pod, reason: string, message: string, container?: EventContainer): void;
}

export function podEvents(recorder: Pick<EventRecorder, 'event'>): PodEvents {
  const tell = (type: 'Normal' | 'Warning', [pod, reason, message, container]: Parameters<PodEvents['normal']>) =>
    recorder.event(
      { apiVersion: 'v1', kind: 'Pod', metadata: pod.metadata },
      type,
      reason,
      message,
      container ? { fieldPath: fieldPathOf(container.role, container.name) } : {},
    );
  return { normal: (...args) => tell('Normal', args), warning: (...args) => tell('Warning', args) };
}
