import type { ApiClient } from '../client/index.ts';
import { balancedAllocation } from './plugins/balanced-allocation.ts';
import { defaultBinder } from './plugins/default-binder.ts';
import { nodeAffinity } from './plugins/node-affinity.ts';
import { nodeName } from './plugins/node-name.ts';
import { nodePorts } from './plugins/node-ports.ts';
import { nodeResourcesFit } from './plugins/node-resources-fit.ts';
import { nodeUnschedulable } from './plugins/node-unschedulable.ts';
import { prioritySort } from './plugins/priority-sort.ts';
import { schedulingGates } from './plugins/scheduling-gates.ts';
import { taintToleration } from './plugins/taint-toleration.ts';
import { Profile } from './profile.ts';

/** The name of the scheduler that pods ask for when they ask for none. */
export const DEFAULT_SCHEDULER_NAME = 'default-scheduler';

/** The default plugins in upstream's order, with upstream's weights (`pkg/scheduler/apis/config/v1/default_plugins.go`). */
export function defaultProfile(client: ApiClient): Profile {
  return new Profile(DEFAULT_SCHEDULER_NAME, [
    { plugin: schedulingGates, weight: 0 },
    { plugin: prioritySort, weight: 0 },
    { plugin: nodeUnschedulable, weight: 0 },
    { plugin: nodeName, weight: 0 },
    { plugin: taintToleration, weight: 3 },
    { plugin: nodeAffinity, weight: 2 },
    { plugin: nodePorts, weight: 0 },
    { plugin: nodeResourcesFit, weight: 1 },
    { plugin: balancedAllocation, weight: 1 },
    { plugin: defaultBinder(client), weight: 0 },
  ]);
}
