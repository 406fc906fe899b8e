import type { Container, Pod } from '../../api/index.ts';
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
  return { container, role, attempt: current ? current.attempt + 1 : attemptAfter(observed.pod, container.name), exited };
};

/** How often a container that the runtime does not know was started before, as the API remembers: counts never go down. */
function attemptAfter({ status }: Pod, name: string): number {
  const known = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])].find((container) => container.name === name);
  if (!known) return 0;
  const hasRun = known.containerID || known.state?.running || known.state?.terminated || known.lastState?.terminated;
  return hasRun ? known.restartCount + 1 : known.restartCount;
}
