import { int64, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const condition = message(
  'io.k8s.apimachinery.pkg.apis.meta.v1.Condition',
  "One aspect of an object's state, as last judged by whoever looks after it.",
  () => ({
    type: string(1, 'Which aspect of the object this condition speaks of.', { required: true }),
    status: string(2, 'True, False or Unknown.', { required: true }),
    observedGeneration: int64(3, 'The metadata.generation this condition was worked out from.'),
    lastTransitionTime: time(4, 'When status last went from one value to another.', { required: true }),
    reason: string(5, 'One CamelCase word for programs: why the condition last changed.', { required: true }),
    message: string(6, 'Explanation for people of why the condition last changed.', { required: true }),
  }),
);
export interface Condition extends Of<typeof condition> {}
