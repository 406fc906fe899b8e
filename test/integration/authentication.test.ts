import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type ApiServerProcess, startApiServer } from '../support/api-server.ts';
import { waitFor } from '../support/cluster.ts';
import { OPENID_CLIENT, startOpenIdProvider } from '../support/openid-provider.ts';
import { tempDirectory } from '../support/temp-directory.ts';

/** Who a bearer is to the API server; the status when nobody. */
async function whoAmI(api: ApiServerProcess, token: string): Promise<unknown> {
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  const headers = { authorization: `Bearer ${token}` };
  const answer = await api.call('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', review, headers);
  return answer.status === 201 ? answer.body.status.userInfo : answer.status;
}

test('users of an OpenID provider that is away at the start can log in once it is there, and after it changed its keys', async () => {
  await using place = await tempDirectory();
  await using provider = await startOpenIdProvider();
  const ca = join(place.path, 'ca.pem');
  writeFileSync(ca, provider.ca);
  provider.break(true);
  await using api = await startApiServer({
    args: [
      '--ephemeral',
      `--oidc-issuer-url=${provider.issuer}`,
      `--oidc-client-id=${OPENID_CLIENT}`,
      `--oidc-ca-file=${ca}`,
      '--oidc-username-prefix=oidc:',
      '--oidc-groups-claim=groups',
    ],
  });
  const token = provider.token({ groups: ['devs'] });
  expect(await whoAmI(api, token)).toBe(401);
  provider.break(false);
  await waitFor(
    async () => (await whoAmI(api, token)) !== 401,
    60_000,
    () => `nobody can log in: ${api.output()}`,
  );
  expect(await whoAmI(api, token)).toEqual({ username: 'oidc:jane', groups: ['devs', 'system:authenticated'] });
  provider.rotate();
  expect(await whoAmI(api, provider.token({ sub: 'joe' }))).toMatchObject({ username: 'oidc:joe' });
  expect(await whoAmI(api, provider.token({ aud: 'other' }))).toBe(401);
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token: provider.token({ exp: 1 }) } };
  expect((await api.call('POST', '/apis/authentication.k8s.io/v1/tokenreviews', review)).body.status.error).toContain(
    'oidc: token is expired',
  );
});

test('a configuration file says who may log in, and where anybody may come', async () => {
  await using place = await tempDirectory();
  await using provider = await startOpenIdProvider();
  const config = join(place.path, 'authentication.yaml');
  const indented = provider.ca.trim().replace(/^/gm, '      ');
  writeFileSync(
    config,
    `apiVersion: apiserver.config.k8s.io/v1
kind: AuthenticationConfiguration
jwt:
- issuer:
    url: ${provider.issuer}
    audiences: [${OPENID_CLIENT}]
    certificateAuthority: |
${indented}
  claimMappings:
    username: {expression: '"oidc:" + claims.sub'}
    groups: {expression: claims.roles}
anonymous:
  enabled: true
  conditions: [{path: /livez}]
`,
  );
  await using api = await startApiServer({ args: ['--ephemeral', `--authentication-config=${config}`] });
  await waitFor(
    async () => (await whoAmI(api, provider.token({ roles: ['a'] }))) !== 401,
    60_000,
    () => `nobody can log in: ${api.output()}`,
  );
  expect(await whoAmI(api, provider.token({ roles: ['a'] }))).toMatchObject({
    username: 'oidc:jane',
    groups: ['a', 'system:authenticated'],
  });
  const anonymously = async (path: string) => (await api.call('GET', path, undefined, { authorization: '' })).status;
  expect([
    await anonymously('/livez'),
    await anonymously('/livez?verbose'),
    await anonymously('/version'),
    await anonymously('/api/v1/pods'),
  ]).toEqual([200, 200, 401, 401]);
});

test.each([
  [['--oidc-issuer-url=https://a'], '--oidc-issuer-url and --oidc-client-id go together'],
  [['--oidc-issuer-url=http://a', '--oidc-client-id=a'], 'jwt[0].issuer.url: Invalid value: "http://a": URL scheme must be https'],
  [['--oidc-signing-algs=HS256'], '--oidc-signing-algs knows ES256'],
  [['--authentication-config=/nowhere'], '--authentication-config: /nowhere cannot be read'],
])('%j: %s', async (args, why) => {
  await expect(startApiServer({ args: ['--ephemeral', ...args] })).rejects.toThrow(why);
});
