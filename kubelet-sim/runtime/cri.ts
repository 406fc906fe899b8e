/**
 * The container runtime as the node agent sees it: shaped like CRI's RuntimeService, in our words; its ImageService is beside it. The agent
 * knows pods; the runtime knows sandboxes and containers. Times are milliseconds since the epoch.
 */

import type { PodSource } from './control-group.ts';
import type { NodeDrivers } from './node-drivers.ts';
import type { NodeSockets } from './node-sockets.ts';
import type { ContainerStats, PodSandboxStats, VolumeUsage } from './usage.ts';

/** What a sandbox is to be. Fields that are absent have the value that a plain pod has. */
export interface PodSandboxConfig {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  /** How many sandboxes the pod had before this one. */
  readonly attempt: number;
  /** Name of the UTS namespace: what `hostname` answers. */
  readonly hostname: string;
  /** Domain under which the host name is also known, for `/etc/hosts`: `SUBDOMAIN.NAMESPACE.svc.CLUSTER-DOMAIN`. */
  readonly domain?: string | undefined;
  /** Address range of the node; the sandbox gets its IP from it, unless it uses the host's network. */
  readonly network: SandboxNetwork;
  readonly namespaces?: NamespaceOptions | undefined;
  /** What `/etc/resolv.conf` says; the cluster's own DNS unless given. */
  readonly dns?: DnsConfig | undefined;
  /** Lines that `/etc/hosts` has beside those of its own. */
  readonly hostAliases?: readonly HostAlias[] | undefined;
  /** Kernel parameters of its namespaces, seen under `/proc/sys`. */
  readonly sysctls?: Readonly<Record<string, string>> | undefined;
  /** Ports of the node that lead to it. */
  readonly portMappings?: readonly PortMapping[] | undefined;
  /** Handler that a RuntimeClass names; `''` for the usual one. */
  readonly runtimeHandler?: string | undefined;
  /** CRI's `cgroup_parent` and `resources`, and more of the pod; asked for when somebody looks. */
  readonly resources?: PodSource | undefined;
  /** What network policies select it by. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Whose namespace it is: the pod's, one container's own, the node's, or that of another container (`targetId`). */
export type NamespaceMode = 'pod' | 'container' | 'node' | 'target';

/** CRI's NamespaceOption; what is absent is `pod`, but for processes, where it is `container`. */
export interface NamespaceOptions {
  readonly network?: 'pod' | 'node' | undefined;
  readonly pid?: NamespaceMode | undefined;
  readonly ipc?: 'pod' | 'node' | undefined;
  /** Users of its own, or the node's, which is what is when it is absent. */
  readonly user?: 'pod' | undefined;
  /** Container whose processes are shared, with `pid: 'target'`. */
  readonly targetId?: string | undefined;
}

export interface DnsConfig {
  readonly servers: readonly string[];
  readonly searches: readonly string[];
  readonly options: readonly string[];
}

export interface HostAlias {
  readonly ip: string;
  readonly hostnames: readonly string[];
}

export interface PortMapping {
  readonly protocol: string;
  readonly containerPort: number;
  readonly hostPort: number;
  readonly hostIP: string;
}

/** Where a sandbox's addresses come from. */
export type SandboxNetwork = { readonly host: string } | { readonly pool: IpPool };

/** Addresses to take and give back: with a second range each of them stands for one of that too. */
export interface IpPool {
  /** Undefined when none is left. */
  take(): string | undefined;
  /** Marks an address as in use (after a restart). */
  reserve(ip: string): void;
  release(ip: string): void;
  /** The address of the other family that goes with one; undefined when the pool has one range. */
  secondOf(ip: string): string | undefined;
}

export interface PodSandboxStatus {
  readonly id: string;
  readonly ready: boolean;
  readonly createdAt: number;
  readonly attempt: number;
  readonly ip: string;
  /** CRI's `additional_ips`: the address of the other family, where there are two. */
  readonly secondIp?: string | undefined;
  /** Of the pause process, as the node sees it; 0 once it is dead. */
  readonly pid: number;
}

/** A sandbox as lists show it. */
export interface PodSandboxItem extends PodSandboxStatus {
  readonly podUid: string;
  readonly name: string;
  readonly namespace: string;
}

/** A file tree mounted into a container. */
export interface Mount {
  readonly containerPath: string;
  readonly readOnly: boolean;
  /** The tree, or the part of it that `subPath` names. */
  readonly volume: MountableVolume;
  readonly subPath: string;
  /** The volume itself cannot be written, not even by the node. */
  readonly isVolumeReadOnly?: boolean | undefined;
  /** Whether what is mounted below it later crosses: from the node (`in`), or both ways. */
  readonly propagation?: 'in' | 'both' | undefined;
}

/**
 * What the agent hands the runtime as a volume. Its identity is its files: two containers that are given the same object share them,
 * and a claim whose object is kept across pods keeps its files. What is neither `files` nor `tree` is an empty directory at first.
 */
export interface MountableVolume {
  readonly name: string;
  /**
   * Files that follow their source (config maps, secrets, downward API, projected): asked each time they are looked at, and shown behind
   * a `..data` link that changes at once for all of them. An answer that is the same map is no change. Such a volume is read-only.
   */
  readonly files?: (() => Promise<ReadonlyMap<string, VolumeFile>>) | undefined;
  /** A directory or file that is there already, of {@link RuntimeService.hostPath}. */
  readonly tree?: FileTree | undefined;
  /** A raw device instead of a directory. */
  readonly device?: boolean | undefined;
  /** Bytes it can hold; writes beyond it find no space left. */
  readonly capacityBytes?: number | undefined;
  /** Group that owns what will be in it (`fsGroup`); its files can then be written by that group. */
  readonly fsGroup?: number | undefined;
  /** What `mount` and `df` show, e.g. `tmpfs`; a disk's file system unless given. */
  readonly medium?: string | undefined;
  /** Where it is mounted from, as `/proc/mounts` has it; a disk of the node unless given. */
  readonly source?: string | undefined;
  /** How it is mounted, beside `rw` and `relatime`. */
  readonly mountOptions?: readonly string[] | undefined;
}

/** A part of a node's file system: opaque to the agent. */
export interface FileTree {
  readonly type: 'file' | 'directory';
}

export interface VolumeFile {
  readonly content: Uint8Array;
  readonly mode: number;
  /** Owner, root unless given. */
  readonly uid?: number | undefined;
}

/** A file of the node, or the names in a directory: those of directories end in `/`. */
export type HostEntry = { readonly content: Uint8Array; readonly mtime: number } | { readonly names: readonly string[] };

/** What must be at a host path, as in a pod's hostPath volume. */
export type HostPathType = '' | 'DirectoryOrCreate' | 'Directory' | 'FileOrCreate' | 'File' | 'Socket' | 'CharDevice' | 'BlockDevice';

export interface PortConfig {
  readonly name: string;
  readonly containerPort: number;
  readonly protocol: string;
}

/** What a container is to be. */
export interface ContainerConfig {
  readonly name: string;
  readonly attempt: number;
  /** As the user wrote it. */
  readonly image: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly workingDir: string;
  /** Asked when a process needs it, which that of a quiet server never does; the sandbox's pod is asked unless given. */
  readonly environment?: (() => Promise<ReadonlyMap<string, string>>) | undefined;
  readonly mounts: readonly Mount[];
  readonly ports: readonly PortConfig[];
  readonly terminationMessagePath: string;
  readonly terminationMessagePolicy: string;
  readonly stdin: boolean;
  readonly stdinOnce: boolean;
  readonly tty: boolean;
  /** Name of the signal that asks it to stop; the image's own when `''`. */
  readonly stopSignal: string;
  readonly resources?: ContainerResources | undefined;
  readonly security?: ContainerSecurity | undefined;
  /** Whose processes it sees, when not what its sandbox says: a debug container's target. */
  readonly namespaces?: NamespaceOptions | undefined;
  /** What a script makes of it. */
  readonly behaviour?: ContainerBehaviour | undefined;
  /** Its end is waited for: others start then, or a controller counts it as work that is done. */
  readonly isTask?: boolean | undefined;
}

/** CRI's LinuxContainerResources, in a pod's units. */
export interface ContainerResources {
  readonly cpuRequestMillis?: number | undefined;
  /** Thousandths of a processor it may use; no bound when absent. */
  readonly cpuLimitMillis?: number | undefined;
  readonly memoryRequestBytes?: number | undefined;
  /** Bytes beyond which it is killed; no bound when absent. */
  readonly memoryLimitBytes?: number | undefined;
  /** How soon the kernel kills it when memory is short; 1000, the soonest, unless given. */
  readonly oomScoreAdj?: number | undefined;
}

/** CRI's LinuxContainerSecurityContext. */
export interface ContainerSecurity {
  /** The image's user unless given. */
  readonly runAsUser?: number | undefined;
  readonly runAsGroup?: number | undefined;
  /** With the pod's fsGroup. */
  readonly supplementalGroups?: readonly number[] | undefined;
  /** Whether the groups that the image gives its user count: `Merge`, unless `Strict`. */
  readonly supplementalGroupsPolicy?: 'Merge' | 'Strict' | undefined;
  readonly readOnlyRootFilesystem?: boolean | undefined;
  readonly privileged?: boolean | undefined;
  /** Names without `CAP_`, or `ALL`. */
  readonly capabilities?: { readonly add: readonly string[]; readonly drop: readonly string[] } | undefined;
  /** True when `allowPrivilegeEscalation` is false. */
  readonly noNewPrivileges?: boolean | undefined;
  readonly seccomp?: 'Unconfined' | 'RuntimeDefault' | 'Localhost' | undefined;
  readonly procMount?: 'Default' | 'Unmasked' | undefined;
  /** The runtime's own profile unless given. */
  readonly appArmor?: AppArmorProfile | undefined;
}

/** CRI's SecurityProfile, for AppArmor. */
export type AppArmorProfile = { readonly type: 'Unconfined' | 'RuntimeDefault' } | { readonly type: 'Localhost'; readonly name: string };

/** A quantity over the time since a container's start: linear between its points, then the last value; or again from 0 each period. */
export interface LoadCurve {
  readonly points: readonly { readonly atMs: number; readonly value: number }[];
  readonly periodMs?: number | undefined;
}

/** How a script bends what a container does. What is absent is as its program has it. */
export interface ContainerBehaviour {
  /** Use of processors, in thousandths; what the limit does not allow is not used. */
  readonly cpuMillis?: LoadCurve | undefined;
  /** Use of memory; beyond its limit the container is killed as the kernel does. */
  readonly memoryBytes?: LoadCurve | undefined;
  /** Its program begins so much later: until then nothing listens and nothing is written. */
  readonly startDelayMs?: number | undefined;
  /** Its end; `never`: not by itself, though somebody waits for it. */
  readonly exitAfter?: { readonly ms: number; readonly code: number } | 'never' | undefined;
  /** SIGTERM and other requests to end do nothing. */
  readonly ignoresTerm?: boolean | undefined;
  /** A request to end reaches it so much later. */
  readonly stopDelayMs?: number | undefined;
  /** Lines it writes, so many a second. */
  readonly logLines?: { readonly text: string; readonly perSecond: number } | undefined;
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
  /** Of its main process, as the node sees it; 0 while it has none. */
  readonly pid: number;
  readonly resources: ContainerResources;
  readonly user: ContainerUser;
}

/** Whom a container's first process runs as. */
export interface ContainerUser {
  readonly uid: number;
  readonly gid: number;
  readonly supplementalGroups: readonly number[];
}

/** A container as lists show it. */
export interface ContainerItem {
  readonly id: string;
  readonly sandboxId: string;
  readonly podUid: string;
  readonly name: string;
  readonly attempt: number;
  readonly state: ContainerState;
  readonly createdAt: number;
  readonly image: string;
  readonly imageRef: string;
}

/** A process as the node sees it. */
export interface NodeProcess {
  readonly pid: number;
  readonly ppid: number;
  readonly argv: readonly string[];
  readonly startedAt: number;
  /** The container it is of; `''` for a pause process and for the node's own. */
  readonly containerId: string;
  /** The sandbox it is of; `''` for the node's own. */
  readonly sandboxId: string;
  readonly uid: number;
  /** A zombie has ended, and its parent has not looked. */
  readonly state: 'running' | 'zombie';
}

/** Whether a runtime can run pods, as a node's conditions tell. */
export interface RuntimeStatus {
  readonly runtimeReady: boolean;
  readonly networkReady: boolean;
  /** Why not, in the words of a kubelet's Ready condition. */
  readonly message: string;
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
  /** Names that RuntimeClasses may give as their handler; `''`, the usual one, is always there. */
  readonly handlers: readonly string[];
  /** Drivers of volumes that run in pods of the node. */
  readonly drivers: NodeDrivers;
  /** Sockets of the node's own file system. */
  readonly sockets: NodeSockets;
  /** @throws RuntimeError when the sandbox cannot be made (e.g. no address is left). */
  runPodSandbox(config: PodSandboxConfig): PodSandboxStatus;
  /** Ends the pause process and with it everything in the sandbox; its address is given back. */
  stopPodSandbox(id: string): void;
  removePodSandbox(id: string): void;
  podSandboxStatus(id: string): PodSandboxStatus | undefined;
  listPodSandboxes(): readonly PodSandboxItem[];
  podSandboxStats(id: string): PodSandboxStats | undefined;
  /** @throws RuntimeError */
  createContainer(sandboxId: string, config: ContainerConfig): ContainerStatus;
  /**
   * Resolves once its process runs.
   *
   * @throws RuntimeError when it cannot be started; the container has then exited with reason StartError.
   */
  startContainer(id: string): Promise<void>;
  /** Sends the stop signal, then SIGKILL after the grace period; resolves once the container has exited. */
  stopContainer(id: string, graceMs: number): Promise<void>;
  removeContainer(id: string): void;
  containerStatus(id: string): ContainerStatus | undefined;
  listContainers(): readonly ContainerItem[];
  containerStats(id: string): ContainerStats | undefined;
  /** Changes the limits of a container that is there. @throws RuntimeError when it is not, or has exited. */
  updateContainerResources(id: string, resources: ContainerResources): void;
  /** Changes what a script makes of a container that is there; times still count from its start. */
  updateContainerBehaviour(id: string, behaviour: ContainerBehaviour): void;
  /** Runs a command in a running container to its end. @throws RuntimeError with code DeadlineExceeded. */
  execSync(id: string, command: readonly string[], timeoutMs: number): Promise<ExecResult>;
  /** Runs a command with streams; resolves with its exit code. */
  exec(id: string, request: ExecRequest): Promise<number>;
  /** Follows a container's main process; resolves when it ends or the signal is aborted. */
  attach(id: string, streams: ProcessStreams, signal: AbortSignal): Promise<void>;
  /** The log from its beginning; with `follow` also what comes, until the container ends. */
  readLog(id: string, options: { readonly follow: boolean; readonly signal: AbortSignal }): AsyncIterable<readonly LogEntry[]>;
  /** Begins a new log file: what was written before is no longer read. @throws RuntimeError when the container does not run. */
  reopenContainerLog(id: string): void;
  /** Opens a connection to a TCP port of the sandbox. @throws an error with the socket layer's text when nobody listens. */
  connect(sandboxId: string, port: number): Connection;
  /** Opens a connection from the node to a TCP port of any host. Rejects with an error with the socket layer's text when it does not come about. */
  dial(host: string, port: number): Promise<Connection>;
  /** All processes of the node: its own, the pause processes, those of containers. */
  listProcesses(): readonly NodeProcess[];
  /** Sends a signal from the node, which no process can refuse; false when there is no such process. */
  signalProcess(pid: number, signal: string): boolean;
  /**
   * A path of the node's own file system. @throws Error with a kubelet's text when it is not what `type` says, e.g.
   * `hostPath type check failed: /x is not a directory`.
   */
  hostPath(path: string, type: HostPathType, modeMade?: number): Promise<FileTree>;
  /** Removes a file or an empty directory of the node, and directories above it that are empty then, but not `root`. */
  removeHostPath(path: string, root: string): Promise<void>;
  /** What a local volume of the node shows: a directory, or what is on a block device. @throws Error when it is neither */
  localVolume(path: string): Promise<FileTree>;
  /** What a pod exports to a network under a path, if one does at that address. */
  servedTree(address: string, path: string): Promise<FileTree | undefined>;
  /** What is at a path of the node's own file system, as the kubelet reads it; undefined when nothing is. */
  readHostPath(path: string): Promise<HostEntry | undefined>;
  /**
   * Makes what a mount's `subPath` names; the mount shows that from then on, whatever becomes of the path.
   *
   * @throws SubPathError when it is not in the volume, or cannot be made
   */
  prepareSubPath(mount: Mount): Promise<void>;
  /** What a container is to be with devices of the node's CDI specifications, by qualified names. @throws RuntimeError when one is not there */
  injectDevices(config: ContainerConfig, devices: readonly string[]): Promise<ContainerConfig>;
  /** Gives what is on a volume to a group, all of it or only when its root is not the group's yet. */
  giveVolumeToGroup(volume: MountableVolume, gid: number, policy: 'Always' | 'OnRootMismatch'): void;
  /** What a volume's files take now. */
  volumeUsage(volume: MountableVolume): VolumeUsage;
  status(): RuntimeStatus;
  onContainerEvent(listener: ContainerListener): void;
  /** Brings back what ran before this process started. */
  restore(sandbox: RestoredSandbox): PodSandboxStatus;
}

/** A request as probes and hooks make it. */
export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** `HTTP/1.1` unless given. */
  readonly protocol?: string | undefined;
  /** Over TLS: a server that does not speak it answers in a way that clients name. */
  readonly tls?: boolean | undefined;
  /** Ends the wait for a server that does not answer. */
  readonly signal?: AbortSignal | undefined;
  /** Takes the body of a good answer piece by piece, as it comes; the answer's own is then empty. The API server's watches are told so. */
  readonly onBody?: ((piece: string) => void) | undefined;
}

export interface HttpResponse {
  readonly status: number;
  /** The server's own words beside the status, where they are not the usual ones. */
  readonly reason?: string | undefined;
  /** Of one that is there more than once, each value in a line of its own. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Its status line and headers as the server wrote them, each with its end of line, where that is known. */
  readonly head?: string | undefined;
}

/** Answers of the gRPC health checking protocol; `NOT_FOUND` is the error about a service that the server does not know. */
export type HealthAnswer = 'SERVING' | 'NOT_SERVING' | 'UNKNOWN' | 'NOT_FOUND';

/** A connection to the program that listens on a port. */
export interface Connection {
  /** One HTTP exchange. */
  http(request: HttpRequest): Promise<HttpResponse>;
  /** One health check over gRPC; rejected when the server speaks something else. */
  health(service: string): Promise<HealthAnswer>;
  /** Raw bytes both ways, for port forwarding; resolves when either side has ended. */
  pipe(input: AsyncIterable<Buffer>, output: (chunk: Buffer) => void): Promise<void>;
}

export { RuntimeError, type RuntimeErrorCode } from './runtime-error.ts';
