import { type Binding, coreKinds, type Pod } from '../../api/index.ts';
import type { ApiClient } from '../../client/index.ts';
import type { Plugin } from '../framework.ts';

/** Writes the binding. Upstream: `plugins/defaultbinder`. */
export function defaultBinder(client: ApiClient): Plugin {
  const pods = client.resource<Pod>(coreKinds.pods);
  return {
    name: 'DefaultBinder',
    bind: async (_state, { pod }, nodeName) => {
      const binding: Binding = {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name: pod.metadata.name, namespace: pod.metadata.namespace, uid: pod.metadata.uid },
        target: { kind: 'Node', name: nodeName },
      };
      await pods.createSubresource(pod.metadata.name, 'binding', binding, { namespace: pod.metadata.namespace });
      return true;
    },
  };
}
