import { coreKinds, type KindInfo, type Pod } from '../../api/index.ts';
import type { RequestContext } from '../registry/strategy.ts';
import type { AdmissionAttributes, AdmissionOperation, AdmissionPlugin } from './plugin.ts';

/** What a plugin about pods is asked. */
export interface PodAttributes {
  readonly kind: KindInfo;
  readonly namespace: string;
  readonly name: string;
  readonly pod: Pod;
}

/** A plugin function that is called for pods alone, not their subresources. */
export function onPods(
  operations: readonly AdmissionOperation[],
  act: (context: RequestContext, attributes: PodAttributes) => Promise<void> | void,
): NonNullable<AdmissionPlugin['admit']> {
  return (context, { operation, kind, namespace, name, subresource, object }: AdmissionAttributes) => {
    if (kind !== coreKinds.pods || subresource !== '' || !operations.includes(operation) || !object) return;
    // The object of a pods request is a pod: it was decoded as one.
    const pod = object as Pod;
    return act(context, { kind, namespace, name: pod.metadata.name || name, pod });
  };
}
