import type { KindInfo, KubeObject, Live } from '../../api/index.ts';
import { createInformerFactory, type Informer, type InformerHandler } from '../../client/index.ts';
import type { ControllerContext } from '../context.ts';
import { discover, kindKey } from './discovery.ts';
import { pause } from './periodic.ts';

/** How often it is asked what is served, when nothing says that it changes. */
const DISCOVERY_PERIOD_MS = 30_000;
/** How long a new definition may take to be served, before it is asked what is served now. */
const NEWS_SETTLE_MS = 500;
/** Objects that decide on what is served. */
const DEFINITIONS: ReadonlySet<string> = new Set(['customresourcedefinitions.apiextensions.k8s.io', 'apiservices.apiregistration.k8s.io']);
/** How long the first look at every kind is put off, so that a starting cluster has other things done first. */
const START_DELAY_MS = 500;
/** How often it is looked whether all kinds have been listed. */
const SYNC_POLL_MS = 50;
/** How long to wait for them: one kind that cannot be listed must not stop the work on all. */
const SYNC_MS_MAX = 30_000;

/** Kinds that own nothing, are owned by nothing, and come in floods. */
const IGNORED: ReadonlySet<string> = new Set(['events.', 'events.events.k8s.io', 'componentstatuses.']);

interface Monitor {
  readonly kind: KindInfo;
  readonly informer: Informer<KubeObject>;
  stop(): void;
}

/** What is told of the objects of a kind. */
type HandlerOf = (kind: KindInfo) => InformerHandler<KubeObject>;

/**
 * Follows the objects of every kind that is served; kinds come and go with their custom resource definitions. Shared by the controllers
 * that look at everything.
 */
export class Monitors {
  readonly #context: Pick<ControllerContext, 'client' | 'informers' | 'clock' | 'random' | 'logger' | 'metrics'>;
  readonly #handlers: HandlerOf[] = [];
  readonly #monitors = new Map<string, Monitor>();
  #kinds: ReadonlyMap<string, KindInfo> = new Map();
  #versions: ReadonlyMap<string, ReadonlySet<string>> = new Map();
  #running: Promise<void> | undefined;
  #hasNews = false;
  #woken: AbortController | undefined;

  constructor(context: Pick<ControllerContext, 'client' | 'informers' | 'clock' | 'random' | 'logger' | 'metrics'>) {
    this.#context = context;
  }

  readonly #newsHandler: InformerHandler<KubeObject> = {
    // Those that are listed first too: one may have come after it was asked what is served.
    onAdd: () => this.#noteNews(),
    onUpdate: () => this.#noteNews(),
    onDelete: () => this.#noteNews(),
  };

  /** To be called before anybody runs them. @param handlerOf makes the handler of the objects of a kind. */
  addHandlers(handlerOf: HandlerOf): void {
    this.#handlers.push(handlerOf);
  }

  /** Follows until the signal; who calls it again shares the first run. */
  run(signal: AbortSignal): Promise<void> {
    this.#running ??= this.#run(signal);
    return this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, logger, metrics } = this.#context;
    if (!(await pause(clock, START_DELAY_MS, signal))) return;
    while (!signal.aborted) {
      this.#hasNews = false;
      try {
        await this.#refresh(signal);
      } catch (error) {
        if (!signal.aborted) {
          metrics.collectorSyncErrors.inc();
          logger.warn({ work: 'discovery', err: error }, 'periodic work failed, will retry');
        }
      }
      this.#woken = new AbortController();
      if (!this.#hasNews) await pause(clock, DISCOVERY_PERIOD_MS, AbortSignal.any([signal, this.#woken.signal]));
      if (this.#hasNews) await pause(clock, NEWS_SETTLE_MS, signal);
    }
  }

  /** What is served changes, or soon will. */
  #noteNews(): void {
    this.#hasNews = true;
    this.#woken?.abort();
  }

  /** Waits until it is known what there is; not for ever, though. */
  async waitForSync(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#context;
    const deadline = clock.monotonic() + SYNC_MS_MAX;
    while (!signal.aborted && !(this.started && this.#synced)) {
      if (this.started && clock.monotonic() > deadline) {
        logger.warn('not all kinds could be listed, work goes on with the others');
        return;
      }
      if (!(await pause(clock, SYNC_POLL_MS, signal))) return;
    }
  }

  /** Every kind that is served. */
  get kinds(): readonly KindInfo[] {
    return [...this.#kinds.values()];
  }

  /** The kind of a group, at the version that is followed. */
  kind(group: string, kind: string): KindInfo | undefined {
    return this.#kinds.get(kindKey({ group, kind }));
  }

  /** Whether a kind is served at a version, be it not the one that is followed. */
  serves(group: string, version: string, kind: string): boolean {
    return this.#versions.get(kindKey({ group, kind }))?.has(version) === true;
  }

  informer(group: string, kind: string): Informer<KubeObject> | undefined {
    return this.#monitors.get(kindKey({ group, kind }))?.informer;
  }

  /** Whether it is known what is served. */
  get started(): boolean {
    return this.#kinds.size > 0;
  }

  get #synced(): boolean {
    return [...this.#monitors.values()].every(({ informer }) => informer.synced);
  }

  /** Brings the monitors to what is served now; groups that do not answer keep theirs. */
  async #refresh(signal: AbortSignal): Promise<void> {
    const { kinds, versions, stale } = await discover(this.#context.client);
    const collectable = kinds.filter(({ verbs, group, resource }) => {
      const isFollowable = verbs.includes('list') && verbs.includes('watch') && verbs.includes('delete');
      return isFollowable && !IGNORED.has(`${resource}.${group}`);
    });
    const served = new Map(collectable.map((kind) => [kindKey(kind), kind]));
    this.#kinds = new Map(kinds.map((kind) => [kindKey(kind), kind]));
    this.#versions = versions;
    for (const [key, kind] of served) {
      const present = this.#monitors.get(key);
      if (present && present.kind.version !== kind.version) present.stop();
      if (present?.kind.version !== kind.version) this.#monitors.set(key, this.#start(kind, signal));
    }
    if (stale.size > 0) this.#context.metrics.collectorSyncErrors.inc();
    for (const [key, monitor] of this.#monitors) {
      if (served.has(key) || stale.has(`${monitor.kind.group}/${monitor.kind.version}`)) continue;
      monitor.stop();
      this.#monitors.delete(key);
    }
  }

  #start(kind: KindInfo, signal: AbortSignal): Monitor {
    const shared = this.#context.informers.held(kind);
    const informer = shared ?? this.#own(kind, signal);
    const definitions = DEFINITIONS.has(`${kind.resource}.${kind.group}`) ? [informer.informer.addHandler(this.#newsHandler)] : [];
    const handlers = this.#handlers.map((handlerOf) => informer.informer.addHandler(handlerOf(kind)));
    return {
      kind,
      informer: informer.informer,
      stop: () => {
        for (const handler of [...definitions, ...handlers]) handler[Symbol.dispose]();
        informer.stop();
      },
    };
  }

  /** An informer of our own, that holds nothing but metadata and can be stopped. */
  #own(kind: KindInfo, signal: AbortSignal): { informer: Informer<KubeObject>; stop: () => void } {
    const { client, clock, random, logger } = this.#context;
    const factory = createInformerFactory({ client, clock, random, logger });
    const informer = factory.informer<KubeObject>(kind, { transform: metadataOnly });
    const end = new AbortController();
    factory.start(AbortSignal.any([signal, end.signal]));
    return { informer, stop: () => end.abort() };
  }
}

function metadataOnly({ metadata }: Live<KubeObject>): Live<KubeObject> {
  const { name, namespace, uid, resourceVersion, creationTimestamp, deletionTimestamp, ownerReferences, finalizers } = metadata;
  return { metadata: { name, namespace, uid, resourceVersion, creationTimestamp, deletionTimestamp, ownerReferences, finalizers } };
}
