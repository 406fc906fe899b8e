import { expect, test } from 'vitest';
import { startApiServer } from '../support/api-server.ts';

const CORE = '/api/v1/namespaces/default';

test('a token is refused from the moment on that its pod, account, node or secret is deleted', async () => {
  await using api = await startApiServer({ args: ['--ephemeral', '--enable-bootstrap-token-auth'] });
  const post = async (path: string, body: object) => {
    const answer = await api.call('POST', path, body);
    expect([path, answer.status, answer.text]).toEqual([path, 201, expect.anything()]);
    return answer.body;
  };
  const account = (name: string) => post(`${CORE}/serviceaccounts`, { metadata: { name } });
  const tokenFor = async (name: string, kind: string, bound: { metadata: { name: string; uid: string } }) => {
    const boundObjectRef = { apiVersion: 'v1', kind, name: bound.metadata.name, uid: bound.metadata.uid };
    const { status } = await post(`${CORE}/serviceaccounts/${name}/token`, { spec: { boundObjectRef } });
    return String(status.token);
  };
  const whoAmI = async (token: string) => {
    const answer = await api.call(
      'POST',
      '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
      { authorization: `Bearer ${token}` },
    );
    return answer.status === 201 ? answer.body.status.userInfo.username : answer.status;
  };

  await account('bot');
  await account('doomed');
  const spec = { serviceAccountName: 'bot', containers: [{ name: 'c', image: 'i' }] };
  const pod = await post(`${CORE}/pods`, { metadata: { name: 'p' }, spec });
  const node = await post('/api/v1/nodes', { metadata: { name: 'n' } });
  const secret = await post(`${CORE}/secrets`, { metadata: { name: 's' } });
  const bound: [string, string][] = [
    [await tokenFor('bot', 'Pod', pod), `${CORE}/pods/p`],
    [await tokenFor('bot', 'Node', node), '/api/v1/nodes/n'],
    [await tokenFor('bot', 'Secret', secret), `${CORE}/secrets/s`],
  ];
  const { status } = await post(`${CORE}/serviceaccounts/doomed/token`, { spec: {} });
  bound.push([status.token, `${CORE}/serviceaccounts/doomed`]);
  await post('/api/v1/namespaces/kube-system/secrets', {
    metadata: { name: 'bootstrap-token-abcdef' },
    type: 'bootstrap.kubernetes.io/token',
    stringData: { 'token-id': 'abcdef', 'token-secret': '0123456789abcdef', 'usage-bootstrap-authentication': 'true' },
  });
  bound.push(['abcdef.0123456789abcdef', '/api/v1/namespaces/kube-system/secrets/bootstrap-token-abcdef']);

  for (const [token, path] of bound) {
    expect([path, await whoAmI(token)]).toEqual([path, expect.stringMatching(/^system:(serviceaccount:default|bootstrap):/)]);
    expect((await api.call('DELETE', `${path}?gracePeriodSeconds=0`)).status).toBe(200);
    expect([path, await whoAmI(token)]).toEqual([path, 401]);
  }
});
