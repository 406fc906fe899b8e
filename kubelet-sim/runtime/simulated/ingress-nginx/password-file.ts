import { createHash, timingSafeEqual } from 'node:crypto';

/**
 * Whether a file of `user:hash` lets a user in: hashes as `htpasswd` and `openssl passwd` make them (MD5 in both its ways, SHA, salted SHA
 * and plain text). Others, bcrypt among them, let nobody in.
 */
export function letsIn(file: string, authorization: string | undefined): boolean {
  const [, encoded] = /^basic\s+(\S+)$/i.exec(authorization ?? '') ?? [];
  if (encoded === undefined) return false;
  const given = Buffer.from(encoded, 'base64').toString();
  const colon = given.indexOf(':');
  if (colon < 0) return false;
  const user = given.slice(0, colon);
  const line = file.split('\n').find((one) => one.startsWith(`${user}:`));
  const hash = line
    ?.slice(user.length + 1)
    .split(':')[0]
    ?.trim();
  return hash !== undefined && isPassword(given.slice(colon + 1), hash);
}

function isPassword(password: string, hash: string): boolean {
  const [, magic = '', salt = ''] = /^(\$apr1\$|\$1\$)([^$]*)\$/.exec(hash) ?? [];
  if (magic !== '') return isSame(md5Crypt(password, salt.slice(0, 8), magic), hash);
  if (hash.startsWith('{SHA}')) return isSame(createHash('sha1').update(password).digest('base64'), hash.slice(5));
  if (hash.startsWith('{SSHA}')) {
    const bytes = Buffer.from(hash.slice(6), 'base64');
    const own = createHash('sha1').update(password).update(bytes.subarray(20)).digest();
    return isSame(own.toString('base64'), bytes.subarray(0, 20).toString('base64'));
  }
  return hash.startsWith('{PLAIN}') && isSame(password, hash.slice(7));
}

function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

const ROUNDS = 1000;
/** The order in which the bytes of the digest are written. */
const GROUPS: readonly (readonly [number, number, number])[] = [
  [0, 6, 12],
  [1, 7, 13],
  [2, 8, 14],
  [3, 9, 15],
  [4, 10, 5],
];
const LETTERS = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** The MD5 of crypt(3), `$1$`, and Apache's, `$apr1$`, which differ by that word alone. */
function md5Crypt(text: string, salt: string, magic: string): string {
  const password = Buffer.from(text);
  const inner = createHash('md5').update(password).update(salt).update(password).digest();
  const first = createHash('md5').update(password).update(magic).update(salt);
  for (let left = password.length; left > 0; left -= 16) first.update(inner.subarray(0, Math.min(16, left)));
  for (let bits = password.length; bits > 0; bits >>= 1) first.update(bits & 1 ? Buffer.from([0]) : password.subarray(0, 1));
  let digest = first.digest();
  for (let i = 0; i < ROUNDS; i++) {
    const round = createHash('md5').update(i & 1 ? password : digest);
    if (i % 3 !== 0) round.update(salt);
    if (i % 7 !== 0) round.update(password);
    digest = round.update(i & 1 ? digest : password).digest();
  }
  const at = (index: number) => digest[index] ?? 0;
  const groups = GROUPS.map(([a, b, c]) => letters((at(a) << 16) | (at(b) << 8) | at(c), 4));
  return `${magic}${salt}$${groups.join('')}${letters(at(11), 2)}`;
}

function letters(value: number, count: number): string {
  return Array.from({ length: count }, (_, i) => LETTERS[(value >> (6 * i)) & 63]).join('');
}
