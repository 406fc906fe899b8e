import { type ChildProcess, execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiServerProcess, startApiServerProcess } from '../support/api-server-process.ts';
import { ROOT } from '../support/sources.ts';
import { type TempDirectory, tempDirectory } from '../support/temp-directory.ts';

const MAIN = join(ROOT, 'dist/cli/main.js');

let directory: TempDirectory;
let server: ApiServerProcess;

beforeAll(async () => {
  directory = await tempDirectory();
  server = await startApiServerProcess(directory.path);
});

afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await directory?.[Symbol.asyncDispose]();
});

/** What kubeadm 1.34 writes into the manifest of the static pod, with the files of this cluster. */
function kubeadmLine(): string[] {
  const pki = (name: string) => join(directory.path, 'pki', name);
  const { kubeconfig } = server;
  return [
    '--allocate-node-cidrs=true',
    `--authentication-kubeconfig=${kubeconfig}`,
    `--authorization-kubeconfig=${kubeconfig}`,
    '--bind-address=127.0.0.1',
    `--client-ca-file=${pki('ca.crt')}`,
    '--cluster-cidr=10.244.0.0/16',
    '--cluster-name=kubernetes',
    `--cluster-signing-cert-file=${pki('ca.crt')}`,
    `--cluster-signing-key-file=${pki('ca.key')}`,
    '--controllers=*,bootstrapsigner,tokencleaner',
    `--kubeconfig=${kubeconfig}`,
    '--leader-elect=true',
    `--requestheader-client-ca-file=${pki('ca.crt')}`,
    `--root-ca-file=${pki('ca.crt')}`,
    `--service-account-private-key-file=${pki('sa.key')}`,
    '--service-cluster-ip-range=10.96.0.0/12',
    '--use-service-account-credentials=true',
  ];
}

interface LogLine {
  readonly msg?: string;
  readonly level?: number;
  readonly option?: string;
  readonly controllers?: readonly string[];
}

/** Runs it until it has said that the controllers work, and gives what it logged. */
async function logOf(argv: readonly string[]): Promise<LogLine[]> {
  const child = fork(MAIN, ['controller-manager', ...argv], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  let output = '';
  const note = (text: string) => {
    output += text;
  };
  child.stdout?.setEncoding('utf8').on('data', note);
  child.stderr?.setEncoding('utf8').on('data', note);
  try {
    await ready(child, () => output);
  } finally {
    await ended(child);
  }
  return output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line): LogLine => JSON.parse(line));
}

const ready = (child: ChildProcess, output: () => string): Promise<void> =>
  new Promise((resolve, reject) => {
    child.once('message', () => resolve());
    child.once('exit', (code) => reject(new Error(`the controller manager ended with ${code}: ${output()}`)));
  });

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  await closed;
}

describe('nanokube controller-manager', () => {
  it('starts with the command line that kubeadm gives kube-controller-manager, and says what of it has no effect', async () => {
    // The port alone is ours: upstream's may be taken by another cluster of this machine.
    const log = await logOf([...kubeadmLine(), '--secure-port-fallback']);
    const told = log.filter(({ msg }) => msg === 'option has no effect here').map(({ option }) => option);
    expect(told).toEqual(['--cluster-name', '--use-service-account-credentials']);
    const { controllers } = log.find(({ msg }) => msg === 'controllers started') ?? {};
    expect(controllers).toEqual(expect.arrayContaining(['bootstrap-signer-controller', 'token-cleaner-controller', 'job-controller']));
  });

  it('starts the controllers one after another, without the garbage collector, and tells more, when it is told so', async () => {
    const kubeconfig = `--kubeconfig=${server.kubeconfig}`;
    const few = '--controllers=job,garbagecollector,-selinux-warning-controller';
    const log = await logOf([kubeconfig, few, '--enable-garbage-collector=false', '--leader_elect=false', '--secure-port=0', '-v=6']);
    expect(log.find(({ msg }) => msg === 'controllers started')?.controllers).toEqual(['job-controller']);
    expect(log.some(({ level = 0 }) => level < 30)).toBe(true);
  });

  it.each([
    [['--no-such-option'], 'nanokube: unknown option --no-such-option; --help lists the options there are\n'],
    [['stray'], 'nanokube: controller-manager takes no arguments, only options: "stray" is none\n'],
    [['--cloud-provider=aws'], 'nanokube: option --cloud-provider takes nothing or external, not "aws"\n'],
  ])('refuses %s', async (argv, stderr) => {
    await expect(promisify(execFile)(process.execPath, [MAIN, 'controller-manager', ...argv])).rejects.toMatchObject({ code: 2, stderr });
  });

  it('says its version', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [MAIN, 'controller-manager', '--version']);
    expect(stdout).toBe('Kubernetes v1.34.9\n');
  });

  it('cannot keep a lease for longer than it is given', async () => {
    const argv = [MAIN, 'controller-manager', '--secure-port=0', '--leader-elect-lease-duration=1s', `--kubeconfig=${server.kubeconfig}`];
    const stderr = 'nanokube: leaseDuration must be greater than renewDeadline\n';
    await expect(promisify(execFile)(process.execPath, argv)).rejects.toMatchObject({ stderr });
  });
});
