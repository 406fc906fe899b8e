import { fieldError } from '../../api/index.ts';
import type { Errors } from './field-errors.ts';

const PART = /^[A-Za-z.\-_0-9+]{1,14}$/;
/** Each part of a name that the database has begins so; it tells names from what is merely spelled like one. */
const PART_START = /^[A-Z]/;

/** The database's own name for a zone that nobody has chosen: the engine leaves it out. */
const UNSET_ZONE = 'Factory';

/** A name in the time zone database, spelled as there. Upstream: `validateTimeZone`, which asks Go's `time.LoadLocation`. */
export function checkTimeZone(errors: Errors, path: string, name: string): void {
  if (name === '') {
    errors.push(fieldError.invalid(path, name, 'timeZone must be nil or non-empty string'));
    return;
  }
  const unknown = fieldError.invalid(path, name, `unknown time zone ${name}`);
  const isWrong = (part: string) => part === '.' || part === '..' || part.startsWith('-') || !PART.test(part);
  if (name.split('/').some(isWrong)) {
    errors.push(unknown);
    return;
  }
  if (name.toLowerCase() === 'local') {
    const why = 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones';
    errors.push(fieldError.invalid(path, name, why));
  }
  if (name !== 'Local' && !isKnownZone(name)) errors.push(unknown);
}

/** The engine knows the database, but takes any spelling, and offsets such as `+01:00`. */
export function isKnownZone(name: string): boolean {
  if (name === UNSET_ZONE) return true;
  if (!name.split('/').every((part) => PART_START.test(part))) return false;
  try {
    const { timeZone } = new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions();
    return timeZone === name || timeZone.toLowerCase() !== name.toLowerCase();
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
