import type { KubeObject, Live } from '../../api/index.ts';
import { registryWith } from '../config/build-profiles.ts';
import type { SchedulerConfiguration } from '../config/configuration.ts';
import { defaultConfiguration } from '../config/read-configuration.ts';
import { fitMessage } from '../framework/fit-error.ts';
import type { PluginDefinition } from '../framework/plugin.ts';
import type { Profile } from '../framework/profile.ts';
import { IN_TREE } from '../plugins/registry.ts';
import { Simulation } from '../simulation/simulation.ts';
import { podInfoOf } from '../state/pod-info.ts';
import type { NodeBuilder, PodBuilder } from './builders.ts';

export interface PlacementOptions {
  readonly configuration?: SchedulerConfiguration | undefined;
  readonly plugins?: readonly PluginDefinition[] | undefined;
  /** Objects that listers show, by the plural of their kind. */
  readonly objects?: Readonly<Record<string, readonly Live<KubeObject>[]>> | undefined;
  readonly seed?: number | undefined;
}

/** A simulation for tests: nodes and pods are put in by hand. */
export class Placement extends Simulation {
  constructor({ configuration = defaultConfiguration(), plugins = [], objects = {}, seed }: PlacementOptions = {}) {
    super({ configuration, registry: registryWith(IN_TREE, plugins), objects, seed });
  }

  get profile(): Profile {
    const [first] = this.profiles;
    if (!first) throw new Error('no profile');
    return first;
  }

  with(nodes: readonly NodeBuilder[], running: readonly PodBuilder[] = []): this {
    for (const node of nodes) this.cache.setNode(node.build());
    for (const pod of running) this.cache.addPod(pod.build());
    return this;
  }

  /** The name of the node, or why there is none. */
  nodeFor(pod: PodBuilder): string {
    const found = this.find(podInfoOf(pod.build()));
    return found.node ? found.node.name : fitMessage(found.diagnosis);
  }
}
