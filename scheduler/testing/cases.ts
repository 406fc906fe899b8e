import type { KubeObject, Live, Pod } from '../../api/index.ts';
import { readConfiguration } from '../config/read-configuration.ts';
import { podInfoOf } from '../state/pod-info.ts';
import { aNode, aPod, type NodeBuilder, type PodBuilder } from './builders.ts';
import { Placement } from './placement.ts';

export interface Case {
  readonly pod: PodBuilder;
  readonly nodes: readonly NodeBuilder[];
  readonly running?: readonly PodBuilder[];
  readonly args?: Readonly<Record<string, object>>;
  /** The profile's, where they are not the default ones. */
  readonly plugins?: object;
  readonly objects?: Readonly<Record<string, readonly Live<KubeObject>[]>>;
}

/** Nodes and running pods, and the arguments of plugins, in a simulation. */
export function placement({ nodes, running = [], args = {}, plugins = {}, objects = {} }: Case): Placement {
  const pluginConfig = Object.entries(args).map(([name, given]) => ({ name, args: given }));
  return new Placement({ configuration: readConfiguration({ profiles: [{ pluginConfig, plugins }] }, '.'), objects }).with(nodes, running);
}

/** The scores one plugin gives, by node. */
export function scores(plugin: string, given: Case): Record<string, number> | undefined {
  const made = placement(given);
  const info = podInfoOf(given.pod.build());
  const { state } = made.find(info);
  const nodes = made.cache.nodes;
  for (const [{ name }, values] of made.profile.scored(state, info, nodes)) {
    if (name === plugin) return Object.fromEntries(nodes.map((node, i) => [node.name, values[i] ?? 0]));
  }
  return undefined;
}

export const affinity = (kind: 'podAffinity' | 'podAntiAffinity', app: string, topologyKey = 'zone', more: object = {}) =>
  ({
    [kind]: { requiredDuringSchedulingIgnoredDuringExecution: [{ labelSelector: { matchLabels: { app } }, topologyKey, ...more }] },
  }) as Pod['spec']['affinity'];
export const prefers = (kind: 'podAffinity' | 'podAntiAffinity', app: string, weight: number) =>
  ({
    [kind]: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        { weight, podAffinityTerm: { labelSelector: { matchLabels: { app } }, topologyKey: 'zone' } },
      ],
    },
  }) as Pod['spec']['affinity'];
export const spread = (more: object = {}) =>
  ({
    topologySpreadConstraints: [
      { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: { app: 'web' } }, ...more },
    ],
  }) as Partial<Pod['spec']>;
export const inZone = (name: string, zone: string) => aNode(name).labelled({ zone });
export const web = (name: string) => aPod(name).labelled({ app: 'web' });
export const none = (text: string, nodes = 1) => `0/${nodes} nodes are available: ${nodes} ${text}.`;
export const namespaces = [
  {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'default', uid: 'd', resourceVersion: '1', creationTimestamp: '', labels: { team: 'a' } },
  },
];
