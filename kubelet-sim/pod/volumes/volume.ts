import type { MountableVolume, RuntimeService } from '../../runtime/cri.ts';
import type { PodFacts } from '../field-ref.ts';
import type { NodeServices } from '../node-services.ts';

/** A volume that cannot be set up; the text is the event's. */
export class MountError extends Error {
  override readonly name = 'MountError';
}

/** A volume that is not there yet, of which nobody is told: it is looked for again. */
export class NotYet extends MountError {}

/** What volumes need of the node that they are mounted on. */
export type VolumeNode = Pick<NodeServices, 'source' | 'claims' | 'nodeName' | 'nodeLabels' | 'clock'> & {
  readonly runtime: Pick<RuntimeService, 'hostPath'>;
};

/** What a pod's volumes need to know. */
export interface VolumeScope {
  facts(): PodFacts;
  readonly node: VolumeNode;
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

/** A volume that is mounted, by the name that the pod has for it: what is behind it may have another. */
export interface MountedVolume {
  readonly name: string;
  readonly mountable: MountableVolume;
}

/** The volume that a pod calls so. */
export const mountableNamed = (volumes: readonly MountedVolume[], name: string): MountableVolume | undefined =>
  volumes.find((one) => one.name === name)?.mountable;

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
