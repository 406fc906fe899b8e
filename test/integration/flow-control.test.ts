// Priority and fairness on a real server, as its options have it.
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
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
    // A quarter of a request's time is how long it may wait for a seat: as long as the product lets it, for a machine that is busy.
    const limits = ['--max-requests-inflight=40', '--max-mutating-requests-inflight=20', '--request-timeout=4m'];
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

  it('serves one client while many requests of another wait', async () => {
    await oneSeatFor(server, ...USERS);
    const first = heldWrite(server, 'loud', 'first');
    await expect.poll(() => counted(server, 'executing_requests')).toEqual([1]);
    const flood = Array.from({ length: 20 }, (_, i) => heldWrite(server, 'loud', `c-${i}`));
    await expect.poll(() => counted(server, 'inqueue_requests')).toEqual([20]);
    const quiet = server.call('GET', PATH, undefined, as('quiet'));
    await expect.poll(() => counted(server, 'inqueue_requests')).toEqual([21]);
    // The seat is free when the one that has it is answered; who has it next keeps it, if it is one of the others.
    first.finish();
    expect((await quiet).status).toBe(200);
    for (const { finish } of flood) finish();
    expect(new Set(await Promise.all([first, ...flood].map(({ answered }) => answered)))).toEqual(new Set([201]));
    await expect.poll(() => counted(server, 'executing_requests', 'inqueue_requests')).toEqual([0, 0]);
    expect((await server.call('GET', '/metrics')).text).toMatch(
      /request_queue_length_after_enqueue_bucket\{priority_level="one-seat",flow_schema="one-seat",le="10"\}/,
    );
  });
});

/** A level with one seat, and a queue for each user. */
async function oneSeatFor(server: ApiServerProcess, ...users: readonly string[]): Promise<void> {
  const limitResponse = { type: 'Queue', queuing: { queues: 128, handSize: 1, queueLengthLimit: 50 } };
  const limited = { nominalConcurrencyShares: 1, lendablePercent: 0, borrowingLimitPercent: 0, limitResponse };
  const metadata = { name: 'one-seat' };
  const subjects = users.map((name) => ({ kind: 'User', user: { name } }));
  const resourceRules = [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'] }];
  for (const [resource, spec] of Object.entries({
    prioritylevelconfigurations: { type: 'Limited', limited },
    flowschemas: {
      priorityLevelConfiguration: metadata,
      matchingPrecedence: 1000,
      distinguisherMethod: { type: 'ByUser' },
      rules: [{ subjects, resourceRules }],
    },
  })) {
    const { status, text } = await server.call('POST', `${GROUP}/${resource}`, { metadata, spec });
    expect([status, status === 201 ? '' : text]).toEqual([201, '']);
  }
  const levelOf = async (user: string) => (await server.call('GET', `${PATH}?limit=1`, undefined, as(user))).headers[LEVEL];
  const { uid } = (await server.call('GET', `${GROUP}/prioritylevelconfigurations/one-seat`)).body.metadata;
  for (const user of users) await expect.poll(() => levelOf(user)).toBe(uid);
}

/** What the level counts now. */
async function counted(server: ApiServerProcess, ...of: readonly string[]): Promise<number[]> {
  const { text } = await server.call('GET', '/metrics');
  return of.map((what) => {
    const line = new RegExp(`^apiserver_flowcontrol_current_${what}\\{.*priority_level="one-seat".* (\\d+)$`, 'm');
    return Number(line.exec(text)?.[1] ?? 0);
  });
}

/** A request that has a seat, once it has got one, for as long as its body is not finished. */
function heldWrite(
  { url }: ApiServerProcess,
  user: string,
  name: string,
): { finish(): void; readonly answered: Promise<number | undefined> } {
  const headers = { ...as(user), 'content-type': 'application/json' };
  const sent = request(`${url}${PATH}`, { method: 'POST', headers, rejectUnauthorized: false });
  sent.write('{');
  const answered = once(sent, 'response').then(([response]: IncomingMessage[]) => {
    response?.resume();
    return response?.statusCode;
  });
  return { finish: () => sent.end(`"metadata":{"name":"${name}"}}`), answered };
}

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
