import { persistentVolumeSpec } from '../../core/v1/persistent-volume.ts';
import { objectMeta } from '../../meta/v1/object-meta.ts';
import { bool, int32, item, map, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const volumeAttachmentSource = message(
  'io.k8s.api.storage.v1.VolumeAttachmentSource',
  'The volume to attach; exactly one of the two.',
  () => ({
    persistentVolumeName: string(1, 'Name of a persistent volume.', { pointer: true }),
    inlineVolumeSpec: ref(persistentVolumeSpec, 2, "A volume from a pod's own spec, put in the form of a persistent volume.", {
      pointer: true,
    }),
  }),
);
export interface VolumeAttachmentSource extends Of<typeof volumeAttachmentSource> {}

export const volumeAttachmentSpec = message('io.k8s.api.storage.v1.VolumeAttachmentSpec', 'Which volume to attach to which node.', () => ({
  attacher: string(1, 'Driver that does it.', { required: true }),
  source: ref(volumeAttachmentSource, 2, 'The volume.', { required: true }),
  nodeName: string(3, 'The node.', { required: true }),
}));
export interface VolumeAttachmentSpec extends Of<typeof volumeAttachmentSpec> {}

export const volumeError = message('io.k8s.api.storage.v1.VolumeError', 'What went wrong with a volume.', () => ({
  time: time(1, 'When it happened.'),
  message: string(2, 'What happened, in words; may be logged, so without secrets.'),
  errorCode: int32(3, 'gRPC code of the error, from which the kubelet tells whether to give up.', { pointer: true }),
}));
export interface VolumeError extends Of<typeof volumeError> {}

export const volumeAttachmentStatus = message('io.k8s.api.storage.v1.VolumeAttachmentStatus', 'How attaching a volume is going.', () => ({
  attached: bool(1, 'True once it is attached.', { required: true }),
  attachmentMetadata: map(item.string(), 2, 'What the driver returned, to be used when mounting.'),
  attachError: ref(volumeError, 3, 'Why attaching failed last.', { pointer: true }),
  detachError: ref(volumeError, 4, 'Why detaching failed last.', { pointer: true }),
}));
export interface VolumeAttachmentStatus extends Of<typeof volumeAttachmentStatus> {}

export const volumeAttachment = message(
  'io.k8s.api.storage.v1.VolumeAttachment',
  'Asks for a volume to be attached to a node; deleting it detaches the volume.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
      present: true,
    }),
    spec: ref(volumeAttachmentSpec, 2, 'Which volume to attach to which node.', { required: true }),
    status: ref(volumeAttachmentStatus, 3, 'The state last seen; written by the system, not by users.', { present: true }),
  }),
);
export interface VolumeAttachment extends Of<typeof volumeAttachment> {}
