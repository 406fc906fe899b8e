import { type Clock, seededRandom, VirtualClock } from '../../runtime/index.ts';
import { PodAddresses } from '../node/pod-addresses.ts';
import type { ContainerConfig, ContainerStatus, MountableVolume, PodSandboxConfig } from '../runtime/cri.ts';
import { ImageCatalog, type ImageEntry } from '../runtime/simulated/image-catalog.ts';
import type { ClusterDirectory } from '../runtime/simulated/network/cluster-directory.ts';
import type { SimulatedHost } from '../runtime/simulated/sandbox.ts';
import { ImageLibrary, SimulatedImages } from '../runtime/simulated/simulated-images.ts';
import { SimulatedRuntime } from '../runtime/simulated/simulated-runtime.ts';

export const NODE_IP = '172.18.0.2';

/** What differs from a container that sleeps. */
export type ContainerWish = Partial<ContainerConfig> & {
  readonly script?: string | undefined;
  /** Whether to wait until nothing is left to do at this moment; else only as the kubelet waits. */
  readonly settle?: boolean | undefined;
};

/** A runtime without an agent: sandboxes and containers, on a clock that a test moves. */
export class TestRuntime {
  readonly clock = new VirtualClock();
  readonly runtime: SimulatedRuntime;
  readonly images: SimulatedImages;
  readonly host: SimulatedHost;
  readonly changes: string[] = [];
  readonly #pool = new PodAddresses('10.244.0.0/24');

  constructor(
    options: {
      readonly directory?: ClusterDirectory;
      readonly catalog?: readonly ImageEntry[];
      readonly private?: readonly string[];
      /** The node's address of the other family. */
      readonly secondIp?: string;
      /** The clock that containers have, over the one that is moved. */
      readonly clock?: (below: Clock) => Clock;
    } = {},
  ) {
    const clock = options.clock?.(this.clock) ?? this.clock;
    this.host = { clock, random: seededRandom(7), network: new Map(), nodes: new Map(), directory: options.directory };
    const catalog = new ImageCatalog(options.catalog);
    this.images = new SimulatedImages(new ImageLibrary({ catalog, clock, privateRegistries: options.private }));
    this.runtime = new SimulatedRuntime(this.host, this.images, { name: 'node-0', ip: NODE_IP, secondIp: options.secondIp });
    this.runtime.onContainerEvent(({ podUid, containerId }) =>
      this.changes.push(containerId === '' ? `sandbox of ${podUid}` : containerId),
    );
  }

  /** Makes a sandbox; answers its ID. */
  sandbox(wish: Partial<PodSandboxConfig> = {}): string {
    const name = wish.name ?? 'web';
    const network = wish.namespaces?.network === 'node' ? { host: NODE_IP } : { pool: this.#pool };
    const usual = { name, namespace: 'default', uid: `uid-${name}`, attempt: 0, hostname: name, network, annotations: {} };
    return this.runtime.runPodSandbox({ ...usual, ...wish }).id;
  }

  /** Makes and starts a container; answers its ID. A script runs in `sh`. */
  async start(sandboxId: string, { script, settle = true, ...wish }: ContainerWish = {}): Promise<string> {
    const config: ContainerConfig = {
      name: 'main',
      attempt: 0,
      image: 'busybox',
      command: script === undefined ? [] : ['sh', '-c', script],
      args: [],
      workingDir: '',
      environment: () => Promise.resolve(new Map()),
      mounts: [],
      ports: [],
      terminationMessagePath: '/dev/termination-log',
      terminationMessagePolicy: 'File',
      stdin: false,
      stdinOnce: false,
      tty: false,
      stopSignal: '',
      ...wish,
    };
    this.images.preload(config.image);
    const { id } = this.runtime.createContainer(sandboxId, config);
    await this.runtime.startContainer(id);
    if (settle) await this.pass(0);
    return id;
  }

  /** A pod of one container that runs a script; answers the container's ID. */
  run(script: string, wish: ContainerWish = {}): Promise<string> {
    return this.start(this.sandbox(), { script, ...wish });
  }

  /** Runs a script in a running container; answers what it says, with `!` before what goes to standard error, and its exit code. */
  async exec(id: string, script: string, seconds = 1): Promise<{ text: string; code: number }> {
    let text = '';
    const output = (stream: 'stdout' | 'stderr', chunk: Buffer) => {
      text += `${stream === 'stderr' ? '!' : ''}${chunk.toString()}`;
    };
    const { signal } = new AbortController();
    const done = this.runtime.exec(id, { command: ['sh', '-c', script], tty: false, streams: { output }, signal });
    let code: number | undefined;
    done.then(
      (exitCode) => {
        code = exitCode;
      },
      () => undefined,
    );
    for (let i = 0; i < seconds && code === undefined; i++) await this.pass(1);
    return { text, code: code ?? -1 };
  }

  /** What a script says, which must not fail. */
  async say(id: string, script: string, seconds = 1): Promise<string> {
    return (await this.exec(id, script, seconds)).text;
  }

  status(id: string): ContainerStatus {
    const status = this.runtime.containerStatus(id);
    if (!status) throw new Error(`there is no container ${id}`);
    return status;
  }

  /** State, reason and exit code in a word. */
  state(id: string): string {
    const { state, reason, exitCode } = this.status(id);
    return state === 'exited' ? `${reason} ${exitCode}` : state;
  }

  async log(id: string): Promise<string> {
    let text = '';
    const { signal } = new AbortController();
    for await (const batch of this.runtime.readLog(id, { follow: false, signal }))
      text += batch.map(({ stream, text: line }) => `${stream === 'stderr' ? '!' : ''}${line}`).join('');
    return Buffer.from(text, 'latin1').toString();
  }

  /** Time goes on, in steps small enough for promises to settle between them. */
  async pass(seconds: number): Promise<void> {
    const settle = async () => {
      for (let i = 0; i < 40; i++) await new Promise((resolve) => setImmediate(resolve));
    };
    await settle();
    await this.clock.advance(seconds * 1000);
    await settle();
    await this.clock.advance(0);
  }
}

/** A mounted volume. */
export const mounted = (
  volume: MountableVolume,
  containerPath: string,
  more: { readonly readOnly?: boolean; readonly subPath?: string } = {},
) => ({
  containerPath,
  readOnly: more.readOnly ?? false,
  subPath: more.subPath ?? '',
  volume,
});
