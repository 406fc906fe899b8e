import { objectMeta } from '../../meta/v1/object-meta.ts';
import { item, map, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const volumeAttributesClass = message(
  'io.k8s.api.storage.v1.VolumeAttributesClass',
  'A class of volume attributes, such as speed, that can be changed while in use.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
      present: true,
    }),
    driverName: string(2, 'Driver it is for; cannot be changed.', { required: true }),
    parameters: map(item.string(), 3, 'Settings that only the driver understands; cannot be changed.'),
  }),
);
export interface VolumeAttributesClass extends Of<typeof volumeAttributesClass> {}
