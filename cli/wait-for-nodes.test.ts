import { expect, it } from 'vitest';
import { VirtualClock } from '../runtime/index.ts';
import { waitForNodes } from './wait-for-nodes.ts';

const node = (isReady: boolean, ...taints: string[]) => ({
  spec: { taints: taints.map((key) => ({ key, effect: 'NoSchedule' })) },
  status: { conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }] },
});
const NOT_READY = 'node.kubernetes.io/not-ready';

/** How often the nodes were looked at until they were as wanted: each time the next of what there is. */
async function looks(areFreed: boolean, ...there: ReturnType<typeof node>[][]): Promise<number> {
  const clock = new VirtualClock();
  let count = 0;
  const send = async () => ({ status: 200, body: { items: there[Math.min(count++, there.length - 1)] } });
  const done = waitForNodes({ requests: { send }, nodes: 2, clock, timeoutMs: 1000, areFreed });
  await Promise.all([done, clock.advance(1100)]);
  return count;
}

it('a cluster was called ready while its nodes had the taint they are registered with', async () => {
  const registered = [node(false, NOT_READY), node(false, NOT_READY)];
  const half = [node(true), node(true, NOT_READY)];
  expect(await looks(true, registered, half, [node(true), node(true)])).toBe(3);
});

it('nodes that nobody frees are ready when they say so', async () => {
  expect(await looks(false, [node(true), node(false, NOT_READY)], [node(true), node(true, NOT_READY)])).toBe(2);
});

it('a taint of the user is none of its business', async () => {
  expect(await looks(true, [node(true, 'gpu'), node(true, 'node.kubernetes.io/unschedulable')])).toBe(1);
});

it('nodes that do not come are said to be missing', async () => {
  await expect(looks(true, [node(true), node(true, NOT_READY)])).rejects.toThrow('only 1 of 2 nodes became Ready within 1 s');
});
