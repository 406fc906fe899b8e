import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { TestNode } from '../testing/node-harness.ts';
import { callOf } from './call.ts';
import { Feed } from './feed.ts';
import type { ServedNode } from './served-nodes.ts';
import { purposeOf } from './stream-purpose.ts';

test('a command whose client is gone works on what it was sent, as tar when files are copied; one that reads nothing is over', async () => {
  const node = new TestNode();
  const worker = await node.run({});
  const served = { runtime: node.runtime } as Partial<ServedNode> as ServedNode;
  const nodes = { node: () => served, all: () => [served], locate: () => ({ node: served, worker }) };
  const left = new AbortController();
  const run = (script: string, query: string, stdin?: Feed) => {
    const url = `/exec/default/web/main?output=1&command=sh&command=-c&command=${encodeURIComponent(script)}${query}`;
    const purpose = purposeOf(callOf({ url, headers: {} } as Partial<IncomingMessage> as IncomingMessage, nodes));
    if (!('command' in purpose) || !('work' in purpose.command)) throw new Error('no command');
    return purpose.command.work({ ...(stdin && { stdin }), output: () => undefined }, left.signal);
  };
  const stdin = new Feed();
  const reading = run('cat > /tmp/all', '&input=1', stdin);
  const waiting = run('sleep 1000', '');
  stdin.push(Buffer.from('all of it'));
  left.abort(new Error('the client went away'));
  stdin.end();
  await expect(waiting).rejects.toThrow('the client went away');
  expect(await reading).toBe(0);
  expect(await node.exec('main', 'cat', '/tmp/all')).toBe('all of it');
});
