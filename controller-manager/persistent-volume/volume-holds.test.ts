import { describe, expect, it } from 'vitest';
import { VolumeHolds } from './volume-holds.ts';

describe('VolumeHolds', () => {
  it('lets one work on a volume at a time, and wakes the others once it is done', async () => {
    const woken: string[] = [];
    const done: string[] = [];
    const holds = new VolumeHolds((key) => woken.push(key));
    let resolve: () => void = () => undefined;
    const promise = new Promise<void>((done) => {
      resolve = done;
    });
    const first = holds.hold('v', { key: 'claim:a', isForClaim: true }, async () => {
      await promise;
      done.push('a');
    });
    expect(holds.isTaken('v')).toBe(true);
    for (const key of ['claim:b', 'volume:v', 'claim:b']) {
      await holds.hold('v', { key, isForClaim: false }, () => Promise.resolve(void done.push(key)));
    }
    await holds.hold('other', { key: 'claim:c', isForClaim: false }, () => {
      expect(holds.isTaken('other')).toBe(false);
      done.push('c');
      return Promise.resolve();
    });
    expect(woken).toEqual([]);
    resolve();
    await first;
    expect(done).toEqual(['c', 'a']);
    expect(woken).toEqual(['claim:b', 'volume:v']);
    expect(holds.isTaken('v')).toBe(false);
  });

  it('gives a volume back when the work fails', async () => {
    const woken: string[] = [];
    const holds = new VolumeHolds((key) => woken.push(key));
    const failing = holds.hold('v', { key: 'claim:a', isForClaim: true }, () => Promise.reject(new Error('refused')));
    await holds.hold('v', { key: 'volume:v', isForClaim: false }, () => Promise.resolve());
    await expect(failing).rejects.toThrow('refused');
    expect(holds.isTaken('v')).toBe(false);
    expect(woken).toEqual(['volume:v']);
  });
});
