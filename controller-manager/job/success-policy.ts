import type { SuccessPolicy, SuccessPolicyRule } from '../../api/index.ts';
import { countIndexes, type Intervals, parseIntervals } from './indexes.ts';

/** The message about the first rule that holds; undefined when none does. Upstream: `pkg/controller/job/success_policy.go`. */
export function matchSuccessPolicy(policy: SuccessPolicy | undefined, completions: number, succeeded: Intervals): string | undefined {
  if (!policy || succeeded.length === 0) return undefined;
  const index = policy.rules.findIndex((rule) => holds(rule, completions, succeeded));
  return index < 0 ? undefined : `Matched rules at index ${index}`;
}

function holds({ succeededIndexes, succeededCount }: SuccessPolicyRule, completions: number, succeeded: Intervals): boolean {
  if (succeededIndexes === undefined) return succeededCount !== undefined && countIndexes(succeeded) >= succeededCount;
  const required = parseIntervals(succeededIndexes, completions);
  if (required.length === 0) return false;
  const reached = countCommon(required, succeeded);
  return reached === countIndexes(required) || (succeededCount !== undefined && reached >= succeededCount);
}

function countCommon(a: Intervals, b: Intervals): number {
  let common = 0;
  for (const x of a) {
    for (const y of b) common += Math.max(0, Math.min(x.last, y.last) - Math.max(x.first, y.first) + 1);
  }
  return common;
}
