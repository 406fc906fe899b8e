import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { aContainer } from '../testing/builders.ts';
import { TestNode } from '../testing/node-harness.ts';
import { callOf } from './call.ts';
import { Feed } from './feed.ts';
import type { ServedNode } from './served-nodes.ts';
import { purposeOf } from './stream-purpose.ts';

test("who attaches to a terminal asks for no stderr: whether there is one is the container's to say", async () => {
  const node = new TestNode();
  const worker = await node.run({ containers: [aContainer('main', { tty: true, stdin: true, command: ['sh'] }), aContainer('other')] });
  const served = { runtime: node.runtime } as Partial<ServedNode> as ServedNode;
  const nodes = { node: () => served, all: () => [served], locate: () => ({ node: served, worker }) };
  const ask = (path: string) => () =>
    purposeOf(callOf({ url: `/attach/default/web/${path}`, headers: {} } as Partial<IncomingMessage> as IncomingMessage, nodes));
  expect(ask('main?input=1&output=1&error=1')).toThrow('rpc error: code = InvalidArgument desc = tty and stderr cannot both be true');
  for (const path of ['main?output=1&error=1&tty=1', 'main?output=1', 'other?output=1&error=1']) expect(ask(path)).not.toThrow();
});

test.each([
  ['', 'query parameter "port" is required'],
  ['?port=', 'query parameter "port" cannot be empty'],
  ['?port=80,x', 'unable to parse "x" as a port: strconv.ParseUint: parsing "x": invalid syntax'],
  ['?port=65536', 'unable to parse "65536" as a port: strconv.ParseUint: parsing "65536": value out of range'],
  ['?port=0', 'port "0" must be > 0'],
])('channels are for ports that there can be: %s', async (query, why) => {
  const node = new TestNode();
  const worker = await node.run({});
  const served = { runtime: node.runtime } as Partial<ServedNode> as ServedNode;
  const nodes = { node: () => served, all: () => [served], locate: () => ({ node: served, worker }) };
  const request = { url: `/portForward/default/web${query}`, headers: { 'sec-websocket-protocol': 'v4.channel.k8s.io' } };
  expect(() => purposeOf(callOf(request as Partial<IncomingMessage> as IncomingMessage, nodes))).toThrow(why);
});

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
