import { objectMeta } from '../../meta/v1/object-meta.ts';
import { int32, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const scaleSpec = message('io.k8s.api.autoscaling.v1.ScaleSpec', '', () => ({
  replicas: int32(1, ''),
}));
export interface ScaleSpec extends Of<typeof scaleSpec> {}

export const scaleStatus = message('io.k8s.api.autoscaling.v1.ScaleStatus', '', () => ({
  replicas: int32(1, '', { required: true }),
  selector: string(2, ''),
}));
export interface ScaleStatus extends Of<typeof scaleStatus> {}

export const scale = message('io.k8s.api.autoscaling.v1.Scale', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  spec: ref(scaleSpec, 2, '', { present: true }),
  status: ref(scaleStatus, 3, '', { present: true }),
}));
export interface Scale extends Of<typeof scale> {}
