// A scheduler plugin: keeps pods off nodes that carry a label, and prefers nodes with few pods. See docs/scheduling.md.

/** @type {import('../../scheduler/index.ts').PluginDefinition<{ label: string }>} */
const nightShift = {
  name: 'NightShift',
  // The args of its pluginConfig; every mistake is a line that begins with the path.
  readArgs: ({ label = 'example.com/asleep', ...rest }, path) => {
    const [unknown] = Object.keys(rest);
    if (unknown !== undefined) return { errors: [`${path}.${unknown}: there is no such field`] };
    return typeof label === 'string' ? { args: { label } } : { errors: [`${path}.label: must be a string`] };
  },
  create: ({ label }, _handle) => ({
    name: 'NightShift',
    filter: (_state, _pod, { node }) =>
      node?.metadata.labels?.[label] === undefined
        ? undefined
        : { code: 'UnschedulableAndUnresolvable', reasons: ['node(s) were asleep'], plugin: '' },
    score: (_state, _pod, node) => Math.max(0, 100 - node.pods.size),
    // A pod it rejected is tried again when a node appears or wakes up, and not before.
    events: [
      {
        resource: 'Node',
        actions: new Set(['Add', 'UpdateNodeLabel']),
        hint: (_pod, { now }) => now?.metadata.labels?.[label] === undefined,
      },
    ],
  }),
};

export default nightShift;
