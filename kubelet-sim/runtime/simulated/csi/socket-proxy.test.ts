import { expect, test } from 'vitest';
import { aContainer } from '../../../testing/builders.ts';
import { TestNode } from '../../../testing/node-harness.ts';
import { dialSocket } from '../files/sockets.ts';

const PATH = '/var/lib/kubelet/plugins/x/dra.sock';
const IMAGE = 'registry.k8s.io/sig-storage/hostpathplugin:v1.16.1';

/** A pod that has the plugins' directory of its node, and a proxy that is run in it. */
async function proxied() {
  const node = new TestNode();
  const volumeMounts = [{ name: 'v', mountPath: '/plugins' }];
  const command = ['/bin/sh', '-c', 'while true; do sleep 10000; done'];
  await node.run({
    volumes: [{ name: 'v', hostPath: { path: '/var/lib/kubelet/plugins/x', type: 'DirectoryOrCreate' } }],
    containers: [aContainer('main', { image: IMAGE, command, volumeMounts })],
  });
  const abort = new AbortController();
  const ended = node.runtime
    .exec(node.worker?.containerId('main') ?? '', {
      command: ['/hostpathplugin', '--v=5', '--endpoint=/plugins/dra.sock', '--proxy-endpoint=tcp://:9001'],
      tty: false,
      streams: { output: () => undefined },
      signal: abort.signal,
    })
    .catch(() => 'killed');
  const files = await node.runtime.nodeFiles();
  await expect.poll(() => files.exists(PATH)).toBe(true);
  await node.pass(0.1);
  return { node, files, abort, ended };
}

/** A driver that runs elsewhere and has connected: it repeats what it hears, in capitals. */
function driver(node: TestNode) {
  const pipe = node.runtime.connect(node.worker?.sandboxId ?? '', 9001);
  let hear: (chunk: Buffer | undefined) => void = () => undefined;
  async function* input() {
    for (;;) {
      const chunk = await new Promise<Buffer | undefined>((resolve) => {
        hear = resolve;
      });
      if (!chunk) return;
      yield chunk;
    }
  }
  const over = pipe.pipe(input(), (chunk) => hear(Buffer.from(chunk.toString().toUpperCase())));
  return { over, hangUp: () => hear(undefined) };
}

test('a proxy joins a connection to its socket with one that a driver has made to its port', async () => {
  const { node, files } = await proxied();
  driver(node);
  const connection = await dialSocket(files, PATH);
  const heard: string[] = [];
  connection.on('data', (chunk: Buffer) => heard.push(chunk.toString()));
  connection.write('hello');
  await expect.poll(() => heard.join('')).toBe('HELLO');
});

test('a driver that hangs up while it waits is not joined; one that comes later is', async () => {
  const { node, files } = await proxied();
  const first = driver(node);
  await node.pass(0.1);
  first.hangUp();
  await first.over;
  const connection = await dialSocket(files, PATH);
  const heard: string[] = [];
  connection.on('data', (chunk: Buffer) => heard.push(chunk.toString()));
  connection.write('anybody?');
  driver(node);
  await expect.poll(() => heard.join('')).toBe('ANYBODY?');
});

test('when the proxy is killed its socket stays, and refuses', async () => {
  const { node, files, abort, ended } = await proxied();
  driver(node);
  const connection = await dialSocket(files, PATH);
  const closed = new Promise((resolve) => connection.once('end', resolve));
  connection.resume();
  abort.abort(new Error('gone'));
  expect(await ended).toBe('killed');
  await closed;
  expect(await files.exists(PATH)).toBe(true);
  await expect(dialSocket(files, PATH)).rejects.toThrow(`dial unix ${PATH}: connect: connection refused`);
  await files.rm(PATH);
  await expect(dialSocket(files, PATH)).rejects.toThrow(`dial unix ${PATH}: connect: no such file or directory`);
});
