// Tokens that are kept in Secrets: of service accounts, and those that new nodes join with.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConfigMap, coreKinds, type Live, type Secret, type ServiceAccount, toTime } from '../../api/index.ts';
import { createClient } from '../../client/index.ts';
import { systemClock } from '../../runtime/index.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';

const { secrets, serviceaccounts, configmaps } = coreKinds;

let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane({
    controllers: ['serviceaccount-token', 'serviceaccount', 'legacy-service-account-token-cleaner', 'bootstrapsigner', 'tokencleaner'],
  });
});
afterAll(() => plane?.[Symbol.asyncDispose]());

const account = (name: string) => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: 'default' } });
const tokenOf = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: `${name}-token`, namespace: 'default', annotations: { 'kubernetes.io/service-account.name': name } },
  type: 'kubernetes.io/service-account-token',
});

describe('a Secret of a service account’s token', () => {
  it('is filled with a token that works, and goes with the account', async () => {
    const bot = await plane.create<ServiceAccount>(serviceaccounts, account('bot'));
    await plane.create(secrets, tokenOf('bot'));
    const secret = await plane.eventually<Secret>(secrets, 'bot-token', ({ data }) => data?.token !== undefined);
    const text = (key: string) => Buffer.from(secret.data?.[key] ?? '', 'base64').toString();
    expect([text('namespace'), text('ca.crt')]).toEqual(['default', plane.config.ca]);
    expect(secret.metadata.annotations).toMatchObject({ 'kubernetes.io/service-account.uid': bot.metadata.uid });
    const client = createClient({ ...plane.config, token: text('token'), userAgent: 'bot' });
    try {
      const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
      const answer = await client.request('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', { body });
      expect(JSON.parse(answer.body.toString()).status.userInfo.username).toBe('system:serviceaccount:default:bot');
    } finally {
      await client.close();
    }
    await plane.client.resource(serviceaccounts).delete('bot', { namespace: 'default' });
    await plane.eventuallyGone(secrets, 'bot-token');
  });

  it('of nobody is deleted; an account forgets the one that is gone', async () => {
    await plane.create(serviceaccounts, { ...account('guest'), secrets: [{ name: 'old-token' }] });
    await plane.create(serviceaccounts, { ...account('old'), secrets: [{ name: 'old-token' }, { name: 'other' }] });
    await plane.create(secrets, tokenOf('old'));
    await plane.eventually<Secret>(secrets, 'old-token', ({ data }) => data?.token !== undefined);
    await plane.client.resource(secrets).delete('old-token', { namespace: 'default' });
    const left = await plane.eventually<ServiceAccount>(serviceaccounts, 'old', ({ secrets: named }) => named?.length === 1);
    expect(left.secrets).toEqual([{ name: 'other' }]);
    // What is another account's to say stays.
    expect((await plane.get<ServiceAccount>(serviceaccounts, 'guest')).secrets).toEqual([{ name: 'old-token' }]);
  });
});

it('a token that says to be of an earlier account of the name is deleted, and stays named by the present one', async () => {
  await plane.create(serviceaccounts, { ...account('again'), secrets: [{ name: 'stray-token' }, { name: 'again-token' }] });
  const stray = tokenOf('again');
  const annotations = { ...stray.metadata.annotations, 'kubernetes.io/service-account.uid': 'another' };
  await plane.create(secrets, { ...stray, metadata: { ...stray.metadata, name: 'stray-token', annotations } });
  await plane.eventuallyGone(secrets, 'stray-token');
  await plane.create(secrets, tokenOf('again'));
  await plane.eventually<Secret>(secrets, 'again-token', ({ data }) => data?.token !== undefined);
  await plane.client.resource(secrets).delete('again-token', { namespace: 'default' });
  const left = await plane.eventually<ServiceAccount>(serviceaccounts, 'again', ({ secrets: named }) => named?.length === 1);
  expect(left.secrets).toEqual([{ name: 'stray-token' }]);
});

it('it is known since when the use of tokens is noted', async () => {
  const since = (all: Live<ConfigMap>[]) =>
    all.find(({ metadata }) => metadata.name === 'kube-apiserver-legacy-service-account-token-tracking')?.data?.since;
  await plane.eventuallyAll<ConfigMap>(configmaps, (all) => /^\d{4}-\d\d-\d\d$/.test(since(all) ?? ''), 'kube-system');
});

describe('a token that new nodes join with', () => {
  const bootstrap = (id: string, more: object = {}) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: `bootstrap-token-${id}`, namespace: 'kube-system' },
    type: 'bootstrap.kubernetes.io/token',
    stringData: { 'token-id': id, 'token-secret': '0123456789abcdef', 'usage-bootstrap-signing': 'true', ...more },
  });
  const info = (wanted: (data: NonNullable<ConfigMap['data']>) => boolean): Promise<Live<ConfigMap>[]> =>
    plane.eventuallyAll<ConfigMap>(
      configmaps,
      (all) => wanted(all.find(({ metadata }) => metadata.name === 'cluster-info')?.data ?? {}),
      'kube-public',
    );

  it('signs what is said about the cluster, as long as it is good, and goes then', async () => {
    await plane.create(configmaps, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'cluster-info', namespace: 'kube-public' },
      data: { kubeconfig: 'apiVersion: v1' },
    });
    await plane.create(secrets, bootstrap('aaaaaa'));
    await plane.create(secrets, bootstrap('bbbbbb'));
    await info((data) => data['jws-kubeconfig-aaaaaa'] !== undefined && data['jws-kubeconfig-bbbbbb'] !== undefined);
    const expiring = { stringData: { expiration: toTime(systemClock.now() + 2000) } };
    await plane.client.resource(secrets).patch('bootstrap-token-bbbbbb', expiring, { namespace: 'kube-system', type: 'merge' });
    await info((data) => data['jws-kubeconfig-bbbbbb'] === undefined);
    await plane.eventuallyGone(secrets, 'bootstrap-token-bbbbbb', 'kube-system');
    expect((await plane.get<ConfigMap>(configmaps, 'cluster-info', 'kube-public')).data).toHaveProperty('jws-kubeconfig-aaaaaa');
  });
});
