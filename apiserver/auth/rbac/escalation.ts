import { isDeepStrictEqual } from 'node:util';
import {
  apiError,
  type ClusterRole,
  goQuote,
  type KindInfo,
  type KubeObject,
  type PolicyRule,
  type RoleBinding,
  rbacKinds,
} from '../../../api/index.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../../admission/plugin.ts';
import { aggregate } from '../../admission/refusal.ts';
import { plainError } from '../../registry/store-errors.ts';
import type { RequestContext } from '../../registry/strategy.ts';
import { type Authorizer, type Decision, type UserInfo, whenKnown } from '../types.ts';
import { uncovered } from './covers.ts';
import type { MissingRole } from './role-index.ts';

/*
 * Nobody grants what they do not hold: who writes a role must hold its rules (or may `escalate` it), who writes a binding must hold its
 * role's rules (or may `bind` it). Upstream: `pkg/registry/rbac/{role,clusterrole,rolebinding,clusterrolebinding}/policybased`. There it
 * is a layer of the registry, which stands between the admission plugins that change an object and its validation; here it is the last of
 * those plugins, and cannot be turned off.
 */

/** What the check must know besides what the authorizer says. */
export interface HeldRules {
  /** The rules a user holds in a namespace, and which roles could not be read. */
  heldBy(user: UserInfo, namespace: string): { readonly rules: readonly PolicyRule[]; readonly errors: readonly MissingRole[] };
  /** The rules of a role; undefined when it is not there. */
  rulesOfRole(namespace: string, role: { readonly kind: string; readonly name: string }): readonly PolicyRule[] | undefined;
}

interface Question {
  readonly context: RequestContext;
  readonly attributes: AdmissionAttributes;
  readonly object: KubeObject;
}

type Check = (parts: Parts, question: Question) => void | Promise<void>;

interface Parts {
  readonly authorizer: Authorizer;
  readonly rules: HeldRules;
  /** Members may grant everything. */
  readonly privilegedGroup: string;
}

const CHECKS: ReadonlyMap<string, Check> = new Map<string, Check>([
  [rbacKinds.roles.resource, checkRole],
  [rbacKinds.clusterroles.resource, checkRole],
  [rbacKinds.rolebindings.resource, checkBinding],
  [rbacKinds.clusterrolebindings.resource, checkBinding],
]);

const ROLE_KINDS: ReadonlySet<string> = new Set([rbacKinds.roles.kind, rbacKinds.clusterroles.kind]);

const EVERYTHING: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

/** The check, as the last plugin that sees an object before it is validated. */
export const createEscalationCheck = (parts: Parts): AdmissionPlugin => ({
  name: 'RbacEscalation',
  admit: (context, attributes) => {
    const { kind, object, old, subresource } = attributes;
    const check = kind.group === rbacKinds.roles.group ? CHECKS.get(kind.resource) : undefined;
    if (!check || !object || subresource !== '' || context.user.groups.includes(parts.privilegedGroup)) return;
    if (old && sameButForUpkeep(object, old)) return;
    return check(parts, { context, attributes, object });
  },
});

/** Roles of either kind; one that aggregates others can gather anything. */
function checkRole(parts: Parts, question: Question): void | Promise<void> {
  const { kind, operation } = question.attributes;
  const name = operation === 'CREATE' ? '' : question.attributes.name;
  const mayEscalate = may(parts, question, { verb: 'escalate', group: kind.group, resource: kind.resource, name });
  return whenKnown(mayEscalate, ({ allowed }) => (allowed ? undefined : checkRules(parts, question)));
}

function checkRules(parts: Parts, question: Question): void {
  const { attributes, object } = question;
  const { old } = attributes;
  const { rules } = object as ClusterRole;
  const refusal = missing(parts, question, rules ?? []);
  if (refusal !== undefined) throw refused(question, refusal);
  const aggregated = [object, old].some((role) => (role as ClusterRole | undefined)?.aggregationRule);
  if (!aggregated || missing(parts, question, EVERYTHING) === undefined) return;
  throw refused(question, 'must have cluster-admin privileges to use the aggregationRule');
}

function checkBinding(parts: Parts, question: Question): void | Promise<void> {
  const { roleRef } = question.object as RoleBinding;
  const resource = roleRef.kind === rbacKinds.clusterroles.kind ? rbacKinds.clusterroles.resource : rbacKinds.roles.resource;
  const mayBind = may(parts, question, { verb: 'bind', group: roleRef.apiGroup, resource, name: roleRef.name });
  return whenKnown(mayBind, ({ allowed }) => (allowed ? undefined : checkGranted(parts, question)));
}

function checkGranted(parts: Parts, question: Question): void {
  const { context, attributes, object } = question;
  const { roleRef } = object as RoleBinding;
  if (!ROLE_KINDS.has(roleRef.kind)) throw plainError(`unsupported role reference kind: ${goQuote(roleRef.kind)}`);
  if (roleRef.name === '') throw apiError.badRequest('Name parameter required.');
  const rules = parts.rules.rulesOfRole(context.namespace, roleRef);
  if (!rules) throw apiError.notFound(attributes.kind, roleRef.name);
  const refusal = missing(parts, question, rules);
  if (refusal !== undefined) throw refused(question, refusal);
}

interface Permission {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly name: string;
}

const may = ({ authorizer }: Parts, { context }: Question, permission: Permission): Decision | Promise<Decision> =>
  authorizer.authorize({
    ...permission,
    user: context.user,
    namespace: context.namespace,
    version: '*',
    subresource: '',
    resourceRequest: true,
    path: '',
  });

/** What the user would grant without holding it, as upstream puts it; undefined when it is nothing. */
function missing({ rules }: Parts, { context, attributes }: Question, wanted: readonly PolicyRule[]): string | undefined {
  const { user, namespace } = context;
  const held = rules.heldBy(user, namespace);
  const lacking = uncovered(held.rules, wanted);
  if (lacking.length === 0) return undefined;
  const lines = [...new Set(compact(lacking).map(describe))].sort();
  const who = `user ${goQuote(user.name)} (groups=${goList(user.groups)})`;
  // Upstream looks for roles as the storage of what is written does, and says that one of those is not there.
  const errors = held.errors.map(({ message, role }) => (role === undefined ? message : notFound(attributes.kind, role)));
  const unresolved = errors.length === 0 ? '' : `; resolution errors: [${aggregate(errors)}]`;
  return `${who} is attempting to grant RBAC permissions not currently held:\n${lines.join('\n')}${unresolved}`;
}

const notFound = ({ resource, group }: KindInfo, name: string): string => `${resource}.${group} ${goQuote(name)} not found`;

const refused = ({ attributes, object }: Question, why: string) => apiError.forbidden(attributes.kind, object.metadata.name ?? '', why);

/** Rules that differ in their verbs only, as one. */
function compact(pieces: readonly PolicyRule[]): PolicyRule[] {
  const found = new Map<string, PolicyRule>();
  for (const piece of pieces) {
    const key = JSON.stringify(piece.nonResourceURLs ? piece : [piece.apiGroups, piece.resources, piece.resourceNames]);
    const same = found.get(key);
    found.set(key, same ? { ...same, verbs: [...same.verbs, ...piece.verbs] } : piece);
  }
  return [...found.values()];
}

function describe({ apiGroups, resources, nonResourceURLs, resourceNames, verbs }: PolicyRule): string {
  const parts = {
    APIGroups: apiGroups,
    Resources: resources,
    NonResourceURLs: nonResourceURLs,
    ResourceNames: resourceNames,
    Verbs: verbs,
  };
  const shown = Object.entries(parts).flatMap(([name, items]) => (items?.length ? [`${name}:${goList(items)}`] : []));
  return `{${shown.join(', ')}}`;
}

const goList = (items: readonly string[]): string => `[${items.map(goQuote).join(' ')}]`;

/** The garbage collector may tend to objects whose rules it does not hold. */
function sameButForUpkeep(object: KubeObject, old: KubeObject): boolean {
  const bare = ({ metadata, ...rest }: KubeObject): unknown => {
    const { ownerReferences: _, finalizers: __, managedFields: ___, ...kept } = metadata;
    return JSON.parse(JSON.stringify({ ...rest, metadata: kept }));
  };
  return isDeepStrictEqual(bare(object), bare(old));
}
