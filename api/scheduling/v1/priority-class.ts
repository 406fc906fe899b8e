import { objectMeta } from '../../meta/v1/object-meta.ts';
import { bool, int32, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const priorityClass = message('io.k8s.api.scheduling.v1.PriorityClass', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  value: int32(2, '', { required: true }),
  globalDefault: bool(3, ''),
  description: string(4, ''),
  preemptionPolicy: string(5, '', { pointer: true, enum: ['Never', 'PreemptLowerPriority'] }),
}));
export interface PriorityClass extends Of<typeof priorityClass> {}
