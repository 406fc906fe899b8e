import { describe, expect, it } from 'vitest';
import { coreKinds, type KindInfo, type KubeObject, type Live, type Node, type Pod, podRequests } from '../../api/index.ts';
import { MemoryApi } from '../../bench/scheduler/memory-api.ts';
import type { ApiClient, ResourceClient } from '../../client/index.ts';
import { type Random, seededRandom, silentLogger, VirtualClock } from '../../runtime/index.ts';
import { createScheduler } from '../../scheduler/index.ts';

/** What a process that was killed does: nothing any more. What it had sent, arrives. */
class MortalClient implements ApiClient {
  readonly #api: MemoryApi;
  #dead = false;

  constructor(api: MemoryApi) {
    this.#api = api;
  }

  kill(): void {
    this.#dead = true;
    this.#api.dropWatches();
  }

  resource<T extends KubeObject>(kind: KindInfo): ResourceClient<T> {
    const resource = this.#api.resource<T>(kind);
    const alive = () => !this.#dead;
    return new Proxy(resource, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => (alive() ? value.apply(target, args) : new Promise(() => undefined));
      },
    });
  }

  request = () => this.#api.request();
  stream = () => this.#api.stream();
  close = () => Promise.resolve();
}

/** Looks at every change: a pod keeps its node, and no node has more than it offers. */
class Checker {
  readonly #api: MemoryApi;
  readonly #nodeOf = new Map<string, string>();

  constructor(api: MemoryApi) {
    this.#api = api;
  }

  check(about: string): void {
    const used = new Map<string, number>();
    for (const { metadata, spec } of this.#api.resource<Pod>(coreKinds.pods).objects.values()) {
      if (!spec.nodeName) continue;
      expect(this.#nodeOf.get(metadata.uid) ?? spec.nodeName, `${about}: ${metadata.name} moved`).toBe(spec.nodeName);
      this.#nodeOf.set(metadata.uid, spec.nodeName);
      used.set(spec.nodeName, (used.get(spec.nodeName) ?? 0) + (podRequests({ spec }).get('cpu')?.milli() ?? 0));
    }
    for (const [name, milli] of used) expect(milli, `${about}: ${name} is over-committed`).toBeLessThanOrEqual(4000);
  }
}

const aNode = (name: string): Parameters<ReturnType<MemoryApi['resource']>['put']>[0] => {
  const amounts = { cpu: '4', memory: '8Gi', pods: '110' };
  const node: unknown = {
    metadata: { name, labels: { 'kubernetes.io/hostname': name } },
    spec: {},
    status: { allocatable: amounts, capacity: amounts },
  };
  return node as Parameters<ReturnType<MemoryApi['resource']>['put']>[0];
};

const aPod = (name: string, random: Random): Parameters<ReturnType<MemoryApi['resource']>['put']>[0] => {
  const cpu = `${100 * (1 + random.integer(15))}m`;
  const priority = random.integer(4) === 0 ? 100 : 0;
  const pod: unknown = {
    metadata: { name, namespace: 'default' },
    spec: { schedulerName: 'default-scheduler', priority, containers: [{ name: 'c', image: 'i', resources: { requests: { cpu } } }] },
    status: { phase: 'Pending' },
  };
  return pod as Parameters<ReturnType<MemoryApi['resource']>['put']>[0];
};

/** Times that room is made for pods that wait; far fewer are needed. */
const ROUNDS_MAX = 30;

class Model {
  readonly api = new MemoryApi();
  readonly clock = new VirtualClock();
  readonly random: Random;
  readonly checker = new Checker(this.api);
  #client = new MortalClient(this.api);
  #number = 0;
  kills = 0;

  constructor(seed: number) {
    this.random = seededRandom(seed);
    this.api.beforeWrite = (verb) => {
      // Answers get lost now and then, before or after the request was heard.
      if (verb === 'binding' && this.random.integer(20) === 0) throw new Error('the connection was reset');
    };
  }

  async start(): Promise<void> {
    this.#client = new MortalClient(this.api);
    const { clock, random } = this;
    await createScheduler({ client: this.#client, clock, random, logger: silentLogger, leaderElect: false }).start();
  }

  /** Ends the scheduler as kill -9 does, and starts another once what was sent has arrived, as the lease sees to. */
  async kill(): Promise<void> {
    this.kills++;
    this.#client.kill();
    await this.clock.advance(20);
    await this.start();
  }

  get pods(): ReadonlyMap<string, Live<Pod>> {
    return this.api.resource<Pod>(coreKinds.pods).objects;
  }

  get waiting(): Live<Pod>[] {
    return [...this.pods.values()].filter(({ spec }) => !spec.nodeName);
  }

  /** Makes room by taking away all pods that have a node, until no pod waits. Bindings go on to fail now and then; nobody is killed. */
  async runEmpty(): Promise<void> {
    const pods = this.api.resource<Pod>(coreKinds.pods);
    for (let i = 0; i < ROUNDS_MAX && this.waiting.length > 0; i++) {
      for (const pod of [...this.pods.values()]) if (pod.spec.nodeName) pods.remove(pod);
      await this.clock.advance(60_000);
      this.checker.check(`round ${i} of making room`);
    }
  }

  async step(): Promise<void> {
    const choice = this.random.integer(100);
    const pods = this.api.resource<Pod>(coreKinds.pods);
    if (choice < 55) pods.put(aPod(`pod-${this.#number++}`, this.random) as never);
    else if (choice < 70) {
      const [victim] = [...this.pods.values()].slice(this.random.integer(Math.max(1, this.pods.size)));
      if (victim) pods.remove(victim);
    } else if (choice < 80) this.api.resource<Node>(coreKinds.nodes).put(aNode(`node-${this.random.integer(6)}`) as never);
    else if (choice < 86) this.api.dropWatches();
    else if (choice < 92) await this.kill();
    else await this.clock.advance(this.random.integer(3_000));
    await this.clock.advance(this.random.integer(15));
  }
}

describe('a scheduler that is killed, and sees late what happens', () => {
  it.each(Array.from({ length: 12 }, (_, i) => 20261121 + i))('binds no pod twice and over-commits no node: seed %i', async (seed) => {
    const model = new Model(seed);
    for (let i = 0; i < 4; i++) model.api.resource<Node>(coreKinds.nodes).put(aNode(`node-${i}`) as never);
    await model.start();
    for (let i = 0; i < 150; i++) {
      await model.step();
      model.checker.check(`seed ${seed}, step ${i}`);
    }
    expect(model.kills).toBeGreaterThan(2);
    // Left alone, nothing that fits stays behind: not even what was under way when it was killed.
    await model.clock.advance(6 * 60_000);
    model.checker.check(`seed ${seed}, at the end`);
    const nodes = model.api.resource<Node>(coreKinds.nodes).objects.size;
    const bound = [...model.pods.values()].filter(({ spec }) => spec.nodeName);
    const free = nodes * 4000 - bound.reduce((sum, { spec }) => sum + (podRequests({ spec }).get('cpu')?.milli() ?? 0), 0);
    const { waiting } = model;
    const least = Math.min(...waiting.map(({ spec }) => podRequests({ spec }).get('cpu')?.milli() ?? 0));
    if (waiting.length > 0) expect(free / nodes, `seed ${seed}: ${waiting.length} pods wait for room that is there`).toBeLessThan(least);
    for (let i = 0; i < 60; i++) model.api.resource<Pod>(coreKinds.pods).put(aPod(`late-${i}`, model.random) as never);
    await model.runEmpty();
    expect(
      model.waiting.map(({ metadata }) => metadata.name),
      `seed ${seed}: forgotten`,
    ).toEqual([]);
  });
});
