import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { ROOT } from './sources.ts';

/** A cluster of real processes, started by the command a user types. */
export interface TestCluster extends AsyncDisposable {
  readonly directory: string;
  readonly kubeconfig: string;
  readonly url: string;
  /** What the command printed so far. */
  readonly output: string;
  readonly process: ChildProcess;
  /** Process ids of the children, by component. */
  children(): ReadonlyMap<string, number>;
  /** Ends the command with a signal and waits for it. */
  end(signal: NodeJS.Signals): Promise<number | null>;
  /** Ctrl-C: the signal goes to the whole process group. */
  interrupt(): Promise<number | null>;
}

export interface StartOptions {
  readonly nodes?: number;
  /** Data of an earlier cluster; default a new folder, removed at the end. */
  readonly directory?: string;
  readonly port?: number;
  readonly args?: readonly string[];
}

const READY_MS_MAX = 120_000;

/** Runs `nanokube up` from the compiled files, as `npm start` does, and waits for its last line. */
export async function startCluster({ nodes = 3, directory, port = 0, args = [] }: StartOptions = {}): Promise<TestCluster> {
  const data = directory ?? mkdtempSync(join(tmpdir(), 'nanokube-test-'));
  const argv = [join(ROOT, 'dist/cli/main.js'), 'up', `--nodes=${nodes}`, `--data-dir=${data}`, `--secure-port=${port}`, ...args];
  // In a process group of its own, as a command typed at a terminal is.
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const exited = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  const end = (signal: NodeJS.Signals) => {
    child.kill(signal);
    return exited;
  };
  const dispose = async () => {
    if (child.exitCode === null && child.signalCode === null) await end('SIGTERM');
    if (directory === undefined) rmSync(data, { recursive: true, force: true });
  };
  const url = await waitFor(
    () => /^nanokube is ready: (\S+),.*$/m.exec(output)?.[1] ?? child.exitCode !== null,
    READY_MS_MAX,
    () => 'the cluster did not become ready',
  ).catch(() => true);
  if (typeof url !== 'string') {
    const why = `nanokube up ${child.exitCode === null ? 'did not become' : 'ended before it was'} ready: ${output}\n${logsOf(data)}`;
    // Others' tests shall not run beside what nobody uses.
    await dispose();
    throw new Error(why);
  }
  return {
    directory: data,
    kubeconfig: join(data, 'admin.kubeconfig'),
    url,
    process: child,
    get output() {
      return output;
    },
    children: () => childrenOf(child.pid ?? 0),
    end,
    interrupt: () => {
      process.kill(-(child.pid ?? 0), 'SIGINT');
      return exited;
    },
    [Symbol.asyncDispose]: dispose,
  };
}

/** The last lines of every log of a cluster, for a failing test's message. */
export function logsOf(directory: string): string {
  const logs = join(directory, 'logs');
  if (!existsSync(logs)) return '(no logs)';
  return readdirSync(logs)
    .map((name) => `--- ${name}\n${readFileSync(join(logs, name), 'utf8').split('\n').slice(-15).join('\n')}`)
    .join('\n');
}

function childrenOf(parent: number): ReadonlyMap<string, number> {
  const pids = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  return new Map(pids.map((pid) => [readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').at(-2) ?? '', pid]));
}

/** Waits for a condition; the message is asked for when the time is up. */
export async function waitFor<T>(condition: () => T | Promise<T>, timeoutMs: number, message: () => string): Promise<T> {
  const end = Date.now() + timeoutMs;
  let lastError: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value;
    } catch (error) {
      lastError = error;
    }
    if (Date.now() > end) throw new Error(`${message()}${lastError ? ` (last error: ${String(lastError)})` : ''}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Kubectl {
  /** Runs it; a non-zero exit is a failure that shows everything it printed. */
  (...args: string[]): Promise<string>;
  /** Runs it, whatever the exit code. */
  readonly run: (args: readonly string[], options?: RunOptions) => Promise<CommandResult>;
  /** Runs it until its output matches, alone or with its errors behind it, or is the text that is wanted. @returns what it printed then. */
  readonly until: (args: readonly string[], wanted: RegExp | string) => Promise<string>;
  /** Where it is. */
  readonly binary: string;
  /** The 33 of 1.33. */
  readonly minor: number;
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

const KUBECTL_MS_MAX = 120_000;
const UNTIL_MS_MAX = 120_000;

/** The kubectl binaries of this machine: `kubectl` on the path and `kubectl.1.NN` beside it, or beside what it is a link to. */
export function findKubectls(): string[] {
  const folders = (process.env.PATH ?? '').split(':').filter((folder) => folder !== '' && existsSync(folder));
  const linked = folders
    .map((folder) => join(folder, 'kubectl'))
    .filter((path) => existsSync(path))
    .map((path) => dirname(realpathSync(path)));
  const found = [...new Set([...folders, ...linked])].flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => /^kubectl(?:\.1\.\d+)?$/.test(name))
      .map((name) => join(folder, name)),
  );
  return [...new Map(found.map((path) => [path.split('/').at(-1), path])).values()].sort();
}

/** The 33 of kubectl 1.33: what is asked of it must be there. Debian's is 1.20. */
export function minorVersionOf(binary: string): number {
  const said = execFileSync(binary, ['version', '--client', '-o', 'json'], { encoding: 'utf8' });
  return Number.parseInt((JSON.parse(said) as { clientVersion: { minor: string } }).clientVersion.minor, 10);
}

/** Skips the tests of a file, or of what it is called in, where the newest kubectl is older than they need: the README asks for 1.27. */
export function needsKubectl(minor = 27): void {
  const newest = findKubectls().at(-1);
  const isOld = newest === undefined || minorVersionOf(newest) < minor;
  beforeEach(({ skip }) => skip(isOld, `there is no kubectl 1.${minor} or newer on the PATH`));
}

/** Options of {@link useCluster}. */
export interface UseOptions extends Omit<StartOptions, 'directory'> {
  /** What is applied before the tests: a file of `test/e2e/manifests`, without its ending. */
  readonly manifest?: string;
}

/** For the tests of a file: a cluster that is there while they run, and the newest kubectl on it. */
export function useCluster({ manifest, ...options }: UseOptions = {}): { readonly cluster: TestCluster; readonly kubectl: Kubectl } {
  let cluster: TestCluster | undefined;
  const started = (): TestCluster => {
    if (!cluster) throw new Error('the cluster is there while tests run, not before');
    return cluster;
  };
  const kubectl = kubectlOf(findKubectls().at(-1) ?? 'kubectl', () => started().kubeconfig);
  beforeAll(async () => {
    cluster = await startCluster(options);
    if (manifest !== undefined) await kubectl('apply', '-f', manifestFile(manifest));
  });
  afterAll(() => cluster?.[Symbol.asyncDispose]());
  return {
    get cluster() {
      return started();
    },
    kubectl,
  };
}

/** @returns the path of a file of `test/e2e/manifests`, named without its ending. */
export const manifestFile = (name: string): string => join(ROOT, 'test/e2e/manifests', `${name}.yaml`);

/**
 * A kubectl on a cluster, whose configuration may come to be later. On one thread: before 1.34 (kubernetes/kubernetes#131203) the one that reads
 * an exec's WebSocket may be ahead of the one that makes the streams, and then what was said is lost.
 */
export function kubectlOf(binary: string, kubeconfig: string | (() => string)): Kubectl {
  const config = typeof kubeconfig === 'string' ? () => kubeconfig : kubeconfig;
  const run = (args: readonly string[], { input, env = {}, timeoutMs = KUBECTL_MS_MAX }: RunOptions = {}) =>
    new Promise<CommandResult>((resolve) => {
      const child = execFile(
        binary,
        ['--kubeconfig', config(), ...args],
        { timeout: timeoutMs, maxBuffer: 2 ** 26, env: { ...process.env, GOMAXPROCS: '1', ...env } },
        (error, stdout, stderr) => resolve({ code: error ? (typeof error.code === 'number' ? error.code : 1) : 0, stdout, stderr }),
      );
      // A kubectl that ends without reading its input has said why in its exit code.
      child.stdin?.on('error', () => undefined).end(input ?? '');
    });
  const call = async (...args: string[]) => {
    const { code, stdout, stderr } = await run(args);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')} failed (${code}): ${stderr}${stdout}`);
    return stdout;
  };
  const until = async (args: readonly string[], wanted: RegExp | string) => {
    let last = '';
    const isWanted = async () => {
      const { stdout, stderr } = await run(args);
      last = stdout + stderr;
      return typeof wanted === 'string' ? stdout === wanted : wanted.test(stdout) || wanted.test(last);
    };
    const failure = () => `kubectl ${args.join(' ')} never said ${wanted}, last: ${last}\n${logsOf(dirname(config()))}`;
    await waitFor(isWanted, UNTIL_MS_MAX, failure);
    return last;
  };
  return Object.assign(call, { run, until, binary, minor: minorVersionOf(binary) });
}
