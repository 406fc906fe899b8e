import { int64, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const condition = message('io.k8s.apimachinery.pkg.apis.meta.v1.Condition', '', () => ({
  type: string(1, '', { required: true }),
  status: string(2, '', { required: true }),
  observedGeneration: int64(3, ''),
  lastTransitionTime: time(4, '', { required: true }),
  reason: string(5, '', { required: true }),
  message: string(6, '', { required: true }),
}));
export interface Condition extends Of<typeof condition> {}
