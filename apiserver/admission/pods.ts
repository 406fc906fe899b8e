import { coreKinds, type KindInfo, type Pod } from '../../api/index.ts';
import type { RequestContext } from '../registry/strategy.ts';
import { type AdmissionAttributes, type AdmissionOperation, type AdmissionPlugin, nameInErrors } from './plugin.ts';

/** What a plugin about pods is asked. */
export interface PodAttributes {
  readonly kind: KindInfo;
  readonly namespace: string;
  /** As errors tell it. */
  readonly name: string;
  readonly pod: Pod;
  /** The pod that is updated. */
  readonly old?: Pod | undefined;
}

/** A plugin function that is called for pods alone, not their subresources. */
export function onPods(
  operations: readonly AdmissionOperation[],
  act: (context: RequestContext, attributes: PodAttributes) => Promise<void> | void,
): NonNullable<AdmissionPlugin['admit']> {
  return (context, attributes: AdmissionAttributes) => {
    const { operation, kind, namespace, subresource, object, old } = attributes;
    if (kind !== coreKinds.pods || subresource !== '' || !operations.includes(operation) || !object) return;
    // The objects of a pods request are pods: they were decoded as such.
    const pod = object as Pod;
    return act(context, { kind, namespace, name: nameInErrors(attributes), pod, old: old as Pod | undefined });
  };
}
