import { describe, expect, it } from 'vitest';
import { Backoff } from './backoff.ts';
import { seededRandom } from './random.ts';

describe('Backoff', () => {
  it('grows to its cap, and starts over when reset', () => {
    const backoff = new Backoff({ random: { ...seededRandom(1), next: () => 0 }, delayMs: 100, delayMsMax: 1000 });
    const delays = Array.from({ length: 6 }, () => backoff.next());
    expect(delays).toEqual([100, 200, 400, 800, 1000, 1000]);
    expect(backoff.tries).toBe(6);
    backoff.reset();
    expect(backoff.next()).toBe(100);
  });

  it('leaves a share of each delay to chance', () => {
    const backoff = new Backoff({ random: seededRandom(7), delayMs: 1000, delayMsMax: 1000, jitter: 0.2 });
    const delays = Array.from({ length: 200 }, () => backoff.next());
    expect(Math.min(...delays)).toBeGreaterThan(800);
    expect(Math.min(...delays)).toBeLessThan(820);
    expect(Math.max(...delays)).toBeLessThanOrEqual(1000);
    expect(Math.max(...delays)).toBeGreaterThan(980);
  });
});
