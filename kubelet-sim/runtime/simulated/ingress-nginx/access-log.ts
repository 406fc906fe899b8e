import type { Settings } from './settings.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** A time as `$time_local` has it. */
export function localTime(now: number): string {
  const [date = '', time = ''] = new Date(now).toISOString().split('T');
  const [year, month, day] = date.split('-');
  return `${day}/${MONTHS[Number(month) - 1]}/${year}:${time.slice(0, 8)} +0000`;
}

/** Puts the variables of a request where a format has them; what nobody knows is `-`, or empty in JSON. */
export function accessLine({ logFormat, logsAsJson }: Settings, variables: Readonly<Record<string, string | undefined>>): string {
  const text = logFormat.replace(/\$(?:\{(\w+)\}|(\w+))/g, (_, braced: string | undefined, bare: string | undefined) => {
    const value = variables[braced ?? bare ?? ''] ?? '';
    if (logsAsJson) return JSON.stringify(value).slice(1, -1);
    return value === '' ? (EMPTY[braced ?? bare ?? ''] ?? '-') : escaped(value);
  });
  return `${text}\n`;
}

/** What is set, if to nothing, is shown as nothing. */
const EMPTY: Readonly<Record<string, string>> = { proxy_alternative_upstream_name: '' };

/** nginx's default escapes. */
const escaped = (value: string): string =>
  value.replace(/["\\]|[^\x20-\x7e]/g, (letter) => `\\x${letter.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
