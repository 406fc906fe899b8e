import https from 'node:https';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Random, seededRandom, VirtualClock } from '../runtime/index.ts';
import { until as eventually } from '../test/support/wait.ts';
import type { AdmissionPlugin } from './admission/plugin.ts';
import { flowSchemaStrategy } from './strategies/flowcontrol/flow-schema.ts';
import { priorityLevelConfigurationStrategy } from './strategies/flowcontrol/priority-level-configuration.ts';
import { plainStrategy, startTestServer, type TestAnswer, type TestServer } from './testing/test-server.ts';

/*
 * Priority and fairness on a running server. Level `narrow` has two seats, and one queue of three.
 */

const GROUP = '/apis/flowcontrol.apiserver.k8s.io/v1';
const PATH = '/api/v1/namespaces/default/configmaps';

const NARROW = {
  metadata: { name: 'narrow' },
  spec: {
    type: 'Limited',
    limited: {
      nominalConcurrencyShares: 5,
      borrowingLimitPercent: 0,
      limitResponse: { type: 'Queue', queuing: { queues: 1, handSize: 1, queueLengthLimit: 3 } },
    },
  },
};

const schemaFor = (name: string, level: string) => ({
  metadata: { name },
  spec: {
    priorityLevelConfiguration: { name: level },
    distinguisherMethod: { type: 'ByUser' },
    rules: [
      {
        subjects: [{ kind: 'User', user: { name: 'alice' } }],
        resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['configmaps'], namespaces: ['*'], clusterScope: true }],
      },
    ],
  },
});

/** An admission plugin that holds what is to be created until it is let go, or fails it. */
class Gate {
  readonly held = new Map<string, (error?: Error) => void>();

  readonly plugin: AdmissionPlugin = {
    name: 'Gate',
    admit: (_context, { object }) => {
      const name = object?.metadata.name ?? '';
      if (!name.startsWith('held')) return;
      return new Promise((resolve, reject) => {
        this.held.set(name, (error) => {
          this.held.delete(name);
          if (error) reject(error);
          else resolve();
        });
      });
    },
  };

  open(): void {
    for (const go of [...this.held.values()]) go();
  }
}

let gate: Gate;
let api: TestServer;
let clock: VirtualClock;

beforeEach(async () => {
  gate = new Gate();
  clock = new VirtualClock();
  api = await startTestServer({
    strategies: {
      '/configmaps': plainStrategy(),
      'flowcontrol.apiserver.k8s.io/flowschemas': flowSchemaStrategy,
      'flowcontrol.apiserver.k8s.io/prioritylevelconfigurations': priorityLevelConfigurationStrategy,
    },
    clock,
    admission: [gate.plugin],
    settings: { maxRequestsInFlight: 2, maxMutatingRequestsInFlight: 2 },
  });
  await api.request('POST', `${GROUP}/prioritylevelconfigurations`, { body: NARROW });
  await api.request('POST', `${GROUP}/flowschemas`, { body: schemaFor('of-alice', 'narrow') });
  await until(async () => (await read('of-alice')).headers['x-kubernetes-pf-flowschema-uid'] !== '');
});
afterEach(async () => {
  gate.open();
  await api[Symbol.asyncDispose]();
});

const ALICE = { headers: { 'x-test-user': 'alice' } };
const read = (name: string) => api.request('GET', `${PATH}/${name}`, ALICE);
const create = (name: string, user = 'alice') =>
  api.request('POST', PATH, { body: { metadata: { name } }, headers: { 'x-test-user': user } });

const until = (holds: () => Promise<boolean> | boolean) => eventually(() => `it did not come to be: ${holds}`, holds);

/** The value of a metric of flow control, for level narrow; 0 when there is none. */
async function metric(name: string, more = '', of = 'priority_level="narrow",flow_schema="of-alice"'): Promise<number> {
  const { text } = await api.request('GET', '/metrics');
  const labels = of + more;
  const line = text.split('\n').find((each) => each.startsWith(`apiserver_flowcontrol_${name}{${labels}}`));
  return Number(line?.split(' ').at(-1) ?? 0);
}

const inUse = async () => ({
  requests: await metric('current_executing_requests'),
  seats: await metric('current_executing_seats'),
  waiting: await metric('current_inqueue_requests'),
});
const NOTHING = { requests: 0, seats: 0, waiting: 0 };

/** Takes both seats, and as many places in the queue. */
async function fill(waiting: number): Promise<Promise<TestAnswer>[]> {
  const answers = [create('held-a'), create('held-b')];
  await until(() => gate.held.size === 2);
  for (let i = 0; i < waiting; i++) answers.push(create(`next-${i}`));
  await until(async () => (await metric('current_inqueue_requests')) === waiting);
  return answers;
}

describe('answers', () => {
  test('say which schema and level they were put into', async () => {
    const uidOf = async (path: string) => (await api.request('GET', GROUP + path)).json().metadata.uid;
    const { headers } = await read('x');
    expect(headers['x-kubernetes-pf-flowschema-uid']).toBe(await uidOf('/flowschemas/of-alice'));
    expect(headers['x-kubernetes-pf-prioritylevel-uid']).toBe(await uidOf('/prioritylevelconfigurations/narrow'));
    using watch = await api.watch(`${PATH}?watch=1`, ALICE.headers);
    expect(watch.headers['x-kubernetes-pf-flowschema-uid']).toBe(headers['x-kubernetes-pf-flowschema-uid']);
    // The mandatory ones hold without an object.
    expect((await api.request('GET', PATH)).headers['x-kubernetes-pf-flowschema-uid']).toBe('');
  });
});

describe('requests beyond the seats', () => {
  test('wait, and are served in their turn; beyond the queue they are turned away', async () => {
    const answers = await fill(3);
    const refused = await read('x');
    expect([refused.status, refused.headers['retry-after'], refused.text]).toEqual([
      429,
      '1',
      'Too many requests, please try again later.\n',
    ]);
    expect(refused.headers['x-kubernetes-pf-flowschema-uid']).not.toBe('');
    expect((await create('other', 'bob')).status).toBe(201);
    expect((await api.request('GET', PATH)).status).toBe(200);
    gate.open();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([201, 201, 201, 201, 201]);
    expect(await inUse()).toEqual(NOTHING);
    expect(await metric('rejected_requests_total', ',reason="queue-full"')).toBe(1);
    expect(await metric('request_wait_duration_seconds_count', ',execute="true"')).toBeGreaterThanOrEqual(5);
  });

  test('wait a quarter of the time they have at most', async () => {
    const answers = await fill(1);
    const quick = api.request('GET', `${PATH}/x?timeout=8s`, ALICE);
    await until(async () => (await metric('current_inqueue_requests')) === 2);
    await clock.advance(2000);
    expect((await quick).status).toBe(429);
    expect(await inUse()).toEqual({ requests: 2, seats: 2, waiting: 1 });
    await clock.advance(13_000);
    expect((await answers[2])?.status).toBe(429);
    expect(await metric('rejected_requests_total', ',reason="time-out"')).toBe(2);
    gate.open();
    await Promise.all(answers);
    expect(await inUse()).toEqual(NOTHING);
  });

  test('whose clients go away leave the queue', async () => {
    const answers = await fill(0);
    const gone = https.request({ host: '127.0.0.1', port: api.server.port, path: `${PATH}/x`, rejectUnauthorized: false, ...ALICE });
    gone.on('error', () => undefined);
    gone.end();
    await until(async () => (await metric('current_inqueue_requests')) === 1);
    gone.destroy();
    await until(async () => (await metric('current_inqueue_requests')) === 0);
    gate.open();
    await Promise.all(answers);
    expect(await inUse()).toEqual(NOTHING);
  });
});

describe('seats are given back', () => {
  test('when a request fails, or meets a mistake of ours', async () => {
    const answers = await fill(0);
    gate.held.get('held-a')?.(new TypeError('a mistake'));
    gate.held.get('held-b')?.(Object.assign(new Error('away'), { code: 'EIO' }));
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([500, 500]);
    expect(await inUse()).toEqual(NOTHING);
  });

  test('when the client of a request that is served goes away, once that is over', async () => {
    const request = https.request({
      host: '127.0.0.1',
      port: api.server.port,
      path: PATH,
      method: 'POST',
      rejectUnauthorized: false,
      headers: { ...ALICE.headers, 'content-type': 'application/json' },
    });
    request.on('error', () => undefined);
    request.end(JSON.stringify({ metadata: { name: 'held-c' } }));
    await until(() => gate.held.size === 1);
    request.destroy();
    expect(await inUse()).toEqual({ requests: 1, seats: 1, waiting: 0 });
    gate.open();
    await until(async () => (await inUse()).requests === 0);
  });

  test('when a body stops in the middle', async () => {
    const request = https.request({
      host: '127.0.0.1',
      port: api.server.port,
      path: PATH,
      method: 'POST',
      rejectUnauthorized: false,
      headers: { ...ALICE.headers, 'content-type': 'application/json', 'content-length': '100' },
    });
    request.on('error', () => undefined);
    request.write('{');
    await until(async () => (await inUse()).requests === 1);
    request.destroy();
    await until(async () => (await inUse()).requests === 0);
  });

  test('by a watch once it has begun', async () => {
    using _first = await api.watch(`${PATH}?watch=1`, ALICE.headers);
    using _second = await api.watch(`${PATH}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`, {
      ...ALICE.headers,
    });
    await until(async () => (await inUse()).requests === 0);
    expect(await metric('request_execution_seconds_count', ',type="watch"')).toBe(2);
  });

  test('a watch is turned away as others are', async () => {
    const answers = await fill(3);
    expect((await api.request('GET', `${PATH}?watch=1`, ALICE)).status).toBe(429);
    gate.open();
    await Promise.all(answers);
  });

  test('by a wide list when its answer is out, not when it is made', async () => {
    const data = { a: 'x'.repeat(400_000) };
    for (let i = 0; i < 40; i++) await api.request('POST', PATH, { body: { metadata: { name: `big-${i}` }, data } });
    const headers = { 'x-test-user': 'bob', accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
    const path = `${PATH}?includeObject=Object`;
    const slow = https.request({ host: '127.0.0.1', port: api.server.port, path, rejectUnauthorized: false, headers });
    slow.on('error', () => undefined);
    slow.end();
    await new Promise<void>((resolve) => {
      slow.on('response', (answer) => {
        answer.pause();
        resolve();
      });
    });
    const seats = () => metric('current_executing_seats', '', 'priority_level="catch-all",flow_schema="catch-all"');
    expect(await seats()).toBe(10);
    slow.destroy();
    await until(async () => (await seats()) === 0);
  });
});

describe('changes of the objects', () => {
  test('take effect at once, and who waits is let in', async () => {
    const answers = await fill(3);
    const body = {
      spec: { limited: { limitResponse: { type: 'Queue', queuing: { queueLengthLimit: 9 } }, nominalConcurrencyShares: 500 } },
    };
    await api.request('PATCH', `${GROUP}/prioritylevelconfigurations/narrow`, {
      raw: JSON.stringify(body),
      headers: { 'content-type': 'application/merge-patch+json' },
    });
    expect((await Promise.all(answers.slice(2))).map(({ status }) => status)).toEqual([201, 201, 201]);
    gate.open();
    await Promise.all(answers);
  });

  test('a level that is deleted serves those who wait in it, and its schemas are told that it is gone', async () => {
    const conditions = async () =>
      (await api.request('GET', `${GROUP}/flowschemas/of-alice`)).json<{ status: { conditions: object[] } }>().status;
    expect(await conditions()).toMatchObject({ conditions: [{ type: 'Dangling', status: 'False', reason: 'Found' }] });
    const answers = await fill(3);
    await api.request('DELETE', `${GROUP}/prioritylevelconfigurations/narrow`);
    await until(async () => JSON.stringify(await conditions()).includes('"True"'));
    expect(await conditions()).toMatchObject({
      conditions: [
        {
          reason: 'NotFound',
          message: 'This FlowSchema references the PriorityLevelConfiguration object named "narrow" but there is no such object',
        },
      ],
    });
    // Others go elsewhere meanwhile.
    expect((await read('x')).headers['x-kubernetes-pf-prioritylevel-uid']).toBe('');
    gate.open();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([201, 201, 201, 201, 201]);
    await until(async () => !(await api.request('GET', '/metrics')).text.includes('narrow'));
  });
});

test('the queues can be looked at', async () => {
  const answers = await fill(2);
  const dump = async (what: string) => (await api.request('GET', `/debug/api_priority_and_fairness/dump_${what}`)).text.split('\n');
  const levels = await dump('priority_levels');
  expect(levels[0]).toMatch(/^PriorityLevelName, ActiveQueues, IsIdle, IsQuiescing, WaitingRequests, ExecutingRequests, /);
  expect(levels.find((line) => line.startsWith('narrow'))).toMatch(/^narrow, +1, +false, +false, +2, +2, /);
  expect((await dump('queues')).find((line) => line.startsWith('narrow'))).toMatch(
    /^narrow, +0, +2, +2, +2, +[\d.]+ss, +2, +2, +0.00600000ss$/,
  );
  const requests = await dump('requests?includeRequestDetails=1');
  expect(requests.filter((line) => line.startsWith('narrow'))).toHaveLength(4);
  expect(requests.at(1)).toContain('alice, ');
  gate.open();
  await Promise.all(answers);
});

/** Requests of alice that are made, held, failed and broken off at random. */
class RandomRequests {
  readonly #random: Random;
  readonly #running: { end(): void; over: Promise<unknown> }[] = [];

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  #pick(n: number): number {
    return Math.floor(this.#random.next() * n);
  }

  async step(i: number): Promise<void> {
    const acts = [
      () => this.#post(i),
      () => this.#post(i),
      () => this.#send('GET', PATH),
      () => this.#send('GET', `${PATH}?watch=1&timeoutSeconds=5`),
      () => this.#running[this.#pick(this.#running.length)]?.end(),
      () => [...gate.held.values()][this.#pick(gate.held.size)]?.(this.#pick(3) === 0 ? new TypeError('a mistake') : undefined),
      () => clock.advance(this.#pick(2000)),
    ];
    await acts[this.#pick(acts.length)]?.();
  }

  #post(i: number): void {
    this.#send('POST', PATH, JSON.stringify({ metadata: { name: `${this.#pick(2) === 0 ? 'held' : 'free'}-${i}` } }));
  }

  #send(method: string, path: string, body?: string): void {
    const headers = { ...ALICE.headers, 'content-type': 'application/json' };
    const request = https.request({ host: '127.0.0.1', port: api.server.port, path, method, rejectUnauthorized: false, headers });
    const over = new Promise<void>((resolve) => {
      request.on('close', resolve);
      request.on('error', () => resolve());
      request.on('response', (answer) => answer.resume());
    });
    request.end(body);
    this.#running.push({ end: () => request.destroy(), over });
  }

  async end(): Promise<void> {
    for (const { end } of this.#running) if (this.#pick(3) === 0) end();
    for (let i = 0; i < 20; i++) {
      gate.open();
      await clock.advance(10_000);
    }
    await Promise.all(this.#running.map(({ over }) => over));
  }
}

test.each([1, 2, 3])('whatever becomes of requests, no seat is lost (seed %i)', async (seed) => {
  const requests = new RandomRequests(seed);
  for (let i = 0; i < 150; i++) await requests.step(i);
  await requests.end();
  await until(async () => (await inUse()).requests === 0);
  expect(await inUse()).toEqual(NOTHING);
  const { text } = await api.request('GET', '/metrics');
  expect(text).toContain('apiserver_current_inflight_requests{request_kind="mutating"} 0');
});
