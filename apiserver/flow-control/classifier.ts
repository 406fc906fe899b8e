import type { FlowSchema, NonResourcePolicyRule, PolicyRulesWithSubjects, ResourcePolicyRule } from '../../api/index.ts';
import type { UserInfo } from '../auth/types.ts';
import type { RequestInfo } from '../pipeline/request-info.ts';

/** A rule of a schema, compiled: of whom, and for what. */
export interface CompiledRule {
  isFor(user: UserInfo): boolean;
  fits(info: RequestInfo): boolean;
}

type FlowSubject = NonNullable<PolicyRulesWithSubjects['subjects']>[number];

const ACCOUNT_PREFIX = 'system:serviceaccount:';

/** Compiles a schema's rules, of which one that matches is enough. Upstream: apiserver/pkg/util/flowcontrol/rule.go. */
export const compileRules = ({ spec }: FlowSchema): CompiledRule[] => (spec.rules ?? []).map(compileRule);

function compileRule(rule: PolicyRulesWithSubjects): CompiledRule {
  const subjects = (rule.subjects ?? []).map(compileSubject);
  const resources = (rule.resourceRules ?? []).map(compileResourceRule);
  const paths = (rule.nonResourceRules ?? []).map(compileNonResourceRule);
  return {
    isFor: (user) => subjects.some((is) => is(user)),
    fits: (info) => {
      for (const fits of info.isResource ? resources : paths) if (fits(info)) return true;
      return false;
    },
  };
}

function compileSubject({ kind, user, group, serviceAccount }: FlowSubject): (user: UserInfo) => boolean {
  switch (kind) {
    case 'User':
      return user?.name === '*' ? () => true : ({ name }) => name === user?.name;
    case 'Group':
      return group?.name === '*' ? () => true : ({ groups }) => group !== undefined && groups.includes(group.name ?? '');
    case 'ServiceAccount':
      return serviceAccount ? compileAccount(serviceAccount.namespace ?? '', serviceAccount.name ?? '') : () => false;
    default:
      return () => false;
  }
}

function compileAccount(namespace: string, account: string): (user: UserInfo) => boolean {
  const prefix = `${ACCOUNT_PREFIX}${namespace}:`;
  return account === '*' ? ({ name }) => name.startsWith(prefix) : ({ name }) => name === prefix + account;
}

function compileResourceRule(rule: ResourcePolicyRule): (info: RequestInfo) => boolean {
  const verb = compileNames(rule.verbs);
  const resource = compileNames(rule.resources);
  const group = compileNames(rule.apiGroups);
  const namespace = compileNames(rule.namespaces);
  const clusterScope = rule.clusterScope ?? false;
  return (info) =>
    verb(info.verb) &&
    resource(info.subresource === '' ? info.resource : `${info.resource}/${info.subresource}`) &&
    group(info.group) &&
    (info.namespace === '' ? clusterScope : namespace(info.namespace));
}

function compileNonResourceRule(rule: NonResourcePolicyRule): (info: RequestInfo) => boolean {
  const verb = compileNames(rule.verbs);
  const paths = (rule.nonResourceURLs ?? []).map(compilePath);
  return (info) => verb(info.verb) && paths.some((fits) => fits(info.path));
}

/** A path, and all below it. */
function compilePath(rule: string): (path: string) => boolean {
  if (rule === '*') return () => true;
  const bare = rule.endsWith('*') ? rule.slice(0, -1) : rule;
  const prefix = bare.endsWith('/') ? bare : `${bare}/`;
  return (path) => path === rule || path.startsWith(prefix);
}

/** One of some names; `*` on its own is any. */
function compileNames(names: readonly string[] | null | undefined): (name: string) => boolean {
  const list = names ?? [];
  if (list.length === 1 && list[0] === '*') return () => true;
  return (name) => list.includes(name);
}
