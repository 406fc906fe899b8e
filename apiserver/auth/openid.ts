import { verificationKey, webKey } from '../../runtime/index.ts';

/** A document ready to be sent. */
interface OpenIdDocument {
  readonly status: number;
  readonly contentType: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** What others need to check the tokens of service accounts by themselves: OpenID Connect discovery. */
export interface OpenIdDocuments {
  /** @returns undefined when the path is neither document. */
  respond(url: string): OpenIdDocument | undefined;
}

export interface OpenIdOptions {
  readonly issuer: string;
  /** PEM of the keys that tokens are checked with. */
  readonly publicKeys: readonly string[];
  /** Where the keys are. */
  keysUrl(): string;
}

const CONFIGURATION = '/.well-known/openid-configuration';
/** The path of the keys. */
export const KEYS_PATH = '/openid/v1/jwks';
const HEADERS = { 'Cache-Control': 'public, max-age=3600' };

/**
 * @returns undefined for an issuer that discovery has no place for: one that is no https URL, or has a query or a fragment.
 * @throws when tokens cannot be signed with one of the keys.
 */
export function createOpenIdDocuments({ issuer, publicKeys, keysUrl }: OpenIdOptions): OpenIdDocuments | undefined {
  if (!isDiscoverable(issuer)) return undefined;
  const keys = publicKeys.map((pem) => webKey(verificationKey(pem)));
  const algorithms = [...new Set(keys.map(({ alg }) => alg))].sort();
  const configuration = () => ({
    issuer,
    jwks_uri: keysUrl(),
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: algorithms,
  });
  return {
    respond: (url) => {
      const [path = ''] = url.split('?', 1);
      const clean = path.endsWith('/') ? path.slice(0, -1) : path;
      if (clean === CONFIGURATION) return document('application/json', configuration());
      if (clean === KEYS_PATH) return document('application/jwk-set+json', { keys });
      return undefined;
    },
  };
}

function isDiscoverable(issuer: string): boolean {
  if (!URL.canParse(issuer)) return false;
  const { protocol, search, hash } = new URL(issuer);
  return protocol === 'https:' && search === '' && hash === '';
}

const document = (contentType: string, value: unknown): OpenIdDocument => ({
  status: 200,
  contentType,
  headers: HEADERS,
  body: Buffer.from(JSON.stringify(value)),
});
