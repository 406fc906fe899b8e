import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startApiServer } from '../support/api-server.ts';
import { waitFor } from '../support/cluster.ts';
import { tempDirectory } from '../support/temp-directory.ts';

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const WAIT_MS_MAX = 20_000;

test('an API server notes requests where it is told to, and serves on for a while after the signal to stop', async () => {
  await using directory = await tempDirectory();
  const policy = join(directory.path, 'policy.yaml');
  const log = join(directory.path, 'audit', 'audit.log');
  writeFileSync(
    policy,
    `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: RequestResponse
  resources: [{group: "", resources: [configmaps]}]
  verbs: [create]
- level: Metadata
  resources: [{group: "", resources: [secrets, configmaps]}]
`,
  );
  const args = ['--ephemeral', `--audit-policy-file=${policy}`, `--audit-log-path=${log}`, '--shutdown-delay-duration=12s'];
  await using api = await startApiServer({ args });
  await api.call('POST', CONFIG_MAPS, { metadata: { name: 'a' }, data: { x: '1' } });
  await api.call('GET', '/api/v1/namespaces/default/secrets');
  await api.call('GET', '/api/v1/nodes');
  const lines = readFileSync(log, 'utf8').trim().split('\n');
  const admin = { username: 'admin', uid: 'admin', groups: ['system:masters', 'system:authenticated'] };
  expect(lines.map((line) => JSON.parse(line)).filter(({ user }) => user.username === 'admin')).toMatchObject([
    {
      stage: 'ResponseComplete',
      level: 'RequestResponse',
      verb: 'create',
      user: admin,
      objectRef: { resource: 'configmaps', namespace: 'default', name: 'a', apiVersion: 'v1' },
      requestObject: { data: { x: '1' } },
      responseObject: { kind: 'ConfigMap', metadata: { name: 'a' } },
      responseStatus: { metadata: {}, code: 201 },
      annotations: { 'authorization.k8s.io/decision': 'allow' },
    },
    { level: 'Metadata', verb: 'list', objectRef: { resource: 'secrets' }, responseStatus: { code: 200 } },
  ]);
  using watch = await api.watch(`${CONFIG_MAPS}?watch=1`);
  const exited = api.kill('SIGTERM');
  await waitFor(
    async () => (await api.call('GET', '/readyz')).status === 500,
    WAIT_MS_MAX,
    () => 'readiness does not fail',
  );
  expect((await api.call('POST', CONFIG_MAPS, { metadata: { name: 'b' } })).status).toBe(201);
  await waitFor(
    () => watch.frames.some((frame) => frame.startsWith('ADDED b')),
    WAIT_MS_MAX,
    () => 'the watch has ended',
  );
  expect(await exited).toBe(0);
  await expect.poll(() => watch.ended).toBe(true);
});

test.each([
  ['--audit-policy-file=/nowhere', '--audit-log-path=/tmp/x', '--audit-policy-file: ENOENT'],
  ['--etcd-cafile=/nowhere', '--etcd-servers=https://127.0.0.1:1', '--etcd-cafile: /nowhere cannot be read'],
])('what cannot be is said in one line: %s', async (first, second, why) => {
  await expect(startApiServer({ args: [first, second] })).rejects.toThrow(why);
});
