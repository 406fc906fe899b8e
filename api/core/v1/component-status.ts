import { objectMeta } from '../../meta/v1/object-meta.ts';
import { list, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { objectReference } from './references.ts';

export const binding = message('io.k8s.api.core.v1.Binding', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  target: ref(objectReference, 2, '', { required: true }),
}));
export interface Binding extends Of<typeof binding> {}

export const componentCondition = message('io.k8s.api.core.v1.ComponentCondition', '', () => ({
  type: string(1, '', { required: true }),
  status: string(2, '', { required: true }),
  message: string(3, ''),
  error: string(4, ''),
}));
export interface ComponentCondition extends Of<typeof componentCondition> {}

export const componentStatus = message('io.k8s.api.core.v1.ComponentStatus', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  conditions: list(of(componentCondition), 2, '', {
    listType: 'map',
    listMapKeys: ['type'],
    patchMergeKey: 'type',
    patchStrategy: 'merge',
  }),
}));
export interface ComponentStatus extends Of<typeof componentStatus> {}
