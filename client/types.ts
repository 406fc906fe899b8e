import type { Draft, KindInfo, KubeObject, Live, LiveMeta, ObjectList, Preconditions, Status } from '../api/index.ts';
import type { Clock, Logger, Random } from '../runtime/index.ts';

/** Where the API server is and who we are: what a kubeconfig's context says. PEM texts, not file names. */
export interface ClientConfig {
  /** `https://host:port`, without a path. */
  readonly server: string;
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly token?: string | undefined;
  readonly insecureSkipTlsVerify?: boolean | undefined;
  /** Name to check the server's certificate against, where it is not the host. */
  readonly tlsServerName?: string | undefined;
  /** The context's namespace. */
  readonly namespace?: string | undefined;
}

/** Options of `createClient`. */
export interface ClientOptions extends ClientConfig {
  readonly userAgent: string;
  /** Requests a second, on average; no limit unless given. */
  readonly qps?: number | undefined;
  /** Requests that may run ahead of `qps`; as many as `qps`, rounded up, unless given. */
  readonly burst?: number | undefined;
  /** Connections for requests that are not watches. */
  readonly connections?: number | undefined;
  /** How long an answer may let itself be waited for, more or less; a minute and a half unless given. */
  readonly responseMsMax?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  readonly logger?: Logger | undefined;
}

/** Values of a query string; what is undefined is left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** A request in the raw. */
export interface RawRequest {
  readonly query?: Query | undefined;
  /** Sent as it is when text or bytes, else as JSON. */
  readonly body?: unknown;
  readonly contentType?: string | undefined;
  readonly accept?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A request whose answer comes in by and by. */
export interface StreamRequest {
  readonly query?: Query | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Longest silence before it counts as broken. */
  readonly idleMsMax: number;
}

/** An answer in the raw. */
export interface RawResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** The one way to talk to an API server. Rejects with `ApiError` for an answer that is not 2xx, with `ConnectionError` when there is none. */
export interface ApiClient {
  resource<T extends KubeObject>(kind: KindInfo): ResourceClient<T>;
  request(method: string, path: string, request?: RawRequest): Promise<RawResponse>;
  /** GETs an answer that comes in by and by. Leaving it before its end closes the connection. */
  stream(path: string, request: StreamRequest): Promise<AsyncGenerator<Buffer, void>>;
  /** Ends all watches and lets go of all connections. */
  close(): Promise<void>;
}

export interface GetOptions {
  readonly namespace?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Selection {
  /** All namespaces unless given. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

export interface ListOptions extends Selection {
  readonly limit?: number | undefined;
  readonly continue?: string | undefined;
  readonly resourceVersion?: string | undefined;
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan' | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface WatchOptions extends Selection {
  readonly resourceVersion: string;
  readonly allowWatchBookmarks?: boolean | undefined;
  readonly timeoutSeconds?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface WriteOptions {
  /** Wanted where the object does not carry its own. */
  readonly namespace?: string | undefined;
  readonly fieldManager?: string | undefined;
  readonly dryRun?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface PatchOptions extends WriteOptions {
  readonly type: 'json' | 'merge' | 'strategic' | 'apply';
  readonly subresource?: string | undefined;
  /** With `apply`: take over fields that others own. */
  readonly force?: boolean | undefined;
}

export interface DeleteRequest {
  readonly namespace?: string | undefined;
  readonly gracePeriodSeconds?: number | undefined;
  readonly propagationPolicy?: 'Orphan' | 'Background' | 'Foreground' | undefined;
  readonly preconditions?: Preconditions | undefined;
  readonly dryRun?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a watch tells of an object. An `ERROR` event is thrown as ApiError instead. */
export interface ObjectEvent<T extends KubeObject> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: Live<T>;
}

/** "You have seen everything up to here": nothing of the object is set but its version. */
export interface BookmarkEvent {
  readonly type: 'BOOKMARK';
  readonly object: { readonly metadata: Pick<LiveMeta, 'resourceVersion' | 'annotations'> };
}

export type WatchEvent<T extends KubeObject> = ObjectEvent<T> | BookmarkEvent;

/** The requests of one kind. Where there is an object its own namespace counts. */
export interface ResourceClient<T extends KubeObject> {
  readonly kind: KindInfo;
  get(name: string, options?: GetOptions): Promise<Live<T>>;
  list(options?: ListOptions): Promise<ObjectList<Live<T>>>;
  create(object: Draft<T>, options?: WriteOptions): Promise<Live<T>>;
  update(object: T, options?: WriteOptions): Promise<Live<T>>;
  updateStatus(object: T, options?: WriteOptions): Promise<Live<T>>;
  /** PUTs the whole object to a subresource of its own kind, such as `approval`. */
  updateSubresource(object: T, subresource: string, options?: WriteOptions): Promise<Live<T>>;
  patch(name: string, body: unknown, options: PatchOptions): Promise<Live<T>>;
  /** The object as it is now, when it goes gracefully or by finalizers; else a Status. */
  delete(name: string, options?: DeleteRequest): Promise<Live<T> | Status>;
  deleteCollection(options?: DeleteRequest & Selection): Promise<void>;
  /** POSTs to a subresource, such as `binding`, `eviction`, `token`. */
  createSubresource<R = Status>(name: string, subresource: string, body: unknown, options?: WriteOptions): Promise<R>;
  /** Events in order, one by one; ends when the server ends it. */
  watch(options: WatchOptions): AsyncIterable<WatchEvent<T>>;
  /** As `watch`, but all events that came in at once together: cheaper for who reads many. */
  watchBatches(options: WatchOptions): AsyncIterable<readonly WatchEvent<T>[]>;
}

/** What an informer tells; called one after the other, in the order of events. */
export interface InformerHandler<T extends KubeObject> {
  /** @param initial true when the object is part of the state the handler starts from, not news. */
  onAdd?(object: Live<T>, initial: boolean): void;
  onUpdate?(object: Live<T>, old: Live<T>): void;
  /** @param object its last state known; after a missed deletion that may be an old one. */
  onDelete?(object: Live<T>): void;
}

/** The cached objects of a kind; shared, so never to be changed. */
export interface Lister<T extends KubeObject> {
  readonly size: number;
  /** @param namespace `''` or undefined for what is cluster-scoped. */
  get(namespace: string | undefined, name: string): Live<T> | undefined;
  getByKey(key: string): Live<T> | undefined;
  list(namespace?: string): Live<T>[];
  byIndex(name: string, value: string): Live<T>[];
}

/** A cache of a kind that follows the API server. */
export interface Informer<T extends KubeObject> extends Lister<T> {
  readonly kind: KindInfo;
  /** Whether the first list is in the cache and handlers know of it. */
  readonly synced: boolean;
  /** A late handler gets the present state as adds, at once. Dispose to be told no more. */
  addHandler(handler: InformerHandler<T>): Disposable;
  /** Indexes by computed values; may be added at any time. Adding the same name again is an error. */
  addIndex(name: string, keysOf: (object: Live<T>) => readonly string[]): void;
}

export interface InformerOptions<T extends KubeObject> extends Selection {
  /**
   * Cuts an object down (in place or not) before it is cached. Informers with a transform are shared only with those that give the very
   * same function.
   */
  transform?(object: Live<T>): Live<T>;
}

export interface InformerFactoryOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Objects asked for in one list request. */
  readonly pageSize?: number | undefined;
  /**
   * Whether equal parts of cached objects become one part: on unless false. Costs some 20 µs for a new pod and 5 µs for a changed one, saves
   * two thirds of the memory; and `old.spec === object.spec` tells at once that nothing changed there.
   */
  readonly shareParts?: boolean | undefined;
  /** Deep-freezes what is cached; for tests. */
  readonly freeze?: boolean | undefined;
}

/** Informers, one for each kind and selection. */
export interface InformerFactory {
  informer<T extends KubeObject>(kind: KindInfo, options?: InformerOptions<T>): Informer<T>;
  /** Runs all informers, also those asked for later, until the signal. */
  start(signal: AbortSignal): void;
  /** Resolves when all informers there are have synced; rejects with the signal's reason. */
  waitForSync(signal: AbortSignal): Promise<void>;
}

/** Told what happens in a queue; all optional parts of `workqueue_*` metrics. */
export interface QueueObserver {
  onAdd?(depth: number): void;
  /** @param waitMs from add to get. */
  onGet?(depth: number, waitMs: number): void;
  /** @param workMs from get to done. */
  onDone?(workMs: number): void;
  onRetry?(): void;
}

export interface WorkQueueOptions {
  readonly clock: Clock;
  /** Delay of the first retry; doubles with each. */
  readonly backoffMs?: number | undefined;
  readonly backoffMsMax?: number | undefined;
  readonly observer?: QueueObserver | undefined;
}

/** What a reconcile asks for when it has not failed. */
export interface ReconcileResult {
  readonly requeueAfterMs?: number | undefined;
}

/** What `runController` needs of a queue. */
export interface KeyQueue {
  readonly length: number;
  add(key: string): void;
  addAfter(key: string, delayMs: number): void;
  addRateLimited(key: string): void;
  forget(key: string): void;
  retries(key: string): number;
  get(): Promise<string | undefined>;
  done(key: string): void;
  shutDown(): void;
  /** From now on tells what happens. */
  observe?(observer: QueueObserver): void;
  /** How long each key that is being worked on has been. */
  processingMs?(): readonly number[];
}

/** Told how reconciles end; part of `controller_runtime_*`-like metrics. */
export interface ControllerObserver {
  onReconciled?(result: 'success' | 'requeue' | 'error' | 'terminal', workMs: number): void;
}

export interface ControllerOptions {
  readonly name: string;
  readonly queue: KeyQueue;
  readonly workers: number;
  reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult | undefined> | Promise<void>;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Ends the queue; the promise resolves when the reconciles under way have ended. */
  readonly signal: AbortSignal;
  readonly metrics?: ControllerObserver | undefined;
}

/** An object that an event is about. */
export type EventSubject = Pick<KubeObject, 'apiVersion' | 'kind'> & {
  readonly metadata: Pick<KubeObject['metadata'], 'name' | 'namespace' | 'uid' | 'resourceVersion'>;
};

export interface EventRecorderOptions {
  readonly client: ApiClient;
  readonly component: string;
  readonly host?: string | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** More about an event than its subject, type, reason and message. */
export interface EventExtra {
  /** E.g. `spec.containers{app}`. */
  readonly fieldPath?: string | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  /** Where it happened, when one recorder writes for several hosts. */
  readonly host?: string | undefined;
  /** When it happened, when that is not now; milliseconds since 1970. */
  readonly at?: number | undefined;
  /** What was being done, in events.k8s.io Events; the reason unless given. */
  readonly action?: string | undefined;
  /** Another object that has to do with it, in events.k8s.io Events. */
  readonly related?: EventSubject | undefined;
}

/** Writes Events in the background; never throws and never makes the caller wait. */
export interface EventRecorder {
  event(subject: EventSubject, type: 'Normal' | 'Warning', reason: string, message: string, extra?: EventExtra): void;
  /** Resolves when all that was recorded so far is written or given up. */
  flush(): Promise<void>;
  /** Takes no more, and resolves when what is queued is written, given up, or dropped because it took more than a second. */
  close(): Promise<void>;
}

export interface LeaderElectorOptions {
  readonly client: ApiClient;
  /** Name and namespace of the Lease. */
  readonly name: string;
  readonly namespace: string;
  /** Unique among the candidates. */
  readonly identity: string;
  readonly leaseDurationMs?: number | undefined;
  readonly renewDeadlineMs?: number | undefined;
  readonly retryPeriodMs?: number | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly recorder?: EventRecorder | undefined;
  onNewLeader?(identity: string): void;
}

/** Held by one candidate at a time. */
export interface LeaderElector {
  readonly isLeader: boolean;
  /** The last leader seen; `''` at first. */
  readonly leader: string;
  /**
   * Waits to lead, then runs `lead` until it ends, the lease is lost or `signal` is aborted; its own signal tells of either. The lease is
   * released once `lead` has ended.
   *
   * @returns how it ended; after `lost` the process should end or call `run` again.
   */
  run(signal: AbortSignal, lead: (signal: AbortSignal) => Promise<void>): Promise<'stopped' | 'lost'>;
  /** @throws when it leads, and has not seen its lease renewed for longer than that lasts and `toleratedMs`. */
  check(toleratedMs: number): void;
}
