import { describe, expect, it } from 'vitest';
import { CronError, parseCron } from './cron.ts';

const fields = (text: string) => {
  const schedule = parseCron(text);
  if (schedule.type !== 'fields') throw new Error(`${text} has no fields`);
  const { minutes, hours, daysOfMonth, months, daysOfWeek } = schedule;
  return [minutes, hours, daysOfMonth, months, daysOfWeek].map((values) => [...values].sort((a, b) => a - b));
};

const ANY = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe('schedules', () => {
  it('have five fields of numbers, names, ranges, steps and lists', () => {
    expect(fields('*/15 0-6/2 1,15 JAN-mar mon')).toEqual([[0, 15, 30, 45], [0, 2, 4, 6], [1, 15], [1, 2, 3], [1]]);
    expect(fields('50/3 ? * * *')).toEqual([[50, 53, 56, 59], ANY(0, 23), ANY(1, 31), ANY(1, 12), ANY(0, 6)]);
    expect(parseCron('0 0 * * 1')).toMatchObject({ anyDayOfMonth: true, anyDayOfWeek: false });
    expect(parseCron('0 0 */2 * *')).toMatchObject({ anyDayOfMonth: false, anyDayOfWeek: true });
  });

  it('have names for the usual ones, and a distance', () => {
    expect(fields('@weekly')).toEqual([[0], [0], ANY(1, 31), ANY(1, 12), [0]]);
    expect(fields('@hourly')).toEqual(fields('0 * * * *'));
    expect(parseCron('@every 1h30m')).toEqual({ type: 'every', seconds: 5400 });
    expect(parseCron('@every 10ms')).toEqual({ type: 'every', seconds: 1 });
    expect(fields('TZ=UTC 0 * * * *')).toEqual(fields('0 * * * *'));
  });

  it.each([
    ['', 'empty spec string'],
    ['* * * *', 'expected exactly 5 fields, found 4: [* * * *]'],
    ['0 * * * * *', 'expected exactly 5 fields, found 6: [0 * * * * *]'],
    ['CRON_TZ=UTC', 'expected exactly 5 fields, found 0: []'],
    ['60 * * * *', 'end of range (60) above maximum (59): 60'],
    ['* * 0 * *', 'beginning of range (0) below minimum (1): 0'],
    ['* 5-3 * * *', 'beginning of range (5) beyond end of range (3): 5-3'],
    ['*/0 * * * *', 'step of range should be a positive number: */0'],
    ['1-2-3 * * * *', 'too many hyphens: 1-2-3'],
    ['*/1/2 * * * *', 'too many slashes: */1/2'],
    ['x * * * *', 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'],
    [
      '99999999999999999999 * * * *',
      'failed to parse int from 99999999999999999999: strconv.Atoi: parsing "99999999999999999999": value out of range',
    ],
    ['* * * * 7', 'end of range (7) above maximum (6): 7'],
    ['@fortnightly', 'unrecognized descriptor: @fortnightly'],
    ['@every soon', 'failed to parse duration @every soon: time: invalid duration "soon"'],
  ])('%j is refused', (text, why) => {
    expect(() => parseCron(text)).toThrow(new CronError(why));
  });
});
