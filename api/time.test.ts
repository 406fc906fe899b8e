import { expect, test } from 'vitest';
import { formatDuration, humanDuration, MICRO_TIME_LAYOUT, parseDuration, parseGoTime, parseTime, toMicroTime, toTime } from './time.ts';

const at = Date.UTC(2024, 1, 29, 12, 30, 45, 678);

test('times are written in UTC, whole seconds or six digits', () => {
  expect(toTime(at)).toBe('2024-02-29T12:30:45Z');
  expect(toMicroTime(at)).toBe('2024-02-29T12:30:45.678000Z');
  expect(toMicroTime(at + 0.25)).toBe('2024-02-29T12:30:45.678250Z');
});

test('times are read with any zone and fraction', () => {
  expect(parseTime('2024-02-29T14:30:45.678+02:00')).toBe(at);
  expect(parseTime(toTime(at))).toBe(at - 678);
  expect(parseGoTime('2024-02-29T12:30:45.123456Z', MICRO_TIME_LAYOUT).nanos).toBe(123_456_000);
});

test.each([
  ['', 'parsing time "" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "2006"'],
  ['2024-13-01T00:00:00Z', 'parsing time "2024-13-01T00:00:00Z": month out of range'],
  ['2023-02-29T00:00:00Z', 'parsing time "2023-02-29T00:00:00Z": day out of range'],
  ['2024-01-01', 'parsing time "2024-01-01" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "T"'],
  ['2024-01-01T24:00:00Z', 'parsing time "2024-01-01T24:00:00Z": hour out of range'],
  ['2024-01-01T00:00:00', 'parsing time "2024-01-01T00:00:00" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "Z07:00"'],
  ['2024-01-01T00:00:00Zx', 'parsing time "2024-01-01T00:00:00Zx": extra text: "x"'],
])('%j is refused in the words of Go', (text, message) => {
  expect(() => parseTime(text)).toThrow(message);
});

test('durations are read and written as Go does', () => {
  for (const text of ['0s', '1h15m30.918s', '-1m0s', '1.5ms', '2µs', '3ns', '45s']) expect(formatDuration(parseDuration(text))).toBe(text);
  expect(parseDuration('1.5h')).toBe(5_400_000_000_000n);
  expect(() => parseDuration('5')).toThrow('time: missing unit in duration "5"');
  expect(() => parseDuration('5y')).toThrow('time: unknown unit "y" in duration "5y"');
  expect(() => parseDuration('')).toThrow('time: invalid duration ""');
});

test.each([
  [-5, '<invalid>'],
  [-1.5, '0s'],
  [119, '119s'],
  [120, '2m'],
  [125, '2m5s'],
  [600, '10m'],
  [3 * 3600, '3h'],
  [3 * 3600 + 61, '3h1m'],
  [9 * 3600, '9h'],
  [50 * 3600, '2d2h'],
  [8 * 86_400, '8d'],
  [730 * 86_400, '2y'],
  [740 * 86_400, '2y10d'],
  [3_000 * 86_400, '8y'],
])('%d seconds are shown as %s', (seconds, text) => {
  expect(humanDuration(seconds * 1_000)).toBe(text);
});
