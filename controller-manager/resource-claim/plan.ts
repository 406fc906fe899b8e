// Claims that pods have made from templates, and who claims are reserved for. Upstream: `pkg/controller/resourceclaim`.
import {
  CLAIM_PROTECTION,
  coreKinds,
  type Live,
  type Pod,
  type ResourceV1ResourceClaim as ResourceClaim,
  type ResourceClaimTemplate,
} from '../../api/index.ts';
import { controllerOf, isControlledBy, newControllerRef } from '../../client/index.ts';
import { isPodTerminal } from '../shared/pods.ts';

/** On a claim: which claim of its pod it was made for. */
export const POD_CLAIM_NAME = 'resource.kubernetes.io/pod-claim-name';
/** Room for five random characters in a name of 63. */
const NAME_BASE_MAX = 57;

type Claim = Live<ResourceClaim>;
type PodClaim = NonNullable<Pod['spec']['resourceClaims']>[number];
export type ClaimStatus = NonNullable<Pod['status']['resourceClaimStatuses']>[number];

/** Where claims and templates are found. */
export interface ClaimLookup {
  claim(name: string): Claim | undefined;
  /** Claims that belong to the pod. */
  owned(pod: Live<Pod>): readonly Claim[];
  template(name: string): Live<ResourceClaimTemplate> | undefined;
}

/** Whether a claim asks for devices whoever has them, to look after them. */
export const isForAdmin = ({ spec }: ResourceClaim): boolean =>
  spec.devices?.requests?.some(({ exactly }) => exactly?.adminAccess) === true;

/** What is to be done for the claims of a pod. */
export interface PodClaimsPlan {
  /** Claims to be made, by their name in the pod. */
  readonly create: readonly { readonly podClaim: string; readonly claim: ResourceClaim }[];
  /** Claims that were made, and of which the pod does not tell yet. */
  readonly found: readonly ClaimStatus[];
  /** What keeps a claim from being made; those after it wait, and the pod is told of none. */
  readonly failure?: { readonly podClaim: string; readonly why: string };
  /** Allocated claims that a pod which has its node uses without a reservation. */
  readonly reserve: readonly Claim[];
}

/** Whether a pod will never run, or never again. */
export const isPodDone = (pod: Live<Pod>): boolean => isPodTerminal(pod) || (!!pod.metadata.deletionTimestamp && !pod.spec.nodeName);

/** Name of the claim that a pod uses; undefined while it is to be made, null when there is to be none. */
export function claimNameOf({ status }: Pod, { name, resourceClaimName }: PodClaim): string | null | undefined {
  if (resourceClaimName !== undefined) return resourceClaimName;
  const told = status.resourceClaimStatuses?.find((one) => one.name === name);
  return told ? (told.resourceClaimName ?? null) : undefined;
}

export function planPod(pod: Live<Pod>, lookup: ClaimLookup): PodClaimsPlan {
  const plan: Planned = { create: [], found: [], reserve: [] };
  if (pod.metadata.deletionTimestamp || isPodTerminal(pod)) return plan;
  for (const podClaim of pod.spec.resourceClaims ?? []) {
    planPodClaim(pod, podClaim, { lookup, plan });
    if (plan.failure) break;
  }
  return plan;
}

function planPodClaim(pod: Live<Pod>, podClaim: PodClaim, { lookup, plan }: Planning): void {
  const name = claimNameOf(pod, podClaim);
  const claim = name ? lookup.claim(name) : undefined;
  const isMade = podClaim.resourceClaimTemplateName === undefined || (claim !== undefined && isControlledBy(claim, pod));
  if (!isMade && name !== null) planTemplate(pod, podClaim, { lookup, plan });
  else if (claim && pod.spec.nodeName && claim.status.allocation && !isReserved(claim, pod)) plan.reserve.push(claim);
}

/** A plan while it is made. */
interface Planned extends PodClaimsPlan {
  readonly create: PodClaimsPlan['create'][number][];
  readonly found: ClaimStatus[];
  readonly reserve: Claim[];
  failure?: PodClaimsPlan['failure'] & object;
}

const isReserved = ({ status }: Claim, { metadata }: Live<Pod>): boolean =>
  status.reservedFor?.some(({ uid }) => uid === metadata.uid) === true;

interface Planning {
  readonly lookup: ClaimLookup;
  readonly plan: Planned;
}

function planTemplate(pod: Live<Pod>, { name, resourceClaimTemplateName = '' }: PodClaim, { lookup, plan }: Planning): void {
  // It may have been made before, and the pod not have been told.
  const made = lookup.owned(pod).find(({ metadata }) => metadata.annotations?.[POD_CLAIM_NAME] === name && !metadata.deletionTimestamp);
  if (made) {
    plan.found.push({ name, resourceClaimName: made.metadata.name });
    return;
  }
  const template = lookup.template(resourceClaimTemplateName);
  if (template) plan.create.push({ podClaim: name, claim: claimFrom(pod, name, template) });
  else {
    const why = `resource claim template "${resourceClaimTemplateName}": resourceclaimtemplate.resource.k8s.io "${resourceClaimTemplateName}" not found`;
    plan.failure = { podClaim: name, why };
  }
}

function claimFrom(pod: Live<Pod>, podClaim: string, { spec }: Live<ResourceClaimTemplate>): ResourceClaim {
  return {
    apiVersion: 'resource.k8s.io/v1',
    kind: 'ResourceClaim',
    metadata: {
      generateName: generateName(pod.metadata.name, podClaim),
      namespace: pod.metadata.namespace,
      labels: spec.metadata?.labels,
      annotations: { ...spec.metadata?.annotations, [POD_CLAIM_NAME]: podClaim },
      ownerReferences: [newControllerRef(pod, coreKinds.pods)],
    },
    spec: spec.spec,
    status: {},
  };
}

/** Both names, each shortened by its share when they are too long together. */
export function generateName(pod: string, podClaim: string): string {
  const whole = `${pod}-${podClaim}-`;
  if (whole.length <= NAME_BASE_MAX) return whole;
  const part = (text: string) => text.slice(0, Math.floor((text.length * NAME_BASE_MAX) / whole.length));
  return `${part(pod)}-${part(podClaim)}-`;
}

/** What is to become of a claim. */
export interface ClaimPlan {
  /** Its status, when it changes: without those who are gone, and without allocation once there is nobody. */
  readonly status?: ResourceClaim['status'] | undefined;
  /** It needs no protection any more: nobody has it, and it has no devices. */
  readonly unprotect: boolean;
  /** It was made for a pod that needs it no more. */
  readonly remove: boolean;
}

/** @param podByUid the pod of a name, if it has the uid; `unknown` when it may only not be known yet. */
export function planClaim(claim: Claim, podOf: (name: string, uid: string) => Live<Pod> | 'gone' | 'unknown'): ClaimPlan {
  const { metadata, status } = claim;
  const reserved = status.reservedFor ?? [];
  const valid = reserved.filter(({ apiGroup, resource, name, uid }) => {
    if (apiGroup || resource !== 'pods') return true;
    const pod = podOf(name, uid);
    return pod === 'unknown' || (pod !== 'gone' && !isPodDone(pod));
  });
  const isLeft = valid.length < reserved.length;
  const isProtected = metadata.finalizers?.includes(CLAIM_PROTECTION) === true;
  const frees =
    valid.length === 0 && isProtected && status.allocation !== undefined && (reserved.length > 0 || !!metadata.deletionTimestamp);
  const { allocation, reservedFor: _, devices: _devices, ...rest } = status;
  const changed = frees ? rest : { ...status, reservedFor: valid.length > 0 ? valid : undefined };
  return {
    ...(frees || isLeft ? { status: changed } : {}),
    unprotect: isProtected && valid.length === 0 && (isLeft || !!metadata.deletionTimestamp) && (frees || allocation === undefined),
    remove: valid.length === 0 && !metadata.deletionTimestamp && isAbandoned(claim, podOf),
  };
}

function isAbandoned(claim: Claim, podOf: Parameters<typeof planClaim>[1]): boolean {
  const owner = controllerOf(claim);
  if (owner?.kind !== 'Pod' || owner.apiVersion !== 'v1') return false;
  const pod = podOf(owner.name, owner.uid);
  // A pod that is not there is the garbage collector's to find out.
  return typeof pod === 'object' && isPodDone(pod);
}
