// Which requests rules are for: upstream's `admission/plugin/webhook/predicates/rules`.
import type { KindInfo } from '../../../api/index.ts';
import { type AdmissionAttributes, isNamespaceKind } from '../plugin.ts';

/** A rule of a webhook or a policy; what it leaves out matches nothing, but names and scope, which then match everything. */
export interface MatchRule {
  readonly operations?: readonly string[] | null | undefined;
  readonly apiGroups?: readonly string[] | null | undefined;
  readonly apiVersions?: readonly string[] | null | undefined;
  // pods, pods/status, pods/*, *, */status, */*
  readonly resources?: readonly string[] | null | undefined;
  /** `Cluster`, `Namespaced` or `*`. */
  readonly scope?: string | null | undefined;
  readonly resourceNames?: readonly string[] | null | undefined;
}

type List = readonly string[] | null | undefined;

/**
 * Whether a rule is for a request.
 *
 * @param kind the request's resource, or another that holds the same objects.
 */
export function matchesRule(rule: MatchRule, attributes: AdmissionAttributes, kind: KindInfo): boolean {
  return (
    matchesScope(rule.scope, attributes, kind) &&
    includes(rule.operations, attributes.operation) &&
    includes(rule.apiGroups, kind.group) &&
    includes(rule.apiVersions, kind.version) &&
    matchesResource(rule.resources, kind.resource, attributes.subresource) &&
    (!rule.resourceNames?.length || rule.resourceNames.includes(attributes.name))
  );
}

const includes = (items: List, wanted: string): boolean => items?.some((item) => item === '*' || item === wanted) ?? false;

function matchesScope(scope: MatchRule['scope'], { namespace }: AdmissionAttributes, kind: KindInfo): boolean {
  if (scope === undefined || scope === null || scope === '*') return true;
  const isNamespaced = namespace !== '' && !isNamespaceKind(kind);
  return scope === (isNamespaced ? 'Namespaced' : 'Cluster');
}

function matchesResource(patterns: List, resource: string, subresource: string): boolean {
  return (
    patterns?.some((pattern) => {
      const slash = pattern.indexOf('/');
      const main = slash < 0 ? pattern : pattern.slice(0, slash);
      const sub = slash < 0 ? '' : pattern.slice(slash + 1);
      return (main === '*' || main === resource) && (sub === '*' || sub === subresource);
    }) ?? false
  );
}
