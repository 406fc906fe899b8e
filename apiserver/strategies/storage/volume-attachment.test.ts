import { expect, it } from 'vitest';
import { storageKinds, type VolumeAttachment } from '../../../api/index.ts';
import { StrategyHarness } from '../testing/harness.ts';
import { volumeAttachmentStrategy } from './volume-attachment.ts';

const attachments = new StrategyHarness(volumeAttachmentStrategy, storageKinds.volumeattachments);
const spec = { attacher: 'csi.example.com', nodeName: 'n', source: { persistentVolumeName: 'pv' } };
const csi = { driver: 'csi.example.com', volumeHandle: 'h' };

const stored = (): VolumeAttachment => attachments.stored({ spec, status: { attached: true } });
const errorsOf = (own: object) => attachments.create({ spec: { ...spec, ...own } }).errors;
const sourceErrors = (source: object) => errorsOf({ source });
const ONE_SOURCE = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';

it('is not attached when it is made, and shows in tables what goes where', () => {
  const attachment = stored();
  expect(attachment.status).toEqual({ attached: false });
  attachment.metadata.creationTimestamp = '2023-12-31T23:59:30Z';
  expect(attachments.row(attachment)).toEqual(['x', 'csi.example.com', 'pv', 'n', false, '30s']);
});

it('is of one volume, by name or whole', () => {
  expect(sourceErrors({})).toEqual([`spec.source: Required value: ${ONE_SOURCE}`]);
  const inlineVolumeSpec = { accessModes: ['ReadWriteOnce'], csi };
  expect(sourceErrors({ persistentVolumeName: 'pv', inlineVolumeSpec })).toEqual([`spec.source: Forbidden: ${ONE_SOURCE}`]);
  expect(sourceErrors({ inlineVolumeSpec })).toEqual([]);
  expect(sourceErrors({ persistentVolumeName: '' })).toEqual([
    'spec.source.persistentVolumeName: Required value: must specify non empty persistentVolumeName',
    expect.stringContaining('spec.source.persistentVolumeName: Invalid value: ""'),
  ]);
});

it('has volumes of drivers only in it, bound to nothing', () => {
  const inlineVolumeSpec = {
    accessModes: ['ReadWriteOnce'],
    hostPath: { path: '/' },
    claimRef: { name: 'c' },
    capacity: { storage: '1Gi' },
    persistentVolumeReclaimPolicy: 'Delete',
    nodeAffinity: {},
    storageClassName: 's',
    volumeMode: 'Block',
  };
  const path = 'spec.source.inlineVolumeSpec';
  const inline = 'in the context of inline volumes';
  expect(sourceErrors({ inlineVolumeSpec })).toEqual([
    `${path}.claimRef: Forbidden: may not be specified ${inline}`,
    `${path}.capacity: Forbidden: may not be specified ${inline}`,
    `${path}.csi: Required value: has to be specified ${inline}`,
    `${path}.persistentVolumeReclaimPolicy: Forbidden: may only be Retain ${inline}`,
    `${path}.nodeAffinity: Forbidden: may not be specified ${inline}`,
    `${path}.storageClassName: Forbidden: may not be specified ${inline}`,
    `${path}.volumeMode: Forbidden: may not specify volumeMode other than Filesystem ${inline}`,
  ]);
});

it('names its driver and node well', () => {
  expect(errorsOf({ attacher: '', nodeName: 'N' })).toEqual([
    'spec.attacher: Required value',
    expect.stringContaining('spec.nodeName: Invalid value: "N"'),
    'spec.attacher: Required value',
    expect.stringContaining('spec.attacher: Invalid value: ""'),
  ]);
});

it('stays what it is', () => {
  expect(attachments.patch(stored(), { spec: { nodeName: 'other' } }).errors).toEqual([
    'spec: Invalid value: {"Attacher":"csi.example.com","Source":{"PersistentVolumeName":"pv","InlineVolumeSpec":null},"NodeName":"other"}: field is immutable',
  ]);
  expect(attachments.patch(stored(), { status: { attached: true } }).object.status.attached).toBe(false);
});

it('tells how attaching goes, and nothing else with it', () => {
  const change = {
    metadata: { labels: { a: 'b' } },
    spec: { nodeName: 'other' },
    status: { attached: true, attachError: { message: 'm', errorCode: 5 } },
  };
  const { object, errors } = attachments.patch(stored(), change, 'status');
  expect(errors).toEqual([]);
  expect(object.metadata.labels).toBeUndefined();
  expect(object.spec.nodeName).toBe('n');
  expect(object.status).toEqual({ attached: true, attachError: { message: 'm', time: null } });
  const wrong = { attachmentMetadata: { '': 'x' }, detachError: { message: 'm'.repeat(1025) } };
  // Upstream refuses messages from 1,024 bytes on, tells the limit of the metadata, and takes keys of the metadata as they are.
  const twice = ['status.detachError.message: Too long: may not be more than 262144 bytes'];
  expect(attachments.patch(stored(), { status: wrong }, 'status').errors).toEqual([...twice, ...twice]);
});
