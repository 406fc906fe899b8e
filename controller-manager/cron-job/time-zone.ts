const MS_PER_MINUTE = 60_000;

/** The fields of a moment as a clock on the wall shows them. */
export interface WallTime {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  /** 0 is Sunday. */
  readonly weekday: number;
}

/** A time zone of the IANA database, with the questions that Go's `time.Location` answers. */
export class TimeZone {
  readonly name: string;
  readonly #format: Intl.DateTimeFormat;

  /** @throws RangeError for a zone that is none. */
  constructor(name: string) {
    this.name = name;
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  }

  /** How far the zone is ahead of UTC at a moment, in milliseconds. */
  offsetMs(at: number): number {
    if (this.name === 'UTC') return 0;
    const fields: Record<string, number> = {};
    for (const { type, value } of this.#format.formatToParts(at)) fields[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = fields;
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(at / 1000) * 1000;
  }

  wallTime(at: number): WallTime {
    const shifted = new Date(at + this.offsetMs(at));
    return {
      year: shifted.getUTCFullYear(),
      month: shifted.getUTCMonth() + 1,
      day: shifted.getUTCDate(),
      hour: shifted.getUTCHours(),
      minute: shifted.getUTCMinutes(),
      weekday: shifted.getUTCDay(),
    };
  }

  /**
   * The moment at which clocks on the wall show this; months and days beyond their range are carried over. A time that is skipped or
   * repeated means what it does to Go's `time.Date`: that by the offset which holds when it is taken for UTC, unless that leads astray.
   */
  moment(year: number, month: number, day: number, hour = 0): number {
    const local = Date.UTC(year, month - 1, day, hour);
    return local - this.offsetMs(local - this.offsetMs(local));
  }

  /** As RFC 3339, with the zone's offset. */
  format(at: number): string {
    const minutes = Math.round(this.offsetMs(at) / MS_PER_MINUTE);
    const text = new Date(at + minutes * MS_PER_MINUTE).toISOString().slice(0, 19);
    if (minutes === 0) return `${text}Z`;
    const two = (value: number) => String(value).padStart(2, '0');
    const ahead = Math.abs(minutes);
    return `${text}${minutes < 0 ? '-' : '+'}${two(Math.floor(ahead / 60))}:${two(ahead % 60)}`;
  }
}
