import type { Pod, ResourceRequirements } from '../../api/index.ts';
import type { PodSandboxStatus, ContainerStatus as RuntimeContainer } from '../runtime/cri.ts';
import type { ResizeState } from './resize.ts';

/** Why a container does not run (yet, or again), as its status says. */
export interface Waiting {
  readonly reason: string;
  readonly message: string;
}

/** What is known of one container of a pod. */
export interface ObservedContainer {
  /** The newest instance the runtime has. */
  readonly current?: RuntimeContainer | undefined;
  /** The one before, which has exited. */
  readonly previous?: RuntimeContainer | undefined;
  /** Why there is no newer instance, though there should be. */
  readonly waiting?: Waiting | undefined;
  /** The startup probe has passed, or there is none; the postStart hook has ended. */
  readonly started: boolean;
  /** The readiness probe passes, or there is none. */
  readonly ready: boolean;
  /** The liveness or startup probe has given up on the newest instance. */
  readonly failedProbe?: 'liveness' | 'startup' | undefined;
  /** The newest instance is one of an earlier sandbox. */
  readonly isStale?: boolean | undefined;
  /** The image, as the spec named it, that the newest instance was started with. */
  readonly startedImage?: string | undefined;
  /** The resources it runs with. */
  readonly actuated?: ResourceRequirements | undefined;
}

/** Why a pod has ended whatever its containers do: refused, evicted, past its deadline. */
export interface Verdict {
  readonly reason: string;
  readonly message: string;
  /** Found at each look: conditions tell of it while containers still run. Upstream: `ShouldEvict` in `generateAPIPodStatus`. */
  readonly isFound?: true | undefined;
  /** What the pod's conditions say of it besides, e.g. DisruptionTarget. */
  readonly condition?: { readonly type: string; readonly status: string; readonly reason: string; readonly message: string } | undefined;
}

/** Everything that a pod's status and the next steps follow from. */
export interface ObservedPod {
  /** With the resources that the node has given it, which may be others than those it asks for. */
  readonly pod: Pod;
  readonly sandbox?: PodSandboxStatus | undefined;
  readonly containers: ReadonlyMap<string, ObservedContainer>;
  readonly verdict?: Verdict | undefined;
  /** Nothing of the pod runs any more, nor will. */
  readonly ended: boolean;
  readonly resize?: ResizeState | undefined;
  readonly hostIPs: readonly string[];
  readonly now: number;
}

const NOTHING: ObservedContainer = { started: false, ready: false };

export const containerOf = (observed: ObservedPod, name: string): ObservedContainer => observed.containers.get(name) ?? NOTHING;

/** A sandbox's addresses: one, or one of each family. */
export const addressesOf = ({ ip, secondIp }: PodSandboxStatus): readonly string[] => (secondIp === undefined ? [ip] : [ip, secondIp]);
