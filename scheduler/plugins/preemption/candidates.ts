import { NodeStatuses } from '../../framework/node-statuses.ts';
import type { Victims } from '../../framework/plugin.ts';
import type { NodeInfo } from '../../state/node-info.ts';
import type { VictimMemo } from './victim-memo.ts';
import type { VictimSearch, VictimsFound } from './victims.ts';

export interface CandidateSearch extends VictimSearch {
  readonly memo: VictimMemo;
  /** Nodes that pods going away could help. */
  readonly nodes: readonly NodeInfo[];
  /** Where to begin, so that it is not always the same nodes that are preempted on. */
  readonly offset: number;
  /** So many candidates are enough, when one of them violates no budget. */
  readonly wanted: number;
}

/** Nodes on which the pod would fit with others gone, those first that need no budget violated; and why the rest would not do. */
export interface Candidates {
  readonly victims: ReadonlyMap<string, Victims>;
  readonly statuses: NodeStatuses;
}

/** Upstream: `DryRunPreemption`. */
export function findCandidates(search: CandidateSearch): Candidates {
  const { memo, nodes, offset, wanted } = search;
  const victimsOf = memo.searching(search);
  const kept: [string, Victims][] = [];
  const violating: [string, Victims][] = [];
  const statuses = new NodeStatuses();
  const errors = new Set<string>();
  for (let i = 0; i < nodes.length; i++) {
    const node = nodes[(offset + i) % nodes.length];
    if (!node) continue;
    const found = triedOn(node, victimsOf, errors);
    if (found === undefined) continue;
    if ('code' in found) statuses.set(node, found);
    else if (found.pods.length > 0) (found.violations === 0 ? kept : violating).push([node.name, found]);
    // Whoever rejected the node was none of the filters: an extender, or what PreFilter said of the pod as a whole.
    else errors.add(`expected at least one victim pod on node ${JSON.stringify(node.name)}`);
    if (kept.length > 0 && kept.length + violating.length >= wanted) break;
  }
  const victims = new Map([...kept, ...violating]);
  checkErrors(victims.size, [...errors]);
  return { victims, statuses };
}

/** A plugin that fails on one node leaves the others to be tried; only if none of them will do is that the answer. */
function triedOn(node: NodeInfo, victimsOf: (node: NodeInfo) => VictimsFound, errors: Set<string>): VictimsFound | undefined {
  try {
    return victimsOf(node);
  } catch (error) {
    errors.add(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

/** @throws when there is no candidate: several errors as one, as Go's aggregates are written. */
function checkErrors(candidates: number, errors: readonly string[]): void {
  if (candidates === 0 && errors.length > 0) throw new Error(errors.length === 1 ? errors[0] : `[${errors.join(', ')}]`);
}
