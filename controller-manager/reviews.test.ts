import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { authenticationKinds, authorizationKinds, type SubjectAccessReview, type TokenReview } from '../api/index.ts';
import { clientFromOptions, reviewingClient } from '../client/index.ts';
import { parseOptions, seededRandom, silentLogger, systemClock, UserError } from '../runtime/index.ts';
import { answerJson, listen } from '../test/support/http-server.ts';
import { tempDirectory } from '../test/support/temp-directory.ts';
import { controllerManagerOptions } from './options.ts';

const process = { userAgent: 'test', clock: systemClock, random: seededRandom(1), logger: silentLogger };

it('who asks for metrics is looked up with the rights of two kubeconfigs of their own, or with those of everything else', async () => {
  await using server = await listen((_request, response) => answerJson(response, 201, { metadata: {}, spec: {}, status: {} }));
  await using directory = await tempDirectory();
  const kubeconfig = (token: string): string => {
    const path = join(directory.path, token);
    const named = (list: string, entry: object) => ({ [list]: [{ name: 'x', ...entry }] });
    const config = {
      ...named('clusters', { cluster: { server: server.url } }),
      ...named('users', { user: { token } }),
      ...named('contexts', { context: { cluster: 'x', user: 'x' } }),
      'current-context': 'x',
    };
    writeFileSync(path, JSON.stringify(config));
    return path;
  };
  const asked = async (...more: string[]): Promise<(string | undefined)[]> => {
    const { values } = parseOptions(controllerManagerOptions, [`--kubeconfig=${kubeconfig('main')}`, ...more]);
    const main = clientFromOptions(values, process);
    const { client, close } = reviewingClient(main, values, (path) =>
      clientFromOptions({ ...values, kubeconfig: path, master: undefined }, process),
    );
    server.requests.length = 0;
    try {
      await client.resource<TokenReview>(authenticationKinds.tokenreviews).create({ metadata: {}, spec: {}, status: {} });
      const review = { metadata: {}, spec: {}, status: { allowed: false } };
      await client.resource<SubjectAccessReview>(authorizationKinds.subjectaccessreviews).create(review);
      return server.requests.map(({ headers }) => headers.authorization);
    } finally {
      await close();
      await main.close();
    }
  };
  const authentication = `--authentication-kubeconfig=${kubeconfig('authentication')}`;
  const authorization = `--authorization-kubeconfig=${kubeconfig('authorization')}`;
  expect(await asked()).toEqual(['Bearer main', 'Bearer main']);
  expect(await asked(authentication)).toEqual(['Bearer authentication', 'Bearer main']);
  expect(await asked(authentication, authorization)).toEqual(['Bearer authentication', 'Bearer authorization']);
  await expect(asked('--authorization-kubeconfig=/no/such/file')).rejects.toThrow(UserError);
});
