/** An OpenID provider for tests: discovery, a key set that can change, and tokens. */
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer } from 'node:https';
import { testAuthority } from './authority.ts';

export interface OpenIdProvider extends AsyncDisposable {
  readonly issuer: string;
  /** PEM of the CA of its certificate. */
  readonly ca: string;
  /** How often its keys were asked for. */
  readonly keyRequests: number;
  /** A token that says what a good one says, and more. */
  token(claims?: Readonly<Record<string, unknown>>, options?: { readonly algorithm?: 'RS256' | 'PS256' | 'ES256' }): string;
  /** From now on signs with other keys, and tells of those only. */
  rotate(): void;
  /** Answers nothing but errors until it is told otherwise. */
  break(broken: boolean): void;
  /** Sent with the key set. */
  cacheControl: string | undefined;
}

export const OPENID_CLIENT = 'kubernetes';
const HOUR_SECONDS = 3600;

interface SigningKeys {
  readonly rsa: { readonly privateKey: KeyObject; readonly publicKey: KeyObject };
  readonly ec: { readonly privateKey: KeyObject; readonly publicKey: KeyObject };
}

const newKeys = (): SigningKeys => ({
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ec: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
});

const idOf = (key: KeyObject): string =>
  createHash('sha1')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex');
const webKeyOf = (key: KeyObject) => ({ ...key.export({ format: 'jwk' }), kid: idOf(key), use: 'sig' });
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

export async function startOpenIdProvider(options: { readonly port?: number; readonly now?: () => number } = {}): Promise<OpenIdProvider> {
  const authority = testAuthority('openid');
  const pair = authority.issue('server', ['127.0.0.1']);
  const now = options.now ?? Date.now;
  let keys = newKeys();
  let broken = false;
  let keyRequests = 0;
  let cacheControl: string | undefined;
  const server = createServer({ cert: pair.cert, key: pair.key }, (request, response) => {
    const documents: Readonly<Record<string, () => unknown>> = {
      '/.well-known/openid-configuration': () => ({ issuer, jwks_uri: `${issuer}/keys` }),
      '/keys': () => {
        keyRequests++;
        return { keys: [webKeyOf(keys.rsa.publicKey), webKeyOf(keys.ec.publicKey)] };
      },
    };
    const document = documents[request.url ?? ''];
    const status = broken ? 503 : document ? 200 : 404;
    response.writeHead(status, {
      'content-type': 'application/json',
      ...(cacheControl === undefined ? {} : { 'cache-control': cacheControl }),
    });
    response.end(status === 200 ? JSON.stringify(document?.()) : 'no');
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  const address = server.address();
  const issuer = `https://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
  return {
    issuer,
    ca: authority.ca,
    get keyRequests() {
      return keyRequests;
    },
    get cacheControl() {
      return cacheControl;
    },
    set cacheControl(value) {
      cacheControl = value;
    },
    rotate: () => {
      keys = newKeys();
    },
    break: (value) => {
      broken = value;
    },
    token: (claims = {}, { algorithm = 'RS256' } = {}) => {
      const { privateKey, publicKey } = algorithm === 'ES256' ? keys.ec : keys.rsa;
      const seconds = Math.floor(now() / 1000);
      const good = { iss: issuer, aud: OPENID_CLIENT, sub: 'jane', iat: seconds, exp: seconds + HOUR_SECONDS };
      const signed = `${encode({ alg: algorithm, kid: idOf(publicKey) })}.${encode({ ...good, ...claims })}`;
      const padding = algorithm === 'PS256' ? { padding: 6, saltLength: 32 } : {};
      return `${signed}.${sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363', ...padding }).toString('base64url')}`;
    },
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
