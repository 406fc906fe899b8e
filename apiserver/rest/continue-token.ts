import { apiError, parseJson, quoteByte } from '../../api/index.ts';

/** Where a list goes on: upstream's token, so that clients can be moved between servers. */
export interface ContinueToken {
  /** Revision of the snapshot; -1 to go on with the newest state. */
  readonly revision: number;
  /** First key of the rest, without the kind's (and namespace's) prefix. */
  readonly start: string;
}

const VERSION = 'meta.k8s.io/v1';

export const encodeContinue = ({ revision, start }: ContinueToken): string =>
  Buffer.from(JSON.stringify({ v: VERSION, rv: revision, start })).toString('base64url');

/** @throws ApiError (400) for what is no token. */
export function decodeContinue(text: string): ContinueToken {
  const bad = (why: string) => apiError.badRequest(`invalid continue token: continue key is not valid: ${why}`);
  const wrongAt = text.search(/[^\w-]/);
  if (wrongAt >= 0 || text.length % 4 === 1) throw bad(`illegal base64 data at input byte ${wrongAt >= 0 ? wrongAt : text.length - 1}`);
  const bytes = Buffer.from(text, 'base64url');
  const first = bytes[0] ?? 0;
  if (first >= 0x80) throw bad(`invalid character ${quoteByte(first)} looking for beginning of value`);
  let token: unknown;
  try {
    token = parseJson(bytes.toString());
  } catch (error) {
    throw bad(error instanceof Error ? error.message : String(error));
  }
  const { v = '', rv = 0, start = '' } = isObject(token) ? token : {};
  if (v !== VERSION) throw bad(`server does not recognize this encoded version ${String(v)}`);
  if (rv === 0) throw bad('incorrect encoded start resourceVersion (version meta.k8s.io/v1)');
  if (typeof rv !== 'number' || typeof start !== 'string' || start === '') {
    throw bad('encoded start key empty (version meta.k8s.io/v1)');
  }
  if (!isClean(start)) throw bad(start);
  return { revision: rv, start };
}

/** Nothing leads out of the keys that the list is of: upstream compares with Go's `path.Clean`. */
function isClean(start: string): boolean {
  const path = start.startsWith('/') ? start : `/${start}`;
  return (
    path === '/' ||
    path
      .slice(1)
      .split('/')
      .every((part) => part !== '' && part !== '.' && part !== '..')
  );
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
