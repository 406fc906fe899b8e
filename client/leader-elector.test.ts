import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { apiError } from '../api/index.ts';
import { seededRandom, silentLogger, VirtualClock } from '../runtime/index.ts';
import { answerJson, bodyOf, listen } from '../test/support/http-server.ts';
import { until } from '../test/support/wait.ts';
import { createClient } from './api-client.ts';
import { createLeaderElector } from './leader-elector.ts';

const SUBJECT = { group: 'coordination.k8s.io', resource: 'leases' };

interface StoredLease {
  metadata: { resourceVersion?: string };
  spec: Record<string, unknown>;
}

/** A server with one Lease, which can be away, and candidates for it, each with its own connections. */
async function setUp() {
  const clock = new VirtualClock();
  const state = { lease: undefined as StoredLease | undefined, version: 0, away: new Set<string>(), writes: 0 };
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const text = await bodyOf(request);
    if (state.away.has(String(request.headers['user-agent']))) response.destroy();
    else if (request.method === 'GET' && !state.lease) answerJson(response, 404, apiError.notFound(SUBJECT, 'it').status);
    else if (request.method === 'GET') answerJson(response, 200, state.lease);
    else write(request.method, JSON.parse(text), response);
  };
  const write = (method: string | undefined, sent: StoredLease, response: ServerResponse) => {
    if (method === 'POST' && state.lease) {
      answerJson(response, 409, apiError.alreadyExists(SUBJECT, 'it').status);
    } else if (method === 'PUT' && sent.metadata.resourceVersion !== state.lease?.metadata.resourceVersion) {
      answerJson(response, 409, apiError.modified(SUBJECT, 'it').status);
    } else {
      state.writes++;
      state.lease = { ...sent, metadata: { ...sent.metadata, resourceVersion: `${++state.version}` } };
      answerJson(response, 200, state.lease);
    }
  };
  const server = await listen((request, response) => {
    answer(request, response).catch((error: Error) => response.destroy(error));
  });
  const clients: { close(): Promise<void> }[] = [];
  const candidate = (identity: string) => {
    const client = createClient({ server: server.url, userAgent: identity, clock });
    clients.push(client);
    const stop = new AbortController();
    const leaders: string[] = [];
    const elector = createLeaderElector({
      client,
      name: 'it',
      namespace: 'kube-system',
      identity,
      clock,
      random: seededRandom(identity.length),
      logger: silentLogger,
      onNewLeader: (leader) => leaders.push(leader),
    });
    const c = { elector, stop, leaders, leading: false, ended: undefined as string | undefined };
    const run = (lead?: (signal: AbortSignal) => Promise<void>) => {
      const work = async (signal: AbortSignal) => {
        c.leading = true;
        await (lead ? lead(signal) : new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve())));
        c.leading = false;
      };
      return elector.run(stop.signal, work).then(
        (how) => (c.ended = how),
        (error: Error) => (c.ended = error.message),
      );
    };
    return Object.assign(c, { run });
  };
  return {
    clock,
    state,
    candidate,
    async [Symbol.asyncDispose]() {
      await Promise.all(clients.map((client) => client.close()));
      await server[Symbol.asyncDispose]();
    },
  };
}

describe('a leader elector', () => {
  it('takes a lease that is not there, and renews it with one write every retry period', async () => {
    await using t = await setUp();
    const a = t.candidate('a');
    const running = a.run();
    await until('it leads', () => a.leading, { clock: t.clock });
    expect(t.state.lease?.spec).toMatchObject({ holderIdentity: 'a', leaseDurationSeconds: 15, leaseTransitions: 0 });
    expect(t.state.lease?.spec.renewTime).toMatch(/^2026-01-01T00:00:0\d\.\d{6}Z$/);
    const acquireTime = t.state.lease?.spec.acquireTime;
    const from = t.clock.now();
    const writes = t.state.writes;
    await until('a minute is over', () => t.clock.now() - from >= 60_000, { clock: t.clock, stepMs: 20 });
    expect(t.state.writes - writes).toBeGreaterThanOrEqual(15);
    expect(t.state.writes - writes).toBeLessThanOrEqual(30);
    expect(t.state.lease?.spec.acquireTime).toBe(acquireTime);
    expect([a.elector.isLeader, a.leaders]).toEqual([true, ['a']]);
    a.stop.abort();
    await running;
  });

  it('stopping releases the lease after the work has ended, and another takes over at once', async () => {
    await using t = await setUp();
    const [a, b] = [t.candidate('a'), t.candidate('b')];
    let release: () => void = () => undefined;
    const runningA = a.run(() => new Promise((resolve) => (release = resolve)));
    await until('a leads', () => a.leading, { clock: t.clock });
    const runningB = b.run();
    await until('b knows', () => b.elector.leader === 'a', { clock: t.clock });
    a.stop.abort();
    await t.clock.advance(100);
    expect(t.state.lease?.spec.holderIdentity).toBe('a');
    release();
    await runningA;
    expect(a.ended).toBe('stopped');
    expect(t.state.lease?.spec).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1 });
    const from = t.clock.now();
    await until('b leads', () => b.leading, { clock: t.clock });
    expect(t.clock.now() - from).toBeLessThan(5000);
    expect(t.state.lease?.spec).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
    expect(b.leaders).toEqual(['a', '', 'b'].filter((leader) => b.leaders.includes(leader)));
    b.stop.abort();
    await runningB;
  });

  it('one that cannot renew stops within the deadline, before another takes over', async () => {
    await using t = await setUp();
    const [a, b] = [t.candidate('a'), t.candidate('b')];
    const runningA = a.run();
    await until('a leads', () => a.leading, { clock: t.clock });
    const runningB = b.run();
    await until('b knows', () => b.elector.leader === 'a', { clock: t.clock });
    t.state.away.add('a');
    const from = t.clock.now();
    await until('a has stopped', () => a.ended !== undefined, { clock: t.clock });
    expect(a.ended).toBe('lost');
    expect(t.clock.now() - from).toBeLessThanOrEqual(23_000);
    expect(b.leading).toBe(false);
    await until('b leads', () => b.leading, { clock: t.clock });
    expect(a.leading).toBe(false);
    b.stop.abort();
    await Promise.all([runningA, runningB]);
  });

  it('is not well when it has lost its lease long ago and its work goes on', async () => {
    await using t = await setUp();
    const a = t.candidate('a');
    let release: () => void = () => undefined;
    const running = a.run(() => new Promise((resolve) => (release = resolve)));
    await until('it leads', () => a.leading, { clock: t.clock });
    const problem = (): string | undefined => {
      try {
        a.elector.check(20_000);
        return undefined;
      } catch (error) {
        return String(error);
      }
    };
    expect(problem()).toBeUndefined();
    t.state.away.add('a');
    const from = t.clock.now();
    await until('it is not well', () => problem() !== undefined, { clock: t.clock });
    expect(problem()).toBe('Error: failed election to renew leadership on lease it');
    // As long as the lease, and 20 s more; the last renewal is up to a retry period old.
    expect(t.clock.now() - from).toBeGreaterThan(30_000);
    t.state.away.clear();
    release();
    await running;
    expect(problem()).toBeUndefined();
  });

  it('rides over a short outage', async () => {
    await using t = await setUp();
    const a = t.candidate('a');
    const running = a.run();
    await until('it leads', () => a.leading, { clock: t.clock });
    t.state.away.add('a');
    await t.clock.advance(6000);
    t.state.away.clear();
    const writes = t.state.writes;
    await until('it renews', () => t.state.writes > writes, { clock: t.clock });
    expect([a.leading, a.ended]).toEqual([true, undefined]);
    a.stop.abort();
    await running;
  });

  it('reads the lease when somebody else wrote it meanwhile, and goes on', async () => {
    await using t = await setUp();
    const a = t.candidate('a');
    const running = a.run();
    await until('it leads', () => a.leading, { clock: t.clock });
    if (t.state.lease)
      t.state.lease = { ...t.state.lease, metadata: { ...t.state.lease.metadata, resourceVersion: `${++t.state.version}` } };
    const writes = t.state.writes;
    await until('it renews', () => t.state.writes > writes, { clock: t.clock });
    expect(a.leading).toBe(true);
    a.stop.abort();
    await running;
  });

  it('never has two leaders, however often leaders are cut off', async () => {
    await using t = await setUp();
    const names = ['a', 'bb', 'ccc'];
    const candidates = names.map((name) => t.candidate(name));
    let most = 0;
    let led = 0;
    const stop = new AbortController();
    const running = candidates.map(async (c) => {
      while (!stop.signal.aborted) {
        c.ended = undefined;
        await c.run();
      }
    });
    for (let round = 0; round < 4; round++) {
      await until('one leads', () => candidates.some((c) => c.leading), { clock: t.clock });
      led++;
      const leader = candidates.findIndex((c) => c.leading);
      t.state.away.add(names[leader] ?? '');
      for (let i = 0; i < 400; i++) {
        await t.clock.advance(100);
        most = Math.max(most, candidates.filter((c) => c.leading).length);
      }
      t.state.away.clear();
    }
    expect([led, most]).toEqual([4, 1]);
    stop.abort();
    for (const c of candidates) c.stop.abort();
    await Promise.all(running);
  });

  it('ends when its work ends or fails, releasing the lease', async () => {
    await using t = await setUp();
    const a = t.candidate('a');
    await Promise.all([a.run(() => Promise.resolve()), until('it has ended', () => a.ended !== undefined, { clock: t.clock })]);
    expect([a.ended, t.state.lease?.spec.holderIdentity]).toEqual(['stopped', '']);
    a.ended = undefined;
    const failing = a.run(() => Promise.reject(new Error('broken')));
    await until('it has ended', () => a.ended !== undefined, { clock: t.clock });
    await failing;
    expect([a.ended, t.state.lease?.spec.holderIdentity]).toEqual(['broken', '']);
  });
});
