import { type Binding, coreKinds, type Pod } from '../../api/index.ts';
import type { PluginDefinition } from '../framework/plugin.ts';

const NAME = 'DefaultBinder';

/** Writes the binding. Upstream: `plugins/defaultbinder`. */
export const defaultBinder: PluginDefinition = {
  name: NAME,
  create: (_args, { client }) => {
    const pods = client.resource<Pod>(coreKinds.pods);
    return {
      name: NAME,
      bind: async (_state, { pod }, nodeName) => {
        const binding: Binding = {
          apiVersion: 'v1',
          kind: 'Binding',
          metadata: { name: pod.metadata.name, namespace: pod.metadata.namespace, uid: pod.metadata.uid },
          target: { kind: 'Node', name: nodeName },
        };
        await pods.createSubresource(pod.metadata.name, 'binding', binding, { namespace: pod.metadata.namespace });
        return undefined;
      },
    };
  },
};
