import type { DownwardAPIProjection } from '../../../api/index.ts';
import { containerNamed, fieldValue, resourceValue } from '../field-ref.ts';
import type { Collect } from './payload.ts';
import type { VolumeScope } from './volume.ts';

/** Files of the pod's own fields, as they are now. Upstream: `pkg/volume/downwardapi`. */
export function downwardFiles({ items = [] }: DownwardAPIProjection, mode: number, scope: VolumeScope): Collect {
  return () => {
    const facts = scope.facts();
    const files = items.map(({ path, fieldRef, resourceFieldRef, mode: own }) => {
      const text = fieldRef
        ? fieldValue(facts, fieldRef.fieldPath)
        : resourceFieldRef
          ? resourceValue(facts, containerNamed(facts.pod, resourceFieldRef.containerName ?? ''), resourceFieldRef)
          : '';
      return [path, { content: Buffer.from(text), mode: own ?? mode }] as const;
    });
    return Promise.resolve(new Map(files));
  };
}
