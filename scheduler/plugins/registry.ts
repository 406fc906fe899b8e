import type { PluginRegistry } from '../config/build-profiles.ts';
import type { PluginDefinition } from '../framework/plugin.ts';
import { balancedAllocation } from './balanced-allocation.ts';
import { defaultBinder } from './default-binder.ts';
import { defaultPreemption } from './default-preemption.ts';
import { dynamicResources } from './dynamic-resources/dynamic-resources.ts';
import { imageLocality } from './image-locality.ts';
import { interPodAffinity } from './inter-pod-affinity.ts';
import { nodeAffinity } from './node-affinity.ts';
import { nodeName } from './node-name.ts';
import { nodePorts } from './node-ports.ts';
import { nodeResourcesFit } from './node-resources-fit.ts';
import { nodeUnschedulable } from './node-unschedulable.ts';
import { nodeVolumeLimits } from './node-volume-limits.ts';
import { podTopologySpread } from './pod-topology-spread.ts';
import { prioritySort } from './priority-sort.ts';
import { schedulingGates } from './scheduling-gates.ts';
import { taintToleration } from './taint-toleration.ts';
import { volumeBinding } from './volume-binding/volume-binding.ts';
import { volumeRestrictions } from './volume-restrictions.ts';
import { volumeZone } from './volume-zone.ts';

/** A plugin that every profile has by default, with the weight of its score. */
interface DefaultPlugin {
  readonly plugin: PluginDefinition;
  readonly weight?: number;
}

/** In upstream's order, which is the order they are asked in, with upstream's weights (`pkg/scheduler/apis/config/v1/default_plugins.go`). */
const DEFAULTS: readonly DefaultPlugin[] = [
  { plugin: schedulingGates },
  { plugin: prioritySort },
  { plugin: nodeUnschedulable },
  { plugin: nodeName },
  { plugin: taintToleration, weight: 3 },
  { plugin: nodeAffinity, weight: 2 },
  { plugin: nodePorts },
  { plugin: nodeResourcesFit, weight: 1 },
  { plugin: volumeRestrictions },
  { plugin: nodeVolumeLimits },
  { plugin: volumeBinding },
  { plugin: volumeZone },
  { plugin: podTopologySpread, weight: 2 },
  { plugin: interPodAffinity, weight: 2 },
  { plugin: dynamicResources },
  { plugin: defaultPreemption },
  { plugin: balancedAllocation, weight: 1 },
  { plugin: imageLocality, weight: 1 },
  { plugin: defaultBinder },
];

/** The plugins that come with the scheduler. */
export const IN_TREE: PluginRegistry = {
  definitions: new Map(DEFAULTS.map(({ plugin }) => [plugin.name, plugin])),
  defaults: DEFAULTS.map(({ plugin: { name }, weight = 0 }) => ({ name, weight })),
};
