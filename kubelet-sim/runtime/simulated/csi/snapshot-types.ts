// The kinds of `snapshot.storage.k8s.io/v1`, which are custom resources (`client/apis/volumesnapshot/v1` of external-snapshotter).
import type { KubeObject, Live, ObjectMeta } from '../../../../api/index.ts';

export const SNAPSHOT_GROUP = 'snapshot.storage.k8s.io';
const BASE = `/apis/${SNAPSHOT_GROUP}/v1`;

export const SNAPSHOTS = `${BASE}/volumesnapshots`;
export const CONTENTS = `${BASE}/volumesnapshotcontents`;
export const CLASSES = `${BASE}/volumesnapshotclasses`;
export const snapshotPath = (namespace: string, name: string): string => `${BASE}/namespaces/${namespace}/volumesnapshots/${name}`;

interface SnapshotError {
  readonly time?: string | undefined;
  readonly message?: string | undefined;
}

export interface SnapshotStatus {
  readonly boundVolumeSnapshotContentName?: string | undefined;
  readonly creationTime?: string | undefined;
  readonly readyToUse?: boolean | undefined;
  readonly restoreSize?: string | undefined;
  readonly error?: SnapshotError | undefined;
}

export type VolumeSnapshot = Live<KubeObject> & {
  readonly spec: {
    readonly source: {
      readonly persistentVolumeClaimName?: string | undefined;
      readonly volumeSnapshotContentName?: string | undefined;
    };
    readonly volumeSnapshotClassName?: string | undefined;
  };
  readonly status?: SnapshotStatus | undefined;
};

/** Which snapshot a content is for; without a uid while it waits for one. */
export interface SnapshotReference {
  readonly name?: string | undefined;
  readonly namespace?: string | undefined;
  readonly uid?: string | undefined;
}

export interface ContentStatus {
  readonly snapshotHandle?: string | undefined;
  /** Nanoseconds since the epoch. */
  readonly creationTime?: number | undefined;
  readonly restoreSize?: number | undefined;
  readonly readyToUse?: boolean | undefined;
  readonly error?: SnapshotError | undefined;
}

export interface ContentSpec {
  readonly volumeSnapshotRef: SnapshotReference;
  readonly source: { readonly volumeHandle?: string | undefined; readonly snapshotHandle?: string | undefined };
  readonly deletionPolicy: 'Delete' | 'Retain';
  readonly driver: string;
  readonly volumeSnapshotClassName?: string | undefined;
  readonly sourceVolumeMode?: string | undefined;
}

export type VolumeSnapshotContent = Live<KubeObject> & { readonly spec: ContentSpec; readonly status?: ContentStatus | undefined };

export type VolumeSnapshotClass = Live<KubeObject> & {
  readonly driver: string;
  readonly deletionPolicy: 'Delete' | 'Retain';
  readonly parameters?: Readonly<Record<string, string>> | undefined;
};

export const keyOfSnapshot = ({ namespace = '', name = '' }: Pick<ObjectMeta, 'namespace' | 'name'>): string => `${namespace}/${name}`;

/** Whether a reference names a snapshot. */
export const isNamed = (reference: SnapshotReference, { metadata }: VolumeSnapshot): boolean =>
  reference.name === metadata.name && reference.namespace === metadata.namespace;
