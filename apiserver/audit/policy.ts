import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { goQuote, nameIsDnsSubdomain } from '../../api/index.ts';
import { parseYaml } from '../../api/schema.ts';
import { UserError } from '../../runtime/index.ts';
import type { AccessAttributes } from '../auth/types.ts';

/** How much of a request is noted; each holds what those before it hold. */
export const LEVELS = ['None', 'Metadata', 'Request', 'RequestResponse'] as const;
export type Level = (typeof LEVELS)[number];

/** When something is noted of a request. */
export const STAGES = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'] as const;
export type Stage = (typeof STAGES)[number];

/** What is noted of one request. */
export interface AuditDecision {
  readonly level: Level;
  readonly omitStages: ReadonlySet<Stage>;
  readonly omitManagedFields: boolean;
}

const strings = z.array(z.string()).nullish();

const ruleSchema = z.object({
  level: z.string().nullish(),
  users: strings,
  userGroups: strings,
  verbs: strings,
  resources: z.array(z.object({ group: z.string().nullish(), resources: strings, resourceNames: strings })).nullish(),
  namespaces: strings,
  nonResourceURLs: strings,
  omitStages: strings,
  omitManagedFields: z.boolean().nullish(),
});

const policySchema = z.object({
  apiVersion: z.literal('audit.k8s.io/v1'),
  kind: z.literal('Policy'),
  rules: z.array(ruleSchema).nullish(),
  omitStages: strings,
  omitManagedFields: z.boolean().nullish(),
});

type Rule = z.infer<typeof ruleSchema>;
type Policy = z.infer<typeof policySchema>;

const NOTHING: AuditDecision = { level: 'None', omitStages: new Set(), omitManagedFields: false };

/**
 * An audit.k8s.io/v1 Policy: the first rule that fits a request says what is noted of it. Upstream: apiserver/pkg/audit/policy.
 */
export class AuditPolicy {
  readonly #rules: readonly { readonly rule: Rule; readonly decision: AuditDecision }[];

  constructor(policy: Policy) {
    this.#rules = (policy.rules ?? []).map((rule) => ({
      rule,
      decision: {
        level: rule.level as Level, // checked by validate
        omitStages: new Set([...(policy.omitStages ?? []), ...(rule.omitStages ?? [])] as Stage[]),
        omitManagedFields: rule.omitManagedFields ?? policy.omitManagedFields ?? false,
      },
    }));
  }

  decide(attributes: AccessAttributes): AuditDecision {
    return this.#rules.find(({ rule }) => matches(rule, attributes))?.decision ?? NOTHING;
  }
}

/** Reads a policy file, YAML or JSON. @throws UserError that says what is wrong. */
export function readAuditPolicy(path: string): AuditPolicy {
  const fail = (why: string) => new UserError(`--audit-policy-file: ${why} (in ${path})`);
  let content: unknown;
  try {
    content = parseYaml(readFileSync(path, 'utf8'));
  } catch (error) {
    throw fail(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));
  }
  const parsed = policySchema.safeParse(content);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw fail(`${issue?.path.join('.')}: ${issue?.message}`);
  }
  const [problem] = validate(parsed.data);
  if (problem !== undefined) throw fail(problem);
  return new AuditPolicy(parsed.data);
}

/** What is wrong with a policy: upstream's checks (apiserver/pkg/apis/audit/validation). */
function validate(policy: Policy): string[] {
  const rules = policy.rules ?? [];
  const problems = [
    ...stageProblems(policy.omitStages ?? [], 'omitStages'),
    ...rules.flatMap((rule, i) => ruleProblems(rule, `rules[${i}]`)),
  ];
  return problems.length === 0 && rules.length === 0 ? ['loaded illegal policy with 0 rules'] : problems;
}

function ruleProblems(rule: Rule, path: string): string[] {
  const { nonResourceURLs: urls, resources, namespaces } = rule;
  const problems = levelProblems(rule, path);
  for (const [i, url] of (urls ?? []).entries()) problems.push(...urlProblems(url, `${path}.nonResourceURLs[${i}]`));
  for (const { group, resources: names, resourceNames } of resources ?? []) {
    if (group && nameIsDnsSubdomain(group, false).length > 0) problems.push(`${path}.resources.group: Invalid value: ${goQuote(group)}`);
    if (resourceNames?.length && !names?.length) {
      problems.push(`${path}.resources.resourceNames: Invalid value: using resourceNames requires at least one resource`);
    }
  }
  problems.push(...stageProblems(rule.omitStages ?? [], `${path}.omitStages`));
  if (urls?.length && (resources?.length || namespaces?.length)) {
    problems.push(`${path}.nonResourceURLs: Invalid value: rules cannot apply to both regular resources and non-resource URLs`);
  }
  return problems;
}

function levelProblems({ level }: Rule, path: string): string[] {
  if (!level) return [`${path}.level: Required value`];
  return LEVELS.some((known) => known === level) ? [] : [`${path}.level: Unsupported value: ${goQuote(level)}`];
}

function urlProblems(url: string, path: string): string[] {
  if (url === '*') return [];
  const problems: string[] = [];
  const invalid = (why: string) => problems.push(`${path}: Invalid value: ${goQuote(url)}: ${why}`);
  if (!url.startsWith('/')) invalid("non-resource URL rules must begin with a '/' character");
  if (url.slice(0, -1).includes('*')) invalid("non-resource URL wildcards '*' must be the final character of the rule");
  return problems;
}

const stageProblems = (stages: readonly string[], path: string): string[] =>
  stages.flatMap((stage, i) =>
    STAGES.some((known) => known === stage)
      ? []
      : [`${path}[${i}]: Invalid value: ${goQuote(stage)}: allowed stages are ${STAGES.join(',')}`],
  );

function matches(rule: Rule, attributes: AccessAttributes): boolean {
  const { user, verb } = attributes;
  if (rule.users?.length && !rule.users.includes(user.name)) return false;
  const { userGroups } = rule;
  if (userGroups?.length && !user.groups.some((group) => userGroups.includes(group))) return false;
  if (rule.verbs?.length && !rule.verbs.includes(verb)) return false;
  if (rule.namespaces?.length || rule.resources?.length) return matchesResource(rule, attributes);
  const { nonResourceURLs } = rule;
  if (!nonResourceURLs?.length) return true;
  return !attributes.resourceRequest && nonResourceURLs.some((url) => matchesPath(attributes.path, url));
}

const matchesPath = (path: string, url: string): boolean =>
  url === '*' || url === path || (url.endsWith('*') && path.startsWith(url.replace(/\*+$/, '')));

function matchesResource({ namespaces, resources }: Rule, attributes: AccessAttributes): boolean {
  if (!attributes.resourceRequest) return false;
  if (namespaces?.length && !namespaces.includes(attributes.namespace)) return false;
  if (!resources?.length) return true;
  return resources.some((group) => {
    if ((group.group ?? '') !== attributes.group) return false;
    if (!group.resources?.length) return true;
    if (group.resourceNames?.length && !group.resourceNames.includes(attributes.name)) return false;
    return group.resources.some((pattern) => matchesName(pattern, attributes));
  });
}

function matchesName(pattern: string, { resource, subresource }: AccessAttributes): boolean {
  if (pattern === '*' || pattern === (subresource === '' ? resource : `${resource}/${subresource}`)) return true;
  if (subresource !== '' && pattern === `*/${subresource}`) return true;
  return pattern === `${resource}/*`;
}
