import {
  appsKinds,
  type Draft,
  type Live,
  type PersistentVolumeClaim,
  type Pod,
  type PodTemplateSpec,
  type StatefulSet,
} from '../../api/index.ts';
import { newControllerRef } from '../../client/index.ts';
import { REVISION_HASH } from '../shared/revisions.ts';

// Upstream: `pkg/controller/statefulset/stateful_set_utils.go`.

export const POD_NAME_LABEL = 'statefulset.kubernetes.io/pod-name';
export const POD_INDEX_LABEL = 'apps.kubernetes.io/pod-index';
const ORDINAL_MAX = 2 ** 31 - 1;

/** The name of the StatefulSet that a pod's name speaks of, and its number there; -1 when it speaks of none. */
export function parentAndOrdinal(name: string): { parent: string; ordinal: number } {
  const [, parent, digits] = /^(.*)-([0-9]+)$/.exec(name) ?? [];
  if (parent === undefined || digits === undefined) return { parent: '', ordinal: -1 };
  const ordinal = Number(digits);
  return { parent, ordinal: ordinal > ORDINAL_MAX ? -1 : ordinal };
}

export const ordinalOf = (pod: { readonly metadata: { readonly name: string } }): number => parentAndOrdinal(pod.metadata.name).ordinal;

/** Whether a pod's name makes it one of the StatefulSet's. */
export const isMemberOf = (set: Live<StatefulSet>, pod: Live<Pod>): boolean =>
  parentAndOrdinal(pod.metadata.name).parent === set.metadata.name;

export const startOrdinal = ({ spec }: StatefulSet): number => spec.ordinals?.start ?? 0;
export const replicasOf = ({ spec }: StatefulSet): number => spec.replicas ?? 1;

/** Whether the StatefulSet is to have a pod of this number. */
export function isInRange(set: StatefulSet, ordinal: number): boolean {
  const start = startOrdinal(set);
  return ordinal >= start && ordinal < start + replicasOf(set);
}

export const claimName = (template: PersistentVolumeClaim, set: Live<StatefulSet>, ordinal: number): string =>
  `${template.metadata.name ?? ''}-${set.metadata.name}-${ordinal}`;

/** The claims that the pod of this number is to have. */
export function claimsFor(set: Live<StatefulSet>, ordinal: number): Draft<PersistentVolumeClaim>[] {
  return (set.spec.volumeClaimTemplates ?? []).map((template) => ({
    ...template,
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      ...template.metadata,
      name: claimName(template, set, ordinal),
      namespace: set.metadata.namespace,
      labels: { ...template.metadata.labels, ...set.spec.selector?.matchLabels },
    },
  }));
}

type Volumes = NonNullable<Pod['spec']['volumes']>;

/** A pod's volumes with those of the claims in place of any of the same name. */
export function withClaimVolumes(set: Live<StatefulSet>, ordinal: number, volumes: Volumes | undefined): Volumes {
  const templates = set.spec.volumeClaimTemplates ?? [];
  const claimed = templates.map((template) => ({
    name: template.metadata.name ?? '',
    persistentVolumeClaim: { claimName: claimName(template, set, ordinal) },
  }));
  return [...claimed, ...(volumes ?? []).filter(({ name }) => !claimed.some((volume) => volume.name === name))];
}

/** The labels that every pod of this number has. */
export const identityLabels = (name: string): Record<string, string> => ({
  [POD_NAME_LABEL]: name,
  [POD_INDEX_LABEL]: String(ordinalOf({ metadata: { name } })),
});

export const isIdentityRight = (set: Live<StatefulSet>, { metadata }: Live<Pod>): boolean => {
  const { parent, ordinal } = parentAndOrdinal(metadata.name);
  const isNamed = ordinal >= 0 && parent === set.metadata.name && metadata.name === `${parent}-${ordinal}`;
  return isNamed && metadata.labels?.[POD_NAME_LABEL] === metadata.name;
};

/** Whether the pod mounts the claims of its number. */
export function isStorageRight(set: Live<StatefulSet>, pod: Live<Pod>): boolean {
  const ordinal = ordinalOf(pod);
  const claimOf = new Map(pod.spec.volumes?.map(({ name, persistentVolumeClaim }) => [name, persistentVolumeClaim?.claimName]));
  const templates = set.spec.volumeClaimTemplates ?? [];
  return ordinal >= 0 && templates.every((template) => claimOf.get(template.metadata.name ?? '') === claimName(template, set, ordinal));
}

export const revisionOf = (pod: { readonly metadata: { readonly labels?: Record<string, string> | undefined } }): string =>
  pod.metadata.labels?.[REVISION_HASH] ?? '';

/** The pod of this number, from a template of the StatefulSet. */
export function newPod(set: Live<StatefulSet>, ordinal: number, template: PodTemplateSpec, revision: string): Draft<Pod> {
  const name = `${set.metadata.name}-${ordinal}`;
  const { labels, annotations, finalizers } = template.metadata ?? {};
  const spec = template.spec ?? { containers: [] };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      generateName: `${set.metadata.name}-`,
      namespace: set.metadata.namespace,
      labels: { ...labels, ...identityLabels(name), [REVISION_HASH]: revision },
      annotations,
      finalizers,
      ownerReferences: [newControllerRef(set, appsKinds.statefulsets)],
    },
    spec: { ...spec, hostname: name, subdomain: set.spec.serviceName, volumes: withClaimVolumes(set, ordinal, spec.volumes) },
  };
}
