import type { KubeObject, Live, Pod } from '../../api/index.ts';
import { registryWith } from '../config/build-profiles.ts';
import type { SchedulerConfiguration } from '../config/configuration.ts';
import { defaultConfiguration } from '../config/read-configuration.ts';
import type { PluginDefinition } from '../framework/plugin.ts';
import { loadSelectors } from '../plugins/dynamic-resources/allocation/selectors.ts';
import { IN_TREE } from '../plugins/registry.ts';
import { type PossibleChange, possibleChanges } from './changes.ts';
import { asStored, type ClusterState, kindOf } from './cluster-state.ts';
import { withDeviceClaims } from './device-claims.ts';
import { type Explanation, explain } from './explain.ts';
import { podsOf } from './pods-of.ts';
import { type SimulatedPlacement, Simulation } from './simulation.ts';

export interface WhatIfOptions {
  readonly configuration?: SchedulerConfiguration | undefined;
  readonly plugins?: readonly PluginDefinition[] | undefined;
}

const simulationOf = (state: ClusterState, { configuration = defaultConfiguration(), plugins = [] }: WhatIfOptions): Simulation =>
  new Simulation({ configuration: { ...configuration, extenders: [] }, registry: registryWith(IN_TREE, plugins), objects: state.all() });

/** Schedules what manifests stand for, and the pods of the cluster that wait, without binding anything; the most important pods first. */
export async function simulate(
  manifests: readonly KubeObject[],
  cluster: ClusterState,
  options: WhatIfOptions = {},
): Promise<SimulatedPlacement[]> {
  await loadSelectors();
  const state = cluster.clone();
  for (const object of manifests) {
    const kind = kindOf(object);
    if (kind && kind.kind !== 'Pod') state.add(kind, asStored(object, kind));
  }
  const pods = manifests
    .flatMap((object) => podsOf(object, state))
    .filter(({ spec }) => !spec.nodeName)
    .map((pod) => withDeviceClaims(pod, state));
  const simulation = simulationOf(state, options);
  return pods.toSorted((a, b) => (b.spec.priority ?? 0) - (a.spec.priority ?? 0)).map((pod) => simulation.place(pod));
}

/** Why a pod has no node, and what would help. */
export interface Why extends Explanation {
  /** Set when a node would do now: it is only a matter of time. */
  readonly wouldRunOn?: string | undefined;
  /** Set when the scheduler makes room for it: where, and which pods are deleted. */
  readonly preempts?: { readonly nodeName: string; readonly victims: readonly string[] } | undefined;
  /** The smallest single change that was found to help. */
  readonly change?: { readonly kind: PossibleChange['kind']; readonly text: string; readonly nodeName: string } | undefined;
}

/** Explains a pod that waits, and looks for the smallest change that would let it run: each is tried out before it is said. */
export async function why(pod: Live<Pod>, cluster: ClusterState, options: WhatIfOptions = {}): Promise<Why> {
  await loadSelectors();
  const simulation = simulationOf(cluster, options);
  const explanation = explain(simulation, pod);
  const placed = simulation.place(pod);
  if (placed.nodeName !== undefined) return { ...explanation, wouldRunOn: placed.nodeName };
  if (placed.nominatedNodeName !== undefined) {
    return { ...explanation, preempts: { nodeName: placed.nominatedNodeName, victims: placed.victims ?? [] } };
  }
  for (const { kind, text, apply } of possibleChanges(cluster, pod)) {
    const state = cluster.clone();
    const changed = apply(state, pod);
    const { nodeName } = simulationOf(state, options).place(changed);
    if (nodeName !== undefined) return { ...explanation, change: { kind, text, nodeName } };
  }
  return explanation;
}
