import { expect, it } from 'vitest';
import { keyOf, type Live, type Node } from '../../api/index.ts';
import { createMetrics, silentLogger, VirtualClock } from '../../runtime/index.ts';
import type { ControllerContext } from '../context.ts';
import { createControllerMetrics } from '../shared/controller-metrics.ts';
import { aNode } from '../testing/builders.ts';
import { nodeIpamController } from './controller.ts';

interface Handler {
  onAdd(node: Live<Node>): void;
  onDelete(node: Live<Node>): void;
}

/** A controller, what it writes, and what it is told. @param isLost whether the answer to a write of a node's blocks is lost */
function started(isLost: (name: string, tries: number) => boolean) {
  const nodes = new Map<string, Live<Node>>();
  const writes: string[] = [];
  const told: string[] = [];
  let handler: Handler | undefined;
  const clock = new VirtualClock(0);
  const end = new AbortController();
  const patch = (name: string, { spec }: { spec: { podCIDRs: string[] } }) => {
    writes.push(`${name} ${spec.podCIDRs.join()}`);
    const tries = writes.filter((each) => each.startsWith(`${name} `)).length;
    return isLost(name, tries) ? Promise.reject(new Error('socket hang up')) : Promise.resolve();
  };
  const context = {
    client: { resource: () => ({ patch }) },
    informers: {
      nodes: () => ({
        addHandler: (given: Handler) => {
          handler = given;
        },
        getByKey: (key: string) => nodes.get(key),
        list: () => [...nodes.values()],
      }),
    },
    settings: { allocateNodeCidrs: true, clusterCidr: '10.244.0.0/23', serviceClusterIpRange: [] },
    recorder: () => ({ event: (_: unknown, __: string, reason: string) => told.push(reason) }),
    metrics: createControllerMetrics(createMetrics()),
    logger: silentLogger,
    clock,
  } as unknown as ControllerContext;
  const running = nodeIpamController.create(context).run(end.signal);
  const settle = async () => {
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    writes,
    told,
    async add(name: string) {
      const node = aNode(name);
      nodes.set(keyOf(node), node);
      handler?.onAdd(node);
      await settle();
    },
    async remove(name: string) {
      const node = aNode(name);
      nodes.delete(keyOf(node));
      handler?.onDelete(node);
      await settle();
    },
    async pass(ms: number) {
      await clock.advance(ms);
      await settle();
    },
    async [Symbol.asyncDispose]() {
      end.abort();
      await running;
    },
  };
}

it('a write that fails is tried three times, and then told of', async () => {
  await using ipam = started((_, tries) => tries <= 2);
  await ipam.add('a');
  expect([ipam.writes, ipam.told]).toEqual([Array(3).fill('a 10.244.0.0/24'), []]);
  await using worse = started((_, tries) => tries <= 3);
  await worse.add('a');
  expect([worse.writes.length, worse.told]).toEqual([3, ['CIDRAssignmentFailed']]);
});

it('no other node gets the block of a write whose answer was lost, until its node is gone', async () => {
  await using ipam = started((name, tries) => name === 'a' && tries <= 3);
  await ipam.add('a');
  await ipam.add('b');
  await ipam.pass(10_000);
  expect([...new Set(ipam.writes)]).toEqual(['a 10.244.0.0/24', 'b 10.244.1.0/24']);
  expect(ipam.writes).toHaveLength(5);
  await ipam.remove('a');
  await ipam.add('c');
  expect(ipam.writes.at(-1)).toBe('c 10.244.0.0/24');
});
