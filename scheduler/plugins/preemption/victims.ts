import { fromLabelSelector, type LabelSelectorQuery, type PodDisruptionBudget } from '../../../api/index.ts';
import type { CycleState } from '../../framework/cycle-state.ts';
import type { Framework, Victims } from '../../framework/plugin.ts';
import { type Rejection, unresolvable } from '../../framework/status.ts';
import type { NodeInfo } from '../../state/node-info.ts';
import type { PodInfo } from '../../state/pod-info.ts';

const NO_VICTIMS = { ...unresolvable('No preemption victims found for incoming pod'), plugin: 'DefaultPreemption' };

/** From the most important to the least: by priority, then who has run longer. Upstream: `util.MoreImportantPod`. */
export const byImportance = (a: PodInfo, b: PodInfo): number =>
  b.priority - a.priority || (a.startedMs === b.startedMs ? 0 : a.startedMs - b.startedMs);

export interface VictimSearch {
  readonly framework: Framework;
  readonly state: CycleState;
  readonly pod: PodInfo;
  readonly budgets: readonly PodDisruptionBudget[];
}

/** Who has to go, or why nobody's going would help. */
export type VictimsFound = Victims | Rejection;

/**
 * The pods that have to go from a node for the pod to fit: all less important ones are taken away, and as many as possible put back, those
 * first whose budgets would not allow it. Upstream: `SelectVictimsOnNode` of `plugins/defaultpreemption`.
 */
export function victimsOn(node: NodeInfo, { framework, state, pod, budgets }: VictimSearch): VictimsFound {
  const candidates: PodInfo[] = [];
  for (const other of node.pods.values()) if (other.priority < pod.priority) candidates.push(other);
  if (candidates.length === 0) return NO_VICTIMS;
  const [tried, trial] = [node.clone(), state.clone()];
  const remove = (other: PodInfo) => {
    tried.remove(other.uid);
    framework.removePod(trial, pod, other, tried);
  };
  for (const other of candidates) remove(other);
  const rejection = framework.filterWithNominated(trial, pod, tried);
  if (rejection) return rejection;
  candidates.sort(byImportance);
  const { violating, others } = splitByBudget(candidates, budgets);
  const victims: PodInfo[] = [];
  let violations = 0;
  const reprieve = (other: PodInfo): boolean => {
    tried.add(other);
    framework.addPod(trial, pod, other, tried);
    if (!framework.filterWithNominated(trial, pod, tried)) return true;
    remove(other);
    victims.push(other);
    return false;
  };
  for (const other of violating) if (!reprieve(other)) violations++;
  for (const other of others) reprieve(other);
  if (violating.length > 0) victims.sort(byImportance);
  return { pods: victims, violations };
}

/** The pods whose eviction a budget would not allow, when those before them are evicted too. Upstream: `filterPodsWithPDBViolation`. */
export function splitByBudget(
  pods: readonly PodInfo[],
  budgets: readonly PodDisruptionBudget[],
): { violating: PodInfo[]; others: PodInfo[] } {
  if (budgets.length === 0) return { violating: [], others: [...pods] };
  const left = budgets.map(allowanceOf);
  const violating: PodInfo[] = [];
  const others: PodInfo[] = [];
  for (const info of pods) (spend(left, info) ? others : violating).push(info);
  return { violating, others };
}

interface Allowance {
  readonly namespace: string | undefined;
  readonly selector: LabelSelectorQuery;
  /** Pods whose eviction the API server has counted already. */
  readonly disrupted: object;
  allowed: number;
}

const allowanceOf = ({ metadata, spec, status }: PodDisruptionBudget): Allowance => ({
  namespace: metadata.namespace,
  selector: fromLabelSelector(spec?.selector),
  disrupted: status?.disruptedPods ?? {},
  allowed: status?.disruptionsAllowed ?? 0,
});

/** Takes one eviction from each budget that is about the pod. @returns whether all of them allowed it. */
function spend(allowances: readonly Allowance[], { pod, namespace }: PodInfo): boolean {
  const { labels = {}, name } = pod.metadata;
  // A pod without labels is in no budget, whatever the selector.
  if (Object.keys(labels).length === 0) return true;
  let allowed = true;
  for (const allowance of allowances) {
    const { selector, disrupted } = allowance;
    if (allowance.namespace !== namespace || selector.empty || !selector.matches(labels) || Object.hasOwn(disrupted, name)) continue;
    allowance.allowed--;
    allowed &&= allowance.allowed >= 0;
  }
  return allowed;
}
