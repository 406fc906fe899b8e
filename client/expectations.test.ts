import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../runtime/index.ts';
import { Expectations } from './expectations.ts';
import { slowStartBatch } from './slow-start.ts';

describe('Expectations', () => {
  it('are satisfied when nothing was expected, or all was seen', () => {
    const expectations = new Expectations(new VirtualClock());
    expect(expectations.satisfied('rs')).toBe(true);
    expectations.expectCreations('rs', 2);
    expect(expectations.satisfied('rs')).toBe(false);
    expectations.creationObserved('rs');
    expect(expectations.satisfied('rs')).toBe(false);
    expectations.creationObserved('rs');
    expect(expectations.satisfied('rs')).toBe(true);
    expectations.creationObserved('rs');
    expect(expectations.satisfied('rs')).toBe(true);
  });

  it('count each deletion once by uid, and no foreign one', () => {
    const expectations = new Expectations(new VirtualClock());
    expectations.expectDeletions('rs', ['u1', 'u2']);
    expectations.deletionObserved('rs', 'u1');
    expectations.deletionObserved('rs', 'u1');
    expectations.deletionObserved('rs', 'u9');
    expect(expectations.satisfied('rs')).toBe(false);
    expectations.deletionObserved('rs', 'u2');
    expect(expectations.satisfied('rs')).toBe(true);
  });

  it('expire after five minutes', async () => {
    const clock = new VirtualClock();
    const expectations = new Expectations(clock);
    expectations.expectCreations('rs', 1);
    await clock.advance(300_000);
    expect([expectations.satisfied('rs'), expectations.waitMs('other', 'rs')]).toEqual([false, 1]);
    await clock.advance(1);
    expect(expectations.waitMs('other', 'rs')).toBeUndefined();
    expect(expectations.satisfied('rs')).toBe(true);
  });

  it('are forgotten with the owner', () => {
    const expectations = new Expectations(new VirtualClock());
    expectations.expectCreations('rs', 1);
    expectations.forget('rs');
    expect(expectations.satisfied('rs')).toBe(true);
  });
});

describe('slowStartBatch', () => {
  const batches = async (count: number, failing: (index: number) => boolean) => {
    const sizes: number[] = [];
    let open = 0;
    const result = await slowStartBatch(count, 1, async (index) => {
      open++;
      await Promise.resolve();
      if (open > 0) sizes.push(open);
      open = 0;
      if (failing(index)) throw new Error(`failed ${index}`);
    });
    return { sizes, result };
  };

  it('doubles the batches as long as all goes well', async () => {
    const { sizes, result } = await batches(20, () => false);
    expect(sizes).toEqual([1, 2, 4, 8, 5]);
    expect(result).toEqual({ successes: 20 });
  });

  it('stops after the batch with a failure, and counts what went well', async () => {
    const { sizes, result } = await batches(20, (index) => index === 4);
    expect(sizes).toEqual([1, 2, 4]);
    expect(result).toEqual({ successes: 6, error: new Error('failed 4') });
  });

  it('does nothing for a count of 0', async () => {
    expect(await slowStartBatch(0, 1, () => Promise.reject(new Error('called')))).toEqual({ successes: 0 });
  });
});
