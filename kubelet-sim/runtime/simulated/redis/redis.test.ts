import { expect, test } from 'vitest';
import { FakeDirectory } from '../../../testing/fake-directory.ts';
import { mounted, TestRuntime } from '../../../testing/runtime-harness.ts';
import { takeCommand, takeReply, writeReply } from './redis-protocol.ts';

/** A Redis behind the Service `redis`, and a client that has its tools. */
async function cluster(args: readonly string[] = [], conf = '') {
  const directory = new FakeDirectory();
  const node = new TestRuntime({ directory });
  const sandbox = node.sandbox({ name: 'redis' });
  const files = new Map([['redis.conf', { content: Buffer.from(conf), mode: 0o644 }]]);
  const config = { name: 'config', files: () => Promise.resolve(files) };
  const server = await node.start(sandbox, {
    image: 'redis:7',
    args: [...args],
    mounts: [mounted(config, '/redis-master', { readOnly: true })],
  });
  const ip = node.runtime.podSandboxStatus(sandbox)?.ip ?? '';
  directory.add('redis', { clusterIP: '10.96.1.1', clusterIPs: ['10.96.1.1'], ports: [{ port: 6379 }] }, [{ addresses: [ip] }], 6379);
  const client = await node.start(node.sandbox({ name: 'temp' }), { image: 'redis', command: ['sleep', '100000'] });
  return { node, server, client };
}

test('the work queue of the documentation: what one pod pushes another pops', async () => {
  const { node, client, server } = await cluster();
  const script = 'for i in apple banana cherry; do redis-cli -h redis rpush job2 $i; done; redis-cli -h redis lrange job2 0 -1';
  expect(await node.say(client, script)).toBe('1\n2\n3\napple\nbanana\ncherry\n');
  expect(await node.say(server, 'redis-cli brpoplpush job2 doing 1; redis-cli llen job2; redis-cli lpop nothing; redis-cli keys "*"')).toBe(
    'cherry\n2\n\njob2\ndoing\n',
  );
});

test('commands of standard input; counters, texts, sets and hashes; what is wrong is said', async () => {
  const { node, client } = await cluster();
  const lines = [
    'set key1 "two words"',
    'GET key1',
    'incr n',
    'incrby n 4',
    'hset h a 1 b 2',
    'hgetall h',
    'sadd s x x y',
    'scardx s',
    'lpush key1 z',
  ];
  expect(await node.say(client, `printf '${lines.join('\\n')}\\n' | redis-cli -h redis`)).toBe(
    "OK\ntwo words\n1\n5\n2\na\n1\nb\n2\n2\nERR unknown command 'scardx', with args beginning with: 's' \n\n" +
      'WRONGTYPE Operation against a key holding the wrong kind of value\n\n',
  );
});

test('a configuration file and flags are what CONFIG GET shows', async () => {
  const { node, server } = await cluster(
    ['redis-server', '/redis-master/redis.conf', '--appendonly', 'yes'],
    '# of a tutorial\nmaxmemory 2mb\nmaxmemory-policy allkeys-lru\n',
  );
  expect(
    await node.say(server, 'redis-cli CONFIG GET maxmemory; redis-cli config get "maxmemory-p*"; redis-cli config get appendonly'),
  ).toBe('maxmemory\n2097152\nmaxmemory-policy\nallkeys-lru\nappendonly\nyes\n');
});

test('a pop that waits has what comes later; after its time it has nothing', async () => {
  const { node, client, server } = await cluster();
  const waiting = node.exec(client, 'redis-cli -h redis blpop jobs 5', 8);
  await node.exec(server, 'sleep 2; redis-cli rpush jobs one', 3);
  expect(await waiting).toEqual({ text: 'jobs\none\n', code: 0 });
  expect(await node.exec(client, 'redis-cli -h redis brpop jobs 2', 4)).toEqual({ text: '\n', code: 0 });
});

test('nobody is there: redis-cli says so, and images without it do not have it', async () => {
  const { node, client } = await cluster();
  expect(await node.exec(client, 'redis-cli ping')).toEqual({
    text: '!Could not connect to Redis at 127.0.0.1:6379: Connection refused\n',
    code: 1,
  });
  expect((await node.exec(await node.run('sleep 1000'), 'redis-cli ping')).code).toBe(127);
});

test.each([
  ['*2\r\n$3\r\nGET\r\n$1\r\nk\r\nPI', ['GET', 'k'], 'PI'],
  ['PING\r\n', ['PING'], ''],
])('a command on the wire: %j', (text, value, rest) => {
  expect(takeCommand(text)).toEqual({ value, rest });
  expect(takeCommand(text.slice(0, 3))).toBeUndefined();
});

test('a reply on the wire is read as it was written', () => {
  const reply = [{ status: 'OK' }, 7, 'a\r\nb', null, [], { error: 'ERR no' }];
  expect(takeReply(`${writeReply(reply)}+`)).toEqual({ value: reply, rest: '+' });
  expect(takeReply(writeReply(reply).slice(0, -1))).toBeUndefined();
});
