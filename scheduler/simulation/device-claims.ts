import {
  coreKinds,
  type KubeObject,
  type Live,
  type Pod,
  type ResourceClaimTemplate,
  type ResourceV1ResourceClaim,
  resourceKinds,
} from '../../api/index.ts';
import { newControllerRef } from '../../client/index.ts';
import { asStored, type ClusterState } from './cluster-state.ts';

/** Makes the claims for devices that a pod has templates for, as the controller would, and tells the pod of them. */
export function withDeviceClaims(pod: Live<Pod>, state: ClusterState): Live<Pod> {
  const { namespace, name } = pod.metadata;
  const told = pod.status.resourceClaimStatuses ?? [];
  const made = (pod.spec.resourceClaims ?? []).flatMap((podClaim) => {
    const template = state
      .of<ResourceClaimTemplate>(resourceKinds.resourceclaimtemplates)
      .find(({ metadata }) => metadata.namespace === namespace && metadata.name === podClaim.resourceClaimTemplateName);
    if (!template || told.some((one) => one.name === podClaim.name)) return [];
    const resourceClaimName = `${name}-${podClaim.name}`;
    const claim: ResourceV1ResourceClaim & KubeObject = {
      metadata: { name: resourceClaimName, namespace, ownerReferences: [newControllerRef(pod, coreKinds.pods)] },
      spec: template.spec.spec,
      status: {},
    };
    state.add(resourceKinds.resourceclaims, asStored(claim, resourceKinds.resourceclaims));
    return [{ name: podClaim.name, resourceClaimName }];
  });
  return made.length === 0 ? pod : { ...pod, status: { ...pod.status, resourceClaimStatuses: [...told, ...made] } };
}
