// Priority and fairness on a real server, as its options have it.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiServerProcess, startApiServer } from '../support/api-server.ts';

const GROUP = '/apis/flowcontrol.apiserver.k8s.io/v1';
const PATH = '/api/v1/namespaces/default/configmaps';
const SCHEMA = 'x-kubernetes-pf-flowschema-uid';
const LEVEL = 'x-kubernetes-pf-prioritylevel-uid';
const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
const USERS = ['loud', 'quiet'];

const as = (user: string) => ({ authorization: `Bearer ${user}` });

describe('a server', () => {
  let server: ApiServerProcess;
  beforeAll(async () => {
    const limits = ['--max-requests-inflight=40', '--max-mutating-requests-inflight=20'];
    server = await startApiServer({ args: ['--ephemeral', '--authorization-mode=AlwaysAllow', ...limits], users: USERS });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it('has upstream’s objects, in the order in which they are tried, and says of each answer where it was put', async () => {
    const table = async (resource: string) => {
      const { body } = await server.call('GET', `${GROUP}/${resource}`, undefined, TABLE);
      return (body.rows as { cells: unknown[] }[]).map(({ cells }) => cells);
    };
    expect((await table('flowschemas')).map(([name, level, precedence]) => `${name} ${level} ${precedence}`)).toEqual([
      'exempt exempt 1',
      'probes exempt 2',
      'system-leader-election leader-election 100',
      'system-node-high node-high 400',
      'system-nodes system 500',
      'kube-controller-manager workload-high 800',
      'kube-scheduler workload-high 800',
      'kube-system-service-accounts workload-high 900',
      'service-accounts workload-low 9000',
      'global-default global-default 9900',
      'catch-all catch-all 10000',
    ]);
    expect(await table('prioritylevelconfigurations')).toHaveLength(8);
    const uidOf = async (path: string) => (await server.call('GET', GROUP + path)).body.metadata.uid as string;
    const { headers } = await server.call('GET', PATH, undefined, as('quiet'));
    expect(headers[SCHEMA]).toBe(await uidOf('/flowschemas/global-default'));
    expect(headers[LEVEL]).toBe(await uidOf('/prioritylevelconfigurations/global-default'));
    const { body } = await server.call('GET', `${GROUP}/flowschemas/probes`);
    expect(body.metadata.managedFields.map(({ manager, operation }: Record<string, string>) => `${manager} ${operation}`)).toEqual([
      'api-priority-and-fairness-config-consumer-v1 Apply',
      'api-priority-and-fairness-config-producer-v1 Update',
    ]);
    expect(body.status.conditions).toMatchObject([{ type: 'Dangling', status: 'False', reason: 'Found' }]);
  });

  it('serves one client while another floods it with lists', async () => {
    const data = { a: 'x'.repeat(10_000) };
    for (let i = 0; i < 200; i++) {
      const { status, text } = await server.call('POST', PATH, { metadata: { name: `c-${i}` }, data });
      expect([status, status === 201 ? '' : text]).toEqual([201, '']);
    }
    let listed = 0;
    const flood = Array.from({ length: 200 }, async () => {
      const { status } = await server.call('GET', PATH, undefined, as('loud'));
      listed++;
      return status;
    });
    const before: number[] = [];
    for (let i = 0; i < 10; i++) {
      expect((await server.call('GET', `${PATH}/c-${i}`, undefined, as('quiet'))).status).toBe(200);
      before.push(listed);
    }
    expect(before.at(-1)).toBeLessThan(200); // the others are not done yet
    // Those that had to wait waited; the queues are long enough for all.
    expect(new Set(await Promise.all(flood))).toEqual(new Set([200]));
    const { text } = await server.call('GET', '/metrics');
    const counts = [
      ...text.matchAll(/^apiserver_flowcontrol_current_(?:executing|inqueue)_seats\{priority_level="global-default".* (\d+)$/gm),
    ];
    expect(counts.map(([, count]) => count)).toEqual(['0', '0']);
    expect(text).toMatch(
      /request_queue_length_after_enqueue_bucket\{priority_level="global-default",flow_schema="global-default",le="10"\}/,
    );
  });
});

it('a server with plain limits says nothing of levels', async () => {
  await using server = await startApiServer({
    args: ['--ephemeral', '--authorization-mode=AlwaysAllow', '--enable-priority-and-fairness=false'],
    users: USERS,
  });
  const { status, headers } = await server.call('GET', PATH, undefined, as('quiet'));
  expect([status, headers[SCHEMA], headers[LEVEL]]).toEqual([200, undefined, undefined]);
  expect((await server.call('GET', '/metrics')).text).not.toContain('apiserver_flowcontrol_');
  expect((await server.call('GET', `${GROUP}/flowschemas`)).body.items).toHaveLength(11);
});
