import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { manifestFile, useCluster } from '../support/cluster.ts';
import { ROOT } from '../support/sources.ts';

const world = useCluster({ manifest: 'devices' });
const { kubectl } = world;
const until = (wanted: RegExp, ...args: string[]) => kubectl.until(args, wanted);
const nanokube = async (...args: string[]): Promise<string> => {
  const options = ['--kubeconfig', world.cluster.kubeconfig];
  const { stdout } = await promisify(execFile)(process.execPath, [join(ROOT, 'dist/cli/main.js'), ...args, ...options]);
  return stdout;
};

describe('devices with a real kubectl, and with the rights that the processes have', () => {
  it('go to one pod, and the other is told why it waits', async () => {
    const pods = await until(/1\/1 +Running/, 'get', 'pods');
    const [running, waiting] = /trainer-0 +1\/1/.test(pods) ? ['trainer-0', 'trainer-1'] : ['trainer-1', 'trainer-0'];
    expect(await kubectl('get', 'pod', running, '-o', 'jsonpath={.spec.nodeName}')).toBe('node-1');
    await until(/3 cannot allocate all claims\. still not schedulable, preemption: /, 'describe', 'pod', waiting);
    await until(/-gpu-\w+ +allocated,reserved/, 'get', 'resourceclaims');
    expect(await kubectl('get', 'resourceclaims')).toMatch(/-gpu-\w+ +pending/);
    expect(await nanokube('why', waiting)).toContain('node-1  DynamicResources: cannot allocate all claims');
  });

  it('go to the other when the first is gone', async () => {
    await kubectl('delete', 'statefulset', 'trainer', '--cascade=orphan');
    const running = /(trainer-\d) +1\/1/.exec(await kubectl('get', 'pods'))?.[1] ?? '';
    await kubectl('delete', 'pod', running);
    await until(running === 'trainer-0' ? /trainer-1 +1\/1 +Running/ : /trainer-0 +1\/1 +Running/, 'get', 'pods');
  });

  it('are looked for in a simulation', async () => {
    expect(await nanokube('simulate', '-f', manifestFile('devices')).catch(({ stdout }: { stdout: string }) => stdout)).toMatch(
      /trainer-0 -> no node: 0\/3 nodes are available: 3 cannot allocate all claims/,
    );
  });
});
