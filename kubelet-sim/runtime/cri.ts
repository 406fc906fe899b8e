/**
 * The container runtime as the node agent sees it: shaped like CRI's RuntimeService and ImageService, in our words. The agent knows
 * pods; the runtime knows sandboxes, containers and images. Times are milliseconds since the epoch.
 */

/** What a sandbox is to be. */
export interface PodSandboxConfig {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  /** How many sandboxes the pod had before this one. */
  readonly attempt: number;
  readonly hostname: string;
  /** Address range of the node; the sandbox gets its IP from it, unless it uses the host's network. */
  readonly network: SandboxNetwork;
  readonly shareProcessNamespace: boolean;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Where a sandbox's IP comes from. */
export type SandboxNetwork = { readonly host: string } | { readonly pool: IpPool };

/** Addresses to take and give back. */
export interface IpPool {
  /** Undefined when none is left. */
  take(): string | undefined;
  /** Marks an address as in use (after a restart). */
  reserve(ip: string): void;
  release(ip: string): void;
}

export interface PodSandboxStatus {
  readonly id: string;
  readonly ready: boolean;
  readonly createdAt: number;
  readonly attempt: number;
  readonly ip: string;
}

/** A file tree mounted into a container. */
export interface Mount {
  readonly containerPath: string;
  readonly readOnly: boolean;
  /** The tree, or the part of it that `subPath` names. */
  readonly volume: MountableVolume;
  readonly subPath: string;
}

/** What the agent hands the runtime as a volume: opaque to it but for its identity and its files. */
export interface MountableVolume {
  readonly name: string;
  /** Files that follow their source (config maps, secrets, downward API, projected): asked each time they are looked at. */
  readonly files?: (() => Promise<ReadonlyMap<string, VolumeFile>>) | undefined;
}

export interface VolumeFile {
  readonly content: Uint8Array;
  readonly mode: number;
}

export interface PortConfig {
  readonly name: string;
  readonly containerPort: number;
  readonly protocol: string;
}

/** What a container is to be. `environment` is asked only when a process really needs it: a quiet server never does. */
export interface ContainerConfig {
  readonly name: string;
  readonly attempt: number;
  /** As the user wrote it. */
  readonly image: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly workingDir: string;
  readonly environment: () => Promise<ReadonlyMap<string, string>>;
  readonly mounts: readonly Mount[];
  readonly ports: readonly PortConfig[];
  readonly terminationMessagePath: string;
  readonly terminationMessagePolicy: string;
  readonly stdin: boolean;
  readonly stdinOnce: boolean;
  readonly tty: boolean;
  /** Name of the signal that asks it to stop; `SIGTERM` unless the pod says otherwise. */
  readonly stopSignal: string;
  /** Limit of memory in bytes, 0 for none. */
  readonly memoryLimit: number;
}

export type ContainerState = 'created' | 'running' | 'exited';

export interface ContainerStatus {
  readonly id: string;
  readonly name: string;
  readonly attempt: number;
  readonly state: ContainerState;
  readonly createdAt: number;
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly exitCode: number;
  /** `Completed`, `Error`, `OOMKilled`, `StartError`, … once it has exited. */
  readonly reason: string;
  readonly message: string;
  /** Normalised name, e.g. `docker.io/library/nginx:latest`. */
  readonly image: string;
  /** Name with digest. */
  readonly imageRef: string;
}

export interface ExecResult {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly exitCode: number;
}

export type OutputStream = 'stdout' | 'stderr';

/** A process that the other side follows: what exec and attach hand out. */
export interface ProcessStreams {
  readonly stdin?: AsyncIterable<Buffer> | undefined;
  output(stream: OutputStream, chunk: Buffer): void;
  /** Terminal size changes, when there is a terminal. */
  readonly resizes?: AsyncIterable<{ readonly width: number; readonly height: number }> | undefined;
}

export interface ExecRequest {
  readonly command: readonly string[];
  readonly tty: boolean;
  readonly streams: ProcessStreams;
  readonly signal: AbortSignal;
}

/** One line of a log, whole or a part of one that did not end. */
export interface LogEntry {
  readonly time: number;
  readonly stream: OutputStream;
  /** With its newline, if it had one. */
  readonly text: string;
}

/** Something about a container changed: the agent looks again. */
export type ContainerListener = (event: { readonly podUid: string; readonly containerId: string }) => void;

/** A pod as it was before the agent's process ended: what {@link RuntimeService.restore} brings back. */
export interface RestoredSandbox {
  readonly config: PodSandboxConfig;
  readonly ip: string;
  readonly createdAt: number;
  readonly containers: readonly RestoredContainer[];
}

export interface RestoredContainer {
  readonly config: ContainerConfig;
  readonly status: Pick<ContainerStatus, 'id' | 'state' | 'startedAt' | 'finishedAt' | 'exitCode' | 'reason' | 'message'>;
}

export interface RuntimeService {
  readonly name: string;
  readonly version: string;
  /** @throws RuntimeError when the sandbox cannot be made (e.g. no address is left). */
  runPodSandbox(config: PodSandboxConfig): PodSandboxStatus;
  /** Ends the pause process and with it everything in the sandbox; its address is given back. */
  stopPodSandbox(id: string): void;
  removePodSandbox(id: string): void;
  podSandboxStatus(id: string): PodSandboxStatus | undefined;
  /** @throws RuntimeError */
  createContainer(sandboxId: string, config: ContainerConfig): ContainerStatus;
  /** @throws RuntimeError when its process cannot be started; the container has then exited with reason StartError. */
  startContainer(id: string): void;
  /** Sends the stop signal, then SIGKILL after the grace period; resolves once the container has exited. */
  stopContainer(id: string, graceMs: number): Promise<void>;
  removeContainer(id: string): void;
  containerStatus(id: string): ContainerStatus | undefined;
  /** Runs a command in a running container to its end. @throws RuntimeError with code DeadlineExceeded. */
  execSync(id: string, command: readonly string[], timeoutMs: number): Promise<ExecResult>;
  /** Runs a command with streams; resolves with its exit code. */
  exec(id: string, request: ExecRequest): Promise<number>;
  /** Follows a container's main process; resolves when it ends or the signal is aborted. */
  attach(id: string, streams: ProcessStreams, signal: AbortSignal): Promise<void>;
  /** The log from its beginning; with `follow` also what comes, until the container ends. */
  readLog(id: string, options: { readonly follow: boolean; readonly signal: AbortSignal }): AsyncIterable<readonly LogEntry[]>;
  /** Opens a connection to a port of the sandbox. @throws RuntimeError when nobody listens. */
  connect(sandboxId: string, port: number): Connection;
  onContainerEvent(listener: ContainerListener): void;
  /** Brings back what ran before this process started. */
  restore(sandbox: RestoredSandbox): PodSandboxStatus;
}

/** An answer of the program that listens on a port. */
export interface Connection {
  /** A minimal HTTP exchange, for probes and hooks. */
  http(request: {
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
  }): Promise<{ readonly status: number; readonly body: string }>;
  /** Raw bytes both ways, for port forwarding. */
  pipe(input: AsyncIterable<Buffer>, output: (chunk: Buffer) => void): Promise<void>;
}

export interface Image {
  readonly name: string;
  readonly ref: string;
  readonly sizeBytes: number;
}

export interface ImageService {
  /** The image, if the node has it. */
  imageStatus(image: string): Image | undefined;
  /** @throws RuntimeError with the registry's complaint. */
  pullImage(image: string, credentials: readonly RegistryCredential[], signal: AbortSignal): Promise<Image>;
  listImages(): readonly Image[];
}

/** What an image pull secret holds for one registry. */
export interface RegistryCredential {
  readonly registry: string;
  readonly username: string;
  readonly password: string;
}

/** gRPC codes a runtime answers with. */
export type RuntimeErrorCode = 'NotFound' | 'Unknown' | 'DeadlineExceeded' | 'FailedPrecondition' | 'InvalidArgument';

/** A runtime's error, as a gRPC client would see it. */
export class RuntimeError extends Error {
  override readonly name = 'RuntimeError';
  readonly code: RuntimeErrorCode;
  readonly description: string;

  constructor(code: RuntimeErrorCode, description: string) {
    super(`rpc error: code = ${code} desc = ${description}`);
    this.code = code;
    this.description = description;
  }
}
