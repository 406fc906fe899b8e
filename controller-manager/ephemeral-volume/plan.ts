import {
  coreKinds,
  ephemeralClaimName,
  foreignClaimError,
  type Live,
  type PersistentVolumeClaim,
  type Pod,
  type Volume,
} from '../../api/index.ts';
import { newControllerRef } from '../../client/index.ts';

/** What is to be done for the ephemeral volumes of a pod. */
export interface EphemeralPlan {
  /** Claims that have to be made, each for a volume. */
  readonly create: readonly { readonly volume: string; readonly claim: PersistentVolumeClaim }[];
  /** Volumes whose claim's name is taken, and by whom. */
  readonly taken: readonly { readonly volume: string; readonly why: string }[];
}

/**
 * Each ephemeral volume has a claim of its own, which belongs to the pod and goes with it. Upstream: `pkg/controller/volume/ephemeral`.
 *
 * @param pod with its templates.
 */
export function planEphemeral(pod: Live<Pod>, claimNamed: (name: string) => Live<PersistentVolumeClaim> | undefined): EphemeralPlan {
  const plan = { create: [] as EphemeralPlan['create'][number][], taken: [] as EphemeralPlan['taken'][number][] };
  if (pod.metadata.deletionTimestamp) return plan;
  for (const volume of pod.spec.volumes ?? []) {
    if (!volume.ephemeral) continue;
    const claim = claimNamed(ephemeralClaimName(pod, volume.name));
    const why = claim && foreignClaimError(pod, claim);
    if (!claim) plan.create.push({ volume: volume.name, claim: claimFor(pod, volume) });
    else if (why) plan.taken.push({ volume: volume.name, why });
  }
  return plan;
}

function claimFor(pod: Live<Pod>, volume: Volume): PersistentVolumeClaim {
  const template = volume.ephemeral?.volumeClaimTemplate;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: ephemeralClaimName(pod, volume.name),
      namespace: pod.metadata.namespace,
      labels: template?.metadata?.labels,
      annotations: template?.metadata?.annotations,
      ownerReferences: [newControllerRef(pod, coreKinds.pods)],
    },
    spec: template?.spec ?? {},
    status: {},
  };
}
