import { persistentVolumeSpec } from '../../core/v1/persistent-volume.ts';
import { objectMeta } from '../../meta/v1/object-meta.ts';
import { bool, int32, item, map, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const volumeAttachmentSource = message('io.k8s.api.storage.v1.VolumeAttachmentSource', '', () => ({
  persistentVolumeName: string(1, '', { pointer: true }),
  inlineVolumeSpec: ref(persistentVolumeSpec, 2, '', { pointer: true }),
}));
export interface VolumeAttachmentSource extends Of<typeof volumeAttachmentSource> {}

export const volumeAttachmentSpec = message('io.k8s.api.storage.v1.VolumeAttachmentSpec', '', () => ({
  attacher: string(1, '', { required: true }),
  source: ref(volumeAttachmentSource, 2, '', { required: true }),
  nodeName: string(3, '', { required: true }),
}));
export interface VolumeAttachmentSpec extends Of<typeof volumeAttachmentSpec> {}

export const volumeError = message('io.k8s.api.storage.v1.VolumeError', '', () => ({
  time: time(1, ''),
  message: string(2, ''),
  errorCode: int32(3, '', { pointer: true }),
}));
export interface VolumeError extends Of<typeof volumeError> {}

export const volumeAttachmentStatus = message('io.k8s.api.storage.v1.VolumeAttachmentStatus', '', () => ({
  attached: bool(1, '', { required: true }),
  attachmentMetadata: map(item.string(), 2, ''),
  attachError: ref(volumeError, 3, '', { pointer: true }),
  detachError: ref(volumeError, 4, '', { pointer: true }),
}));
export interface VolumeAttachmentStatus extends Of<typeof volumeAttachmentStatus> {}

export const volumeAttachment = message('io.k8s.api.storage.v1.VolumeAttachment', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  spec: ref(volumeAttachmentSpec, 2, '', { required: true }),
  status: ref(volumeAttachmentStatus, 3, '', { present: true }),
}));
export interface VolumeAttachment extends Of<typeof volumeAttachment> {}
