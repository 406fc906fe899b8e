import type { FieldError, VolumeAttachment, VolumeError } from '../../../api/index.ts';
import { dnsSubdomainName, validateCoreObjectMeta } from '../../registry/metadata-validation.ts';
import type { Strategy } from '../../registry/strategy.ts';
import type { Errors } from '../../validation/field-errors.ts';
import { checkNewVolumeAttachment, checkVolumeAttachment, checkVolumeAttachmentChanges } from '../../validation/volume-attachment.ts';
import { setVolumeSourceDefaults } from '../core/persistent-volume.ts';
import { ageOf, keepMetadata, strategyOf, updateOf } from '../shared.ts';

/** Upstream: `pkg/registry/storage/volumeattachment`. Nothing but its metadata is changed beside its status. */
export const volumeAttachmentStrategy: Strategy<VolumeAttachment> = strategyOf<VolumeAttachment>({
  formerNames: ['storage.k8s.io/v1beta1', 'storage.k8s.io/v1alpha1'],
  deleteReturnsObject: true,
  allowUnconditionalUpdate: false,
  // Its errors are listed as often as upstream's update looks at the whole of it: twice.
  validatesMetadata: true,
  allowsPlainFinalizers: true,
  setDefaults: ({ spec }) => {
    if (spec.source?.inlineVolumeSpec) setVolumeSourceDefaults(spec.source.inlineVolumeSpec);
  },
  prepareForCreate: (_context, attachment) => {
    attachment.status = { attached: false };
  },
  prepareForUpdate: (_context, attachment, old) => {
    attachment.status = old.status;
  },
  validateCreate: (_context, attachment) => {
    const errors: Errors = attachmentErrors(attachment);
    checkNewVolumeAttachment(errors, attachment);
    return errors;
  },
  validateUpdate: (_context, attachment, old) => attachmentChanges(attachment, old),
  tableRow: ({ metadata, spec, status }, now) => [
    metadata.name,
    spec.attacher,
    spec.source.persistentVolumeName ?? '',
    spec.nodeName,
    status.attached,
    ageOf(metadata.creationTimestamp, now),
  ],
  subresources: {
    status: updateOf<VolumeAttachment>({
      resetFields: ['metadata', 'spec'],
      prepareForUpdate: (_context, attachment, old) => {
        attachment.spec = old.spec;
        keepMetadata(attachment, old);
        dropErrorCode(attachment.status.attachError, old.status.attachError);
        dropErrorCode(attachment.status.detachError, old.status.detachError);
      },
      validateUpdate: (_context, attachment, old) => attachmentChanges(attachment, old),
    }),
  },
});

function attachmentErrors(attachment: VolumeAttachment): FieldError[] {
  const errors: Errors = validateCoreObjectMeta(attachment.metadata, false, dnsSubdomainName);
  checkVolumeAttachment(errors, attachment);
  return errors;
}

function attachmentChanges(attachment: VolumeAttachment, old: VolumeAttachment): FieldError[] {
  const whole = attachmentErrors(attachment);
  const errors: Errors = [...whole, ...whole];
  checkVolumeAttachmentChanges(errors, attachment, old);
  return errors;
}

/** MutableCSINodeAllocatableCount is off in 1.34. */
function dropErrorCode(error: VolumeError | undefined, old: VolumeError | undefined): void {
  if (error && old?.errorCode === undefined) error.errorCode = undefined;
}
