import { describe, expect, it } from 'vitest';
import { conditionPatch } from './condition-patch.ts';

const ready = { type: 'Ready', status: 'True' } as const;
const failed = (message: string) =>
  ({ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message, lastProbeTime: null }) as const;

describe('the patch of a condition', () => {
  it('is the condition where there was none', () => {
    expect(conditionPatch(undefined, failed('a'))).toEqual({ conditions: [failed('a')] });
  });

  it('puts a new one behind those that are there', () => {
    expect(conditionPatch([ready], failed('a'))).toEqual({
      '$setElementOrder/conditions': [{ type: 'Ready' }, { type: 'PodScheduled' }],
      conditions: [failed('a')],
    });
  });

  it('says what differs, and what is gone', () => {
    const before = { ...failed('a'), observedGeneration: 1 };
    expect(conditionPatch([before, ready], failed('b'))).toEqual({
      '$setElementOrder/conditions': [{ type: 'PodScheduled' }, { type: 'Ready' }],
      conditions: [{ type: 'PodScheduled', message: 'b', observedGeneration: null }],
    });
  });
});
