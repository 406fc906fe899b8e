import type { PluginDefinition } from '../framework/plugin.ts';

/** Higher priority first, then who came first. Upstream: `plugins/queuesort`. */
export const prioritySort: PluginDefinition = {
  name: 'PrioritySort',
  create: () => ({
    name: 'PrioritySort',
    less: (a, b) => a.info.priority > b.info.priority || (a.info.priority === b.info.priority && a.timestamp < b.timestamp),
  }),
};
