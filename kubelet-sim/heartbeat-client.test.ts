import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { coordinationKinds, type Lease } from '../api/index.ts';
import { ConnectionError } from '../client/index.ts';
import { parseOptions, silentLogger, systemRandom, VirtualClock } from '../runtime/index.ts';
import { answerJson, listen } from '../test/support/http-server.ts';
import { heartbeatClientOf } from './main.ts';
import { kubeletSimOptions } from './options.ts';

const clusters = (server: string) => `
apiVersion: v1
kind: Config
current-context: c
contexts: [{ name: c, context: { cluster: c, user: u } }]
users: [{ name: u, user: { token: t } }]
clusters: [{ name: c, cluster: { server: '${server}' } }]
`;

it('heartbeats are not paced, and one that nobody answers is given up in the time of the next', async () => {
  await using server = await listen((request, response) => {
    if (request.url?.endsWith('/silent') !== true) answerJson(response, 200, { metadata: {} });
  });
  const directory = mkdtempSync(join(tmpdir(), 'nanokube-heartbeats-'));
  const kubeconfig = join(directory, 'kubeconfig');
  writeFileSync(kubeconfig, clusters(server.url));
  const given = [`--kubeconfig=${kubeconfig}`, '--kube-api-qps=1', '--kube-api-burst=1', '--node-status-update-frequency=1s'];
  const { values } = parseOptions(kubeletSimOptions, given);
  // A client that is paced would wait on this clock, which stands still.
  const client = heartbeatClientOf(values, { clock: new VirtualClock(), random: systemRandom, logger: silentLogger });
  const leases = client.resource<Lease>(coordinationKinds.leases);
  for (let i = 0; i < 5; i++) await leases.get(`node-${i}`, { namespace: 'kube-node-lease' });
  await expect(leases.get('silent', { namespace: 'kube-node-lease' })).rejects.toThrow(ConnectionError);
  await client.close();
  rmSync(directory, { recursive: true });
});
