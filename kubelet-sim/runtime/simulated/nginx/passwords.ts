import { createHash } from 'node:crypto';

const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/**
 * Whether a password is the one of an entry of a password file: plain, `{PLAIN}`, `{SHA}`, `{SSHA}` or `$apr1$`, `$1$`. What else crypt(3)
 * knows, and what it does not (bcrypt), is nobody's.
 */
export function isPassword(password: string, entry: string): boolean {
  if (entry.startsWith('{PLAIN}')) return entry.slice(7) === password;
  if (entry.startsWith('{SHA}')) return createHash('sha1').update(password, 'latin1').digest('base64') === entry.slice(5);
  if (entry.startsWith('{SSHA}')) return isSalted(password, Buffer.from(entry.slice(6), 'base64'));
  const [, magic, salt] = /^(\$(?:apr1|1)\$)([^$]*)\$/.exec(entry) ?? [];
  if (magic !== undefined && salt !== undefined) return md5Crypt(password, salt, magic) === entry;
  return false;
}

function isSalted(password: string, bytes: Buffer): boolean {
  const digest = createHash('sha1').update(password, 'latin1').update(bytes.subarray(20)).digest();
  return digest.equals(bytes.subarray(0, 20));
}

const ROUNDS = 1000;

/** The MD5-based crypt of BSD, and Apache's with its own magic. */
export function md5Crypt(password: string, salt: string, magic: string): string {
  const key = Buffer.from(password, 'latin1');
  const md5 = (...parts: readonly Uint8Array[]): Buffer => {
    const hash = createHash('md5');
    for (const part of parts) hash.update(part);
    return hash.digest();
  };
  const seasoning = Buffer.from(salt.slice(0, 8), 'latin1');
  const inner = md5(key, seasoning, key);
  const parts: Uint8Array[] = [key, Buffer.from(magic, 'latin1'), seasoning];
  for (let left = key.length; left > 0; left -= 16) parts.push(inner.subarray(0, Math.min(16, left)));
  for (let bits = key.length; bits > 0; bits >>= 1) parts.push(bits & 1 ? Buffer.alloc(1) : key.subarray(0, 1));
  let digest = md5(...parts);
  for (let round = 0; round < ROUNDS; round++) {
    const middle = [...(round % 3 ? [seasoning] : []), ...(round % 7 ? [key] : [])];
    digest = round & 1 ? md5(key, ...middle, digest) : md5(digest, ...middle, key);
  }
  return `${magic}${salt.slice(0, 8)}$${encode(digest)}`;
}

/** Which bytes of the digest stand together, in the order of crypt(3). */
const GROUPS: readonly (readonly number[])[] = [[0, 6, 12], [1, 7, 13], [2, 8, 14], [3, 9, 15], [4, 10, 5], [11]];

function encode(digest: Buffer): string {
  return GROUPS.map((group) => {
    let value = group.reduce((sum, index) => (sum << 8) | (digest[index] ?? 0), 0);
    let text = '';
    for (let i = 0; i < (group.length === 3 ? 4 : 2); i++, value >>= 6) text += ALPHABET[value & 63] ?? '';
    return text;
  }).join('');
}
