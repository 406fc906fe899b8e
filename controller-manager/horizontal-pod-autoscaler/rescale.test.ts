import { expect, it } from 'vitest';
import { apiError, isConflict } from '../../api/index.ts';
import { systemClock } from '../../runtime/index.ts';
import type { LiveScale } from '../shared/scales.ts';
import { rescale } from './rescale.ts';

const at = (resourceVersion: number, replicas: number): LiveScale => ({
  metadata: { name: 'web', namespace: 'default', uid: 'u', resourceVersion: String(resourceVersion), creationTimestamp: '' },
  spec: { replicas },
  status: { replicas },
});

/** A target that others have written some times since it was read. */
function targetOf(others: number) {
  const written: string[] = [];
  let version = 1 + others;
  const update = (scale: LiveScale) => {
    written.push(`${scale.metadata.resourceVersion}:${scale.spec.replicas}`);
    if (scale.metadata.resourceVersion === String(version)) return Promise.resolve(scale);
    return Promise.reject(apiError.conflict({ group: 'apps', resource: 'deployments' }, 'web', 'it was changed'));
  };
  const read = () => Promise.resolve(at(version, 7));
  return { written, scale: at(1, 2), read, update, race: () => version++ };
}

it('scales a target that somebody else wrote at the same time', async () => {
  const target = targetOf(1);
  await rescale(target, 5, systemClock);
  expect(target.written).toEqual(['1:5', '2:5']);
});

it('gives up on a target that is written all the time', async () => {
  const target = targetOf(1);
  const read = async () => {
    const scale = await target.read();
    target.race();
    return scale;
  };
  const error = await rescale({ ...target, read }, 5, systemClock).catch((thrown: unknown) => thrown);
  expect(isConflict(error)).toBe(true);
  expect(target.written).toHaveLength(5);
});
