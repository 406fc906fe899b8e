// What containers see of each other when they wake at the same moment: on a node all timers are one, so that sleeps of a second end in
// the same turn of the event loop.
import { expect, test } from 'vitest';
import { Agenda } from '../../agenda.ts';
import { mounted, TestRuntime } from '../../testing/runtime-harness.ts';

const READERS = [
  'until cat /a/x 2>/dev/null; do sleep 1; done',
  'until false || cat /a/x; do sleep 1; done 2>/dev/null',
  'until [ -f /a/x ]; do sleep 1; done; cat /a/x',
];
const WRITERS = ['echo hi > /a/x', 'true; echo hi > /a/x', 'date > /a/x', 'cat /etc/hostname > /a/x', 'cp /etc/hostname /a/x'];

test.each(WRITERS)('a file that a container makes by `%s` is not seen empty by another that wakes at the same moment', async (writer) => {
  for (const reader of READERS)
    for (const isReaderFirst of [true, false]) {
      const node = new TestRuntime({ clock: (below) => new Agenda(below) });
      const sandbox = node.sandbox();
      const mounts = [mounted({ name: 'data' }, '/a')];
      const read = () => node.start(sandbox, { name: 'reader', script: reader, mounts });
      const write = () => node.start(sandbox, { name: 'writer', script: `sleep 2; ${writer}`, mounts });
      const [first, second] = isReaderFirst ? [await read(), await write()] : [await write(), await read()];
      await node.pass(6);
      expect(await node.log(isReaderFirst ? first : second)).not.toBe('');
    }
});

test('time stands still for a container whose tool is loaded: `sort`, `awk` and `xargs` take none', async () => {
  const node = new TestRuntime();
  const id = await node.run('date +%s > /tmp/a; sort /tmp/a | awk 1 | xargs echo > /tmp/b; date +%s >> /tmp/b; uniq -c /tmp/b; sleep 1000');
  expect(await node.log(id)).toMatch(/^ +2 \d+\n$/);
});

test('two pods that ask at the same moment for a directory of the node that is not there get the same', async () => {
  const { runtime } = new TestRuntime();
  const [one, two] = await Promise.all([
    runtime.hostPath('/data/x', 'DirectoryOrCreate'),
    runtime.hostPath('/data/x', 'DirectoryOrCreate'),
  ]);
  expect(one).toBe(two);
});
