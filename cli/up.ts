import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { isWanted } from '../controller-manager/controller-options.ts';
import { helpText, makePrivateDirectory, runMain, type Service, systemClock, UserError } from '../runtime/index.ts';
import { AdminRequests } from './admin-requests.ts';
import { dnsAddressIn, nodeAddressArguments } from './cluster-addresses.ts';
import { ensureCoreDns } from './coredns.ts';
import { ensureCsiHostPath } from './csi-hostpath.ts';
import { ensureDefaultStorageClass } from './default-storage-class.ts';
import { ensureIngressNginx, finishIngressNginx } from './ingress-nginx.ts';
import { printSummary } from './summary.ts';
import { ChildFailed, Supervisor, type SupervisorOptions } from './supervisor.ts';
import { createTerminal, type Terminal } from './terminal.ts';
import { readUpOptions, UP_OPTIONS, type UpOptions } from './up-options.ts';
import { waitForNodes } from './wait-for-nodes.ts';

/** How long nodes may take to become Ready before the command gives up: some seconds, and more for many nodes. */
const NODES_READY_MS = 60_000;
const NODES_READY_MS_PER_NODE = 50;
/** Who gives nodes their ranges of pod addresses. */
const NODE_IPAM = { name: 'node-ipam-controller', alias: 'nodeipam' };
/** Who frees nodes for pods once they are Ready. */
const NODE_LIFECYCLE = { name: 'node-lifecycle-controller', alias: 'nodelifecycle' };

/** `nanokube up`: every process as a child of this one, until a signal. */
export async function main(argv: readonly string[]): Promise<void> {
  await runMain(() => {
    const options = readUpOptions(argv);
    if (options.help) {
      process.stdout.write(helpText('nanokube up [OPTIONS]', 'Starts a whole cluster and keeps it running.', UP_OPTIONS));
      process.exit(0);
    }
    return new Cluster(options, createTerminal(process.stdout, process.stderr));
  });
}

/** The processes of one cluster. */
class Cluster implements Service {
  readonly #options: UpOptions;
  readonly #terminal: Terminal;
  readonly #directory: string;
  readonly #startedAt = systemClock.monotonic();
  /** Where the components serve their health. */
  readonly #ports = new Map<string, number>();
  #children: Supervisor[] = [];
  /** The port the API server got: kept when it is started again. */
  #port: number;

  constructor(options: UpOptions, terminal: Terminal) {
    this.#options = options;
    this.#terminal = terminal;
    this.#port = options.values['secure-port'];
    this.#directory = options.directory === undefined ? mkdtempSync(join(tmpdir(), 'nanokube-')) : resolve(options.directory);
  }

  async start(): Promise<void> {
    const logDirectory = this.#makeDirectory('logs');
    const child = (component: SupervisorOptions['component'], args: () => readonly string[]) =>
      this.#supervise(logDirectory, component, args);
    const apiServer = child('apiserver', () => this.#apiServerArgv());
    const others = [
      child('controller-manager', () => this.#clientArgv('controller-manager')),
      child('scheduler', () => this.#clientArgv('scheduler')),
      ...(this.#options.values.nodes > 0 ? [child('kubelet-sim', () => this.#clientArgv('kubelet'))] : []),
    ];
    this.#children = [apiServer, ...others];
    try {
      await this.#bringUp(apiServer, others);
    } catch (error) {
      await this.stop();
      throw error instanceof ChildFailed ? new UserError(error.message) : error;
    }
  }

  async stop(): Promise<void> {
    // Those that talk to the API server first, so that their last writes find it.
    const [apiServer, ...others] = this.#children;
    this.#children = [];
    await Promise.all(others.map((child) => child.stop()));
    await apiServer?.stop();
    if (this.#options.directory === undefined) rmSync(this.#directory, { recursive: true, force: true });
  }

  async #bringUp(apiServer: Supervisor, others: readonly Supervisor[]): Promise<void> {
    for (const child of this.#children) child.spawn();
    const { url } = await apiServer.begin();
    if (url === undefined) throw new Error('the API server did not say where it listens');
    this.#port = Number(new URL(url).port);
    this.#stage(`API server at ${url}`);
    await Promise.all(others.map((child) => child.begin()));
    this.#stage('controller-manager, scheduler and kubelet-sim');
    const { nodes, controllers, addons, 'default-storage-class': storageClass } = this.#options.values;
    using requests = new AdminRequests(url, join(this.#directory, 'admin.kubeconfig'));
    if (storageClass !== '') await ensureDefaultStorageClass(requests, storageClass);
    if (addons.includes('coredns')) await ensureCoreDns(requests, this.#dnsAddress());
    if (addons.includes('csi-hostpath')) await ensureCsiHostPath(requests, systemClock);
    const hasIngress = addons.includes('ingress');
    if (hasIngress) await ensureIngressNginx(requests);
    await waitForNodes({
      requests,
      nodes,
      clock: systemClock,
      timeoutMs: NODES_READY_MS + nodes * NODES_READY_MS_PER_NODE,
      areFreed: isWanted(NODE_LIFECYCLE, controllers),
    });
    this.#stage(`${nodes} ${nodes === 1 ? 'node' : 'nodes'} Ready`);
    if (hasIngress) {
      await finishIngressNginx(requests, systemClock, nodes);
      this.#stage('ingress-nginx');
    }
    printSummary(this.#terminal, { url, directory: this.#directory, nodes, tookMs: this.#tookMs() });
  }

  #supervise(logDirectory: string, component: SupervisorOptions['component'], argv: () => readonly string[]): Supervisor {
    return new Supervisor({
      component,
      logDirectory,
      clock: systemClock,
      argv,
      echo: this.#options.values['log-to-terminal'] ? this.#echo(component) : undefined,
      onReady: ({ url }) => this.#notePort(component, url),
      onRestart: ({ code, signal, delayMs }) =>
        this.#terminal.error(
          `${component} ended (${signal ?? `exit code ${code}`}); it is started again in ${delayMs / 1000} s (see ${logDirectory})`,
        ),
    });
  }

  /** Ports that were taken by another cluster are others: the API server, which is asked how the components are, reads which. */
  #notePort(component: SupervisorOptions['component'], url: string | undefined): void {
    if (url === undefined || component === 'apiserver') return;
    this.#ports.set(component, Number(new URL(url).port));
    const temporary = `${this.#portsFile}.tmp`;
    writeFileSync(temporary, `${JSON.stringify(Object.fromEntries(this.#ports))}\n`);
    renameSync(temporary, this.#portsFile);
  }

  get #portsFile(): string {
    return join(this.#directory, 'component-ports.json');
  }

  #echo(component: string): (text: string) => void {
    return (text) => {
      for (const line of text.split('\n')) if (line !== '') this.#terminal.line(`${this.#terminal.dim(component.padEnd(18))} ${line}`);
    };
  }

  #apiServerArgv(): string[] {
    const { ephemeral, 'log-level': level } = this.#options.values;
    return [
      // What is given comes after, and wins.
      '--admission-policy-status',
      '--enable-admission-plugins=NodeRestriction',
      '--runtime-config=metrics.k8s.io/v1beta1=true',
      ...this.#options.apiServerArgv,
      `--data-dir=${this.#directory}`,
      `--component-ports-file=${this.#portsFile}`,
      `--secure-port=${this.#port}`,
      `--log-level=${level}`,
      ...(ephemeral ? ['--ephemeral'] : []),
    ];
  }

  #clientArgv(name: 'controller-manager' | 'scheduler' | 'kubelet'): string[] {
    const values = this.#options.values;
    return [
      `--kubeconfig=${join(this.#directory, `${name}.kubeconfig`)}`,
      `--log-level=${values['log-level']}`,
      // There is one of each, which this process sees to: waiting for a dead one's lease would only cost time.
      ...(name === 'kubelet' ? [`--nodes=${values.nodes}`] : ['--leader-elect=false', '--secure-port-fallback']),
      ...(name === 'kubelet' && values['node-classes'] !== undefined ? [`--node-classes=${values['node-classes']}`] : []),
      ...(name === 'kubelet' ? this.#addressArgv() : []),
      ...(name === 'controller-manager' ? this.#controllerArgv() : []),
    ];
  }

  /** The address that pods ask for names. */
  #dnsAddress(): string {
    const { values, addressArgv } = this.#options;
    const isGiven = addressArgv.some((argument) => argument.startsWith('--cluster-dns='));
    return (isGiven ? undefined : dnsAddressIn(values['service-cluster-ip-range'])) ?? values['cluster-dns'][0] ?? '';
  }

  /** What follows from the cluster's ranges, unless it is given. */
  #addressArgv(): string[] {
    const { values, addressArgv: given } = this.#options;
    const derived = nodeAddressArguments({
      services: values['service-cluster-ip-range'],
      pods: values['cluster-cidr'],
      areAllocated: values['allocate-node-cidrs'] && isWanted(NODE_IPAM, values.controllers),
    });
    const nameOf = (argument: string) => argument.split('=', 1)[0];
    const givenNames = new Set(given.map(nameOf));
    return [...derived.filter((argument) => !givenNames.has(nameOf(argument))), ...given];
  }

  /** What is given comes after, and wins; but a second list of controllers would be added to the first. */
  #controllerArgv(): string[] {
    const given = this.#options.controllerArgv;
    const isChosen = given.some((argument) => argument.startsWith('--controllers='));
    return [...(isChosen ? [] : ['--controllers=*,bootstrapsigner,tokencleaner']), ...this.#signingArgv(), ...given];
  }

  /** Where the keys are, for the one process that signs with them; not the CA's when that is kept elsewhere. */
  #signingArgv(): string[] {
    const ca = join(this.#directory, 'pki', 'ca');
    const option = '--service-account-signing-key-file=';
    const given = this.#options.apiServerArgv.find((argument) => argument.startsWith(option));
    return [
      ...(existsSync(`${ca}.key`) ? [`--cluster-signing-cert-file=${ca}.crt`, `--cluster-signing-key-file=${ca}.key`] : []),
      `--service-account-private-key-file=${given ? resolve(given.slice(option.length)) : join(this.#directory, 'pki', 'sa.key')}`,
    ];
  }

  #makeDirectory(name: string): string {
    const path = join(this.#directory, name);
    try {
      makePrivateDirectory(path);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new UserError(`the data directory ${this.#directory} cannot be used (${why}); give another with --data-dir`);
    }
    return path;
  }

  #stage(text: string): void {
    this.#terminal.stage(text, this.#tookMs());
  }

  #tookMs(): number {
    return systemClock.monotonic() - this.#startedAt;
  }
}
