// Upstream: `ValidateVolumeAttachment…` of `pkg/apis/storage/validation/validation.go`.
import {
  fieldError,
  isDns1123Subdomain,
  storageKinds,
  type VolumeAttachment,
  type VolumeAttachmentSource,
  type VolumeAttachmentStatus,
  type VolumeError,
} from '../../api/index.ts';
import { bytesOf, checkRequired, type Errors, IMMUTABLE_MESSAGE, pushInvalid } from './field-errors.ts';
import { goPart } from './go-struct.ts';
import { checkInlineVolumeSpec } from './persistent-volume.ts';
import { semanticEqual } from './semantic-equal.ts';
import { checkCsiDriverName, checkMapSize, MAP_BYTES_MAX } from './storage.ts';

const ERROR_BYTES_MAX = 1024;
const ONE_SOURCE_MESSAGE = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';

/** What holds for every attachment, whatever version it was made in. */
export function checkVolumeAttachment(errors: Errors, { spec, status }: VolumeAttachment): void {
  checkRequired(errors, 'spec.attacher', spec.attacher);
  checkSource(errors, 'spec.source', spec.source);
  pushInvalid(errors, 'spec.nodeName', spec.nodeName, isDns1123Subdomain(spec.nodeName));
  checkStatus(errors, 'status', status);
}

/** What holds besides for those that are made today. */
export function checkNewVolumeAttachment(errors: Errors, { spec }: VolumeAttachment): void {
  checkCsiDriverName(errors, 'spec.attacher', spec.attacher);
  const { persistentVolumeName: name } = spec.source;
  if (name !== undefined) pushInvalid(errors, 'spec.source.persistentVolumeName', name, isDns1123Subdomain(name));
}

export function checkVolumeAttachmentChanges(errors: Errors, { spec }: VolumeAttachment, old: VolumeAttachment): void {
  if (semanticEqual(spec, old.spec)) return;
  errors.push(fieldError.invalid('spec', goPart(storageKinds.volumeattachments, ['spec'], spec), IMMUTABLE_MESSAGE));
}

function checkSource(errors: Errors, path: string, { persistentVolumeName: name, inlineVolumeSpec }: VolumeAttachmentSource): void {
  if (!inlineVolumeSpec && name === undefined) errors.push(fieldError.required(path, ONE_SOURCE_MESSAGE));
  else if (inlineVolumeSpec && name !== undefined) errors.push(fieldError.forbidden(path, ONE_SOURCE_MESSAGE));
  else if (name === '') errors.push(fieldError.required(`${path}.persistentVolumeName`, 'must specify non empty persistentVolumeName'));
  else if (inlineVolumeSpec) checkInlineVolumeSpec(errors, `${path}.inlineVolumeSpec`, inlineVolumeSpec);
}

function checkStatus(errors: Errors, path: string, { attachmentMetadata, attachError, detachError }: VolumeAttachmentStatus): void {
  checkMapSize(errors, `${path}.attachmentMetadata`, attachmentMetadata);
  checkVolumeError(errors, `${path}.attachError`, attachError);
  checkVolumeError(errors, `${path}.detachError`, detachError);
}

/** Upstream: `validateVolumeError`, which tells another limit than it has. */
function checkVolumeError(errors: Errors, path: string, error: VolumeError | undefined): void {
  if (!error) return;
  if (bytesOf(error.message ?? '') > ERROR_BYTES_MAX) errors.push(fieldError.tooLong(`${path}.message`, MAP_BYTES_MAX));
  const code = error.errorCode;
  if (code !== undefined && code < 0)
    errors.push(fieldError.invalid(`${path}.errorCode`, code, 'must be between 0 and 2147483647, inclusive'));
}
