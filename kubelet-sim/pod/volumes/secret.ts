import type { Live, Secret, SecretProjection } from '../../../api/index.ts';
import { type Collect, type Payload, select } from './payload.ts';
import type { VolumeScope } from './volume.ts';

/**
 * The files of a secret. One that is immutable is asked for once. Upstream: `pkg/volume/secret`.
 */
export function secretFiles({ name = '', items, optional }: SecretProjection, mode: number, scope: VolumeScope): Collect {
  let kept: Payload | undefined;
  return async () => {
    if (kept) return kept;
    const found = await scope.node.source.secret(scope.facts().pod.metadata.namespace ?? '', name);
    if (!found && !optional) throw new Error(`secret "${name}" not found`);
    const missing = (key: string) => `references non-existent secret key: ${key}`;
    const payload = select(found ? bytesOf(found) : new Map(), { items, mode, optional, missing });
    if (found?.immutable) kept = payload;
    return payload;
  };
}

const bytesOf = ({ data = {} }: Live<Secret>): Map<string, Buffer> =>
  new Map(Object.entries(data).map(([key, text]) => [key, Buffer.from(text, 'base64')]));
