import { apiError, coreKinds, goQuote, type Live, type Node, type OwnerReference, type Pod } from '../../../api/index.ts';
import { NEEDED } from '../../auth/node/pods-by-node.ts';
import type { ObjectReader } from '../../registry/objects.ts';
import { semanticEqual } from '../../validation/semantic-equal.ts';
import type { NodeRequest, Problem } from './plugin.ts';

const MIRROR = 'kubernetes.io/config.mirror';

/** What is there now; another API server may have just made it. @throws ApiError (404) */
export async function existingPod(objects: ObjectReader, namespace: string, name: string): Promise<Live<Pod>> {
  const find = () => objects.get<Pod>(coreKinds.pods, namespace, name);
  let pod = find();
  if (!pod) {
    await objects.fresh();
    pod = find();
  }
  if (!pod) throw apiError.notFound(coreKinds.pods, name);
  return pod;
}

export function podProblem(request: NodeRequest): Problem | Promise<Problem> {
  const { node, attributes } = request;
  const { operation, object, old } = attributes;
  if (operation === 'CREATE') return creationProblem(request, object as Pod);
  if (operation === 'DELETE') {
    return (old as Pod | undefined)?.spec.nodeName === node
      ? undefined
      : `node ${goQuote(node)} can only delete pods with spec.nodeName set to itself`;
  }
  return `unexpected operation ${goQuote(operation)}, node ${goQuote(node)} can only create and delete mirror pods`;
}

/** Mirrors of the pods that a node runs of its own: they belong to the node, and refer to nothing. */
async function creationProblem(request: NodeRequest, pod: Pod): Promise<Problem> {
  const node = goQuote(request.node);
  const { annotations = {}, ownerReferences = [] } = pod.metadata;
  if (!(MIRROR in annotations)) return `pod does not have ${goQuote(MIRROR)} annotation, node ${node} can only create mirror pods`;
  if (pod.spec.nodeName !== request.node) return `node ${node} can only create pods with spec.nodeName set to itself`;
  if (ownerReferences.length > 1) return `node ${node} can only create pods with a single owner reference set to itself`;
  return (await ownerProblem(request, ownerReferences[0])) ?? referenceProblem(node, pod);
}

async function ownerProblem({ node, objects }: NodeRequest, owner: OwnerReference | undefined): Promise<Problem> {
  if (owner?.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node) {
    return `node ${goQuote(node)} can only create pods with an owner reference set to itself`;
  }
  if (!owner.controller) return `node ${goQuote(node)} can only create pods with a controller owner reference set to itself`;
  if (owner.blockOwnerDeletion) return `node ${goQuote(node)} must not set blockOwnerDeletion on an owner reference`;
  await objects.fresh();
  const own = objects.get<Node>(coreKinds.nodes, '', node);
  if (!own) throw apiError.notFound(coreKinds.nodes, node);
  if (owner.uid !== own.metadata.uid) return `node ${node} UID mismatch: expected ${owner.uid} got ${own.metadata.uid}`;
  return undefined;
}

function referenceProblem(node: string, pod: Pod): Problem {
  const { serviceAccountName, volumes = [], resourceClaims = [] } = pod.spec;
  const cannot = (what: string) => `node ${node} can not create pods that reference ${what}`;
  if (serviceAccountName) return cannot('a service account');
  if (NEEDED.secrets(pod).some((name) => name !== undefined)) return cannot('secrets');
  if (NEEDED.configMaps(pod).some((name) => name !== undefined)) return cannot('configmaps');
  if (volumes.some(({ projected }) => projected?.sources?.some(({ clusterTrustBundle }) => clusterTrustBundle))) {
    return cannot('clustertrustbundles');
  }
  if (volumes.some(({ persistentVolumeClaim }) => persistentVolumeClaim)) return cannot('persistentvolumeclaims');
  return resourceClaims.length > 0 ? cannot('resourceclaims') : undefined;
}

export function podStatusProblem({ node, attributes: { operation, object, old } }: NodeRequest): Problem {
  if (operation !== 'UPDATE') return `unexpected operation ${goQuote(operation)}`;
  // The objects of a pods request are pods: they were decoded as such.
  const [next, before] = [object as Pod, old as Pod];
  if (before.spec.nodeName !== node) return `node ${goQuote(node)} can only update pod status for pods with spec.nodeName set to itself`;
  if (!semanticEqual(next.metadata.labels ?? {}, before.metadata.labels ?? {})) {
    return `node ${goQuote(node)} cannot update labels through pod status`;
  }
  if (!semanticEqual(next.status?.resourceClaimStatuses, before.status?.resourceClaimStatuses)) {
    return `node ${goQuote(node)} cannot update resource claim statues`;
  }
  return undefined;
}

export async function evictionProblem({ node, objects, attributes }: NodeRequest): Promise<Problem> {
  const { operation, namespace, name, object } = attributes;
  if (operation !== 'CREATE') return `unexpected operation ${operation}`;
  const podName = name || object?.metadata.name;
  if (!podName) return 'could not determine pod from request data';
  const pod = await existingPod(objects, namespace, podName);
  return pod.spec.nodeName === node ? undefined : `node ${node} can only evict pods with spec.nodeName set to itself`;
}
