import type { ConfigMap, ConfigMapProjection, Live } from '../../../api/index.ts';
import { type Collect, type Payload, select } from './payload.ts';
import type { VolumeScope } from './volume.ts';

/**
 * The files of a config map. One that is immutable is asked for once. Upstream: `pkg/volume/configmap`.
 */
export function configMapFiles({ name = '', items, optional }: ConfigMapProjection, mode: number, scope: VolumeScope): Collect {
  let kept: Payload | undefined;
  return async () => {
    if (kept) return kept;
    const found = await scope.node.source.configMap(scope.facts().pod.metadata.namespace ?? '', name);
    if (!found && !optional) throw new Error(`configmap "${name}" not found`);
    const missing = (key: string) => `configmap references non-existent config key: ${key}`;
    const payload = select(found ? bytesOf(found) : new Map(), { items, mode, optional, missing });
    if (found?.immutable) kept = payload;
    return payload;
  };
}

const bytesOf = ({ data = {}, binaryData = {} }: Live<ConfigMap>): Map<string, Buffer> =>
  new Map([
    ...Object.entries(data).map(([key, text]) => [key, Buffer.from(text)] as const),
    ...Object.entries(binaryData).map(([key, text]) => [key, Buffer.from(text, 'base64')] as const),
  ]);
