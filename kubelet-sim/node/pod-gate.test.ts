import { expect, test, vi } from 'vitest';
import { aContainer, aPod } from '../testing/builders.ts';
import { TestNode } from '../testing/node-harness.ts';
import { PodGate } from './pod-gate.ts';

const asking = (name: string, cpu: string) =>
  aPod({ containers: [aContainer('main', { resources: { requests: { cpu } } })] }, { name, uid: `uid-of-${name}` });

test('a resize that was put off waited ten seconds for the room that a deleted pod had left', async () => {
  const [one, two] = [new TestNode(), new TestNode()];
  const waiting = await one.run({}, asking('waiting', '1'));
  const other = await two.run({}, asking('other', '3'));
  const workers = new Map([waiting, other].map((worker) => [worker.pod.metadata.uid, worker]));
  const gate = new PodGate({
    nodeName: 'n',
    node: () => undefined,
    workers,
    unsafeSysctls: undefined,
    pressures: () => new Set(),
    services: () => ({ ...one.services, allocatable: () => ({ cpu: '4', memory: '8Gi', pods: '10' }) }),
  });
  const poke = vi.spyOn(waiting, 'poke').mockImplementation(() => undefined);
  expect(gate.admitResize(asking('waiting', '2'))?.reason).toBe('Deferred');
  workers.delete('uid-of-other');
  gate.roomCame();
  expect(poke).toHaveBeenCalledTimes(1);
  // Once it has what it asked for it is left alone.
  expect(gate.admitResize(asking('waiting', '2'))).toBeUndefined();
  gate.roomCame();
  expect(poke).toHaveBeenCalledTimes(1);
});
