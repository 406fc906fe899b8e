import type { ContainerStatus, Live, Pod, PodFailurePolicy, PodFailurePolicyRule } from '../../api/index.ts';

type Requirement = NonNullable<PodFailurePolicyRule['onExitCodes']>;

/** What a job's rules say of a failed pod. */
export interface FailureVerdict {
  readonly action: string | undefined;
  /** Whether it counts against the back-off limit. */
  readonly counts: boolean;
  /** Why the whole job has failed. */
  readonly failJob: string | undefined;
}

const COUNTED: FailureVerdict = { action: undefined, counts: true, failJob: undefined };

/** Judges a failed pod by the first rule that matches. Upstream: `pkg/controller/job/pod_failure_policy.go`. */
export function judgeFailure(policy: PodFailurePolicy | undefined, pod: Live<Pod>): FailureVerdict {
  for (const [index, rule] of (policy?.rules ?? []).entries()) {
    const found = match(rule, pod);
    if (found === undefined) continue;
    const { action } = rule;
    const failJob = action === 'FailJob' ? `${found} matching ${action} rule at index ${index}` : undefined;
    return { action, counts: action !== 'Ignore', failJob };
  }
  return COUNTED;
}

/** What the rule was matched by, in words; undefined when it does not match. */
function match({ onExitCodes, onPodConditions }: PodFailurePolicyRule, { metadata, status }: Live<Pod>): string | undefined {
  const pod = `${metadata.namespace}/${metadata.name}`;
  if (onExitCodes) {
    const statuses = [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])];
    const container = statuses.find((candidate) => matchesExitCode(onExitCodes, candidate));
    const code = container?.state?.terminated?.exitCode;
    return container && `Container ${container.name} for pod ${pod} failed with exit code ${code}`;
  }
  const condition = (status.conditions ?? []).find((candidate) =>
    onPodConditions?.some((pattern) => pattern.type === candidate.type && pattern.status === candidate.status),
  );
  return condition && `Pod ${pod} has condition ${condition.type}`;
}

function matchesExitCode({ containerName, operator, values }: Requirement, { name, state }: ContainerStatus): boolean {
  const code = state?.terminated?.exitCode ?? 0;
  if (code === 0 || (containerName !== undefined && containerName !== name)) return false;
  return (operator === 'In' && values.includes(code)) || (operator === 'NotIn' && !values.includes(code));
}
