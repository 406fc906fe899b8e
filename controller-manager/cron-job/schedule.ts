import type { CronSchedule } from '../../api/index.ts';
import type { TimeZone, WallTime } from './time-zone.ts';

const MS_PER_SECOND = 1000;
const MS_PER_MINUTE = 60_000;
const MS_PER_HOUR = 3_600_000;
/** How far the next time is looked for; the 31st of February never comes. */
const YEARS_MAX = 5;

type Fields = Extract<CronSchedule, { type: 'fields' }>;

/**
 * The first moment after this one that the schedule names; undefined when there is none. When clocks are put forward, times that are
 * skipped do not come that day (unless an hour later is named too); when they are put back, times of the repeated hour come twice. That
 * is what upstream's library does: github.com/robfig/cron v3, `SpecSchedule.Next` and `ConstantDelaySchedule.Next`.
 */
export function nextCronTime(schedule: CronSchedule, zone: TimeZone, after: number): number | undefined {
  const start = Math.floor(after / MS_PER_SECOND) * MS_PER_SECOND;
  if (schedule.type === 'every') return start + schedule.seconds * MS_PER_SECOND;
  const cursor = new Cursor(zone, start + MS_PER_SECOND);
  const lastYear = cursor.wall.year + YEARS_MAX;
  while (cursor.wall.year <= lastYear) {
    if (advance(cursor, schedule)) return cursor.at;
  }
  return undefined;
}

/** A moment that moves on, and what the clocks on the wall show at it. */
class Cursor {
  readonly zone: TimeZone;
  at: number;
  wall: WallTime;
  /** Whether it has moved, so that what is smaller than the unit it moves by is zero. */
  moved = false;

  constructor(zone: TimeZone, at: number) {
    this.zone = zone;
    this.at = at;
    this.wall = zone.wallTime(at);
  }

  set(at: number): void {
    this.at = at;
    this.wall = this.zone.wallTime(at);
  }

  /** Cuts off what is smaller than a unit, the first time it moves at all. */
  begin(cut: (wall: WallTime) => number): void {
    if (!this.moved) this.set(cut(this.wall));
    this.moved = true;
  }
}

/** Moves on, unit by unit; false when a larger unit has turned over and has to be looked at again. */
function advance(cursor: Cursor, schedule: Fields): boolean {
  return toMonth(cursor, schedule) && toDay(cursor, schedule) && toHour(cursor, schedule) && toMinute(cursor, schedule) && toSecond(cursor);
}

function toMonth(cursor: Cursor, { months }: Fields): boolean {
  const { zone } = cursor;
  while (!months.has(cursor.wall.month)) {
    cursor.begin(({ year, month }) => zone.moment(year, month, 1));
    const { year, month, day, hour } = cursor.wall;
    cursor.set(zone.moment(year, month + 1, day, hour));
    if (cursor.wall.month === 1) return false;
  }
  return true;
}

function toDay(cursor: Cursor, schedule: Fields): boolean {
  const { zone } = cursor;
  while (!isDay(schedule, cursor.wall)) {
    cursor.begin(({ year, month, day }) => zone.moment(year, month, day));
    const { year, month, day, hour } = cursor.wall;
    cursor.set(zone.moment(year, month, day + 1, hour));
    // Where clocks change at midnight, the day may begin at one, or be found at eleven the evening before.
    const begins = cursor.wall.hour;
    if (begins > 12) cursor.set(cursor.at + (24 - begins) * MS_PER_HOUR);
    else if (begins > 0) cursor.set(cursor.at - begins * MS_PER_HOUR);
    if (cursor.wall.day === 1) return false;
  }
  return true;
}

function isDay({ daysOfMonth, daysOfWeek, anyDayOfMonth, anyDayOfWeek }: Fields, { day, weekday }: WallTime): boolean {
  const byMonth = daysOfMonth.has(day);
  const byWeek = daysOfWeek.has(weekday);
  return anyDayOfMonth || anyDayOfWeek ? byMonth && byWeek : byMonth || byWeek;
}

function toHour(cursor: Cursor, { hours }: Fields): boolean {
  const { zone } = cursor;
  while (!hours.has(cursor.wall.hour)) {
    cursor.begin(({ year, month, day, hour }) => zone.moment(year, month, day, hour));
    cursor.set(cursor.at + MS_PER_HOUR);
    if (cursor.wall.hour === 0) return false;
  }
  return true;
}

function toMinute(cursor: Cursor, { minutes }: Fields): boolean {
  while (!minutes.has(cursor.wall.minute)) {
    cursor.begin(() => Math.floor(cursor.at / MS_PER_MINUTE) * MS_PER_MINUTE);
    cursor.set(cursor.at + MS_PER_MINUTE);
    if (cursor.wall.minute === 0) return false;
  }
  return true;
}

/** Schedules name the second 0. */
function toSecond(cursor: Cursor): boolean {
  const second = Math.floor(cursor.at / MS_PER_SECOND) % 60;
  if (second === 0) return true;
  cursor.moved = true;
  cursor.set(cursor.at + (60 - second) * MS_PER_SECOND);
  return false;
}
