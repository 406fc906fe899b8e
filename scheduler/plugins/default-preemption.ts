import { fieldError, type Pod, type PodDisruptionBudget, policyKinds } from '../../api/index.ts';
import { type FieldReader, readObject } from '../config/field-reader.ts';
import type { CycleState } from '../framework/cycle-state.ts';
import { on } from '../framework/events.ts';
import { fitMessage } from '../framework/fit-error.ts';
import type { NodeStatuses } from '../framework/node-statuses.ts';
import type { Handle, PluginDefinition, PostFilterResult, Victims } from '../framework/plugin.ts';
import { type Rejection, unresolvable, unschedulable } from '../framework/status.ts';
import type { PodInfo } from '../state/pod-info.ts';
import { argsOf, checkRange } from './args.ts';
import { findCandidates } from './preemption/candidates.ts';
import { Eviction } from './preemption/eviction.ts';
import { pickNode } from './preemption/pick-node.ts';
import { VictimMemo } from './preemption/victim-memo.ts';

const NAME = 'DefaultPreemption';
const RUNNING = unresolvable('waiting for the preemption for this pod to be finished');
const NOT_HELPFUL = unresolvable('Preemption is not helpful for scheduling');

export interface DefaultPreemptionArgs {
  /** How many nodes are tried out: at least so many of those that could help, in percent and absolutely. */
  readonly minCandidateNodesPercentage: number;
  readonly minCandidateNodesAbsolute: number;
}

/** Makes room for a pod by deleting less important ones. Upstream: `plugins/defaultpreemption`, `framework/preemption`. */
export const defaultPreemption: PluginDefinition<DefaultPreemptionArgs> = {
  name: NAME,
  readArgs: (args, path) => argsOf((problems) => readObject(args, path, problems, read)),
  create: (args, handle) => {
    const eviction = new Eviction(handle, NAME);
    const budgets = handle.informers.informer<PodDisruptionBudget>(policyKinds.poddisruptionbudgets);
    const preemption = { args, handle, eviction, memo: new VictimMemo(), budgets: () => budgets.list() };
    return {
      name: NAME,
      preEnqueue: ({ uid }) => (eviction.isRunning(uid) ? RUNNING : undefined),
      postFilter: (state, pod, statuses) => {
        handle.metrics.preemptionAttempt();
        return sayingWho(() => preempt(preemption, { state, pod, statuses }));
      },
      // When its victims are gone is for those plugins to say that rejected the pod.
      events: [on('AssignedPod', ['Delete'], () => false)],
    };
  },
};

interface Preemption {
  readonly args: DefaultPreemptionArgs;
  readonly handle: Handle;
  readonly eviction: Eviction;
  readonly memo: VictimMemo;
  readonly budgets: () => readonly PodDisruptionBudget[];
}

interface Failed {
  readonly state: CycleState;
  readonly pod: PodInfo;
  readonly statuses: NodeStatuses;
}

function preempt(preemption: Preemption, failed: Failed): PostFilterResult | Promise<PostFilterResult> {
  const { args, handle, memo } = preemption;
  const { state, pod, statuses } = failed;
  const { snapshot, framework, preemptionExtenders } = handle;
  const why = whyNotEligible(handle, failed);
  if (why !== undefined) return { rejection: said(why) };
  const nodes = statuses.unschedulable(snapshot.nodes);
  const wanted = Math.min(
    nodes.length,
    Math.max(args.minCandidateNodesAbsolute, Math.trunc((nodes.length * args.minCandidateNodesPercentage) / 100)),
  );
  const offset = nodes.length === 0 ? 0 : handle.random.integer(nodes.length);
  const budgets = nodes.length === 0 ? [] : preemption.budgets();
  const found = findCandidates({ framework, state, pod, budgets, memo, nodes, offset, wanted });
  if (found.victims.size === 0) {
    found.statuses.absent = NOT_HELPFUL;
    const message = fitMessage({ nodeCount: snapshot.nodes.length, statuses: found.statuses });
    return { nominatedNodeName: '', rejection: said(message) };
  }
  const interested = preemptionExtenders.filter((extender) => extender.isInterested(pod));
  if (interested.length === 0) return evict(preemption, pod, found.victims);
  return askExtenders(preemption, pod, found.victims, interested);
}

/** Errors are told as rejections are. */
function sayingWho(run: () => PostFilterResult | Promise<PostFilterResult>): PostFilterResult | Promise<PostFilterResult> {
  const failed = (cause: unknown): never => {
    throw new Error(`preemption: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  };
  try {
    const result = run();
    return result instanceof Promise ? result.catch(failed) : result;
  } catch (cause) {
    return failed(cause);
  }
}

/** Upstream: `callExtenders`. */
async function askExtenders(
  preemption: Preemption,
  pod: PodInfo,
  found: ReadonlyMap<string, Victims>,
  extenders: Handle['preemptionExtenders'],
): Promise<PostFilterResult> {
  let victims = found;
  for (const extender of extenders) {
    if (victims.size === 0) break;
    const answer = await extender.processPreemption(pod, victims).catch((error: unknown) => {
      if (!extender.ignorable) throw error;
      preemption.handle.logger.warn({ err: error, extender: extender.name }, 'extender failed and is ignored');
    });
    if (!answer) continue;
    for (const [node, { pods }] of answer) {
      if (pods.length > 0) continue;
      if (!extender.ignorable) throw new Error(`expected at least one victim pod on node ${JSON.stringify(node)}`);
      answer.delete(node);
    }
    victims = answer;
  }
  return evict(preemption, pod, victims);
}

function evict({ eviction }: Preemption, pod: PodInfo, candidates: ReadonlyMap<string, Victims>): PostFilterResult {
  const nodeName = pickNode(candidates);
  const victims = nodeName === undefined ? undefined : candidates.get(nodeName);
  if (nodeName === undefined || !victims) return { rejection: said('no candidate node for preemption') };
  eviction.begin(pod, nodeName, victims);
  return { nominatedNodeName: nodeName };
}

const said = (message: string): Rejection => unschedulable(`preemption: ${message}`);

/** Upstream: `PodEligibleToPreemptOthers`. */
function whyNotEligible({ snapshot }: Handle, { pod, statuses }: Failed): string | undefined {
  if (pod.pod.spec.preemptionPolicy === 'Never') return 'not eligible due to preemptionPolicy=Never.';
  const { nominatedNodeName } = pod.pod.status;
  if (!nominatedNodeName || statuses.get(nominatedNodeName)?.code === 'UnschedulableAndUnresolvable') return undefined;
  for (const other of snapshot.get(nominatedNodeName)?.pods.values() ?? []) {
    if (other.priority < pod.priority && isBeingPreempted(other.pod)) return 'not eligible due to a terminating pod on the nominated node.';
  }
  return undefined;
}

const isBeingPreempted = ({ metadata, status }: Pod): boolean =>
  metadata.deletionTimestamp !== undefined &&
  (status.conditions ?? []).some(
    ({ type, status: is, reason }) => type === 'DisruptionTarget' && is === 'True' && reason === 'PreemptionByScheduler',
  );

function read(reader: FieldReader): DefaultPreemptionArgs {
  const minCandidateNodesPercentage = reader.integer('minCandidateNodesPercentage') ?? 10;
  const minCandidateNodesAbsolute = reader.integer('minCandidateNodesAbsolute') ?? 100;
  const [percentagePath, absolutePath] = [reader.pathOf('minCandidateNodesPercentage'), reader.pathOf('minCandidateNodesAbsolute')];
  checkRange(reader, percentagePath, minCandidateNodesPercentage, [0, 100]);
  if (minCandidateNodesAbsolute < 0)
    reader.note(fieldError.invalid(absolutePath, minCandidateNodesAbsolute, 'not in valid range [0, inf)'));
  if (minCandidateNodesPercentage === 0 && minCandidateNodesAbsolute === 0) {
    reader.note(fieldError.invalid(percentagePath, 0, 'cannot be zero at the same time as minCandidateNodesAbsolute'));
    reader.note(fieldError.invalid(absolutePath, 0, 'cannot be zero at the same time as minCandidateNodesPercentage'));
  }
  return { minCandidateNodesPercentage, minCandidateNodesAbsolute };
}
