// What passes through the API server to a node: logs, exec, attach, cp, port-forward and proxies, with every kubectl on this machine. Those before
// 1.29 speak SPDY, newer ones WebSockets, and port-forward from 1.31 on speaks SPDY inside a WebSocket.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findKubectls, kubectlOf, startCluster, type TestCluster, waitFor } from '../support/cluster.ts';

let cluster: TestCluster;
let directory: string;
const kubectls = findKubectls();

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'nanokube-test-'));
  cluster = await startCluster({ nodes: 2 });
  const use = kubectlOf(kubectls[0] ?? '', cluster.kubeconfig);
  await use('run', 'web', '--image=nginx', '--port=80', '--expose');
  await use('run', 'box', '--image=busybox', '--', 'sh', '-c', 'echo started; while true; do echo tick; sleep 1; done');
  await use('wait', '--for=condition=Ready', 'pod/web', 'pod/box', '--timeout=110s');
});

afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

/** Runs a kubectl that does not end by itself until its output has what is waited for. */
async function until(binary: string, args: readonly string[], wanted: RegExp, act?: (output: string) => Promise<void>) {
  const child = spawn(binary, args, { env: { ...process.env, KUBECONFIG: cluster.kubeconfig }, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise((resolve) => child.once('close', resolve));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  try {
    await waitFor(
      () => wanted.test(output),
      60_000,
      () => `${binary} ${args.join(' ')} said only: ${output}`,
    );
    await act?.(output);
    return output;
  } finally {
    child.kill();
    await ended;
  }
}

describe.each(kubectls)('%s', (binary) => {
  it('exec: streams kept apart, standard input, the exit code, what cannot be run', async () => {
    const use = kubectlOf(binary, cluster.kubeconfig);
    const ran = await use.run(['exec', 'box', '--', 'sh', '-c', 'echo out; echo err >&2; exit 3']);
    expect(ran).toMatchObject({ code: 3, stdout: 'out\n', stderr: expect.stringContaining('err\n') });
    expect(ran.stderr).toContain('command terminated with exit code 3');
    const copied = await use.run(['exec', '-i', 'box', '--', 'cat'], { input: 'hello\n'.repeat(5000) });
    expect(copied).toMatchObject({ code: 0, stdout: 'hello\n'.repeat(5000) });
    const missing = await use.run(['exec', 'box', '--', 'no-such-command']);
    expect(missing.code).not.toBe(0);
    expect(missing.stderr).toContain('exec: "no-such-command": executable file not found in $PATH');
  });

  it('cp: bytes arrive as they were, both ways', async () => {
    const use = kubectlOf(binary, cluster.kubeconfig);
    const [from, to] = [join(directory, 'from'), join(directory, 'to')];
    writeFileSync(from, randomBytes(100_000));
    await use('cp', from, 'box:/tmp/there');
    await use('cp', 'box:/tmp/there', to);
    expect(readFileSync(to).equals(readFileSync(from))).toBe(true);
  });

  it('logs and attach follow', async () => {
    const use = kubectlOf(binary, cluster.kubeconfig);
    expect(await use('logs', 'box', '--limit-bytes=8')).toBe('started\n');
    expect(await use('logs', 'box', '--tail=1')).toBe('tick\n');
    await until(binary, ['logs', '-f', 'box', '--tail=1'], /tick\ntick\n/);
    await until(binary, ['attach', 'box'], /tick\n/);
  });

  it('port-forward: a port that is listened on, and one that is not', async () => {
    const output = await until(binary, ['port-forward', 'pod/web', ':80', ':81', '-v=6'], /-> 80[\s\S]*-> 81/, async (said) => {
      const ports = [...said.matchAll(/127\.0\.0\.1:(\d+) -> 8[01]/g)].map(([, port]) => port);
      const answer = await fetch(`http://127.0.0.1:${ports[0]}/`);
      expect(await answer.text()).toContain('nginx');
      await expect(fetch(`http://127.0.0.1:${ports[1]}/`)).rejects.toThrow();
    });
    expect(output).not.toContain('fallback'); // to SPDY, from a WebSocket that was refused
  });

  it('top: what nodes and pods use', async () => {
    const use = kubectlOf(binary, cluster.kubeconfig);
    // What is known is up to 15 s old, as with metrics-server.
    await use.until(['top', 'nodes', '--no-headers'], /^node-0 +\d+m +\d+% +\d+Mi +\d+% *\nnode-1 /);
    const top = () => use('top', 'pod', 'web', '--no-headers', '--containers');
    expect(await waitFor(top, 60_000, () => 'nothing is known of the pod')).toMatch(/^web +web +\d+m +\d+Mi *\n$/);
    expect((await use.run(['top', 'pod', 'none'])).stderr).toContain('pods "none" not found');
  });

  it('pods and services are reached through the API server', async () => {
    const use = kubectlOf(binary, cluster.kubeconfig);
    const base = '/api/v1/namespaces/default';
    for (const path of ['pods/web:80', 'pods/web', 'services/web:80', 'services/web']) {
      expect(await use('get', '--raw', `${base}/${path}/proxy/`)).toContain('nginx');
    }
    const refused = await use.run(['get', '--raw', `${base}/pods/web:81/proxy/`]);
    expect(refused.stderr).toMatch(/error trying to reach service: dial tcp [\d.]+:81: connect: connection refused/);
    const { node, pods } = JSON.parse(await use('get', '--raw', '/api/v1/nodes/node-1/proxy/stats/summary'));
    expect(node.nodeName).toBe('node-1');
    const onNode = await use('get', 'pods', '-o', 'name', '--field-selector=spec.nodeName=node-1');
    expect(pods).toHaveLength(onNode.trim().split('\n').filter(Boolean).length);
  });
});
