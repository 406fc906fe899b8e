import { describe, expect, it } from 'vitest';
import { type ContainerWish, mounted, TestRuntime } from '../../../../testing/runtime-harness.ts';

const AGNHOST = 'registry.k8s.io/e2e-test-images/agnhost:2.56';

async function run(args: readonly string[], wish: ContainerWish = {}) {
  const node = new TestRuntime();
  const id = await node.start(node.sandbox(), {
    image: AGNHOST,
    args: ['mounttest', ...args],
    mounts: [mounted({ name: 'm', medium: 'tmpfs' }, '/v')],
    ...wish,
  });
  return { node, id, log: () => node.log(id) };
}

describe('agnhost mounttest', () => {
  it('tells of file systems, new files, modes, owners and contents, in this order', async () => {
    const args = ['--file_owner=/v/f', '--file_perm=/v/f', '--file_mode=/v', '--new_file_0660=/v/f', '--fs_type=/v'];
    const { node, id, log } = await run(args, { security: { runAsUser: 1001 } });
    expect(await log()).toBe(
      [
        'mount type of "/v": tmpfs',
        'content of file "/v/f": mount-tester new file',
        '',
        'mode of file "/v": dtrwxrwxrwx',
        'perms of file "/v/f": -rw-rw----',
        'owner UID of "/v/f": 1001',
        'owner GID of "/v/f": 0',
        '',
      ].join('\n'),
    );
    expect(node.state(id)).toBe('Completed 0');
  });

  it('says what is wrong as Go does, and fails', async () => {
    const { node, id, log } = await run(['--file_content=/v/none', '--file_mode=/v/none', '--new_file_0644=/proc/x']);
    expect(await log()).toBe(
      'error writing new file "/proc/x": open /proc/x: read-only file system\n' +
        'error from Stat("/v/none"): stat /v/none: no such file or directory\n' +
        'error reading file content for "/v/none": open /v/none: no such file or directory\n',
    );
    expect(node.state(id)).toBe('Error 1');
  });

  it('looks again every two seconds until the content is there', async () => {
    const { node, id, log } = await run(['--file_content_in_loop=/v/f', '--retry_time=20']);
    await node.pass(3);
    expect(await log()).toBe('Error reading file /v/f: open /v/f: no such file or directory, retrying\n'.repeat(2));
    await node.exec(id, 'echo mount-tester new file > /v/f');
    await node.pass(2);
    expect(await log()).toMatch(/content of file "\/v\/f": mount-tester new file\n\n$/);
    expect(node.state(id)).toBe('Completed 0');
  });

  it('looks for as long as it is told when no content is the right one, and fails when the file was not there at last', async () => {
    const { node, id, log } = await run(['--file_content_in_loop=/v/f', '--break_on_expected_content=false', '--retry_time=12']);
    await node.exec(id, 'echo mount-tester new file > /v/f');
    await node.pass(3);
    await node.exec(id, 'rm /v/f');
    await node.pass(9);
    expect(await log()).toMatch(/^Error reading [\s\S]*content of file [\s\S]*Error reading [^\n]*\n$/);
    expect(node.state(id)).toBe('Error 1');
  });

  it('ends when it is asked to, as a Go program that is PID 1 does', async () => {
    const { node, id } = await run(['--file_content_in_loop=/v/f']);
    const stopped = node.runtime.stopContainer(id, 30_000);
    await node.pass(1);
    await stopped;
    expect(node.state(id)).toBe('Error 2');
  });

  it('runs beside a container’s own process too', async () => {
    const node = new TestRuntime();
    const id = await node.start(node.sandbox(), { image: AGNHOST, args: ['pause'] });
    expect(await node.exec(id, '/agnhost mounttest --file_perm=/tmp')).toEqual({ text: 'perms of file "/tmp": -rwxrwxrwx\n', code: 0 });
    expect((await node.exec(id, '/agnhost mounttest --colour=red')).text).toBe('!Error: unknown flag: --colour\n');
  });
});
