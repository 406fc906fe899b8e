import { expect, test } from 'vitest';
import { apiError } from '../../api/index.ts';
import type { Authorizer } from '../auth/types.ts';
import { plainStrategy, startTestServer } from '../testing/test-server.ts';
import { AccessMetrics } from './access-metrics.ts';

test('requests are counted by who came in, and by who was let through', async () => {
  const authenticator = {
    authenticate: ({ headers }: { headers: Record<string, unknown> }) => {
      const name = String(headers['x-test-user'] ?? '');
      if (name === 'wrong') throw apiError.unauthorized();
      return name === '' ? undefined : { name, groups: [] };
    },
  };
  const authorizer: Authorizer = {
    authorize: ({ user: { name } }) => ({
      allowed: !name.startsWith('no'),
      denied: name === 'no for good',
      reason: '',
      ...(name === 'no idea' ? { evaluationError: 'webhook is away' } : {}),
    }),
    rulesFor: () => ({ resourceRules: [], nonResourceRules: [] }),
  };
  await using api = await startTestServer({ strategies: { '/configmaps': plainStrategy() }, authenticator, authorizer });
  const ask = (user: string | undefined, more: Record<string, string> = {}) =>
    api.request('GET', '/api/v1/configmaps', { headers: { ...(user === undefined ? {} : { 'x-test-user': user }), ...more } });
  for (const user of ['admin', 'me@example.com', 'bob', 'no', 'no for good', 'no idea', undefined]) await ask(user);
  await ask('wrong', { authorization: 'Bearer x' });
  const { text } = await api.request('GET', '/metrics', { headers: { 'x-test-user': 'kubelet' } });
  const lines = text.split('\n').filter((line) => /^(authenticat|authoriz)\w+(_requests|_attempts|_total|_count)\{/.test(line));
  expect(lines).toEqual([
    'authenticated_user_requests{username="admin"} 1',
    'authenticated_user_requests{username="email_id"} 1',
    'authenticated_user_requests{username="other"} 4',
    'authenticated_user_requests{username="kubelet"} 1',
    'authentication_attempts{result="error"} 1',
    'authentication_attempts{result="failure"} 1',
    'authentication_attempts{result="success"} 7',
    'authentication_duration_seconds_count{result="error"} 1',
    'authentication_duration_seconds_count{result="failure"} 1',
    'authentication_duration_seconds_count{result="success"} 7',
    'authorization_attempts_total{result="allowed"} 4',
    'authorization_attempts_total{result="denied"} 1',
    'authorization_attempts_total{result="error"} 1',
    'authorization_attempts_total{result="no-opinion"} 1',
    'authorization_duration_seconds_count{result="allowed"} 4',
    'authorization_duration_seconds_count{result="denied"} 1',
    'authorization_duration_seconds_count{result="error"} 1',
    'authorization_duration_seconds_count{result="no-opinion"} 1',
  ]);
});

test('certificates are counted by how long they are good yet', () => {
  const metrics = new AccessMetrics();
  for (const ms of [-5000, 3_500_000, 7_000_000_000]) metrics.certificateShown(ms);
  const lines = metrics.text().split('\n');
  const name = 'apiserver_client_certificate_expiration_seconds';
  expect(lines).toContain(`${name}_bucket{le="0"} 1`);
  expect(lines).toContain(`${name}_bucket{le="3600"} 2`);
  expect(lines).toContain(`${name}_bucket{le="7776000"} 3`);
  expect(lines).toContain(`${name}_count 3`);
});

test('configuration that was loaded again is counted, by how it went', () => {
  const metrics = new AccessMetrics('sha256:1');
  metrics.reloaded('authorization', 'success', 1000);
  metrics.reloaded('authorization', 'failure', 2000);
  metrics.reloaded('authorization', 'failure', 3500);
  const lines = metrics.text().split('\n');
  const name = 'apiserver_authorization_config_controller_automatic_reload';
  expect(lines.filter((line) => line.startsWith(`${name}`))).toEqual([
    `${name}s_total{apiserver_id_hash="sha256:1",status="failure"} 2`,
    `${name}s_total{apiserver_id_hash="sha256:1",status="success"} 1`,
    `${name}_last_timestamp_seconds{apiserver_id_hash="sha256:1",status="failure"} 3.5`,
    `${name}_last_timestamp_seconds{apiserver_id_hash="sha256:1",status="success"} 1`,
  ]);
});

test('a configuration file is told by its hash', () => {
  const metrics = new AccessMetrics('sha256:me');
  metrics.configured('encryption', 'sha256:old');
  metrics.configured('encryption', 'sha256:new');
  const lines = metrics.text().split('\n');
  const name = 'apiserver_encryption_config_controller_last_config_info';
  expect(lines.filter((line) => line.startsWith(`${name}{`))).toEqual([`${name}{apiserver_id_hash="sha256:me",hash="sha256:new"} 1`]);
});

test('tokens of OpenID providers are counted by whose they are', () => {
  const metrics = new AccessMetrics();
  metrics.tokens.ofProvider('success', 'sha256:1', 2);
  metrics.tokens.ofProvider('failure', 'sha256:1', 20);
  const lines = metrics.text().split('\n');
  const name = 'apiserver_authentication_jwt_authenticator_latency_seconds';
  expect(lines).toContain(`${name}_bucket{result="success",jwt_issuer_hash="sha256:1",le="0.001"} 0`);
  expect(lines).toContain(`${name}_bucket{result="success",jwt_issuer_hash="sha256:1",le="0.005"} 1`);
  expect(lines).toContain(`${name}_count{result="failure",jwt_issuer_hash="sha256:1"} 1`);
});
