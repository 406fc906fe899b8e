// Whom a request is made for, as a front proxy tells it. Upstream: client-go, `transport.SetAuthProxyHeaders`.
import type { UserInfo } from '../auth/types.ts';

const USER_HEADERS: ReadonlySet<string> = new Set(['x-remote-user', 'x-remote-uid', 'x-remote-group']);
const EXTRA = 'X-Remote-Extra-';

/** Whether a header says who somebody is: what a client sends of these is its own invention. */
export const namesUser = (lowerCaseName: string): boolean =>
  USER_HEADERS.has(lowerCaseName) || lowerCaseName.startsWith(EXTRA.toLowerCase());

/** Flat: name, value, name, value. */
export function userHeaders({ name, uid = '', groups, extra = {} }: UserInfo): string[] {
  const headers = ['X-Remote-User', bytes(name)];
  if (uid !== '') headers.push('X-Remote-Uid', bytes(uid));
  for (const group of groups) headers.push('X-Remote-Group', bytes(group));
  for (const [key, values] of Object.entries(extra)) {
    for (const value of values) headers.push(EXTRA + escapeKey(key), bytes(value));
  }
  return headers;
}

/** Header values are bytes. */
const bytes = (text: string): string => Buffer.from(text).toString('latin1');

/** What may not stand in a header's name is percent-encoded, and so is the percent sign. */
const escapeKey = (key: string): string =>
  [...Buffer.from(key)]
    .map((byte) => {
      const char = String.fromCharCode(byte);
      return /[!#$&'*+\-.^_`|~0-9A-Za-z]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
