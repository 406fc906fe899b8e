import type { Plugin } from '../framework.ts';

/** Higher priority first, then who came first. Upstream: `plugins/queuesort`. */
export const prioritySort: Plugin = {
  name: 'PrioritySort',
  less: (a, b) => a.info.priority > b.info.priority || (a.info.priority === b.info.priority && a.timestamp < b.timestamp),
};
