import { objectMeta } from '../../meta/v1/object-meta.ts';
import { item, map, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const volumeAttributesClass = message('io.k8s.api.storage.v1.VolumeAttributesClass', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  driverName: string(2, '', { required: true }),
  parameters: map(item.string(), 3, ''),
}));
export interface VolumeAttributesClass extends Of<typeof volumeAttributesClass> {}
