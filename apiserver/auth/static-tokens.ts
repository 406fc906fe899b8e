import { readFileSync } from 'node:fs';
import { UserError } from '../../runtime/index.ts';
import { parseCsv } from './csv.ts';
import type { TokenAuthenticator } from './token-authenticator.ts';
import type { UserInfo } from './types.ts';

const COLUMNS_MIN = 3;

/**
 * Tokens from a file of lines `token,user,uid,"group1,group2"` (`--token-auth-file`).
 *
 * Tokens are looked up in a hash map, whose hash is keyed anew in each process: how long that takes says nothing about how much of a token is right.
 *
 * @param path the file.
 * @param apiAudiences what these tokens are good for.
 * @throws UserError when the file cannot be read or a line has too few columns.
 */
export function createStaticTokens(path: string, apiAudiences: readonly string[]): TokenAuthenticator {
  const users = new Map<string, UserInfo>();
  for (const [token = '', name = '', uid = '', groups] of records(path)) {
    if (token === '') continue;
    users.set(token, { name, uid: uid === '' ? undefined : uid, groups: groups === undefined ? [] : groups.split(',') });
  }
  return {
    authenticateToken(token, audiences) {
      const user = users.get(token);
      const good = audiences.filter((audience) => apiAudiences.includes(audience));
      return user && good.length > 0 ? { user, audiences: good } : undefined;
    },
  };
}

function records(path: string): readonly string[][] {
  const rows = parseCsv(readText(path));
  const short = rows.find((row) => row.length < COLUMNS_MIN);
  if (short) {
    throw new UserError(`token file ${path} must have at least 3 columns (token, user name, user uid) in each line, found ${short.length}`);
  }
  return rows;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UserError(`cannot read the file given with --token-auth-file: ${why}`, { cause: error });
  }
}
