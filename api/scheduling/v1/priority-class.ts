import { objectMeta } from '../../meta/v1/object-meta.ts';
import { bool, int32, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const priorityClass = message('io.k8s.api.scheduling.v1.PriorityClass', 'A named degree of importance for pods.', () => ({
  apiVersion: string(undefined, 'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.'),
  kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
  metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
    present: true,
  }),
  value: int32(2, "The importance: higher goes first. Up to a billion outside the system's own classes; fixed.", { required: true }),
  globalDefault: bool(3, 'True makes it the class of pods that name none; only one should be.'),
  description: string(4, 'What the class is for, in words for people.'),
  preemptionPolicy: string(5, 'PreemptLowerPriority (the default) may push out lesser pods; Never waits for room. Fixed.', {
    pointer: true,
    enum: ['Never', 'PreemptLowerPriority'],
  }),
}));
export interface PriorityClass extends Of<typeof priorityClass> {}
