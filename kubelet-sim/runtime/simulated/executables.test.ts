import { expect, test } from 'vitest';
import { type ContainerWish, mounted, TestRuntime } from '../../testing/runtime-harness.ts';
import type { VolumeFile } from '../cri.ts';

const WAIT = 'sleep 100000';
const START_ERROR =
  'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: ';

test.each([
  ['printf "echo ran" > f; ./f', '!sh: ./f: Permission denied\n', 126],
  ['printf "echo ran" > f; chmod +x f; ./f; echo $?', 'ran\n0\n', 0],
  ['mkdir d; ./d', '!sh: ./d: Permission denied\n', 126],
  ['./none', '!sh: ./none: not found\n', 127],
  ['echo > f; ./f/x', '!sh: ./f/x: not found\n', 127],
  ['none', '!sh: none: not found\n', 127],
  ['printf "#!/bin/nothing\\n" > f; chmod +x f; ./f', '!sh: ./f: not found\n', 127],
  ['echo > i; printf "#!/tmp/i\\n" > f; chmod +x f; ./f', '!sh: ./f: Permission denied\n', 126],
  ['printf "#!/bin/sh -e\\necho \\$0 \\$1; false; echo on" > f; chmod +x f; ./f a b', './f a\n', 1],
  ['printf "#!/bin/echo one two\\n" > f; chmod +x f; ./f three', 'one two ./f three\n', 0],
  ['printf "#! /usr/bin/env sh\\necho by env" > f; chmod +x f; ./f', 'by env\n', 0],
  ['printf "#!/tmp/i\\n" > f; printf "#!/bin/sh\\necho \\$@" > i; chmod +x f i; ./f x', './f x\n', 0],
  ['printf "echo \\$0 \\$A \\$B" > f; chmod +x f; A=1; export B=2; ./f', './f 2\n', 0],
  ['mkdir p; printf "echo \\$0" > p/own; chmod +x p/own; PATH=/bin:/tmp/p; own', '/tmp/p/own\n', 0],
  ['mkdir p; echo > p/own; PATH=/bin:/tmp/p; own', '!sh: own: Permission denied\n', 126],
  ['cp /bin/echo ./say; ./say hello', 'hello\n', 0],
  ['sh f', "!sh: can't open 'f': No such file or directory\n", 2],
])('a shell runs what may be run: %s', async (script, text, code) => {
  const node = new TestRuntime();
  const id = await node.run(WAIT);
  expect(await node.exec(id, `cd /tmp; ${script}`)).toEqual({ text, code });
});

test('who may not run a file that others may is told so', async () => {
  const node = new TestRuntime();
  const volume = { name: 'data' };
  await node.run('printf "echo ran" > /d/f; chmod 744 /d/f', { mounts: [mounted(volume, '/d')] });
  const other = await node.start(node.sandbox({ name: 'b' }), {
    script: WAIT,
    mounts: [mounted(volume, '/d')],
    security: { runAsUser: 1000 },
  });
  expect(await node.exec(other, '/d/f')).toEqual({ text: '!sh: /d/f: Permission denied\n', code: 126 });
});

/** A container whose command is a file of a volume. */
async function startFile(content: string, mode: number, wish: ContainerWish) {
  const node = new TestRuntime();
  const files = new Map<string, VolumeFile>([['f', { content: Buffer.from(content), mode }]]);
  const volume = { name: 'scripts', files: () => Promise.resolve(files) };
  const why = await node.start(node.sandbox(), { mounts: [mounted(volume, '/v')], ...wish }).then(
    () => undefined,
    (error: Error) => error.message,
  );
  const [item] = node.runtime.listContainers();
  const id = item?.id ?? '';
  return { why, state: node.state(id), log: await node.log(id), message: node.status(id).message };
}

test.each([
  ['a file without its x bit', ['/v/f'], 0o644, 'exec: "/v/f": permission denied'],
  ['a directory', ['/v'], 0o755, 'exec: "/v": is a directory'],
  ['a file that is not there', ['/v/g'], 0o755, 'exec: "/v/g": stat /v/g: no such file or directory'],
  ['a path through a file', ['/v/f/g'], 0o755, 'exec: "/v/f/g": stat /v/f/g: not a directory'],
  ['a relative path that is not there', ['./f'], 0o755, 'exec: "./f": stat ./f: no such file or directory'],
  ['a name that no directory of PATH has', ['f'], 0o755, 'exec: "f": executable file not found in $PATH'],
])('%s starts no container, in the words of runc', async (_, command, mode, failure) => {
  const started = await startFile('#!/bin/sh\necho ran', mode, { command });
  expect(started).toEqual({
    why: `rpc error: code = Unknown desc = ${START_ERROR}${failure}: unknown`,
    state: 'StartError 128',
    log: '',
    message: `${START_ERROR}${failure}: unknown`,
  });
});

const PATH = () => Promise.resolve(new Map([['PATH', '/bin:/v']]));

test.each<[string, string, ContainerWish, { state: string; log: string }]>([
  ['a script by its path', '#!/bin/sh\necho ran', { command: ['/v/f'] }, { state: 'Completed 0', log: 'ran\n' }],
  ['a script by a relative path', '#!/bin/sh\necho ran', { command: ['./f'], workingDir: '/v' }, { state: 'Completed 0', log: 'ran\n' }],
  ['a script by its name', '#!/bin/sh\necho ran', { command: ['f'], environment: PATH }, { state: 'Completed 0', log: 'ran\n' }],
  ['a script without a first line', 'echo ran', { command: ['/v/f'] }, { state: 'Error 255', log: '!exec /v/f: exec format error\n' }],
  [
    'a script whose interpreter is missing',
    '#!/bin/none',
    { command: ['/v/f'] },
    { state: 'Error 255', log: '!exec /v/f: no such file or directory\n' },
  ],
])('a container whose command is %s', async (_, content, wish, outcome) => {
  expect(await startFile(content, 0o755, wish)).toMatchObject({ why: undefined, ...outcome });
});

test('a file that a container has made can be run from outside', async () => {
  const node = new TestRuntime();
  const id = await node.run(`printf "#!/bin/sh\\necho ran" > /tmp/f; chmod +x /tmp/f; echo > /tmp/g; ${WAIT}`);
  let text = '';
  const streams = { output: (_: string, chunk: Buffer) => (text += chunk.toString()) };
  const exec = (command: string) =>
    node.runtime.exec(id, { command: [command], tty: false, streams, signal: new AbortController().signal });
  expect([await exec('/tmp/f'), text]).toEqual([0, 'ran\n']);
  await expect(exec('/tmp/g')).rejects.toThrow('unable to start container process: exec: "/tmp/g": permission denied: unknown');
});
