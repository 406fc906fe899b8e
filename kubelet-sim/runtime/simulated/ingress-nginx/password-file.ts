import { isPassword } from '../nginx/passwords.ts';

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
