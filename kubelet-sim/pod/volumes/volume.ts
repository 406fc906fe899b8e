import type { Clock } from '../../../runtime/index.ts';
import type { FileTree, HostPathType, MountableVolume } from '../../runtime/cri.ts';
import type { ConfigSource } from '../config-source.ts';
import type { PodFacts } from '../field-ref.ts';
import type { HeldClaims } from './held-claims.ts';

/** A volume that cannot be set up; the text is the event's. */
export class MountError extends Error {
  override readonly name = 'MountError';
}

/** A volume that is not there yet, of which nobody is told: it is looked for again. */
export class NotYet extends MountError {}

/** What a pod's volumes need to know. */
export interface VolumeScope {
  readonly facts: () => PodFacts;
  readonly source: ConfigSource;
  /** Claims whose volumes are mounted. */
  readonly claims: HeldClaims;
  readonly nodeName: string;
  readonly nodeLabels: () => Readonly<Record<string, string>>;
  readonly clock: Clock;
  /** A part of the node's own file system. @throws Error with a kubelet's text when it is not what the type says. */
  readonly hostPath: (path: string, type: HostPathType) => Promise<FileTree>;
}

/** A volume of a pod. */
export interface PodVolume {
  readonly name: string;
  /**
   * Makes it ready to be mounted; asked again it answers the same.
   *
   * @throws Error when it cannot be: the message is what the event says after `MountVolume.SetUp failed for volume "x" : `.
   */
  setUp(): Promise<MountableVolume>;
  /** What can be mounted without setting up: of a pod that has been running. */
  readonly mountable: MountableVolume | undefined;
  /** The pod uses it no more. */
  tearDown?(): void;
}

/** A volume that is there at once. */
export const readyVolume = (name: string, mountable: MountableVolume): PodVolume => ({
  name,
  mountable,
  setUp: () => Promise.resolve(mountable),
});

/** What the files of a volume belong to, as the pod's security context says. */
export function ownershipOf({ pod }: PodFacts): Pick<MountableVolume, 'fsGroup'> {
  const fsGroup = pod.spec.securityContext?.fsGroup;
  return fsGroup === undefined ? {} : { fsGroup };
}
