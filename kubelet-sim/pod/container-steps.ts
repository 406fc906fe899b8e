import type { Container } from '../../api/index.ts';
import type { ContainerStatus as RuntimeContainer } from '../runtime/cri.ts';
import type { ContainerRole } from './container-names.ts';
import { containerOf, type ObservedPod } from './observed.ts';

/** A container to start. */
export interface Start {
  readonly container: Container;
  readonly role: ContainerRole;
  readonly attempt: number;
  /** The newest instance that had exited when this was decided: what a back-off counts from. */
  readonly exited?: RuntimeContainer | undefined;
}

/** Why a container is killed, where that decides about its grace period. */
export type KillReason = 'liveness' | 'startup';

/** A running container to stop, and why, as its event says. */
export interface Kill {
  readonly container: Container;
  readonly role: ContainerRole;
  readonly id: string;
  readonly message: string;
  readonly reason?: KillReason | undefined;
}

export const startOf = (observed: ObservedPod, container: Container, role: ContainerRole): Start => {
  const { current, previous } = containerOf(observed, container.name);
  const exited = current?.state === 'exited' ? current : previous;
  return { container, role, attempt: current ? current.attempt + 1 : 0, exited };
};
