import {
  coordinationKinds,
  coreKinds,
  type KindInfo,
  type PolicyRule,
  parseFieldSelector,
  type ResourceSlice,
  resourceKinds,
  SelectorError,
  storageKinds,
} from '../../../api/index.ts';
import type { ObjectReader } from '../../registry/objects.ts';
import { ruleAllows } from '../rbac/rule.ts';
import type { AccessAttributes, Decision, LocalAuthorizer, ResolvedRules, UserInfo } from '../types.ts';
import { type Held, PodsByNode } from './pods-by-node.ts';
import { VolumesByNode } from './volumes-by-node.ts';

/*
 * The Node authorizer: a kubelet reads its own node and what the pods on it need, and nothing of other nodes. What it may write is left to
 * RBAC-like rules, as upstream leaves it to them and to NodeRestriction.
 *
 * Upstream: `plugin/pkg/auth/authorizer/node`. There it is a graph; here the way is walked when somebody asks.
 */

const NODE_PREFIX = 'system:node:';
const NODES_GROUP = 'system:nodes';
const LEASE_NAMESPACE = 'kube-node-lease';

const ALLOWED: Decision = { allowed: true, reason: '' };
const NO_OPINION: Decision = { allowed: false, reason: '' };
const no = (reason = ''): Decision => (reason === '' ? NO_OPINION : { allowed: false, reason });

/** What a node may have to do with. */
type Related = Held | 'volumes' | 'attachments' | 'slices';

const SLICE_VERBS =
  'only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection';

type Rule = (node: string, asked: AccessAttributes) => Decision;

const keyOf = ({ group, resource }: Pick<KindInfo, 'group' | 'resource'>): string => `${group}/${resource}`;

export class NodeAuthorizer implements LocalAuthorizer {
  readonly #objects: ObjectReader;
  readonly #pods: PodsByNode;
  readonly #volumes: VolumesByNode;
  readonly #rules: readonly PolicyRule[];
  readonly #special: ReadonlyMap<string, Rule>;

  /** @param rules what every node may do of what is not told apart by node. */
  constructor(objects: ObjectReader, rules: readonly PolicyRule[]) {
    this.#objects = objects;
    this.#pods = new PodsByNode(objects);
    this.#volumes = new VolumesByNode(objects, this.#pods);
    this.#rules = rules;
    this.#special = new Map<string, Rule>([
      [keyOf(coreKinds.secrets), (node, asked) => this.#read(node, asked, 'secrets')],
      [keyOf(coreKinds.configmaps), (node, asked) => this.#read(node, asked, 'configMaps')],
      [keyOf(coreKinds.persistentvolumeclaims), (node, asked) => this.#claim(node, asked)],
      [keyOf(coreKinds.persistentvolumes), (node, asked) => this.#get(node, asked, 'volumes')],
      [keyOf(storageKinds.volumeattachments), (node, asked) => this.#get(node, asked, 'attachments')],
      [keyOf(storageKinds.csinodes), ownCsiNode],
      [keyOf(resourceKinds.resourceclaims), (node, asked) => this.#get(node, asked, 'deviceClaims')],
      [keyOf(resourceKinds.resourceslices), (node, asked) => this.#slice(node, asked)],
      [keyOf(coreKinds.serviceaccounts), (node, asked) => this.#token(node, asked)],
      [keyOf(coordinationKinds.leases), ownLease],
      [keyOf(coreKinds.nodes), ownNode],
      [keyOf(coreKinds.pods), (node, asked) => this.#pod(node, asked)],
    ]);
  }

  authorize(asked: AccessAttributes): Decision {
    const node = nodeOf(asked.user);
    if (node === undefined) return no();
    if (node === '') return no(`unknown node for user ${JSON.stringify(asked.user.name)}`);
    const special = asked.resourceRequest ? this.#special.get(keyOf(asked)) : undefined;
    if (special) return special(node, asked);
    return this.#rules.some((rule) => ruleAllows(asked, rule)) ? ALLOWED : no();
  }

  rulesFor(user: UserInfo): ResolvedRules {
    const nothing = { resourceRules: [], nonResourceRules: [] };
    if (nodeOf(user) === undefined) return nothing;
    return { ...nothing, incomplete: true, evaluationError: 'node authorizer does not support user rule resolution' };
  }

  #read(node: string, asked: AccessAttributes, what: Related): Decision {
    if (!['get', 'list', 'watch'].includes(asked.verb)) return no('can only read resources of this type');
    if (asked.subresource !== '') return no('cannot read subresource');
    if (asked.namespace === '') return no('can only read namespaced object of this type');
    return this.#related(node, asked, what);
  }

  #claim(node: string, asked: AccessAttributes): Decision {
    if (asked.subresource !== 'status') return this.#get(node, asked, 'claims');
    if (!['update', 'patch'].includes(asked.verb)) return no('can only get/update/patch this type');
    return this.#related(node, asked, 'claims');
  }

  #get(node: string, asked: AccessAttributes, what: Related): Decision {
    if (asked.verb !== 'get') return no('can only get individual resources of this type');
    if (asked.subresource !== '') return no('cannot get subresource');
    return this.#related(node, asked, what);
  }

  #token(node: string, asked: AccessAttributes): Decision {
    if (asked.verb !== 'create' || asked.name === '') return no('can only create tokens for individual service accounts');
    if (asked.subresource !== 'token') return no('can only create token subresource of serviceaccount');
    return this.#related(node, asked, 'accounts');
  }

  #pod(node: string, asked: AccessAttributes): Decision {
    const { verb, subresource, name } = asked;
    if (subresource === 'status') return ['update', 'patch'].includes(verb) ? ALLOWED : no();
    if (subresource === 'eviction') return verb === 'create' ? ALLOWED : no();
    if (subresource !== '') return no();
    // Pods of its own files, which it shows to the API server.
    if (verb === 'create' || verb === 'delete') return ALLOWED;
    if (verb === 'get') return this.#get(node, asked, 'pods');
    if (verb !== 'list' && verb !== 'watch') return no();
    if (selects(asked.fieldSelector, 'spec.nodeName', node)) return ALLOWED;
    return name === '' ? no('can only list/watch pods with spec.nodeName field selector') : this.#related(node, asked, 'pods');
  }

  #slice(node: string, asked: AccessAttributes): Decision {
    const { verb, subresource } = asked;
    if (subresource !== '') return no('cannot authorize ResourceSlice subresources');
    // Whose it is to be is seen by NodeRestriction.
    if (verb === 'create') return ALLOWED;
    if (['get', 'update', 'patch', 'delete'].includes(verb)) return this.#related(node, asked, 'slices');
    if (!['watch', 'list', 'deletecollection'].includes(verb)) return no(SLICE_VERBS);
    if (selects(asked.fieldSelector, 'spec.nodeName', node)) return ALLOWED;
    return no('can only list/watch/deletecollection resourceslices with nodeName field selector');
  }

  #related(node: string, { namespace, name }: AccessAttributes, what: Related): Decision {
    if (name === '') return no('No Object name found');
    if (this.#isRelated(node, { namespace, name }, what)) return ALLOWED;
    return no(`no relationship found between node '${node}' and this object`);
  }

  #isRelated(node: string, named: { readonly namespace: string; readonly name: string }, what: Related): boolean {
    if (what === 'volumes') return this.#volumes.holds(node, named.name);
    if (what === 'slices') return this.#objects.get<ResourceSlice>(resourceKinds.resourceslices, '', named.name)?.spec.nodeName === node;
    if (what === 'attachments') return this.#volumes.attaches(node, named.name);
    return this.#pods.holds(node, what, named) || (what === 'secrets' && this.#volumes.needs(node, named));
  }
}

/** The node a user is; `''` for a node without a name, undefined for others. */
export function nodeOf({ name, groups }: UserInfo): string | undefined {
  return name.startsWith(NODE_PREFIX) && groups.includes(NODES_GROUP) ? name.slice(NODE_PREFIX.length) : undefined;
}

function ownNode(node: string, { verb, subresource, name }: AccessAttributes): Decision {
  const writes = verb === 'update' || verb === 'patch';
  if (subresource === 'status') return writes ? ALLOWED : no();
  if (subresource !== '') return no();
  if (writes || verb === 'create') return ALLOWED;
  if (!['get', 'list', 'watch'].includes(verb)) return no();
  if (name === node) return ALLOWED;
  return no(`node '${node}' cannot read ${name === '' ? 'all nodes' : `'${name}'`}, only its own Node object`);
}

function ownLease(node: string, { verb, namespace, name }: AccessAttributes): Decision {
  if (!['get', 'create', 'update', 'patch', 'delete'].includes(verb)) {
    return no('can only get, create, update, patch, or delete a node lease');
  }
  if (namespace !== LEASE_NAMESPACE) return no(`can only access leases in the ${JSON.stringify(LEASE_NAMESPACE)} system namespace`);
  // The name is not known on create.
  if (verb !== 'create' && name !== node) return no('can only access node lease with the same name as the requesting node');
  return ALLOWED;
}

function ownCsiNode(node: string, { verb, subresource, name }: AccessAttributes): Decision {
  if (!['get', 'create', 'update', 'patch', 'delete'].includes(verb)) return no('can only get, create, update, patch, or delete a CSINode');
  if (subresource !== '') return no('cannot authorize CSINode subresources');
  // The name is not known on create.
  if (verb !== 'create' && name !== node) return no('can only access CSINode with the same name as the requesting node');
  return ALLOWED;
}

function selects(selector: string | undefined, wanted: string, node: string): boolean {
  if (!selector) return false;
  try {
    const found = parseFieldSelector(selector);
    return found.some(({ field, operator, value }) => field === wanted && operator === '=' && value === node);
  } catch (error) {
    if (error instanceof SelectorError) return false; // refused where it is read
    throw error;
  }
}
