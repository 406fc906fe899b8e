import { describe, expect, test } from 'vitest';
import type { Live, PersistentVolume, PersistentVolumeClaim } from '../../../../api/index.ts';
import {
  BEING_DELETED,
  BOUND_FINALIZER,
  CLAIM_FINALIZER,
  CONTENT_FINALIZER,
  contentStep,
  type SnapshotView,
  SOURCE_FINALIZER,
  snapshotStep,
} from './snapshot-plan.ts';
import type { SnapshotStatus, VolumeSnapshot, VolumeSnapshotClass, VolumeSnapshotContent } from './snapshot-types.ts';
import { takeStep } from './snapshotter.ts';

const DRIVER = 'd.io';
const CONTENT = 'snapcontent-s';
const meta = { resourceVersion: '7', creationTimestamp: '' };

interface Wish {
  readonly metadata?: object;
  readonly spec?: object;
  readonly status?: SnapshotStatus;
}

const aSnapshot = ({ metadata = {}, spec = {}, status }: Wish = {}): VolumeSnapshot => ({
  apiVersion: 'snapshot.storage.k8s.io/v1',
  kind: 'VolumeSnapshot',
  metadata: { ...meta, name: 'snap', namespace: 'n', uid: 's', ...metadata },
  spec: { source: { persistentVolumeClaimName: 'c' }, volumeSnapshotClassName: 'fast', ...spec },
  status,
});

const aContent = (spec: object = {}, status: object | undefined = undefined, metadata: object = {}): VolumeSnapshotContent => ({
  apiVersion: 'snapshot.storage.k8s.io/v1',
  kind: 'VolumeSnapshotContent',
  metadata: { ...meta, name: CONTENT, uid: 'k', finalizers: [CONTENT_FINALIZER], ...metadata },
  spec: {
    driver: DRIVER,
    deletionPolicy: 'Delete',
    source: { volumeHandle: 'h' },
    volumeSnapshotClassName: 'fast',
    volumeSnapshotRef: { name: 'snap', namespace: 'n', uid: 's' },
    ...spec,
  },
  status,
});

const aClaim = (metadata: object = {}, status: object = {}, spec: object = {}): Live<PersistentVolumeClaim> => ({
  metadata: { ...meta, name: 'c', namespace: 'n', uid: 'c', ...metadata },
  spec: { volumeName: 'v', ...spec },
  status: { phase: 'Bound', ...status },
});

const VOLUME: Live<PersistentVolume> = {
  metadata: { ...meta, name: 'v', uid: 'v' },
  spec: { csi: { driver: DRIVER, volumeHandle: 'h' }, volumeMode: 'Filesystem', claimRef: { name: 'c', namespace: 'n', uid: 'c' } },
  status: { phase: 'Bound' },
};

const aClass = (name: string, own: object = {}): VolumeSnapshotClass => ({
  metadata: { ...meta, name, uid: name },
  driver: DRIVER,
  deletionPolicy: 'Delete',
  ...own,
});

const DEFAULT = { annotations: { 'snapshot.storage.kubernetes.io/is-default-class': 'true' } };
const asDefault = (name: string, own: object = {}): VolumeSnapshotClass =>
  aClass(name, { metadata: { ...meta, name, uid: name, ...DEFAULT }, ...own });

const aView = (
  own: Partial<Omit<SnapshotView, 'contents'>> & { readonly contents?: readonly VolumeSnapshotContent[] } = {},
): SnapshotView => ({
  snapshots: [],
  classes: [aClass('fast')],
  claims: [aClaim()],
  volumes: new Map([['v', VOLUME]]),
  ...own,
  contents: new Map((own.contents ?? []).map((content) => [content.metadata.name, content])),
});

const HELD = { finalizers: [SOURCE_FINALIZER, BOUND_FINALIZER] };
const READY: SnapshotStatus = { boundVolumeSnapshotContentName: CONTENT, readyToUse: true };
const GOING = { ...HELD, deletionTimestamp: 't' };
const isFailure = (reason: string, message: string) => ({ step: 'fail', reason, message });

describe('which class a snapshot has', () => {
  const unclassed = { spec: { volumeSnapshotClassName: undefined } };
  const failed = 'Failed to set default snapshot class with error';
  test.each<[string, Wish, SnapshotView, object]>([
    [
      'the one that it names',
      {},
      aView({ classes: [] }),
      isFailure(
        'GetSnapshotClassFailed',
        'Failed to get snapshot class with error volumesnapshotclass.snapshot.storage.k8s.io "fast" not found',
      ),
    ],
    ['the default one', unclassed, aView({ classes: [aClass('fast'), asDefault('usual')] }), { step: 'setClass', className: 'usual' }],
    [
      'not another driver’s',
      unclassed,
      aView({ classes: [asDefault('usual', { driver: 'e.io' })] }),
      isFailure('SetDefaultSnapshotClassFailed', `${failed} cannot find default snapshot class`),
    ],
    [
      'one of one',
      unclassed,
      aView({ classes: [asDefault('a'), asDefault('b')] }),
      isFailure('SetDefaultSnapshotClassFailed', `${failed} 2 default snapshot classes were found`),
    ],
    [
      'none without a bound claim',
      unclassed,
      aView({ claims: [aClaim({}, { phase: 'Pending' })] }),
      isFailure('SetDefaultSnapshotClassFailed', `${failed} the PVC c is not yet bound to a PV, will not attempt to take a snapshot`),
    ],
    [
      'none of what no driver has',
      unclassed,
      aView({ volumes: new Map([['v', { ...VOLUME, spec: { ...VOLUME.spec, csi: undefined } }]]) }),
      isFailure('SetDefaultSnapshotClassFailed', `${failed} snapshotting non-CSI volumes is not supported, snapshot:n/snap`),
    ],
  ])('%s', (_, wish, view, wanted) => {
    expect(snapshotStep(aSnapshot(wish), view)).toMatchObject(wanted);
  });
});

describe('a snapshot that is to be taken', () => {
  const held = { metadata: { finalizers: [SOURCE_FINALIZER] } };
  const kept = aClaim({ finalizers: [CLAIM_FINALIZER] });
  const snapshots = [aSnapshot(held)];
  const failed = 'Failed to create snapshot content with error';
  const done = { snapshotHandle: 'h', readyToUse: true, creationTime: 1_700_000_000_000_000_000, restoreSize: 1024 ** 3 };
  test.each<[string, Wish, SnapshotView, object]>([
    ['is kept, as others may be made of it', {}, aView(), { step: 'setFinalizers', finalizers: [SOURCE_FINALIZER] }],
    ['keeps its claim', held, aView({ snapshots }), { step: 'setClaimFinalizers', finalizers: [CLAIM_FINALIZER] }],
    [
      'has a content made for it',
      held,
      aView({ snapshots, claims: [kept] }),
      {
        step: 'createContent',
        content: {
          metadata: { name: CONTENT },
          spec: {
            driver: DRIVER,
            deletionPolicy: 'Delete',
            source: { volumeHandle: 'h' },
            sourceVolumeMode: 'Filesystem',
            volumeSnapshotRef: { name: 'snap', namespace: 'n', uid: 's' },
          },
        },
      },
    ],
    [
      'has no content without a claim',
      held,
      aView({ snapshots, claims: [] }),
      isFailure(
        'SnapshotContentCreationFailed',
        `${failed} snapshot controller failed to update snap on API server: cannot get claim from snapshot`,
      ),
    ],
    [
      'has none of a claim that is going',
      held,
      aView({ snapshots, claims: [aClaim({ deletionTimestamp: 't' })] }),
      isFailure(
        'SnapshotContentCreationFailed',
        `${failed} snapshot controller failed to update c on API server: cannot add finalizer on claim because it is being deleted`,
      ),
    ],
    [
      'has none of a claim that is not bound',
      held,
      aView({ snapshots, claims: [aClaim({ finalizers: [CLAIM_FINALIZER] }, { phase: 'Pending' })] }),
      isFailure(
        'SnapshotContentCreationFailed',
        `${failed} failed to get input parameters to create snapshot snap: "the PVC c is not yet bound to a PV, will not attempt to take a snapshot"`,
      ),
    ],
    [
      'is kept with a content that goes with it',
      held,
      aView({ snapshots, claims: [kept], contents: [aContent()] }),
      { step: 'setFinalizers', finalizers: [SOURCE_FINALIZER, BOUND_FINALIZER] },
    ],
    [
      'is bound',
      { metadata: HELD },
      aView({ snapshots, claims: [kept], contents: [aContent()] }),
      { step: 'setStatus', status: { boundVolumeSnapshotContentName: CONTENT, readyToUse: false }, tellings: [] },
    ],
    [
      'waits for the driver',
      { metadata: HELD, status: { ...READY, readyToUse: false } },
      aView({ snapshots, claims: [kept], contents: [aContent()] }),
      { step: 'none' },
    ],
    [
      'is what the driver has taken',
      { metadata: HELD, status: { ...READY, readyToUse: false } },
      aView({ snapshots, claims: [kept], contents: [aContent({}, done)] }),
      {
        step: 'setStatus',
        status: { ...READY, creationTime: '2023-11-14T22:13:20Z', restoreSize: '1Gi' },
        tellings: [{ reason: 'SnapshotCreated' }, { reason: 'SnapshotReady', message: 'Snapshot n/snap is ready to use.' }],
      },
    ],
    [
      'tells what the driver could not',
      { metadata: HELD, status: { ...READY, readyToUse: false } },
      aView({ snapshots, claims: [kept], contents: [aContent({}, { readyToUse: false, error: { time: 't', message: 'no' } })] }),
      { step: 'setStatus', status: { readyToUse: false, error: { message: 'no' } } },
    ],
    [
      'does not take what was prepared for it',
      held,
      aView({ snapshots, contents: [aContent({ source: { snapshotHandle: 'h' } })] }),
      isFailure(
        'SnapshotContentMismatch',
        `VolumeSnapshotContent ${CONTENT} is pre-provisioned while expecting a dynamically provisioned one`,
      ),
    ],
    [
      'does not take another’s content',
      held,
      aView({ snapshots, contents: [aContent({ volumeSnapshotRef: { name: 'snap', namespace: 'n', uid: 'old' } })] }),
      isFailure('SnapshotContentMisbound', `VolumeSnapshotContent [${CONTENT}] is bound to a different snapshot`),
    ],
    [
      'sets its claim free once it is ready',
      { metadata: HELD, status: READY },
      aView({ snapshots: [aSnapshot({ status: READY })], claims: [kept], contents: [aContent({}, done)] }),
      { step: 'setClaimFinalizers', finalizers: [] },
    ],
    [
      'keeps the claim for another',
      { metadata: HELD, status: READY },
      aView({
        snapshots: [aSnapshot({ status: READY }), aSnapshot({ metadata: { name: 'next', uid: 'x' } })],
        claims: [kept],
        contents: [aContent({}, done)],
      }),
      { step: 'none' },
    ],
  ])('%s', (_, wish, view, wanted) => {
    expect(snapshotStep(aSnapshot(wish), view)).toMatchObject(wanted);
  });
});

describe('a snapshot of what was taken before', () => {
  const wish = {
    metadata: { finalizers: [SOURCE_FINALIZER] },
    spec: { source: { volumeSnapshotContentName: CONTENT }, volumeSnapshotClassName: undefined },
  };
  const prepared = (reference: object, own: object = {}) =>
    aContent({
      source: { snapshotHandle: 'h' },
      deletionPolicy: 'Retain',
      volumeSnapshotClassName: undefined,
      volumeSnapshotRef: reference,
      ...own,
    });
  test.each<[string, readonly VolumeSnapshotContent[], object]>([
    ['needs its content', [], isFailure('SnapshotContentMissing', 'VolumeSnapshotContent is missing')],
    [
      'needs one that was prepared',
      [aContent()],
      isFailure('SnapshotContentMismatch', 'VolumeSnapshotContent is dynamically provisioned while expecting a pre-provisioned one'),
    ],
    [
      'needs one for it',
      [prepared({ name: 'other', namespace: 'n' })],
      isFailure('SnapshotContentMisbound', `VolumeSnapshotContent [${CONTENT}] is bound to a different snapshot`),
    ],
    [
      'needs one that no namesake had',
      [prepared({ name: 'snap', namespace: 'n', uid: 'old' })],
      isFailure('SnapshotContentMisbound', `VolumeSnapshotContent [${CONTENT}] is bound to a different snapshot`),
    ],
    ['is bound to it', [prepared({ name: 'snap', namespace: 'n' })], { step: 'bindContent', name: CONTENT }],
    [
      'is as it is',
      [prepared({ name: 'snap', namespace: 'n', uid: 's' })],
      { step: 'setStatus', status: { boundVolumeSnapshotContentName: CONTENT } },
    ],
  ])('%s', (_, contents, wanted) => {
    expect(snapshotStep(aSnapshot(wish), aView({ contents }))).toMatchObject(wanted);
  });
});

describe('a snapshot that is ready', () => {
  test.each<[string, readonly VolumeSnapshotContent[], object]>([
    ['is left alone', [aContent()], { step: 'none' }],
    ['misses its content', [], isFailure('SnapshotContentMissing', 'VolumeSnapshotContent is missing')],
    [
      'misses its binding',
      [aContent({ volumeSnapshotRef: { name: 'snap', namespace: 'n', uid: 'x' } })],
      isFailure('SnapshotMisbound', 'VolumeSnapshotContent is not bound to the VolumeSnapshot correctly'),
    ],
  ])('%s', (_, contents, wanted) => {
    expect(snapshotStep(aSnapshot({ metadata: HELD, status: READY }), aView({ contents }))).toMatchObject(wanted);
  });
});

describe('a snapshot that is going', () => {
  const marked = { annotations: { [BEING_DELETED]: 'yes' } };
  const restoring = aClaim(
    { name: 'r' },
    { phase: 'Pending' },
    { dataSource: { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'snap' } },
  );
  test.each<[string, Wish, SnapshotView, object]>([
    ['marks its content', {}, aView({ contents: [aContent()] }), { step: 'markContent', name: CONTENT }],
    ['deletes it', {}, aView({ contents: [aContent({}, undefined, marked)] }), { step: 'deleteContent', name: CONTENT }],
    [
      'is free as a source',
      {},
      aView({ contents: [aContent({}, undefined, { ...marked, deletionTimestamp: 't' })] }),
      { step: 'setFinalizers', finalizers: [BOUND_FINALIZER] },
    ],
    [
      'waits for its content',
      { metadata: { ...GOING, finalizers: [BOUND_FINALIZER] } },
      aView({ contents: [aContent({}, undefined, { ...marked, deletionTimestamp: 't' })] }),
      { step: 'none' },
    ],
    [
      'goes with its content',
      { metadata: { ...GOING, finalizers: [BOUND_FINALIZER] } },
      aView(),
      { step: 'setFinalizers', finalizers: [] },
    ],
    [
      'leaves what is to be retained',
      {},
      aView({ contents: [aContent({ deletionPolicy: 'Retain' }, undefined, marked)] }),
      { step: 'setFinalizers', finalizers: [] },
    ],
    [
      'leaves another’s content',
      {},
      aView({ contents: [aContent({ volumeSnapshotRef: { name: 'snap', namespace: 'n', uid: 'x' } })] }),
      { step: 'setFinalizers', finalizers: [] },
    ],
    [
      'waits for a claim that is made of it',
      {},
      aView({ claims: [aClaim(), restoring], contents: [aContent()] }),
      { step: 'wait', telling: { reason: 'SnapshotDeletePending' } },
    ],
    ['needs no class', {}, aView({ classes: [], contents: [aContent()] }), { step: 'markContent', name: CONTENT }],
  ])('%s', (_, wish, view, wanted) => {
    expect(snapshotStep(aSnapshot({ metadata: GOING, status: READY, ...wish }), view)).toMatchObject(wanted);
  });
});

test.each([
  ['protect', aContent({}, undefined, { finalizers: [] }), []],
  [undefined, aContent({ volumeSnapshotRef: { name: 'snap', namespace: 'n' } }, undefined, { finalizers: [] }), []],
  ['mark', aContent(), [aSnapshot({ metadata: GOING })]],
  [undefined, aContent(), [aSnapshot()]],
  ['refuse', aContent({ source: {} }), []],
] as const)('the controller’s own step for a content: %s', (wanted, content, snapshots) => {
  expect(contentStep(content, snapshots)).toBe(wanted);
});

describe('what a driver’s sidecar does with a content', () => {
  const going = { deletionTimestamp: 't', annotations: { [BEING_DELETED]: 'yes' } };
  const being = { 'snapshot.storage.kubernetes.io/volumesnapshot-being-created': 'yes' };
  const taken = { snapshotHandle: 'h', readyToUse: true };
  const prepared = { source: { snapshotHandle: 'h' } };
  test.each([
    ['take', aContent()],
    ['take', aContent({}, { readyToUse: false, error: { message: 'no' } })],
    ['look', aContent(prepared)],
    [undefined, aContent({}, taken)],
    ['delete', aContent({}, taken, going)],
    ['release', aContent({ deletionPolicy: 'Retain' }, taken, going)],
    ['release', aContent({}, {}, going)],
    ['release', aContent({ ...prepared, volumeSnapshotRef: { name: 'snap', namespace: 'n' } }, undefined, { deletionTimestamp: 't' })],
    [undefined, aContent({}, taken, { deletionTimestamp: 't' })],
    [undefined, aContent({}, taken, { ...going, annotations: { ...going.annotations, ...being } })],
    ['delete', aContent({}, taken, { ...going, finalizers: [] })],
    [undefined, aContent({}, {}, { ...going, finalizers: [] })],
  ] as const)('%s: %#', (wanted, content) => {
    expect(takeStep(content)).toBe(wanted);
  });
});
