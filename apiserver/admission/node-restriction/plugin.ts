import {
  certificatesKinds,
  coordinationKinds,
  coreKinds,
  goQuote,
  type KindInfo,
  type ResourceSlice,
  storageKinds,
} from '../../../api/index.ts';
import { nodeOf } from '../../auth/node/node-authorizer.ts';
import type { Authorizer } from '../../auth/types.ts';
import type { ObjectReader } from '../../registry/objects.ts';
import type { RequestContext } from '../../registry/strategy.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../plugin.ts';
import { refusal } from '../refusal.ts';
import { signingProblem } from './certificates.ts';
import { claimStatusProblem } from './claims.ts';
import { nodeProblem } from './nodes.ts';
import { evictionProblem, podProblem, podStatusProblem } from './pods.ts';
import { tokenProblem } from './tokens.ts';

const LEASE_NAMESPACE = 'kube-node-lease';

/** A request of a node. */
export interface NodeRequest {
  /** Who asks. */
  readonly node: string;
  readonly context: RequestContext;
  readonly attributes: AdmissionAttributes;
  readonly objects: ObjectReader;
  /** Says what a node may do beyond what its pods need. */
  readonly authorizer: Authorizer;
}

/** Why a node may not do something; undefined when it may. */
export type Problem = string | undefined;
type Rule = (request: NodeRequest) => Problem | Promise<Problem>;

const keyOf = ({ group, resource }: Pick<KindInfo, 'group' | 'resource'>): string => `${group}/${resource}`;

const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  [keyOf(coreKinds.pods), ofPods],
  [keyOf(coreKinds.nodes), nodeProblem],
  [
    keyOf(coreKinds.persistentvolumeclaims),
    (request) => (request.attributes.subresource === 'status' ? claimStatusProblem(request) : 'may only update PVC status'),
  ],
  [keyOf(coreKinds.serviceaccounts), tokenProblem],
  [keyOf(coordinationKinds.leases), leaseProblem],
  [keyOf(storageKinds.csinodes), csiNodeProblem],
  ['resource.k8s.io/resourceslices', sliceProblem],
  [keyOf(certificatesKinds.certificatesigningrequests), signingProblem],
]);

/**
 * Keeps nodes to what is theirs: their own node, and the pods that are on it. Others are not its business. Upstream:
 * `plugin/pkg/admission/noderestriction`.
 */
export const nodeRestriction = (objects: ObjectReader, authorizer: Authorizer): AdmissionPlugin => ({
  name: 'NodeRestriction',
  admit: (context, attributes) => {
    const { operation, kind } = attributes;
    if (operation === 'CONNECT') return;
    const node = nodeOf(context.user);
    if (node === undefined) return;
    if (node === '') throw refusal(attributes, `could not determine node from user ${goQuote(context.user.name)}`);
    const rule = RULES.get(keyOf(kind));
    if (!rule) return;
    return refuseFor(attributes, rule({ node, context, attributes, objects, authorizer }));
  },
});

async function refuseFor(attributes: AdmissionAttributes, pending: Problem | Promise<Problem>): Promise<void> {
  const problem = await pending;
  if (problem !== undefined) throw refusal(attributes, problem);
}

function ofPods(request: NodeRequest): Problem | Promise<Problem> {
  const { subresource } = request.attributes;
  switch (subresource) {
    case '':
      return podProblem(request);
    case 'status':
      return podStatusProblem(request);
    case 'eviction':
      return evictionProblem(request);
    default:
      return `unexpected pod subresource ${goQuote(subresource)}, only 'status' and 'eviction' are allowed`;
  }
}

function leaseProblem({ node, attributes: { namespace, name } }: NodeRequest): Problem {
  if (namespace !== LEASE_NAMESPACE) return `can only access leases in the ${goQuote(LEASE_NAMESPACE)} system namespace`;
  return name === node ? undefined : 'can only access node lease with the same name as the requesting node';
}

function csiNodeProblem({ node, attributes: { name } }: NodeRequest): Problem {
  return name === node ? undefined : 'can only access CSINode with the same name as the requesting node';
}

/** Other requests are the node authorizer's, who does not know what is created, nor each of many that are deleted. */
function sliceProblem({ node, attributes: { operation, object, old } }: NodeRequest): Problem {
  if (operation === 'UPDATE') return undefined;
  // The object of a resourceslices request is a slice: it was decoded as one.
  const slice = (operation === 'CREATE' ? object : old) as ResourceSlice | undefined;
  if (slice?.spec.nodeName === node) return undefined;
  return `can only ${operation === 'CREATE' ? 'create' : 'delete'} ResourceSlice with the same NodeName as the requesting node`;
}
