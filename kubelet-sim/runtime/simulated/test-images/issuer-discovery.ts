// `agnhost test-service-account-issuer-discovery`: checks a token with what the cluster says of its issuer, as OpenID clients do (upstream
// `test/images/agnhost/openidmetadata`).
import { createPublicKey, type JsonWebKey, verify } from 'node:crypto';
import { commandLineOption } from '../command-line.ts';
import { get, inCluster } from '../in-cluster/in-cluster.ts';
import { ConnectError } from '../network/listener.ts';
import { defaultSignal, type ProcessContext, type Program } from '../program.ts';

interface Claims {
  readonly iss: string;
  readonly aud: string | readonly string[];
  readonly exp: number;
}

/** A token in its parts; nothing is checked. */
interface Token {
  readonly header: { readonly alg: string; readonly kid?: string };
  readonly claims: Claims;
  readonly signed: string;
  readonly signature: Buffer;
}

export const issuerDiscovery = (argv: readonly string[]): Program => ({
  start(context) {
    let isDone = false;
    const end = (code: number, text?: string) => {
      if (isDone) return;
      isDone = true;
      if (text !== undefined) log(context, text);
      context.exit(code);
    };
    check(context, argv).then(
      () => end(0),
      (error: unknown) => end(1, error instanceof Error ? error.message : String(error)),
    );
    return {
      signal: (name) => defaultSignal({ isInit: context.isInit, exit: end }, name),
      dispose: () => {
        isDone = true;
      },
    };
  },
});

/** @throws Error when the token is not good. */
async function check(context: ProcessContext, argv: readonly string[]): Promise<void> {
  const files = await context.files();
  const token = parse((await files.readFile(commandLineOption(argv, 'token-path'))).toString().trim());
  log(context, 'OK: Got token');
  log(context, 'validating with in-cluster discovery');
  const { authorization } = await inCluster(context);
  const audience = commandLineOption(argv, 'audience');
  try {
    await validate(context, token, { audience, authorization: await authorization() });
  } catch (error) {
    log(context, `failed to validate with in-cluster discovery: ${error instanceof Error ? error.message : String(error)}`);
    log(context, 'falling back to validating with external discovery');
    await validate(context, token, { audience });
  }
}

interface Expected {
  readonly audience: string;
  readonly authorization?: string;
}

async function validate(context: ProcessContext, token: Token, { audience, authorization }: Expected): Promise<void> {
  const { iss, aud, exp } = token.claims;
  log(context, `OK: got issuer ${iss}`);
  log(context, `Full, not-validated claims: \n${JSON.stringify(token.claims)}`);
  const headers: Readonly<Record<string, string>> = authorization === undefined ? {} : { authorization };
  const provider = await documentAt<{ issuer: string; jwks_uri: string }>(context, `${iss}/.well-known/openid-configuration`, headers);
  if (provider.issuer !== iss)
    throw new Error(`oidc: issuer did not match the issuer returned by provider, expected "${iss}" got "${provider.issuer}"`);
  log(context, `OK: Constructed OIDC provider for issuer ${iss}`);
  if (![aud].flat().includes(audience)) throw new Error(`oidc: expected audience "${audience}" got [${[aud].flat().join(' ')}]`);
  if (exp * 1000 < context.clock.now()) throw new Error(`oidc: token is expired (Token Expiry: ${new Date(exp * 1000).toISOString()})`);
  const { keys } = await documentAt<{ keys: (JsonWebKey & { kid?: string })[] }>(context, provider.jwks_uri, headers);
  if (!keys.some((key) => isSignedBy(token, key))) throw new Error('failed to verify signature: failed to verify id token signature');
  log(context, 'OK: Validated signature on JWT');
  log(context, 'OK: Got valid claims from token!');
  log(context, `Full, validated claims: \n${JSON.stringify(token.claims)}`);
}

async function documentAt<T>(context: ProcessContext, url: string, headers: Readonly<Record<string, string>>): Promise<T> {
  const answer = await get(context, url, headers).catch((error: unknown) => {
    throw error instanceof ConnectError ? new Error(`Get "${url}": ${error.message}`) : error;
  });
  if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.body}`);
  return JSON.parse(answer.body);
}

function isSignedBy({ header, signed, signature }: Token, jwk: JsonWebKey & { kid?: string }): boolean {
  if (jwk.kid !== header.kid || !['RS256', 'ES256'].includes(header.alg)) return false;
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  return verify('sha256', Buffer.from(signed), header.alg === 'ES256' ? { key, dsaEncoding: 'ieee-p1363' } : key, signature);
}

function parse(text: string): Token {
  const [header = '', claims = '', signature = ''] = text.split('.');
  const decoded = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString());
  return {
    header: decoded(header),
    claims: decoded(claims),
    signed: `${header}.${claims}`,
    signature: Buffer.from(signature, 'base64url'),
  };
}

/** A line as Go's `log` writes it. */
function log(context: ProcessContext, text: string): void {
  const stamp = new Date(context.clock.now()).toISOString().slice(0, 19).replace('T', ' ').replaceAll('-', '/');
  context.output('stderr', `${stamp} ${text}\n`);
}
