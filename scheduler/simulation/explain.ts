import type { Live, Pod } from '../../api/index.ts';
import type { Rejection } from '../framework/status.ts';
import { podInfoOf } from '../state/pod-info.ts';
import type { Simulation } from './simulation.ts';

/** What each plugin that said no has to say of a node; nothing of a node that would do. */
export interface NodeExplanation {
  readonly node: string;
  readonly rejections: readonly { readonly plugin: string; readonly reasons: readonly string[] }[];
}

export interface Explanation {
  /** A plugin rejected the pod before any node was looked at, or keeps it out of the queue. */
  readonly rejection?: { readonly plugin: string; readonly reasons: readonly string[] } | undefined;
  readonly nodes: readonly NodeExplanation[];
}

/** Shows a pod to every node and every plugin: unlike in scheduling, the first that says no is not the last that is asked. */
export function explain(simulation: Simulation, pod: Live<Pod>): Explanation {
  const info = podInfoOf(pod);
  const profile = simulation.profileOf(pod);
  if (!profile) return { rejection: { plugin: '', reasons: [`no profile has the scheduler name ${pod.spec.schedulerName}`] }, nodes: [] };
  const gated = profile.preEnqueue(info);
  if (gated) return { rejection: said(gated), nodes: [] };
  const all = profile.explain(info, simulation.cache);
  if (all.rejection) return { rejection: said(all.rejection), nodes: [] };
  return { nodes: all.nodes.map(([node, rejections]) => ({ node: node.name, rejections: rejections.map(said) })) };
}

const said = ({ plugin, reasons }: Rejection) => ({ plugin, reasons });
