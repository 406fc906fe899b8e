import { expect, test } from 'vitest';
import { annotatedFields, readNodeScript, readPodScript, ScriptError } from './fields.ts';

test('annotations and policies use the same words', () => {
  expect(annotatedFields({ 'simulation.nanokube.io/start-delay': '5s', other: 'x' })).toEqual({ startDelay: '5s' });
  expect(annotatedFields({ other: 'x' })).toBeUndefined();
  expect(
    readPodScript({ startDelay: '5s', exitAfter: '1m', exitCode: '3', cpu: '500m', memory: '0s=64Mi, 30s=1Gi / 1m', ready: '10s/5s' }),
  ).toEqual({
    behaviour: {
      startDelayMs: 5000,
      exitAfter: { ms: 60_000, code: 3 },
      cpuMillis: { points: [{ atMs: 0, value: 500 }] },
      memoryBytes: {
        points: [
          { atMs: 0, value: 64 * 2 ** 20 },
          { atMs: 30_000, value: 2 ** 30 },
        ],
        periodMs: 60_000,
      },
    },
    ready: { readyMs: 10_000, notReadyMs: 5000 },
  });
  expect(readPodScript({ exitAfter: 'never' })).toEqual({ behaviour: { exitAfter: 'never' } });
  expect(readPodScript({ containers: 'a, b', crashProbability: '0.5', imagePullError: 'no', logLine: 'x', logRate: '10' })).toEqual({
    containers: ['a', 'b'],
    behaviour: { logLines: { text: 'x', perSecond: 10 } },
    crash: { probability: 0.5, withinMs: 60_000, code: 1 },
    pull: { error: 'no' },
  });
});

test('what befalls nodes', () => {
  expect(readNodeScript({ networkCut: 'true', diskUsed: '95%', clockSkew: '-5m', reboot: '1', shutdown: '30s,10s' })).toEqual({
    faults: { networkCut: true, diskUsed: '95%', clockSkewMs: -300_000 },
    reboot: '1',
    shutdown: {
      text: '30s,10s',
      periods: [
        { priority: 0, seconds: 30 },
        { priority: 2_000_000_000, seconds: 10 },
      ],
    },
  });
});

test.each([{ startDelay: 'soon' }, { cpu: 'much' }, { ready: 'perhaps' }, { exitCode: '-1' }, { ignoreTerm: 'yes' }])(
  '%j makes no sense',
  (fields) => {
    expect(() => readPodScript(fields)).toThrow(ScriptError);
  },
);
