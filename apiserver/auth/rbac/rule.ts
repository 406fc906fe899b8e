import type { PolicyRule } from '../../../api/index.ts';
import type { AccessAttributes } from '../types.ts';

/** What a rule may hold in place of a name, for all of them. */
const ALL = '*';

/** Whether a rule allows what is asked. */
export function ruleAllows(asked: AccessAttributes, rule: PolicyRule): boolean {
  if (!has(rule.verbs, asked.verb)) return false;
  if (!asked.resourceRequest) return (rule.nonResourceURLs ?? []).some((url) => urlMatches(url, asked.path));
  return has(rule.apiGroups, asked.group) && resourceMatches(rule, asked) && nameMatches(rule, asked.name);
}

const has = (list: readonly string[] | undefined, value: string): boolean => list?.some((item) => item === ALL || item === value) ?? false;

/** `pods`, `pods/log`, or the subresource of any resource: `∗/scale`. */
function resourceMatches(rule: PolicyRule, { resource, subresource }: AccessAttributes): boolean {
  const asked = subresource === '' ? resource : `${resource}/${subresource}`;
  const anyParent = subresource === '' ? undefined : `*/${subresource}`;
  return rule.resources?.some((item) => item === ALL || item === asked || item === anyParent) ?? false;
}

const nameMatches = ({ resourceNames }: PolicyRule, name: string): boolean => !resourceNames?.length || resourceNames.includes(name);

/** A trailing star stands for whatever follows. */
const urlMatches = (pattern: string, path: string): boolean =>
  pattern === ALL || pattern === path || (pattern.endsWith(ALL) && path.startsWith(pattern.replace(/\*+$/, '')));
