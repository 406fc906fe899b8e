import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findKubectls, type Kubectl, kubectlOf, logsOf, startCluster, type TestCluster, waitFor } from '../support/cluster.ts';
import { ROOT } from '../support/sources.ts';

const REPLICAS = 50;
const SETTLE_MS_MAX = 120_000;
const COMPONENTS = ['apiserver', 'scheduler', 'controller-manager', 'kubelet-sim'] as const;

const directory = mkdtempSync(join(tmpdir(), 'nanokube-faults-'));
let cluster: TestCluster;
let kubectl: Kubectl;

const start = async () => {
  cluster = await startCluster({ directory });
  kubectl = kubectlOf(findKubectls().at(-1) ?? 'kubectl', cluster.kubeconfig);
};

beforeAll(async () => {
  await start();
  await kubectl('create', 'deployment', 'many', '--image=nginx:1.26', `--replicas=${REPLICAS}`);
  await kubectl('rollout', 'status', 'deployment/many', '--timeout=110s');
});

afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

interface PodFacts {
  readonly uid: string;
  readonly node: string;
  readonly phase: string;
  readonly image: string;
}

async function pods(): Promise<PodFacts[]> {
  const text = await kubectl('get', 'pods', '-l', 'app=many', '-o', 'json');
  const { items } = JSON.parse(text) as {
    items: {
      metadata: { uid: string; deletionTimestamp?: string };
      spec: { nodeName: string; containers: { image: string }[] };
      status: { phase: string };
    }[];
  };
  return items
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ metadata, spec, status }) => ({
      uid: metadata.uid,
      node: spec.nodeName,
      phase: status.phase,
      image: spec.containers[0]?.image ?? '',
    }));
}

const uids = async () => (await pods()).map(({ uid }) => uid).sort();

/** Waits until the deployment stands as it should: so many pods, all Running, none more. */
async function settled(image?: string): Promise<PodFacts[]> {
  let last: PodFacts[] = [];
  await waitFor(
    async () => {
      last = await pods();
      return (
        last.length === REPLICAS && last.every(({ phase, image: has }) => phase === 'Running' && (image === undefined || has === image))
      );
    },
    SETTLE_MS_MAX,
    () => `${last.length} pods, ${last.filter(({ phase }) => phase === 'Running').length} Running\n${cluster.output}\n${logsOf(directory)}`,
  );
  return last;
}

describe('a process that is killed', () => {
  it.each(COMPONENTS)('%s: it is started again, and no pod is lost, doubled or replaced', async (component) => {
    const before = await uids();
    const pid = cluster.children().get(component);
    expect(pid, `${component} has a process`).toBeDefined();
    process.kill(pid ?? 0, 'SIGKILL');
    await waitFor(
      () => (cluster.children().get(component) ?? pid) !== pid,
      60_000,
      () => `${component} was not started again: ${cluster.output}`,
    );
    await settled();
    expect(await uids()).toEqual(before);
  });

  it('in the middle of a rollout: the rollout goes on', async () => {
    await kubectl('set', 'image', 'deployment/many', 'nginx=nginx:1.27');
    for (const component of COMPONENTS) {
      const pid = cluster.children().get(component);
      if (pid !== undefined) process.kill(pid, 'SIGKILL');
    }
    await settled('nginx:1.27');
    await kubectl('rollout', 'status', 'deployment/many', '--timeout=110s');
  });

  it('all at once, the command too: started again, the same pods are there', async () => {
    await settled();
    const before = await uids();
    const children = [...cluster.children().values()];
    cluster.process.kill('SIGKILL');
    for (const pid of children) killIfThere(pid);
    await cluster.end('SIGKILL');
    await start();
    await settled();
    expect(await uids()).toEqual(before);
  });
});

/** A child ends by itself when its parent is gone: it may have done so by now. */
function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

describe('a node that falls silent', () => {
  it('is NotReady, and its pods are replaced on others within their tolerations', async () => {
    await cluster.end('SIGTERM');
    cluster = await startCluster({ directory, args: ['--node-monitor-grace-period=15s'] });
    kubectl = kubectlOf(findKubectls().at(-1) ?? 'kubectl', cluster.kubeconfig);
    const patch = { spec: { template: { spec: { tolerations: quick() } } } };
    await kubectl('patch', 'deployment', 'many', '-p', JSON.stringify(patch));
    await kubectl('rollout', 'status', 'deployment/many', '--timeout=110s');
    using extra = nodeOfItsOwn();
    await waitFor(
      async () => /node-3\s+Ready/.test(await kubectl('get', 'nodes')),
      60_000,
      () => `node-3 did not join\n${logsOf(directory)}`,
    );
    await kubectl('cordon', 'node-0');
    await kubectl('cordon', 'node-1');
    await kubectl('cordon', 'node-2');
    await kubectl('rollout', 'restart', 'deployment/many');
    await kubectl('rollout', 'status', 'deployment/many', '--timeout=110s');
    expect((await pods()).every(({ node }) => node === 'node-3')).toBe(true);
    for (const node of ['node-0', 'node-1', 'node-2']) await kubectl('uncordon', node);
    extra.kill();
    await waitFor(
      async () => /node-3\s+NotReady/.test(await kubectl('get', 'nodes')),
      SETTLE_MS_MAX,
      () => 'node-3 never became NotReady',
    );
    await waitFor(
      async () => (await pods()).every(({ node }) => node !== 'node-3'),
      SETTLE_MS_MAX,
      () => `pods stayed on node-3\n${logsOf(directory)}`,
    );
    await settled();
  });
});

/** A node in a process of its own, so that it can die alone; it tells every two seconds that it lives, so that a busy machine does not silence it. */
function nodeOfItsOwn(): Disposable & { kill(): void } {
  const kubeconfig = `--kubeconfig=${join(directory, 'kubelet.kubeconfig')}`;
  const argv = ['kubelet-sim', kubeconfig, '--nodes=1', '--node-start-index=3', '--node-lease-duration-seconds=8'];
  const child = spawn(process.execPath, [join(ROOT, 'dist/cli/main.js'), ...argv], { stdio: 'ignore' });
  const kill = () => void child.kill('SIGKILL');
  return { kill, [Symbol.dispose]: kill };
}

const quick = () =>
  ['not-ready', 'unreachable'].map((key) => ({
    key: `node.kubernetes.io/${key}`,
    operator: 'Exists',
    effect: 'NoExecute',
    tolerationSeconds: 2,
  }));

describe('Ctrl-C', () => {
  it('stops everything in order, without a word, and exits with 0', async () => {
    await using short = await startCluster({ nodes: 1 });
    const children = [...short.children().values()];
    expect(children).toHaveLength(COMPONENTS.length);
    expect(await short.interrupt()).toBe(0);
    expect(short.output).not.toContain('started again');
    expect(children.filter((pid) => isAlive(pid))).toEqual([]);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('an ephemeral cluster in a directory that was named', () => {
  it('has its kubeconfig and its logs there, and no database', async () => {
    await using other = await startCluster({ nodes: 1, args: ['--ephemeral'] });
    const run = kubectlOf(findKubectls().at(-1) ?? 'kubectl', other.kubeconfig);
    expect(await run('get', 'nodes')).toContain('node-0');
    expect(readdirSync(other.directory)).toEqual(expect.arrayContaining(['admin.kubeconfig', 'logs', 'pki']));
    expect(existsSync(join(other.directory, 'store'))).toBe(false);
  });
});

describe('what cannot be started says why in one line', () => {
  const run = (...args: string[]) =>
    new Promise<{ code: number | null; stderr: string }>((resolve) => {
      const child = spawn(process.execPath, [join(ROOT, 'dist/cli/main.js'), ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
      let stderr = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        stderr += text;
      });
      child.once('close', (code) => resolve({ code, stderr }));
    });

  it('a second one on the same data directory', async () => {
    const { code, stderr } = await run('up', `--data-dir=${directory}`, '--secure-port=0');
    expect(code).not.toBe(0);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toMatch(/in use by process \d+/);
    expect((await kubectl('get', 'nodes')).length).toBeGreaterThan(0);
  });

  it('a port in use', async () => {
    const server = createServer().listen(0, '0.0.0.0');
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const data = mkdtempSync(join(tmpdir(), 'nanokube-port-'));
    const { code, stderr } = await run('up', `--data-dir=${data}`, `--secure-port=${port}`);
    server.close();
    rmSync(data, { recursive: true, force: true });
    expect(code).not.toBe(0);
    expect(stderr).toContain(String(port));
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('an unreadable certificate', async () => {
    const data = mkdtempSync(join(tmpdir(), 'nanokube-cert-'));
    const broken = join(data, 'broken.crt');
    writeFileSync(broken, 'this is no certificate');
    const { code, stderr } = await run('apiserver', `--data-dir=${data}`, '--secure-port=0', `--client-ca-file=${broken}`);
    rmSync(data, { recursive: true, force: true });
    expect(code).not.toBe(0);
    expect(stderr).toContain('broken.crt');
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it.each([
    [['up', '--nodes=many'], /option --nodes takes a whole number/],
    [['up', '--no-such-option'], /unknown option --no-such-option/],
    [['scheduler', '--kubeconfig=/does/not/exist'], /\/does\/not\/exist/],
    [['fly'], /unknown command "fly"/],
  ])('nanokube %s', async (args, wanted) => {
    const { code, stderr } = await run(...args);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(wanted);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
});
