import { otherVersion } from '../../schema/other-version.ts';
import { volumeAttributesClass as present, type VolumeAttributesClass } from '../v1/volume-attributes-class.ts';

/** The same fields. */
export const volumeAttributesClass = otherVersion<VolumeAttributesClass>(present, {
  from: 'io.k8s.api.storage.v1.',
  to: 'io.k8s.api.storage.v1beta1.',
});
