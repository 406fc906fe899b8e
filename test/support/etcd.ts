/**
 * Real etcd members as child processes, for tests: each with a data directory of its own, on loopback ports that are free.
 *
 * The binary is looked for on the PATH. Tests are skipped, with {@link NO_ETCD} as the reason, when there is none.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, readdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe } from 'vitest';
import { freePorts } from './ports.ts';
import { type TempDirectory, tempDirectory } from './temp-directory.ts';
import { until } from './wait.ts';

export const NO_ETCD = 'there is no etcd on the PATH (Debian: etcd-server and etcd-client)';

const HEALTHY_MS_MAX = 60_000;
const POLL_MS = 10;
/** How often ports are tried again that somebody else took between looking and using. */
const START_TRIES = 3;
const OUTPUT_CHARACTERS_MAX = 20_000;
/** Heartbeat and election of several members, as etcd's own: on a busy machine a leader that is waited for less is taken for dead again and again. */
const TIMES_TOGETHER_MS = [100, 1000] as const;
/** And of one, who has nobody to lose: a test is not to wait for its election. */
const TIMES_ALONE_MS = [20, 200] as const;

/** Where a program is, or undefined. */
export function findOnPath(name: string): string | undefined {
  for (const directory of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(directory, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not there: the next one.
    }
  }
  return undefined;
}

export const findEtcd = (): string | undefined => findOnPath('etcd');
export const findEtcdctl = (): string | undefined => findOnPath('etcdctl');

/** Tests on a real etcd: skipped, and saying why, when there is none. */
export function describeOnEtcd(name: string, tests: () => void): void {
  const there = findEtcd() !== undefined;
  describe.skipIf(!there)(there ? name : `${name} (skipped: ${NO_ETCD})`, tests);
}

export interface EtcdTls {
  /** Paths of PEM files. */
  readonly cert: string;
  readonly key: string;
  /** Clients must have a certificate of this authority. */
  readonly clientCa?: string | undefined;
}

export interface EtcdOptions {
  readonly tls?: EtcdTls | undefined;
  /** More arguments for etcd. */
  readonly args?: readonly string[] | undefined;
}

/** A member that can be hurt. */
export interface EtcdMember extends AsyncDisposable {
  readonly name: string;
  readonly clientUrl: string;
  readonly running: boolean;
  /** Ends it in order. */
  stop(): Promise<void>;
  /** kill -9. */
  kill(): Promise<void>;
  /** SIGSTOP: it hangs, with its connections open. Resolves when its last thread has stopped, which on a busy machine is not at once. */
  pause(): Promise<void>;
  /** SIGCONT. */
  resume(): void;
  /** Starts it again, after a stop or a kill, on the same data and ports. */
  restart(): Promise<void>;
  /** What it printed last. */
  output(): string;
  /** Whether it is the leader of its cluster, by its own account. */
  isLeader(): Promise<boolean>;
}

export interface EtcdCluster extends AsyncDisposable {
  readonly members: readonly EtcdMember[];
  readonly clientUrls: readonly string[];
  /** The member that leads now. */
  leader(): Promise<EtcdMember>;
}

/** Starts one member, and waits until it is healthy. */
export async function startEtcd(options: EtcdOptions = {}): Promise<EtcdMember> {
  const { members } = await startMembers(1, options);
  const [member] = members;
  if (!member) throw new Error('no member was started');
  return member;
}

/** Starts a cluster, and waits until all its members are healthy. */
export function startEtcdCluster(size: number, options: EtcdOptions = {}): Promise<EtcdCluster> {
  return startMembers(size, options);
}

async function startMembers(size: number, options: EtcdOptions): Promise<EtcdCluster> {
  for (let tries = 1; ; tries++) {
    const plans = await planMembers(size, options.tls !== undefined);
    const started = plans.map((plan) => new Member(plan, plans, options));
    try {
      await Promise.all(started.map((member) => member.start('new')));
      return clusterOf(started);
    } catch (error) {
      await Promise.all(started.map((member) => member[Symbol.asyncDispose]()));
      if (tries === START_TRIES || !String(error).includes('address already in use')) throw error;
    }
  }
}

function clusterOf(members: readonly Member[]): EtcdCluster {
  const leader = async () => {
    for (const end = performance.now() + HEALTHY_MS_MAX; performance.now() < end; await pause(POLL_MS)) {
      const answers = await Promise.all(members.map(async (member) => (member.running && (await member.isLeader()) ? member : undefined)));
      const found = answers.find((member) => member !== undefined);
      if (found) return found;
    }
    throw new Error('the cluster has no leader');
  };
  return {
    members,
    clientUrls: members.map(({ clientUrl }) => clientUrl),
    leader,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(members.map((member) => member[Symbol.asyncDispose]()));
    },
  };
}

interface Plan {
  readonly name: string;
  readonly clientUrl: string;
  readonly peerUrl: string;
  readonly metricsUrl: string;
  readonly directory: TempDirectory;
}

async function planMembers(size: number, tls: boolean): Promise<Plan[]> {
  const ports = await freePorts(size * 3);
  const url = (scheme: string) => `${scheme}://127.0.0.1:${ports.pop()}`;
  const member = async (at: number): Promise<Plan> => ({
    name: `m${at}`,
    clientUrl: url(tls ? 'https' : 'http'),
    peerUrl: url('http'),
    metricsUrl: url('http'),
    directory: await tempDirectory(),
  });
  return Promise.all(Array.from({ length: size }, (_, at) => member(at)));
}

/** States of a process's threads, as proc(5) has them: `T` is stopped. */
const threadStates = (pid: number): string[] =>
  readdirSync(`/proc/${pid}/task`).map(
    (thread) => / (\w) \d/.exec(readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8').split(')').at(-1) ?? '')?.[1] ?? '',
  );

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

class Member implements EtcdMember {
  readonly #plan: Plan;
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();
  #output = '';

  constructor(plan: Plan, plans: readonly Plan[], options: EtcdOptions) {
    this.#plan = plan;
    this.#args = argsOf(plan, plans, options);
  }

  get name(): string {
    return this.#plan.name;
  }

  get clientUrl(): string {
    return this.#plan.clientUrl;
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  async start(state: 'new' | 'existing'): Promise<void> {
    const binary = findEtcd();
    if (binary === undefined) throw new Error(NO_ETCD);
    const child = spawn(binary, [...this.#args, '--initial-cluster-state', state], { stdio: ['ignore', 'pipe', 'pipe'] });
    const take = (text: string) => {
      this.#output = (this.#output + text).slice(-OUTPUT_CHARACTERS_MAX);
    };
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    this.#child = child;
    const end = () => child.kill('SIGKILL');
    process.once('exit', end);
    this.#exited = new Promise((resolve) => {
      child.once('close', () => {
        process.removeListener('exit', end);
        if (this.#child === child) this.#child = undefined;
        resolve();
      });
    });
    await this.#healthy();
  }

  async #healthy(): Promise<void> {
    for (const end = performance.now() + HEALTHY_MS_MAX; performance.now() < end; await pause(POLL_MS)) {
      if (!this.running) throw new Error(`etcd ${this.name} has ended:\n${this.#output}`);
      if (await this.#isHealthy()) return;
    }
    throw new Error(`etcd ${this.name} is not healthy after ${HEALTHY_MS_MAX} ms:\n${this.#output}`);
  }

  async #isHealthy(): Promise<boolean> {
    try {
      return ((await (await fetch(`${this.#plan.metricsUrl}/health`)).json()) as { health?: unknown }).health === 'true';
    } catch {
      return false;
    }
  }

  async isLeader(): Promise<boolean> {
    const metrics = await fetch(`${this.#plan.metricsUrl}/metrics`, { signal: AbortSignal.timeout(HEALTHY_MS_MAX) });
    return /^etcd_server_is_leader 1$/m.test(await metrics.text());
  }

  async stop(): Promise<void> {
    this.#child?.kill('SIGTERM');
    await this.#exited;
  }

  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.#exited;
  }

  async pause(): Promise<void> {
    const { pid } = this.#child ?? {};
    if (pid === undefined) throw new Error(`etcd ${this.name} is not running`);
    process.kill(pid, 'SIGSTOP');
    await until(`etcd ${this.name} has stopped`, () => threadStates(pid).every((state) => state === 'T'));
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  async restart(): Promise<void> {
    if (this.running) throw new Error(`etcd ${this.name} is running`);
    await this.start('existing');
  }

  output(): string {
    return this.#output;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await this.#plan.directory[Symbol.asyncDispose]();
  }
}

function argsOf({ name, clientUrl, peerUrl, metricsUrl, directory }: Plan, plans: readonly Plan[], options: EtcdOptions): string[] {
  const { tls, args = [] } = options;
  const [heartbeatMs, electionMs] = plans.length > 1 ? TIMES_TOGETHER_MS : TIMES_ALONE_MS;
  const secure = tls ? ['--cert-file', tls.cert, '--key-file', tls.key] : [];
  const mutual = tls?.clientCa === undefined ? [] : ['--client-cert-auth', '--trusted-ca-file', tls.clientCa];
  return [
    ...['--name', name, '--data-dir', directory.path, '--listen-metrics-urls', metricsUrl],
    ...['--listen-client-urls', clientUrl, '--advertise-client-urls', clientUrl],
    ...['--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl],
    ...['--initial-cluster', plans.map((plan) => `${plan.name}=${plan.peerUrl}`).join(',')],
    ...['--heartbeat-interval', String(heartbeatMs), '--election-timeout', String(electionMs)],
    // What a killed process wrote is in the kernel: only a machine that fails would lose it.
    ...['--unsafe-no-fsync', '--log-level', 'warn', '--logger', 'zap'],
    ...secure,
    ...mutual,
    ...args,
  ];
}
