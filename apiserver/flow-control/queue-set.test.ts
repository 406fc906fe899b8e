import { describe, expect, it } from 'vitest';
import { type Random, seededRandom, VirtualClock } from '../../runtime/index.ts';
import { FlowStats } from './flow-stats.ts';
import { type QueueConfig, QueueSet } from './queue-set.ts';
import type { Flow, QueuedRequest } from './queued-request.ts';
import { SeatDemand } from './seat-demand.ts';
import { deal, flowHash } from './shuffle-sharding.ts';
import { TimingRatio } from './timing-ratio.ts';
import type { WorkEstimate } from './work-estimate.ts';

const ONE: WorkEstimate = { initialSeats: 1, finalSeats: 0, additionalLatencyMs: 0 };
const wide = (initialSeats: number): WorkEstimate => ({ ...ONE, initialSeats });

class Bench {
  readonly clock = new VirtualClock();
  readonly stats = new FlowStats('level', 'schema');
  readonly demand = new SeatDemand(this.clock.monotonic());
  readonly set: QueueSet;

  constructor(config: QueueConfig, limit: number) {
    const ratio = () => new TimingRatio([0.5, 1], this.clock.monotonic());
    this.set = new QueueSet({
      clock: this.clock,
      gauges: { demand: this.demand, demandRatio: ratio(), seats: ratio(), executing: ratio(), waiting: ratio() },
    });
    this.set.configure(config, limit, limit);
  }

  start(flow: Flow, estimate: WorkEstimate = ONE): QueuedRequest | undefined {
    return this.set.start({ estimate, stats: this.stats, flow, subject: flow });
  }

  /** Nothing is held, waits or is counted. */
  expectEmpty(): void {
    const { seatsInUse, waiting, executing, isIdle } = this.set;
    expect({ seatsInUse, waiting, executing, isIdle, queues: this.set.queues().length }).toEqual({
      seatsInUse: 0,
      waiting: 0,
      executing: 0,
      isIdle: true,
      queues: 0,
    });
    expect([this.stats.waiting, this.stats.waitingSeats, this.stats.executing, this.stats.executingSeats]).toEqual([0, 0, 0, 0]);
  }
}

const flow = (distinguisher: string, hand: readonly number[]): Flow => ({ distinguisher, hand });
const QUEUES_8 = { queues: 8, queueLengthMax: 5 };

/** Clients of a flow, each of which sends its next request when its last was answered. */
interface Client {
  readonly flow: Flow;
  readonly clients: number;
  readonly thinkMs: number;
  readonly serviceMs: number;
  readonly estimate?: WorkEstimate | undefined;
}

/** Lets clients work for a while. @returns the seat-milliseconds each flow was served. */
async function work(bench: Bench, flows: readonly Client[], durationMs: number): Promise<number[]> {
  const { clock, set } = bench;
  const served = flows.map(() => 0);
  const end = clock.now() + durationMs;
  const send = (i: number, client: Client): void => {
    if (clock.now() >= end) return;
    const again = (delayMs: number) => clock.setTimer(delayMs, () => send(i, client));
    const request = bench.start(client.flow, client.estimate);
    if (!request) {
      again(client.thinkMs + 1);
      return;
    }
    const serve = () => {
      const began = clock.now();
      clock.setTimer(client.serviceMs, () => {
        served[i] = (served[i] ?? 0) + (Math.min(end, clock.now()) - Math.min(end, began)) * request.seats;
        set.finish(request);
        again(client.thinkMs);
      });
    };
    if (request.state === 'executing') serve();
    else request.onDispatch = serve;
  };
  flows.forEach((client, i) => {
    for (let c = 0; c < client.clients; c++) send(i, client);
  });
  await clock.advance(durationMs * 2);
  return served;
}

describe('fair queueing', () => {
  it('gives flows that want more than there is the same, however much more they want', async () => {
    const bench = new Bench({ queues: 8, queueLengthMax: 50 }, 4);
    const served = await work(
      bench,
      [
        { flow: flow('elephant', [0]), clients: 40, thinkMs: 0, serviceMs: 10 },
        { flow: flow('mouse', [1]), clients: 5, thinkMs: 0, serviceMs: 10 },
      ],
      10_000,
    );
    const [elephant = 0, mouse = 0] = served;
    expect(elephant + mouse).toBeGreaterThan(4 * 10_000 * 0.99);
    expect(Math.abs(elephant / mouse - 1)).toBeLessThan(0.05);
    bench.expectEmpty();
  });

  it('gives a flow that wants less than its part all it wants, and the rest to the other', async () => {
    const bench = new Bench({ queues: 8, queueLengthMax: 50 }, 4);
    const served = await work(
      bench,
      [
        { flow: flow('elephant', [0]), clients: 40, thinkMs: 0, serviceMs: 10 },
        // One client, half of its time: half a seat.
        { flow: flow('mouse', [1]), clients: 1, thinkMs: 10, serviceMs: 10 },
      ],
      10_000,
    );
    const [elephant = 0, mouse = 0] = served;
    expect(mouse).toBeGreaterThan(10_000 * 0.5 * 0.6);
    expect(elephant + mouse).toBeGreaterThan(4 * 10_000 * 0.99);
    bench.expectEmpty();
  });

  it('counts seats and time, not requests', async () => {
    const bench = new Bench({ queues: 8, queueLengthMax: 50 }, 8);
    const served = await work(
      bench,
      [
        { flow: flow('wide', [0]), clients: 20, thinkMs: 0, serviceMs: 20, estimate: wide(4) },
        { flow: flow('narrow', [1]), clients: 20, thinkMs: 0, serviceMs: 5 },
      ],
      20_000,
    );
    const [first = 0, second = 0] = served;
    expect(Math.abs(first / second - 1)).toBeLessThan(0.2);
    bench.expectEmpty();
  });

  it('does not let a flow save up what it did not use', async () => {
    const bench = new Bench({ queues: 8, queueLengthMax: 100 }, 1);
    const busy = bench.start(flow('busy', [0]));
    await bench.clock.advance(60_000);
    const late = Array.from({ length: 4 }, () => bench.start(flow('late', [1])));
    const next = Array.from({ length: 4 }, () => bench.start(flow('busy', [0])));
    const order: string[] = [];
    const all = [...late, ...next];
    for (const each of all) if (each) each.onDispatch = () => order.push(each.flow.distinguisher);
    if (busy) bench.set.finish(busy);
    for (let i = 0; i < all.length; i++) {
      await bench.clock.advance(3);
      for (const each of bench.set.executingRequests()) bench.set.finish(each);
    }
    // The one that was served for a minute has to pay for it, the other was not waiting all that time.
    expect(order.slice(0, 4)).toEqual(['late', 'late', 'late', 'late']);
    bench.expectEmpty();
  });
});

describe('queues', () => {
  it('are chosen by the work that waits in them', () => {
    const bench = new Bench(QUEUES_8, 1);
    const hand = [2, 5, 7];
    for (let i = 0; i < 7; i++) bench.start(flow('a', hand));
    expect(bench.set.queues().map(({ index, waiting }) => [index, waiting.size])).toEqual([
      [2, 2],
      [5, 2],
      [7, 2],
    ]);
  });

  it('refuse what is beyond their length, and nobody else', () => {
    const bench = new Bench(QUEUES_8, 1);
    for (let i = 0; i < 6; i++) expect(bench.start(flow('a', [0]))).toBeDefined();
    expect(bench.start(flow('a', [0]))).toBeUndefined();
    expect(bench.start(flow('b', [1]))?.state).toBe('waiting');
    expect(bench.stats.rejected).toEqual({ 'concurrency-limit': 0, 'queue-full': 1, 'time-out': 0 });
  });

  it('keep a wide request until there is room for all of it, and then let the others in', () => {
    const bench = new Bench(QUEUES_8, 4);
    const first = [1, 2, 3].map(() => bench.start(flow('a', [0])));
    const broad = bench.start(flow('b', [1]), wide(3));
    expect([broad?.state, bench.stats.unaccommodated]).toEqual(['waiting', 1]);
    for (const each of first.slice(0, 2)) if (each) bench.set.finish(each);
    expect([broad?.state, bench.set.seatsInUse]).toEqual(['executing', 4]);
  });

  it('let one that is wider than the limit in when it would be alone', () => {
    const bench = new Bench(QUEUES_8, 4);
    const [first] = [bench.start(flow('a', [0])), bench.start(flow('b', [1]), wide(9))];
    expect(bench.set.waiting).toBe(1);
    if (first) bench.set.finish(first);
    expect([bench.set.waiting, bench.set.seatsInUse]).toEqual([0, 9]);
  });

  it('are not there in a level that refuses: what finds no seat goes', () => {
    const bench = new Bench({ queues: 0, queueLengthMax: 1 }, 2);
    const states = [1, 2, 3].map(() => bench.start(flow('a', []))?.state);
    expect(states).toEqual(['executing', 'executing', undefined]);
    expect(bench.stats.rejected['concurrency-limit']).toBe(1);
  });

  it('hold nobody back in a level that is exempt', () => {
    const bench = new Bench({ queues: -1, queueLengthMax: 1 }, 0);
    for (let i = 0; i < 1000; i++) expect(bench.start(flow('a', []), wide(10))?.state).toBe('executing');
    expect(bench.set.seatsInUse).toBe(10_000);
    for (const each of bench.set.executingRequests()) bench.set.finish(each);
    bench.expectEmpty();
  });
});

describe('requests of one seat', () => {
  const full = () => {
    const bench = new Bench({ queues: 8, queueLengthMax: 50 }, 20);
    const loud = Array.from({ length: 20 }, () => bench.start(flow('loud', [0, 1]), wide(6)));
    return { bench, loud };
  };

  it('do not wait behind wide ones that find no room', () => {
    const { bench, loud } = full();
    expect([bench.set.seatsInUse, bench.set.executing]).toEqual([18, 3]); // two are for others
    const quiet = [1, 2].map(() => bench.start(flow('quiet', [2])));
    expect(quiet.map((each) => each?.state)).toEqual(['executing', 'executing']);
    expect(bench.start(flow('quiet', [2]))?.state).toBe('waiting');
    for (const each of [...loud, ...quiet]) if (each) bench.set.finish(each);
    for (const each of bench.set.executingRequests()) bench.set.finish(each);
    bench.expectEmpty();
  });

  it('do not keep wide ones waiting for good', () => {
    const { bench, loud } = full();
    // As many as there are seats, over and over.
    let quiet = Array.from({ length: 20 }, () => bench.start(flow('quiet', [2])));
    const before = loud.filter((each) => each?.state === 'executing').length;
    if (loud[0]) bench.set.finish(loud[0]);
    for (let round = 0; round < 10; round++) {
      for (const each of quiet) if (each?.state === 'executing') bench.set.finish(each);
      quiet = [...quiet.filter((each) => each?.state === 'waiting'), ...[1, 2].map(() => bench.start(flow('quiet', [2])))];
    }
    expect(loud.filter((each) => each?.state === 'executing').length).toBe(before);
  });
});

describe('a request that gives up', () => {
  it('is out of its queue, and out of the way', () => {
    const bench = new Bench(QUEUES_8, 2);
    const first = bench.start(flow('a', [0]));
    const broad = bench.start(flow('b', [1]), wide(2));
    const last = bench.start(flow('b', [1]));
    expect([broad?.state, last?.state]).toEqual(['waiting', 'waiting']);
    expect(broad && bench.set.cancel(broad)).toBe(true);
    expect(broad && bench.set.cancel(broad)).toBe(false);
    expect(last?.state).toBe('executing');
    expect(bench.stats.rejected['time-out']).toBe(1);
    for (const each of [first, last]) if (each) bench.set.finish(each);
    bench.expectEmpty();
  });

  it('cannot when it is its turn already', () => {
    const bench = new Bench(QUEUES_8, 1);
    const first = bench.start(flow('a', [0]));
    const second = bench.start(flow('a', [0]));
    if (first) bench.set.finish(first);
    expect(second && bench.set.cancel(second)).toBe(false);
    if (second) bench.set.finish(second);
    bench.expectEmpty();
  });
});

describe('seats', () => {
  it('are kept for as long as watchers are told', async () => {
    const bench = new Bench(QUEUES_8, 5);
    const request = bench.start(flow('a', [0]), { initialSeats: 1, finalSeats: 4, additionalLatencyMs: 50 });
    expect(bench.set.seatsInUse).toBe(4);
    if (request) bench.set.finish(request);
    expect([bench.set.isIdle, bench.set.seatsInUse]).toEqual([true, 4]);
    const next = bench.start(flow('b', [1]), wide(2));
    expect(next?.state).toBe('waiting');
    await bench.clock.advance(50);
    expect(next?.state).toBe('executing');
    if (next) bench.set.finish(next);
    bench.expectEmpty();
  });

  it('are kept for longer when there are fewer than watchers need', async () => {
    const bench = new Bench(QUEUES_8, 5);
    const request = bench.start(flow('a', [0]), { initialSeats: 1, finalSeats: 10, additionalLatencyMs: 50 });
    expect(bench.set.seatsInUse).toBe(5);
    if (request) bench.set.finish(request);
    await bench.clock.advance(99);
    expect(bench.set.seatsInUse).toBe(5);
    await bench.clock.advance(2);
    bench.expectEmpty();
  });

  it('are given back once', () => {
    const bench = new Bench(QUEUES_8, 2);
    const request = bench.start(flow('a', [0]));
    if (request) for (let i = 0; i < 3; i++) bench.set.finish(request);
    bench.expectEmpty();
  });
});

describe('a change', () => {
  it('of the limit lets in as many as there is room for', () => {
    const bench = new Bench(QUEUES_8, 1);
    for (let i = 0; i < 5; i++) bench.start(flow('a', [0]));
    expect([bench.set.executing, bench.set.waiting]).toEqual([1, 4]);
    bench.set.configure(QUEUES_8, 3, 3);
    expect([bench.set.executing, bench.set.waiting]).toEqual([3, 2]);
    bench.set.configure(QUEUES_8, 0, 3);
    for (const each of bench.set.executingRequests()) bench.set.finish(each);
    expect([bench.set.executing, bench.set.waiting]).toEqual([0, 2]);
    bench.set.configure(QUEUES_8, 2, 3);
    expect(bench.set.waiting).toBe(0);
  });

  it('to fewer queues, or none, serves those that wait in the others', () => {
    const bench = new Bench(QUEUES_8, 1);
    for (let i = 0; i < 4; i++) bench.start(flow('a', [7]));
    bench.set.configure({ queues: 0, queueLengthMax: 1 }, 1, 1);
    while (bench.set.executing > 0) for (const each of bench.set.executingRequests()) bench.set.finish(each);
    expect(bench.stats.dispatched).toBe(4);
    bench.expectEmpty();
  });
});

it('R goes as fast as each queue that has something to do gets seats', async () => {
  const bench = new Bench(QUEUES_8, 4);
  const requests = [0, 1].map((i) => bench.start(flow(String(i), [i]), wide(4)));
  await bench.clock.advance(1000);
  expect(bench.set.currentR).toBeCloseTo(2); // four seats, two queues
  if (requests[0]) bench.set.finish(requests[0]);
  await bench.clock.advance(1000);
  expect(bench.set.currentR).toBeCloseTo(6); // four seats, one queue
});

/** Requests that come and go at random. */
class RandomWork {
  readonly #random: Random;
  readonly #queues: number;
  readonly bench: Bench;
  readonly #open = new Set<QueuedRequest>();

  constructor(seed: number) {
    this.#random = seededRandom(seed);
    this.#queues = [0, 1, 8, 64][this.#pick(4)] ?? 8;
    this.bench = new Bench({ queues: this.#queues, queueLengthMax: 1 + this.#pick(6) }, 1 + this.#pick(12));
  }

  #pick(n: number): number {
    return Math.floor(this.#random.next() * n);
  }

  async step(): Promise<void> {
    const { set, clock } = this.bench;
    const act = this.#pick(10);
    if (act < 4) this.#arrive();
    else if (act < 8) this.#leave();
    else if (act === 8) await clock.advance(this.#pick(20));
    else if (this.#pick(40) === 0) set.configure({ queues: this.#queues, queueLengthMax: 1 + this.#pick(6) }, this.#pick(12), 1);
    const states = [...this.#open].map(({ state }) => state);
    expect(set.executing).toBe(states.filter((state) => state === 'executing').length);
    expect(set.waiting).toBe(states.filter((state) => state === 'waiting').length);
  }

  #arrive(): void {
    const name = `user-${this.#pick(20)}`;
    const hand = this.#queues > 0 ? deal(flowHash('s', name), this.#queues, Math.min(4, this.#queues)) : [];
    const finalSeats = this.#pick(3) === 0 ? 1 + this.#pick(15) : 0;
    const estimate = { initialSeats: 1 + this.#pick(4), finalSeats, additionalLatencyMs: finalSeats > 0 ? this.#pick(30) : 0 };
    const request = this.bench.start(flow(name, hand), estimate);
    if (request) this.#open.add(request);
  }

  #leave(): void {
    const request = [...this.#open][this.#pick(this.#open.size)];
    if (!request) return;
    if (request.state === 'executing') this.bench.set.finish(request);
    else this.bench.set.cancel(request);
    this.#open.delete(request);
  }

  async end(): Promise<void> {
    const { set, clock } = this.bench;
    set.configure({ queues: this.#queues, queueLengthMax: 1 }, 10, 10);
    for (let turn = 0; !set.isIdle && turn < 1000; turn++) {
      for (const each of set.executingRequests()) set.finish(each);
      await clock.advance(50); // what lingers
    }
    await clock.advance(10_000);
  }
}

it.each([1, 2, 3, 4, 5])('whatever happens, no seat is lost (seed %i)', async (seed) => {
  const work = new RandomWork(seed);
  for (let i = 0; i < 3000; i++) await work.step();
  await work.end();
  work.bench.expectEmpty();
  expect(work.bench.clock.pending).toBe(0);
});
