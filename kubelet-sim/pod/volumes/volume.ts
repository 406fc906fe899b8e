import type { Container, Pod } from '../../../api/index.ts';
import type { MountableVolume, RuntimeService } from '../../runtime/cri.ts';
import type { PodFacts } from '../field-ref.ts';
import type { NodeServices } from '../node-services.ts';

/** A volume that cannot be set up; the text is the event's. */
export class MountError extends Error {
  override readonly name: string = 'MountError';
  /** How long at most it may take until it is tried again. Upstream: `maxDurationBeforeRetry`, `pkg/util/goroutinemap/exponentialbackoff`. */
  readonly retryMsMax: number = 122_000;
  /** What its event is called. */
  readonly reason: string = 'FailedMount';
}

/** A raw device that cannot be had. */
export class MapError extends MountError {
  override readonly name = 'MapError';
  override readonly reason = 'FailedMapVolume';
}

/** A volume that a pod cannot have as things stand: they are looked at again soon. Upstream: the kubelet's `backOffPeriod`. */
export class UnprocessedError extends MountError {
  override readonly name: string = 'UnprocessedError';
  override readonly retryMsMax = 10_000;
}

/** A volume that is not there yet, of which nobody is told: it is looked for again. */
export class NotYet extends UnprocessedError {
  override readonly name = 'NotYet';
}

/** What volumes need of the node that they are mounted on. */
export type VolumeNode = Pick<NodeServices, 'source' | 'claims' | 'nodeName' | 'nodeLabels' | 'clock' | 'random' | 'logger' | 'events'> & {
  readonly runtime: Pick<RuntimeService, 'hostPath' | 'removeHostPath' | 'localVolume' | 'servedTree' | 'giveVolumeToGroup' | 'drivers'>;
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
  /** Group that its users have to be in, once it is set up. */
  readonly gid?: number | undefined;
  /** Who sets up the volume of a claim, once that is known. */
  readonly plugin?: string | undefined;
  /** The pod uses it no more. What has to be unmounted is when it resolves; until then the pod is not deleted. */
  tearDown?(): Promise<void> | undefined;
}

/** A volume that is mounted, by the name that the pod has for it: what is behind it may have another. */
export interface MountedVolume {
  readonly name: string;
  readonly mountable: MountableVolume;
  /** Group that its users have to be in. */
  readonly gid?: number | undefined;
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

/** A volume that there is no way to set up. @param why what its events say */
export const impossibleVolume = (name: string, why: string): PodVolume => ({
  name,
  mountable: undefined,
  setUp: () => Promise.reject(new Error(why)),
});

/** Names of a pod's volumes that its containers have as directories, and as devices. */
export interface VolumeUses {
  readonly mounts: ReadonlySet<string>;
  readonly devices: ReadonlySet<string>;
}

/** What a pod's containers use, whatever their kind. Upstream: `GetPodVolumeNames`, `pkg/volume/util/util.go`. */
export function usesOf({ spec }: Pick<Pod, 'spec'>): VolumeUses {
  const containers: readonly Pick<Container, 'volumeMounts' | 'volumeDevices'>[] = [
    ...(spec.initContainers ?? []),
    ...spec.containers,
    ...(spec.ephemeralContainers ?? []),
  ];
  return {
    mounts: new Set(containers.flatMap(({ volumeMounts = [] }) => volumeMounts.map(({ name }) => name))),
    devices: new Set(containers.flatMap(({ volumeDevices = [] }) => volumeDevices.map(({ name }) => name))),
  };
}

/** What the files of a volume belong to, as the pod's security context says. */
export function ownershipOf({ pod }: PodFacts): Pick<MountableVolume, 'fsGroup'> {
  const fsGroup = pod.spec.securityContext?.fsGroup;
  return fsGroup === undefined ? {} : { fsGroup };
}
