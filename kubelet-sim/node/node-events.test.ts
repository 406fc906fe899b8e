import { expect, test } from 'vitest';
import { NodeEvents } from './node-events.ts';
import { HEALTHY } from './node-health.ts';

test('a node tells that it takes no more pods, and that it does again, once each', () => {
  const said: string[] = [];
  let isCut = false;
  const recorder = { event: (_object: unknown, _type: string, _reason: string, message: string) => void said.push(message) };
  const events = new NodeEvents(
    'n1',
    () => recorder,
    () => isCut,
  );
  const node = (unschedulable?: boolean) => ({ spec: { unschedulable } });
  for (const unschedulable of [undefined, true, true, undefined, false]) events.looked(node(unschedulable));
  expect(said).toEqual(['Node n1 status is now: NodeNotSchedulable', 'Node n1 status is now: NodeSchedulable']);
  isCut = true;
  events.looked(node(true));
  isCut = false;
  events.looked(node(true));
  events.started(HEALTHY);
  events.looked(node(true));
  expect(said.filter((text) => text.endsWith('NodeNotSchedulable'))).toHaveLength(3);
});
