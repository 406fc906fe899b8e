import { expect, test } from 'vitest';
import { planResize } from './claim-resize.ts';
import type { PersistentVolume } from './core/v1/persistent-volume.ts';
import type { PersistentVolumeClaim } from './core/v1/persistent-volume-claim.ts';
import type { Live } from './object.ts';

const meta = { resourceVersion: '1', creationTimestamp: '' };

/** A claim of 1Gi that grows to 11Gi, and asks for something by now. */
const growing = (asked: string): Live<PersistentVolumeClaim> => ({
  metadata: { ...meta, name: 'c', namespace: 'n', uid: 'c' },
  spec: { volumeName: 'v', resources: { requests: { storage: asked } } },
  status: {
    phase: 'Bound',
    capacity: { storage: '1Gi' },
    allocatedResources: { storage: '11Gi' },
    allocatedResourceStatuses: { storage: 'ControllerResizeInProgress' },
  },
});

const VOLUME: Live<PersistentVolume> = {
  metadata: { ...meta, name: 'v', uid: 'v' },
  spec: { capacity: { storage: '1Gi' }, claimRef: { uid: 'c' } },
  status: {},
};

test.each([
  ['is tried again', '11Gi', true, 'grow'],
  ['is tried until it has failed for good', '4Gi', false, 'grow'],
  ['gives way to another once it has failed for good', '4Gi', true, 'begin'],
])('a size that a volume grows to %s', (_what, asked, hasFailed, action) => {
  expect(planResize(growing(asked), VOLUME, 0, hasFailed).action).toBe(action);
});
