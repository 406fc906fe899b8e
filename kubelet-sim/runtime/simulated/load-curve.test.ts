import { expect, test } from 'vitest';
import { areaUntil, firstAbove, steady, valueAt } from './load-curve.ts';

const ramp = {
  points: [
    { atMs: 0, value: 0 },
    { atMs: 100, value: 50 },
  ],
};
const saw = { ...ramp, periodMs: 100 };
const steps = {
  points: [
    { atMs: 10, value: 5 },
    { atMs: 20, value: 5 },
    { atMs: 20, value: 9 },
  ],
};

test.each([
  [steady(7), 1e9, 7],
  [ramp, 50, 25],
  [ramp, 500, 50],
  [saw, 250, 25],
  [steps, 0, 5],
  [steps, 19, 5],
  [steps, 20, 9],
  [{ points: [] }, 5, 0],
])('the value of %o after %d ms is %d', (curve, ms, value) => {
  expect(valueAt(curve, ms)).toBe(value);
});

test.each([
  [steady(7), 1000, 7000],
  [ramp, 100, 2500],
  [ramp, 110, 3000],
  [saw, 250, 5625],
  [steps, 30, 190],
])('the area under %o until %d ms is %d', (curve, ms, area) => {
  expect(areaUntil(curve, ms)).toBe(area);
});

test.each([
  [steady(7), 6, 3, 3],
  [steady(7), 7, 0, undefined],
  [ramp, 25, 0, 50],
  [ramp, 25, 70, 70],
  [ramp, 50, 0, undefined],
  [saw, 25, 80, 80],
  [saw, 40, 110, 180],
  [saw, 40, 100, 180],
  [steps, 6, 0, 20],
])('%o is above %d first, from %d ms on, after %d ms', (curve, limit, fromMs, ms) => {
  expect(firstAbove(curve, limit, fromMs)).toBe(ms);
});
